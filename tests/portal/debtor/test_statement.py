"""The statement as a page and as a letter: it adds up, nobody else's is found, and it is made once."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from messaging.paper import Letterhead
from portal.app import Evenly
from portal.press import Press
from tests.factories import a_charge, a_creditor, a_payment, a_person, an_account
from tests.portal.debtor.conftest import reckonings, words
from tests.portal.debtor.households import Marta
from tests.portal.doors import SetClock, sign_in, token_of

US = Letterhead("Evenly", "Evenly Example Ltd", None, "my.example.org")


@pytest.fixture
def pressing(app: Evenly, db: Database, clock: SetClock) -> Iterator[Press]:
    """A worker that makes letters as soon as it is woken."""
    press = Press(db, clock, US)  # type: ignore[arg-type]
    app.extensions["wake"] = lambda name: press.run() if name == "papers" else None
    yield press


def test_each_currency_adds_up_from_the_first_day_to_the_last(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    page = sign_in(app, db, home_of_marta.person).get("/statement").text
    assert "Your statement from 1 January 2026 to 24 November 2026" in words(page)
    found = reckonings(page)
    assert found and all(sum(amount for _, amount in rows[:-1]) == rows[-1][1] for rows in found)
    assert found[0][0][0] == "Owed on 1 January" and found[0][-1][0] == "Owed on 24 November"


@pytest.mark.parametrize(
    "asked",
    ["year=2027", "year=1066", "year=x", "first=2026-02-01", "first=2026-02-02&last=2026-02-01", "debt=7&year=2026",
     "first=2026-01-01&last=2026-11-25", "first=x&last=y", "debt=%D9%A1", "debt=0&page=9",
     f"debt={'9' * 5000}", f"year={'9' * 5000}"],
)  # fmt: skip
def test_a_time_that_has_not_been_is_not_found(app: Evenly, db: Database, home_of_marta: Marta, asked: str) -> None:
    assert sign_in(app, db, home_of_marta.person).get(f"/statement?{asked}").status_code == 404


def test_two_days_are_asked_for_and_put_right(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    browser = sign_in(app, db, home_of_marta.person)
    token = token_of(browser.get("/statement/dates").text)

    def choose(first: date, last: date) -> tuple[int, str | None, str]:
        form = {f"{name}-{part}": str(getattr(value, part)) for name, value in (("first", first), ("last", last))
                for part in ("day", "month", "year")}  # fmt: skip
        answer = browser.post("/statement/dates", data={"csrf_token": token} | form)
        return answer.status_code, answer.headers.get("Location"), words(answer.text)

    assert choose(date(2026, 2, 1), date(2026, 3, 31))[:2] == (303, "/statement?first=2026-02-01&last=2026-03-31")
    status, _, told = choose(date(2026, 3, 31), date(2026, 2, 1))
    assert status == 422 and "Choose a last day that is not before the first one" in told
    assert choose(date(2026, 3, 31), date(2026, 11, 25))[0] == 422


def test_a_debt_of_many_lines_has_pages_of_its_own(app: Evenly, db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor, mobile="+447700900146")
        few, many = an_account(session, creditor, person), an_account(session, creditor, person)
        a_charge(session, few, 700, date(2026, 3, 1))
        for n in range(120):
            a_charge(session, many, 100 + n, date(2026, 1, 1) + timedelta(days=n))
    browser = sign_in(app, db, person)
    page = browser.get("/statement?year=2026").text
    assert page.count('<tr role="row"><th scope="row" role="rowheader"><span class="nowrap">') == 1
    assert f"debt={many.id}" in page and "See the 120 lines" in words(page)
    pages = [browser.get(f"/statement?year=2026&debt={many.id}&page={n}") for n in (1, 2, 3)]
    assert [p.status_code for p in pages] == [200, 200, 404]
    assert [p.text.count('<span class="nowrap">') for p in pages[:2]] == [100, 20]


def test_a_letter_is_made_at_once_kept_and_found_under_letters(
    app: Evenly, db: Database, home_of_marta: Marta, pressing: Press
) -> None:
    browser = sign_in(app, db, home_of_marta.person)
    token = token_of(browser.get("/statement").text)
    made = browser.post("/statement?year=2026", data={"csrf_token": token})
    assert made.status_code == 303
    again = browser.post("/statement?year=2026", data={"csrf_token": token})
    assert again.headers["Location"] == made.headers["Location"], "the same words are the same letter"
    large = browser.post("/statement?year=2026", data={"csrf_token": token, "large": "yes"})
    assert large.headers["Location"] != made.headers["Location"]
    page = browser.get(made.headers["Location"])
    assert "Open as PDF" in words(page.text) and "Marta" in words(page.text)
    pdf = browser.get(f"{made.headers['Location']}.pdf")
    assert pdf.mimetype == "application/pdf" and pdf.data.startswith(b"%PDF-")
    assert pdf.headers["Content-Disposition"].startswith('inline; filename="evenly-2026-11-24-')
    assert pdf.headers["Cache-Control"] == "no-store"
    listed = words(browser.get("/letters").text)
    assert listed.count("1 January 2026 to 24 November 2026") >= 2 and "in large print" in listed


def test_a_ledger_put_right_later_is_a_new_letter_and_the_old_one_stays(
    app: Evenly, db: Database, home_of_marta: Marta, pressing: Press
) -> None:
    browser = sign_in(app, db, home_of_marta.person)
    token = token_of(browser.get("/statement").text)
    first = browser.post("/statement?year=2026", data={"csrf_token": token}).headers["Location"]
    before = browser.get(f"{first}.pdf").data
    with db.acting() as session:
        a_payment(session, [(home_of_marta.waste, 500)], date(2026, 11, 2))
    second = browser.post("/statement?year=2026", data={"csrf_token": token}).headers["Location"]
    assert second != first and browser.get(f"{first}.pdf").data == before != browser.get(f"{second}.pdf").data


def test_while_no_worker_is_there_the_letter_can_be_read_and_says_so(
    app: Evenly, db: Database, home_of_marta: Marta, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = sign_in(app, db, home_of_marta.person)
    token = token_of(browser.get("/statement").text)
    monkeypatch.setattr("portal.debtor.letters.WAITS.letter", timedelta(0))
    made = browser.post("/statement?year=2026", data={"csrf_token": token}).headers["Location"]
    page = words(browser.get(made).text)
    assert "The PDF is being made" in page and "Owed on 24 November 2026" in page
    assert browser.get(f"{made}.pdf").status_code == 404


def test_thirty_letters_a_day_are_enough(app: Evenly, db: Database, home_of_marta: Marta, pressing: Press) -> None:
    browser = sign_in(app, db, home_of_marta.person)
    token = token_of(browser.get("/statement").text)
    where = [
        browser.post(f"/statement?first=2026-01-{n:02}&last=2026-03-01", data={"csrf_token": token}).headers["Location"]
        for n in range(1, 32)
    ]
    assert where[-1] == "/letters" and len(set(where)) == 31
    assert "You had 30 letters made today." in words(browser.get("/letters").text)


def test_nobody_elses_letter_is_found(app: Evenly, db: Database, home_of_marta: Marta, pressing: Press) -> None:
    browser = sign_in(app, db, home_of_marta.person)
    token = token_of(browser.get("/statement").text)
    made = browser.post("/statement?year=2026", data={"csrf_token": token}).headers["Location"]
    with db.acting() as session:
        stranger = a_person(session, a_creditor(session), name="Owen Ridley", mobile="+447700900303")
    other = sign_in(app, db, stranger)
    assert [other.get(path).status_code for path in (made, f"{made}.pdf")] == [404, 404]
    assert made not in other.get("/letters").text


def test_a_name_that_our_fonts_lack_goes_to_a_person_once_and_can_be_read_all_the_same(
    app: Evenly, db: Database, superuser: Connection, pressing: Press
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor, name="王小明", mobile="+447700900147")
        a_charge(session, an_account(session, creditor, person), 500, date(2026, 3, 1))
    browser = sign_in(app, db, person)
    token = token_of(browser.get("/statement").text)
    for _ in range(2):
        where = browser.post("/statement?year=2026", data={"csrf_token": token}).headers["Location"]
    assert superuser.execute(text("select state, why from document")).one() == ("failed", "glyph")
    assert superuser.execute(text("select kind from work_item")).scalars().all() == ["document"]
    page = words(browser.get(where).text)
    assert "We could not make a PDF of this letter" in page and "王小明" in page
    assert "There is no PDF" in words(browser.get("/letters").text)
    assert browser.get(f"{where}.pdf").status_code == 404
