"""Evenly's layout: which files there are, their columns, and how a field is written.

One file a kind, with a header row, UTF-8, columns parted by commas in any order,
dates as 2026-11-24, amounts as decimals with a dot. Columns that we do not know
are kept as extra facts.

The patterns are read by PostgreSQL and by Python alike. The one for dates lets
only days through that exist, so that a cast after it cannot fail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cases.refusal import refusal_code

FolderEmpty = refusal_code("intake.folder", "missing")
FileUnknown = refusal_code("intake.file", "name")
SystemName = refusal_code("intake.system", "system")

ACCOUNTS, LIABLE, INSTALMENTS, ENTRIES = "accounts", "liable", "instalments", "entries"
CONTACTS = "contacts"
"""Loaded by itself: `contacts.py`."""
ORDER: Final = (ACCOUNTS, LIABLE, INSTALMENTS, ENTRIES)
"""The order in which files are read: each may speak of what the ones before brought."""

PERSON: Final = (
    "name", "date_of_birth", "national_id", "address_line1", "address_line2", "city", "postcode", "country", "phone",
    "email", "language",
)  # fmt: skip
"""The columns that say who somebody is."""

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    ACCOUNTS: (
        "account_ref", "person_ref", *PERSON, "debt_type", "product", "currency", "opened_on", "original_amount",
        "interest_rate", "interest_from", "agreed_fees", "branch",
    ),
    LIABLE: ("account_ref", "person_ref", "role", "from", *PERSON),
    INSTALMENTS: ("account_ref", "due_on", "amount", "component", "currency"),
    ENTRIES: ("account_ref", "entry_ref", "value_date", "kind", "amount", "due_on", "reverses", "currency"),
    CONTACTS: ("person_ref", "national_id", "kind", "value", "source", "as_of"),
}  # fmt: skip
"""All columns we know. A currency beside an amount is optional, and must be the account's."""

REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    ACCOUNTS: ("account_ref", "person_ref", "name", "debt_type", "currency", "opened_on"),
    LIABLE: ("account_ref", "person_ref"),
    INSTALMENTS: ("account_ref", "due_on", "amount"),
    ENTRIES: ("account_ref", "entry_ref", "value_date", "kind", "amount"),
    CONTACTS: ("kind", "value", "source", "as_of"),
}

ENTRY_KINDS: Final = ("charge", "payment", "interest", "fee", "cost", "adjustment", "reversal")
COMPONENTS: Final = ("principal", "interest", "")
ROLES: Final = ("joint", "guarantor")
"""What a row of liable may be; the holder stands in accounts."""

DATE: Final = (
    "^(?:(?:1[89]|2[01])[0-9]{2}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    "|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    "|(?:(?:1[89]|2[01])(?:0[48]|[2468][048]|[13579][26])|2000)-02-29)$"
)
"""Days of the years 1800 to 2199."""

AMOUNT: Final = r"^-?[0-9]{1,15}(?:\.[0-9]{1,6})?$"
LARGEST: Final = 999_999_999_999_999
"""Fifteen digits of minor units."""
LARGEST_SUM: Final = 10**18
"""Minor units of all amounts of one account together, whatever their sign: so every sum of them fits a bigint."""
LONGEST: Final = 200
"""Characters of a field, each as many as it takes apart: what is searched by must fit an index."""
MOST_COLUMNS: Final = 300
"""Columns of a file: a row must fit a page of the database, whatever stands in it."""

RATE: Final = r"^[0-9]{1,3}(?:\.[0-9]{1,6})?$"
LANGUAGE: Final = "^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$"
SYSTEM: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"

CUT_LEAVES_A_VALUE: Final = frozenset(
    {"account_ref", "person_ref", "entry_ref", "reverses", "amount", "original_amount", "interest_rate", "national_id",
     "name", "address_line1", "address_line2", "postcode", "phone", "email", "value", "source"}
)  # fmt: skip
"""Columns where a value cut short still looks like one: 8033.00 as 80. If such a column is the last of a
file that ends without a line break, its last row is not believed."""

CUT_LEAVES_NOTHING: Final = frozenset(
    {"component", "due_on", "date_of_birth", "interest_from", "from", "role", "country", "language", "currency"}
)
"""Columns of a fixed form that may be empty. A part of a value is refused for its form; an empty one at such
an end is not believed."""


@dataclass(frozen=True, slots=True)
class Header:
    """A file's columns in their order: known ones by name, others by the name they were given."""

    file: str
    columns: tuple[str, ...]

    @property
    def known(self) -> frozenset[str]:
        """The columns of the layout that this file has."""
        return frozenset(self.columns) & frozenset(COLUMNS[self.file])

    @property
    def extra(self) -> tuple[str, ...]:
        """The columns of its own, in order."""
        return tuple(c for c in self.columns if c not in COLUMNS[self.file])

    @property
    def staged(self) -> tuple[str, ...]:
        """The staging table's column for each of the file's columns."""
        own = iter(range(len(self.columns)))
        return tuple(c if c in COLUMNS[self.file] else f"extra_{next(own)}" for c in self.columns)


def files_of(path: Path) -> dict[str, Path]:
    """The files of Evenly's layout in a folder, or the one file named, in the order they are read.

    Raises FolderEmpty for a folder without accounts.csv, FileUnknown for a file of another name.
    """
    if path.is_dir():
        found = {kind: path / f"{kind}.csv" for kind in ORDER if (path / f"{kind}.csv").is_file()}
        if ACCOUNTS not in found:
            raise FolderEmpty(missing=f"{ACCOUNTS}.csv")
        return found
    if path.suffix.lower() != ".csv" or path.stem not in ORDER or not path.is_file():
        raise FileUnknown(name=path.name)
    return {path.stem: path}


def amount_ok(column: str) -> str:
    """Whether a field is an amount, in SQL: nearly all are seen without the pattern, which is slow."""
    plain = f"translate({column}, '0123456789', '') in ('.', '') and length({column}) < 15"
    return f"(({plain} and {column} not like '.%%' and {column} not like '%%.') or {column} ~ '{AMOUNT}')"
