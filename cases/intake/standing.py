"""What stands on accounts: entries that nothing has taken back, each with the row that it came from.

A part that had to move (the ledger's `move_surplus`) left a mirror and new
entries, named alike: `K/back/N` and `K/to/N/…`. So a part is followed back to the
entry_ref under which it came, and a reversal finds it wherever it stands now.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from cases.debts.running import Running
from cases.intake.replay import Posting
from cases.intake.staging import Arrival


def standing(arrival: Arrival, accounts: Sequence[int]) -> dict[int, list[Posting]]:
    """The entries of these accounts that stand, oldest first."""
    rows = arrival.ask(
        "select e.account_id, e.kind, e.component, e.amount, e.value_date, e.due_on, e.key, p.key, e.id, m.key from entry e"
        " left join payment p on p.id = e.payment_id left join entry m on m.reverses = e.id"
        " where e.account_id = any (%(ids)s::bigint[]) and e.reverses is null order by e.account_id, e.id",
        ids=list(accounts),
    )
    return {account: _of_one(own) for account, own in groupby(rows, key=lambda row: row[0])}


def owed(arrival: Arrival, accounts: Sequence[int]) -> dict[int, dict[str, Running]]:
    """What each component of these accounts owes, day by day."""
    found: dict[int, dict[str, Running]] = {}
    for account, component, day, amount in arrival.ask(
        "select account_id, component, value_date, sum(amount)::bigint from entry"
        " where account_id = any (%(ids)s::bigint[]) group by 1, 2, 3",
        ids=list(accounts),
    ):
        found.setdefault(account, {}).setdefault(component, Running()).add(day, amount)
    return found


def _of_one(rows: Iterable[tuple[Any, ...]]) -> list[Posting]:
    moved: dict[tuple[str, str], str] = {}
    kept = []
    for _, kind, component, amount, on, due_on, key, payment, number, mirror in rows:
        by, _, rest = key.partition("/to/")
        origin = moved.get((by, rest.partition("/")[0]), (payment or key).partition("/")[0])
        if mirror is None:
            kept.append(Posting(kind, component, amount, on, due_on, key, payment, origin, number))
        elif "/back/" in mirror:
            by, _, place = mirror.rpartition("/back/")
            moved[by, place] = origin
    return kept
