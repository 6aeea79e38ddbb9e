"""What stands on accounts: entries that nothing has taken back, each with the row that it came from.

A part that had to move (the ledger's `move_surplus`) left a mirror and new
entries, named alike: `K/back/N` and `K/to/N/…`. So a part is followed back to the
entry_ref under which it came, and a reversal finds it wherever it stands now.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from cases.debts.running import Running
from cases.intake.replay import Posting
from cases.intake.staging import Arrival


def standing(arrival: Arrival, accounts: Sequence[int]) -> dict[int, list[Posting]]:
    """The entries of these accounts that stand, oldest first."""
    return {account: [each for each, stands in own if stands] for account, own in _followed(arrival, accounts)}


def origins(arrival: Arrival, accounts: Sequence[int]) -> dict[int, str]:
    """The key of the row that each entry of these accounts came from, by the entry's id; mirrors left out."""
    return {each.id: each.origin for _, own in _followed(arrival, accounts) for each, _ in own if each.id is not None}


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


def _followed(arrival: Arrival, accounts: Sequence[int]) -> list[tuple[int, list[tuple[Posting, bool]]]]:
    rows = arrival.ask(
        "select e.account_id, e.kind, e.component, e.amount, e.value_date, e.due_on, e.key, p.key, e.id, m.key from entry e"
        " left join payment p on p.id = e.payment_id left join entry m on m.reverses = e.id"
        " where e.account_id = any (%(ids)s::bigint[]) and e.reverses is null order by e.account_id, e.id",
        ids=list(accounts),
    )
    return [(account, list(_of_one(own))) for account, own in groupby(rows, key=lambda row: row[0])]


def _of_one(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Posting, bool]]:
    """Each entry of one account, and whether it stands."""
    moved: dict[tuple[str, str], str] = {}
    for _, kind, component, amount, on, due_on, key, payment, number, mirror in rows:
        by, _, rest = key.partition("/to/")
        origin = moved.get((by, rest.partition("/")[0]), (payment or key).partition("/")[0])
        yield Posting(kind, component, amount, on, due_on, key, payment, origin, number), mirror is None
        if mirror is not None and "/back/" in mirror:
            by, _, place = mirror.rpartition("/back/")
            moved[by, place] = origin
