"""SendGrid's hooks: signed events and mails are kept once and applied; everything else leaves no trace."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from cases.db import Database
from cases.people import permission
from messaging.carriers import Effect, Progress
from messaging.providers.sendgrid import SendGrid, event_of, events_in
from portal import wiring
from portal.app import Evenly, create_app
from portal.hooks.sendgrid import check_signature
from portal.keys import Keys
from tests.cases.facts import facts
from tests.messaging.mails import ADDRESS, both, parsed, rows, with_mailbox
from tests.messaging.rounds import FixedClock, rounds, states, told
from tests.messaging.texts import a_message
from tests.portal.face import face_settings

PRIVATE = tuple(ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
"""The newest key, an older one, and a stranger's."""
PUBLIC = tuple(
    base64.b64encode(
        key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).decode()
    for key in PRIVATE
)
WHEN = "1600112502"
CARRIER = SendGrid("SG.x", "notes@evenly.example", "Evenly")


@pytest.fixture
def app(db: Database, at: datetime, tmp_path: Path) -> Iterator[Evenly]:
    settings = face_settings(tmp_path, sendgrid_event_keys=PUBLIC[:2], sendgrid_inbound_keys=PUBLIC[:1],
                             mail_replies="reply.example.org")  # fmt: skip
    app = create_app(settings, clock=FixedClock(at), database=db)
    app.extensions["wake"] = app.extensions.setdefault("woken", []).append
    yield app


@pytest.fixture
def sendgrid(app: Evenly) -> FlaskClient:
    return app.test_client()


def signed(raw: bytes, key: ec.EllipticCurvePrivateKey, when: str = WHEN) -> dict[str, str]:
    signature = base64.b64encode(key.sign(when.encode() + raw, ec.ECDSA(hashes.SHA256()))).decode()
    return {"X-Twilio-Email-Event-Webhook-Signature": signature, "X-Twilio-Email-Event-Webhook-Timestamp": when}


def post(client: FlaskClient, path: str, raw: bytes, *, key: ec.EllipticCurvePrivateKey = PRIVATE[0], when: str = WHEN) -> int:
    kind = "application/json" if path == "events" else "multipart/form-data; boundary=xYzZY"
    answer = client.post(f"/hooks/sendgrid/{path}", data=raw, headers=signed(raw, key, when), content_type=kind)
    return int(answer.status_code)


def batch(*events: dict[str, Any]) -> bytes:
    """Events as SendGrid posts them: the final line end is signed too."""
    return json.dumps(list(events), ensure_ascii=False).encode() + b"\r\n"


def happened(event: str, message: int, n: int = 1, **more: Any) -> dict[str, Any]:
    return {"email": ADDRESS, "event": event, "sg_event_id": f"{event}-{message}-{n}", "m": str(message), "a": "1",
            "sg_message_id": f"mail{message}.recvd-1-2-3.0", "timestamp": 1600112492, **more}  # fmt: skip


def kept(superuser: Connection) -> list[Any]:
    found = superuser.execute(text("select * from carrier_event order by id")).all()
    superuser.rollback()
    return list(found)


def a_mail_sent(db: Database, at: datetime, person: int) -> int:
    """A mail that SendGrid has accepted as `mail<its id>`."""
    message = a_message(db, at, person)
    with db.acting() as session:
        session.execute(text("insert into attempt (message_id, attempt, started_at) values (:id, 1, :at)"),
                        {"id": message, "at": at})  # fmt: skip
        session.execute(
            text("update message set channel = 'email', state = 'sent', attempt = 1, provider = 'sendgrid',"
                 " provider_id = 'mail' || id, sent_at = :at, contact_id = (select id from contact where kind = 'email'"
                 " and person_id = :p) where id = :id"),
            {"id": message, "at": at, "p": person},
        )  # fmt: skip
    return message


def apply(db: Database, at: datetime) -> None:
    with rounds(db, at, {"email": CARRIER}) as (worker, _):
        worker.events()


# ---------------------------------------------------------------------------- the signature


@pytest.mark.parametrize(("given", "expected"), facts("sendgrid_event_signature"))
def test_a_worked_case_holds(given: dict[str, Any], expected: dict[str, Any]) -> None:
    raw, key = given["raw_body"].encode(), given["public_key_der_base64"]
    assert check_signature(raw, given["timestamp"], given["signature"], [key]) is expected["valid"]
    assert check_signature(raw, given["timestamp"], given["signature"], [PUBLIC[0], key]) is expected["valid"]
    assert not check_signature(raw, given["timestamp"], given["signature"], [PUBLIC[0]])
    assert not check_signature(raw, given["timestamp"], given["signature"], [])


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00 no text", "żółć\r\n".encode(), b""])
def test_bytes_that_are_no_text_are_checked_as_they_came(raw: bytes) -> None:
    headers = list(signed(raw, PRIVATE[0]).values())
    assert check_signature(raw, headers[1], headers[0], PUBLIC)
    assert not check_signature(raw + b"\n", headers[1], headers[0], PUBLIC)


@pytest.mark.parametrize("signature", ["", "x", "====", "\N{SNOWMAN}", "MEUCIQ", base64.b64encode(b"0" * 64).decode()])
@pytest.mark.parametrize("key", [PUBLIC[0], "", "no key", base64.b64encode(b"x").decode()])
def test_what_is_no_signature_or_no_key_is_refused_and_not_an_error(signature: str, key: str) -> None:
    assert not check_signature(b"[]", WHEN, signature, [key])


# ---------------------------------------------------------------------------- events


def test_each_event_of_a_batch_is_kept_once_with_its_own_bytes(
    sendgrid: FlaskClient, app: Evenly, superuser: Connection
) -> None:
    one, two = happened("processed", 7, reason="Zoë"), happened("delivered", 7)
    assert post(sendgrid, "events", batch(one, two)) == 200
    assert post(sendgrid, "events", batch(two, one, happened("open", 7)), key=PRIVATE[1], when="1600112999") == 200
    assert [(event.key, event.query) for event in kept(superuser)] == [
        ("processed-7-1", "m=7&a=1"), ("delivered-7-1", "m=7&a=1"), ("open-7-1", "m=7&a=1")
    ]  # fmt: skip
    assert bytes(kept(superuser)[0].raw) == json.dumps(one, ensure_ascii=False).encode()
    assert app.extensions["woken"] == ["events"] * 2
    assert post(sendgrid, "events", batch(one)) == 200
    assert app.extensions["woken"] == ["events"] * 2, "a repeat wakes nobody"


@pytest.mark.parametrize("path", ["events", "inbound"])
def test_a_stranger_leaves_no_trace(path: str, sendgrid: FlaskClient, superuser: Connection) -> None:
    raw = batch(happened("bounce", 7)) if path == "events" else parsed()
    assert post(sendgrid, path, raw, key=PRIVATE[2]) == 403
    assert sendgrid.post(f"/hooks/sendgrid/{path}", data=raw).status_code == 403
    headers = signed(raw, PRIVATE[0])
    assert sendgrid.post(f"/hooks/sendgrid/{path}", data=raw + b" ", headers=headers).status_code == 403
    assert kept(superuser) == []


def test_the_key_of_events_signs_no_mails(sendgrid: FlaskClient, superuser: Connection) -> None:
    assert post(sendgrid, "inbound", parsed(), key=PRIVATE[1]) == 403
    assert kept(superuser) == []


@pytest.mark.parametrize("raw", [b"", b"{}", b"[", b"[1]", b'[{"a":1} {"b":2}]', b"\xff", b"[" * 100_000], ids=range(7))
def test_what_is_signed_and_no_batch_is_refused(raw: bytes, sendgrid: FlaskClient, superuser: Connection) -> None:
    assert post(sendgrid, "events", raw) == 400
    assert kept(superuser) == []


def test_an_event_with_an_id_that_cannot_be_a_key_is_kept_all_the_same(
    sendgrid: FlaskClient, superuser: Connection
) -> None:
    events = [{"event": "bounce", "sg_event_id": id} for id in ("a\0b", "x" * 5000, "", 7, None)] + [{"m": "x", "a": []}]
    for _ in range(2):
        assert post(sendgrid, "events", batch(*events)) == 200
    assert len(kept(superuser)) == len(events)


def test_an_empty_batch_is_fine() -> None:
    assert list(events_in(b" [ ] \r\n")) == []


def test_when_our_database_is_down_sendgrid_is_asked_to_try_again(at: datetime, tmp_path: Path) -> None:
    nowhere = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    settings = face_settings(tmp_path, sendgrid_event_keys=PUBLIC, sendgrid_inbound_keys=PUBLIC)
    client = create_app(settings, clock=FixedClock(at), database=nowhere).test_client()
    assert post(client, "events", batch(happened("bounce", 7))) == 503
    assert post(client, "inbound", parsed()) == 503


@pytest.mark.parametrize(("given", "expected"), facts("sendgrid_events", lambda row: "event" in row["input"]))
def test_a_worked_event_is_what_it_is_said_to_be(given: dict[str, Any], expected: dict[str, Any]) -> None:
    event = event_of(given["event"])
    assert event is not None
    found = {"class": event.kind, "effect": event.says, "final_delivery_state": event.final, "suppress_address": event.suppress}
    assert found == expected


@pytest.mark.parametrize(
    ("event", "ends", "result", "unusable", "stopped"),
    [
        ({"event": "processed"}, "sent", "stale", False, False),
        ({"event": "deferred", "response": "450 busy"}, "sent", "sent", False, False),
        ({"event": "delivered"}, "delivered", "delivered", False, False),
        ({"event": "bounce", "type": "bounce", "status": "5.1.1"}, "failed", "failed", True, False),
        ({"event": "bounce", "type": "blocked"}, "failed", "failed", False, False),
        ({"event": "dropped", "reason": "Bounced Address"}, "failed", "failed", True, False),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, "failed", "failed", False, True),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, "failed", "failed", False, True),
        ({"event": "dropped", "reason": "Invalid SMTPAPI header"}, "failed", "failed", False, False),
        ({"event": "spamreport"}, "sent", "spamreport", False, True),
        ({"event": "unsubscribe"}, "sent", "unsubscribe", False, True),
        ({"event": "group_unsubscribe"}, "sent", "group_unsubscribe", False, True),
        ({"event": "group_resubscribe"}, "sent", "remark", False, False),
        ({"event": "open"}, "sent", "remark", False, False),
        ({"event": "click"}, "sent", "remark", False, False),
        ({"event": "new_thing"}, "sent", "unknown_status", False, False),
    ],
)
def test_what_each_event_does_to_the_message_and_to_the_address(
    event: dict[str, str], ends: str, result: str, unusable: bool, stopped: bool, db: Database, at: datetime,
    sendgrid: FlaskClient, superuser: Connection,
) -> None:  # fmt: skip
    person = with_mailbox(db, mobile=None)
    message = a_mail_sent(db, at, person)
    assert post(sendgrid, "events", batch(happened(**event, message=message))) == 200
    apply(db, at)
    assert [each.result for each in kept(superuser)] == [result]
    assert states(superuser) == [(ends, None)]
    with db.acting() as session:
        assert bool(permission.withdrawn(session, "email", [ADDRESS])) is stopped
    assert bool(rows(superuser, "select from work_item where kind = 'undelivered'")) is unusable
    a_message(db, at, person)
    with both(db, at) as (worker, trays):
        worker.deliver()
    why = "mail_unusable" if unusable else "mail_stopped" if stopped else None
    assert rows(superuser, "select why from message order by id desc limit 1") == [(why,)]
    assert (trays.taken() == []) is (unusable or stopped)


def test_a_mail_that_comes_back_after_it_was_delivered_changes_the_address_and_not_the_history(
    db: Database, at: datetime, sendgrid: FlaskClient, superuser: Connection
) -> None:
    person = with_mailbox(db, mobile=None)
    message = a_mail_sent(db, at, person)
    post(sendgrid, "events", batch(happened("delivered", message)))
    apply(db, at)
    before = told(superuser)
    post(sendgrid, "events", batch(happened("bounce", message, status="5.1.1"), happened("bounce", message, 2)))
    apply(db, at)
    assert [each.result for each in kept(superuser)] == ["delivered", "came_back", "came_back"]
    assert told(superuser) == before
    assert states(superuser) == [("delivered", None)]
    a_message(db, at, person)
    with both(db, at) as (worker, trays):
        worker.deliver()
    assert trays.taken() == []
    assert rows(superuser, "select why from message order by id desc limit 1") == [("mail_unusable",)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_every_order_of_the_same_events_ends_alike(
    order: tuple[int, ...], db: Database, at: datetime, sendgrid: FlaskClient, superuser: Connection
) -> None:
    message = a_mail_sent(db, at, with_mailbox(db))
    events = [happened("processed", message), happened("deferred", message), happened("delivered", message)]
    for n in order:
        post(sendgrid, "events", batch(events[n]))
        apply(db, at)
    assert states(superuser) == [("delivered", None)]
    assert [kind for kind, _ in told(superuser)].count("message.delivered") == 1


def test_an_event_settles_a_mail_whose_call_was_never_answered(
    db: Database, at: datetime, sendgrid: FlaskClient, superuser: Connection
) -> None:
    message = a_mail_sent(db, at, with_mailbox(db))
    superuser.execute(text("update message set state = 'uncertain', provider_id = null"))
    superuser.commit()
    post(sendgrid, "events", batch(happened("processed", message)))
    apply(db, at)
    assert rows(superuser, "select state, provider_id from message") == [("sent", f"mail{message}")]


def test_an_event_of_a_mail_that_is_not_ours_is_parked(
    db: Database, at: datetime, sendgrid: FlaskClient, superuser: Connection
) -> None:
    post(sendgrid, "events", batch({"event": "bounce", "sg_event_id": "e", "sg_message_id": "other.0"}, {"event": 7}))
    apply(db, at)
    assert [each.result for each in kept(superuser)] == ["no_such_message", "unreadable"]


def test_an_events_address_is_read_and_its_step(at: datetime) -> None:
    told_ = CARRIER.read("status", json.dumps(happened("bounce", 7, status="5.1.1")).encode())
    assert (told_.to, told_.code, told_.progress, told_.meaning.effect) == (  # type: ignore[union-attr]
        ADDRESS, "5.1.1", Progress.FAILED, Effect.UNUSABLE
    )  # fmt: skip


# ---------------------------------------------------------------------------- mails


def test_a_mail_comes_through_the_hook_into_the_thread_without_its_files(
    db: Database, at: datetime, app: Evenly, sendgrid: FlaskClient, superuser: Connection
) -> None:
    settings = app.extensions["settings"]
    keys = Keys(settings.keys)
    answers_to = wiring.voice(settings, keys).answers_to
    assert answers_to is not None
    person = with_mailbox(db)
    raw = parsed("Zażółć\r\nOn 24 Nov 2026, x@y.example wrote:\r\n> z", to=answers_to(person), files=(("a.pdf", b"\xff" * 300_000),))
    assert post(sendgrid, "inbound", raw) == 200
    assert post(sendgrid, "inbound", raw, when="1600119999") == 200
    (event,) = kept(superuser)
    assert len(event.raw) < 5000 and b"filename" not in event.raw
    with rounds(db, at, {"email": CARRIER}) as (worker, _):
        worker._whose = wiring.whose_mail(settings, keys)
        worker.events()
    assert rows(superuser, "select person_id, words, attachments, known from said") == [(person, "Zażółć", 1, True)]
    assert app.extensions["woken"] == ["events"]
