"""What a phone wrote is heard before anything else goes to it; and it was said when it came, however late it is heard."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from cases.db import Database
from cases.people import permission
from messaging import conversation
from messaging.carriers import Answer, Inbound, OutMessage, Report
from messaging.providers.tray import Tray
from tests.messaging.rounds import rounds, states
from tests.messaging.test_conversation import stopped
from tests.messaging.test_receipt import CARRIER, wrote
from tests.messaging.texts import NUMBER, a_message, someone

OTHER = "+447700900146"


class Both(Tray):
    """Takes texts like a tray, and reads what the carrier's hooks have kept."""

    def __init__(self) -> None:
        super().__init__(name="twilio")

    def read(self, kind: str, raw: bytes) -> Report | Inbound | None:
        return CARRIER.read(kind, raw)


class Overtaken(Both):
    """A phone writes while another message is being carried."""

    def __init__(self, db: Database, at: datetime) -> None:
        super().__init__()
        self._db, self._at = db, at

    def send(self, message: OutMessage) -> Answer:
        wrote(self._db, self._at, "STOP")
        return super().send(message)


def test_a_stop_that_is_kept_is_obeyed_before_anything_goes(db: Database, at: datetime, superuser: Connection) -> None:
    a_message(db, at, someone(db), template="plan_started")
    tray = Both()
    with rounds(db, at, {"sms": tray}) as (worker, _):
        wrote(db, at, "STOP")
        worker.run_due()
    assert tray.taken == []
    assert states(superuser) == [("withheld", "stopped")]


def test_who_has_written_waits_until_it_is_read_and_nobody_else_does(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person, other = someone(db), someone(db, mobile=OTHER)
    a_message(db, at, person)
    a_message(db, at, person, template="plan_started")
    a_message(db, at, other)
    tray = Both()
    with rounds(db, at, {"sms": tray}) as (worker, _):
        wrote(db, at, "Can I pay on Friday?")
        assert worker.deliver() == 3
        assert [message.to for _, message in tray.taken] == [OTHER]
        assert states(superuser)[:2] == [("planned", None)] * 2
        worker.events()
        worker.clock.stands = at + timedelta(minutes=1)  # type: ignore[attr-defined]
        worker.deliver()
    assert [message.to for _, message in tray.taken] == [OTHER, NUMBER, NUMBER]


def test_whoever_shares_the_number_waits_too(db: Database, at: datetime) -> None:
    someone(db)
    a_message(db, at, someone(db))
    tray = Both()
    with rounds(db, at, {"sms": tray}) as (worker, _):
        wrote(db, at, "STOP")
        worker.deliver()
        assert tray.taken == []


def test_a_code_that_is_asked_for_does_not_wait(db: Database, at: datetime) -> None:
    a_message(db, at, someone(db), template="code")
    tray = Both()
    with rounds(db, at, {"sms": tray}) as (worker, _):
        wrote(db, at, "STOP")
        worker.deliver()
    assert len(tray.taken) == 1


def test_a_stop_that_comes_during_a_delivery_holds_back_what_is_not_claimed_yet(db: Database, at: datetime) -> None:
    person, other = someone(db), someone(db, mobile=OTHER)
    tray = Overtaken(db, at)
    with rounds(db, at, {"sms": tray}) as (worker, _):
        a_message(db, at, other)
        worker.deliver()
        a_message(db, at, person)
        worker.deliver()
        worker.run_due()
    assert [message.to for _, message in tray.taken] == [OTHER]
    assert stopped(db)


def test_a_stop_that_is_heard_late_is_obeyed_and_not_confirmed_any_more(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person, evening = someone(db), at.replace(hour=22)
    wrote(db, evening, "please stop texting me")
    tray = Both()
    with rounds(db, evening + timedelta(hours=4), {"sms": tray}) as (worker, _):
        worker.run_due()
    assert tray.taken == []
    assert states(superuser) == [("withheld", "confirmed_too_late")]
    with db.acting() as session:
        assert permission.withdrawn(session, "sms", [NUMBER]) == {NUMBER: evening}
        assert [said.at for said in conversation.thread(session, [person])] == [evening]


def test_what_may_be_a_stop_is_answered_on_the_day_that_it_came(
    db: Database, at: datetime, superuser: Connection
) -> None:
    someone(db)
    wrote(db, at.replace(hour=22), "wrong number")
    with rounds(db, at.replace(hour=22) + timedelta(hours=4), {"sms": Both()}) as (worker, _):
        worker.events()
    assert superuser.execute(text("select answer_by from work_item")).scalar() == at.date()


def test_of_the_confirmations_five_minutes_what_is_left_is_told_to_the_carrier(db: Database, at: datetime) -> None:
    someone(db)
    wrote(db, at, "please stop texting me")
    tray = Both()
    with rounds(db, at + timedelta(minutes=4), {"sms": tray}) as (worker, _):
        worker.run_due()
    ((_, message),) = tray.taken
    assert message.seconds is not None and message.seconds <= 60


def test_our_own_name_beside_a_stop_is_known(db: Database, at: datetime) -> None:
    someone(db)
    wrote(db, at, "Stop Evenly")
    with rounds(db, at, {"sms": Both()}) as (worker, _):
        worker.events()
    assert stopped(db)
