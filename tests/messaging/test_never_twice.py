"""Never twice: whoever dies, whatever is not answered, a carrier sees each message at most once.

What counts is what the carrier saw: its own log, by our message in the address it reports to.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from cases.history import Actor
from cases.refusal import Refusal
from cases.waits import WAITS
from messaging import inquiry, receipt
from messaging.carriers import Answer, Found, LookUpFailed, Progress, Sought, Verdict
from messaging.delivery import Carried
from messaging.outbox import Message
from messaging.providers.tray import Tray
from messaging.providers.twilio import Twilio
from tests.conftest import Addresses
from tests.messaging.rounds import rounds, states, told
from tests.messaging.texts import NUMBER, a_message, someone
from tests.pretend.running import ACCOUNT_SID, AUTH_TOKEN, OURS, Hook, Pretend, until

ROOT = Path(__file__).resolve().parents[2]


def seen(world: Pretend) -> Counter[int]:
    """How often the carrier took each of our messages."""
    texts = world.control("log")["texts"]
    return Counter(int(parse_qs(urlsplit(one["callback"]).query)["m"][0]) for one in texts if one["callback"])


def later(minutes: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def kept_reports(db: Database, hook: Hook, at: datetime) -> None:
    """What the carrier has reported so far, kept as the hook keeps it."""
    with db.acting() as session:
        for post in hook.posts:
            form = dict(post.form)
            raw = "&".join(f"{name}={value}" for name, value in form.items()).replace("+", "%2B").encode()
            query = urlsplit(post.url).query
            receipt.keep(session, provider="twilio", kind="status", key=receipt.key_of("status", form, query, raw),
                         query=query, raw=raw, content_type="application/x-www-form-urlencoded", at=at)  # fmt: skip


@pytest.fixture
def a_worker(
    addresses: Addresses, world: Pretend, hook: Hook, at: datetime
) -> Iterator[Any]:
    """Starts a worker of its own that stands still where it is told; all are ended."""
    started: list[subprocess.Popen[str]] = []
    environ = os.environ | {
        "CRASH_DATABASE": addresses.app, "CRASH_PREFIX": addresses.prefix, "CRASH_NOW": at.isoformat(),
        "CRASH_WORLD": world.url, "CRASH_CALLBACK": f"{hook.url}/hooks/twilio/status",
        "CRASH_ACCOUNT": ACCOUNT_SID, "CRASH_TOKEN": AUTH_TOKEN, "CRASH_FROM": OURS,
    }  # fmt: skip

    def start(where: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.messaging.crashing", where]
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def killed_when_it_stands(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert "here" in process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_two_workers_at_once_send_each_message_once(
    db: Database, at: datetime, world: Pretend, twilio: Twilio, superuser: Connection
) -> None:
    ids = [a_message(db, at, someone(db, mobile=f"+4477009001{n:02d}")) for n in range(60)]
    with rounds(db, at, {"sms": twilio}) as (one, _), rounds(db, at, {"sms": twilio}) as (other, _):
        both = [threading.Thread(target=each.deliver) for each in (one, other)]
        for each in both:
            each.start()
        for each in both:
            each.join()
    assert seen(world) == Counter(ids)
    assert set(states(superuser)) == {("sent", None)}
    assert len(told(superuser, "message.sent")) == 60


def test_a_worker_killed_before_its_call_leaves_it_to_a_person_who_looks(
    db: Database, at: datetime, world: Pretend, twilio: Twilio, a_worker: Any, superuser: Connection
) -> None:
    message = a_message(db, at, someone(db))
    killed_when_it_stands(a_worker("before"))
    assert states(superuser) == [("sending", None)]
    with rounds(db, at, {"sms": twilio}) as (worker, _):
        worker.run_due()
        assert states(superuser) == [("sending", None)], "its lease has not run out"
        worker.clock.truly = later(3)
        worker.run_due()
        assert states(superuser) == [("uncertain", None)]
        worker.clock.truly = later(15)
        worker.run_due()
        worker.run_due()
    assert seen(world) == Counter()
    assert states(superuser) == [("uncertain", None)], "nobody sends it again by itself"
    items = superuser.execute(text("select kind, subject from work_item")).all()
    assert [tuple(item) for item in items] == [("uncertain", f"message:{message}")]


def test_a_worker_killed_after_the_answer_is_settled_by_the_carriers_list(
    db: Database, at: datetime, world: Pretend, twilio: Twilio, a_worker: Any, superuser: Connection
) -> None:
    world.behave(NUMBER, callbacks="drop")
    message = a_message(db, at, someone(db))
    killed_when_it_stands(a_worker("after"))
    assert seen(world) == Counter([message])
    with rounds(db, at, {"sms": twilio}) as (worker, _):
        worker.clock.truly = later(3)
        worker.run_due()
        worker.run_due()
    assert seen(world) == Counter([message])
    assert states(superuser)[0][0] in ("sent", "delivered")
    assert len(told(superuser, "message.sent")) == 1
    assert superuser.execute(text("select count(*) from work_item")).scalar() == 0


def test_a_worker_killed_after_the_answer_is_settled_by_a_report_with_our_id(
    db: Database, at: datetime, world: Pretend, hook: Hook, twilio: Twilio, a_worker: Any, superuser: Connection
) -> None:
    world.behave(NUMBER)
    message = a_message(db, at, someone(db))
    killed_when_it_stands(a_worker("after"))
    until(lambda: "delivered" in hook.statuses(), "a report of its delivery")
    kept_reports(db, hook, at)
    with rounds(db, at, {"sms": twilio}) as (worker, _):
        worker.run_due()
        assert states(superuser) == [("delivered", None)]
        worker.clock.truly = later(15)
        worker.run_due()
    assert seen(world) == Counter([message])
    assert states(superuser) == [("delivered", None)]
    assert [len(told(superuser, kind)) for kind in ("message.sent", "message.delivered")] == [1, 1]


@pytest.mark.parametrize("answer", ["close", "error"])
@pytest.mark.parametrize("by", ["list", "report"])
def test_a_text_accepted_without_an_answer_is_settled_and_not_sent_again(
    answer: str, by: str, db: Database, at: datetime, world: Pretend, hook: Hook, twilio: Twilio, superuser: Connection
) -> None:
    world.behave(NUMBER, answer=answer, callbacks="drop" if by == "list" else "send")
    message = a_message(db, at, someone(db))
    with rounds(db, at, {"sms": twilio}) as (worker, _):
        worker.deliver()
        assert states(superuser) == [("uncertain", None)]
        worker.deliver()
        if by == "report":
            until(lambda: "delivered" in hook.statuses(), "a report of its delivery")
            kept_reports(db, hook, at)
            worker.events()
        else:
            worker.clock.truly = later(1)
            worker.inquire()
        assert states(superuser)[0][0] in ("sent", "delivered")
        worker.clock.truly = later(20)
        worker.run_due()
    assert seen(world) == Counter([message])
    assert superuser.execute(text("select count(*) from work_item where done_at is null")).scalar() == 0


def test_a_time_out_with_the_text_accepted_is_settled_by_the_list(
    db: Database, at: datetime, world: Pretend, twilio: Twilio, superuser: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WAITS, "call", timedelta(seconds=0.5))
    world.behave(NUMBER, answer="hold", callbacks="drop")
    message = a_message(db, at, someone(db))
    with rounds(db, at, {"sms": twilio}) as (worker, _):
        worker.deliver()
        assert states(superuser) == [("uncertain", None)]
        worker.clock.truly = later(1)
        worker.inquire()
        worker.run_due()
    assert seen(world) == Counter([message])
    assert states(superuser)[0][0] in ("sent", "delivered")


def test_of_two_like_texts_to_one_number_the_list_settles_the_right_one(
    db: Database, at: datetime, world: Pretend, twilio: Twilio, superuser: Connection
) -> None:
    person = someone(db)
    first = a_message(db, at, person)
    with rounds(db, at, {"sms": twilio}) as (worker, _):
        worker.deliver()
        world.behave(NUMBER, answer="close", callbacks="drop")
        second = a_message(db, at, person)
        worker.deliver()
        assert [state for state, _ in states(superuser)] == ["sent", "uncertain"]
        worker.clock.truly = later(1)
        worker.inquire()
    rows = superuser.execute(text("select id, provider_id, state from message order by id")).all()
    assert [row.id for row in rows] == [first, second]
    assert rows[0].provider_id != rows[1].provider_id
    assert {row.state for row in rows} <= {"sent", "delivered"}
    assert seen(world) == Counter([first, second])


def test_too_many_at_once_waits_and_then_goes_once(
    db: Database, at: datetime, world: Pretend, twilio: Twilio, superuser: Connection
) -> None:
    world.behave(NUMBER, too_many=2)
    message = a_message(db, at, someone(db))
    with rounds(db, at, {"sms": twilio}) as (worker, _):
        for minutes in (0, 0, 2, 4, 6):
            worker.clock.stands = at + timedelta(minutes=minutes)
            worker.deliver()
    assert seen(world) == Counter([message])
    assert states(superuser) == [("sent", None)]
    attempts = superuser.execute(text("select attempt, outcome, detail from attempt order by attempt")).all()
    assert [tuple(row) for row in attempts] == [
        (1, "later", "20429 http 429"), (2, "later", "20429 http 429"), (3, "accepted", None)
    ]  # fmt: skip


def test_a_connection_refused_is_no_sending_and_is_tried_again(
    db: Database, at: datetime, hook: Hook, world: Pretend, twilio: Twilio, superuser: Connection
) -> None:
    message = a_message(db, at, someone(db))
    nobody = Twilio(ACCOUNT_SID, AUTH_TOKEN, OURS, callback=f"{hook.url}/x", base_url="http://127.0.0.1:9")
    with rounds(db, at, {"sms": nobody}) as (worker, _):
        worker.deliver()
        assert states(superuser) == [("planned", None)]
    with rounds(db, at + timedelta(minutes=2), {"sms": twilio}) as (worker, _):
        worker.deliver()
    assert seen(world) == Counter([message])


def test_an_answer_that_comes_after_the_lease_stays_with_its_attempt(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    a_message(db, at, person)
    with rounds(db, at) as (worker, tray):
        claimed, _ = worker._claim()
        worker.clock.truly = later(3)
        worker.sweep()
        superuser.execute(text("update message set state = 'delivered', provider_id = 'by report'"))
        superuser.commit()
        results: SimpleQueue[Any] = SimpleQueue()
        worker._carry(claimed[0], results)
        late = results.get()
        assert late.answer.verdict == "not_sent", "a call never begins when its lease is over"
        worker._settle([late])
    assert states(superuser) == [("delivered", None)]
    assert tray.taken == []


def test_the_answer_of_an_earlier_attempt_does_not_settle_a_later_one(
    db: Database, at: datetime, superuser: Connection
) -> None:
    a_message(db, at, someone(db))
    with rounds(db, at) as (worker, _):
        (first,), _ = worker._claim()
        worker._settle([Carried(first.out.id, 1, Answer(Verdict.LATER))])
        worker.clock.stands = at + timedelta(minutes=2)
        (second,), _ = worker._claim()
        assert second.out.attempt == 2
        worker._settle([Carried(first.out.id, 1, Answer(Verdict.REFUSED, code="21211"))])
    assert states(superuser) == [("sending", None)]


class Unasked(Tray):
    """A carrier whose list cannot be asked."""

    def find(self, sought: Sought) -> Found | None:
        raise LookUpFailed("not now")


def test_while_the_list_cannot_be_asked_it_is_asked_again_and_then_a_person_decides(
    db: Database, at: datetime, superuser: Connection
) -> None:
    message = a_message(db, at, someone(db))
    tray = Unasked()
    tray.answer_next(NUMBER, Answer(Verdict.UNCLEAR), takes=True)
    with rounds(db, at, {"sms": tray}) as (worker, _):
        worker.deliver()
        for minutes, items in ((15, 0), (59, 0), (61, 1), (90, 1)):
            worker.clock.truly = later(minutes)
            worker.inquire()
            assert superuser.execute(text("select count(*) from work_item")).scalar() == items
            superuser.rollback()
        with db.acting() as session:
            row = session.get_one(Message, message)
            inquiry.decide_uncertain(session, row, went=True, by=Actor("collector", 1), at=at)
            with pytest.raises(Refusal):
                inquiry.decide_uncertain(session, row, went=False, by=Actor("collector", 1), at=at)
    assert states(superuser) == [("sent", None)]
    assert superuser.execute(text("select count(*) from work_item where done_at is null")).scalar() == 0
    assert [len(told(superuser, kind)) for kind in ("message.uncertain", "message.sent")] == [1, 1]


def test_a_code_of_which_nobody_knows_is_over_without_anybodys_work(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    contact = superuser.execute(text("select id from contact")).scalar()
    superuser.rollback()
    a_message(db, at, person, template="code", contact=contact, not_after=at + timedelta(minutes=10))
    tray = Unasked()
    tray.answer_next(NUMBER, Answer(Verdict.UNCLEAR), takes=False)
    with rounds(db, at, {"sms": tray}) as (worker, _):
        worker.deliver()
        worker.clock.truly = later(11)
        worker.run_due()
    row = superuser.execute(text("select state, error_code from message")).one()
    assert tuple(row) == ("failed", "no_answer")
    assert superuser.execute(text("select count(*) from work_item")).scalar() == 0


@pytest.mark.parametrize("template", ["code", "answer_waits"])
def test_of_two_unclear_texts_that_may_be_the_same_entry_none_is_told_as_sent(
    template: str, db: Database, at: datetime, superuser: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = someone(db)
    contact = superuser.execute(text("select id from contact")).scalar()
    superuser.rollback()
    for _ in range(2):
        a_message(db, at, person, template=template, contact=contact, not_after=at + timedelta(minutes=10))
    tray = Tray()
    for takes in (False, True):
        tray.answer_next(NUMBER, Answer(Verdict.UNCLEAR), takes=takes)
    # The list holds one text to that number; nothing in it says which of the two it is.
    monkeypatch.setattr(tray, "find", lambda sought: None if "SM1" in sought.known else Found("SM1", Progress.SENT))
    with rounds(db, at, {"sms": tray}) as (worker, _):
        worker.deliver()
        worker.clock.truly = later(1)
        worker.inquire()
        assert states(superuser) == [("uncertain", None)] * 2
        # A report says of one that it went: then the entry is not the other's.
        superuser.execute(text("update message set state = 'sent', provider_id = 'SM1' where id = (select max(id) from message)"))
        superuser.commit()
        worker.clock.truly = later(61)
        worker.inquire()
    rows = superuser.execute(text("select state, provider_id from message order by id")).all()
    assert [tuple(row) for row in rows] == [("failed" if template == "code" else "uncertain", None), ("sent", "SM1")]


def test_an_entry_that_another_message_has_is_not_taken_and_one_that_breaks_stops_no_other(
    db: Database, at: datetime, superuser: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [NUMBER, "+447700900146", "+447700900147"]
    for number in numbers:
        a_message(db, at, someone(db, mobile=number))
    tray = Tray()
    for number in numbers[:2]:
        tray.answer_next(number, Answer(Verdict.UNCLEAR), takes=True)
    tray.answer_next(numbers[2], Answer(Verdict.ACCEPTED, provider_id="SM1"), takes=True)

    def find(sought: Sought) -> Found | None:
        if sought.to == NUMBER:
            raise ZeroDivisionError
        return Found("SM1" if worker.clock.truly < later(2) else "SM2", Progress.SENT)

    monkeypatch.setattr(tray, "find", find)
    with rounds(db, at, {"sms": tray}) as (worker, _):
        worker.deliver()
        for minutes in (1, 3):
            worker.clock.truly = later(minutes)
            worker.inquire()
            rows = superuser.execute(text("select state, provider_id from message order by id")).all()
            superuser.rollback()
            assert [tuple(row) for row in rows] == [
                ("uncertain", None), ("uncertain", None) if minutes == 1 else ("sent", "SM2"), ("sent", "SM1")
            ]  # fmt: skip
        worker.clock.truly = later(61)
        worker.inquire()
    assert superuser.execute(text("select count(*) from work_item")).scalar() == 1, "a person looks at the one that breaks"
