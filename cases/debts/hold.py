"""Hold: a dated stop on debts, with its basis in law and the exact list of what it stops.

A hold lies on debts, for all who owe them, and belongs to one person's case. It stands from its first
day until its last one, both in it, by the days of each debt's creditor; without a last day it has a day
of review. Its *term*, the last day or the review, is corrected by a new row, and so it is ended: what it
was when is never lost. What a day finds held is asked of `held.py`.

What it stops (`STOPS`):
- `reminders`: messages that ask for money, or tell that some is missing, of these debts;
- `messages`: every message to this person that we begin; answers and codes go on;
- `plans`: new plans and promises over these debts;
- `judging`: its days count towards no missed payment of a plan (rules 1.2: a pause);
- `interest`: interest of a plan over these debts;
- `money`: money that the payer did not name for them (rules 1.6).

Some bases stop certain things by law (`RULES`): SI 2020/1311 reg 7 and 11 for a breathing space,
which covers debts of England and Wales alone, and not each kind of them.

Why a debt is held is for our own people: whoever owes it together with the person reads that it is
held, from when and until when, and no more.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Date,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.arrangements import monitoring
from cases.arrangements.arrangement import by_person
from cases.db import Base, Id, Moment, refers
from cases.debts.breathing_space import qualifies
from cases.history import Actor, Kind, proof, record
from cases.law.rules import pack
from cases.people.person import all_ids
from cases.refusal import refusal_code
from cases.work import queue

UNKNOWN = refusal_code("hold.unknown")
UNKNOWN_ACCOUNT = refusal_code("hold.unknown_account", "account")
NO_ACCOUNT = refusal_code("hold.no_account")
BASIS_UNKNOWN = refusal_code("hold.basis_unknown", "basis")
STOPS_NOTHING = refusal_code("hold.stops_nothing")
NO_END = refusal_code("hold.no_end")
DAY_WRONG = refusal_code("hold.day_wrong", "earliest")
NOT_COVERED = refusal_code("hold.not_covered", "account")
OVER = refusal_code("hold.over", "last_on")
DISPUTED = refusal_code("hold.disputed")

STOPS: Final = ("reminders", "messages", "plans", "judging", "interest", "money")
ENDS: Final = ("reason_gone", "mistake", "answered", "taken_back", "over")
"""Why a hold ended: its reason is gone, it was placed by mistake, its dispute was answered or taken back, its time."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a basis stops by law whatever is chosen, and what it usually stops; whether a law of the land makes it."""

    must: frozenset[str]
    usual: frozenset[str]
    moratorium: bool = False


def _rule(must: str, more: str = "", *, moratorium: bool = False) -> Rule:
    return Rule(frozenset(must.split()), frozenset(f"{must} {more}".split()), moratorium)


RULES: Final[Mapping[str, Rule]] = {
    "breathing_space": _rule("reminders interest", "judging", moratorium=True),
    "crisis": _rule("reminders interest", "judging", moratorium=True),
    "dispute": _rule("money", "reminders plans judging interest"),
    "vulnerability": _rule("", "reminders judging interest"),
    "insolvency": _rule("reminders", "plans judging interest money"),
    "deceased": _rule("reminders messages", "plans judging interest money"),
}
"""Each basis; `crisis`: a breathing space in a mental health crisis."""


class Hold(Base):
    """One hold. `reason` and `evidence`: words of ours, erasable; the history keeps their proof."""

    __tablename__ = "hold"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    basis: Mapped[str] = mapped_column(Text)
    stops: Mapped[list[str]] = mapped_column(ARRAY(Text))
    starts_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    key: Mapped[str] = mapped_column(Text)
    placed_by: Mapped[str] = mapped_column(Text)
    placed_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint(f"basis in {tuple(RULES)}", "basis"),
        CheckConstraint(f"cardinality(stops) > 0 and stops <@ array{list(STOPS)}", "stops"),
        UniqueConstraint("person_id", "key"),
    )


class HoldAccount(Base):
    """A debt that a hold lies on."""

    __tablename__ = "hold_account"

    hold_id: Mapped[int] = refers("hold.id", primary_key=True)
    account_id: Mapped[int] = refers("account.id", primary_key=True)
    creditor_id: Mapped[int] = refers("creditor.id")

    __table_args__ = (Index("hold_account_account", "account_id"),)


class HoldTerm(Base):
    """Until when a hold stands: its last day, or the day of its review. `why`: placed, prolonged, or of `ENDS`."""

    __tablename__ = "hold_term"

    id: Mapped[Id]
    hold_id: Mapped[int] = refers("hold.id")
    last_on: Mapped[date | None] = mapped_column(Date)
    review_on: Mapped[date | None] = mapped_column(Date)
    why: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[Moment]
    replaces: Mapped[int | None] = refers("hold_term.id", nullable=True)
    replaced_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("last_on is not null or review_on is not null", "until"),
        CheckConstraint(f"why in {('placed', 'prolonged', *ENDS)}", "why"),
        CheckConstraint("replaced_at >= recorded_at", "stamp"),
        Index("hold_term_replaced_once", "replaces", unique=True, postgresql_where=text("replaces is not null")),
        Index("hold_term_live", "hold_id", unique=True, postgresql_where=text("replaced_at is null")),
        Index("hold_term_open", "last_on", "review_on",
              postgresql_where=text(f"replaced_at is null and why in {('placed', 'prolonged')}")),
    )  # fmt: skip


def place(
    session: Session,
    *,
    person: int,
    basis: str,
    accounts: Sequence[int],
    stops: Iterable[str],
    starts_on: date,
    last_on: date | None,
    review_on: date | None,
    key: str,
    by: Actor,
    at: datetime,
    reason: str | None = None,
    evidence: str | None = None,
    told: bool = True,
    line: Kind = Kind.HOLD_PLACED,
) -> Hold:
    """Places a hold over debts of a person. What the basis stops by law is stopped too. The same key places once.

    `told`: False where the person's own line is another act's; the others who owe the debts have theirs. `line`:
    what the history calls it.
    Refuses `hold.basis_unknown`, `hold.no_account`, `hold.unknown_account`, `hold.not_covered`, `hold.stops_nothing`,
    `hold.no_end`, `hold.day_wrong`.
    """
    if (rule := RULES.get(basis)) is None:
        raise BASIS_UNKNOWN(basis=basis)
    monitoring.hold(session, accounts)
    was = session.scalar(select(Hold).where(Hold.person_id == person, Hold.key == key))
    if was is not None:
        return was
    found = _theirs(session, person, accounts, at)
    for each in found.values():
        if not covers(basis, each.country, each.debt_type):
            raise NOT_COVERED(account=each.id)
    chosen = [each for each in STOPS if each in rule.must or each in set(stops)]
    if not chosen:
        raise STOPS_NOTHING()
    _check_term(starts_on, last_on, review_on, max(each.today for each in found.values()))
    made = Hold(
        person_id=person, basis=basis, stops=chosen, starts_on=starts_on, reason=reason, evidence=evidence,
        salt=uuid.uuid4() if reason or evidence else None, key=key, placed_by=str(by), placed_at=at,
    )  # fmt: skip
    session.add(made)
    session.flush()
    session.add_all(
        HoldAccount(hold_id=made.id, account_id=each.id, creditor_id=each.creditor) for each in found.values()
    )
    session.add(HoldTerm(hold_id=made.id, last_on=last_on, review_on=review_on, why="placed", made_by=str(by),
                         recorded_at=at))  # fmt: skip
    session.flush()
    words = {"reason": reason, "evidence": evidence}
    proofs = {name: proof(made.salt, said) for name, said in words.items() if said and made.salt}
    tell(session, line, made, by, at, {"starts_on": starts_on.isoformat(), **_until(last_on, review_on)},
         ours={"basis": basis, "stops": chosen, **proofs}, told=told)  # fmt: skip
    monitoring.judge(session, list(found), by=by, at=at, relieved=True)
    return made


def covers(basis: str, country: str, debt_type: str) -> bool:
    """Whether a hold of this basis may lie on such a debt: a moratorium covers what its law says. Pure."""
    law = pack(country)
    return not RULES[basis].moratorium or bool(law and law.breathing_space and qualifies(debt_type))


def prolong(
    session: Session, hold: int, *, last_on: date | None, review_on: date | None, by: Actor, at: datetime,
    told: bool = True,
) -> None:  # fmt: skip
    """Keeps a hold on, with these days. `told` as in `place`.

    Refuses `hold.over`, `hold.no_end`, `hold.day_wrong`, and `hold.disputed`: while a dispute waits, no day ends it.
    """
    row, term, today = _standing(session, hold, at)
    asked = queue.done(session, subject=f"hold:{hold}", kind="hold", by=by, at=at)
    if (term.last_on, term.review_on) != (last_on, review_on):
        if last_on is not None and session.scalar(_DISPUTED, {"hold": hold}):
            raise DISPUTED()
        _check_term(row.starts_on, last_on, review_on, today)
        set_term(session, term, last_on, review_on, "prolonged", by, at)
    elif not asked:
        return
    elif review_on is not None and review_on <= today:  # it would never come back
        raise DAY_WRONG(earliest=today + timedelta(days=1))
    tell(session, Kind.HOLD_CHANGED, row, by, at, _until(last_on, review_on), told=told)
    monitoring.judge(session, _accounts(session, hold), by=by, at=at, relieved=True)


def end(session: Session, hold: int, *, why: str, by: Actor, at: datetime, told: bool = True) -> None:
    """Ends a hold: today is its first free day. `told` as in `place`.

    Refuses `hold.over`, and `hold.disputed` where a dispute waits for its answer: that ends it.
    """
    row, term, today = _standing(session, hold, at)
    if why not in ("answered", "taken_back") and session.scalar(_DISPUTED, {"hold": hold}):
        raise DISPUTED()
    last = max(row.starts_on, today) - timedelta(days=1)
    set_term(session, term, last, None, why, by, at)
    tell(session, Kind.HOLD_ENDED, row, by, at, {}, ours={"why": why}, told=told)
    queue.done(session, subject=f"hold:{hold}", kind="hold", by=by, at=at)
    monitoring.judge(session, _accounts(session, hold), by=by, at=at)


@dataclass(frozen=True, slots=True)
class Standing:
    """A hold that is not over, with its term and its debts; `disputed`: the dispute that waits for its answer."""

    hold: Hold
    term: HoldTerm
    accounts: tuple[int, ...]
    disputed: int | None


def holds_of(session: Session, people: Sequence[int]) -> list[Standing]:
    """The holds of these ids (one person's, all joined) that are not over, the newest first. One statement."""
    debts = select(func.array_agg(HoldAccount.account_id)).where(HoldAccount.hold_id == Hold.id).scalar_subquery()
    rows = session.execute(
        select(Hold, HoldTerm, debts, _WAITS)
        .join(HoldTerm, HoldTerm.hold_id == Hold.id)
        .where(Hold.person_id.in_(people), HoldTerm.replaced_at.is_(None), HoldTerm.why.not_in(ENDS))
        .order_by(Hold.id.desc())
    )
    return [Standing(hold, term, tuple(sorted(accounts)), disputed) for hold, term, accounts, disputed in rows]


def stands(session: Session, hold: int) -> bool:
    """Whether a hold is neither ended nor known to be over."""
    live = select(HoldTerm.why).where(HoldTerm.hold_id == hold, HoldTerm.replaced_at.is_(None))
    return session.scalar(live) not in (None, *ENDS)


def _check_term(starts_on: date, last_on: date | None, review_on: date | None, today: date) -> None:
    if last_on is None and review_on is None:
        raise NO_END()
    for day, earliest in ((last_on, max(starts_on, today)), (review_on, today)):
        if day is not None and day < earliest:
            raise DAY_WRONG(earliest=earliest)


def _until(last_on: date | None, review_on: date | None) -> dict[str, str]:
    days = {"last_on": last_on, "review_on": review_on}
    return {name: day.isoformat() for name, day in days.items() if day}


def _theirs(session: Session, person: int, accounts: Sequence[int], at: datetime) -> dict[int, Any]:
    """These debts with kind, creditor, country and day. Refuses `hold.no_account`, `hold.unknown_account`."""
    if not accounts:
        raise NO_ACCOUNT()
    rows = session.execute(_DEBTS, {"people": all_ids(session, person), "ids": list(accounts), "at": at})
    found = {row.id: row for row in rows}
    for account in accounts:
        if account not in found:
            raise UNKNOWN_ACCOUNT(account=account)
    return found


def _standing(session: Session, hold: int, at: datetime) -> tuple[Hold, HoldTerm, date]:
    """A hold that is not over, with its term, locked, and the day that it is for its creditors."""
    monitoring.hold(session, _accounts(session, hold))
    term = session.scalar(
        select(HoldTerm)
        .where(HoldTerm.hold_id == hold, HoldTerm.replaced_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    row = session.get(Hold, hold)
    if row is None or term is None:
        raise UNKNOWN()
    today: date = session.scalars(_TODAY, {"hold": hold, "at": at}).one()
    if term.why in ENDS or term.last_on is not None and term.last_on < today:
        raise OVER(last_on=term.last_on)
    return row, term, today


def set_term(
    session: Session, term: HoldTerm, last_on: date | None, review_on: date | None, why: str, by: Actor, at: datetime
) -> None:
    """Replaces the term of a hold, and tells nobody."""
    session.add(HoldTerm(hold_id=term.hold_id, last_on=last_on, review_on=review_on, why=why, made_by=str(by),
                         recorded_at=at, replaces=term.id))  # fmt: skip
    session.flush()


def _accounts(session: Session, hold: int) -> list[int]:
    return list(session.scalars(select(HoldAccount.account_id).where(HoldAccount.hold_id == hold)))


def tell(
    session: Session, kind: Kind, hold: Hold, by: Actor, at: datetime, facts: Mapping[str, object], *,
    ours: Mapping[str, object] | None = None, told: bool = True,
) -> None:  # fmt: skip
    """A line for the person, with what is theirs alone (`ours`), and one for each other who owes the debts."""
    mine = set(all_ids(session, hold.person_id))
    subject = f"hold:{hold.id}"
    accounts = by_person(session, _accounts(session, hold.id))
    own = set().union(*(theirs for person, theirs in accounts.items() if person in mine))
    if told:
        record(session, kind, by=by, at=at, person=hold.person_id, subject=subject,
               facts={**facts, **(ours or {}), "accounts": len(own)})  # fmt: skip
    for person, theirs in accounts.items():
        if person not in mine:
            record(session, kind, by=by, at=at, person=person, subject=subject,
                   facts={**facts, "accounts": len(theirs), "joint": True})  # fmt: skip


_DEBTS: Final = text("""
select a.id, a.creditor_id as creditor, c.country, coalesce(t.debt_type, '') as debt_type,
  (cast(:at as timestamptz) at time zone c.zone)::date as today
from account a join creditor c on c.id = a.creditor_id
left join account_terms t on t.account_id = a.id and t.replaced_at is null
where a.id = any(:ids) and a.id in (select l.account_id from liability l
  where l.person_id = any(:people) and l.replaced_at is null and not l.withdrawn)
order by a.id
""")

_TODAY: Final = text("""
select max((cast(:at as timestamptz) at time zone c.zone)::date)
from hold_account k join creditor c on c.id = k.creditor_id where k.hold_id = :hold
""")

_DISPUTED: Final = text("select exists (select from dispute where hold_id = :hold and answered_at is null)")
_WAITS: Final[ColumnElement[int | None]] = literal_column(
    "(select d.id from dispute d where d.hold_id = hold.id and d.answered_at is null)"
)
