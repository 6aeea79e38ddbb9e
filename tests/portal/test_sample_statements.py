"""Every person of the sample book: each statement adds up with the ledger to the penny, and can be printed."""

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from cases.debts.statement import statement_of
from messaging.paper import Letterhead, written
from messaging.papers.recipient import recipient_of
from messaging.papers.statement import statement_paper
from messaging.tongue import Tongue
from messaging.typeset import typesetter
from portal.demo.story import load_book
from portal.environ import Key
from portal.settings import Settings, libpq_url
from tests.conftest import Addresses

pytestmark = pytest.mark.slow

US = Letterhead("Evenly", "Evenly Example Ltd", "0808 157 0123", "my.example.org")
LEDGER = """
select l.person_id, a.currency, sum(e.amount) filter (where e.value_date < :first) as opening,
  sum(e.amount) filter (where e.value_date <= :last) as closing
from liability l join account a on a.id = l.account_id join entry e on e.account_id = a.id
where l.replaced_at is null and not l.withdrawn group by 1, 2
"""


@pytest.mark.timeout(300)
def test_every_statement_of_the_sample_book_adds_up_and_prints(
    db: Database, addresses: Addresses, superuser: Connection, tmp_path: Path
) -> None:
    load_book(
        Settings(env="test", var=tmp_path, database_url=libpq_url(addresses.app), prefix=addresses.prefix,
                 pooled=addresses.pooled, keys=(Key("k", b"k" * 32),))  # fmt: skip
    )
    with db.acting() as session:
        now = session.scalar(text("select max(at) from history"))
        today: date = now.date()
        people = session.scalars(text("select id from person order by id")).all()
        whole = (date(1990, 1, 1), today)
        periods = [whole, *((date(year, 1, 1), min(date(year, 12, 31), today)) for year in range(today.year - 2, today.year + 1))]
        books: dict[tuple[date, date], dict[int, dict[str, tuple[int, int]]]] = {}
        for first, last in periods:
            kept: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
            for row in superuser.execute(text(LEDGER), {"first": first, "last": last}):
                kept[row.person_id][row.currency] = (int(row.opening or 0), int(row.closing or 0))
            books[first, last] = kept
        assert len(people) > 300
        for person in people:
            to = recipient_of(session, person)
            for first, last in periods:
                statement = statement_of(session, to.people, first, last, at=now + timedelta(hours=12))
                for purse in statement.purses:
                    sums = (purse.opening, purse.closing)
                    assert sums == books[first, last][person][purse.currency], (person, first, last)
                    assert purse.opening + sum(purse.sums.values()) == purse.closing
                told = {purse.currency for purse in statement.purses}
                rest = {c: sums for c, sums in books[first, last][person].items() if c not in told}
                assert all(sums == (0, 0) for sums in rest.values()), (person, rest)
            paper = statement_paper(statement, Tongue(to.language), US, to=to, made_on=today, large=False)
            assert typesetter().pdf(written(paper.json)).startswith(b"%PDF")
