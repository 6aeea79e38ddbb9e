"""Documents are made once: the same words are one document, what was issued never changes, and a dead worker's are made."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from cases.db import Database
from cases.history import Kind
from messaging import documents
from messaging.documents import Document, Progress
from tests.factories import AT, BY, a_creditor, a_person, an_account

REAL = AT
FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)


def a_document(db: Database, person: int, words: str = "words", **given: Any) -> int:
    values: dict[str, Any] = {"kind": "receipt", "subject": "payment_attempt:1", "language": "en"} | given
    with db.acting() as session:
        return documents.ask(session, person=person, paper={"title": words}, by=BY, at=AT, **values).id


def someone(db: Database) -> int:
    with db.acting() as session:
        return a_person(session, a_creditor(session)).id


def claimed(db: Database, real: datetime = REAL, **given: Any) -> list[int]:
    with db.acting() as session:
        return [each.id for each in documents.claim(session, real=real, **given)]


def issued(db: Database, document: int, pdf: bytes = b"%PDF") -> bool:
    with db.acting() as session:
        return documents.issue(session, document, pdf, set_by="paper 1", by=BY, at=AT)


def test_the_same_words_are_one_document_and_other_words_a_new_version(db: Database) -> None:
    marta = someone(db)
    first, same, other = a_document(db, marta), a_document(db, marta), a_document(db, marta, "other words")
    assert first == same != other
    large = a_document(db, marta, large=True)
    with db.acting() as session:
        versions = {row.id: row.version for row in session.execute(select(Document.id, Document.version))}
    assert versions == {first: 1, other: 2, large: 1}


def test_eight_who_ask_at_once_get_one(db: Database) -> None:
    marta = someone(db)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: a_document(db, marta), range(8)))) == 1


def test_what_is_issued_is_kept_with_its_hash_and_told_once(db: Database, superuser: Connection) -> None:
    marta = someone(db)
    document = a_document(db, marta)
    assert claimed(db) == [document]
    assert [issued(db, document), issued(db, document, b"other")] == [True, False]
    sha = hashlib.sha256(b"%PDF").hexdigest()
    row = superuser.execute(text("select state, pdf, encode(pdf_sha, 'hex') as sha, size, set_by from document")).one()
    assert tuple(row) == ("issued", b"%PDF", sha, 4, "paper 1")
    told = superuser.execute(text("select subject, facts from history where kind = :k"), {"k": Kind.DOCUMENT_ISSUED})
    assert [tuple(line) for line in told] == [
        (f"document:{document}", {"kind": "receipt", "version": 1, "sha256": sha})
    ]  # fmt: skip
    assert claimed(db, REAL + timedelta(days=1)) == []


@pytest.mark.parametrize(
    "change",
    [
        "update document set pdf = 'x'", "update document set paper = '{}'", "update document set language = 'sv'",
        "update document set state = 'asked', pdf_sha = null, issued_at = null", "delete from document",
        "truncate document cascade",
    ],
)  # fmt: skip
def test_what_was_issued_never_changes_not_even_by_hand(db: Database, superuser: Connection, change: str) -> None:
    document = a_document(db, someone(db))
    issued(db, document)
    with pytest.raises(DBAPIError, match="was made|append-only"):
        superuser.execute(text(change))


def test_its_words_and_bytes_may_be_erased_and_their_hashes_stay(db: Database, superuser: Connection) -> None:
    document = a_document(db, someone(db))
    issued(db, document)
    superuser.execute(text("update document set paper = null, pdf = null"))
    assert superuser.execute(text("select pdf_sha is not null and paper_sha is not null from document")).scalar()


def test_the_words_of_a_document_that_is_not_made_yet_are_written_once(db: Database, superuser: Connection) -> None:
    a_document(db, someone(db))
    with pytest.raises(DBAPIError, match="is written"):
        superuser.execute(text("update document set paper = '{}'"))


def test_a_dead_workers_document_is_claimed_again_and_given_up_after_three_tries(
    db: Database, superuser: Connection
) -> None:
    document = a_document(db, someone(db))
    assert claimed(db) == [document]
    assert claimed(db, REAL + timedelta(minutes=1)) == []  # it may still be at it
    assert [claimed(db, REAL + timedelta(minutes=m)) for m in (3, 6, 9)] == [[document], [document], []]
    with db.acting() as session:
        assert documents.give_up(session, real=REAL + timedelta(minutes=9), by=BY, at=AT) == 1
        assert documents.give_up(session, real=REAL + timedelta(minutes=9), by=BY, at=AT) == 0
    assert superuser.execute(text("select state, why from document")).one() == ("failed", "tries")
    assert superuser.execute(text("select kind, subject from work_item")).one() == ("document", f"document:{document}")


def test_a_failed_document_is_asked_for_anew(db: Database) -> None:
    marta = someone(db)
    document = a_document(db, marta)
    with db.acting() as session:
        documents.fail(session, document, "glyph", by=BY, at=AT)
    assert a_document(db, marta) != document


def test_all_people_of_a_creditor_are_asked_for_once_and_whoever_waits_goes_before_them(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        people = [a_person(session, creditor, name=f"Person {n}") for n in range(4)]
        an_account(session, creditor, people[0], people[1])
        an_account(session, creditor, people[1])
        an_account(session, creditor, people[2])  # the fourth owes nothing
        batches = {documents.ask_statements(session, creditor.id, FIRST, LAST, by=BY, at=AT).id for _ in range(2)}
        (batch,) = batches
        ids = [person.id for person in people]
    waits = a_document(db, ids[3])
    with db.acting() as session:
        found = documents.claim(session, real=REAL, limit=2)
        assert found[0].id == waits or found[1].id == waits
        assert documents.progress(session, batch) == Progress(3, 0, 0)
        rest = documents.claim(session, real=REAL)
        asked = [each for each in (*found, *rest) if each.id != waits]
        assert sorted(each.person for each in asked) == ids[:3]
        assert {(each.kind, each.first, each.last, each.paper) for each in asked} == {("statement", FIRST, LAST, None)}
        words = documents.write(session, asked[0].id, {"title": "one"})
        assert documents.write(session, asked[0].id, {"title": "two"}) == words  # the first is kept
        documents.issue(session, asked[0].id, b"%PDF", set_by="x", by=BY, at=AT)
        documents.fail(session, asked[1].id, "template", by=BY, at=AT)
        assert documents.progress(session, batch) == Progress(1, 1, 1)


@pytest.mark.parametrize(
    ("tampering", "what"),
    [
        ("update document set pdf = 'other'", "bytes_differ"),
        ("update document set paper = 'other'", "words_differ"),
        ("update document set pdf = 'other', pdf_sha = sha256('other')", "not_as_told"),
        ("delete from history where kind = 'document.issued'", "not_as_told"),
    ],
)
def test_a_letter_that_somebody_altered_is_found_and_named(
    db: Database, superuser: Connection, tampering: str, what: str
) -> None:
    marta = someone(db)
    whole, other = a_document(db, marta), a_document(db, marta, "other words")
    for each in (whole, other):
        issued(db, each)
    with db.acting() as session:
        assert documents.check(session) == (2, [])
    superuser.execute(text("set session_replication_role = replica"))
    where = f" and subject = 'document:{other}'" if "history" in tampering else f" where id = {other}"
    superuser.execute(text(tampering + where))
    superuser.commit()
    with db.acting() as session:
        assert [(found.row, found.what) for found in documents.check(session)[1]] == [(other, what)]
