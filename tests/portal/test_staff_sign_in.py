"""Staff sign in with a password and an authenticator app: one answer for every mistake, a code counts once."""

import pyotp
import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from portal import passwords
from portal.app import Evenly
from tests.portal.addresses import AT_DESK
from tests.portal.doors import (
    PASSWORD,
    SetClock,
    a_staff_member,
    post,
    said_alike,
    staff_sign_in,
    statements,
    token_of,
)


def test_all_three_let_a_collector_in_to_the_desk(app: Evenly, db: Database, superuser: Connection) -> None:
    user, secret = a_staff_member(db, app)
    browser, answer = staff_sign_in(app, "Priya@Example.org", secret)
    assert (answer.status_code, answer.headers["Location"]) == (303, AT_DESK + "/")
    assert browser.get("/staff/").status_code == 200
    told = superuser.execute(text("select kind, actor from history where kind = 'sign_in.done'")).one()
    assert told.actor == f"collector:{user.id}"


@pytest.mark.parametrize("wrong", ["address", "password", "code", "all"])
def test_what_was_wrong_is_not_told(app: Evenly, db: Database, wrong: str) -> None:
    _, secret = a_staff_member(db, app)
    mail = "nobody@example.org" if wrong in ("address", "all") else "priya@example.org"
    password = "not this" if wrong in ("password", "all") else PASSWORD
    digits = "000000" if wrong in ("code", "all") else None
    _, answer = staff_sign_in(app, mail, secret, password=password, digits=digits)
    _, other = staff_sign_in(app, "somebody@example.org", secret, password="x", digits="111111")
    page, reference = said_alike(
        [answer.text.replace(mail, "MAIL"), other.text.replace("somebody@example.org", "MAIL")]
    )
    assert answer.status_code == 422
    assert page == reference
    assert password not in answer.text


def test_a_try_for_nobody_runs_the_same_statements(app: Evenly, db: Database) -> None:
    a_staff_member(db, app)
    ran = []
    for mail in ("priya@example.org", "nobody@example.org"):
        browser = app.test_client()
        fields = {
            "csrf_token": token_of(browser.get("/staff/sign-in").text),
            "mail": mail,
            "password": "x",
            "code": "123456",
        }
        with statements(db) as meanwhile:
            browser.post("/staff/sign-in", data=fields)
        ran.append(list(meanwhile))
    assert ran[0] == ran[1]


@pytest.mark.parametrize("mail", ["priya@example.org", "nobody@example.org"])
def test_a_try_costs_one_argon2_hash_whoever_it_is_for(
    app: Evenly, db: Database, monkeypatch: pytest.MonkeyPatch, mail: str
) -> None:
    a_staff_member(db, app)
    worked: list[str] = []
    verify = passwords._HASHER.verify

    class Watched:
        @staticmethod
        def verify(kept: str, typed: str) -> bool:
            worked.append(kept[:30])
            return verify(kept, typed)

    monkeypatch.setattr(passwords, "_HASHER", Watched)
    staff_sign_in(app, mail, pyotp.random_base32(), password="x")
    assert worked == ["$argon2id$v=19$m=19456,t=2,p=1"]


def test_a_code_counts_once(app: Evenly, db: Database, clock: SetClock) -> None:
    _, secret = a_staff_member(db, app)
    digits = pyotp.TOTP(secret).at(int(clock.real().timestamp()))
    assert staff_sign_in(app, "priya@example.org", secret, digits=digits)[1].status_code == 303
    assert staff_sign_in(app, "priya@example.org", secret, digits=digits)[1].status_code == 422
    clock.pass_by(seconds=30)
    assert staff_sign_in(app, "priya@example.org", secret)[1].status_code == 303


@pytest.mark.parametrize(("steps", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_code_before_and_the_one_after_count_too(
    app: Evenly, db: Database, clock: SetClock, steps: int, counts: bool
) -> None:
    _, secret = a_staff_member(db, app)
    digits = pyotp.TOTP(secret).at(int(clock.real().timestamp()) + 30 * steps)
    answer = staff_sign_in(app, "priya@example.org", secret, digits=digits)[1]
    assert (answer.status_code == 303) is counts


def test_ten_tries_for_an_account_from_one_address_and_it_opens_again_by_itself(
    app: Evenly, db: Database, clock: SetClock
) -> None:
    _, secret = a_staff_member(db, app)
    tries = [staff_sign_in(app, "priya@example.org", secret, password="x")[1].status_code for _ in range(11)]
    assert tries == [422] * 10 + [429]
    assert staff_sign_in(app, "priya@example.org", secret)[1].status_code == 429
    clock.pass_by(minutes=16)
    assert staff_sign_in(app, "priya@example.org", secret)[1].status_code == 303


def test_guesses_from_everywhere_do_not_lock_out_the_address_that_the_user_comes_from(
    app: Evenly, db: Database, clock: SetClock, superuser: Connection
) -> None:
    _, secret = a_staff_member(db, app)
    assert staff_sign_in(app, "priya@example.org", secret)[1].status_code == 303
    clock.pass_by(minutes=1)
    with db.acting() as session:  # a hundred guesses from a hundred addresses
        sha = app.extensions["keys"].hashed("knock", "priya@example.org")
        session.execute(
            text("insert into knock (what, whom_sha, at) select 'password', :sha, :at from generate_series(1, 100)"),
            {"sha": sha, "at": clock.real()},
        )
    stranger = app.test_client()
    stranger.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    assert staff_sign_in(app, "priya@example.org", secret, browser=stranger)[1].status_code == 429
    assert staff_sign_in(app, "priya@example.org", secret)[1].status_code == 303


def test_signing_out_on_every_device(app: Evenly, db: Database, clock: SetClock) -> None:
    _, secret = a_staff_member(db, app)
    first, _ = staff_sign_in(app, "priya@example.org", secret)
    clock.pass_by(seconds=30)
    second, _ = staff_sign_in(app, "priya@example.org", secret)
    assert post(first, "/staff/sign-out/everywhere", on="/staff/").status_code == 303
    assert [each.get("/staff/").status_code for each in (first, second)] == [303, 303]


def test_a_role_without_a_desk_sees_who_is_signed_in(app: Evenly, db: Database) -> None:
    _, secret = a_staff_member(db, app, role="ops")
    browser, answer = staff_sign_in(app, "priya@example.org", secret)
    assert answer.headers["Location"] == "/staff/"
    assert "Priya Nand" in browser.get("/staff/").text
