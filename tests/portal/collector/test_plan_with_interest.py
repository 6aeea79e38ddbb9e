"""A plan with the interest of a contract: shown, read out, agreed, printed and paid to the same penny."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from cases.arrangements import proposal
from cases.arrangements.arrangement import Arrangement, ArrangementAccount
from cases.arrangements.offer import Terms
from cases.arrangements.paid import next_instalment, paid_to_plans
from cases.arrangements.version import Proposal
from cases.debts.account import Account
from cases.debts.entry import Entry, balance
from cases.history import Actor
from cases.people.person import Person
from messaging.paper import Letterhead, written
from messaging.papers.agreement import agreement_of, agreement_paper
from messaging.papers.recipient import recipient_of
from messaging.tongue import Tongue
from portal import day as day_end
from tests.factories import AT, a_charge, a_creditor, a_payment, a_person, an_account
from tests.portal.collector.conftest import Desk, words_of
from tests.portal.collector.test_plan_page import shown_form
from tests.portal.doors import post, sign_in

US = Letterhead("Evenly", "Evenly Example Ltd", None, "my.example.org")
WISH = {"kind": "plan", "amount": "250", "rhythm": "monthly", "first-day": "1", "first-month": "12", "first-year": "2026"}


@pytest.fixture
def nora(desk: Desk) -> Desk:
    """Nora owes a loan at 5.5 per cent a year, £1,000.00 of it principal, and a bill that bears nothing."""
    with desk.db.acting() as session:
        lender = a_creditor(session, name="Lumen Credit")
        person = a_person(session, lender, name="Nora Quist", mobile="+447700900377")
        loan = an_account(session, lender, person, ref="L77", debt_type="loan", rate=Decimal("5.5"), opened_on=date(2026, 8, 1))
        bill = an_account(session, lender, person, ref="B78", debt_type="energy")
        a_charge(session, loan, 1_000_00, date(2026, 9, 1))
        a_charge(session, bill, 50_00, date(2026, 9, 1))
        desk.ids |= {"nora": person.id, "nora's loan": loan.id, "nora's bill": bill.id}
        desk.refs["nora"] = person.case_ref
    return desk


def both(desk: Desk, **more: object) -> dict[str, object]:
    return WISH | {"accounts": [str(desk.ids["nora's loan"]), str(desk.ids["nora's bill"])], "do": "show"} | more


def agreed(desk: Desk) -> tuple[int, int]:
    """The plan and the interest that it bears."""
    with desk.db.acting() as session:
        plan, minor = session.execute(
            select(ArrangementAccount.arrangement_id, ArrangementAccount.interest)
            .join(Arrangement, Arrangement.id == ArrangementAccount.arrangement_id)
            .where(Arrangement.person_id == desk.ids["nora"], ArrangementAccount.interest.is_not(None))
        ).one()
        return plan, minor


def test_the_tick_is_there_where_a_contract_bears_interest_and_changes_nothing_untouched(nora: Desk) -> None:
    priya = nora.browser("priya")
    page = words_of(priya.get(nora.case("nora", "/plan")))
    assert "Lumen Credit, loan: 5.5% a year. It is counted on the principal alone. With the interest of the contract" in page
    assert "With the interest" not in words_of(priya.get(nora.case("bertram", "/plan")))
    plain = words_of(post(priya, nora.case("nora", "/plan"), **both(nora)))
    assert "In all, 5 payments £1,050.00" in plain and "This plan adds no interest and no charge." in plain


def test_what_is_shown_is_read_out_agreed_printed_and_stands_on_the_persons_page(nora: Desk) -> None:
    priya, where = nora.browser("priya"), nora.case("nora", "/plan")
    shown = post(priya, where, **both(nora, interest="yes"))
    page = words_of(shown)
    [interest] = re.findall(r"Interest, 5\.5% a year (£\d+\.\d\d)", page)
    total = f"£{1_050 + float(interest[1:]):,.2f}"
    assert f"In all, 5 payments {total}" in page
    said = f"Of this, {interest} is interest: 5.5% a year on £1,000.00, for Lumen Credit, Loan, L77."
    assert f"Together I pay {total}" in page and said in page
    assert "It never grows above this." in page and "adds no interest" not in page
    for _ in range(2):  # a double click
        assert priya.post(where, data=shown_form(shown) | {"do": "save"}).location == nora.case("nora")
    plan, minor = agreed(nora)
    assert f"£{minor / 100:.2f}" == interest
    assert f"The last payment holds {interest} of interest." in words_of(priya.get(nora.case("nora")))
    with nora.db.acting() as session:
        to = recipient_of(session, nora.ids["nora"])
        paper = agreement_paper(agreement_of(session, plan, to.people), Tongue("en"), US, to=to, made_on=AT.date(), large=False)
        blocks = {each["kind"]: each for each in paper.json["blocks"]}
        sums = [(str(row["name"]), row["value"]) for row in blocks["sum"]["rows"]]
        assert [value for _label, value in sums] == ["£1,000.00", "£50.00", interest, "£0.00", total]
        assert "Interest of 5.5% a year, L77" in sums[2][0] and said in written(paper.json).replace("\N{NO-BREAK SPACE}", " ")
        assert blocks["table"]["rows"][-1][-1] == "£0.00" and blocks["table"]["rows"][0][-1].startswith("£8")
        person = session.get_one(Person, nora.ids["nora"])
    mine = words_of(sign_in(nora.app, nora.db, person).get("/my-plan"))
    assert f"Interest {interest}, in the last payment. Less if you pay sooner." in mine
    assert f"Interest, 5.5% a year {interest}" in mine and f"In this plan {total}" in mine


def test_an_offer_with_interest_is_told_before_the_yes(nora: Desk) -> None:
    with nora.db.acting() as session:
        asked = proposal.propose(
            session, person=nora.ids["nora"], accounts=[nora.ids["nora's loan"]], key="p", at=AT, by=Actor("debtor", nora.ids["nora"]),
            terms=Terms(100_00, date(2026, 12, 1)),
        ).id  # fmt: skip
    priya, where = nora.browser("priya"), nora.case("nora", f"/offer/{asked}")
    shown = post(priya, where, **both(nora, interest="yes", note="So the loan is done in May."))
    [interest] = re.findall(r"Interest, 5\.5% a year (£\d+\.\d\d)", words_of(shown))
    assert priya.post(where, data=shown_form(shown) | {"do": "save"}).status_code == 303
    with nora.db.acting() as session:
        person = session.get_one(Person, nora.ids["nora"])
        ours = session.scalars(select(Proposal).where(Proposal.person_id == person.id, Proposal.side == "staff")).one()
    browser = sign_in(nora.app, nora.db, person)
    page = browser.get("/my-plan")
    words = words_of(page)
    assert f"The last payment holds {interest} of interest." in words and f"Of this, {interest} is interest" in words
    [terms] = re.findall(r'name="terms" value="([^"]+)"', page.text)
    post(browser, f"/my-plan/{ours.id}/accept", on="/my-plan", terms=terms)
    assert f"£{agreed(nora)[1] / 100:.2f}" == interest


def test_a_promise_with_the_tick_is_refused_beside_it(nora: Desk) -> None:
    page = post(nora.browser("priya"), nora.case("nora", "/plan"), **both(nora, kind="promise", amount="50", interest="yes"))
    assert page.status_code == 422
    assert "A promise bears no interest. Take the tick away, or choose a plan." in words_of(page)
    assert 'href="#interest"' in page.text


def test_one_payment_with_interest_cannot_be_agreed_to_on_its_day_any_more(nora: Desk) -> None:
    by = Actor("debtor", nora.ids["nora"])
    with nora.db.acting() as session:
        accounts, terms = [nora.ids["nora's loan"]], Terms(2_000_00, date(2026, 12, 1), interest=True)
        ours = proposal.propose(session, person=nora.ids["nora"], accounts=accounts, key="o", side="staff", by=by, at=AT, terms=terms)
        plain = Terms(2_000_00, date(2026, 12, 1))
        other = proposal.propose(session, person=nora.ids["nora"], accounts=[nora.ids["nora's bill"]], key="q", by=by, at=AT, terms=plain)
        assert (ours.expires_on, other.expires_on) == (date(2026, 11, 30), date(2026, 12, 1))


@pytest.mark.slow
def test_what_is_posted_stands_in_ledger_statement_and_pages_and_the_last_payment_ends_it(nora: Desk) -> None:
    priya, where = nora.browser("priya"), nora.case("nora", "/plan")
    shown = post(priya, where, **both(nora, interest="yes"))
    priya.post(where, data=shown_form(shown) | {"do": "save"})
    plan, interest = agreed(nora)
    loan = nora.ids["nora's loan"]
    with nora.db.acting() as session:
        person = session.get_one(Person, nora.ids["nora"])
    browser = sign_in(nora.app, nora.db, person)
    for day in (date(2026, 12, 1), date(2027, 1, 4), date(2027, 2, 1), date(2027, 3, 1)):
        pay(nora, day)
    assert day_end.run(nora.db, datetime(2027, 4, 1, 9, tzinfo=UTC)).interest
    nora.clock.at = nora.clock.true = datetime(2027, 4, 1, 9, tzinfo=UTC)
    with nora.db.acting() as session:
        parts = select(Entry.amount).where(Entry.account_id == loan, Entry.kind == "interest")
        posted = list(session.scalars(parts.order_by(Entry.value_date)))
        assert sum(posted) == interest and len(posted) == 5
        owed = sum(sum(parts.values()) for parts in balance(session, [loan, nora.ids["nora's bill"]]).values())
    assert owed == 50_00 + interest
    browser = sign_in(nora.app, nora.db, person)
    assert f"£{owed / 100:.2f}" in words_of(browser.get("/"))
    year = words_of(browser.get("/statement?year=2027"))
    in_2027 = sum(posted[2:])
    assert f"Interest £{in_2027 / 100:.2f}" in year and f"£{owed / 100:.2f}" in year
    pay(nora, date(2027, 4, 1), owed)
    with nora.db.acting() as session:
        assert session.get_one(Arrangement, plan).state == "completed"
        assert sum(sum(parts.values()) for parts in balance(session, [loan, nora.ids["nora's bill"]]).values()) == 0


def pay(desk: Desk, on: date, minor: int = 250_00) -> None:
    """Money for the plan, shared as it is agreed; closes the days before it."""
    at = datetime(on.year, on.month, on.day, 9, tzinfo=UTC)
    day_end.run(desk.db, at)
    with desk.db.acting() as session:
        plan = session.scalars(select(Arrangement.id).where(Arrangement.person_id == desk.ids["nora"])).one()
        due = next_instalment(paid_to_plans(session, [plan], on)[plan])
        assert due is not None and due.left == minor
        a_payment(session, [(session.get_one(Account, share.account), share.left) for share in due.shares if share.left],
                  on, at=at + timedelta(hours=1))
