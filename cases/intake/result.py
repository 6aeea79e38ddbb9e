"""What came of a load: the batch and its counts, what was refused and why, what was corrected.

A *finding* is something about one row (or one whole file) that its sender should
know: a refused row, or a warning on a row that was loaded without one of its
fields. It holds a code and facts, never a sentence; `portal/load_report.py`
turns it into words and a remedy. A *correction* is a row that changed what was
known. A *likely pair* is two people who may be one and are not joined by rule.

The *row* of a finding is the number a spreadsheet shows: the header is row 1.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cases.db import Base, Id, Moment, refers

REFUSED: Final[Mapping[str, str]] = {
    # whole files
    "file.empty": "",
    "file.encoding": "",
    "file.separator": "",
    "file.header": "",
    "file.column_missing": "column",
    "file.column_twice": "column",
    "file.columns": "most",
    "file.accounts_refused": "",
    # rows that cannot be read
    "row.columns": "has wants",
    "row.encoding": "",
    "row.quotes": "",
    "row.cut_short": "",
    # fields
    "required": "",
    "long": "most",
    "date": "value",
    "born": "",
    "born.future": "",
    "amount": "value",
    "amount.negative": "value",
    "amount.zero": "",
    "amount.decimals": "value currency decimals",
    "amount.large": "",
    "amount.sum": "",
    "rate": "value",
    "country": "value",
    "currency.unknown": "value",
    "currency.new": "value",
    "currency.changed": "value was",
    "currency.other": "value currency",
    "component": "value",
    "kind": "value",
    "role": "value",
    # what rows say together
    "duplicate": "first",
    "person.disagree": "file row",
    "person.unknown": "",
    "person.refused": "",
    "liable.holder": "",
    "account.unknown": "",
    "account.refused": "",
    "entry.changed": "",
    "reversal.names_nothing": "",
    "reversal.not_a_reversal": "",
    "reversal.nothing": "value",
    "reversal.refused": "value",
    "reversal.of_reversal": "value",
    "reversal.account": "value",
    "reversal.again": "value",
    "reversal.early": "value",
    "reversal.amount": "value",
    # ways to reach a person
    "way.who": "",
    "way.unknown": "",
    "way.several": "",
    "way.kind": "value",
    "way.phone": "",
    "way.textable": "",
    "way.mail": "",
    "way.address": "",
    "way.future": "value",
}
"""Codes of what is refused, with the names of their facts."""

WARNED: Final[Mapping[str, str]] = {
    "phone": "",
    "mail": "",
    "language": "",
    "national_id": "",
    "row.no_line_break": "",
    "due_on.ignored": "kind",
    "schedule.kept": "",
    "more": "count",
}
"""Codes of what was loaded and should still be looked at."""

FINDINGS_KEPT: Final = 100_000
"""How many findings a result holds; the counts are always whole, and a last finding says how many more there are."""


class Batch(Base):
    """One load of files of one creditor and source system."""

    __tablename__ = "batch"

    id: Mapped[Id]
    creditor_id: Mapped[int] = refers("creditor.id")
    system: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[Moment]
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)


class ExtraFact(Base):
    """What a row of liable, instalments or entries said in columns of its own; of accounts it stands in the terms.

    `ref` is the row's: the person_ref, the due date, the entry_ref. The newest row of a ref counts.
    """

    __tablename__ = "extra_fact"

    id: Mapped[Id]
    creditor_id: Mapped[int] = refers("creditor.id")
    account_id: Mapped[int] = refers("account.id")
    file: Mapped[str] = mapped_column(Text)
    ref: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint("file in ('liable', 'instalments', 'entries')", "file"),
        Index("extra_fact_account", "account_id", "file", "ref", "id"),
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one row. `row` is None for a whole file, `field` None for a whole row.

    `facts` may quote the row's own dates, amounts and codes; never names, numbers or addresses.
    """

    file: str
    row: int | None
    field: str | None
    code: str
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    refused: bool = True


@dataclass(frozen=True, slots=True)
class Correction:
    """A row that changed what was known: of which account or person, and which fields."""

    file: str
    row: int | None
    ref: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LikelyPair:
    """Two people, by case reference, who may be one; `because` names what is equal."""

    case_ref: str
    other: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileCount:
    """What became of a file's rows. `withdrawn` counts instalments that the file no longer holds."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class LoadResult:
    """All that a load did, or would do: `kept` is False after a dry run and for a refused atomic load."""

    creditor: str
    system: str
    files: Mapping[str, FileCount]
    findings: tuple[Finding, ...]
    corrections: tuple[Correction, ...]
    likely: tuple[LikelyPair, ...]
    joined: int
    people_added: int
    kept: bool
    batch: int | None = None

    @property
    def refused(self) -> int:
        """How many rows were refused, and whole files with them."""
        return sum(c.refused for c in self.files.values()) + sum(f.row is None and f.refused for f in self.findings)
