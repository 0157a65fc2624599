"""Who speaks and who is imprisoned, on what ground they are named, and what is known of a case."""

from people.models.cases import (
    Case,
    CaseEvent,
    CaseStatus,
    Charge,
    Designation,
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
    "CaseStatus",
    "Charge",
    "Consent",
    "Designation",
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
