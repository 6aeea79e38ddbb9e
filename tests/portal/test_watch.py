"""The figures to watch: each is still on a good day and moves when its work is left undone."""

from datetime import date, timedelta

from sqlalchemy import Connection, text

from cases import seal
from cases.db import Database
from portal.watch import FIGURES, figures
from tests.factories import AT, a_creditor, a_person
from tests.house.world import put_row
from tests.portal.doors import SetClock, an_app

DAYS = date(2026, 11, 20)


def told(db: Database, **later: float) -> dict[str, float]:
    with db.acting() as session:
        said = figures(session, at=AT + timedelta(**later), real=AT + timedelta(**later)).decode()
    return {name.removeprefix("evenly_"): float(value) for name, value in
            (line.split() for line in said.splitlines() if not line.startswith("#"))}  # fmt: skip


def test_an_empty_house_has_nothing_to_do(db: Database) -> None:
    assert told(db) == dict.fromkeys(FIGURES, 0.0)


def test_each_figure_counts_what_waits(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor).id
    put = superuser
    put.execute(text("set session_replication_role = replica"))
    for state, count in (("planned", 3), ("uncertain", 2)):
        for _ in range(count):
            put_row(put, "message", person_id=person, channel="sms", template="reminder", not_before=AT, planned_at=AT,
                    state=state)  # fmt: skip
    put_row(put, "carrier_event", provider="twilio", kind="status", key="e", content_type="x", received_at=AT)
    put_row(put, "payment_event", provider="stripe", key="a", kind="x", received_at=AT, received_real=AT)
    put_row(put, "payment_event", provider="stripe", key="b", kind="x", received_at=AT, received_real=AT, applied_at=AT,
            result="differs")  # fmt: skip
    put_row(put, "payment_attempt", person_id=person, key="k", method="card", purpose="all", currency="GBP", amount=1,
            state="coming", paid_at=AT, made_by="debtor:1", started_at=AT, started_real=AT)  # fmt: skip
    put_row(put, "document", person_id=person, kind="receipt", subject="payment_attempt:1", version=1, language="en",
            asked_by="x", asked_at=AT)  # fmt: skip
    put_row(put, "stuck", account_id=1, creditor_id=creditor.id, day=DAYS, error="X", recorded_at=AT)
    put_row(put, "work_item", person_id=person, kind="message", subject="said:1", urgency=1, opened_at=AT)
    put.commit()
    later = told(db, hours=1)
    assert {name: later[name] for name in FIGURES if name not in ("days_behind", "unsealed_seconds")} == {
        "messages_due": 3, "messages_uncertain": 2, "carrier_events_waiting": 1, "payment_events_waiting": 1,
        "payment_events_parked": 1, "letters_waiting": 1, "payments_unconfirmed_seconds": 3600, "stuck": 1, "work_open": 1,
    }  # fmt: skip


def test_days_that_nobody_closes_and_lines_that_nobody_seals_are_seen(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
    assert told(db, days=3)["days_behind"] == 3
    superuser.execute(text("set session_replication_role = replica"))
    put_row(superuser, "day_run", creditor_id=creditor.id, day=date(2026, 11, 25), begun_at=AT, finished_at=AT)
    superuser.commit()
    assert told(db, days=3)["days_behind"] == 1
    assert told(db, minutes=10)["unsealed_seconds"] == 600
    with db.acting() as session:
        assert seal.close_block(session) is not None
    assert told(db, minutes=10)["unsealed_seconds"] == 0


def test_the_page_of_measures_tells_them(db: Database, tmp_path) -> None:
    page = an_app(db, SetClock(), tmp_path).test_client().get("/metrics").text
    assert all(f"evenly_{name} " in page for name in FIGURES)
