"""Terms: what a person agrees to with a plan, in words; shown before the button, kept, and printed in the agreement.

The words are the same wherever they stand, so their *fingerprint* (SHA-256) proves which text was agreed to: the
page sends it back with the button, and what is kept is what was shown.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.arrangements.arrangement import TOLERANCE
from cases.arrangements.schedule import Schedule
from cases.law.rules import pack
from messaging.tongue import Tongue
from messaging.words import EACH, KINDS

UNSEEN: Final = frozenset({
    "council_tax", "business_rates", "parking", "garden_waste", "care_alarm", "service_charge", "overpayment",
})  # fmt: skip
"""Kinds of debt that credit reference agencies are mostly not told about; of any other a creditor may tell them."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A debt of a plan: whose, what, which, in which country its creditor is, and what the plan brings to it.

    `interest` of that is the plan's, at the yearly `rate` in per cent on a `base`. Sums in minor units.
    """

    creditor: str
    kind: str
    ref: str
    country: str
    minor: int
    interest: int = 0
    rate: Decimal | None = None
    base: int = 0


@dataclass(frozen=True, slots=True)
class Deal:
    """A plan as its terms need it: every payment (day, minor units), and the debts."""

    currency: str
    rhythm: str
    tolerance_days: int
    payments: Sequence[tuple[date, int]]
    debts: Sequence[Covered]

    @property
    def total(self) -> int:
        """All payments together, minor units."""
        return sum(minor for _, minor in self.payments)

    @property
    def bearing(self) -> list[Covered]:
        """The debts that bear interest in this plan."""
        return [each for each in self.debts if each.interest]


def deal_of(
    session: Session,
    schedule: Schedule[int],
    accounts: Iterable[int],
    *,
    currency: str,
    rhythm: str,
    tolerance_days: int = TOLERANCE,
) -> Deal:
    """The deal of a schedule that is not agreed yet, over its accounts in the plan's order."""
    order = list(accounts)
    found = {row.id: row for row in session.execute(_DEBTS, {"accounts": order})}
    borne = {each.key: (each.minor, each.rate, each.base) for each in schedule.interest}
    debts = [Covered(row.creditor, row.kind, row.ref, row.country, schedule.minor_of(account), *borne.get(account, ()))
             for account in order if (row := found.get(account)) is not None]  # fmt: skip
    return Deal(currency, rhythm, tolerance_days, [(each.due_on, each.minor) for each in schedule.instalments], debts)


def terms_words(deal: Deal, tongue: Tongue, us: str) -> list[str]:
    """The terms as whoever agrees says them, one paragraph each; `us` is our name. Pure."""
    _ = tongue._
    total = tongue.money(deal.total, deal.currency)
    words = [
        _("I pay %(payments)s", payments=_payments(deal, tongue)),
        _("Together I pay %(total)s: %(debts)s.", total=total, debts=_debts(deal, tongue)),
        *_what_holds(deal, tongue, us),
        _("I can ask to change or end this plan at any time. It costs nothing."),
        _("I owe these debts, and I want to pay them this way."),
    ]
    if restarts_limitation(each.country for each in deal.debts):
        words.append(limitation_words(tongue))
    return words


def told_words(deal: Deal, tongue: Tongue, us: str) -> list[str]:
    """The same for somebody who owes together with whoever agreed, and said nothing themselves. Pure."""
    _ = tongue._
    total = tongue.money(deal.total, deal.currency)
    return [
        _("The plan pays %(payments)s", payments=_payments(deal, tongue)),
        _("Together it pays %(total)s: %(debts)s.", total=total, debts=_debts(deal, tongue)),
        *_what_holds(deal, tongue, us),
    ]


def fingerprint(words: Sequence[str]) -> str:
    """The SHA-256, in hex, of the terms."""
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


def restarts_limitation(countries: Iterable[str]) -> bool:
    """Whether agreeing or paying starts limitation anew in one of these countries."""
    return any((law := pack(country)) is not None and law.limitation_restarts for country in countries)


def limitation_words(tongue: Tongue) -> str:
    """What a person must know before agreeing or paying where limitation then starts anew."""
    _ = tongue._
    return _("In Sweden a debt can be claimed for some years only.") + " " + _(
        "When you agree to pay it, or pay a part, that time starts anew."
    )


def _debts(deal: Deal, tongue: Tongue) -> str:
    _ = tongue._
    return "; ".join(
        _("%(sum)s to %(debt)s", sum=tongue.money(each.minor, deal.currency), debt=called(each, tongue))
        for each in deal.debts
    )


def called(debt: Covered, tongue: Tongue) -> str:
    """What a debt is called: its creditor, its kind, its reference."""
    return ", ".join((debt.creditor, tongue.word(KINDS, debt.kind, tongue._("A bill")), debt.ref))


def _what_holds(deal: Deal, tongue: Tongue, us: str) -> list[str]:
    """Interest, charges, a missed payment, credit files."""
    _, _n = tongue._, tongue._n
    return [
        *_interest(deal, tongue),
        _n("A payment counts as missed %(num)s day after its day.",
           "A payment counts as missed %(num)s days after its day.", deal.tolerance_days)
        + " " + _("Then %(us)s asks how it can help. If it stays missed, the plan can end.", us=us),
        _credit_files(deal, tongue, us),
    ]  # fmt: skip


def _interest(deal: Deal, tongue: Tongue) -> list[str]:
    """What the plan adds to the debts, and what it does not."""
    _ = tongue._
    if not deal.bearing:
        return [_("This plan adds no interest and no charge. That is so also when a payment comes late.")]
    return [
        *(
            _("Of this, %(sum)s is interest: %(rate)s a year on %(base)s, for %(debt)s.", debt=called(each, tongue),
              sum=tongue.money(each.interest, deal.currency), base=tongue.money(each.base, deal.currency),
              rate=tongue.percent(each.rate or Decimal(0)))
            for each in deal.bearing
        ),
        _("It is counted each day on what is still left, and stands in the last payment.") + " "
        + _("It never grows above this. It gets less when money comes sooner, or while a hold stops it."),
        _("This plan adds no other charge. That is so also when a payment comes late."),
    ]  # fmt: skip


def _payments(deal: Deal, tongue: Tongue) -> str:
    _ = tongue._
    (first_on, first), (last_on, last) = deal.payments[0], deal.payments[-1]
    begins, ends = tongue.day(first_on), tongue.day(last_on)
    if len(deal.payments) == 1:
        return _("%(sum)s once, on %(day)s.", sum=tongue.money(first, deal.currency), day=begins)
    regular = deal.payments[1][1] if len(deal.payments) > 2 else first
    words = _("%(sum)s %(each)s, in %(count)s payments.", sum=tongue.money(regular, deal.currency),
              each=tongue.word(EACH, deal.rhythm), count=len(deal.payments))  # fmt: skip
    if first != regular:
        words += " " + _("The first is %(sum)s, on %(day)s.", sum=tongue.money(first, deal.currency), day=begins)
    else:
        words += " " + _("The first is on %(day)s.", day=begins)
    return words + " " + _("The last is %(sum)s, on %(day)s.", sum=tongue.money(last, deal.currency), day=ends)


def _credit_files(deal: Deal, tongue: Tongue, us: str) -> str:
    """How the plan will appear on credit files: factual (FCA PS24/2)."""
    _ = tongue._
    words = _("%(us)s tells no credit reference agency about this plan.", us=us)
    if all(each.kind in UNSEEN for each in deal.debts):
        return words + " " + _("Debts of this kind are mostly not seen there.")
    words += " " + _("A creditor may do so. It can then be seen there as an arrangement.")
    if all(each.country == "GB" for each in deal.debts):
        return words + " " + _("It stays there for up to six years.")
    return words + " " + _("Ask the creditor how long it stays there.")


_DEBTS: Final = text("""
select a.id, c.name as creditor, coalesce(t.debt_type, '') as kind, a.ref, c.country
from account a join creditor c on c.id = a.creditor_id
left join account_terms t on t.account_id = a.id and t.replaced_at is null where a.id = any(:accounts)
""")
