"""TEMPORARY shim."""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

import people.matching as m
from people.matching import fold, is_without_spaces, key, names_in


class Form(Enum):
    EXACT = "exact"
    blocks = True


@dataclass(frozen=True)
class Match:
    person: UUID
    name: str
    form: Form
    start: int
    end: int
    surface: str
    blocks: bool = True


def letters(text):
    return "".join(c for c in key(text) if c.isalnum())


def pieces(name):
    return tuple(letters(p) for p in key(name).split(" ") if letters(p))


def is_full_name(name):
    return len(name.split()) > 1


class _I:
    def matches(self, text):
        from people.models import Person

        out = []
        for p in Person.objects.prefetch_related("names"):
            for n in p.spellings():
                if names_in(text, [n]):
                    at = text.casefold().find(n.casefold())
                    s = text[at : at + len(n)] if at >= 0 else n
                    out.append(Match(p.pk, n, Form.EXACT, max(at, 0), max(at, 0) + len(n), s))
        return out


def people_index():
    return _I()
