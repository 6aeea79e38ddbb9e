"""What a plan may cover, and the schedule that terms would make.

Coverable: of a scheduled account what is overdue, of any other its whole balance (glossary
*arrangement*), both as of the account's own day. Terms: what is wished, by the person or by us.
Draft: terms laid over what is owed; the page shows its schedule and the act saves the same one.

Limits, house rules of our own:
- the first payment is today at the earliest and within 31 days (`LATEST_FIRST`);
- a plan ends within five years: 60 monthly, 65 four-weekly, 130 two-weekly, 260 weekly payments;
- a payment is at least one whole unit of its currency, unless less than that is owed;
- a sum upfront is below the whole, and not later than the first payment;
- a promise has one payment, of at most what is owed, no sum upfront, and no interest.
Accounts stand in the order of their oldest unmet due date, so a sum upfront meets the oldest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.arrangements import schedule
from cases.arrangements.schedule import Dates, Debt, Limits, Rhythm, Schedule, Upfront
from cases.arrears import position
from cases.clock import calendar_for
from cases.debts import held
from cases.debts.held import HOLDS_OF, Held
from cases.money import decimals_of, shares
from cases.refusal import Refusal, refusal_code

NO_ACCOUNT = refusal_code("proposal.no_account")
UNKNOWN_ACCOUNT = refusal_code("proposal.unknown_account", "account")
ON_HOLD = refusal_code("proposal.on_hold", "account")
OTHER_CURRENCY = refusal_code("proposal.other_currency", "account")
PROMISE_UPFRONT = refusal_code("proposal.promise_upfront")
PROMISE_INTEREST = refusal_code("proposal.promise_interest")

LATEST_FIRST: Final = timedelta(days=31)
"""How far away the first payment may be."""
MOST_INSTALMENTS: Final = {Rhythm.MONTHLY: 60, Rhythm.FOUR_WEEKLY: 65, Rhythm.TWO_WEEKLY: 130, Rhythm.WEEKLY: 260}
"""Five years of each rhythm."""


@dataclass(frozen=True, slots=True)
class Coverable:
    """One account that a plan may cover. Sums in minor units, true on `today` of its creditor."""

    account: int
    ref: str
    creditor: int
    creditor_name: str
    country: str
    currency: str
    debt_type: str
    scheduled: bool
    balance: int
    overdue: int
    since: date | None
    """The oldest due date not fully met."""
    announced: int
    """On its way and not booked; still part of what may be covered."""
    plan: int | None
    """The live arrangement that has this account now; approving another ends that one."""
    today: date
    holds: tuple[Held, ...] = ()
    rate: Decimal | None = None
    """The yearly interest of its contract in per cent, where that runs by now."""
    principal: int = 0
    other: int = 0
    """What may be covered and is no principal: interest, and of an account without a schedule costs and fees."""

    @property
    def owed(self) -> int:
        """What a plan may cover: what is overdue of a scheduled account, the balance of any other."""
        return max(self.overdue if self.scheduled else self.balance, 0)

    def debt(self, minor: int, *, bears: bool) -> Debt[int]:
        """What a plan covers of it; if it bears interest, on the principal among that."""
        base = max(min(minor, self.principal, self.owed - self.other), 0)
        if not bears or self.rate is None or not base:
            return Debt(self.account, minor)
        return Debt(self.account, minor, rate=self.rate, base=base)

    def stopped(self, what: str) -> bool:
        """Whether a hold stops something of this debt today (`debts/hold.py`)."""
        return held.stops(self.holds, what)


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be covered in one currency, oldest debt first, and the limits of the first payment."""

    currency: str
    accounts: tuple[Coverable, ...]

    @property
    def total(self) -> int:
        """All that may be covered, minor units."""
        return sum(account.owed for account in self.accounts)

    @property
    def earliest(self) -> date | None:
        """The first day that a payment may have: today, the later one where zones differ."""
        return max((account.today for account in self.accounts), default=None)

    @property
    def latest_first(self) -> date | None:
        """The last day that the first payment may have."""
        return self.earliest + LATEST_FIRST if self.earliest else None


@dataclass(frozen=True, slots=True)
class Terms:
    """What is wished: `amount` each time and a sum `upfront` in minor units, a rhythm from a first day.

    `month_day` (1 to 31, 31 is the last) is the day that a monthly plan keeps, the first day's own
    if not given. A promise pays `amount` once, on `first_on`. `interest`: debts bear that of their contracts.
    """

    amount: int
    first_on: date
    rhythm: Rhythm = Rhythm.MONTHLY
    month_day: int | None = None
    upfront: int = 0
    upfront_on: date | None = None
    kind: str = "plan"
    interest: bool = False

    @property
    def dates(self) -> Dates:
        """When the regular payments fall."""
        kept = self.month_day if self.kind == "plan" and self.rhythm is Rhythm.MONTHLY else None
        return Dates(self.rhythm, self.first_on, kept)

    @property
    def starts_on(self) -> date:
        """The nominal day of the very first payment, upfront or regular."""
        first = self.dates.first()
        return min(first, self.upfront_on) if self.upfront and self.upfront_on else first


@dataclass(frozen=True, slots=True)
class Draft:
    """Terms over accounts: what is covered of each, in the order of the plan, and its schedule."""

    terms: Terms
    currency: str
    covered: tuple[tuple[Coverable, int], ...]
    debts: tuple[Debt[int], ...]
    calendar: str | None
    today: date
    schedule: Schedule[int]

    @property
    def bears_from(self) -> date | None:
        """The day from which the debts bear interest; None where none does."""
        return self.today if self.schedule.interest else None


def schedule_of(
    debts: Sequence[Debt[int]], terms: Terms, calendar: str | None, bears_from: date | None,
    limits: Limits | None = None,
) -> Schedule[int]:  # fmt: skip
    """The schedule of terms over accounts, by their ids and in their order. Pure.

    Page, proposal and plan all come here. Without `limits` what was checked before is made again.
    Refuses what `schedule.plan` refuses.
    """
    if limits is None:
        limits = Limits(date.min, date.max, most_instalments=sum(debt.owed_minor for debt in debts))
    upfront = Upfront(terms.upfront, terms.upfront_on) if terms.upfront and terms.upfront_on else None
    return schedule.plan(debts, terms.amount, terms.dates, limits, calendar, upfront, bears_from)


def offer(session: Session, people: Sequence[int], currency: str, at: datetime) -> Offer:
    """What these ids (one person's, all joined) may cover by a plan in one currency. Two statements."""
    found = (each for each in offers(session, people, at) if each.currency == currency)
    return next(found, Offer(currency, ()))


def coverable(session: Session, people: Sequence[int], at: datetime) -> list[Coverable]:
    """All accounts of these ids with what they owe and what may be covered, oldest debt first. Two statements."""
    rows = session.execute(_ACCOUNTS, {"people": list(people), "at": at}).all()
    positions: dict[int, position.Position] = {}
    for today in sorted({row.today for row in rows}):
        positions |= position.derived(session, [row.account for row in rows if row.today == today], today)
    found = []
    for row in rows:
        stands = positions.get(row.account)
        overdue, since = (stands.overdue, stands.since) if stands else (0, None)
        known = {**row._mapping, "holds": Held.read(row.account, row.holds)}
        found.append(Coverable(**known, overdue=overdue, since=since))
    return sorted(found, key=lambda each: (each.since or date.max, each.account))


def offers(session: Session, people: Sequence[int], at: datetime) -> list[Offer]:
    """What these ids may cover, an offer for each currency in which something is owed. Two statements.

    A debt that is on hold from plans is not among it.
    """
    found: dict[str, list[Coverable]] = {}
    for each in coverable(session, people, at):
        if each.owed and not each.stopped("plans"):
            found.setdefault(each.currency, []).append(each)
    return [Offer(currency, tuple(accounts)) for currency, accounts in found.items()]


def draft(
    session: Session,
    people: Sequence[int],
    accounts: Sequence[int],
    terms: Terms,
    at: datetime,
    known: Sequence[Coverable] | None = None,
) -> Draft:
    """Terms laid over what these accounts owe now; accounts that owe nothing are left out.

    `known`: what `coverable` has told of them in this transaction.
    Refuses `proposal.no_account`, `proposal.unknown_account` (not this person's), `proposal.on_hold`,
    `proposal.other_currency`, `proposal.promise_upfront`, `proposal.promise_interest`, and by what `schedule.plan`
    refuses: `plan.nothing_owed`,
    `plan.amount_too_small`, `plan.first_day_past`, `plan.first_day_too_far`, `plan.too_many_instalments`,
    `plan.upfront_…`, `plan.month_day_unknown`.
    """
    if not accounts:
        raise NO_ACCOUNT()
    if terms.kind == "promise" and terms.upfront:
        raise PROMISE_UPFRONT()
    if terms.kind == "promise" and terms.interest:
        raise PROMISE_INTEREST()
    found = {each.account: each for each in (coverable(session, people, at) if known is None else known)}
    for account in accounts:
        if account not in found:
            raise UNKNOWN_ACCOUNT(account=account)
    chosen = [each for each in found.values() if each.account in set(accounts)]
    currency = chosen[0].currency
    for each in chosen:
        if each.currency != currency:
            raise OTHER_CURRENCY(account=each.account)
        if each.stopped("plans"):
            raise ON_HOLD(account=each.ref)
    owing = [each for each in chosen if each.owed]
    if not owing:
        raise schedule.NOTHING_OWED()
    owed = [each.owed for each in owing]
    if terms.kind == "promise":
        owed = shares(max(terms.amount, 0), owed)
    covered = tuple((each, minor) for each, minor in zip(owing, owed, strict=True) if minor)
    if not covered:
        raise schedule.AMOUNT_TOO_SMALL(amount=terms.amount, least=least(currency))
    today = max(each.today for each in chosen)
    limits = _limits(terms, currency, today)
    countries = {each.country for each, _ in covered}
    # Creditors of two countries share no calendar: then a due date does not move.
    calendar = calendar_for(countries.pop()) if len(countries) == 1 else None
    debts = tuple(each.debt(minor, bears=terms.interest) for each, minor in covered)
    made = schedule_of(debts, terms, calendar, today, limits)
    return Draft(terms, currency, covered, debts, calendar, today, made)


def possible(made: Draft, amount: int) -> bool:
    """Whether a draft would be a plan with another amount each time, too. Pure."""
    terms = replace(made.terms, amount=amount)
    try:
        schedule_of(made.debts, terms, made.calendar, made.today, _limits(terms, made.currency, made.today))
    except Refusal:
        return False
    return True


def owed_now(
    session: Session, people: Sequence[int], accounts: Sequence[int], at: datetime
) -> tuple[dict[int, int], date]:
    """What may be covered of each of these accounts now, minor units, and the day that it is for them.

    An account that this person no longer owes is not among them. Refuses `proposal.on_hold`.
    """
    known = [each for each in coverable(session, people, at) if each.account in set(accounts)]
    for each in known:
        if each.stopped("plans"):
            raise ON_HOLD(account=each.ref)
    today = max((each.today for each in known), default=at.date())
    return {each.account: each.owed for each in known}, today


def _limits(terms: Terms, currency: str, today: date) -> Limits:
    return Limits(today, today + LATEST_FIRST, MOST_INSTALMENTS[terms.rhythm], least(currency))


def least(currency: str) -> int:
    """The least that a payment may be, unless less is owed: one whole unit, in minor units."""
    return int(10 ** decimals_of(currency))


_ACCOUNTS: Final = text(f"""
select a.id as account, a.ref, c.id as creditor, c.name as creditor_name, c.country, a.currency,
  coalesce(t.debt_type, '') as debt_type, d.today,
  exists (select from due u where u.account_id = a.id and u.replaced_at is null and u.amount > 0) as scheduled,
  coalesce((select sum(e.amount) from entry e
            where e.account_id = a.id and e.value_date <= d.today), 0)::bigint as balance,
  coalesce((select sum(m.amount) from announced m
            where m.account_id = a.id and m.replaced_at is null and m.announced_on <= d.today
              and (m.ended_on is null or m.ended_on > d.today)), 0)::bigint as announced,
  (select p.arrangement_id from arrangement_account p
   where p.account_id = a.id and p.ended_at is null) as plan,
  {HOLDS_OF.format(account="a.id", day="d.today")} as holds,
  case when t.interest_rate > 0 and coalesce(t.interest_from <= d.today, true) then t.interest_rate end as rate,
  coalesce((select sum(e.amount) from entry e where e.account_id = a.id and e.value_date <= d.today
              and e.component = 'principal'), 0)::bigint as principal,
  coalesce((select sum(e.amount) from entry e where e.account_id = a.id and e.value_date <= d.today
              and (e.component = 'interest' or e.component in ('fee', 'cost') and not exists (
                select from due u where u.account_id = a.id and u.replaced_at is null and u.amount > 0))), 0)::bigint
    as other
from account a
join creditor c on c.id = a.creditor_id
cross join lateral (select (cast(:at as timestamptz) at time zone c.zone)::date as today) d
left join account_terms t on t.account_id = a.id and t.replaced_at is null
where a.id in (select l.account_id from liability l
               where l.person_id = any(:people) and l.replaced_at is null and not l.withdrawn)
order by a.id
""")
