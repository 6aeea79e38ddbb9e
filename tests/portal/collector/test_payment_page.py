"""Entering a payment: shown to the penny first, booked exactly as shown and once, refused with what to do."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from cases.debts.account import Account
from payments.attempt import PaymentAttempt, shares_of
from tests.factories import a_payment
from tests.portal.addresses import AT_DESK
from tests.portal.collector.conftest import Desk, words_of
from tests.portal.doors import post, statements, token_of


def money(desk: Desk, **changed: object) -> dict[str, object]:
    """What a collector fills in: £25.00 in cash, today, for rent and care alarm."""
    debts = [str(desk.ids["rent"]), str(desk.ids["alarm"])]
    return {"method": "cash", "amount": "25", "on-day": "24", "on-month": "11", "on-year": "2026", "what": "debts",
            "debts": debts, "reference": "Receipt 12", "do": "show"} | changed  # fmt: skip


def shown_form(page: object) -> dict[str, object]:
    """The hidden fields of the form that books what was shown."""
    html = page.get_data(as_text=True)
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html[html.index('id="result"') :]):
        fields.setdefault(name, []).append(value)
    return {"do": "save"} | {name: values if name == "debts" else values[0] for name, values in fields.items()}


def entered(desk: Desk) -> list[PaymentAttempt]:
    with desk.db.acting() as session:
        return list(session.scalars(select(PaymentAttempt).order_by(PaymentAttempt.id)))


def owed(desk: Desk, *names: str) -> list[int]:
    with desk.db.acting() as session:
        return [session.scalar(text("select sum(amount)::bigint from entry where account_id = :a"), {"a": desk.ids[name]})
                for name in names]  # fmt: skip


def test_who_gets_what_is_shown_before_anything_is_booked(desk: Desk) -> None:
    priya = desk.browser("priya")
    assert "Enter a payment" in words_of(priya.get(desk.case("idris")))
    page = words_of(post(priya, desk.case("idris", "/payment"), **money(desk, amount="600")))
    assert "Tidewell Housing, rent £570.00 £0.00 is owed after it" in page
    assert "Ashmere Council, care alarm £30.00 £118.20 is owed after it In all £600.00" in page
    assert "Book £600.00" in page
    assert entered(desk) == [] and owed(desk, "rent", "alarm") == [57_000, 14_820]


def test_a_double_click_books_once_and_the_case_shows_it(desk: Desk) -> None:
    rung: list[str] = []
    desk.app.extensions["wake"] = rung.append
    priya, where = desk.browser("priya"), desk.case("idris", "/payment")
    fields = shown_form(post(priya, where, **money(desk)))
    for _ in range(2):
        answer = priya.post(where, data=fields)
        assert answer.location == desk.case("idris") + "#payments"
        assert "The payment is booked Idris is told that a payment is noted." in words_of(priya.get(desk.case("idris")))
    desk.app.extensions.pop("wake")
    assert "answers" in rung
    (row,) = entered(desk)
    assert (row.state, row.method, row.amount, row.reference) == ("paid", "cash", 25_00, "Receipt 12")
    assert row.made_by == f"collector:{desk.ids['priya']}"
    assert owed(desk, "rent", "alarm") == [57_000 - 25_00, 14_820]
    page = words_of(priya.get(desk.case("idris")))
    assert "Tuesday 24 November 2026 £25.00 In cash, Priya Nand. Receipt 12 Booked" in page
    assert "Payment received £25.00 Priya Nand In cash." in page
    assert page.count("Take back") == 2  # in the list, and at its line


def test_after_all_is_paid_the_same_button_is_still_the_same_payment(desk: Desk) -> None:
    priya, where = desk.browser("priya"), desk.case("bertram", "/payment")
    with desk.db.acting() as session:
        flat = session.scalars(select(Account.id).where(Account.ref == "T9")).one()
    fields = shown_form(post(priya, where, **money(desk, amount="390", debts=[str(flat)])))
    for _ in range(2):
        priya.post(where, data=fields)
        assert "The payment is booked" in words_of(priya.get(desk.case("bertram")))
    assert len(entered(desk)) == 1
    assert "Enter a payment" not in words_of(priya.get(desk.case("bertram")))
    priya.get(where)
    assert "There is nothing that a payment could be for." in words_of(priya.get(desk.case("bertram")))


def test_what_was_not_shown_is_not_booked(desk: Desk) -> None:
    priya, where = desk.browser("priya"), desk.case("idris", "/payment")
    fields = shown_form(post(priya, where, **money(desk)))
    for changed in ({"amount": "26"}, {"method": "cheque"}, {"reference": "another"}, {"on-day": "23"}, {"mark": ""}):
        tampered = priya.post(where, data=fields | changed)
        assert tampered.status_code == 422 and "What is owed has changed." in words_of(tampered), changed
    with desk.db.acting() as session:
        a_payment(session, [(session.get_one(Account, desk.ids["alarm"]), 100)], desk.clock.now().date())
    changed = priya.post(where, data=fields)
    assert changed.status_code == 422 and entered(desk) == []
    assert priya.post(where, data=shown_form(changed)).status_code == 303
    assert len(entered(desk)) == 1


def test_of_two_collectors_who_enter_the_same_money_the_second_sees_that_it_is_there(desk: Desk) -> None:
    priya, tom, where = desk.browser("priya"), desk.browser("tom"), desk.case("idris", "/payment")
    first, second = (shown_form(post(browser, where, **money(desk))) for browser in (priya, tom))
    assert priya.post(where, data=first).status_code == 303
    late = tom.post(where, data=second)
    assert late.status_code == 422 and "What is owed has changed." in words_of(late)
    assert "In cash, Priya Nand." in words_of(tom.get(desk.case("idris")))
    assert len(entered(desk)) == 1


def test_pressed_many_times_at_once_one_payment_is_booked(desk: Desk) -> None:
    priya, tom, where = desk.browser("priya"), desk.browser("tom"), desk.case("idris", "/payment")
    hers, his = (shown_form(post(browser, where, **money(desk, amount="570"))) for browser in (priya, tom))

    def press(fields: dict[str, object], name: str) -> int:
        browser = desk.browser(name)
        token = token_of(browser.get(where).get_data(as_text=True))
        ready.wait()
        return browser.post(where, data=fields | {"csrf_token": token}).status_code

    ready = threading.Barrier(4)
    with ThreadPoolExecutor(4) as pool:
        clicks = [pool.submit(press, fields, name) for fields, name in ((hers, "priya"), (his, "tom")) * 2]
    assert {click.result() for click in clicks} <= {303, 422}
    assert len(entered(desk)) == 1 and owed(desk, "rent") == [0]


def test_a_joint_debtors_case_does_not_book_on_what_was_paid_meanwhile(desk: Desk) -> None:
    priya, tom = desk.browser("priya"), desk.browser("tom")
    rent = [str(desk.ids["rent"])]
    hers = shown_form(post(tom, desk.case("lena", "/payment"), **money(desk, amount="570", debts=rent)))
    his = shown_form(post(priya, desk.case("idris", "/payment"), **money(desk, amount="570", debts=rent)))
    assert priya.post(desk.case("idris", "/payment"), data=his).status_code == 303
    tom.post(desk.case("lena", "/payment"), data=hers)
    assert owed(desk, "rent") == [0] and len(entered(desk)) == 1


def test_for_a_plan_any_sum_follows_its_instalments_and_is_named_for_it(desk: Desk) -> None:
    priya, where = desk.browser("priya"), desk.case("idris", "/payment?currency=PLN")
    page = words_of(priya.get(where))
    assert "The plan that runs over Wierzba Kredyt, loan" in page
    assert "It asks 500.00 zł from 21 December on. Up to 2,000.00 zł." in page
    with desk.db.acting() as session:
        plan = session.scalars(text("select id from arrangement where currency = 'PLN'")).one()
    shown = post(priya, where, **money(desk, what=f"plan:{plan}", amount="620", debts=[]))
    assert "Wierzba Kredyt, loan 620.00 zł 1,380.00 zł is owed after it" in words_of(shown)
    assert "It counts for the plan first." in words_of(shown)
    assert priya.post(where, data=shown_form(shown)).status_code == 303
    (row,) = entered(desk)
    assert (row.purpose, row.arrangement_id, row.currency) == ("plan", plan, "PLN")
    with desk.db.acting() as session:
        assert [(share.account_id, share.amount) for share in shares_of(session, row.id)] == [(desk.ids["loan"], 620_00)]
        assert session.scalars(text("select arrangement_id from payment_named")).all() == [plan]
    assert "3 of 6 payments made. Next: 380.00 zł" in words_of(priya.get(desk.case("idris")))


@pytest.mark.parametrize(("changed", "said", "field"), [
    ({"amount": "700"}, "£700.00 is more than the £698.20 owed there. Enter less.", "amount"),
    ({"amount": "six"}, "Write the amount", "amount"),
    ({"amount": ""}, "Write the amount, like 62 or 62.50", "amount"),
    ({"debts": []}, "Choose at least one debt, and write a sum.", "debts"),
    ({"debts": ["999999"]}, "Choose", "debts"),
    ({"method": ""}, "Choose how the money came", "method"),
    ({"method": "card"}, "Choose", "method"),
    ({"what": "plan:999999"}, "Choose", "what"),
    ({"on-day": "25"}, "Choose a day from 24 November 2025 to 24 November 2026", "on-day"),
    ({"on-year": "2025", "on-day": "23"}, "Choose a day from 24 November 2025 to 24 November 2026", "on-day"),
    ({"reference": "x" * 81}, "80", "reference"),
])  # fmt: skip
def test_what_cannot_be_is_said_beside_its_field(desk: Desk, changed: dict[str, object], said: str, field: str) -> None:
    priya = desk.browser("priya")
    answer = post(priya, desk.case("idris", "/payment"), **money(desk, **changed))
    assert answer.status_code == 422 and said in words_of(answer)
    assert f'href="#{field}' in answer.get_data(as_text=True)
    assert entered(desk) == []


def test_what_is_refused_to_show_is_refused_to_save(desk: Desk) -> None:
    priya, where = desk.browser("priya"), desk.case("idris", "/payment")
    fields = shown_form(post(priya, where, **money(desk)))
    assert priya.post(where, data=fields | {"amount": "700"}).status_code == 422
    assert priya.post(where, data=fields | {"key": ""}).status_code != 303
    assert entered(desk) == []


def test_another_persons_debt_cannot_be_chosen(desk: Desk) -> None:
    priya = desk.browser("priya")
    answer = post(priya, desk.case("bertram", "/payment"), **money(desk, debts=[str(desk.ids["alarm"])]))
    assert answer.status_code == 422
    assert priya.get(AT_DESK + "/case/EV22222222/payment").status_code == 404
    assert desk.browser("ops").get(desk.case("idris", "/payment")).status_code == 404


def test_the_page_asks_as_much_of_many_payments_as_of_one(desk: Desk) -> None:
    priya, where = desk.browser("priya"), desk.case("idris", "/payment")

    def pay(amount: int) -> None:
        assert priya.post(where, data=shown_form(post(priya, where, **money(desk, amount=str(amount))))).status_code == 303

    pay(1)
    with statements(desk.db) as one:
        priya.get(desk.case("idris"))
    for amount in range(2, 14):
        pay(amount)
    with statements(desk.db) as many:
        page = words_of(priya.get(desk.case("idris")))
    assert len(many) == len(one), "\n".join(many)
    assert "Receipt of £13.00" in page and "Receipt of £4.00" in page and "Receipt of £3.00" not in page
