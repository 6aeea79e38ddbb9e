"""Seals: blocks over the history and the ledger, so that a change shows.

Each minute, and before `verify`, a sealer closes a block over all committed rows
of three books (history lines, entries, payments) whose transaction number lies
between the last seal and the oldest running transaction. A seal keeps a leaf
(SHA-256) of each row, and hashes them with its number, its range and the hash
before it. So every committed row is in exactly one seal, writers never wait,
and a row changed, taken away or added behind our back is found and named.

What a chain cannot see is its own end cut off and sealed anew: that is what the
number and hash in the log are for (`anchor`). Rows not yet sealed are counted,
not called proved.

After a restore into a new cluster transaction numbers start low again; then
`history_base()` is raised by `evenly migrate`, and until then nothing is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, FetchedValue, LargeBinary, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Moment, Sha256


class Seal(Base):
    """One block: `leaves` are 32 bytes a row, ordered by transaction, book and id."""

    __tablename__ = "seal"

    no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    from_tx: Mapped[int] = mapped_column(BigInteger)
    to_tx: Mapped[int] = mapped_column(BigInteger, unique=True)
    rows: Mapped[int] = mapped_column(BigInteger)
    leaves: Mapped[bytes] = mapped_column(LargeBinary)
    prev: Mapped[Sha256]
    hash: Mapped[Sha256]
    sealed_at: Mapped[Moment] = mapped_column(server_default=FetchedValue())

    __table_args__ = (
        CheckConstraint("no > 0", "no"),
        CheckConstraint("rows > 0", "rows"),
        CheckConstraint("length(hash) = 32", "hash"),
        CheckConstraint("from_tx < to_tx and length(leaves) = 32 * rows", "shape"),
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is off: where (`seal`, `history`, `entry`, `payment`, `position`), which row, and how."""

    where: str
    row: int
    what: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What checking the seals gave: blocks and rows proved, lines without facts, rows not yet sealed, findings."""

    seals: int
    rows: int
    redacted: int
    unsealed: int
    head: tuple[int, str] | None
    findings: list[Finding]


_BOOKS = """
  select tx, 1 as book, id, history_leaf(h) as leaf from history h where tx >= {low} and tx < {high}
  union all select tx, 2, id, entry_leaf(e) from entry e where tx >= {low} and tx < {high}
  union all select tx, 3, id, payment_leaf(p) from payment p where tx >= {low} and tx < {high}"""

_SEAL = f"""
insert into seal (no, from_tx, to_tx, rows, leaves, prev, hash)
select no, from_tx, to_tx, rows, leaves, prev,
       sha256(prev || int8send(no) || int8send(from_tx) || int8send(to_tx) || int8send(rows) || sha256(leaves))
from (select last.no + 1 as no, last.to_tx as from_tx, last.hash as prev, last.high as to_tx, count(*) as rows,
             string_agg(b.leaf, ''::bytea order by b.tx, b.book, b.id) as leaves
      from (select no, to_tx, hash, history_horizon() as high from seal
            union all select 0, 0, sha256(''), history_horizon() order by no desc limit 1) last
      cross join lateral ({_BOOKS.format(low="last.to_tx", high="last.high")}) b
      group by last.no, last.to_tx, last.hash, last.high) block
on conflict do nothing returning no, encode(hash, 'hex'), rows
"""

_NAMES = {1: "history", 2: "entry", 3: "payment"}


def close_block(session: Session) -> tuple[int, str, int] | None:
    """Seals what is committed and not yet sealed: number, hash (hex) and rows of the new seal, or None.

    The caller writes number and hash to the log: they are the anchor.
    """
    row = session.execute(text(_SEAL)).one_or_none()
    return (row[0], row[1], row[2]) if row else None


def check_seals(session: Session, anchor: tuple[int, str] | None = None) -> Sealed:
    """Proves the chain and every sealed row; the first that is off is named.

    `anchor`: a seal's number and hash, as the log told them; a seal with them must stand.
    """
    findings: list[Finding] = []
    no, to_tx, prev, rows = 0, 0, session.execute(text("select sha256('')")).scalar_one(), 0
    for at in session.execute(text("select no, from_tx, to_tx, rows, prev, hash, sha256(prev || int8send(no) ||"
                                   " int8send(from_tx) || int8send(to_tx) || int8send(rows) || sha256(leaves)) as again"
                                   " from seal order by no")):  # fmt: skip
        if at.no != no + 1 or at.from_tx != to_tx or bytes(at.prev) != bytes(prev):
            findings.append(Finding("seal", at.no, "chain_broken", {"expected": no + 1}))
            break
        if bytes(at.again) != bytes(at.hash):
            findings.append(Finding("seal", at.no, "seal_changed"))
            break
        if off := _first_off(session, at.no, at.from_tx, at.to_tx):
            findings.append(off)
            break
        no, to_tx, prev, rows = at.no, at.to_tx, at.hash, rows + at.rows
    findings += _before_the_first(session)
    findings += _undeclared_redactions(session)
    if (
        anchor
        and not session.execute(
            text("select 1 from seal where no = :no and encode(hash, 'hex') = :hash"),
            {"no": anchor[0], "hash": anchor[1]},
        ).one_or_none()
    ):
        findings.append(Finding("seal", anchor[0], "anchor_missing", {"hash": anchor[1]}))
    unsealed, redacted = session.execute(
        text(
            "select (select count(*) from history where tx >= :top) + (select count(*) from entry where tx >= :top)"
            " + (select count(*) from payment where tx >= :top), (select count(*) from history where facts is null)"
        ),
        {"top": to_tx},
    ).one()
    head = session.execute(text("select no, encode(hash, 'hex') from seal order by no desc limit 1")).one_or_none()
    return Sealed(no, rows, redacted, unsealed, (head[0], head[1]) if head else None, findings)


def readiness(session: Session, oldest_open: float = 300.0) -> list[str]:
    """What keeps this installation from writing or sealing: codes, empty when all is well.

    `numbers_below_seal`: restored and not migrated. `old_transaction`: one open for over `oldest_open` seconds.
    """
    problems = []
    below, age = session.execute(
        text(
            "select exists (select from seal where to_tx > history_tx()),"
            " coalesce((select max(extract(epoch from clock_timestamp() - xact_start)) from pg_stat_activity"
            " where backend_xid is not null and pid <> pg_backend_pid()), 0)"
        )
    ).one()
    if below:
        problems.append("numbers_below_seal")
    if float(age) > oldest_open:
        problems.append("old_transaction")
    return problems


def sealed_until(session: Session) -> datetime | None:
    """When the last block was sealed."""
    return session.execute(text("select sealed_at from seal order by no desc limit 1")).scalar()


def _first_off(session: Session, no: int, low: int, high: int) -> Finding | None:
    """The first row of a block whose leaf differs from the kept one, or None."""
    same = session.execute(
        text(
            "select coalesce(string_agg(leaf, ''::bytea order by tx, book, id), ''::bytea)"
            f" = (select leaves from seal where no = :no) from ({_BOOKS.format(low=':low', high=':high')}) b"
        ),
        {"no": no, "low": low, "high": high},
    ).scalar_one()
    if same:
        return None
    kept_all = bytes(session.execute(text("select leaves from seal where no = :no"), {"no": no}).scalar_one())
    kept = [kept_all[i : i + 32] for i in range(0, len(kept_all), 32)]
    before: tuple[str, int] | None = None
    live = session.execute(
        text(f"select book, id, leaf from ({_BOOKS.format(low=':low', high=':high')}) b order by tx, book, id"),
        {"low": low, "high": high},
    ).all()
    for n in range(max(len(kept), len(live))):
        here = live[n] if n < len(live) else None
        if here is not None and n < len(kept) and bytes(here.leaf) == kept[n]:
            before = (_NAMES[here.book], here.id)
            continue
        after = {"seal": no, "after": f"{before[0]}:{before[1]}" if before else None}
        if here is None or (n + 1 < len(kept) and bytes(here.leaf) == kept[n + 1]):
            where, row = (_NAMES[here.book], here.id) if here is not None else (before or ("seal", no))
            return Finding(where, row, "row_taken_away_before" if here is not None else "row_taken_away_after", after)
        if n >= len(kept) or (n + 1 < len(live) and bytes(live[n + 1].leaf) == kept[n]):
            return Finding(_NAMES[here.book], here.id, "row_added", after)
        return Finding(_NAMES[here.book], here.id, "row_changed", after)
    return Finding("seal", no, "rows_differ")


def _before_the_first(session: Session) -> list[Finding]:
    """The first row of each book with a number that no transaction ever had: it lies before all seals."""
    rows = session.execute(
        text(
            "select 1 as book, min(id) as id from history where tx < 0 union all select 2, min(id) from entry where tx < 0"
            " union all select 3, min(id) from payment where tx < 0 order by book"
        )
    )
    return [Finding(_NAMES[book], row, "row_added", {"seal": 0, "after": None}) for book, row in rows if row is not None]


def _undeclared_redactions(session: Session) -> list[Finding]:
    """Lines without facts that no line tells of."""
    rows = session.execute(
        text(
            "select id from history h where facts is null and not exists (select from history r"
            " where r.kind = 'history.redacted' and r.subject = 'history:' || h.id) order by id limit 1"
        )
    )
    return [Finding("history", row[0], "facts_removed_unsaid") for row in rows]
