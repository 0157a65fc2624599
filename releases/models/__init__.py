"""The models of releases: their texts, visibility, history, names and probes."""

from releases.models.access import ReleaseAccess, RestrictedFile
from releases.models.derived import FormerSlug, Illustration, Mention, Quote
from releases.models.names import (
    FoldedText,
    NameCheckFind,
    NameDisclosure,
    NameException,
    RejectedName,
)
from releases.models.probes import Probe
from releases.models.records import Correction, Event
from releases.models.release import (
    MAX_DESCRIPTION_CHARACTERS,
    NAMES_ALLOWED,
    RESERVED_SLUGS,
    EditConflict,
    Release,
    ReleaseQuerySet,
    text_stored,
)
from releases.models.search import GAP, SearchEntry, SearchWord
from releases.models.shared import Contact, ContactQuerySet, Topic
from releases.models.texts import Candidate, one_of_text, text_of

__all__ = [
    "GAP", "MAX_DESCRIPTION_CHARACTERS", "NAMES_ALLOWED", "RESERVED_SLUGS", "Candidate", "Contact",
    "ContactQuerySet", "Correction", "EditConflict", "Event", "FoldedText", "FormerSlug",
    "Illustration", "Mention", "NameCheckFind", "NameDisclosure", "NameException", "Probe", "Quote",
    "RejectedName", "Release", "ReleaseAccess", "ReleaseQuerySet", "RestrictedFile", "SearchEntry",
    "SearchWord", "Topic", "one_of_text", "text_of", "text_stored",
]  # fmt: skip
