"""Which component money meets: by the creditor's order, on its own day, never below nought."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.db import Database
from cases.debts import ledger
from cases.debts.ledger import Part
from tests.cases.debts.ledgers import DAY, LATER, clean, never_below, owed_of
from tests.factories import AT, BY, a_charge, a_creditor, a_payment, an_account


@pytest.mark.parametrize(
    ("fees", "expected"),
    [
        ("first", [("cost", 100), ("fee", 250), ("interest", 300), ("principal", 350)]),
        ("last", [("interest", 300), ("principal", 700)]),
        ("apart", [("interest", 300), ("principal", 700)]),
    ],
)
def test_fees_meet_money_first_last_or_not_at_all(fees: str, expected: list[tuple[str, int]]) -> None:
    owed = {"cost": 100, "fee": 250, "interest": 300, "principal": 900}
    assert ledger.split(1000, owed, fees) == [Part(*part) for part in expected]


def test_what_nothing_asks_for_becomes_credit() -> None:
    assert ledger.split(1000, {"principal": 400, "credit": -50}, "first") == [
        Part("principal", 400),
        Part("credit", 600),
    ]
    assert ledger.split(1000, {"fee": 400}, "apart") == [Part("credit", 1000)]
    assert ledger.split(1000, {"interest": 100, "fee": 50}, "last") == [
        Part("interest", 100),
        Part("fee", 50),
        Part("credit", 850),
    ]


def test_a_component_that_is_over_paid_takes_nothing() -> None:
    assert ledger.split(100, {"fee": -30, "principal": 100}, "first") == [Part("principal", 100)]


def test_a_later_fee_claws_no_money_back(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 10000, DAY)
        a_payment(session, [(account, 6000)], DAY)
        a_charge(session, account, 2500, DAY, kind="fee")
        assert owed_of(session, account) == {"principal": 4000, "fee": 2500}
        a_payment(session, [(account, 3000)], LATER)
        assert owed_of(session, account) == {"principal": 3500}
        assert clean(session)


def test_money_meets_what_is_owed_on_its_day_and_no_fee_of_a_later_day(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 10000, DAY)
        a_charge(session, account, 2500, LATER, kind="fee")
        a_payment(session, [(account, 10000)], DAY)
        assert owed_of(session, account) == {"fee": 2500}
        a_charge(session, account, 3000, LATER)
        a_charge(session, account, -1000, DAY, kind="adjustment")
        assert owed_of(session, account) == {"fee": 2500, "principal": 3000, "credit": -1000}
        assert never_below(session, account)


def test_money_that_comes_to_light_late_meets_nothing_that_was_paid_since(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 1000, DAY, kind="fee")
        a_payment(session, [(account, 1000)], LATER)
        a_charge(session, account, 1000, date(2026, 7, 1), kind="fee")
        # the first fee was paid on a later day, and the second was not yet there
        a_payment(session, [(account, 1000)], date(2026, 5, 20))
        assert owed_of(session, account) == {"fee": 1000, "credit": -1000}
        assert never_below(session, account)


def test_what_had_met_a_charge_moves_on_the_day_it_is_taken_back_whatever_is_charged_later(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        first = a_charge(session, account, 1000, DAY)
        a_payment(session, [(account, 1000)], DAY)
        a_charge(session, account, 1000, date(2026, 7, 1))
        ledger.reverse(session, ledger.entry_called(session, creditor.id, first), on=LATER, key="r", by=BY, at=AT)
        assert owed_of(session, account) == {"principal": 1000, "credit": -1000}
        assert ledger.balance(session, [account.id], LATER)[account.id] == {"principal": 0, "credit": -1000}
        assert never_below(session, account) and clean(session)


@pytest.mark.parametrize("fees", ["first", "last", "apart"])
def test_no_component_is_below_nought_on_any_day_in_whatever_order_things_come(db: Database, fees: str) -> None:
    days = st.dates(DAY, LATER)
    charges = st.tuples(st.sampled_from(["charge", "interest", "fee", "cost"]), days, st.integers(1, 40))
    lowers = st.tuples(st.sampled_from(["payment", "adjustment"]), days, st.integers(1, 60))

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(charges | lowers | st.tuples(st.just("reversal"), days, st.integers(0, 9)), max_size=10))
    def holds(acts: list[tuple[str, date, int]]) -> None:
        with db.acting() as session:
            creditor = a_creditor(session, fees=fees)
            account = an_account(session, creditor)
            charged: list[str] = []
            last = DAY  # taken back in the order of their days
            for kind, on, number in acts:
                if kind == "payment":
                    a_payment(session, [(account, number)], on)
                elif kind == "adjustment":
                    a_charge(session, account, -number, on, kind=kind)
                elif kind != "reversal":
                    charged.append(a_charge(session, account, number, on, kind=kind))
                elif charged:
                    entry = ledger.entry_called(session, creditor.id, charged.pop(number % len(charged)))
                    last = max(last, on, entry.value_date)
                    ledger.reverse(session, entry, on=last, key=f"{entry.key} back", by=BY, at=AT)
                assert never_below(session, account)

    holds()


def test_taken_back_before_an_earlier_taking_back_the_sum_is_right_each_day_and_components_from_the_later_one(
    db: Database,
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        one, other = (a_charge(session, account, 1000, date(2026, 5, 1)) for _ in range(2))
        a_payment(session, [(account, 2000)], DAY)
        for key, on in ((one, LATER), (other, date(2026, 5, 20))):
            ledger.reverse(session, ledger.entry_called(session, creditor.id, key), on=on, key=f"{key} back", by=BY, at=AT)

        def owed(on: date) -> dict[str, int]:
            return ledger.balance(session, [account.id], on)[account.id]

        days = [date(2026, 5, 9), DAY, date(2026, 5, 20), date(2026, 5, 31), LATER]
        assert [sum(owed(day).values()) for day in days] == [2000, 0, -1000, -1000, -2000]
        assert owed(LATER) == {"principal": 0, "credit": -2000}
        assert clean(session)
