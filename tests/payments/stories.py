"""One payment and the text about it, told by processor and carrier piece by piece, in whatever order.

A story begins once; each order is then played and taken back to where it began, so that thousands can be tried. What
it left is compared without the numbers of rows and the order of lines.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from messaging import outbox, receipt
from messaging.providers.twilio import Twilio
from payments import callback
from payments.attempt import PaymentAttempt
from tests.factories import AT
from tests.payments.paying import (
    REAL,
    STRIPE,
    Payer,
    a_payer,
    begun,
    dispute_thing,
    event,
    intent_thing,
    keep,
    later,
    owed,
    refund_thing,
    session_thing,
    told,
)

PIECES = 13
"""How many pieces of news a story has: eight of the processor, one look of the person, four of the carrier."""
CARRIER = Twilio("AC" + "0" * 32, "token", "+447700900999", callback="http://127.0.0.1/hooks/twilio/status")

orders = st.permutations(range(PIECES)).flatmap(
    lambda order: st.lists(st.integers(0, PIECES - 1), max_size=6).map(lambda again: [*order, *again])
)
"""Every piece at least once, in any order, and up to six of them again."""


@dataclass
class Story:
    """Who pays, the attempt, the text about it, and what the processor tells."""

    payer: Payer
    row: PaymentAttempt
    message: int
    news: list[bytes]

    @property
    def sid(self) -> str:
        """The carrier's id of the text."""
        return f"SM{self.row.id:032d}"


def begin(session: Session) -> Story:
    """Somebody who owes has begun to pay, and a text is with the carrier."""
    payer = a_payer(session)
    row = begun(session, payer, 45_00)
    message = _a_text(session, payer.person.id, f"SM{row.id:032d}")
    return Story(payer, row, message, [

        event("payment_intent.payment_failed", intent_thing(row, "insufficient_funds"), at=later(minutes=1)),
        event("payment_intent.payment_failed", intent_thing(row, "expired_card"), at=later(minutes=2)),
        event("checkout.session.completed", session_thing(row), at=later(minutes=3)),
        event("payment_intent.succeeded", {"id": f"pi_{row.id}"}, at=later(minutes=3)),
        event("refund.created", refund_thing(row, amount=500, status="pending"), at=later(minutes=9)),
        event("refund.updated", refund_thing(row, amount=500), at=later(minutes=10)),
        event("charge.dispute.created", dispute_thing(row), at=later(days=2)),
        event("charge.dispute.closed", dispute_thing(row, status="lost"), at=later(days=3)),
    ])  # fmt: skip


def play(session: Session, story: Story, order: Sequence[int]) -> dict[str, Any]:
    """Plays a story in an order, gives what it left, and takes it back."""
    session.flush()
    with session.begin_nested() as since:
        left = _played(session, story, order)
        since.rollback()
    session.expire_all()
    return left


def _played(session: Session, story: Story, order: Sequence[int]) -> dict[str, Any]:
    payer, row, message, news = story.payer, story.row, story.message, story.news
    statuses = ("queued", "sending", "sent", "delivered")
    for n in order:
        if n < len(news):
            keep(session, news[n])
        elif n == len(news):
            told(session, row, confirmed=False, taken=later(minutes=3))
        else:
            _report(session, message, story.sid, statuses[n - len(news) - 1])
        _apply(session)
    for hours in (1, 2, 4):
        _apply(session, hours)
    session.flush()
    session.refresh(row)
    lines = session.execute(
        text("select kind, facts::text from history where person_id = :p and (kind like 'payment.%' or kind like 'message.%')"),
        {"p": payer.person.id},
    )
    return {
        "state": row.state, "declined": row.declined, "paid_at": row.paid_at, "look": row.look_real,
        "owed": owed(session, payer),
        "payments": session.execute(text("select amount, value_date from payment where key = :k order by 1"),
                                    {"k": f"attempt/{row.id}"}).all(),
        "on its way": session.scalar(text("select count(*) from announced where replaced_at is null and ending is null"
                                          " and account_id = any(:a)"),
                                     {"a": [payer.rent.id, payer.garage.id, payer.card.id]}),
        "work": sorted(session.scalars(text("select kind from work_item where person_id = :p and done_at is null"),
                                       {"p": payer.person.id})),
        "text": session.scalar(text("select state from message where id = :id"), {"id": message}),
        "told": sorted((line.kind, _nameless(line.facts)) for line in lines),
    }  # fmt: skip


def _a_text(session: Session, person: int, sid: str) -> int:
    """A text to the person that the carrier has accepted."""
    made = outbox.write(session, person=person, channel="sms", template="payment_noted", cause=f"history:{person}",
                        subject=f"person:{person}", step="test", at=AT)  # fmt: skip
    assert made is not None
    session.execute(text("insert into attempt (message_id, attempt, started_at) values (:id, 1, :at)"), {"id": made, "at": AT})
    session.execute(
        text("update message set state = 'sent', attempt = 1, provider = 'twilio', provider_id = :sid, sent_at = :at,"
             " contact_id = (select id from contact where person_id = :person limit 1) where id = :id"),
        {"id": made, "sid": sid, "at": AT, "person": person},
    )  # fmt: skip
    return made


def _report(session: Session, message: int, sid: str, status: str) -> None:
    raw = urlencode({"MessageSid": sid, "MessageStatus": status}).encode()
    query = f"m={message}&a=1"
    receipt.keep(session, provider="twilio", kind="status", key=f"{sid}:{status}", query=query, raw=raw,
                 content_type="application/x-www-form-urlencoded", at=AT)  # fmt: skip


def _apply(session: Session, hours: int = 0) -> None:
    real = REAL + timedelta(hours=hours)
    while callback.apply_one(session, {"stripe": STRIPE}, at=AT, real=real) is not None:
        pass
    receipt.apply(session, {"twilio": CARRIER}, at=AT)


def _nameless(facts: str | None) -> str:
    known = json.loads(facts or "{}")
    return json.dumps({name: value for name, value in known.items() if name not in ("id", "message")}, sort_keys=True)
