"""What is seen of an answer when many answers are right."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Seen:
    """Something observed: compared by its kind, shown to the learner by its text.

    So every stack whose field is too small is the same mistake, and the card still gives this one's field.

    >>> Seen("too small", "a field of 22") == Seen("too small", "a field of 13")
    True
    >>> print(Seen("too small", "a field of 22"))
    a field of 22
    """

    kind: str
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Return the words on the card."""
        return self.text or self.kind

    __repr__ = __str__
