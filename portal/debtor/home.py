"""Home: the one next thing, what is owed in each currency, and each debt.

Which next thing it is: an offer of ours to answer, else a plan's next payment, else a plan sent that
we look at, else what is overdue, else the next contractual payment, else that debts are on hold, else
nothing. What is on hold from asking is no next thing.
"""

from flask import g

from cases.people.person import first_name
from messaging.words import CURRENCIES, LINES
from portal.access import asking, debtor, visitor
from portal.debtor.face import blueprint, show, waiting
from portal.debtor.owed import Debt, Plan, debts_of, plans_over, purses
from portal.debtor.words import kind_of_debt, word


@blueprint.get("/")
@debtor
def home() -> str:
    """Where things stand."""
    who = visitor()
    with asking() as session:
        wait = waiting(session)
        debts = debts_of(session, who.people, g.now)
        plans = plans_over(session, debts)
    plan = _soonest(plans)
    open_debts = [debt for debt in debts if debt.open]
    asked = [debt for debt in open_debts if not debt.quiet]
    overdue = [debt for debt in asked if debt.arrears.overdue and debt.plan is None]
    if wait.offer:
        kind = "offer"
    elif plan is not None and plan.next is not None:
        kind = "late" if plan.late else "payment"
    elif wait.sent:
        kind = "sent"
    elif overdue:
        kind = "overdue"
    elif any(debt.next_demand for debt in asked):
        kind = "due"
    else:
        kind = "held" if len(asked) < len(open_debts) else "nothing"
    return show(
        "debtor/home.html", wait, kind=kind, plan=plan, plans={p.id: p for p in plans}, purses=purses(debts),
        debts=open_debts, closed=[debt for debt in debts if not debt.open], due=_next_due(asked),
        name=first_name(who.name), kind_of_debt=kind_of_debt, word=word, lines=LINES, currencies=CURRENCIES,
    )  # fmt: skip


def _soonest(plans: list[Plan]) -> Plan | None:
    """The plan whose next payment comes first."""
    live = [plan for plan in plans if plan.next is not None]
    return min(live, key=lambda plan: plan.next.due_on, default=None)  # type: ignore[union-attr]


def _next_due(debts: list[Debt]) -> Debt | None:
    """The debt whose next contractual sum comes first."""
    coming = [debt for debt in debts if debt.next_demand is not None]
    return min(coming, key=lambda debt: debt.next_demand.due_on, default=None)  # type: ignore[union-attr]
