"""A plan on the telephone and an offer of ours: shown first, saved exactly as shown, refused with what to do."""

import re
from datetime import date

import pytest
from sqlalchemy import select

from cases.arrangements import arrangement, limits, proposal
from cases.arrangements.arrangement import Arrangement
from cases.arrangements.assessment import Assessment
from cases.arrangements.offer import Terms
from cases.arrangements.version import Proposal
from cases.debts.account import Account
from cases.history import Actor
from tests.cases.arrangements.households import finished, told
from tests.factories import AT, a_payment
from tests.portal.collector.conftest import Desk, words_of
from tests.portal.doors import post

FIRST = {"first-day": "1", "first-month": "12", "first-year": "2026"}


def wish(desk: Desk, **changed: object) -> dict[str, object]:
    """What a collector fills in."""
    accounts = [str(desk.ids["rent"]), str(desk.ids["alarm"])]
    return {"kind": "plan", "accounts": accounts, "amount": "80", "rhythm": "monthly", **FIRST} | changed


def shown_form(page: object) -> dict[str, object]:
    """The hidden fields of the form that saves what was shown."""
    html = page.get_data(as_text=True)
    html = html[html.index('id="result"') :]
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html):
        fields.setdefault(name, []).append(value)
    return {name: values if name == "accounts" else values[0] for name, values in fields.items()}


def test_a_plan_is_shown_before_anything_is_saved_and_saved_as_it_was_shown(desk: Desk) -> None:
    priya = desk.browser("priya")
    where = desk.case("idris", "/plan")
    shown = post(priya, where, **wish(desk, do="show"))
    page = words_of(shown)
    assert "Each payment £80.00 from Tuesday 1 December The last payment £78.20" in page
    assert "In all, 9 payments £718.20" in page
    assert "Shares of each £80.00 Ashmere Council, care alarm: £16.51 Tidewell Housing, rent: £63.49" in page
    with desk.db.acting() as session:
        assert session.scalars(select(Arrangement.id).where(Arrangement.currency == "GBP")).all() == []
    fields = shown_form(shown)
    for _ in range(2):  # a double click
        assert priya.post(where, data=fields | {"do": "save"}).location == desk.case("idris")
    assert "The plan is saved Idris is told that an answer waits." in words_of(priya.get(desk.case("idris")))
    with desk.db.acting() as session:
        (plan,) = session.scalars(select(Arrangement.id).where(Arrangement.currency == "GBP")).all()
        assert [each.minor for each in arrangement.instalments_of(session, plan)] == [8_000] * 8 + [7_820]
        assert session.get_one(Proposal, desk.ids["proposal"]).state == "superseded"


def test_what_was_not_shown_is_not_saved(desk: Desk) -> None:
    priya = desk.browser("priya")
    where = desk.case("idris", "/plan")
    fields = shown_form(post(priya, where, **wish(desk, do="show")))
    tampered = priya.post(where, data=fields | {"do": "save", "amount": "90"})
    assert tampered.status_code == 422 and "What is owed has changed." in words_of(tampered)
    with desk.db.acting() as session:
        a_payment(session, [(session.get_one(Account, desk.ids["alarm"]), 100)], desk.clock.now().date())
    changed = priya.post(where, data=fields | {"do": "save"})
    assert changed.status_code == 422 and "In all, 9 payments £717.20" in words_of(changed)
    assert priya.post(where, data=shown_form(changed) | {"do": "save"}).status_code == 303


def test_a_promise_is_one_payment(desk: Desk) -> None:
    priya = desk.browser("priya")
    where = desk.case("idris", "/plan")
    shown = post(priya, where, **wish(desk, kind="promise", amount="100", do="show"))
    assert "In all, 1 payment £100.00" in words_of(shown) and "Save this promise" in words_of(shown)
    priya.post(where, data=shown_form(shown) | {"do": "save"})
    # £20.00 that the bank has announced will meet a part of it
    assert ("Promise to pay 0 of 1 payment made. Next: £80.00 on Tuesday 1 December. £20.00 is on its way."
            in words_of(priya.get(desk.case("idris"))))


def test_what_cannot_be_is_said_beside_its_field(desk: Desk) -> None:
    priya = desk.browser("priya")
    where = desk.case("idris", "/plan")

    def said(**changed: object) -> str:
        answer = post(priya, where, **wish(desk, do="show", **changed))
        assert answer.status_code == 422
        return words_of(answer)

    assert "One thing to put right That would be 72 payments. A plan has at most 60." in said(
        amount="10", accounts=[str(desk.ids["rent"]), str(desk.ids["alarm"])])
    past = said(**{"first-day": "23", "first-month": "11"})
    assert "The first payment can be on Tuesday 24 November" in past
    assert "Choose the day of this sum too" in said(upfront="50")
    assert "Choose at least one debt" in said(accounts=[])
    assert "more than the £718.20 in this plan" in said(
        upfront="800", **{"upfront_on-day": "25", "upfront_on-month": "11", "upfront_on-year": "2026"})
    assert "Choose one of the answers in the list" in said(rhythm="daily") or "Choose how often" in said(rhythm="daily")


def test_another_persons_account_cannot_be_chosen(desk: Desk) -> None:
    priya = desk.browser("priya")
    foreign = post(priya, desk.case("bertram", "/plan"), **wish(desk, do="show", accounts=[str(desk.ids["alarm"])]))
    assert foreign.status_code == 422


def test_debts_in_another_currency_have_a_plan_of_their_own(desk: Desk) -> None:
    priya = desk.browser("priya")
    assert "GBP" in words_of(priya.get(desk.case("idris", "/plan")))
    page = words_of(priya.get(desk.case("idris", "/plan?currency=PLN")))
    assert "Wierzba Kredyt, loan 2,000.00 zł owed, in a plan now" in page and "Tidewell" not in page


def test_without_a_debt_there_is_no_plan_to_enter(desk: Desk) -> None:
    priya = desk.browser("priya")
    assert "Enter a plan" not in words_of(priya.get(desk.case("quiet")))
    assert priya.get(desk.case("quiet", "/plan")).location == desk.case("quiet")


def test_an_offer_of_ours_begins_with_what_was_asked_and_waits_for_the_person(desk: Desk) -> None:
    priya = desk.browser("priya")
    where = desk.case("idris", f"/offer/{desk.ids['proposal']}")
    page = priya.get(where).get_data(as_text=True)
    assert 'name="amount" value="60.00"' in page and 'name="first-day"' in page
    shown = post(priya, where, **wish(desk, amount="74.30", note="This ends sooner.", do="show"))
    assert priya.post(where, data=shown_form(shown) | {"do": "save"}).location == desk.case("idris")
    page = words_of(priya.get(desk.case("idris")))
    assert "Our offer: £74.30 a month from 1 December Waits for Idris" in page and "This ends sooner." in page
    with desk.db.acting() as session:
        (ours,) = session.scalars(select(Proposal).where(Proposal.version == 2)).all()
        assert (ours.side, ours.root_id, ours.note) == ("staff", desk.ids["proposal"], "This ends sooner.")
        number = ours.id
    assert priya.get(where).location == desk.case("idris")
    assert "Priya Nand offered something else" in words_of(priya.get(desk.case("idris")))
    post(priya, desk.case("idris", f"/withdraw/{number}"), on=desk.case("idris"))
    assert "The offer is taken back" in words_of(priya.get(desk.case("idris")))


def test_the_person_may_answer_before_us(desk: Desk) -> None:
    priya = desk.browser("priya")
    where = desk.case("idris", f"/offer/{desk.ids['proposal']}")
    shown = post(priya, where, **wish(desk, do="show"))
    with desk.db.acting() as session:
        proposal.withdraw(session, desk.ids["proposal"], by=proposal.Actor("debtor", desk.ids["idris"]),
                          at=desk.clock.now())
    priya.post(where, data=shown_form(shown) | {"do": "save"})
    assert "The person took it back on Tuesday 24 November, 09:30." in words_of(priya.get(desk.case("idris")))


def lives(desk: Desk, left: int) -> None:
    """So much is left to Idris each month."""
    month = {"client-salary-or-wages": 1020_00 + max(left, 180_00), "rent": 1000_00}
    month["debt-admin-fee"] = max(left, 180_00) - left
    with desk.db.acting() as session:
        finished(session, desk.ids["idris"], told(month), by=Actor("debtor", desk.ids["idris"]), at=AT)
        for name in ("rent", "alarm"):
            creditor = session.get_one(Account, desk.ids[name]).creditor_id
            limits.set_limits(session, creditor=creditor, debt_type=None, values={"round_to": 1_00},
                              by=Actor("admin", 1), at=AT)  # fmt: skip


def test_what_is_entered_is_judged_before_and_what_fits_is_said(desk: Desk) -> None:
    priya, where = desk.browser("priya"), desk.case("idris", "/plan")
    assert "fits what they told us" not in words_of(priya.get(where))
    lives(desk, 95_40)
    assert "About £12.00 to £95.00 a month fits what they told us." in words_of(priya.get(where))
    offer = words_of(priya.get(desk.case("idris", f"/offer/{desk.ids['proposal']}")))
    assert "a month fits what they told us." in offer
    page = post(priya, where, **wish(desk, rhythm="weekly", do="show", amount="20"))
    assert "About £3.00 to £22.00 a week fits what they told us." in words_of(page)
    assert "Affordable £86.67 a month is asked, £95.40 is left. What they told us It fits, and" in words_of(page)
    assert "talked it over" not in words_of(page)
    assert priya.post(where, data=shown_form(page) | {"do": "save"}).status_code == 303
    with desk.db.acting() as session:
        [row] = session.scalars(select(Assessment))
        assert (row.verdict, row.available, row.accepted) == ("affordable", 95_40, False)


@pytest.mark.parametrize(("left", "verdict"), [(50_00, "More than is left"), (-10_00, "Nothing is left")])
def test_what_is_more_than_is_left_is_entered_once_it_was_talked_over(left: int, verdict: str, desk: Desk) -> None:
    lives(desk, left)
    priya, where = desk.browser("priya"), desk.case("idris", "/plan")
    shown = post(priya, where, **wish(desk, do="show"))
    assert f"{verdict} £80.00 a month is asked" in words_of(shown)
    assert "I have talked it over: it is more than is left each month" in words_of(shown)
    refused = priya.post(where, data=shown_form(shown) | {"do": "save"})
    assert refused.status_code == 422 and 'href="#talked_over"' in refused.text
    assert "This is more than is left each month. Talk it over, then tick the box." in words_of(refused)
    with desk.db.acting() as session:
        assert session.scalars(select(Assessment)).all() == []
    answer = priya.post(where, data=shown_form(refused) | {"do": "save", "talked_over": "yes"})
    assert answer.location == desk.case("idris")
    page = words_of(priya.get(desk.case("idris")))
    assert "Judged by rule Priya Nand More than is left. It was talked over before it was entered." in page


def test_the_case_says_what_either_side_said_before(desk: Desk) -> None:
    priya = desk.browser("priya")
    where = desk.case("idris", f"/offer/{desk.ids['proposal']}")
    shown = post(priya, where, **wish(desk, amount="74.30", do="show"))
    assert priya.post(where, data=shown_form(shown) | {"do": "save"}).status_code == 303
    assert "Before They asked for £60.00 a month from" in words_of(priya.get(desk.case("idris")))
    with desk.db.acting() as session:
        accounts = [desk.ids["rent"], desk.ids["alarm"]]
        proposal.propose(session, person=desk.ids["idris"], accounts=accounts, terms=Terms(65_00, date(2026, 12, 1)),
                         key="again", by=Actor("debtor", desk.ids["idris"]), at=desk.clock.now())  # fmt: skip
    page = words_of(priya.get(desk.case("idris")))
    assert "Before We offered £74.30 a month from 1 December. They asked for £60.00 a month from" in page


def test_an_offer_that_was_declined_comes_back_and_is_done_by_the_next_plan(desk: Desk) -> None:
    priya, where = desk.browser("priya"), desk.case("idris", f"/offer/{desk.ids['proposal']}")
    priya.post(where, data=shown_form(post(priya, where, **wish(desk, amount="74.30", do="show"))) | {"do": "save"})
    with desk.db.acting() as session:
        ours = session.scalars(select(Proposal).where(Proposal.version == 2)).one()
        proposal.decline(session, ours.id, by=Actor("debtor", desk.ids["idris"]), at=desk.clock.now())
    page = words_of(priya.get(desk.case("idris")))
    assert "Offer not taken They said no to our offer: £74.30 a month from 1 December. Ask what would fit." in page
    entered = post(priya, desk.case("idris", "/plan"), **wish(desk, do="show"))
    priya.post(desk.case("idris", "/plan"), data=shown_form(entered) | {"do": "save"})
    assert "Offer not taken" not in words_of(priya.get(desk.case("idris")))
