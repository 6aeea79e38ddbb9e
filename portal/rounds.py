"""Rounds: what is done again and again for the messages, one method a round.

Each round is a door: it reads the clock, opens a transaction, makes one domain call, commits. The
worker makes them when it is woken and once a minute, *next morning* and the tests make them in their
own process. Any number may run at once, on any number of machines: rows are claimed, and a message
never goes twice. A round that dies leaves its rows to the next one.

*Deliver* keeps a small pool of threads busy: each carries one message at a time, with no transaction
open, while this thread claims the next ones and settles the answers.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError

from cases import seal
from cases.arrangements import expiry, statement_of_affairs
from cases.arrears import daily
from cases.clock import Clock
from cases.db import Database, passing
from cases.debts import hold
from cases.history import Actor
from cases.law import rules
from cases.people import support
from messaging import delivery, inquiry, notices, overdue_statements, pace, receipt, reminders
from messaging.carriers import Answer, Carriers, LookUpFailed, Sought, Verdict, by_name
from messaging.delivery import Carried, Claimed, Prepare
from messaging.wording import Voice
from portal import code, day, knock, visit
from portal.press import Press
from portal.till import Till

log = structlog.get_logger()
BY: Final = Actor("rounds")

THREADS: Final = 16
AT_ONCE: Final = 128
"""So many answers are settled together, if they come within SOON."""
SOON: Final = 0.1
MOMENTS: Final = (0.05, 0.1, 0.2, 0.4)
"""Seconds between tries to answer what an older transaction holds back; after them comes the next minute's round."""
AHEAD: Final = 12
"""So many messages a thread are claimed ahead, that no thread waits for a claim."""
PACE: Final = "messages"
"""The one pace of everything that is carried."""
PATIENCE: Final = 20
"""No more is claimed than the permitted rate carries in so many seconds: far less than a lease."""
LONGEST: Final = 30.0
"""Seconds after which a delivery claims nothing more, so that a process can end in time."""
MOST: Final = 10_000
"""So many rows of a table are taken away at once."""
_TRIES: Final = 5


class Rounds:
    """The rounds of one process."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        carriers: Carriers,
        voice: Voice,
        prepare: Prepare,
        till: Till | None = None,
        press: Press | None = None,
        rate: float | None = None,
        threads: int = THREADS,
        batch: int = delivery.BATCH,
    ) -> None:
        self.db, self.clock, self.carriers, self.voice = db, clock, carriers, voice
        self._prepare, self._till, self._press, self._rate = prepare, till, press, rate
        self._wake: Callable[[str], None] | None = None
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="carrier")
        self._threads = threads
        carried = max(1, int(rate * PATIENCE)) if rate else batch
        self._batch, self._room = min(batch, carried), min(AHEAD * threads, carried) if rate else AHEAD * threads

    def wakes_by(self, wake: Callable[[str], None]) -> None:
        """How a delivery that has not finished asks for another one."""
        self._wake = wake

    def begin(self) -> None:
        """Begins to answer what happens from now on, and makes this process ready; done when a worker starts."""
        # This thread claims and settles beside threads that keep the interpreter busy: with Python's
        # usual five milliseconds it waits longer for its turn than for the database (measured).
        sys.setswitchinterval(0.001)
        rules.strictest_window()
        with self.db.acting() as session:
            notices.begin(session, at=self.clock.now())
            if self._press is not None:
                self._press.begin(session)

    def codes(self) -> int:
        """Plans the codes that were asked for."""
        with self.db.acting() as session:
            return code.plan_codes(session, self.clock.now(), self.clock.real())

    def answers(self) -> int:
        """Plans messages for what has happened. Waits a moment for what others are just writing or answering."""
        planned = 0
        for pause in (*MOMENTS, None):
            with self.db.acting() as session:
                planned += notices.answer(session, at=self.clock.now())
            if pause is not None:
                with self.db.acting() as session:
                    if not notices.left(session):
                        break
                time.sleep(pause)
        return planned

    def reminders(self) -> int:
        """Plans the reminders whose day has come."""
        with self.db.acting() as session:
            return reminders.write_due(session, at=self.clock.now())

    def events(self) -> int:
        """Applies what carriers have reported and phones have written."""
        applied = failed = 0
        while True:
            try:
                with self.db.acting() as session:
                    results = receipt.apply(session, by_name(self.carriers), at=self.clock.now(), ours=self.voice.name)
            except DBAPIError as error:
                # Nothing was applied, and nothing is lost: the next try, or else the next round, finds it.
                failed += 1
                if failed == _TRIES or not passing(error):
                    raise
                time.sleep(0.5)
                continue
            failed = 0
            if not results:
                return applied
            applied += len(results)
            parked = [result for result in results if result in receipt.PARKED]
            if parked:
                log.warning("events_parked", count=len(parked), reason=sorted(set(parked)))

    def payments(self) -> int:
        """Applies what the processor has reported, and asks it about payments that it said nothing of."""
        if self._till is None:
            return 0
        return self._till.apply_events() + self._till.look_at_open()

    def papers(self) -> int:
        """Makes the documents that were asked for. Returns how many ended."""
        if self._press is None:
            return 0
        ended, more = self._press.run()
        if more and self._wake is not None:
            self._wake("papers")
        return ended

    def statements(self) -> int:
        """Tells collectors of statements that are owed by law and overdue."""
        with self.db.acting() as session:
            return overdue_statements.raise_overdue(session, at=self.clock.now())

    def holds(self) -> int:
        """Tells of holds that are over, and puts before collectors those whose review has come."""
        told = 0
        while True:
            with self.db.acting() as session:
                now = hold.pass_time(session, by=BY, at=self.clock.now(), most=MOST)
            told += now
            if now < MOST:
                return told

    def support(self) -> int:
        """Puts before collectors what people have needed for six months: is it so still?"""
        with self.db.acting() as session:
            return support.review(session, at=self.clock.now(), most=MOST)

    def sweep(self) -> int:
        """Marks as uncertain what was being sent when somebody died."""
        with self.db.acting() as session:
            swept = delivery.sweep(session, real=self.clock.real(), at=self.clock.now())
        if swept:
            log.warning("messages_uncertain", count=swept)
        return swept

    def inquire(self) -> int:
        """Asks the carriers about messages whose call gave no clear answer. Returns how many were settled."""
        with self.db.acting() as session:
            asked = inquiry.unclear(session, real=self.clock.real())
        settled = 0
        for channel, sought in asked:
            try:
                became = self._asked(channel, sought)
            except Exception:
                # One that breaks keeps no other from being asked about.
                log.error("inquiry_broke", message_id=sought.id, exc_info=True)
                continue
            log.info("inquired", message_id=sought.id, outcome=became)
            settled += became in ("found", "over")
        return settled

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
        ended = 0
        while True:
            with self.db.acting() as session:
                now = expiry.expire_offers(session, by=BY, at=self.clock.now(), most=MOST)
            ended += now
            if now < MOST:
                return ended

    def forget(self) -> int:
        """Takes away what is kept for a time only: knocks, old visits and code requests, idle drafts."""
        gone, real = 0, self.clock.real()
        for each, now in ((knock.forget, real), (visit.forget, real), (statement_of_affairs.forget, self.clock.now())):
            while True:
                with self.db.acting() as session:
                    taken = each(session, now, MOST)
                gone += taken
                if taken < MOST:
                    break
        return gone

    def deliver(self) -> int:
        """Carries everything that is due, until nothing is left or LONGEST is over. Returns how many were decided."""
        results: SimpleQueue[Carried] = SimpleQueue()
        out, decided, more, ends = 0, 0, True, time.monotonic() + LONGEST
        answers: list[Carried] = []
        first = 0.0
        try:
            while more or out or answers:
                if more and out < self._room:
                    claimed, seen = self._claim()
                    decided += seen or 0
                    more = seen != 0 and time.monotonic() < ends
                    for each in claimed:
                        self._pool.submit(self._carry, each, results)
                    out += len(claimed)
                    if seen is None and not out:
                        time.sleep(SOON)  # others have taken the next moments
                came = _taken(results, SOON if out else 0.0)
                if came and not answers:
                    first = time.monotonic()
                answers += came
                out -= len(came)
                if answers and (len(answers) >= AT_ONCE or not out or time.monotonic() - first > SOON):
                    self._settle(answers)
                    answers = []
        finally:
            # Whatever broke: what was given to a thread is waited for, and what it brought is kept.
            while out:
                came = _taken(results, 1.0)
                out, answers = out - len(came), answers + came
            if answers:
                self._settle(answers)
        if self._wake is not None and time.monotonic() >= ends:
            self._wake("deliver")
        if decided:
            log.info("delivered", count=decided)
        return decided

    def day(self) -> int:
        """Closes the days that have ended, and judges the plans that they change. Returns how much was done."""
        return day.run(self.db, self.clock.now()).changed

    def run_due(self) -> int:
        """Makes every round in order until nothing more is due now. Returns how many messages were decided.

        Days that have ended are closed first, for what is due follows from them. What people have written is
        heard before anything is sent.
        """
        self.day()
        self.statements()
        self.holds()
        self.support()
        self.sweep()
        self.expire()
        self.events()
        self.payments()
        self.codes()
        self.answers()
        self.reminders()
        decided = 0
        while now := self.deliver():
            decided += now
            self.events()
            self.answers()
        self.events()
        self.inquire()
        self.papers()
        self.seal()
        return decided

    def _asked(self, channel: str, sought: Sought) -> str:
        """Looks one message up and writes what came of it."""
        carrier, found, answered = self.carriers.get(channel), None, False
        if carrier is not None:
            try:
                found, answered = carrier.find(sought), True
            except LookUpFailed:
                log.warning("look_up_failed", provider=carrier.name, message_id=sought.id)
            except Exception:
                log.error("look_up_broke", provider=carrier.name, message_id=sought.id, exc_info=True)
        with self.db.acting() as session:
            return inquiry.answer(session, sought, found, answered=answered,
                                  at=self.clock.now(), real=self.clock.real())  # fmt: skip

    def run_due_and_wait(self, longest: float = 30.0) -> None:
        """`run_due`, and again until other workers have done what they have in hand: at most so many seconds."""
        ends = time.monotonic() + longest
        self.run_due()
        while time.monotonic() < ends and self._others_at_work():
            time.sleep(0.1)
            self.run_due()

    def _others_at_work(self) -> bool:
        with self.db.acting() as session:
            return daily.waiting(session) > 0 or delivery.in_hand(
                session, self.carriers, at=self.clock.now(), real=self.clock.real()
            )

    def close(self) -> None:
        """Ends the threads, after what they are at."""
        self._pool.shutdown()

    def _claim(self) -> tuple[list[Claimed], int | None]:
        """Messages to carry, and how many were decided; None: the permitted rate leaves no room just now."""
        limit = self._batch
        with self.db.acting() as session:
            if self._rate is not None:
                limit = min(limit, pace.room(session, PACE, self._rate, PATIENCE))
                if not limit:
                    return [], None
            claimed, seen = delivery.claim(
                session, at=self.clock.now(), real=self.clock.real(), carriers=self.carriers, voice=self.voice,
                prepare=self._prepare, limit=limit,
            )  # fmt: skip
            if self._rate is not None:
                waits, now = pace.take(session, PACE, len(claimed), self._rate), time.monotonic()
                claimed = [replace(each, begins=now + wait) for each, wait in zip(claimed, waits, strict=True)]
        return claimed, seen

    def _carry(self, claimed: Claimed, results: SimpleQueue[Carried]) -> None:
        """One call, in a thread of the pool. It always brings an answer."""
        message = claimed.out
        answer = Answer(Verdict.UNCLEAR)
        try:
            time.sleep(max(0.0, claimed.begins - time.monotonic()))
            # However long it stood in line: what it has left is counted now.
            going = claimed.going(self.clock.real())
            if going is None:
                answer = Answer(Verdict.NOT_SENT, detail="too late")
            else:
                answer = self.carriers[message.channel].send(going)
        except Exception:
            log.error("carrier_broke", message_id=message.id, exc_info=True)
        finally:
            results.put(Carried(message.id, message.attempt, answer))

    def _settle(self, answers: list[Carried]) -> None:
        for left in reversed(range(_TRIES)):
            try:
                with self.db.acting() as session:
                    delivery.settle(session, answers, at=self.clock.now(), real=self.clock.real())
                break
            except OperationalError:
                # The carriers have answered; only we do not know it yet.
                if not left:
                    raise
                time.sleep(0.5)
        for each in answers:
            if each.answer.verdict is not Verdict.ACCEPTED:
                log.warning("not_accepted", message_id=each.id, attempt=each.attempt, code=each.answer.code,
                            outcome=each.answer.verdict.value)  # fmt: skip


def _taken(results: SimpleQueue[Carried], wait: float) -> list[Carried]:
    """What has come, waiting at most so many seconds for the first."""
    came: list[Carried] = []
    try:
        came.append(results.get(timeout=wait) if wait else results.get_nowait())
        while True:
            came.append(results.get_nowait())
    except Empty:
        return came
