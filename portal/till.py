"""The till: the steps with a processor that a page or a round makes, each between two transactions.

A step reads what it needs, lets its transaction go, asks the processor, and writes down what it said.
Whatever dies on the way, the row that was written before says what to ask again, and the same key gives
the same answer.
"""

from collections.abc import Mapping

import structlog

from cases.clock import Clock
from cases.db import Database
from payments import attempt as attempts
from payments import callback, outcome
from payments.attempt import PaymentAttempt, look_again
from payments.processor import NotTaken, Processor, Seen, Unreachable

log = structlog.get_logger()


class Till:
    """One processor account and its way to the rows."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        processor: Processor,
        *,
        public_url: str,
        words: str,
    ) -> None:
        self.db, self.clock, self.processor = db, clock, processor
        self._public_url, self._words = public_url, words

    @property
    def processors(self) -> Mapping[str, Processor]:
        """The processor by its name."""
        return {self.processor.name: self.processor}

    def begin(self, attempt: int, language: str = "en") -> str | None:
        """Has the processor's page made, or made known again. Its address; None when the attempt has gone on.

        Raises Unreachable: nobody knows yet, and asking again is safe. After a clear refusal the attempt has failed.
        """
        with self.db.acting() as session:
            back = f"{self._public_url}/payments/{attempt}"
            order = attempts.order_of(session, attempt, back=back, words=self._words, language=language)
            if order is None:
                return session.get_one(PaymentAttempt, attempt).url
        try:
            begun = self.processor.begin(order)
        except NotTaken as refused:
            log.warning("payment_not_begun", attempt_id=attempt, code=refused.code)
            with self.db.acting() as session:
                attempts.not_opened(session, attempt, refused.code, by=outcome.BY, at=self.clock.now())
            return None
        with self.db.acting() as session:
            return attempts.opened(session, attempt, begun).url

    def look(self, attempt: int, *, confirmed: bool = False) -> str:
        """Asks what became of an attempt, and applies it. Raises Unreachable."""
        return self._applied(attempt, closing=False, confirmed=confirmed)

    def close(self, attempt: int, *, cancelled: bool = False) -> str:
        """Closes the processor's page, so that nothing can be paid there any more, and applies what it says.

        A page that is paid already is not closed: that is what is applied then. Raises Unreachable.
        """
        return self._applied(attempt, closing=True, cancelled=cancelled)

    def apply_events(self) -> int:
        """Applies what the processor has reported. Returns how many events."""
        applied = 0
        while True:
            with self.db.acting() as session:
                did = callback.apply_one(session, self.processors, at=self.clock.now(), real=self.clock.real())
            if did is None:
                return applied
            applied += did != "waits"

    def look_at_open(self) -> int:
        """Asks about every attempt whose time to be asked about has come. Returns how many came to something."""
        with self.db.acting() as session:
            due = attempts.to_look_at(session, real=self.clock.real())
        settled = 0
        for attempt in due:
            try:
                did = self.look(attempt, confirmed=True)
            except Unreachable:
                did = "unreachable"
                self._later(attempt)
            except Exception:
                # One that breaks keeps no other from being asked about.
                log.error("payment_look_broke", attempt_id=attempt, exc_info=True)
                self._later(attempt)
                continue
            log.info("payment_looked_at", attempt_id=attempt, outcome=did)
            settled += did not in ("open", "unreachable")
        return settled

    def _applied(self, attempt: int, *, closing: bool, confirmed: bool = False, cancelled: bool = False) -> str:
        with self.db.acting() as session:
            row = session.get_one(PaymentAttempt, attempt)
            state, page = row.state, row.session_id
        if state in ("paid", "taken_back", "cancelled", "expired", "failed"):
            return state
        if page is None:
            # The processor was asked and its answer was lost: the same key tells which page that was.
            self.begin(attempt)
            with self.db.acting() as session:
                row = session.get_one(PaymentAttempt, attempt)
                state, page = row.state, row.session_id
            if page is None:
                return state
        try:
            seen = self.processor.close(page) if closing else self.processor.look(page)
        except NotTaken as refused:
            # It knows no such page, or not us: what became of it nobody can say now, and an event may still tell.
            log.warning("payment_page_unknown", attempt_id=attempt, code=refused.code)
            raise Unreachable(refused.code) from None
        return self._take(seen, confirmed=confirmed, cancelled=cancelled)

    def _take(self, seen: Seen, *, confirmed: bool, cancelled: bool) -> str:
        with self.db.acting() as session:
            return outcome.take(
                session, self.processor.name, seen, confirmed=confirmed, cancelled=cancelled,
                at=self.clock.now(), real=self.clock.real(),
            )  # fmt: skip

    def _later(self, attempt: int) -> None:
        with self.db.acting() as session:
            row = attempts.locked(session, attempt)
            if row.look_real is not None:
                look_again(row, self.clock.real())
