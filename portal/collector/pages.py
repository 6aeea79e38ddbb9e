"""All pages of the collector's face, gathered: importing this gives the blueprint its routes."""

from portal.collector import (
    affairs,
    case,
    decide,
    diary,
    find,
    holds,
    letters,
    notes,
    payment,
    plan,
    queue,
    support,
    taken_back,
    ways,
    write,
)
from portal.collector.face import blueprint

__all__ = [
    "blueprint", "affairs", "case", "decide", "diary", "find", "holds", "letters", "notes",
    "payment", "plan", "queue", "support", "taken_back", "ways", "write",
]  # fmt: skip
