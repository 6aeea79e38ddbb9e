"""The timetable: all periodic life of an installation, on one page.

Each entry wakes a task of the worker by its name. Nothing depends on a moment being met: a task finds
what is due in the database, so a minute that was missed is made up in the next one.
"""

from typing import Any, Final

from cases.waits import WAITS

MINUTE: Final = 60.0
HOUR: Final = 3600.0

ROUNDS: Final[dict[str, float]] = {
    "day": MINUTE,
    "codes": MINUTE,
    "answers": MINUTE,
    "reminders": MINUTE,
    "events": MINUTE,
    "payments": MINUTE,
    "papers": MINUTE,
    "deliver": MINUTE,
    "sweep": MINUTE,
    "inquire": MINUTE,
    "seal": MINUTE,
    "expire": MINUTE,
    "statements": HOUR,
    "holds": HOUR,
    "support": HOUR,
    "forget": HOUR,
}
"""Every how many seconds each round is made. `codes`, `answers`, `events`, `payments`, `papers` and `deliver` are also
woken by the doors, at once."""


def schedule() -> dict[str, dict[str, Any]]:
    """The timetable as Celery takes it. A task that nobody took before the next one comes is dropped."""
    beat = WAITS.round.total_seconds() / MINUTE
    return {
        name: {"task": f"evenly.{name}", "schedule": seconds * beat, "options": {"expires": max(seconds * beat, 1.0)}}
        for name, seconds in ROUNDS.items()
    }
