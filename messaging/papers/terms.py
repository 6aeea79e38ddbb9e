"""Terms: what a person agrees to with a plan, in words; shown before the button, kept, and printed in the agreement.

The words are the same wherever they stand, so their *fingerprint* (SHA-256) proves which text was agreed to: the
page sends it back with the button, and what is kept is what was shown.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
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
    """A debt of a plan: whose, what, which, in which country its creditor is, and the sum covered in minor units."""

    creditor: str
    kind: str
    ref: str
    country: str
    minor: int


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


def deal_of(
    session: Session,
    schedule: Schedule[int],
    covered: Mapping[int, int],
    *,
    currency: str,
    rhythm: str,
    tolerance_days: int = TOLERANCE,
) -> Deal:
    """The deal of a schedule that is not agreed yet; `covered` holds minor units by account, in the plan's order."""
    found = {row.id: row for row in session.execute(_DEBTS, {"accounts": list(covered)})}
    debts = [Covered(row.creditor, row.kind, row.ref, row.country, minor)
             for account, minor in covered.items() if (row := found.get(account)) is not None]  # fmt: skip
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
        _("%(sum)s to %(creditor)s, %(kind)s, %(reference)s", sum=tongue.money(each.minor, deal.currency),
          creditor=each.creditor, kind=tongue.word(KINDS, each.kind, _("A bill")), reference=each.ref)
        for each in deal.debts
    )  # fmt: skip


def _what_holds(deal: Deal, tongue: Tongue, us: str) -> list[str]:
    """Interest, charges, a missed payment, credit files."""
    _, _n = tongue._, tongue._n
    return [
        _("This plan adds no interest and no charge. That is so also when a payment comes late."),
        _n("A payment counts as missed %(num)s day after its day.",
           "A payment counts as missed %(num)s days after its day.", deal.tolerance_days)
        + " " + _("Then %(us)s asks how it can help. If it stays missed, the plan can end.", us=us),
        _credit_files(deal, tongue, us),
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
