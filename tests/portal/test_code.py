"""The code: ten minutes, once, five tries, kept as a hash, by text or by mail."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from cases.people.contact import add_contact
from cases.people.person import Person
from portal import code
from portal.app import Evenly
from tests.factories import AT, BY, a_creditor, a_person
from tests.portal.doors import (
    SetClock,
    codes_sent,
    post,
)
from tests.portal.signing_in import asked, enter, the_code
from tests.portal.signing_in import marta as marta


@pytest.mark.parametrize(("seconds", "accepted"), [(599, True), (600, False)], ids=["SEC-02", "too old"])
def test_a_code_lives_ten_minutes(
    app: Evenly, db: Database, clock: SetClock, marta: Person, seconds: int, accepted: bool
) -> None:
    browser = asked(app, marta)
    digits = the_code(app, db)
    clock.pass_by(seconds=seconds)
    assert enter(browser, digits) == (303 if accepted else 422)


def test_moving_the_demos_day_does_not_end_a_code(app: Evenly, db: Database, clock: SetClock, marta: Person) -> None:
    browser = asked(app, marta)
    digits = the_code(app, db)
    clock.at += timedelta(days=3)
    assert enter(browser, digits) == 303


def test_sec_04_a_code_asked_for_in_one_browser_is_nothing_in_another(app: Evenly, db: Database, marta: Person) -> None:
    asked(app, marta)
    digits = the_code(app, db)
    assert enter(asked(app, marta), digits) == 422
    assert post(app.test_client(), "/code", on="/sign-in", code=digits).headers["Location"] == "/sign-in"


def test_sec_06_a_code_is_kept_as_a_salted_argon2_hash(
    app: Evenly, db: Database, marta: Person, superuser: Connection
) -> None:
    asked(app, marta)
    digits = the_code(app, db)
    kept = superuser.scalar(text("select code from code_request"))
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not code.matches(kept, digits), "the digits alone are nothing without the installation's key"
    everything = superuser.execute(text("select * from message")).all()
    assert digits not in str(everything)


@pytest.mark.parametrize("typed", ["{0} {1}-{2}", " {0}{1}{2} ", "{0}-{1}-{2}"], ids=["SEC-07", "ends", "hyphens"])
def test_spaces_and_hyphens_in_a_code_do_not_matter(app: Evenly, db: Database, marta: Person, typed: str) -> None:
    browser = asked(app, marta)
    digits = the_code(app, db)
    assert enter(browser, typed.format(digits[:3], digits[3:4], digits[4:])) == 303


def test_a_code_works_once(app: Evenly, db: Database, marta: Person) -> None:
    browser = asked(app, marta)
    digits = the_code(app, db)
    with browser.session_transaction() as session:
        before = dict(session)
    assert enter(browser, digits) == 303
    with browser.session_transaction() as session:
        session.clear()
        session.update(before)
    assert enter(browser, digits) == 422


def test_five_tries_and_the_code_is_over(app: Evenly, db: Database, marta: Person) -> None:
    browser = asked(app, marta)
    digits = the_code(app, db)
    wrong = "000000" if digits != "000000" else "111111"
    assert [enter(browser, wrong) for _ in range(5)] == [422] * 5
    assert enter(browser, digits) == 422


def test_only_the_newest_code_of_a_browser_works(app: Evenly, db: Database, marta: Person) -> None:
    browser = asked(app, marta)
    first = the_code(app, db)
    post(browser, "/code/sms", on="/code/none")
    second = the_code(app, db)
    if first != second:
        assert enter(browser, first) == 422
    assert enter(browser, second) == 303


def test_a_code_goes_out_once(app: Evenly, db: Database, marta: Person, superuser: Connection) -> None:
    asked(app, marta)
    for _ in range(2):
        with db.acting() as session:
            code.plan_codes(session, AT, AT)
    rows = superuser.execute(text("select template, channel, state from message")).all()
    assert [tuple(row) for row in rows] == [("code", "sms", "planned")]
    assert superuser.scalar(text("select cause from reason")).startswith("sign_in:")


def test_a_request_that_waited_too_long_is_never_sent(
    app: Evenly, db: Database, clock: SetClock, marta: Person, superuser: Connection
) -> None:
    asked(app, marta)
    clock.pass_by(minutes=11)
    assert codes_sent(app, db) == {}
    assert superuser.scalar(text("select count(*) from message")) == 0


def test_the_code_comes_by_mail_when_asked_for(app: Evenly, db: Database, marta: Person, superuser: Connection) -> None:
    browser = asked(app, marta)
    assert post(browser, "/code/email", on="/code/none").status_code == 303
    assert "m•••@•••.org" in browser.get("/code").text
    codes_sent(app, db)
    assert superuser.scalars(text("select channel from message order by id")).all() == ["sms", "email"]


def test_who_has_only_mail_gets_it_by_mail(app: Evenly, db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session), email="only@example.org")
    browser = asked(app, person)
    assert "o•••@•••.org" in browser.get("/code").text
    assert enter(browser, the_code(app, db)) == 303


def test_who_asks_for_mail_without_having_one_can_still_have_a_text(app: Evenly, db: Database) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session), mobile="+447700900146")
    browser = asked(app, person)
    codes_sent(app, db)
    post(browser, "/code/email", on="/code/none")
    assert codes_sent(app, db) == {}
    post(browser, "/code/sms", on="/code/none")
    assert enter(browser, the_code(app, db)) == 303


@pytest.mark.parametrize(("hours", "channel"), [(23, "email"), (24, "sms")])
def test_a_number_changed_within_24_hours_receives_no_code(
    app: Evenly, db: Database, clock: SetClock, marta: Person, superuser: Connection, hours: int, channel: str
) -> None:
    with db.acting() as session:
        was = session.scalar(text("select id from contact where kind = 'mobile'"))
        add_contact(session, person=marta.id, kind="mobile", value="+447700900999", value_norm="+447700900999",
                    source="staff", as_of=AT.date(), by=BY, at=AT, replaces=was)  # fmt: skip
    clock.pass_by(hours=hours)
    asked(app, marta)
    codes_sent(app, db)
    assert superuser.scalars(text("select channel from message")).all() == [channel]
