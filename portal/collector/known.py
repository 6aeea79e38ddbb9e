"""Known: what the lines of a page of history speak of, read at once, and an *event*: one line as it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.history import Actor, Line
from cases.work.diary import DiaryEntry
from cases.work.note import Note
from messaging.conversation import Said
from messaging.outbox import Message
from payments.attempt import PaymentAttempt
from portal.language import _

LONGEST_QUOTE: Final = 90


@dataclass
class Known:
    """What the lines of a page speak of."""

    names: Mapping[int, str]
    people: Mapping[int, str]
    accounts: Mapping[int, str]
    messages: Mapping[int, Message] = field(default_factory=dict)
    said: Mapping[int, Said] = field(default_factory=dict)
    payments: Mapping[int, PaymentAttempt] = field(default_factory=dict)
    diary: Mapping[int, DiaryEntry] = field(default_factory=dict)
    notes: Mapping[int, Note] = field(default_factory=dict)
    sent: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Event:
    """One line as it is shown: `why` answers *Why not?*; `payment` may be taken back.

    `erase`: the page that erases the words it shows, with the number of what they belong to.
    """

    time: str
    icon: str
    what: str
    who: str
    kind: str
    words: str
    why: str = ""
    payment: int | None = None
    erase: tuple[str, int] | None = None


def who(by: Actor, names: Mapping[int, str], people: Mapping[int, str]) -> str:
    """Who did it: `names` are users by id, `people` the first names of who owes; a job by what it is."""
    if by.role == "debtor":
        return people.get(by.id or 0, _("the person"))
    if by.id is not None:
        return names.get(by.id, _("a colleague"))
    jobs = {"command": _("by command"), "carrier": _("the carrier"), "sample": _("sample"),
            "processor": _("the card service")}  # fmt: skip
    return jobs.get(by.role, _("by rule"))


def account(line: Line, known: Known) -> str:
    """How the account of a line is called; nothing where it has none."""
    return known.accounts.get(line.account_id or 0, "")


def number(line: Line) -> int:
    """The id of what a line is about; 0 where it is about nothing."""
    return int(line.subject.partition(":")[2]) if line.subject else 0


def by_id(session: Session, table: Any, lines: Sequence[Line], name: str) -> dict[int, Any]:
    """The rows of `table` that these lines are about, by id; `name` is how their subjects begin."""
    ids = {number(line) for line in lines if line.subject and line.subject.startswith(f"{name}:")}
    return {row.id: row for row in session.scalars(select(table).where(table.id.in_(ids)))} if ids else {}


def quote(words: str | None) -> str:
    """The beginning of what someone said, in quotation marks; erased words say so."""
    if words is None:
        return _("These words were erased.")
    short = " ".join(words.split())
    if len(short) > LONGEST_QUOTE:
        short = short[: LONGEST_QUOTE - 1].rsplit(" ", 1)[0] + " …"
    return f"“{short}”"
