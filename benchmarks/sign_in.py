"""`sign-in`: does the time of an answer tell whether a person exists?

Twenty thousand people are on file. Known people and strangers ask in turn, in random order, each from
an address of their own, through the whole application: the page, the form, the answer. `ours` is the
middle time of a known person's answer in milliseconds, `limit` that of a stranger's. What an onlooker
could learn from one try is small against how much the times differ among themselves (`spread`: the
half between the quarters, of all tries).
"""

import random
import shutil
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from cases.db import Database
from cases.people.person import new_case_ref
from portal import cluster
from portal.app import create_app
from portal.embedded import Place, Postgres
from portal.environ import Key
from portal.settings import Settings, sqlalchemy_url

PEOPLE = 20_000
TRIES = 600
"""Of each kind; the first fifty are not counted."""

# Written straight, by the login of the superuser: a third has mail too.
_FILL = """
insert into creditor (id, ref, name, country, currency, zone, recorded_at) overriding system value
  values (1, 'bench', 'Bench', 'GB', 'GBP', 'Europe/London', '2026-01-01');
insert into person (id, case_ref, name, name_norm, country, recorded_at) overriding system value
  select n, r, 'Ada Bench', 'ada bench', 'GB', '2026-01-01' from unnest(cast(:refs as text[])) with ordinality x(r, n);
insert into record (creditor_id, system, ref, person_id, name, name_norm, born, postcode, postcode_norm, country, recorded_at)
  select 1, 'bench', id, id, name, name_norm, date '1950-01-01' + (id % 15000)::int, 'AB1 2CD', 'AB12CD', 'GB', '2026-01-01'
  from person;
insert into contact (person_id, creditor_id, source, kind, value, value_norm, as_of, recorded_at)
  select id, 1, 'creditor', k, v, v, '2026-01-01', '2026-01-01' from person cross join lateral
    (values ('mobile', '+4477' || lpad(id::text, 8, '0')), ('email', 'ada' || id || '@example.org')) c(k, v)
  where k = 'mobile' or id % 3 = 0;
insert into account (creditor_id, system, ref, ref_norm, currency, recorded_at)
  select 1, 'bench', 'A' || id, 'A' || id, 'GBP', '2026-01-01' from person;
insert into liability (creditor_id, account_id, person_id, role, recorded_at)
  select 1, a.id, p.id, 'holder', '2026-01-01' from person p join account a on a.ref = 'A' || p.id;
"""


def measure() -> dict[str, Any]:
    """Asks for codes as people and as strangers, and says how the two times compare."""
    var = Path(tempfile.mkdtemp(prefix="evenly-bench-"))
    place = Place(var)
    postgres = Postgres(place)
    try:
        app_url, owner = cluster.prepare(postgres.url, password="for this run alone")
        cluster.upgrade(owner)
        _fill(owner)
        database = Database(app_url)
        app = create_app(
            Settings(env="test", var=var, keys=(Key("bench", b"b" * 32),), log_level="error"), database=database
        )
        app.extensions["wake"] = None
        known, stranger = _times(app.test_client)
        database.close()
    finally:
        postgres.stop()
        place.close()
        shutil.rmtree(var, ignore_errors=True)
    ours, limit = statistics.median(known), statistics.median(stranger)
    quarters = statistics.quantiles(known + stranger, n=4)
    return {
        "ours": round(ours * 1000, 2),
        "limit": round(limit * 1000, 2),
        "ratio": round(ours / limit, 3),
        "spread": round((quarters[2] - quarters[0]) * 1000, 2),
        "tries": len(known),
    }


def _fill(owner: str) -> None:
    engine = create_engine(sqlalchemy_url(owner))
    with engine.begin() as connection:
        for statement in _FILL.split(";\n"):
            if statement.strip():
                given = {"refs": [new_case_ref() for _ in range(PEOPLE)]} if ":refs" in statement else {}
                connection.execute(text(statement), given)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze"))
    engine.dispose()


def _times(browser: Any) -> tuple[list[float], list[float]]:
    """Seconds of each answer: for people, and for strangers."""
    chance = random.Random(4711)
    known: list[float] = []
    stranger: list[float] = []
    turns = [True, False] * TRIES
    chance.shuffle(turns)
    for n, exists in enumerate(turns):
        number = chance.randrange(1, PEOPLE + 1)
        seconds = _asks(browser(), n, number if exists else PEOPLE + number, number)
        (known if exists else stranger).append(seconds)
    return known[50:], stranger[50:]


def _asks(browser: FlaskClient, n: int, account: int, born_of: int) -> float:
    browser.environ_base["REMOTE_ADDR"] = f"10.{n // 65536}.{n // 256 % 256}.{n % 256}"
    page = browser.get("/sign-in").text
    token = page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    day = date(1950, 1, 1) + timedelta(days=born_of % 15000)
    fields = {"csrf_token": token, "reference": f"A{account}", "born-day": str(day.day), "born-month": str(day.month),
              "born-year": str(day.year), "postcode": "AB1 2CD"}  # fmt: skip
    start = time.perf_counter()
    answer = browser.post("/sign-in", data=fields)
    seconds = time.perf_counter() - start
    assert answer.status_code == 303
    return seconds


MEASURES = {"sign-in": measure}
