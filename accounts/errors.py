"""The exception that an action raises if it is blocked."""

from typing import Any


class ActionBlocked(Exception):
    """An action is blocked. `blockers` are sentences for the editor.

    A blocker may also be an object whose `str()` is the sentence, such as a find of a protected
    name. It has more details, for users who may see them.
    """

    def __init__(self, *blockers: Any) -> None:
        super().__init__(" ".join(map(str, blockers)))
        self.blockers = list(blockers)
