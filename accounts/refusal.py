"""What is said where something cannot be done."""


class Refused(Exception):
    """A verb that cannot be carried out; `reasons` are sentences for the editor."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)
