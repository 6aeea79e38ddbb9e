"""The rounds as a worker makes them, in the test's own process, with carriers of the test's choice."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from cases.clock import Clock, moment_of
from cases.db import Database
from messaging.carriers import Carrier
from messaging.providers.tray import Tray
from messaging.wording import Voice
from portal.rounds import Rounds

CODE = "424242"


class FixedClock(Clock):
    """A clock that stands still until a test moves it; real time moves apart from it."""

    def __init__(self, now: datetime, real: datetime | None = None) -> None:
        super().__init__()
        self.stands, self.truly = now, real

    def now(self) -> datetime:
        return self.stands

    def real(self) -> datetime:
        return self.truly or datetime.now(UTC)


def london(day: date, hour: int, minute: int = 0) -> datetime:
    """An hour of a day in London."""
    return moment_of(day, time(hour, minute), "Europe/London")


def set_to(worker: Rounds, moment: datetime) -> None:
    """Moves the worker's clock."""
    worker.clock.stands = moment  # type: ignore[attr-defined]


def a_voice(name: str = "Evenly") -> Voice:
    """Evenly's, with a link that names the person by a token of the usual length."""
    return Voice(name, "0808 157 0123", lambda person, real: f"https://my.example.org/l/{'Ab3-'*8}{person % 100:02d}")


def same_code(session: Session, messages: Sequence[int], real: datetime) -> Mapping[int, str]:
    """Every code is 424242."""
    return dict.fromkeys(messages, CODE)


@contextmanager
def rounds(
    db: Database, now: datetime, carriers: Mapping[str, Carrier] | None = None, *, real: datetime | None = None,
    threads: int = 4,
) -> Iterator[tuple[Rounds, Tray]]:
    """Rounds at a moment, by default with a tray for texts."""
    tray = Tray()
    made = Rounds(db, FixedClock(now, real), carriers=carriers or {"sms": tray}, voice=a_voice(), prepare=same_code,
                  threads=threads)  # fmt: skip
    try:
        yield made, tray
    finally:
        made.close()


def told(superuser: Connection, kind: str | None = None) -> list[tuple[str, dict[str, Any]]]:
    """The lines of the history: kind and facts, oldest first."""
    rows = superuser.execute(text("select kind, facts from history order by id")).all()
    superuser.rollback()
    return [(row.kind, row.facts) for row in rows if kind in (None, row.kind)]


def states(superuser: Connection) -> list[tuple[str, str | None]]:
    """State and rule of every message, oldest first."""
    rows = superuser.execute(text("select state, why from message order by id")).all()
    superuser.rollback()
    return [(row.state, row.why) for row in rows]
