"""Twilio's hooks: signed events are kept once and answered; everything else leaves no trace."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text
from twilio.request_validator import RequestValidator

from cases.db import Database
from messaging.carriers import Progress
from messaging.providers.twilio import Twilio
from portal.app import Evenly, create_app
from tests.cases.facts import facts
from tests.messaging.rounds import FixedClock, rounds, states
from tests.messaging.texts import a_text_sent, someone
from tests.portal.face import face_settings

TOKENS = ("the new token", "the old token")
PUBLIC = "https://my.example.org"


@pytest.fixture
def app(db: Database, at: datetime, tmp_path: Path) -> Iterator[Evenly]:
    app = create_app(
        face_settings(tmp_path, public_url=PUBLIC, twilio_auth_tokens=TOKENS), clock=FixedClock(at), database=db
    )
    app.extensions["wake"] = app.extensions.setdefault("woken", []).append
    yield app


@pytest.fixture
def twilio(app: Evenly) -> FlaskClient:
    return app.test_client()


def post(client: FlaskClient, path: str, form: dict[str, str] | bytes, *, token: str = TOKENS[0], query: str = "") -> Any:
    """Posts as Twilio does: signed over the public address, whatever address the app itself was called by."""
    raw = form if isinstance(form, bytes) else urlencode(form).encode()
    told = {name: values[0] for name, values in parse_qs(raw.decode(), keep_blank_values=True).items()}
    url = f"{PUBLIC}/hooks/twilio/{path}" + (f"?{query}" if query else "")
    signed = RequestValidator(token).compute_signature(url, told)
    return client.post(
        f"/hooks/twilio/{path}" + (f"?{query}" if query else ""), data=raw, headers={"X-Twilio-Signature": signed},
        content_type="application/x-www-form-urlencoded; charset=utf-8",
    )  # fmt: skip


def kept(superuser: Connection) -> list[Any]:
    rows = superuser.execute(text("select * from carrier_event order by id")).all()
    superuser.rollback()
    return list(rows)


def test_a_signed_report_is_kept_as_it_came_and_answered_with_nothing_to_say(
    twilio: FlaskClient, app: Evenly, superuser: Connection
) -> None:
    answer = post(twilio, "status", b"MessageSid=SM1&MessageStatus=sent&Empty=&To=%2B447700900145", query="m=7&a=1")
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    assert b"Message" not in answer.data
    (event,) = kept(superuser)
    assert bytes(event.raw) == b"MessageSid=SM1&MessageStatus=sent&Empty=&To=%2B447700900145"
    assert (event.kind, event.key, event.query, event.applied_at) == ("status", "SM1:sent", "m=7&a=1", None)
    assert app.extensions["woken"] == ["events"]


def test_a_repeat_is_answered_alike_and_kept_once(twilio: FlaskClient, app: Evenly, superuser: Connection) -> None:
    for _ in range(3):
        assert post(twilio, "inbound", {"MessageSid": "SM2", "From": "+447700900145", "Body": "Hi"}).status_code == 200
    assert len(kept(superuser)) == 1
    assert app.extensions["woken"] == ["events"]


@pytest.mark.parametrize("path", ["status", "inbound"])
def test_the_older_token_is_still_taken_and_a_stranger_leaves_no_trace(
    path: str, twilio: FlaskClient, superuser: Connection
) -> None:
    form = {"MessageSid": "SM3", "MessageStatus": "sent", "From": "+447700900145"}
    assert post(twilio, path, form, token="guessed").status_code == 403
    assert twilio.post(f"/hooks/twilio/{path}", data=form).status_code == 403
    assert kept(superuser) == []
    assert post(twilio, path, form, token=TOKENS[1]).status_code == 200
    assert len(kept(superuser)) == 1


@pytest.mark.parametrize("path", ["status", "inbound"])
@pytest.mark.parametrize("sid", ["SM\0", "SM\n7", "".join(chr(0x4E00 + n * 7 % 20_000) for n in range(3000))], ids=["NUL", "line", "long"])
def test_a_signed_event_with_an_id_that_no_carrier_gives_is_kept_once_and_not_an_error(
    path: str, sid: str, twilio: FlaskClient, superuser: Connection
) -> None:
    for _ in range(2):
        assert post(twilio, path, {"MessageSid": sid, "MessageStatus": "sent", "Body": "\0"}).status_code == 200
    assert len(kept(superuser)) == 1


def test_the_query_is_covered_by_the_signature(twilio: FlaskClient, superuser: Connection) -> None:
    raw = urlencode({"MessageSid": "SM4", "MessageStatus": "sent"})
    signed = RequestValidator(TOKENS[0]).compute_signature(f"{PUBLIC}/hooks/twilio/status?m=1&a=1",
                                                           {"MessageSid": "SM4", "MessageStatus": "sent"})  # fmt: skip
    for query, status in (("m=2&a=1", 403), ("m=1&a=1", 200)):
        answer = twilio.post(f"/hooks/twilio/status?{query}", data=raw, headers={"X-Twilio-Signature": signed},
                             content_type="application/x-www-form-urlencoded")  # fmt: skip
        assert answer.status_code == status
    assert len(kept(superuser)) == 1


def test_when_our_database_is_down_twilio_is_asked_to_try_again(at: datetime, tmp_path: Path) -> None:
    nowhere = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    app = create_app(
        face_settings(tmp_path, public_url=PUBLIC, twilio_auth_tokens=TOKENS), clock=FixedClock(at), database=nowhere
    )
    answer = post(app.test_client(), "status", {"MessageSid": "SM5", "MessageStatus": "sent"})
    assert answer.status_code == 503


@pytest.mark.parametrize(("given", "expected"), facts("twilio_status_callbacks"))
def test_a_worked_report_comes_through_the_real_hook_signed_anew(
    given: dict[str, str], expected: dict[str, Any], db: Database, at: datetime, twilio: FlaskClient,
    superuser: Connection,
) -> None:
    sid = expected.get("message_sid", "SMyyy")
    raw = given.get("form_body", urlencode({"MessageSid": sid, **given})).encode()
    carrier = Twilio("AC" + "0" * 32, TOKENS[0], "+447700900999", callback=f"{PUBLIC}/hooks/twilio/status")
    with rounds(db, at, {"sms": carrier}) as (worker, _):
        message = a_text_sent(db, at, someone(db), sid)
        assert post(twilio, "status", raw, query=f"m={message}&a=1").status_code == 200
        worker.events()
    told = carrier.read("status", raw)
    for name, value in {"to": "to", "carrier_time_raw": "carrier_time", "message_sid": "provider_id"}.items():
        assert name not in expected or getattr(told, value) == expected[name]
    assert "error_code" not in expected or told.code == str(expected["error_code"])
    if expected.get("accepted") is False:
        assert told.progress is None
        assert [event.result for event in kept(superuser)] == ["unknown_status"]
        assert states(superuser) == [("sent", None)]
    else:
        assert told.progress == Progress(expected["state"])
        ends = {"in_progress": "sent", "sent": "sent", "delivered": "delivered", "failed": "failed"}
        assert states(superuser) == [(ends[expected["state"]], None)]


@pytest.mark.parametrize("page", ["README.md", ".env.example"])
def test_the_address_to_enter_in_the_console_is_ours_and_asks_for_every_try(page: str, app: Evenly) -> None:
    ending = Twilio("AC", "token", "+447700900999", callback="").callback_of(1, 1).partition("#")[2]
    assert any(rule.rule == "/hooks/twilio/inbound" for rule in app.url_map.iter_rules())
    assert f"/hooks/twilio/inbound#{ending}" in (Path(__file__).parents[3] / page).read_text()
