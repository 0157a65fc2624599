"""Creates warnings about a picture from its metadata, before the picture is used."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from assets.messages import Message
from assets.messages import message as _
from assets.metadata import MAYBE_AI_TYPES, EmbeddedMetadata, shortened

FIELDS = {
    "caption": _("caption"),
    "headline": _("headline"),
    "credit_line": _("credit line"),
    "creator": _("creator"),
    "copyright_notice": _("copyright notice"),
    "usage_terms": _("usage terms"),
    "alt_text": _("alternative text"),
    "place": _("place"),
    "keywords": _("keywords"),
    "instructions": _("instructions"),
}
_PUBLISHED = ("caption", "credit_line", "creator", "copyright_notice", "usage_terms", "alt_text")
_E_MAIL = re.compile(r"[\w.+-]@[\w-]{1,63}\.\w")


def warnings(found: EmbeddedMetadata, today: date) -> list[Message]:
    """Return the warnings for an editor who wants to use a picture."""
    messages = []
    if found.instructions:
        messages.append(
            _(
                "The file contains instructions: “%(instructions)s”. Check that they allow us to "
                "publish it.",
                instructions=shortened(found.instructions).rstrip("."),
            )
        )
    if found.ai_made:
        messages.append(_ai_warning(found))
    elif found.digital_source_type in MAYBE_AI_TYPES:
        messages.append(
            _(
                "The picture was combined from several, some of which may be made with AI (digital "
                "source type “%(type)s”). Ask the sender.",
                type=found.digital_source_type,
            )
        )
    if found.licence_ends and found.licence_ends < today.isoformat():
        messages.append(
            _(
                "According to the file, the licence ended on %(day)s. Renew it, or choose another "
                "picture.",
                day=date.fromisoformat(found.licence_ends),
            )
        )
    with_address = [FIELDS[name] for name in _PUBLISHED if _E_MAIL.search(getattr(found, name))]
    if with_address:
        messages.append(
            _(
                "The metadata of the file contains an e-mail address (%(fields)s). Remove it, "
                "unless it is meant for the public.",
                fields=with_address,
            )
        )
    located = [label for name, label in FIELDS.items() if _is_located(getattr(found, name))]
    if located:
        messages.append(
            _(
                "The metadata of the file contains coordinates (%(fields)s), which show exactly "
                "where it was taken. Remove them, unless they are meant for the public.",
                fields=located,
            )
        )
    return [*messages, *_camera_warnings(found)]


# The evidence that `assets.metadata` records and rows store, each with its message.
_EVIDENCE: dict[str, Callable[..., Message]] = {
    r"digital source type “(.*)”": lambda name: _("digital source type “%(name)s”", name=name),
    r"AI system “(.*)”": lambda name: _("AI system “%(name)s”", name=name),
    r"China’s label for AI, AIGC": lambda: _("China’s label for AI, AIGC"),
    r"the settings of an image generator": lambda: _("the settings of an image generator"),
    r"its Content Credentials say “(.*)”": lambda name: _(
        "its Content Credentials say “%(name)s”", name=name
    ),
}


def _ai_evidence(stored: str) -> Message | str:
    """Return where the file states that AI was used, to be printed in brackets."""
    for pattern, evidence in _EVIDENCE.items():
        if match := re.fullmatch(pattern, stored, re.DOTALL):
            return evidence(*match.groups())
    return stored


def _ai_warning(found: EmbeddedMetadata) -> Message:
    """Return the warning about a picture made or altered with AI."""
    evidence = _ai_evidence(found.ai_evidence)
    if found.digital_source_type in ("trainedAlgorithmicMedia", "trainedAlgorithmicData"):
        return _(
            "According to the file, AI made the picture (%(evidence)s). Do not show it as a "
            "photograph of an event.",
            evidence=evidence,
        )
    if found.digital_source_type == "compositeWithTrainedAlgorithmicMedia":
        return _(
            "According to the file, AI altered the picture (%(evidence)s). Do not show it as a "
            "photograph of an event.",
            evidence=evidence,
        )
    if found.digital_source_type == "compositeSynthetic":
        return _(
            "According to the file, AI made a part of the picture (%(evidence)s). Do not show it "
            "as a photograph of an event.",
            evidence=evidence,
        )
    return _(
        "According to the file, AI made or altered the picture (%(evidence)s). Do not show it as a "
        "photograph of an event.",
        evidence=evidence,
    )


def _camera_warnings(found: EmbeddedMetadata) -> list[Message]:
    if found.camera_position and found.serials:
        return [
            _(
                "The file contains its location and the serial number of the camera. We remove "
                "them from everything we publish. The original keeps them."
            )
        ]
    if found.camera_position:
        return [
            _(
                "The file contains its location. We remove it from everything we publish. The "
                "original keeps it."
            )
        ]
    if found.serials:
        return [
            _(
                "The file contains the serial number of the camera. We remove it from everything "
                "we publish. The original keeps it."
            )
        ]
    return []


_DEGREES = r"\d{1,3}(?:\.\d{1,12})?\s?[°º˚]"
_MINUTES = r"(?:\s?\d{1,2}(?:\.\d{1,12})?\s?['’′]?)?(?:\s?\d{1,2}(?:\.\d{1,12})?\s?(?:[\"”″]|'')?)?"
# Patterns for positions as people and programs write them, each with an example for the tests.
COORDINATES = {
    # a named latitude or longitude
    r"\b(?:lat|latitude|lon|lng|long|longitude)\b\.?\s?[:=]?\s?[-+−]?\d{1,3}[.,]\d{2,}": (
        "longitude: 79.444542 latitude: 29.39805"
    ),
    # degrees with a compass direction, before or after them
    rf"{_DEGREES}{_MINUTES}\s?[NSEW]\b": "29°23'53\"N 79°26'40\"E",
    rf"\b[NSEW]\s?{_DEGREES}": "N 29° 23.883’",
    # two adjacent decimal degrees, the first accurate to a few metres
    r"(?<![\d.,])[-+−]?[0-8]?\d\.\d{4,12}[°º˚]?\s?[NS]?\s?[,;/ ]\s?"
    r"[-+−]?(?:1?\d)?\d\.\d{3,12}(?!\.?\d)": "29.39805, 79.444542",
    # decimal degrees with a compass direction
    r"(?<![\d.,])\d{1,3}\.\d{3,12}\s?[NSEW]\b": "29.39805 N",
}
_COORDINATES = re.compile("|".join(f"(?:{pattern})" for pattern in COORDINATES), re.IGNORECASE)


def has_coordinates(text: str) -> bool:
    """Return whether a text contains a position, in decimal degrees or degrees and minutes."""
    return bool(_COORDINATES.search(text))


def _is_located(value: Any) -> bool:
    return has_coordinates(value if isinstance(value, str) else "; ".join(value))
