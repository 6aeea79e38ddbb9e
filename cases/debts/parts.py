"""Parts: which components of an account a sum meets, and what moves on from one that it no longer meets. Pure.

A component falls below nought when something is taken back that was paid already.
Then what had met it moves on: of what was valued by that day money first, the
newest first, then what lowered the debt without money.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class Part:
    """So many minor units of a payment, and the component that they meet."""

    component: str
    amount: int


def split(amount: int, owed: dict[str, int], fees: str) -> list[Part]:
    """The parts of a payment of `amount` minor units, given what each component owes.

    Order: costs and fees (policy `first`), interest, principal; `last` puts fees behind
    principal, `apart` never lets them meet a payment that does not name them. The rest is credit.
    House rule after HB 9:5 (Sweden): costs before interest before principal.
    """
    order = {
        "first": ("cost", "fee", "interest", "principal"),
        "last": ("interest", "principal", "cost", "fee"),
        "apart": ("interest", "principal"),
    }[fees]
    parts, left = [], amount
    for component in order:
        taken = min(left, max(owed.get(component, 0), 0))
        if taken:
            parts.append(Part(component, taken))
            left -= taken
    return [*parts, Part("credit", left)] if left else parts


class Lowering(Protocol):
    """Something that lowered a component: an entry, or one to be written."""

    @property
    def kind(self) -> str:
        """The entry's kind."""

    @property
    def value_date(self) -> date:
        """The day from which it counts."""


L = TypeVar("L", bound=Lowering)


def first_to_move(stands: Sequence[L], below: Sequence[tuple[date, int]]) -> tuple[L, int] | None:
    """What moves on first, and by how much a component is below nought; None when nothing is left to move.

    `stands`: what lowered it, in the order of recording; `below`: the days on which it is below nought.
    """
    for day, over in below:
        by_then = [(n, each) for n, each in enumerate(stands) if each.value_date <= day]
        if by_then:
            return max(by_then, key=lambda item: (item[1].kind == "payment", item[1].value_date, item[0]))[1], over
    return None


def moved(kind: str, component: str, amount: int, over: int, owed: dict[str, int], fees: str) -> list[Part]:
    """Where `amount` minor units that met `component` stand when `over` of it moves on; what is not over stays.

    Money goes on to what else is owed, by the creditor's choice for fees; the rest, and what is no money, is credit.
    """
    rest = min(amount, over)
    parts = [Part(component, amount - rest)] if amount > rest else []
    if kind != "payment":
        return [*parts, Part("credit", rest)]
    return parts + split(rest, {c: minor for c, minor in owed.items() if c != component}, fees)
