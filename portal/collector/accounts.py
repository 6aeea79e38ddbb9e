"""The accounts of a case and the plans that run over them, as the case page shows them.

Each figure comes with the steps behind it. Of a plan of several people only the shares of this case count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from cases.arrangements import arrangement
from cases.arrangements.arrangement import LivePlan
from cases.arrangements.monitoring import judgement, pauses_of
from cases.arrangements.offer import Coverable
from cases.arrangements.paid import InstalmentPaid, next_instalment, paid_to_plans
from cases.arrears import explain
from cases.arrears.explain import Explained, Reckoning
from portal.collector.face import debt_words
from portal.language import _l, today

LATE: Final = 60
"""From so many days on an account's tag changes its colour."""

LINES: Final = {
    "charged": _l("Charged"), "interest": _l("Interest"), "fees": _l("Fees"), "costs": _l("Costs"),
    "raised": _l("Raised"), "paid": _l("Paid"), "lowered": _l("Lowered"), "refunded": _l("Paid back"),
}  # fmt: skip
"""What a balance is made of, by the names of `explain.Reckoning`."""


@dataclass(frozen=True, slots=True)
class Debt:
    """One account as the page shows it. `plan`: payments made of its plan, and how many there are."""

    account: Coverable
    kind: str
    explained: Explained
    reckoned: Reckoning
    plan: tuple[int, int] | None
    missed: bool


@dataclass(frozen=True, slots=True)
class Running:
    """A plan that runs, as far as it concerns this person's accounts. `missed` as it was last judged."""

    plan: LivePlan
    instalments: list[InstalmentPaid]
    paid: int
    missed: list[InstalmentPaid]
    next: InstalmentPaid | None

    @property
    def broken_since(self) -> date | None:
        """Since when a payment is missing, while the plan counts as broken; of this person's accounts alone."""
        return self.missed[0].due_on if self.plan.arrangement.state == "broken" and self.missed else None

    @property
    def interest(self) -> int:
        """The plan's interest on this person's accounts, minor units."""
        return sum(share.interest for each in self.instalments for share in each.shares)

    @property
    def row(self) -> list[str]:
        """The even row: a state for each payment."""
        late = {each.id for each in self.missed}
        states = []
        for each in self.instalments:
            state = "done" if each.paid == each.due else "late" if each.id in late else ""
            states.append("now" if not state and each is self.next else state)
        return states


def called(account: Coverable) -> str:
    """How an account is called in a sentence or a list: its creditor and its kind."""
    return f"{account.creditor_name}, {debt_words(account.debt_type).lower()}"


def sums_of(accounts: Sequence[Coverable]) -> list[tuple[str, int, int]]:
    """By currency: what is owed now, and how much of it is on its way, minor units."""
    found: dict[str, list[int]] = {}
    for each in accounts:
        sums = found.setdefault(each.currency, [0, 0])
        sums[0] += each.balance
        sums[1] += each.announced
    return [(currency, owed, coming) for currency, (owed, coming) in sorted(found.items())]


def debts_of(session: Session, accounts: Sequence[Coverable], running: Sequence[Running]) -> list[Debt]:
    """The accounts, those that owe first, with the steps behind their figures."""
    facts = explain.gather(session, [each.account for each in accounts])
    debts = []
    for each in accounts:
        plan = next((one for one in running if one.plan.arrangement.id == each.plan), None)
        shares = [
            (instalment, share)
            for instalment in (plan.instalments if plan else ())
            for share in instalment.shares
            if share.account == each.account
        ]
        late = {one.id for one in plan.missed} if plan else set()
        debts.append(
            Debt(
                each, debt_words(each.debt_type), explain.explain(facts[each.account], each.today),
                explain.reckon(facts[each.account].entries, each.today),
                (sum(share.paid == share.due for _one, share in shares), len(shares)) if plan else None,
                any(instalment.id in late and share.left for instalment, share in shares),
            )
        )  # fmt: skip
    return sorted(debts, key=lambda debt: debt.account.balance <= 0 and not debt.account.overdue)


def running_over(session: Session, accounts: Sequence[int]) -> list[Running]:
    """The plans that run over these accounts, as far as they concern them."""
    live = arrangement.live_plans(session, accounts=accounts)
    paid = paid_to_plans(session, [one.arrangement.id for one in live], today()) if live else {}
    pauses = pauses_of(session, [one.arrangement.id for one in live]) if live else {}
    found = []
    for one in live:
        mine = {each.account_id for each in one.accounts}
        instalments = [
            InstalmentPaid(each.id, each.arrangement, each.n, each.part, each.nominal_on, each.due_on,
                           tuple(share for share in each.shares if share.account in mine))
            for each in paid[one.arrangement.id]
        ]  # fmt: skip
        instalments = [each for each in instalments if each.shares]
        judged = one.arrangement.judged_on or one.arrangement.agreed_on
        missed = judgement(
            instalments, tolerance_days=one.arrangement.tolerance_days, day=judged, pauses=pauses
        ).missed
        found.append(Running(one, instalments, sum(each.paid == each.due for each in instalments), list(missed),
                             next_instalment(instalments)))  # fmt: skip
    return found
