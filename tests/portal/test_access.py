"""Access: every route has a keeper; a visit ends on the server; what is not one's own is not found, and logged."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from cases.db import Database
from cases.people.person import Person
from portal.access import keeper_of
from portal.app import Evenly
from tests.factories import a_creditor, a_person, an_account
from tests.portal.doors import SetClock, a_staff_member, an_app, logged, sign_in, staff_sign_in


@pytest.fixture
def marta(db: Database) -> Person:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor, mobile="+447700900146")
        an_account(session, creditor, person)
        return person


def signed_in(browser: FlaskClient, path: str = "/") -> bool:
    return browser.get(path).status_code == 200


def test_every_route_has_a_keeper_and_a_scope(app: Evenly) -> None:
    for rule in app.url_map.iter_rules():
        keeper = keeper_of(app.view_functions[rule.endpoint])
        assert keeper is not None, f"{rule.rule} has no keeper"
        assert keeper.scope in ("nothing", "act", "debtor", "staff", "creditor")
        assert keeper.kind in ("public", "hook") or keeper.roles


def test_a_route_without_a_keeper_is_open_to_nobody(db: Database, clock: SetClock, tmp_path: Path) -> None:
    app = an_app(db, clock, tmp_path)

    @app.get("/forgotten")
    def forgotten() -> str:
        return "a debt"

    with logged() as out:
        assert app.test_client().get("/forgotten").status_code == 404
    assert "no_keeper" in out.getvalue()


@pytest.mark.parametrize(("minutes", "holds"), [(14, True), (15, False)])
def test_a_visit_ends_after_fifteen_idle_minutes(
    app: Evenly, db: Database, clock: SetClock, marta: Person, minutes: int, holds: bool
) -> None:
    browser = sign_in(app, db, marta)
    clock.pass_by(minutes=minutes)
    assert signed_in(browser) is holds


def test_a_persons_visit_ends_after_an_hour_however_busy(
    app: Evenly, db: Database, clock: SetClock, marta: Person
) -> None:
    browser = sign_in(app, db, marta)
    for _ in range(5):
        clock.pass_by(minutes=10)
        assert signed_in(browser)
    clock.pass_by(minutes=10)
    assert not signed_in(browser)
    assert "You were signed out" in browser.get("/sign-in").text


def test_a_users_visit_ends_after_eight_hours(app: Evenly, db: Database, clock: SetClock) -> None:
    user, secret = a_staff_member(db, app)
    browser, _ = staff_sign_in(app, user.mail, secret)
    for _ in range(47):
        clock.pass_by(minutes=10)
        assert signed_in(browser, "/staff/")
    clock.pass_by(minutes=10)
    assert not signed_in(browser, "/staff/")


def test_moving_the_demos_day_signs_nobody_out(app: Evenly, db: Database, clock: SetClock, marta: Person) -> None:
    browser = sign_in(app, db, marta)
    clock.at += timedelta(days=3)
    assert signed_in(browser)


def test_a_disabled_user_is_out_at_once(app: Evenly, db: Database, clock: SetClock, superuser: Connection) -> None:
    user, secret = a_staff_member(db, app)
    browser, _ = staff_sign_in(app, user.mail, secret)
    assert signed_in(browser, "/staff/")
    with db.acting() as session:
        session.execute(text("update staff set disabled_at = now()"))
    assert not signed_in(browser, "/staff/")
    _, answer = staff_sign_in(app, user.mail, secret)
    assert answer.status_code == 422


def test_sec_09_a_debt_of_someone_else_is_not_found_and_logged(app: Evenly, db: Database, marta: Person) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        other = a_person(session, creditor, name="Owen Pritchard")
        theirs = an_account(session, creditor, other)
    browser = sign_in(app, db, marta)
    with logged() as out:
        assert browser.get(f"/debt/{theirs.id}").status_code == 404
        assert browser.get(f"/debt/{theirs.id + 999}").status_code == 404
    lines = [json.loads(line) for line in out.getvalue().splitlines() if "turned_away" in line]
    assert len(lines) == 2
    assert {line["route"] for line in lines} == {"/debt/<int:account>"}
    assert {key for line in lines for key in line} == {
        "event", "face", "level", "reason", "request_id", "route", "timestamp"
    }  # fmt: skip


def test_staff_pages_are_not_found_for_a_person_who_owes_and_the_other_way_round(
    app: Evenly, db: Database, marta: Person
) -> None:
    person = sign_in(app, db, marta)
    assert person.get("/staff/").status_code == 404
    user, secret = a_staff_member(db, app)
    staff, _ = staff_sign_in(app, user.mail, secret)
    assert staff.get("/messages").status_code == 404
    assert staff.get("/").headers["Location"] == "/sign-in"


@pytest.mark.parametrize("https", [True, False])
def test_sec_11_the_sign_in_cookie(db: Database, clock: SetClock, tmp_path: Path, https: bool) -> None:
    app = an_app(db, clock, tmp_path, public_url="https://evenly.example" if https else "http://127.0.0.1:8000")
    answer = app.test_client().get("/sign-in", base_url="https://evenly.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-evenly=" if https else "evenly=")
    assert ("Secure" in cookie) is https
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "Domain" not in cookie
    assert ("Strict-Transport-Security" in answer.headers) is https


def test_a_made_up_cookie_is_nobody(app: Evenly, marta: Person) -> None:
    browser = app.test_client()
    with browser.session_transaction() as session:
        session["_user_id"] = str(marta.id)
    assert not signed_in(browser)
