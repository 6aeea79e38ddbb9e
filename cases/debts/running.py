"""Running: what one component of an account owes, day by day, as far as is recorded.

Entries may be valued in the past and in the future, so what is owed on a day is
not what is owed in the end. Money meets on its own value date what is owed then
and goes on being owed: a fee of next month takes nothing of today's money, and
what later money has met already is not met twice. So no component falls below
nought on any day. (rules 1.1, by value date)
"""

from bisect import insort
from collections.abc import Iterable
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session


class Running:
    """The running balance of one component, minor units; plus is owed."""

    def __init__(self) -> None:
        self._end = 0
        self._days: list[date] = []
        self._moved: dict[date, int] = {}

    def add(self, on: date, amount: int) -> None:
        """Books an amount, valued on a day."""
        if on not in self._moved:
            insort(self._days, on)
        self._moved[on] = self._moved.get(on, 0) + amount
        self._end += amount

    def least(self, on: date) -> int:
        """The least that is owed at the end of the day `on` or of any day after it; below nought where it falls so."""
        return min(balance for _, balance in self._from(on))

    def below(self, on: date) -> list[tuple[date, int]]:
        """The days from `on` at whose end it is below nought, the first of them first, and by how much."""
        return [(day, -balance) for day, balance in reversed(self._from(on)) if balance < 0]

    def _from(self, on: date) -> list[tuple[date, int]]:
        """The balance at the end of `on` and of each later day on which it changed, latest first."""
        balance, found = self._end, []
        for day in reversed(self._days):
            if day <= on:
                break
            found.append((day, balance))
            balance -= self._moved[day]
        return [*found, (on, balance)]


def running(session: Session, accounts: Iterable[int], on: date) -> dict[int, dict[str, Running]]:
    """The components of each account from the day `on`; what came before stands as of that day."""
    found: dict[int, dict[str, Running]] = {account: {} for account in accounts}
    rows = session.execute(
        text(
            "select account_id, component, greatest(value_date, :on) as day, sum(amount)::bigint from entry"
            " where account_id = any(:ids) group by 1, 2, 3"
        ),
        {"ids": list(found), "on": on},
    )
    for account, component, day, amount in rows:
        found[account].setdefault(component, Running()).add(day, amount)
    return found


def least(components: dict[str, Running], on: date) -> dict[str, int]:
    """What money of the day `on` may meet of each component; never below nought."""
    return {component: max(each.least(on), 0) for component, each in components.items()}
