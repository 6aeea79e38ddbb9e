"""Seals: every committed row in exactly one, and every change behind our back found and named."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from cases import seal
from cases.db import Database
from cases.debts import ledger
from cases.seal import Finding
from tests.cases.sealing import BLOCKS, LINES, a_line, checked, first_finding, lines_of, sealed_block
from tests.cases.sealing import sealed as sealed
from tests.cases.sealing import tamper as tamper
from tests.factories import a_charge, a_creditor, an_account

IN_NONE_OR_TWO = """
select count(*) from (select tx from history union all select tx from entry union all select tx from payment) r
where (select count(*) from seal s where r.tx >= s.from_tx and r.tx < s.to_tx) <> 1"""


# ---------------------------------------------------------------- sealing


def test_what_is_sealed_is_proved_and_what_is_not_is_counted(sealed: Database) -> None:
    found = checked(sealed)
    assert (found.seals, found.findings, found.unsealed, found.redacted) == (BLOCKS, [], 0, 0)
    assert found.rows > BLOCKS * (LINES + 4)  # lines, their entries and payments
    with sealed.acting() as session:
        a_line(session)
    again = checked(sealed)
    assert (again.rows, again.unsealed) == (found.rows, 1)
    made = sealed_block(sealed)
    assert made is not None
    assert checked(sealed).head == (made[0], made[1])


def test_with_nothing_new_there_is_no_seal(sealed: Database) -> None:
    assert sealed_block(sealed) is None
    assert checked(sealed).seals == BLOCKS


def test_of_two_sealers_at_once_one_makes_the_block(db: Database) -> None:
    with db.acting() as session:
        a_line(session)
    with db.acting() as first, db.acting() as second:
        made = seal.close_block(first)
        first.commit()
        assert made is not None and seal.close_block(second) is None
    assert checked(db).findings == []


def test_a_row_that_commits_late_waits_for_a_later_block(db: Database) -> None:
    with db.acting() as late:
        a_line(late, 1)
        with db.acting() as session:
            a_line(session, 2)
        assert sealed_block(db) is None  # the horizon is the oldest running transaction
    made = sealed_block(db)
    assert made is not None and made[2] == 2


def test_eight_writers_and_two_sealers_leave_each_row_in_exactly_one_seal(db: Database, superuser: Connection) -> None:
    """With rollbacks, savepoints and late commits."""
    with db.acting() as session:
        creditor = a_creditor(session)
        accounts = [an_account(session, creditor).id for _ in range(8)]
    done = Event()

    def write(worker: int) -> None:
        chance = random.Random(worker)
        for n in range(25):
            try:
                with db.acting() as session:
                    a_line(session, n)
                    if n % 5 == 0:
                        account = session.get_one(ledger.Account, accounts[worker])
                        a_charge(session, account, 100, date(2026, 1, 1), key=f"{worker} {n}")
                    if chance.random() < 0.4:
                        inner = session.begin_nested()
                        a_line(session, 1000 + n)
                        if chance.random() < 0.5:
                            inner.rollback()
                    if chance.random() < 0.2:
                        time.sleep(chance.random() * 0.02)
                    if chance.random() < 0.2:
                        raise LookupError
            except LookupError:
                pass

    def close(_: int) -> int:
        made = 0
        while not done.is_set():
            made += sealed_block(db) is not None
        return made

    with ThreadPoolExecutor(10) as pool:
        sealers = [pool.submit(close, n) for n in range(2)]
        writers = [pool.submit(write, n) for n in range(8)]
        for writer in writers:
            writer.result()
        done.set()
        made = sum(s.result() for s in sealers)
    made += sealed_block(db) is not None
    assert superuser.scalar(text(IN_NONE_OR_TWO)) == 0
    assert superuser.scalar(text("select count(*) from history")) > 100
    assert superuser.scalar(text("select count(*) from seal")) == made > 5
    found = checked(db)
    assert (found.findings, found.unsealed) == ([], 0)


@pytest.mark.parametrize("book", ["history", "entry", "payment"])
def test_a_row_forged_before_the_first_seal_is_named(tamper: Connection, book: str) -> None:
    columns = ", ".join(tamper.scalars(text(
        "select attname from pg_attribute where attrelid = cast(:book as regclass) and attnum > 0 and attname not in ('id', 'tx')"
    ), {"book": book}).all())  # fmt: skip
    values = columns.replace("key", "'forged'")
    forge = f"insert into {book} (tx, {columns}) select -5, {values} from {book} order by id limit 1 returning id"
    with pytest.raises(IntegrityError, match=f"{book}_tx"), tamper.begin_nested():
        tamper.execute(text(forge))
    tamper.execute(text(f"alter table {book} drop constraint {book}_tx"))
    forged = tamper.scalar(text(forge))
    assert first_finding(tamper) == Finding(book, forged, "row_added", {"seal": 0, "after": None})


# ---------------------------------------------------------------- what a superuser does to a line


@pytest.mark.parametrize(
    "change",
    [
        """facts = '{"n": 99}'""",
        "facts = (facts::text || ' ')::json",
        "at = at + interval '1 microsecond'",
        "salt = gen_random_uuid()",
        "kind = 'work.taken'",
        "actor = 'staff:1'",
        "creditor_id = 1",
        "person_id = 1",
        "account_id = 1",
        "subject = 'entry:1'",
        "facts = null, salt = null, facts_sha = sha256('made up')",
    ],
)
def test_a_line_that_was_edited_is_named(tamper: Connection, change: str) -> None:
    lines = lines_of(tamper, 3)
    plain = tamper.scalars(
        text("select id from history where id = any(:ids) and subject is null and account_id is null order by id"),
        {"ids": lines},
    ).all()
    tamper.execute(
        text(f"update history set {change.replace(':1', chr(92) + ':1').replace(': ', chr(92) + ': ')} where id = :id"),
        {"id": plain[1]},
    )
    found = seal.check_seals(tamper).findings  # type: ignore[arg-type]
    assert (found[0].where, found[0].row, found[0].what, found[0].facts["seal"]) == (
        "history",
        plain[1],
        "row_changed",
        3,
    )


def test_a_line_taken_away_is_named_by_its_neighbours(tamper: Connection) -> None:
    lines = lines_of(tamper, 3)
    tamper.execute(text("delete from history where id = :id"), {"id": lines[-2]})
    found = first_finding(tamper)
    assert (found.what, found.row, found.facts["seal"]) == ("row_taken_away_before", lines[-1], 3)


def test_the_last_line_of_a_block_taken_away_is_named_by_the_one_before(tamper: Connection) -> None:
    lines = lines_of(tamper, 3)
    tamper.execute(text("delete from history where id = :id"), {"id": lines[-1]})
    found = first_finding(tamper)
    assert (found.what, found.row, found.facts["seal"]) == ("row_taken_away_after", lines[-2], 3)


def test_every_line_of_a_block_taken_away_is_named_by_the_block(tamper: Connection) -> None:
    for book in ("history", "entry", "payment"):
        tamper.execute(text(f"delete from {book} where id = any(:ids)"), {"ids": lines_of(tamper, 3, book)})
    found = first_finding(tamper)
    assert (found.where, found.row, found.what) == ("seal", 3, "row_taken_away_after")


def test_a_line_forged_into_the_past_is_named(tamper: Connection) -> None:
    forged = tamper.scalar(
        text("insert into history (tx, at, kind, actor, facts, salt) select to_tx - 1, now(), 'work.done', 'test', '{}', gen_random_uuid()"
             " from seal where no = 4 returning id")
    )  # fmt: skip
    found = first_finding(tamper)
    assert (found.where, found.row, found.what, found.facts["seal"]) == ("history", forged, "row_added", 4)


def test_a_line_moved_to_another_block_is_named_where_it_was(tamper: Connection) -> None:
    lines = lines_of(tamper, 3)
    tamper.execute(
        text("update history set tx = (select to_tx - 1 from seal where no = 5) where id = :id"), {"id": lines[0]}
    )
    assert first_finding(tamper).facts["seal"] == 3


@pytest.mark.parametrize(
    ("book", "change"),
    [
        ("entry", "amount = amount + 1"),
        ("entry", "value_date = value_date + 1"),
        ("entry", "due_on = '2026-02-02'"),
        ("entry", "component = 'interest'"),
        ("entry", "kind = 'write_off'"),
        ("entry", "book = 'lent'"),
        ("entry", "account_id = account_id + 1"),
        ("entry", "creditor_id = creditor_id + 1"),
        ("entry", "currency = 'SEK'"),
        ("entry", "key = 'other'"),
        ("entry", "recorded_at = recorded_at + interval '1 microsecond'"),
        ("entry", "reverses = 1"),
        ("entry", "payment_id = 1000000"),
        ("payment", "amount = amount + 1"),
        ("payment", "value_date = value_date + 1"),
        ("payment", "creditor_id = creditor_id + 1"),
        ("payment", "currency = 'SEK'"),
        ("payment", "key = 'other'"),
        ("payment", "returns = 1"),
        ("payment", "recorded_at = recorded_at + interval '1 microsecond'"),
    ],
)
def test_money_that_was_edited_is_named(tamper: Connection, book: str, change: str) -> None:
    row = lines_of(tamper, 3, book)[0]
    for constraint in tamper.scalars(
        text(f"select conname from pg_constraint where conrelid = '{book}'::regclass and contype = 'c'")
    ).all():
        tamper.execute(text(f'alter table {book} drop constraint "{constraint}"'))
    tamper.execute(text(f"update {book} set {change} where id = :id"), {"id": row})
    found = first_finding(tamper)
    assert (found.where, found.row, found.what, found.facts["seal"]) == (book, row, "row_changed", 3)


# ---------------------------------------------------------------- what a superuser does to a seal


@pytest.mark.parametrize(
    ("change", "no", "what"),
    [
        ("rows = rows - 1, leaves = substr(leaves, 33)", 3, "seal_changed"),
        ("leaves = set_byte(leaves, 0, 255 - get_byte(leaves, 0))", 3, "seal_changed"),
        ("hash = set_byte(hash, 0, 255 - get_byte(hash, 0))", 3, "seal_changed"),
        ("prev = set_byte(prev, 0, 255 - get_byte(prev, 0))", 3, "chain_broken"),
        ("from_tx = from_tx - 1", 3, "chain_broken"),
        ("to_tx = to_tx - 1", 3, "seal_changed"),
        ("no = 33", 4, "chain_broken"),
    ],
)
def test_a_seal_that_was_edited_is_named(tamper: Connection, change: str, no: int, what: str) -> None:
    tamper.execute(text(f"update seal set {change} where no = 3"))
    assert first_finding(tamper).what == what
    assert first_finding(tamper).row == no


REHASH = ("update seal set hash = sha256(prev || int8send(no) || int8send(from_tx) || int8send(to_tx) || int8send(rows)"
          " || sha256(leaves)) where no = 3")  # fmt: skip


def test_one_seal_hashed_anew_is_seen_by_the_next(tamper: Connection) -> None:
    tamper.execute(text("update seal set leaves = set_byte(leaves, 0, 255 - get_byte(leaves, 0)) where no = 3"))
    tamper.execute(text(REHASH))
    assert first_finding(tamper).facts.get("seal") == 3  # its rows differ from its leaves
    line = lines_of(tamper, 3)[0]
    tamper.execute(text("update history set actor = 'other' where id = :id"), {"id": line})
    tamper.execute(text("update seal set leaves = (select string_agg(leaf, ''::bytea order by tx, book, id) from ("
                        + seal._BOOKS.format(low="(select from_tx from seal where no = 3)", high="(select to_tx from seal where no = 3)")
                        + ") b) where no = 3"))  # fmt: skip
    tamper.execute(text(REHASH))
    found = first_finding(tamper)
    assert (found.where, found.row, found.what) == ("seal", 4, "chain_broken")


@pytest.mark.parametrize(("gone", "named"), [(1, 2), (5, 6)])
def test_a_seal_taken_away_is_seen_by_the_next(tamper: Connection, gone: int, named: int) -> None:
    tamper.execute(text("delete from seal where no = :no"), {"no": gone})
    found = first_finding(tamper)
    assert (found.where, found.row, found.what, found.facts["expected"]) == ("seal", named, "chain_broken", gone)


def test_a_tail_cut_off_is_seen_only_with_the_anchor(tamper: Connection) -> None:
    no, digest = tamper.execute(text("select no, encode(hash, 'hex') from seal order by no desc limit 1")).one()
    low = tamper.scalar(text("select from_tx from seal where no = :no"), {"no": no})
    assert seal.check_seals(tamper, (no, digest)).findings == []  # type: ignore[arg-type]
    for book in ("history", "entry", "payment"):
        tamper.execute(text(f"delete from {book} where tx >= :low"), {"low": low})
    tamper.execute(text("delete from seal where no = :no"), {"no": no})
    assert seal.check_seals(tamper).findings == []  # type: ignore[arg-type]
    found = first_finding(tamper, (no, digest))
    assert (found.where, found.row, found.what) == ("seal", no, "anchor_missing")


def test_an_anchor_with_another_hash_does_not_stand(sealed: Database) -> None:
    assert [f.what for f in checked(sealed, (1, "0" * 64)).findings] == ["anchor_missing"]
