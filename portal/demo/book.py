"""The sample book: four creditors, 400 people, 1,000 accounts, two years of dues and payments.

Made by seeded dice relative to the day it is loaded, written as files of Evenly's
own layout and loaded by `cases/intake/load.py` like any creditor's. About 8 % of
payments are late, most by days, with a tail beyond 90 days from people who stopped
paying for a while. People owe several creditors; some tenancies are joint. Some
money is announced and arrives on a later day (`on_its_way`).

The four characters whose stories stand at different points are added by
`characters.py`.
"""

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from cases.clock import add_months, month_day
from portal.demo.names import Invented, invent, swedish_number

SEED: Final = 20261124
MONTHS: Final = 24
PEOPLE: Final = {"GB": 300, "SE": 45, "PL": 55}


@dataclass(frozen=True, slots=True)
class Lender:
    """One creditor of the book. `kind` is the type of its debts."""

    ref: str
    name: str
    country: str
    currency: str
    system: str
    kind: str
    contractual: bool


LENDERS: Final = {
    "tidewell": Lender("tidewell", "Tidewell Housing", "GB", "GBP", "rents", "rent", False),
    "ashmere": Lender("ashmere", "Ashmere Council", "GB", "GBP", "revenues", "council_tax", True),
    "lyngvik": Lender("lyngvik", "Lyngvik Energi", "SE", "SEK", "billing", "energy", False),
    "wierzba": Lender("wierzba", "Wierzba Kredyt", "PL", "PLN", "loans", "loan", True),
}


@dataclass
class Files:
    """The rows of one creditor's files."""

    accounts: list[dict[str, str]] = field(default_factory=list)
    liable: list[dict[str, str]] = field(default_factory=list)
    instalments: list[dict[str, str]] = field(default_factory=list)
    entries: list[dict[str, str]] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """Writes the four files and returns their folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("accounts", "liable", "instalments", "entries"):
            rows: list[dict[str, str]] = getattr(self, name)
            if rows:
                with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as out:
                    writer = csv.DictWriter(out, list(dict.fromkeys(k for row in rows for k in row)))
                    writer.writeheader()
                    writer.writerows(rows)
        return folder


@dataclass
class Book:
    """All files, the people, and money on its way: creditor, account and entry refs, minor units, the day it comes."""

    today: date
    files: dict[str, Files]
    people: list[Invented]
    on_its_way: list[tuple[str, str, str, int, date]]

    def entry(
        self, lender: str, account: str, ref: str, on: date, kind: str, amount: int, due_on: date | None = None
    ) -> None:
        """Adds one entry of `amount` minor units to a creditor's file."""
        self.files[lender].entries.append(_entry(account, ref, on, kind, amount, due_on))


def make(today: date, seed: int = SEED) -> Book:
    """The book as of `today`: the same for the same day and seed."""
    dice = random.Random(seed)  # a book, not a secret
    people: list[Invented] = []
    for country, count in PEOPLE.items():
        for n in range(count):
            person = invent(len(people), country, dice, today)
            if country == "SE":
                person = _with_phone(person, swedish_number(n))
            people.append(person)
    book = Book(today, {ref: Files() for ref in LENDERS}, people, [])
    maker = _Maker(book, dice)
    gb = [p for p in people if p.country == "GB"]
    tenants = gb[:260]
    for n, person in enumerate(tenants):
        joint = tenants[n + 1] if n % 17 == 3 else None
        maker.rent(person, joint)
    for person in gb[10:300]:
        maker.council_tax(person)
        if dice.random() < 0.35:
            maker.council_tax(person, earlier=True)
    swedes = [p for p in people if p.country == "SE"]
    for person in [*swedes, *swedes[:30], *gb[40:60]]:
        maker.energy(person)
    poles = [p for p in people if p.country == "PL"]
    lent = [*poles, *poles[:45], *gb[90:120]]
    while maker.accounts < 1000 - len(lent):
        maker.council_tax(gb[maker.accounts % 300], sundry=True)
    for person in lent:
        maker.loan(person)
    maker.some_on_their_way()
    return book


def units(minor: int) -> str:
    """Minor units as the layout's decimal with a dot."""
    return f"{minor // 100}.{minor % 100:02d}"


@dataclass
class _Habit:
    """How somebody pays: the chance of being late, the usual lateness in days, and a stretch of not paying at all."""

    late: float
    by: float
    stops: tuple[int, int] | None


class _Maker:
    """Writes accounts with their dues and payments into a book."""

    def __init__(self, book: Book, dice: random.Random) -> None:
        self.book, self.dice, self.accounts = book, dice, 0
        self.start = add_months(book.today.replace(day=1), -MONTHS)

    def rent(self, person: Invented, joint: Invented | None) -> None:
        """A tenancy: a charge on the first of each month, no schedule (rolling)."""
        files, ref = self._account("tidewell", "T", person, "rent", self.start)
        if joint is not None:
            files.liable.append({"account_ref": ref, "role": "joint", "from": self.start.isoformat()} | joint.columns())
        amount = self.dice.randrange(380_00, 760_00, 5_00)
        dues = []
        for n in range(MONTHS + 1):
            on = add_months(self.start, n)
            files.entries.append(_entry(ref, f"{ref}-R{n:02d}", on, "charge", amount, due_on=on))
            dues.append((on, amount))
        self._pay(files, ref, dues)

    def council_tax(self, person: Invented, *, earlier: bool = False, sundry: bool = False) -> None:
        """A year's council tax in ten instalments from April, or one sundry debt due at once."""
        if sundry:
            opened = self.book.today - timedelta(days=self.dice.randrange(40, 500))
            kind = self.dice.choice(["garden_waste", "care_alarm", "overpayment"])
            files, ref = self._account("ashmere", "S", person, kind, opened)
            amount = self.dice.randrange(24_00, 420_00, 50)
            due = opened + timedelta(days=28)
            files.entries.append(_entry(ref, f"{ref}-C", opened, "charge", amount, due_on=due))
            self._pay(files, ref, [(due, amount)])
            return
        year = self.book.today.year - (self.book.today.month < 4) - earlier
        files, ref = self._account("ashmere", "C", person, "council_tax", date(year, 4, 1))
        whole = self.dice.randrange(980_00, 2_400_00, 1_00)
        files.entries.append(_entry(ref, f"{ref}-C", date(year, 4, 1), "charge", whole))
        dues = []
        for n in range(10):
            amount = whole // 10 + (whole % 10 if n == 9 else 0)
            on = add_months(date(year, 4, 15), n)
            files.instalments.append(
                {"account_ref": ref, "due_on": on.isoformat(), "amount": units(amount), "component": "principal"}
            )
            dues.append((on, amount))
        self._pay(files, ref, dues)

    def energy(self, person: Invented) -> None:
        """Quarterly bills, each due after 30 days."""
        files, ref = self._account("lyngvik", "E", person, "energy", self.start)
        dues = []
        for n in range(0, MONTHS, 3):
            on = add_months(self.start, n + 2)
            amount = self.dice.randrange(640_00, 4_900_00, 1_00)
            if on > self.book.today:
                break
            due = on + timedelta(days=30)
            files.entries.append(_entry(ref, f"{ref}-B{n:02d}", on, "charge", amount, due_on=due))
            dues.append((due, amount))
        self._pay(files, ref, dues, fee=60_00)

    def loan(self, person: Invented) -> None:
        """A loan in equal monthly instalments; interest is part of each instalment as agreed."""
        months = self.dice.choice([12, 18, 24, 36])
        opened = add_months(self.book.today, -self.dice.randrange(4, min(months, MONTHS)))
        files, ref = self._account("wierzba", "L", person, "loan", opened)
        part = self.dice.randrange(140_00, 900_00, 1_00)
        files.entries.append(_entry(ref, f"{ref}-C", opened, "charge", part * months))
        anchor = self.dice.randrange(1, 29)
        first = month_day(opened.year, opened.month, anchor)
        if first <= opened:
            first = add_months(first, 1, anchor)
        dues = []
        for n in range(months):
            on = add_months(first, n, anchor)
            files.instalments.append(
                {"account_ref": ref, "due_on": on.isoformat(), "amount": units(part), "component": "principal"}
            )
            dues.append((on, part))
        self._pay(files, ref, dues)

    def some_on_their_way(self) -> None:
        """Money that is announced today or was yesterday, and will be booked tomorrow or the day after."""
        for ref in ("tidewell", "ashmere"):
            files = self.book.files[ref]
            for n, account in enumerate(self.dice.sample([row["account_ref"] for row in files.accounts], 6)):
                arrives = self.book.today + timedelta(days=1 + n % 3)
                amount = self.dice.randrange(20_00, 90_00, 5_00)
                entry = f"{account}-W{n}"
                files.entries.append(_entry(account, entry, arrives, "payment", amount))
                self.book.on_its_way.append((ref, account, entry, amount, arrives))

    def _account(self, lender: str, letter: str, person: Invented, kind: str, opened: date) -> tuple[Files, str]:
        self.accounts += 1
        ref = f"{letter}{10_000 + self.accounts}"
        files, who = self.book.files[lender], LENDERS[lender]
        files.accounts.append(
            {"account_ref": ref} | person.columns()
            | {"debt_type": kind, "currency": who.currency, "opened_on": opened.isoformat(), "branch": person.city}
        )  # fmt: skip
        return files, ref

    def _habit(self) -> _Habit:
        throw = self.dice.random()
        if throw < 0.80:
            return _Habit(0.05, 6, None)
        if throw < 0.93:
            return _Habit(0.15, 16, None)
        begins = self.dice.randrange(MONTHS // 2, MONTHS)
        return _Habit(0.30, 25, (begins, begins + self.dice.choice([2, 4, 6, 30])))

    def _pay(self, files: Files, ref: str, dues: Sequence[tuple[date, int]], fee: int = 0) -> None:
        habit, behind = self._habit(), 0
        for n, (due, amount) in enumerate(dues):
            stopped = habit.stops and habit.stops[0] <= _months_between(self.start, due) < habit.stops[1]
            late = self.dice.random() < habit.late
            lag = 1 + int(self.dice.expovariate(1 / habit.by)) if late else -self.dice.randrange(0, 6)
            on = due + timedelta(days=lag)
            if fee and lag > 10 and on <= self.book.today and not stopped:
                files.entries.append(_entry(ref, f"{ref}-F{n:02d}", due + timedelta(days=8), "fee", fee))
                amount += fee
            if stopped or on > self.book.today:
                continue
            part = amount + behind  # what was short last time comes with the next payment
            behind = 0
            if self.dice.random() < 0.03:
                behind = part - self.dice.randrange(part // 4, part)
                part -= behind
            files.entries.append(_entry(ref, f"{ref}-P{n:02d}", on, "payment", part))


def _entry(ref: str, entry: str, on: date, kind: str, amount: int, due_on: date | None = None) -> dict[str, str]:
    return {"account_ref": ref, "entry_ref": entry, "value_date": on.isoformat(), "kind": kind,
            "amount": units(amount), "due_on": due_on.isoformat() if due_on else "", "reverses": ""}  # fmt: skip


def _months_between(first: date, later: date) -> int:
    return (later.year - first.year) * 12 + later.month - first.month


def _with_phone(person: Invented, phone: str) -> Invented:
    return Invented(**{name: getattr(person, name) for name in Invented.__slots__} | {"phone": phone})


def rows(book: Book) -> Iterator[tuple[str, int]]:
    """How many rows each creditor's files hold, for the progress line."""
    for ref, files in book.files.items():
        yield ref, len(files.accounts) + len(files.liable) + len(files.instalments) + len(files.entries)
