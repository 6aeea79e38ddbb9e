"""A text that its carrier gave up for now goes again, later and a few times; and never beside one that arrived."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from cases.waits import WAITS
from messaging.carriers import Answer, Found, Group, Inbound, Meaning, Progress, Report, Sought, Verdict
from messaging.providers.tray import Tray
from messaging.providers.twilio import Twilio
from tests.messaging.rounds import rounds, states, told
from tests.messaging.test_receipt import report
from tests.messaging.texts import NUMBER, a_message, someone

READER = Twilio("AC" + "0" * 32, "token", "+447700900999", callback="https://my.example.org/hooks/twilio/status")


class Reported(Tray):
    """A tray whose reports are Twilio's."""

    def __init__(self) -> None:
        super().__init__(name="twilio")

    def read(self, kind: str, raw: bytes) -> Report | Inbound | None:
        return READER.read(kind, raw)


def test_what_the_carrier_gave_up_for_now_goes_again_later_and_a_few_times_only(
    db: Database, at: datetime, superuser: Connection
) -> None:
    a_message(db, at, someone(db))
    tray = Reported()
    now = at
    with rounds(db, at, {"sms": tray}) as (worker, _):
        for n in (1, 2, 3):
            worker.deliver()
            assert len(tray.taken) == n
            for status in ("undelivered", "failed"):
                report(db, now, status, sid=f"twilio-{n}", query=f"m={tray.taken[0][1].id}&a={n}", ErrorCode="30001")
                worker.events()
            worker.deliver()
            assert len(tray.taken) == n, "not at once"
            now += WAITS.put_off * n
            worker.clock.stands = now  # type: ignore[attr-defined]
    assert states(superuser) == [("failed", None)]
    kinds = [kind for kind, _ in told(superuser) if kind.startswith("message.")]
    assert kinds == ["message.sent", "message.failed"] * 3


@pytest.mark.parametrize(
    ("late", "goes_again"), [("sent", True), ("failed", True), ("delivered", False)]
)
def test_what_comes_late_of_an_attempt_that_was_put_off_counts_only_if_it_arrived(
    late: str, goes_again: bool, db: Database, at: datetime, superuser: Connection
) -> None:
    message = a_message(db, at, someone(db))
    tray = Reported()
    with rounds(db, at, {"sms": tray}) as (worker, _):
        worker.deliver()
        report(db, at, "undelivered", sid="twilio-1", query=f"m={message}&a=1", ErrorCode="30001")
        worker.events()
        report(db, at, late, sid="twilio-1", query=f"m={message}&a=1", ErrorCode="30001")
        worker.events()
        worker.clock.stands = at + WAITS.put_off  # type: ignore[attr-defined]
        worker.deliver()
    assert len(tray.taken) == (2 if goes_again else 1)
    assert states(superuser) == [("sent" if goes_again else "delivered", None)]


def test_a_code_that_the_carrier_gave_up_is_over(db: Database, at: datetime, superuser: Connection) -> None:
    person = someone(db)
    contact = superuser.execute(text("select id from contact")).scalar()
    superuser.rollback()
    a_message(db, at, person, template="code", contact=contact, not_after=at + timedelta(minutes=10))
    with rounds(db, at, {"sms": Reported()}) as (worker, _):
        worker.deliver()
        report(db, at, "failed", sid="twilio-1", ErrorCode="30001")
        worker.events()
    assert states(superuser) == [("failed", None)]


def test_what_the_list_says_was_given_up_for_now_goes_again_too(
    db: Database, at: datetime, superuser: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_message(db, at, someone(db))
    tray = Reported()
    tray.answer_next(NUMBER, Answer(Verdict.UNCLEAR), takes=True)

    def find(sought: Sought) -> Found:
        return Found("twilio-1", Progress.FAILED, "30001", Meaning(Group.RETRY_LATER, final=False))

    monkeypatch.setattr(tray, "find", find)
    with rounds(db, at, {"sms": tray}) as (worker, _):
        worker.deliver()
        worker.clock.truly = worker.clock.real() + timedelta(minutes=1)  # type: ignore[attr-defined]
        worker.inquire()
        assert states(superuser) == [("planned", None)]
        worker.clock.stands = at + WAITS.put_off  # type: ignore[attr-defined]
        worker.deliver()
    assert states(superuser) == [("sent", None)]
