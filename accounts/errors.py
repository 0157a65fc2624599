"""The exception that every action raises if it cannot be carried out."""

from typing import Any


class ActionBlocked(Exception):
    """An action that cannot be carried out; `blockers` are sentences for the editor.

    A blocker may be an object whose text is its sentence, for a user who may see more.
    """

    def __init__(self, *blockers: Any) -> None:
        super().__init__(" ".join(map(str, blockers)))
        self.blockers = list(blockers)
