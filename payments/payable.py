"""Payable: what a person may pay now, and how a sum is shared over the debts.

Free: what is owed on an account and not already on its way. A choice is a sum with its shares: what a
plan asks next (all of it that is due by today, else its next instalment), what else is overdue, all
that is owed. Any other sum goes to the debts that the person chose, by the rule between debts:
priority class, then the oldest unmet due date. What the person chose is the payer's instruction, and
the ledger follows it to the penny. (rules 1.6; glossary *allocation*)

Minor units; one currency at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from cases.arrangements.offer import Coverable, coverable
from cases.arrangements.paid import InstalmentPaid, paid_to_plans
from cases.debts.allocation import Claim, between_debts, priority_of
from cases.refusal import refusal_code

NOTHING_CHOSEN = refusal_code("payment.nothing_chosen")
UNKNOWN_ACCOUNT = refusal_code("payment.unknown_account", "account")
TOO_MUCH = refusal_code("payment.too_much", "amount", "most_amount", "currency")
TOO_LITTLE = refusal_code("payment.too_little", "amount", "least", "currency")
NOTHING_FREE = refusal_code("payment.nothing_free")


@dataclass(frozen=True, slots=True)
class Share:
    """What one account gets."""

    account: int
    creditor: int
    amount: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A sum that can be paid now. `plan`: what it is named for; `on`: its due day, or since when it is overdue."""

    purpose: str
    currency: str
    shares: tuple[Share, ...]
    plan: int | None = None
    on: date | None = None

    @property
    def amount(self) -> int:
        """The whole sum."""
        return sum(share.amount for share in self.shares)


@dataclass(frozen=True, slots=True)
class Payable:
    """What may be paid in one currency."""

    currency: str
    debts: tuple[Coverable, ...]
    choices: tuple[Choice, ...]

    @property
    def most(self) -> int:
        """All that is owed and not on its way."""
        return sum(free(debt) for debt in self.debts)

    def choice(self, purpose: str, plan: int | None) -> Choice | None:
        """The choice that was meant, as it stands now."""
        return next((each for each in self.choices if (each.purpose, each.plan) == (purpose, plan)), None)


def free(debt: Coverable) -> int:
    """What is owed on a debt and not on its way."""
    return max(debt.balance - debt.announced, 0)


def payables(session: Session, people: Sequence[int], at: datetime) -> list[Payable]:
    """What these ids (one person's, all joined) may pay, by currency. Four statements at most."""
    owing = [debt for debt in coverable(session, people, at) if free(debt)]
    plans = sorted({debt.plan for debt in owing if debt.plan is not None})
    paid = paid_to_plans(session, plans, max(debt.today for debt in owing)) if plans else {}
    found: dict[str, list[Coverable]] = {}
    for debt in owing:
        found.setdefault(debt.currency, []).append(debt)
    return [
        Payable(currency, tuple(debts), tuple(_choices(currency, debts, paid))) for currency, debts in found.items()
    ]


def other(payable: Payable, accounts: Sequence[int], amount: int) -> Choice:
    """A sum of the person's own over the debts chosen, shared by the rule.

    Refuses `payment.nothing_chosen`, `payment.unknown_account`, `payment.too_much`.
    """
    known = {debt.account: debt for debt in payable.debts}
    for account in accounts:
        if account not in known:
            raise UNKNOWN_ACCOUNT(account=account)
    chosen = [debt for debt in payable.debts if debt.account in set(accounts)]
    if not chosen or amount <= 0:
        raise NOTHING_CHOSEN()
    most = sum(free(debt) for debt in chosen)
    if amount > most:
        raise TOO_MUCH(amount=amount, most_amount=most, currency=payable.currency)
    # Named among others a debt on hold comes last; what the others cannot take is named for it.
    claims = [_claim(debt, free(debt)) for debt in chosen]
    parts = dict(between_debts(amount, claims).parts)
    rest = amount - sum(parts.values())
    parts |= between_debts(rest, [replace(claim, held=False) for claim in claims if claim.held]).parts
    return Choice("other", payable.currency, tuple(
        Share(account, known[account].creditor, minor) for account, minor in parts.items()
    ))  # fmt: skip


def towards(payable: Payable, plan: int, instalments: Sequence[InstalmentPaid], amount: int) -> Choice:
    """A sum of `amount` minor units for a plan, shared by what the plan still asks of each account. Pure.

    `instalments`: the plan's own, in order, with what has met them (`paid_to_plans`). They are filled in their
    order, and within one the shares in theirs, none above what is free on its account. What is over goes to
    the plan's accounts by the rule between debts, so the whole of what is free there can be paid. A sum that
    is the plan's choice gives that choice. Refuses `payment.nothing_chosen`, `payment.nothing_free` (the plan
    has no debt here), `payment.too_much`.
    """
    theirs = {debt.account: debt for debt in payable.debts if debt.plan == plan}
    if not theirs:
        raise NOTHING_FREE()
    if amount <= 0:
        raise NOTHING_CHOSEN()
    open_sums = {account: free(debt) for account, debt in theirs.items()}
    if amount > (most := sum(open_sums.values())):
        raise TOO_MUCH(amount=amount, most_amount=most, currency=payable.currency)
    sums: dict[int, int] = {}
    rest = amount
    for share in (share for each in instalments for share in each.shares):
        part = min(rest, max(share.left, 0), open_sums.get(share.account, 0))
        if part:
            sums[share.account] = sums.get(share.account, 0) + part
            open_sums[share.account] -= part
            rest -= part
    if rest:
        claims = [replace(_claim(theirs[account], minor), held=False) for account, minor in open_sums.items() if minor]
        for account, minor in between_debts(rest, claims).parts.items():
            sums[account] = sums.get(account, 0) + minor
    shares = tuple(Share(account, theirs[account].creditor, minor) for account, minor in sums.items())
    first = next((each.due_on for each in instalments if each.left > 0), None)
    return Choice("plan", payable.currency, shares, plan, first)


def _choices(currency: str, debts: list[Coverable], paid: dict[int, list[InstalmentPaid]]) -> list[Choice]:
    """The sums that suggest themselves, the next thing first."""
    found = []
    debts = [debt for debt in debts if not debt.stopped("money")]
    if not debts:
        return []
    for plan in sorted({debt.plan for debt in debts if debt.plan is not None}, reverse=True):
        theirs = {debt.account: debt for debt in debts if debt.plan == plan}
        asked = _next(currency, plan, theirs, paid.get(plan, []))
        if asked is not None:
            found.append(asked)
    overdue = [(debt, _overdue(debt, paid)) for debt in debts]
    shares = tuple(Share(debt.account, debt.creditor, minor) for debt, minor in overdue if minor)
    if shares:
        since = min(debt.since for debt, minor in overdue if minor and debt.since is not None)
        found.append(Choice("overdue", currency, shares, on=since))
    everything = tuple(Share(debt.account, debt.creditor, free(debt)) for debt in debts)
    found.append(Choice("all", currency, everything))
    return found


def _claim(debt: Coverable, minor: int) -> Claim[int]:
    """What a debt asks of a sum that is shared by the rule."""
    return Claim(debt.account, minor, debt.since, priority_of(debt.debt_type), held=debt.stopped("money"))


def _next(currency: str, plan: int, theirs: dict[int, Coverable], instalments: list[InstalmentPaid]) -> Choice | None:
    """What a plan asks: everything left that is due by today, else its next instalment; never more than is free."""
    today = max(debt.today for debt in theirs.values())
    left = [each for each in instalments if each.left > 0]
    due = [each for each in left if each.due_on <= today] or left[:1]
    sums: dict[int, int] = {}
    for each in due:
        for share in each.shares:
            if share.account in theirs:
                sums[share.account] = sums.get(share.account, 0) + share.left
    shares = tuple(Share(account, theirs[account].creditor, minor) for account, wanted in sums.items()
                   if (minor := min(wanted, free(theirs[account]))) > 0)  # fmt: skip
    return Choice("plan", currency, shares, plan, due[0].due_on) if shares else None


def _overdue(debt: Coverable, paid: dict[int, list[InstalmentPaid]]) -> int:
    """What is overdue on a debt and neither on its way nor taken care of by its plan."""
    planned = sum(share.due - share.paid for each in paid.get(debt.plan or 0, []) for share in each.shares
                  if share.account == debt.account)  # fmt: skip
    return max(min(debt.overdue - debt.announced - planned, free(debt)), 0)
