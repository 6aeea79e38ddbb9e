"""Texts from phones are heard one after another, and none is lost: whatever breaks, however many workers."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from cases.db import Database
from messaging import conversation, receipt
from tests.factories import a_creditor, a_person
from tests.messaging.rounds import rounds
from tests.messaging.test_conversation import items, receive, stopped
from tests.messaging.test_receipt import CARRIER, report, results, wrote
from tests.messaging.texts import NUMBER, a_text_sent, someone


@contextmanager
def held(db: Database, statement: str) -> Iterator[Callable[[], None]]:
    """Another session holds what this statement locks, until the function is called."""
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with db.acting() as session:
            session.execute(text(statement), {"key": f"permission sms {NUMBER}"})
            holding.set()
            release.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait(30)

    def let_go() -> None:
        release.set()
        holder.join()

    try:
        yield let_go
    finally:
        let_go()


def hear(db: Database, at: datetime) -> None:
    with rounds(db, at, {"sms": CARRIER}) as (worker, _):
        worker.events()


def test_two_workers_with_the_same_numbers_crosswise_lose_nothing(
    db: Database, at: datetime, superuser: Connection
) -> None:
    numbers = [f"+4477009001{n:02d}" for n in range(6)]
    with db.acting() as session:
        creditor = a_creditor(session)
        for n, number in enumerate(numbers):
            a_person(session, creditor, mobile=number, name=f"P {n}")
    for n, number in enumerate(numbers):
        wrote(db, at, "STOP", sid=f"A{n}", sender=number)
    for n, number in enumerate(reversed(numbers)):
        wrote(db, at, "stop, I have lost my job", sid=f"B{n}", sender=number)
    workers = [threading.Thread(target=hear, args=(db, at)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert results(superuser) == ["revoke"] * 12
    assert superuser.execute(text("select count(*) from said")).scalar() == 12


def test_a_statement_that_was_cancelled_is_done_again(db: Database, at: datetime, superuser: Connection) -> None:
    someone(db)
    wrote(db, at, "STOP")
    with held(db, "select pg_advisory_xact_lock(hashtextextended(:key, 0))") as let_go:
        worker = threading.Thread(target=hear, args=(db, at))
        worker.start()
        cancelled = False
        while not cancelled:
            cancelled = bool(superuser.execute(text(
                "select pg_cancel_backend(pid) from pg_stat_activity"
                " where wait_event_type = 'Lock' and datname = current_database()")).all())  # fmt: skip
            superuser.rollback()
        let_go()
        worker.join()
    assert stopped(db)
    assert results(superuser) == ["revoke"]


def test_what_the_database_cannot_keep_in_a_text_does_not_lose_it(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    wrote(db, at, "STOP\0")
    wrote(db, at, "I am\0ill", sid="SM2")
    hear(db, at)
    assert stopped(db)
    assert results(superuser) == ["revoke", "none"]
    with db.acting() as session:
        assert [said.words for said in conversation.thread(session, [person])] == ["I am\ufffdill", "STOP\ufffd"]


def test_a_text_that_breaks_is_obeyed_and_a_person_asks_what_it_said(
    db: Database, at: datetime, superuser: Connection
) -> None:
    someone(db)
    # The carrier's id is longer than an index can hold: it cannot be kept in a thread.
    endless = random.Random(1).randbytes(20_000).hex()
    with db.acting() as session:
        _kept(session, f"MessageSid={endless}&From=%2B447700900145&Body=stop,+I+am+ill".encode(), at)
    wrote(db, at, "Hello", sid="SM2")
    hear(db, at)
    assert results(superuser) == ["broken", "none"]
    assert stopped(db)
    assert items(superuser) == [("stop", False), ("message", False)]
    row = superuser.execute(text("select subject, answer_by from work_item order by id limit 1")).one()
    assert row.subject.startswith("carrier_event:")
    assert row.answer_by == at.date()


def test_a_report_with_a_code_that_is_none_holds_up_no_text(
    db: Database, at: datetime, superuser: Connection
) -> None:
    a_text_sent(db, at, someone(db), "SM1")
    report(db, at, "failed", ErrorCode="\u00b2")
    wrote(db, at, "STOP", sid="SM2")
    hear(db, at)
    assert results(superuser) == ["failed", "revoke"]
    assert stopped(db)


def test_a_text_goes_before_the_reports_that_came_before_it(db: Database, at: datetime, superuser: Connection) -> None:
    someone(db)
    report(db, at, "delivered")
    wrote(db, at, "STOP", sid="SM2")
    with db.acting() as session:
        from_phone = {"twilio": CARRIER}
        assert receipt.apply(session, from_phone, at=at) == ["revoke"]
        assert receipt.apply(session, from_phone, at=at) == ["no_such_message"]


def test_of_start_and_stop_the_last_word_holds_when_another_worker_has_the_first(
    db: Database, at: datetime, superuser: Connection
) -> None:
    someone(db)
    receive(db, at, "STOP", sid="SM0")
    wrote(db, at, "START")
    wrote(db, at, "STOP", sid="SM2")
    first = "select id from carrier_event where applied_at is null order by id limit 1 for update"
    with held(db, first) as let_go:
        worker = threading.Thread(target=hear, args=(db, at))
        worker.start()
        worker.join(0.5)
        let_go()
        worker.join()
    hear(db, at)
    assert results(superuser) == ["start", "revoke"]
    assert stopped(db)


def test_an_earlier_text_never_turns_up_behind_a_later_one(db: Database, at: datetime) -> None:
    someone(db)
    receive(db, at, "STOP", sid="SM0")
    with db.acting() as session:
        _kept(session, b"MessageSid=SM1&From=%2B447700900145&Body=START", at)
        later = threading.Thread(target=wrote, args=(db, at, "STOP"), kwargs={"sid": "SM2"})
        later.start()
        later.join(0.5)
        hear(db, at)
    later.join()
    hear(db, at)
    assert stopped(db)


def test_a_text_that_nobody_reads_is_told_in_the_log_by_its_event_and_without_a_number(
    db: Database, at: datetime, superuser: Connection
) -> None:
    wrote(db, at, "hello, who is this?")
    wrote(db, at, "STOP", sid="SM2")
    wrote(db, at, "stop, I am ill", sid="SM3")
    with capture_logs() as logs:
        hear(db, at)
    assert results(superuser) == ["nobody", "revoke", "nobody"]
    assert stopped(db)
    ids = superuser.execute(text("select array_agg(id order by id) from carrier_event where result = 'nobody'")).scalar()
    warned = [line for line in logs if line["log_level"] == "warning"]
    assert [line["event_id"] for line in warned if line["event"] == "text_from_nobody"] == ids
    assert sum(line["count"] for line in warned if line["event"] == "events_parked") == 2
    assert NUMBER[1:] not in str(logs)


def _kept(session: Session, raw: bytes, at: datetime) -> None:
    receipt.keep(session, provider="twilio", kind="inbound", key=f"{hash(raw)}", query="", raw=raw, content_type="",
                 at=at)  # fmt: skip
