"""Whom preview links are for: a pasted list, read line by line. No ORM."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

AT_MOST = 100
LONGEST = 120  # of a name or an outlet


class BadList(ValueError):
    """A list that cannot be used; `reasons` are sentences that name the lines."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True, slots=True)
class Recipient:
    name: str
    outlet: str = ""
    email: str = ""


def read(text: str) -> list[Recipient]:
    """Return the recipients of a list: “Name, Outlet, e-mail” or “Name <e-mail>”, one a line.

    Commas, semicolons and tabs part; only the name is needed. Raises BadList with a sentence for
    each line that cannot be read, and takes all of a list or nothing.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise BadList("Name at least one recipient.")
    if len(lines) > AT_MOST:
        raise BadList(
            f"The list has {len(lines):,} recipients; up to {AT_MOST} are taken at a time. An "
            "embargo that so many share is a publication."
        )
    reasons: list[str] = []
    found: dict[Recipient, int] = {}
    addresses: dict[str, int] = {}
    for number, line in lines:
        recipient = _read(line)
        wrong = list(_wrong(recipient, line))
        known = addresses.setdefault(recipient.email.casefold(), number) if recipient.email else 0
        if recipient in found or (known and known != number):
            wrong.append(f"It repeats line {found.get(recipient, known)}.")
        reasons += [f"Line {number}: {reason}" for reason in wrong]
        found[recipient] = number
    if reasons:
        raise BadList(*reasons)
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


def _wrong(recipient: Recipient, line: str) -> Iterator[str]:
    if not recipient.name:
        yield "there is no name. It is printed on every page that the recipient sees."
    if max(len(recipient.name), len(recipient.outlet)) > LONGEST:
        yield f"“{line.strip()[:40]}…” is longer than a name and an outlet can be."
    if any(not char.isprintable() for char in recipient.name + recipient.outlet):
        yield "it holds characters that cannot be printed. Type the name again."
    if recipient.email:
        try:
            validate_email(recipient.email)
        except ValidationError:
            yield f"“{recipient.email[:80]}” is no e-mail address."
