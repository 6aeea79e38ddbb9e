"""Income and spending at the desk: one form with the portal's, begun here and gone on with there, and back."""

from __future__ import annotations

from cases.arrangements import assessment
from cases.arrangements import statement_of_affairs as affairs
from cases.arrangements.standard_statement import SECTIONS, lines_of
from cases.history import Actor
from cases.people.person import Person
from portal.collector.affairs import REASONS
from tests.cases.arrangements.households import MONTH, finished, told
from tests.factories import AT
from tests.portal.collector.conftest import Desk, words_of
from tests.portal.doors import post, sign_in


def test_a_collector_asks_page_by_page_and_finishes_a_version(desk: Desk) -> None:
    priya, at = desk.browser("priya"), desk.case("idris", "/income")
    assert f'href="{at}"' in priya.get(desk.case("idris")).text
    assert priya.get(f"{at}/food").headers["Location"] == at
    assert post(priya, at, currency="GBP").headers["Location"] == f"{at}/household"
    for section in SECTIONS:
        typed = {line: f"{MONTH[line] / 100:.2f}" for line in lines_of(section) if line in MONTH}
        answer = post(priya, f"{at}/{section}", **typed)
        assert answer.status_code == 303, section
    assert answer.headers["Location"] == f"{at}/check"
    assert "Rent £520.00 every month" in words_of(priya.get(f"{at}/check"))
    where = post(priya, f"{at}/check").headers["Location"]
    assert post(priya, f"{at}/check", on=at).headers["Location"] == where, "a double click"
    shown = words_of(priya.get(where))
    assert "Left each month £189.96" in shown and "Told on the telephone and finished by Priya Nand" in shown
    history = words_of(priya.get(desk.case("idris")))
    assert "Income and spending told Priya Nand Version 1." in history and "1,807" not in history
    with desk.db.acting() as session:
        [row] = affairs.versions_of(session, [desk.ids["idris"]])
        assert row.finished_by == f"collector:{desk.ids['priya']}"


def test_what_cannot_be_read_stays_and_the_person_goes_on_with_it(desk: Desk) -> None:
    priya, at = desk.browser("priya"), desk.case("idris", "/income")
    post(priya, at, currency="GBP")
    answer = post(priya, f"{at}/food", **{"groceries": "about 60", "groceries-often": "weekly"})
    assert answer.status_code == 422 and "Groceries: write a number, like 62 or 62.50" in words_of(answer)
    assert post(priya, f"{at}/home", rent="520", do="stop").headers["Location"] == at
    assert "The person can go on with it in the portal, too." in words_of(priya.get(at))
    with desk.db.acting() as session:
        idris = session.get_one(Person, desk.ids["idris"])
    theirs = sign_in(desk.app, desk.db, idris)
    assert 'value="about 60"' in theirs.get("/income/food").text and 'value="520"' in theirs.get("/income/home").text
    post(theirs, "/income/home", rent="530")
    assert 'value="530"' in priya.get(f"{at}/home").text


def test_a_version_of_another_case_is_not_found(desk: Desk) -> None:
    priya, at = desk.browser("priya"), desk.case("idris", "/income")
    post(priya, at, currency="GBP")
    for section in SECTIONS:
        post(priya, f"{at}/{section}")
    where = post(priya, f"{at}/check").headers["Location"]
    number = where.rpartition("/")[2]
    assert priya.get(desk.case("rosalind", f"/income/version/{number}")).status_code == 404
    assert priya.get(f"{at}/nothing").status_code == 404
    assert desk.browser("ops").get(where).status_code == 404


def test_the_case_says_how_a_proposal_was_judged_and_offers_what_is_left(desk: Desk) -> None:
    idris = desk.ids["idris"]
    own = Actor("debtor", idris)
    with desk.db.acting() as session:
        month = {"client-salary-or-wages": 1200_00, "rent": 1000_00, "debt-admin-fee": 130_00}
        finished(session, idris, told(month), by=own, at=AT)
        assert not assessment.settle(session, desk.ids["proposal"], at=AT)
    priya = desk.browser("priya")
    shown = words_of(priya.get(desk.case("idris")))
    assert "More than is left £60.00 a month is asked, £50.00 is left." in shown
    assert "It is more than is left each month. The creditor has set no limits." in shown
    offer = priya.get(desk.case("idris", f"/offer/{desk.ids['proposal']}?available=yes")).text
    assert 'name="amount" value="50.00"' in offer


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(assessment.REASONS)
