"""Upkeep: rounds that send nothing. What time ends, what is to be looked at again, what is sealed and forgotten.

Each is a door, like every round (`rounds.py`).
"""

from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy.orm import Session

from cases import seal
from cases.arrangements import expiry, statement_of_affairs
from cases.clock import Clock
from cases.db import Database
from cases.debts import hold_watch
from cases.history import Actor
from cases.people import support
from messaging import overdue_statements
from portal import knock, visit

log = structlog.get_logger()
BY: Final = Actor("rounds")

MOST: Final = 10_000
"""So many rows of a table are taken away at once."""
SOME: Final = 500
"""So many holds or needs are looked at in one transaction."""


class Upkeep:
    """The rounds of one process that need a database and a clock alone."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self.db, self.clock = db, clock

    def statements(self) -> int:
        """Tells collectors of statements that are owed by law and overdue."""
        with self.db.acting() as session:
            return overdue_statements.raise_overdue(session, at=self.clock.now())

    def holds(self) -> int:
        """Tells of holds that are over, and puts before collectors those whose review has come, and new debts."""
        with self.db.acting() as session:
            new = hold_watch.hold_new_debts(session, by=BY, at=self.clock.now())
        return new + self._until_done(
            SOME, lambda session: hold_watch.pass_time(session, by=BY, at=self.clock.now(), most=SOME)
        )

    def support(self) -> int:
        """Puts before collectors what people have needed for six months: is it so still?"""
        return self._until_done(SOME, lambda session: support.review(session, at=self.clock.now(), most=SOME))

    def seal(self) -> int:
        """Seals what is committed; number and hash go to the log, which is the anchor."""
        with self.db.acting() as session:
            closed = seal.close_block(session)
        if closed is None:
            return 0
        log.info("sealed", seal=closed[0], hash=closed[1], rows=closed[2])
        return closed[2]

    def expire(self) -> int:
        """Ends our offers that nobody answered in time."""
        return self._until_done(
            MOST, lambda session: expiry.expire_offers(session, by=BY, at=self.clock.now(), most=MOST)
        )

    def forget(self) -> int:
        """Takes away what is kept for a time only: knocks, old visits and code requests, idle drafts."""
        now, real = self.clock.now(), self.clock.real()
        return sum((
            self._until_done(MOST, lambda session: knock.forget(session, real, MOST)),
            self._until_done(MOST, lambda session: visit.forget(session, real, MOST)),
            self._until_done(MOST, lambda session: statement_of_affairs.forget(session, now, MOST)),
        ))  # fmt: skip

    def _until_done(self, most: int, act: Callable[[Session], int]) -> int:
        """Acts in one transaction after another, until less than `most` rows were found. Returns how many in all."""
        found = 0
        while True:
            with self.db.acting() as session:
                now = act(session)
            found += now
            if now < most:
                return found
