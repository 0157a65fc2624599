"""Who speaks and who is imprisoned, on what ground they are named, and what is known of a case."""

from people.models.cases import (
    Case,
    CaseEvent,
    CaseQuerySet,
    CaseStatus,
    Charge,
    Designation,
    Group,
    Sentence,
    Sourced,
)
from people.models.persons import (
    Level,
    Person,
    PersonName,
    PersonQuerySet,
    Role,
    language_tag,
    script_of,
)
from people.models.protection import Consent, LevelChange, MinorMarkRemoval

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
    "Sentence",
    "Sourced",
    "language_tag",
    "script_of",
]
