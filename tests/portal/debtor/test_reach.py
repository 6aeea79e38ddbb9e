"""How we reach you: wishes are kept and obeyed; a new number or address counts after its code, and the old one is told."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection

from cases.db import Database
from cases.history import Actor
from cases.people import permission
from cases.people.contact import live_contacts, receiving
from cases.people.person import Person
from cases.people.preference import Wish, wish_of
from messaging import delivery
from messaging.providers.tray import Tray
from portal import code
from portal.app import Evenly
from tests.factories import a_creditor, a_person
from tests.messaging.mails import ADDRESS, rows
from tests.messaging.rounds import a_voice, told
from tests.messaging.texts import NUMBER
from tests.portal.doors import SetClock, find, post, sign_in

NEW = "+447700900777"
WISHES: dict[str, Any] = {"channel": "email", "language": "any", "days_off": ["6", "7"], "earliest": "10:00", "latest": "18:00"}


@pytest.fixture
def marta(db: Database) -> Person:
    with db.acting() as session:
        return a_person(session, a_creditor(session), mobile=NUMBER, email=ADDRESS)


@pytest.fixture
def browser(app: Evenly, db: Database, marta: Person) -> FlaskClient:
    return a_browser(app, db, marta)


def a_browser(app: Evenly, db: Database, person: Person) -> FlaskClient:
    """A browser in which somebody is signed in, whose code has been carried."""
    made = sign_in(app, db, person)
    carried(app, db)
    return made


def carried(app: Evenly, db: Database) -> list[tuple[str, str]]:
    """What the worker carries now: to whom, and the words."""
    clock, text_tray, mail_tray = app.extensions["clock"], Tray(), Tray("email", "mailtray")
    carriers = {"sms": text_tray, "email": mail_tray}
    with db.acting() as session:
        code.plan_codes(session, clock.now(), clock.real())
    with db.acting() as session:
        claimed, _ = delivery.claim(
            session, at=clock.now(), real=clock.real(), carriers=carriers, voice=a_voice(),
            prepare=lambda s, ids, now: code.prepare(s, ids, now, keys=app.extensions["keys"]),
        )  # fmt: skip
    return [(each.out.to, each.out.body) for each in claimed]


def digits(sent: list[tuple[str, str]]) -> str:
    ((_, words),) = sent
    return words[:6]


def contacts(superuser: Connection) -> list[tuple[Any, ...]]:
    return rows(superuser, "select kind, value_norm, source, replaced_at is null from contact order by id")


def test_wishes_are_kept_with_source_and_date_and_shown_again(
    browser: FlaskClient, db: Database, marta: Person, superuser: Connection
) -> None:
    answer: Any = post(browser, "/reach", **WISHES)
    assert answer.status_code == 303
    page = browser.get("/reach").get_data(as_text=True)
    assert "Saved" in page
    with db.acting() as session:
        wish = wish_of(session, [marta.id])
    assert (wish.channel, wish.days_off, str(wish.earliest), str(wish.latest)) == ("email", (6, 7), "10:00:00", "18:00:00")
    post(browser, "/reach", **WISHES)
    ((_, facts),) = told(superuser, "preference.set")
    assert facts == {"source": "person", "language": None, "channel": "email", "days_off": [6, 7], "earliest": "10:00",
                     "latest": "18:00"}  # fmt: skip
    post(browser, "/reach", **(WISHES | {"channel": "any", "days_off": [], "earliest": "any", "latest": "any"}))
    with db.acting() as session:
        assert wish_of(session, [marta.id]) == Wish()
    assert rows(superuser, "select count(*), count(replaced_at) from preference") == [(2, 1)]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"days_off": [str(n) for n in range(1, 8)]}, "Leave at least one day"),
        ({"earliest": "17:00", "latest": "18:00"}, "Leave at least two hours"),
        ({"earliest": "18:00", "latest": "09:00"}, "Leave at least two hours"),
        ({"channel": "pigeon"}, "Choose how we write to you"),
        ({"days_off": ["8"]}, "Choose one of the answers"),
    ],
)
def test_wishes_that_leave_no_room_are_refused_and_the_remedy_named(
    changed: dict[str, Any], words: str, browser: FlaskClient, superuser: Connection
) -> None:
    answer: Any = post(browser, "/reach", **(WISHES | changed))
    assert answer.status_code == 422 and words in answer.get_data(as_text=True)
    assert rows(superuser, "select from preference") == []


@pytest.mark.parametrize(
    ("changed", "saved"),
    [
        ({"earliest": "any", "latest": "08:00"}, False),
        ({"earliest": "20:00", "latest": "any"}, False),
        ({"earliest": "19:00", "latest": "any"}, False),
        ({"days_off": ["1", "2", "3", "4", "5", "6"]}, False),
        ({"days_off": ["1", "2", "3", "4", "5"], "earliest": "16:00", "latest": "any"}, False),
        ({"days_off": ["1", "2", "3", "4", "5"], "earliest": "15:00", "latest": "any"}, True),
        ({"earliest": "18:00", "latest": "any"}, True),
        ({"days_off": ["1", "2", "3", "4", "6", "7"]}, True),
    ],
)
def test_wishes_that_leave_only_hours_at_which_the_law_lets_nobody_write_are_refused(
    changed: dict[str, Any], saved: bool, browser: FlaskClient, superuser: Connection
) -> None:
    answer: Any = post(browser, "/reach", **(WISHES | changed))
    assert answer.status_code == (303 if saved else 422)
    assert ("the law does not let us write then" in answer.get_data(as_text=True)) is not saved
    assert len(rows(superuser, "select from preference")) == int(saved)


def test_who_asks_for_mail_after_ending_it_gets_mail_again(browser: FlaskClient, db: Database, app: Evenly, marta: Person) -> None:
    at = app.extensions["clock"].now()
    with db.acting() as session:
        permission.withdraw(session, "email", ADDRESS, because="link", by=Actor("debtor", marta.id), at=at)
    post(browser, "/reach", **WISHES)
    with db.acting() as session:
        assert not permission.withdrawn(session, "email", [ADDRESS])


def test_mail_cannot_be_chosen_without_an_address(app: Evenly, db: Database) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session), mobile="+447700900146")
    answer: Any = post(sign_in(app, db, person), "/reach", **WISHES)
    assert answer.status_code == 422 and "no email address for you yet" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("channel", "typed", "norm", "old", "kind"),
    [("sms", "07700 900777", NEW, NUMBER, "mobile"), ("email", " New@Example.org ", "new@example.org", ADDRESS, "email")],
)
def test_a_new_contact_counts_once_its_code_is_entered_and_takes_the_old_ones_place(
    channel: str, typed: str, norm: str, old: str, kind: str, browser: FlaskClient, app: Evenly, db: Database,
    superuser: Connection,
) -> None:  # fmt: skip
    before = contacts(superuser)
    answer: Any = post(browser, f"/reach/{channel}", value=typed)
    assert answer.status_code == 303 and answer.location == "/reach/code"
    sent = carried(app, db)
    assert [to for to, _ in sent] == [norm]
    assert contacts(superuser) == before, "nothing counts before the code"
    wrong: Any = post(browser, "/reach/code", code="000000" if digits(sent) != "000000" else "111111")
    assert wrong.status_code == 422 and contacts(superuser) == before
    assert post(browser, "/reach/code", code=digits(sent)).status_code == 303  # type: ignore[attr-defined]
    assert (kind, old, "creditor", False) in contacts(superuser) and (kind, norm, "person", True) in contacts(superuser)
    ((_, facts),) = told(superuser, "contact.corrected")
    assert facts == {"kind": kind, "source": "person"} and norm not in str(told(superuser))
    again: Any = browser.get("/reach/code")
    assert again.status_code == 303, "a code is used once"


def test_the_code_of_a_new_contact_signs_nobody_in_and_the_one_that_signs_in_proves_nothing(
    app: Evenly, db: Database, marta: Person
) -> None:
    now = app.extensions["clock"].real()
    with db.acting() as session:
        code.ask_to_prove(session, browser="proves", person=marta.id, kind="mobile", value=NEW, value_norm=NEW,
                          allowed=True, now=now)  # fmt: skip
        to = code.way(receiving(session, live_contacts(session, [marta.id]), now), "sms", bytes(32))
        code.ask(session, browser="signs in", person=marta.id, to=to, allowed=True, now=now)
    assert sorted(to for to, _ in carried(app, db)) == sorted([NEW, NUMBER])
    with db.acting() as session:
        assert code.count_try(session, "proves", now) is None
        assert code.count_try(session, "signs in", now, proves=True) is None
        assert code.to_prove(session, "signs in") is None
        for browser, proves in (("proves", True), ("signs in", False)):
            tried = code.count_try(session, browser, now, proves=proves)
            assert tried is not None and tried.kept is not None


def test_nobody_elses_browser_proves_it(browser: FlaskClient, app: Evenly, db: Database, superuser: Connection) -> None:
    post(browser, "/reach/sms", value="07700 900777")
    proof = digits(carried(app, db))
    with db.acting() as session:
        stranger = a_person(session, a_creditor(session), mobile="+447700900199", ref="other", name="Owen Ridley")
    theirs = a_browser(app, db, stranger)
    assert theirs.get("/reach/code").status_code == 303
    post(theirs, "/reach/sms", value="07700 900778")
    answer: Any = post(theirs, "/reach/code", code=proof)
    assert answer.status_code == 422 and (NEW, "person") not in [(v, s) for _, v, s, _ in contacts(superuser)]


def test_five_wrong_codes_and_ten_minutes_end_it(browser: FlaskClient, app: Evenly, db: Database, clock: SetClock, superuser: Connection) -> None:
    for _ in range(2):
        post(browser, "/reach/sms", value="07700 900777")
        proof = digits(carried(app, db))
        for _ in range(5):
            post(browser, "/reach/code", code="000000" if proof != "000000" else "111111")
        answer: Any = post(browser, "/reach/code", code=proof)
        assert answer.status_code == 422
    assert NEW not in [value for _, value, _, _ in contacts(superuser)]


def test_a_visit_that_began_long_ago_changes_nothing(browser: FlaskClient, app: Evenly, db: Database, clock: SetClock, superuser: Connection) -> None:
    clock.pass_by(minutes=11)
    answer: Any = post(browser, "/reach/sms", value="07700 900777")
    assert answer.status_code == 422 and "sign in again" in answer.get_data(as_text=True)
    assert rows(superuser, "select from code_request where new_norm is not null") == []


@pytest.mark.parametrize(("channel", "typed"), [("sms", "12"), ("sms", "020 7946 0000"), ("sms", NUMBER), ("email", "nobody"), ("email", ADDRESS.upper())])
def test_what_no_message_reaches_or_is_known_already_is_refused(channel: str, typed: str, browser: FlaskClient, app: Evenly, db: Database) -> None:
    answer: Any = post(browser, f"/reach/{channel}", value=typed)
    assert answer.status_code == 422 and "There is a problem" not in answer.get_data(as_text=True)
    assert carried(app, db) == []


def test_a_number_is_not_texted_more_than_three_times_an_hour(browser: FlaskClient) -> None:
    statuses = [post(browser, "/reach/sms", value="07700 900777").status_code for _ in range(4)]  # type: ignore[attr-defined]
    assert statuses == [303, 303, 303, 429]


def test_a_new_number_gets_no_code_to_sign_in_for_a_day(
    browser: FlaskClient, app: Evenly, db: Database, marta: Person, clock: SetClock, superuser: Connection
) -> None:
    post(browser, "/reach/sms", value="07700 900777")
    post(browser, "/reach/code", code=digits(carried(app, db)))
    for waited, to in ((0, ADDRESS), (25, NEW)):
        clock.pass_by(hours=waited)
        find(app.test_client(), marta.case_ref)
        assert [each for each, words in carried(app, db) if "code" in words] == [to]


def test_the_page_is_linked_and_shows_where_each_contact_comes_from(browser: FlaskClient) -> None:
    assert 'href="/reach"' in browser.get("/").get_data(as_text=True)
    page = browser.get("/reach").get_data(as_text=True)
    assert ADDRESS in page and "From a company you owe, 24 November 2026." in page
