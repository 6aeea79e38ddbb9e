"""Exact money: an amount in the smallest unit of its currency, and how a sum is split.

Minor unit: the smallest unit of a currency, a penny, an öre, a grosz; ISO 4217 says how many
decimals that makes (2 for most, 0 for the yen, 3 for the Kuwaiti dinar). Share: the part of one
offer that a debt gets, in proportion to what is owed. Amounts are whole numbers from end to end;
nothing here touches a float, and every split adds up to what was split.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cases.refusal import refusal_code

NOT_AN_AMOUNT = refusal_code("money.not_an_amount", "value")
TOO_MANY_DECIMALS = refusal_code("money.too_many_decimals", "value", "currency", "decimals")
TOO_LARGE = refusal_code("money.too_large", "value")
UNKNOWN_CURRENCY = refusal_code("money.unknown_currency", "currency")

LARGEST_MINOR = 2**63 - 1
"""The largest number of minor units a row can hold (a PostgreSQL bigint)."""

# ISO 4217, list one (currencies in use) by the number of decimals of the minor unit. Precious
# metals, testing and fund codes are left out: nobody owes them here.
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_TWO_DECIMALS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
    CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
    HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN
    QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
    TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

_DECIMALS = {
    code: decimals
    for decimals, codes in ((0, _NO_DECIMALS), (2, _TWO_DECIMALS), (3, _THREE_DECIMALS))
    for code in codes.split()
}

# One digit at least on both sides of the dot; ASCII digits only; no sign but a minus.
_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")


def decimals_of(currency: str) -> int:
    """How many decimals a currency's minor unit makes (ISO 4217).

    Refuses `money.unknown_currency` for a code that is not in the list; codes are upper case.
    """
    try:
        return _DECIMALS[currency]
    except KeyError:
        raise UNKNOWN_CURRENCY(currency=currency) from None


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount: whole minor units of one currency. It may be negative."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are a whole number, not {type(self.minor).__name__}")
        decimals_of(self.currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in this currency."""
        return cls(0, currency)

    @classmethod
    def parse(cls, value: str, currency: str) -> Money:
        """The amount that a decimal with a dot says, as Evenly's layout files write it: 1234.50.

        Space around it is ignored. Thousands separators, a comma, a plus sign, an exponent and
        more decimals than the currency has are refused, so that no amount is ever guessed.
        Refuses `money.not_an_amount`, `money.too_many_decimals`, `money.too_large`,
        `money.unknown_currency`.
        """
        decimals = decimals_of(currency)
        found = _DECIMAL.fullmatch(value.strip(" \t\r\n"))
        if found is None:
            raise NOT_AN_AMOUNT(value=value)
        sign, whole, fraction = found[1], found[2], found[3] or ""
        if len(fraction) > decimals:
            raise TOO_MANY_DECIMALS(value=value, currency=currency, decimals=decimals)
        digits = (whole + fraction.ljust(decimals, "0")).lstrip("0") or "0"
        # Longer than any bigint: refused before it is turned into a number at all.
        if len(digits) > len(str(LARGEST_MINOR)) or int(digits) > LARGEST_MINOR:
            raise TOO_LARGE(value=value)
        return cls(-int(digits) if sign else int(digits), currency)

    def decimal_string(self) -> str:
        """The amount as a decimal with a dot and all decimals of its currency: 64264.00, -0.05."""
        decimals = decimals_of(self.currency)
        digits = str(abs(self.minor)).rjust(decimals + 1, "0")
        sign = "-" if self.minor < 0 else ""
        if decimals == 0:
            return sign + digits
        return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other).minor

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other).minor

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other).minor

    def _same(self, other: Money) -> Money:
        if not isinstance(other, Money):
            raise TypeError(f"money and {type(other).__name__} do not mix")
        if other.currency != self.currency:
            # Two currencies are never added or compared: a mistake in the program.
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of these amounts, all of this currency; nothing owed makes a zero."""
    result = Money.zero(currency)
    for amount in amounts:
        result = result + amount
    return result


def shares(offer_minor: int, owed: Sequence[int]) -> list[int]:
    """Share one offer over debts in proportion to what is owed on each; all in minor units.

    A share is offer × debt ÷ total rounded down; the units left over go one each to the largest
    remainders, ties in list order. So the shares add up to the offer, or to the debts if those
    are less, and none is more than its debt. (rules 1.5, 3.7) ValueError for a negative figure.
    """
    if offer_minor < 0 or any(debt < 0 for debt in owed):
        raise ValueError("an offer and what is owed are never negative")
    whole = sum(owed)
    if offer_minor >= whole:
        return list(owed)
    parts = [divmod(offer_minor * debt, whole) for debt in owed]
    result = [quotient for quotient, _ in parts]
    # sorted() keeps list order among equal remainders.
    largest_first = sorted(range(len(owed)), key=lambda i: -parts[i][1])
    for i in largest_first[: offer_minor - sum(result)]:
        result[i] += 1
    return result


def equal_parts(whole_minor: int, count: int) -> list[int]:
    """Split a sum into equal parts: rounded down, the last takes the remainder. (rules 1.5)"""
    if whole_minor < 0 or count < 1:
        raise ValueError("a sum is split into at least one part and is never negative")
    each = whole_minor // count
    return [each] * (count - 1) + [whole_minor - each * (count - 1)]


def parts_of(whole_minor: int, each_minor: int) -> list[int]:
    """Split a sum into parts of a wished amount; the last one is what is left. (rules 1.5)

    None is above the wish, so nobody is asked for more than they offered.
    """
    if whole_minor < 0 or each_minor < 1:
        raise ValueError("a sum is never negative and a wished part is at least one unit")
    if whole_minor == 0:
        return []
    full, rest = divmod(whole_minor, each_minor)
    return [each_minor] * full + ([rest] if rest else [])
