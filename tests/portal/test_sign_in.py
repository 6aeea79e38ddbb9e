"""Signing in: whoever asks gets the same by the same steps; a code is for one browser, once, ten minutes.

SEC-… are the worked cases of `security` (mostly OWASP ASVS 5.0: 6.5, 6.6, 3.3, 8.2).
"""

import json
import re
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from cases.people.person import Joined, Person
from portal import code
from portal.app import Evenly
from tests.factories import AT, a_creditor, a_person
from tests.portal.doors import (
    SetClock,
    codes_sent,
    find,
    logged,
    post,
    said_alike,
    sign_in_by_code,
    statements,
    token_of,
)
from tests.portal.signing_in import asked, enter, the_code
from tests.portal.signing_in import marta as marta

# --------------------------------------------------------------------- who is found


@pytest.mark.parametrize("written", ["TW 14/7", "tw147", " tw-14 7 "])
def test_any_account_reference_finds_its_person_however_it_is_spaced(
    app: Evenly, db: Database, marta: Person, written: str
) -> None:
    browser = asked(app, written)
    assert enter(browser, the_code(app, db)) == 303


def test_the_case_reference_finds_its_person(app: Evenly, db: Database, marta: Person) -> None:
    spaced = f"{marta.case_ref[:2].lower()} {marta.case_ref[2:6]} {marta.case_ref[6:]}"
    assert enter(asked(app, spaced, postcode="ab12cd"), the_code(app, db)) == 303


def test_the_newest_person_and_the_older_one_they_were_joined_to_sign_in_as_the_elder(
    app: Evenly, db: Database, marta: Person, superuser: Connection
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        younger = a_person(session, creditor, postcode="CD3 4EF")
        session.add(Joined(person_id=younger.id, into_id=marta.id, since=date(2026, 1, 1), recorded_at=AT))
    browser = asked(app, younger, postcode="CD3 4EF")
    assert enter(browser, the_code(app, db)) == 303
    assert superuser.scalar(text("select person_id from visit")) == marta.id


@pytest.mark.parametrize(
    ("details", "wrong"),
    [
        ({"postcode": "AB1 2CE"}, "postcode"),
        ({"born": "1984-05-18"}, "date of birth"),
    ],
)
def test_all_three_must_be_right(app: Evenly, db: Database, marta: Person, details: dict[str, str], wrong: str) -> None:
    asked(app, marta, **details)
    assert codes_sent(app, db) == {}, wrong


# --------------------------------------------------------------------- one for all


def test_a_stranger_gets_the_same_pages(app: Evenly, db: Database, marta: Person) -> None:
    pages = []
    for reference in (marta.case_ref, "EV2222BBBB"):
        browser = asked(app, reference)
        pages.append([browser.get("/code").text, post(browser, "/code", code="000000").text,
                      browser.get("/code/none").text])  # fmt: skip
    known, stranger = (said_alike(each) for each in pages)
    assert known == stranger


def test_a_stranger_gets_the_same_answers_header_by_header(app: Evenly, marta: Person) -> None:
    answers = []
    for reference in (marta.case_ref, "EV2222BBBB"):
        answer = find(app.test_client(), reference)
        named = {name for name, _ in answer.headers} - {"X-Request-Id"}
        cookie = re.sub(r"=[^;]+", "=", answer.headers["Set-Cookie"], count=1)
        answers.append((answer.status_code, named, answer.headers["Location"], cookie))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("step", ["find", "code", "wrong code", "again", "by mail", "no code"])
def test_a_stranger_runs_the_same_statements(app: Evenly, db: Database, marta: Person, step: str) -> None:
    ran = []
    for reference in (marta.case_ref, "EV2222BBBB"):
        browser = app.test_client() if step == "find" else asked(app, reference)
        codes_sent(app, db)
        page = browser.get("/sign-in" if step == "find" else "/code/none").text
        fields = {"csrf_token": token_of(page)}
        with statements(db) as meanwhile:
            if step == "find":
                browser.post("/sign-in", data=fields | {"reference": reference, "postcode": "AB1 2CD", "born-day": "17",
                                                        "born-month": "5", "born-year": "1984"})  # fmt: skip
            elif step == "wrong code":
                browser.post("/code", data=fields | {"code": "000000"})
            elif step in ("again", "by mail"):
                browser.post(f"/code/{'sms' if step == 'again' else 'email'}", data=fields)
            else:
                browser.get("/code" if step == "code" else "/code/none")
        ran.append(list(meanwhile))
    assert ran[0] == ran[1]
    assert ran[0] or step == "no code"


def test_a_strangers_masked_contact_is_always_the_same_for_the_same_entries(app: Evenly) -> None:
    shown = {asked(app, "EV2222BBBB").get("/code").text.split("ending in")[-1][:10] for _ in range(3)}
    assert len(shown) == 1


def test_strangers_masked_contacts_are_a_mixture_as_real_ones_are() -> None:
    made = [code.way([], None, bytes([n % 256, n * 7 % 256, n * 11 % 256, 0, 0, n // 256, n % 251]))
            for n in range(2000)]  # fmt: skip
    mails = [each for each in made if each.channel == "email"]
    assert 50 < len(mails) < 400
    assert all(re.fullmatch(r"[a-z]•••@•••\.[a-z]+", each.shown) for each in mails)
    assert all(re.fullmatch(r"••••• •••\d\d", each.shown) for each in made if each.channel == "sms")


def test_the_page_shows_the_contact_masked_and_nothing_else(app: Evenly, marta: Person) -> None:
    page = asked(app, marta).get("/code").text
    assert "ending in <b>46</b>" in page
    assert not any(word in page for word in ("Marta", "Lindqvist", "7700900146", "marta@", "Tidewell", "TW 14"))


def test_nothing_is_shown_before_the_code(app: Evenly, marta: Person) -> None:
    browser = asked(app, marta)
    for path in ("/", "/messages", "/plan", "/my-plan", "/debt/1"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")


# --------------------------------------------------------------------- limits


def test_what_the_cookie_holds_never_tells_whether_two_entries_are_one_person(app: Evenly, marta: Person) -> None:
    held = set()
    for _ in range(3):
        browser = app.test_client()
        find(browser, marta.case_ref)
        with browser.session_transaction() as session:
            held |= {str(value) for value in session.values() if isinstance(value, str)}
    with app.test_client() as once:
        find(once, marta.case_ref)
        with once.session_transaction() as session:
            known = [value for value in session.values() if isinstance(value, str)]
    assert known and not held & set(known)


# --------------------------------------------------------------------- the signed link


def test_a_link_only_names_the_person_and_leads_to_the_code(
    app: Evenly, db: Database, clock: SetClock, marta: Person, superuser: Connection
) -> None:
    token = app.extensions["keys"].link_token(marta.id, clock.real() + timedelta(hours=72))
    browser = app.test_client()
    with statements(db) as ran:
        for _ in range(3):  # mail scanners open every link
            answer = browser.get(f"/l/{token}")
            assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in/link")
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        page = browser.get("/sign-in/link").text
    assert ran == [], "opening a link changes nothing and asks nothing"
    assert "Marta" not in page
    assert browser.get("/").status_code == 303
    assert post(browser, "/sign-in/link").status_code == 303
    assert enter(browser, the_code(app, db)) == 303
    assert browser.get("/").status_code == 200


def test_a_link_ends_after_its_time_and_a_changed_one_is_none(app: Evenly, clock: SetClock, marta: Person) -> None:
    token = app.extensions["keys"].link_token(marta.id, clock.real() + timedelta(hours=72))
    clock.pass_by(hours=72, seconds=1)
    for each in (token, token[::-1], "nonsense"):
        browser = app.test_client()
        browser.get(f"/l/{each}")
        answer = browser.get("/sign-in/link")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
        assert "This link no longer works" in browser.get("/sign-in").text


def test_logs_hold_neither_token_nor_code_nor_who(app: Evenly, db: Database, clock: SetClock, marta: Person) -> None:
    token = app.extensions["keys"].link_token(marta.id, clock.real() + timedelta(hours=72))
    browser = app.test_client()
    with logged() as out:
        browser.get(f"/l/{token}")
        post(browser, "/sign-in/link")
        digits = the_code(app, db)
        enter(browser, "00000x")
        enter(browser, digits)
        browser.get("/debt/999999")
    written = out.getvalue()
    assert "turned_away" in written
    assert not any(each in written for each in (token, digits, marta.case_ref, "Marta", "900146", "AB1"))


# --------------------------------------------------------------------- being in, and out


def test_signing_in_begins_a_new_session(app: Evenly, db: Database, marta: Person) -> None:
    browser = asked(app, marta)
    page = browser.get("/code").text
    with browser.session_transaction() as session:
        before = dict(session)
    enter(browser, the_code(app, db))
    with browser.session_transaction() as session:
        assert not set(before.values()) & set(session.values()), "nothing of the old session stays"
    assert browser.post("/sign-out", data={"csrf_token": token_of(page)}).status_code == 400


def test_signing_in_and_out_are_told_in_the_history(
    app: Evenly, db: Database, marta: Person, superuser: Connection
) -> None:
    browser = sign_in_by_code(app, db, marta)
    post(browser, "/sign-out", on="/")
    told = superuser.execute(
        text("select kind, actor, facts from history where kind like 'sign_in.%' order by id")
    ).all()  # fmt: skip
    by = f"debtor:{marta.id}"
    assert [(kind, actor) for kind, actor, _ in told] == [("sign_in.done", by), ("sign_in.ended", by)]
    assert told[0].facts == {"channel": "sms", "link": False}
    assert str(json.dumps(told[0].facts)).find("46") == -1


def test_after_signing_out_the_old_cookie_opens_nothing(app: Evenly, db: Database, marta: Person) -> None:
    browser = sign_in_by_code(app, db, marta)
    kept = browser.get_cookie("evenly")
    post(browser, "/sign-out", on="/")
    thief = app.test_client()
    thief.set_cookie("evenly", kept.value)
    assert thief.get("/").status_code == 303


def test_signing_out_everywhere_ends_every_visit_of_this_person_alone(app: Evenly, db: Database, marta: Person) -> None:
    with db.acting() as session:
        other = a_person(session, a_creditor(session), name="Owen Pritchard", mobile="+447700900147")
    first, second, theirs = sign_in_by_code(app, db, marta), sign_in_by_code(app, db, marta), sign_in_by_code(app, db, other)
    assert post(first, "/sign-out/everywhere").status_code == 303
    assert [each.get("/").status_code for each in (first, second, theirs)] == [303, 303, 200]


def test_a_stolen_table_opens_nothing(app: Evenly, db: Database, marta: Person, superuser: Connection) -> None:
    browser = sign_in_by_code(app, db, marta)
    with browser.session_transaction() as session:
        token = session["_user_id"]
    kept = superuser.execute(text("select * from visit")).one()
    assert token not in str(kept._mapping)
    assert len(token) >= 43, "256 random bits"
