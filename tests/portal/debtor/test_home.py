"""Home: sums by currency with their moments, the one next thing, each debt, and a Why that adds up."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.db import Database
from cases.debts.ledger import give_back
from cases.history import Actor
from cases.people.joint import Liability
from messaging import conversation
from portal.app import Evenly
from tests.factories import AT, BY, a_charge, a_creditor, a_due, a_payment, a_person, a_user, an_account
from tests.portal.debtor.conftest import reckonings, whys, words
from tests.portal.debtor.households import Marta, a_plan, on_its_way
from tests.portal.doors import SetClock, sign_in


def test_each_currency_has_its_own_total(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    page = sign_in(app, db, home_of_marta.person).get("/").text
    assert "In pounds, to 2 creditors" in page
    assert "In Swedish kronor, to one creditor" in page
    totals = [rows for rows in reckonings(page) if rows[0][0] == "Owed now"]
    assert totals == [[("Owed now", 173660)], [("Owed now", 194000)]]


def test_owed_now_on_its_way_and_owed_once_it_arrives_are_rows_of_their_own(
    app: Evenly, db: Database, home_of_marta: Marta
) -> None:
    with db.acting() as session:
        on_its_way(session, home_of_marta.waste, 2000)
    page = sign_in(app, db, home_of_marta.person).get("/").text
    rows = reckonings(page)[0]
    assert rows == [("Owed now", 173660), ("Your payment on its way", -2000), ("Owed once it arrives", 171660)]
    read = words(page)
    assert "Counting everything up to today, Tuesday 24 November" in read
    assert "Card, Tuesday 24 November, 09:30. It should arrive by Monday 30 November." in read


def test_more_on_its_way_than_its_debt_lowers_no_other_debt(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    with db.acting() as session:
        on_its_way(session, home_of_marta.waste, 30000)
    rows = reckonings(sign_in(app, db, home_of_marta.person).get("/").text)[0]
    assert rows[1:] == [("Your payment on its way", -30000), ("More than is owed there", 8800),
                        ("Owed once it arrives", 152460)]  # fmt: skip


def test_every_why_ends_with_the_figure_it_asks_about_and_adds_up(
    app: Evenly, db: Database, home_of_marta: Marta
) -> None:
    page = sign_in(app, db, home_of_marta.person).get("/").text
    asked = whys(page)
    assert len(asked) == 5, "two totals and three overdue figures"
    for figure, rows in asked:
        assert rows[-1][1] == figure
        assert sum(amount for _, amount in rows[:-1]) == figure


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_the_whys_add_up_for_any_book(app: Evenly, db: Database, data: st.DataObject) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor, mobile="+447700900146")
        for _ in range(data.draw(st.integers(1, 3))):
            account = an_account(session, creditor, person)
            if data.draw(st.booleans()):
                for n in range(data.draw(st.integers(1, 12))):
                    a_due(session, account, date(2026, 1, 1) + timedelta(days=30 * n), data.draw(st.integers(1, 9999)))
            for n in range(data.draw(st.integers(1, 4))):
                kind = data.draw(st.sampled_from(["charge", "interest", "fee", "cost"]))
                a_charge(session, account, data.draw(st.integers(1, 9999)), date(2026, 2, 1 + n), kind=kind)
            for n in range(data.draw(st.integers(0, 3))):
                paid = a_payment(session, [(account, data.draw(st.integers(1, 9999)))], date(2026, 3, 1 + n))
                if data.draw(st.booleans()):
                    give_back(session, paid, on=date(2026, 4, 1), key=f"back {paid.id}", by=BY, at=AT)
    browser = sign_in(app, db, person)
    for path in ("/", f"/debt/{account.id}"):
        page = browser.get(path).text
        for figure, rows in whys(page):
            assert rows[-1][1] == figure
            assert sum(amount for _, amount in rows[:-1]) == figure


def test_a_debt_shows_kind_parts_overdue_since_when_and_what_comes_next(
    app: Evenly, db: Database, home_of_marta: Marta
) -> None:
    read = words(sign_in(app, db, home_of_marta.person).get("/").text)
    assert "Tidewell Housing £1,524.60 Rent, TW-14-KESTREL Overdue" in read
    assert "The debt itself £200.00, interest £0.00, fees and costs £12.00." in read
    assert "£1,524.60 has been overdue since Tuesday 1 September." in read
    assert "£484.60" in read.split("Due on 1 September 2026", 1)[1][:12]
    assert "£35.40 of £520.00 is paid." in read
    assert "Next: £520.00 on Tuesday 1 December." in read


def test_many_unmet_payments_are_summed_up_but_the_last_six(app: Evenly, db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor, mobile="+447700900146")
        account = an_account(session, creditor, person)
        for n in range(30):
            a_due(session, account, date(2024, 1, 1) + timedelta(days=30 * n), 1000 + n)
        a_charge(session, account, 40000, date(2024, 1, 1))
    (_, (figure, rows)) = whys(sign_in(app, db, person).get("/").text)
    assert rows[0][0] == "24 earlier payments"
    assert len(rows) == 8
    assert sum(amount for _, amount in rows[:-1]) == figure


def test_paid_debts_are_in_a_closed_list_with_the_day(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    page = sign_in(app, db, home_of_marta.person).get("/").text
    closed = page.split('<details class="closed">', 1)[1].split("</details>", 1)[0]
    assert "Paid debts (1)" in closed
    assert "Wierzba Kredyt, Loan. All paid on 14 March. Thank you." in words(closed)
    assert "zł" not in page, "nothing owed in zloty, so no total"


def test_money_paid_too_much_lowers_no_other_debt_and_is_said(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    with db.acting() as session:
        a_payment(session, [(home_of_marta.waste, 30000)], date(2026, 11, 20))
    page = sign_in(app, db, home_of_marta.person).get("/").text
    assert [("Owed now", 152460)] in reckonings(page)
    assert "You paid £88.00 more than was owed. It is yours." in words(page)


def test_a_debt_paid_ahead_lowers_no_other_debt(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    with db.acting() as session:
        a_payment(session, [(home_of_marta.rent, 152460 + 52000)], date(2026, 11, 20))
    page = sign_in(app, db, home_of_marta.person).get("/").text
    assert [("Owed now", 21200)] in reckonings(page)
    assert "You have paid £520.00 ahead here." in words(page)
    for figure, rows in whys(page):
        assert sum(amount for _, amount in rows[:-1]) == rows[-1][1] == figure


# --------------------------------------------------------------------- the next thing


def the_next_thing(app: Evenly, db: Database, person: object) -> str:
    page = sign_in(app, db, person).get("/").text
    assert page.count('class="sheet next"') == 1, "one next thing, no more"
    return words(page.split('class="sheet next"', 1)[1].split("</section>", 1)[0])


def test_overdue_without_a_plan_leads_to_a_plan(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    assert "Find a plan that fits you" in the_next_thing(app, db, home_of_marta.person)


def test_a_plan_shows_its_next_payment_its_day_and_how_far_it_is(
    app: Evenly, db: Database, home_of_marta: Marta
) -> None:
    with db.acting() as session:
        a_plan(session, home_of_marta.person, home_of_marta.rent, home_of_marta.waste)
    page = sign_in(app, db, home_of_marta.person).get("/").text
    read = words(page)
    assert "Your next payment £80.00 on Tuesday 1 December" in read
    assert "You have made 0 of 22 payments. The plan ends in September 2028." in read
    assert len(re.findall("<i[ >]", page)) == 22, "an even row of twenty-two"
    assert ("After your payment on 1 December", 165660) in reckonings(page)[0]
    assert "Next: £70.23 of your payment on 1 December." in read
    assert "Next: £9.77 of your payment on 1 December." in read


def test_a_missing_payment_is_said_without_blame(
    app: Evenly, db: Database, clock: SetClock, home_of_marta: Marta
) -> None:
    with db.acting() as session:
        a_plan(session, home_of_marta.person, home_of_marta.rent)
    clock.at += timedelta(days=14)
    read = the_next_thing(app, db, home_of_marta.person)
    assert "A payment is missing £80.00 was planned for Tuesday 1 December" in read
    assert "Have you paid it already?" in read


def test_who_owes_nothing_has_nothing_to_do(app: Evenly, db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor, mobile="+447700900146")
        an_account(session, creditor, person)
    page = sign_in(app, db, person).get("/").text
    assert "Nothing to do now" in words(page)
    assert "You owe nothing here" in words(page)


def test_the_next_contractual_payment_stands_where_nothing_is_overdue(app: Evenly, db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor, mobile="+447700900146")
        account = an_account(session, creditor, person)
        a_due(session, account, date(2026, 12, 1), 52000)
        a_charge(session, account, 52000, date(2026, 11, 24))
    assert "Your next payment £520.00 on Tuesday 1 December" in the_next_thing(app, db, person)


def test_an_unread_answer_is_said_beside_it(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    with db.acting() as session:
        user = a_user(session)
        conversation.answer(session, person=home_of_marta.person.id, words="Hello.", key="1",
                            by=Actor("collector", user.id), at=AT)  # fmt: skip
    page = sign_in(app, db, home_of_marta.person).get("/").text
    assert "You have an answer" in page
    assert '<span class="count">1<span class="vh"> new</span></span>' in page


# --------------------------------------------------------------------- joint debts


@pytest.fixture
def joint(db: Database, home_of_marta: Marta) -> object:
    """Owen owes the rent together with Marta."""
    with db.acting() as session:
        owen = a_person(session, home_of_marta.creditors["housing"], name="Owen Pritchard", mobile="+447700900147",
                        born=date(1980, 2, 3))  # fmt: skip
        session.add(Liability(creditor_id=home_of_marta.rent.creditor_id, account_id=home_of_marta.rent.id,
                              person_id=owen.id, role="joint", recorded_at=AT))  # fmt: skip
    return owen


def test_a_joint_tenant_sees_the_shared_debt_and_its_part_of_the_plan_alone(
    app: Evenly, db: Database, home_of_marta: Marta, joint: object
) -> None:
    with db.acting() as session:
        a_plan(session, home_of_marta.person, home_of_marta.rent, home_of_marta.waste)
    browser = sign_in(app, db, joint)
    read = words(browser.get("/").text) + words(browser.get("/my-plan").text)
    assert "You owe this together with someone else." in read
    assert "Your next payment £70.23 on Tuesday 1 December" in read
    assert "£80.00" not in read and "£9.77" not in read
    assert "Ashmere" not in read and "Lyngvik" not in read and "Marta" not in read
    assert browser.get(f"/debt/{home_of_marta.rent.id}").status_code == 200
    assert browser.get(f"/debt/{home_of_marta.waste.id}").status_code == 404


def test_a_plan_on_time_takes_care_of_what_it_covers_and_says_what_it_does_not(
    app: Evenly, db: Database, clock: SetClock, home_of_marta: Marta
) -> None:
    with db.acting() as session:
        a_plan(session, home_of_marta.person, home_of_marta.rent)
    read = words(sign_in(app, db, home_of_marta.person).get(f"/debt/{home_of_marta.rent.id}").text)
    assert "In your plan, on time" in read and "has been overdue" not in read
    assert "Your plan takes care of £1,524.60, due since Tuesday 1 September." in read
    with db.acting() as session:
        a_payment(session, [(home_of_marta.rent, 8000)], date(2026, 12, 1))
    clock.pass_by(days=14)  # the rent of 1 December is not in the plan, and was not paid
    read = words(sign_in(app, db, home_of_marta.person).get(f"/debt/{home_of_marta.rent.id}").text)
    assert "In your plan, on time" not in read
    assert "has been overdue since" in read and "Your plan covers £1,444.60 of it." in read
