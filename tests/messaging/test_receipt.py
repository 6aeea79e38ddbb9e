"""Reports: kept once, applied in any order with one end; what is not understood is parked."""

from datetime import datetime
from itertools import permutations
from urllib.parse import urlencode

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from messaging import receipt
from messaging.providers.twilio import Twilio
from tests.messaging.rounds import rounds, states, told
from tests.messaging.texts import NUMBER, a_message, a_text_sent, someone

CARRIER = Twilio("AC" + "0" * 32, "token", "+447700900999", callback="https://my.example.org/hooks/twilio/status")
WAY = ("queued", "sending", "sent", "delivered")


def report(db: Database, at: datetime, status: str, *, sid: str = "SM1", query: str = "", **more: str) -> bool:
    form = {"MessageSid": sid, "MessageStatus": status, "To": NUMBER, **more}
    raw = urlencode(form).encode()
    with db.acting() as session:
        return receipt.keep(session, provider="twilio", kind="status", key=receipt.key_of("status", form, query, raw),
                            query=query, raw=raw, content_type="application/x-www-form-urlencoded", at=at)  # fmt: skip


def wrote(db: Database, at: datetime, words: str, *, sid: str = "SM1", sender: str = NUMBER) -> bool:
    """A phone's text, as the hook keeps it."""
    raw = urlencode({"MessageSid": sid, "From": sender, "To": "+447700900999", "Body": words}).encode()
    with db.acting() as session:
        return receipt.keep(session, provider="twilio", kind="inbound", key=f"{sid}:inbound", query="", raw=raw,
                            content_type="application/x-www-form-urlencoded", at=at)  # fmt: skip


def results(superuser: Connection) -> list[str]:
    found = list(superuser.execute(text("select result from carrier_event order by id")).scalars())
    superuser.rollback()
    return found


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_in_every_order_the_end_is_the_same(
    order: tuple[int, ...], db: Database, at: datetime, superuser: Connection
) -> None:
    a_text_sent(db, at, someone(db), "SM1")
    with rounds(db, at, {"sms": CARRIER}) as (worker, _):
        for n in order:
            assert report(db, at, WAY[n])
            assert not report(db, at, WAY[n]), "a repeat is kept once"
            worker.events()
    assert states(superuser) == [("delivered", None)]
    assert len(told(superuser, "message.delivered")) == 1


@pytest.mark.parametrize("order", [("failed", "delivered"), ("delivered", "failed")])
@pytest.mark.parametrize("together", [True, False])
def test_a_contradiction_ends_alike_in_both_orders(
    order: tuple[str, str], together: bool, db: Database, at: datetime, superuser: Connection
) -> None:
    a_text_sent(db, at, someone(db), "SM1")
    with rounds(db, at, {"sms": CARRIER}) as (worker, _):
        for status in order:
            report(db, at, status, ErrorCode="30003")
            if not together:
                worker.events()
        worker.events()
    assert states(superuser) == [("delivered", None)]


def test_a_failure_keeps_the_code_and_opens_work_when_the_number_is_none(
    db: Database, at: datetime, superuser: Connection
) -> None:
    a_text_sent(db, at, someone(db), "SM1")
    report(db, at, "undelivered", ErrorCode="30006")
    with rounds(db, at, {"sms": CARRIER}) as (worker, _):
        worker.events()
    row = superuser.execute(text("select state, error_code, why_facts ->> 'group' from message")).one()
    assert tuple(row) == ("failed", "30006", "bad_number")
    ((_, facts),) = told(superuser, "message.failed")
    assert (facts["code"], facts["group"]) == ("30006", "bad_number")
    assert superuser.execute(text("select kind from work_item")).scalar() == "undelivered"


def test_an_opt_out_that_the_carrier_reports_ends_our_texts(db: Database, at: datetime, superuser: Connection) -> None:
    a_text_sent(db, at, someone(db), "SM1")
    report(db, at, "failed", ErrorCode="21610")
    with rounds(db, at, {"sms": CARRIER}) as (worker, _):
        worker.events()
    assert [facts["because"] for _, facts in told(superuser, "permission.withdrawn")] == ["carrier"]


def test_what_is_not_understood_is_parked_and_changes_nothing(
    db: Database, at: datetime, superuser: Connection
) -> None:
    message = a_text_sent(db, at, someone(db), "SM1")
    report(db, at, "vanished")
    report(db, at, "sent", sid="SM999")
    report(db, at, "delivered", sid="SM998", query="m=999999&a=1")
    report(db, at, "delivered", sid="SM997", query=f"m={message}&a=7")
    report(db, at, "delivered", sid="SM996", query=f"m={message}x&a=1")
    with rounds(db, at, {"sms": CARRIER}) as (worker, _):
        worker.events()
        assert worker.events() == 0
    assert results(superuser) == ["unknown_status", *["no_such_message"] * 4]
    assert states(superuser) == [("sent", None)]


def test_a_report_under_another_id_of_the_carriers_does_not_touch_a_settled_message(
    db: Database, at: datetime, superuser: Connection
) -> None:
    message = a_text_sent(db, at, someone(db), "SM1")
    report(db, at, "delivered", sid="SM2", query=f"m={message}&a=1")
    with rounds(db, at, {"sms": CARRIER}) as (worker, _):
        worker.events()
    assert results(superuser) == ["other_attempt"]
    assert states(superuser) == [("sent", None)]


def test_a_report_of_a_message_that_was_put_off_says_that_it_went_and_it_does_not_go_again(
    db: Database, at: datetime, superuser: Connection
) -> None:
    message = a_message(db, at, someone(db))
    with db.acting() as session:
        session.execute(text("update message set attempt = 1, provider = 'twilio' where id = :id"), {"id": message})
        session.execute(text("insert into attempt (message_id, attempt, started_at, outcome)"
                             " values (:id, 1, :at, 'later')"), {"id": message, "at": at})  # fmt: skip
    report(db, at, "sent", query=f"m={message}&a=1")
    with rounds(db, at, {"sms": CARRIER}) as (worker, _):
        worker.events()
        assert worker.deliver() == 0
    assert states(superuser) == [("sent", None)]
    assert superuser.execute(text("select provider_id from attempt")).scalar() == "SM1"


def test_an_event_that_breaks_holds_up_no_other(
    db: Database, at: datetime, superuser: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_text_sent(db, at, someone(db), "SM1")
    with db.acting() as session:
        receipt.keep(session, provider="twilio", kind="inbound", key="x", query="", raw=b"MessageSid=SM5&From=%00&Body=x",
                     content_type="", at=at)  # fmt: skip
    report(db, at, "delivered")
    with rounds(db, at, {"sms": CARRIER}) as (worker, _):
        worker.events()
    assert states(superuser) == [("delivered", None)]
    assert results(superuser)[1] == "delivered"
