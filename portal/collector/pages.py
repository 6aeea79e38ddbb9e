"""All pages of the collector's face, gathered: importing this gives the blueprint its routes."""

from portal.collector import (
    affairs,
    case,
    decide,
    find,
    holds,
    letters,
    payment,
    plan,
    queue,
    support,
    taken_back,
    write,
)
from portal.collector.face import blueprint

__all__ = [
    "affairs", "blueprint", "case", "decide", "find", "holds", "letters", "payment",
    "plan", "queue", "support", "taken_back", "write",
]  # fmt: skip
