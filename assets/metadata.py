from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    credit_line: str = ""

    def as_dict(self):
        return {}


def read(picture, file):
    return Found()


def warnings(found):
    return []
