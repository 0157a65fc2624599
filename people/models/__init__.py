"""People: names, roles, cases, and the consents and levels that decide what is published."""

from people.models.case_parts import CaseEvent, CaseStatus, Charge, Designation, Sentence
from people.models.cases import Case, CaseQuerySet
from people.models.custody import Group
from people.models.person_names import PersonName, language_tag
from people.models.persons import Person, PersonQuerySet, Role
from people.models.protection import Consent, LevelChange, MinorMarkRemoval
from people.models.publication import Level, Scope
from people.models.sourced import Sourced

__all__ = [
    "Case",
    "CaseEvent",
    "CaseQuerySet",
    "CaseStatus",
    "Charge",
    "Consent",
    "Designation",
    "Group",
    "Level",
    "LevelChange",
    "MinorMarkRemoval",
    "Person",
    "PersonName",
    "PersonQuerySet",
    "Role",
    "Scope",
    "Sentence",
    "Sourced",
    "language_tag",
]
