"""Stripe's hook: signed events of now are kept once; everything else leaves no trace. SEC-12 of `security`."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text
from stripe import WebhookSignature

from cases.db import Database
from portal.app import Evenly, create_app
from portal.hooks.stripe import check_signature
from tests.portal.doors import SetClock
from tests.portal.face import face_settings

SECRETS = ("whsec_new", "whsec_old")
RAW = json.dumps({"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {"name": "Zoë"}}}).encode()


@pytest.fixture
def app(db: Database, at: datetime, tmp_path: Path) -> Iterator[Evenly]:
    app = create_app(face_settings(tmp_path, stripe_webhook_secrets=SECRETS), clock=SetClock(at), database=db)
    app.extensions["wake"] = app.extensions.setdefault("woken", []).append
    yield app


@pytest.fixture
def stripe(app: Evenly) -> FlaskClient:
    return app.test_client()


def header(raw: bytes, when: datetime, secret: str = SECRETS[0]) -> str:
    """The signature as the official library makes it."""
    return WebhookSignature.generate_signature_header(raw.decode(), secret, int(when.timestamp()))


def post(client: FlaskClient, raw: bytes, signed: str) -> Any:
    return client.post("/hooks/stripe", data=raw, headers={"Stripe-Signature": signed}, content_type="application/json")


def kept(superuser: Connection) -> list[Any]:
    rows = superuser.execute(text("select * from payment_event order by id")).all()
    superuser.rollback()
    return list(rows)


def test_a_signed_event_is_kept_as_it_came_and_the_worker_is_woken(
    stripe: FlaskClient, app: Evenly, at: datetime, superuser: Connection
) -> None:
    assert post(stripe, RAW, header(RAW, at)).status_code == 200
    (event,) = kept(superuser)
    assert (bytes(event.raw), event.key, event.kind, event.applied_at) == (RAW, "evt_1", "checkout.session.completed", None)
    assert app.extensions["woken"] == ["payments"]


def test_a_repeat_signed_anew_is_answered_alike_and_kept_once(
    stripe: FlaskClient, app: Evenly, at: datetime, superuser: Connection
) -> None:
    for seconds in range(3):
        assert post(stripe, RAW, header(RAW, at - timedelta(seconds=seconds))).status_code == 200
    assert len(kept(superuser)) == 1
    assert app.extensions["woken"] == ["payments"]


@pytest.mark.parametrize(
    ("seconds", "taken"),
    [(0, True), (299, True), (-299, True), (300, True), (301, False), (360, False), (-301, False), (86_400, False)],
    ids=lambda value: "SEC-12" if value == 360 else str(value),
)
def test_the_signed_time_may_be_five_minutes_from_ours(
    seconds: int, taken: bool, stripe: FlaskClient, at: datetime, superuser: Connection
) -> None:
    answer = post(stripe, RAW, header(RAW, at - timedelta(seconds=seconds)))
    assert answer.status_code == (200 if taken else 400)
    assert len(kept(superuser)) == taken


def test_any_secret_may_have_signed_and_no_other(at: datetime) -> None:
    for secret in SECRETS:
        assert check_signature(RAW, header(RAW, at, secret), SECRETS, at)
    assert not check_signature(RAW, header(RAW, at, "whsec_guessed"), SECRETS, at)
    assert not check_signature(RAW, header(RAW, at), [], at)


def test_a_mark_of_other_letters_is_refused_and_not_an_error(at: datetime) -> None:
    assert not check_signature(RAW, f"t={int(at.timestamp())},v1=ä", SECRETS, at)


@pytest.mark.parametrize(
    "spoilt",
    ["", "t=", "v1=", "t=1", "t=x,v1=y", "t=99999999999999999999,v1=y", "t=-1,v1=", ",,,", "t=1,v0=abc", "v1=abc,t=1,t=2", "☃"],
)
def test_a_spoilt_header_is_refused_and_not_an_error(spoilt: str, at: datetime) -> None:
    assert not check_signature(RAW, spoilt, SECRETS, at)


def test_one_changed_byte_of_the_body_is_refused(at: datetime) -> None:
    signed = header(RAW, at)
    for n in range(0, len(RAW), 7):
        changed = RAW[:n] + bytes([RAW[n] ^ 1]) + RAW[n + 1 :]
        assert not check_signature(changed, signed, SECRETS, at)
    assert not check_signature(b"\xff\xfe", signed, SECRETS, at)


@pytest.mark.parametrize("raw", [
    b"", b"null", b"[]", b'"x"', b"{}", b'{"id": "evt_1"}', b"{not json", b'{"type": "x"}', b"[" * 5000,
    b'{"id": "evt_\\u0000", "type": "x"}', b'{"id": "evt_\\ud800", "type": "x"}', b'{"id": "evt_1", "type": ["x"]}',
])  # fmt: skip
def test_signed_and_no_event_is_refused_and_not_an_error(
    raw: bytes, stripe: FlaskClient, at: datetime, superuser: Connection
) -> None:
    assert post(stripe, raw, header(raw, at)).status_code == 400
    assert kept(superuser) == []


def test_when_our_database_is_down_stripe_is_asked_to_try_again(at: datetime, tmp_path: Path) -> None:
    nowhere = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    app = create_app(face_settings(tmp_path, stripe_webhook_secrets=SECRETS), clock=SetClock(at), database=nowhere)
    assert post(app.test_client(), RAW, header(RAW, at)).status_code == 503
