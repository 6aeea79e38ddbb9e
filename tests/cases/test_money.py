"""Money is exact, and every split adds up."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.money import LARGEST_MINOR, Money, decimals_of, equal_parts, parts_of, shares, total
from cases.refusal import Refusal
from tests.cases.facts import facts

minor_units = st.integers(min_value=0, max_value=10**12)


@given(st.integers(-LARGEST_MINOR, LARGEST_MINOR), st.sampled_from(["GBP", "JPY", "KWD", "SEK"]))
def test_a_decimal_string_parses_back_to_the_same_amount(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.parse(money.decimal_string(), currency) == money


@given(st.integers(-(10**15), 10**15), st.sampled_from(["GBP", "JPY", "KWD"]))
def test_a_decimal_string_is_the_amount_at_the_currencys_exponent(minor: int, currency: str) -> None:
    assert Decimal(Money(minor, currency).decimal_string()) == Decimal(minor).scaleb(-decimals_of(currency))


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        ("1234.50", "GBP", 123450),
        ("0.05", "PLN", 5),
        ("-0.05", "SEK", -5),
        ("12", "CZK", 1200),
        ("12.5", "EUR", 1250),
        (" 12.50 ", "USD", 1250),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("0", "GBP", 0),
        ("-0.00", "GBP", 0),
        ("00012.00", "GBP", 1200),
    ],
)
def test_a_strict_decimal_is_read(value: str, currency: str, minor: int) -> None:
    assert Money.parse(value, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("value", "currency", "code"),
    [
        ("1,234.50", "GBP", "money.not_an_amount"),
        ("12,50", "GBP", "money.not_an_amount"),
        ("+12.50", "GBP", "money.not_an_amount"),
        ("1e3", "GBP", "money.not_an_amount"),
        ("NaN", "GBP", "money.not_an_amount"),
        (".50", "GBP", "money.not_an_amount"),
        ("12.", "GBP", "money.not_an_amount"),
        ("£12.50", "GBP", "money.not_an_amount"),
        ("12 .50", "GBP", "money.not_an_amount"),
        ("\u0661\u0662", "GBP", "money.not_an_amount"),
        ("\u221212.50", "GBP", "money.not_an_amount"),
        ("", "GBP", "money.not_an_amount"),
        ("-", "GBP", "money.not_an_amount"),
        ("12.500", "GBP", "money.too_many_decimals"),
        ("500.0", "JPY", "money.too_many_decimals"),
        ("92233720368547758.08", "GBP", "money.too_large"),
        ("9" * 10_000, "GBP", "money.too_large"),
        ("1.00", "gbp", "money.unknown_currency"),
        ("1.00", "ZZZ", "money.unknown_currency"),
    ],
)
def test_what_is_not_a_strict_decimal_is_refused(value: str, currency: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        Money.parse(value, currency)
    assert refused.value.code == code


def test_a_float_or_a_truth_value_is_no_amount() -> None:
    for wrong in (1.0, True, Decimal(1)):
        with pytest.raises(TypeError):
            Money(wrong, "GBP")  # type: ignore[arg-type]


def test_two_currencies_never_mix() -> None:
    for mixed in (
        lambda: Money(1, "GBP") + Money(1, "SEK"),
        lambda: Money(1, "GBP") - Money(1, "SEK"),
        lambda: Money(1, "GBP") < Money(1, "SEK"),
        lambda: total([Money(1, "SEK")], "GBP"),
    ):
        with pytest.raises(ValueError, match="do not mix"):
            mixed()
    assert Money(1, "GBP") != Money(1, "SEK")


@pytest.mark.parametrize(("given_", "expected"), facts("pro_rata"))
def test_an_offer_is_shared_by_largest_remainder(given_: Any, expected: Any) -> None:
    owed = [Money.parse(amount, "GBP").minor for amount in given_["debts"].values()]
    found = shares(Money.parse(given_["offer"], "GBP").minor, owed)
    named = {name: Money(minor, "GBP").decimal_string() for name, minor in zip(given_["debts"], found, strict=True)}
    assert named == expected["shares"]


@given(minor_units, st.lists(minor_units, max_size=12))
def test_shares_add_up_and_never_exceed_what_is_owed(offer: int, owed: list[int]) -> None:
    found = shares(offer, owed)
    assert sum(found) == min(offer, sum(owed))
    assert all(0 <= share <= debt for share, debt in zip(found, owed, strict=True))
    if sum(owed):
        # None is a whole unit away from its exact proportion.
        for share, debt in zip(found, owed, strict=True):
            assert abs(share * sum(owed) - min(offer, sum(owed)) * debt) < sum(owed)


@pytest.mark.parametrize(("given_", "expected"), facts("instalments"))
def test_parts_of_a_wished_amount(given_: Any, expected: Any) -> None:
    parts = parts_of(Money.parse(given_["total"], "GBP").minor, Money.parse(given_["amount"], "GBP").minor)
    found = {
        "count": len(parts),
        "last": Money(parts[-1], "GBP").decimal_string(),
        "sum": Money(sum(parts), "GBP").decimal_string(),
    }
    assert found == expected


@given(minor_units, st.integers(1, 400))
def test_equal_parts_add_up_and_the_last_takes_the_remainder(whole: int, count: int) -> None:
    parts = equal_parts(whole, count)
    assert len(parts) == count
    assert sum(parts) == whole
    assert set(parts[:-1]) <= {whole // count}
    assert 0 <= parts[-1] - whole // count < count


@given(st.integers(1, 10**6), st.integers(10**3, 10**6))
def test_parts_of_a_wish_are_never_above_the_wish(whole: int, each: int) -> None:
    parts = parts_of(whole, each)
    assert sum(parts) == whole
    assert set(parts[:-1]) <= {each}
    assert 0 < parts[-1] <= each


def test_negative_sums_are_not_split() -> None:
    for wrong in (lambda: shares(-1, [1]), lambda: shares(1, [-1]), lambda: equal_parts(-1, 2), lambda: parts_of(5, 0)):
        with pytest.raises(ValueError, match="never negative"):
            wrong()
