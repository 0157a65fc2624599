"""What is said where something cannot be done."""

from typing import Any


class ActionBlocked(Exception):
    """An action that cannot be carried out; `reasons` are sentences for the editor.

    A reason may be an object whose text is its sentence, for somebody who may be shown more.
    """

    def __init__(self, *reasons: Any) -> None:
        super().__init__(" ".join(map(str, reasons)))
        self.reasons = list(reasons)
