"""Something in every table, of those who ask and of others: what each role is shown, and what it is not."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, text

from cases import seal
from cases.db import Database
from cases.debts.announced import announce
from tests.factories import AT, BY, a_charge, a_creditor, a_due, a_payment, a_person, an_account


def put_row(connection: Connection, table: str, **values: Any) -> int:
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":{name}" for name in values)
    made = connection.execute(text(f"insert into {table} ({names}) values ({marks}) returning *"), values).one()
    return int(made.id) if "id" in made._fields else 0


@dataclass(frozen=True)
class World:
    """Two creditors and three people, two of them jointly liable. `people` is who asks, twice the same person."""

    people: list[int]
    creditor: int
    strangers: list[int]


@pytest.fixture
def world(db: Database, superuser: Connection) -> World:
    """Something in every table, of those who ask and of others."""
    day = date(2026, 5, 1)
    with db.acting() as session:
        one, two, nobodys = a_creditor(session), a_creditor(session), a_creditor(session)
        anna = a_person(session, one, name="Anna", mobile="+447700900101", email="anna@example.org")
        ben = a_person(session, one, name="Ben", mobile="+447700900102")
        cleo = a_person(session, two, name="Cleo", mobile="+447700900103")
        again = a_person(session, two, name="Anna", mobile="+447700900104")  # joined to Anna
        owed = {
            "hers": an_account(session, one, anna),
            "joint": an_account(session, two, ben, anna),
            "his": an_account(session, one, ben),
            "stranger's": an_account(session, two, cleo),
            "once hers": an_account(session, two, cleo, anna),
            "nobody's": an_account(session, two),
        }
        for account in owed.values():
            a_due(session, account, day, 1000)
            a_charge(session, account, 5000, day)
            a_payment(session, [(account, 700)], day)
            announce(session, creditor=account.creditor_id, account=account.id, currency="GBP", amount=10, channel="bank",
                     on=day, expected_on=day, key=f"on its way {account.id}", by=BY, at=AT)  # fmt: skip
    with db.acting() as session:
        assert seal.close_block(session) is not None
    put = superuser
    put.execute(text("set session_replication_role = replica"))
    put.execute(
        text("update liability set withdrawn = true where account_id = :a and person_id = :p"),
        {"a": owed["once hers"].id, "p": anna.id},
    )
    put_row(put, "joined", person_id=again.id, into_id=anna.id, since=day, recorded_at=AT)
    for n, person in enumerate((anna.id, ben.id, cleo.id)):
        account = owed[("hers", "joint", "stranger's")[n]]
        proposal = put_row(put, "proposal", person_id=person, side="person", kind="plan", currency="GBP", amount=100, upfront=0,
                        rhythm="monthly", first_on=day, expires_on=day, key=f"k{n}", made_by="debtor:1", made_at=AT)  # fmt: skip
        put_row(
            put,
            "proposal_account",
            proposal_id=proposal,
            account_id=account.id,
            creditor_id=account.creditor_id,
            nth=1,
            amount=100,
        )
        plan = put_row(put, "arrangement", person_id=person, proposal_id=proposal, kind="plan", currency="GBP", rhythm="monthly",
                    agreed_at=AT, agreed_on=day)  # fmt: skip
        put_row(
            put,
            "arrangement_account",
            arrangement_id=plan,
            account_id=account.id,
            creditor_id=account.creditor_id,
            nth=1,
            amount=100,
        )
        instalment = put_row(put, "instalment", arrangement_id=plan, n=1, part="regular", nominal_on=day, due_on=day)
        put_row(
            put,
            "instalment_share",
            instalment_id=instalment,
            account_id=account.id,
            creditor_id=account.creditor_id,
            amount=100,
        )
        put_row(put, "plan_interest", arrangement_id=plan, account_id=account.id, creditor_id=account.creditor_id, until=day,
                expected=2, charged=1, recorded_at=AT)  # fmt: skip
        payment = put.scalar(text("select min(payment_id) from entry where account_id = :a"), {"a": account.id})
        put_row(put, "payment_named", payment_id=payment, creditor_id=account.creditor_id, arrangement_id=plan)
        tried = put_row(put, "payment_attempt", person_id=person, key=f"k{n}", method="card", purpose="plan", currency="GBP",
                        amount=100, state="started", made_by="debtor:1", started_at=AT, started_real=AT)  # fmt: skip
        put_row(put, "payment_share", attempt_id=tried, account_id=account.id, creditor_id=account.creditor_id, nth=1, amount=100)
        put_row(put, "payment_event", provider="stripe", key=f"evt_{n}", kind="x", received_at=AT, received_real=AT)
        put_row(put, "day_run", creditor_id=account.creditor_id, day=date(2026, 5, 1 + n), begun_at=AT)
        put_row(put, "stuck", account_id=account.id, creditor_id=account.creditor_id, day=day, error="X", recorded_at=AT)
        put_row(put, "consent", proposal_id=proposal, person_id=person, channel="portal", language="en", words_sha=bytes(32),
                given_by="debtor:1", given_at=AT)  # fmt: skip
        put_row(put, "document_batch", creditor_id=account.creditor_id, first=day, last=date(2026, 6, 1 + n), large=False,
                asked_by="command", asked_at=AT)  # fmt: skip
        put_row(put, "document", person_id=person, kind="receipt", subject="payment_attempt:1", version=1, language="en",
                asked_by="command", asked_at=AT)  # fmt: skip
        held = put_row(put, "hold", person_id=person, basis="dispute", stops=["money"], starts_on=day, key="k",
                       placed_by="debtor:1", placed_at=AT)  # fmt: skip
        put_row(put, "hold_account", hold_id=held, account_id=account.id, creditor_id=account.creditor_id)
        put_row(put, "hold_term", hold_id=held, review_on=day, why="placed", made_by="debtor:1", recorded_at=AT)
        put_row(put, "dispute", person_id=person, account_id=account.id, creditor_id=account.creditor_id, hold_id=held,
                ground="paid", key="k", made_by="debtor:1", made_at=AT)  # fmt: skip
        put_row(put, "support_need", person_id=person, need="no_calls", source="person", review_on=day, made_by="debtor:1",
                recorded_at=AT)  # fmt: skip
        put_row(put, "support_reason", person_id=person, source="person", made_by="debtor:1", recorded_at=AT)
        put_row(put, "preference", person_id=person, source="person", channel="email", recorded_at=AT)
        affairs = put_row(put, "statement_of_affairs", person_id=person, currency="GBP", begun_by="debtor:1", begun_at=AT,
                          saved_at=AT)  # fmt: skip
        put_row(put, "affairs_answer", statement_id=affairs, line="rent", said="none", typed="")
        put_row(put, "note", person_id=person, key="k", made_by="collector:1", made_at=AT)
        put_row(put, "diary_entry", person_id=person, channel="call", direction="out", outcome="spoke", happened_at=AT,
                key="k", made_by="collector:1", made_at=AT)  # fmt: skip
        put_row(put, "assessment", proposal_id=proposal, person_id=person, proposed=100, reasons=[], accepted=True, made_at=AT)
        put_row(put, "plan_limits", creditor_id=nobodys.id if n == 2 else account.creditor_id, debt_type=f"kind {n}",
                made_by="admin:1", recorded_at=AT)  # fmt: skip
        put_row(put, "pace", name=f"pace {n}", next_at=AT)
        put_row(put, "said", person_id=person, side="person", channel="portal", sender="debtor:1", words="words", at=AT)
        put_row(put, "work_item", person_id=person, kind="message", subject=f"said:{n}", urgency=1, opened_at=AT)
        message = put_row(
            put, "message", person_id=person, channel="sms", template="reminder", not_before=AT, planned_at=AT
        )
        put_row(
            put,
            "reason",
            cause=f"due:{n}",
            subject="due:1",
            step="before",
            person_id=person,
            channel="sms",
            message_id=message,
        )
        put_row(put, "attempt", message_id=message, attempt=1, started_at=AT)
        put_row(
            put, "permission", channel="sms", address=f"+44770090010{n}", allowed=False, because="word", recorded_at=AT
        )
        put_row(put, "carrier_event", provider="twilio", kind="status", key=f"e{n}", content_type="x", received_at=AT)
        put_row(put, "code_request", browser_sha=bytes([n]) * 32, person_id=person, channel="sms", asked_at=AT)
        put_row(put, "knock", what="find", whom_sha=bytes([n]) * 32, at=AT)
        put_row(put, "visit", token_sha=bytes([n]) * 32, person_id=person, started_at=AT, seen_at=AT)
        put_row(put, "batch", creditor_id=account.creditor_id, system="s", by="command", recorded_at=AT, counts="{}")
        put_row(
            put,
            "extra_fact",
            creditor_id=account.creditor_id,
            account_id=account.id,
            file="entries",
            ref="r",
            facts="{}",
            recorded_at=AT,
        )
        put_row(put, "staff", mail=f"u{n}@example.org", name="U", role="collector", password="-", totp="-", recorded_at=AT)
        put_row(put, "notice_cursor", kind=f"kind.{chr(97 + n)}", tx=1, began_at=AT)
    put.commit()
    return World([anna.id, again.id], one.id, [ben.id, cleo.id])
