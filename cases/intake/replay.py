"""Replay: one account's entries, one after another, where a set-based sum does not do.

Taking an entry back depends on what was paid until then, and so do fees that
meet money last or apart. Here an account is kept in memory: what each component
owes day by day, and the parts that stand. Each row does what the ledger's acts do (`pay`,
`post`, `give_back`, `reverse`); a test holds the two against each other. What
comes out are rows for `payment` and `entry`.

Words: a *posting* is an entry to be written; *standing*: not taken back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count

from cases.debts.entry import RAISES
from cases.debts.parts import Part, first_to_move, moved, split
from cases.debts.running import Running, least


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file. `place` orders rows of one day; `target` is the key of what a reversal takes back."""

    place: tuple[int, int]
    kind: str
    amount: int
    value_date: date
    due_on: date | None
    key: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class NewPayment:
    """A payment to be written; `returns` is the key of the payment that came back."""

    key: str
    amount: int
    value_date: date
    returns: str | None = None


@dataclass(slots=True, eq=False)
class Posting:
    """An entry, standing, taken back or to be written. `id` is that of a row written before, `mirrors` the
    posting that it takes back, `payment` the key of its payment, `origin` the key of the row that it came from."""

    kind: str
    component: str
    amount: int
    value_date: date
    due_on: date | None
    key: str
    payment: str | None
    origin: str
    id: int | None = None
    mirrors: "Posting | None" = None


@dataclass
class AccountReplay:
    """One account: its id, its creditor's choice for fees, the postings that stand, in the order of recording,
    and what each component owes, day by day."""

    account: int
    fees: str
    standing: list[Posting] = field(default_factory=list)
    owed: dict[str, Running] = field(default_factory=dict)
    payments: list[NewPayment] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)

    def run(self, rows: Sequence[Row]) -> None:
        """Posts these rows by value date and place."""
        for row in sorted(rows, key=lambda r: (r.value_date, r.place)):
            if row.kind == "payment":
                self._pay(row)
            elif row.kind == "reversal":
                self._take_back(row)
            else:
                self._post(row)

    def _pay(self, row: Row) -> None:
        self.payments.append(NewPayment(row.key, row.amount, row.value_date))
        for part in split(row.amount, least(self.owed, row.value_date), self.fees):
            self._write("payment", part.component, -part.amount, row.value_date, None,
                        f"{row.key}/{self.account}/{part.component}", row.key, row.key)  # fmt: skip

    def _post(self, row: Row) -> None:
        if row.amount > 0:
            parts = [Part(RAISES.get(row.kind, "principal"), row.amount)]
        else:
            lowered = min(-row.amount, least(self.owed, row.value_date).get("principal", 0))
            parts = [Part("principal", -lowered), Part("credit", row.amount + lowered)]
        for n, part in enumerate(p for p in parts if p.amount):
            self._write(row.kind, part.component, part.amount, row.value_date, None if n else row.due_on,
                        f"{row.key}/{n + 1}" if n else row.key, None, row.key)  # fmt: skip

    def _take_back(self, row: Row) -> None:
        taken = [p for p in self.standing if row.target in (p.payment, p.origin)]
        if not taken:
            raise ValueError("a reversal was let through that takes nothing back")
        if taken[0].payment is not None:
            self.payments.append(NewPayment(row.key, -row.amount, row.value_date, row.target))
            for n, posting in enumerate(taken, start=1):
                self._mirror(posting, row.value_date, f"{row.key}/{n}", row.key)
            return
        for n, posting in enumerate(taken, start=1):
            self._mirror(posting, row.value_date, row.key if n == 1 else f"{row.key}/{n}", None)
        for component in dict.fromkeys(posting.component for posting in taken):
            self._move_surplus(component, row)

    def _move_surplus(self, component: str, row: Row) -> None:
        """What had met a component now below nought moves on, as the ledger's `move_surplus` does."""
        if component == "credit":
            return
        for n in count():
            stands = [p for p in self.standing if p.component == component and p.amount < 0]
            found = first_to_move(stands, self.owed[component].below(row.value_date))
            if found is None:
                return
            posting, over = found
            on = max(row.value_date, posting.value_date)  # never before the money came
            self._mirror(posting, on, f"{row.key}/back/{n}", posting.payment)
            owed = least(self.owed, on)
            for part in moved(posting.kind, component, -posting.amount, over, owed, self.fees):
                self._write(posting.kind, part.component, -part.amount, on, None, f"{row.key}/to/{n}/{part.component}",
                            posting.payment, posting.origin)  # fmt: skip

    def _write(
        self, kind: str, component: str, amount: int, on: date, due_on: date | None, key: str, payment: str | None, origin: str
    ) -> None:  # fmt: skip
        posting = Posting(kind, component, amount, on, due_on, key, payment, origin)
        self.standing.append(posting)
        self.postings.append(posting)
        self.owed.setdefault(component, Running()).add(on, amount)

    def _mirror(self, posting: Posting, on: date, key: str, payment: str | None) -> None:
        self.standing.remove(posting)
        on = max(on, posting.value_date)
        self.postings.append(
            Posting(
                posting.kind,
                posting.component,
                -posting.amount,
                on,
                posting.due_on,
                key,
                payment,
                posting.origin,
                mirrors=posting,
            )  # fmt: skip
        )
        self.owed[posting.component].add(on, -posting.amount)


def written(replays: Sequence[AccountReplay]) -> Iterator[tuple[int, Posting]]:
    """All postings to be written, entries before mirrors, so that a mirror finds its entry."""
    for mirrors in (False, True):
        for replay in replays:
            for posting in replay.postings:
                if (posting.mirrors is not None) == mirrors:
                    yield replay.account, posting
