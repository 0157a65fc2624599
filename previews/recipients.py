"""Parser of the list of recipients of preview links. No ORM."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MAX_RECIPIENTS = 100
MAX_NAME_CHARACTERS = 120  # for a name or an outlet


class RecipientListError(ValueError):
    """A list that can't be used. `reasons` are sentences with the numbers of the lines."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True, slots=True)
class Recipient:
    name: str
    outlet: str = ""
    email: str = ""


def read(text: str) -> list[Recipient]:
    """Return the recipients of a list: “Name, Outlet, e-mail” or “Name <e-mail>”, one per line.

    Commas, semicolons and tabs separate the parts; only the name is required. Raises
    RecipientListError with a sentence for each wrong line, even if other lines are right.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise RecipientListError(_("Enter at least one recipient."))
    if len(lines) > MAX_RECIPIENTS:
        message = ngettext(
            "The list has %(count)s recipient. The limit is %(max)s. Remove some.",
            "The list has %(count)s recipients. The limit is %(max)s. Remove some.",
            len(lines),
        )
        raise RecipientListError(message % {"count": f"{len(lines):,}", "max": MAX_RECIPIENTS})
    reasons: list[str] = []
    found: dict[Recipient, int] = {}
    addresses: dict[str, int] = {}
    for number, line in lines:
        recipient = _read(line)
        reasons += _problems(recipient, number, line)
        known = addresses.setdefault(recipient.email.casefold(), number) if recipient.email else 0
        if recipient in found or (known and known != number):
            message = _("Line %(line)s repeats line %(other)s.")
            reasons.append(message % {"line": number, "other": found.get(recipient, known)})
        found[recipient] = number
    if reasons:
        raise RecipientListError(*reasons)
    return list(found)


def _read(line: str) -> Recipient:
    address = re.search(r"<([^<>]*)>", line)
    rest = line.replace(address[0], ",") if address else line
    parts = [part.strip(" \"'") for part in re.split(r"[,;\t]", rest)]
    email = address[1].strip() if address else ""
    if not email:
        email = next((part for part in parts[1:] if "@" in part), "")
        email = email or (parts[0] if "@" in parts[0] else "")
    words = [part for part in parts if part and part != email]
    return Recipient(name=words[0] if words else "", outlet=", ".join(words[1:]), email=email)


def _problems(recipient: Recipient, number: int, line: str) -> Iterator[str]:
    if not recipient.name:
        message = _("Line %(line)s: enter a name. It is printed on every page the recipient sees.")
        yield message % {"line": number}
    if max(len(recipient.name), len(recipient.outlet)) > MAX_NAME_CHARACTERS:
        message = _("Line %(line)s: “%(text)s…” is too long for a name and an outlet.")
        yield message % {"line": number, "text": line.strip()[:40]}
    if any(not char.isprintable() for char in recipient.name + recipient.outlet):
        message = _("Line %(line)s contains characters that can’t be printed. Type the name again.")
        yield message % {"line": number}
    if recipient.email:
        try:
            validate_email(recipient.email)
        except ValidationError:
            message = _("Line %(line)s: “%(email)s” is not an e-mail address.")
            yield message % {"line": number, "email": recipient.email[:80]}
