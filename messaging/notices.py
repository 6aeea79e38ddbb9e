"""Notices: messages that answer something that happened.

Each history Kind that is answered has a cursor (`cursor.py`): a line is answered
exactly once, and never one of the past. A line older than its Kind's shelf life
is withheld as too old.

Who is told: the person of the line, unless the person did it; of a plan that
started, those who owe its accounts together with the one who agreed to it.
Several things of one day and one kind of notice are one message, if the first
has not gone yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.history import Kind
from messaging import cursor, outbox


@dataclass(frozen=True, slots=True)
class Notice:
    """How one Kind is answered. `others`: those who did not agree to the plan are told, not the one who did."""

    template: str
    shelf_life: timedelta = timedelta(days=7)
    others: bool = False


ANSWERED: Final[Mapping[Kind, Notice]] = {
    # The agreement stands among the letters by then; it is announced by the same words, and never sent.
    Kind.PROPOSAL_AGREED: Notice("answer_waits"),
    Kind.PROPOSAL_COUNTERED: Notice("answer_waits"),
    Kind.PROPOSAL_DECLINED: Notice("answer_waits"),
    Kind.STAFF_WROTE: Notice("message_waits"),
    Kind.ARRANGEMENT_STARTED: Notice("plan_started", others=True),
    Kind.PAYMENT_RECEIVED: Notice("payment_noted"),
    Kind.PAYMENT_FAILED: Notice("payment_changed"),
    Kind.PAYMENT_TAKEN_BACK: Notice("payment_changed"),
    # Of one day and one template, so that whoever pays up hears of it once.
    Kind.ARRANGEMENT_CURED: Notice("payment_noted"),
    Kind.ARRANGEMENT_COMPLETED: Notice("payment_noted"),
    Kind.ACCOUNT_PAID_OFF: Notice("payment_noted"),
    Kind.ARRANGEMENT_BROKEN: Notice("plan_missed"),
    Kind.INSTALMENT_MISSED: Notice("plan_missed"),
    **dict.fromkeys((Kind.HOLD_PLACED, Kind.HOLD_CHANGED, Kind.HOLD_ENDED), Notice("hold_news")),
    Kind.DISPUTE_ANSWERED: Notice("answer_waits"),
}
"""The Kinds that are answered by a message of their own."""

_KEPT = "a correction of what is known; nobody asked"
_MONEY = "the ledger in the portal tells it; a payment through the portal has its receipt"
_OWN = "the person did it, or saw it happen"
_OURS = "told by a message, not about one"
_DESK = "work of the desk"

SILENT: Final[Mapping[Kind, str]] = {
    **dict.fromkeys((Kind.HISTORY_REDACTED, Kind.LOADED, Kind.CREDITOR_ADDED, Kind.CREDITOR_CHANGED), _DESK),
    **dict.fromkeys((Kind.ACCOUNT_CORRECTED, Kind.SCHEDULE_CORRECTED, Kind.PERSON_CORRECTED), _KEPT),
    **dict.fromkeys((Kind.PERSON_JOINED, Kind.PERSON_PARTED), _KEPT),
    **dict.fromkeys((Kind.CONTACT_ADDED, Kind.CONTACT_CORRECTED), _KEPT),
    Kind.PERMISSION_WITHDRAWN: "confirmed at once where it was said, and only what the carrier does not confirm",
    Kind.PERMISSION_GIVEN: _OWN,
    **dict.fromkeys((Kind.ENTRY_POSTED, Kind.ENTRY_REVERSED), _MONEY),
    **dict.fromkeys((Kind.PAYMENT_POSTED, Kind.PAYMENT_RETURNED), _MONEY),
    **dict.fromkeys((Kind.MONEY_ANNOUNCED, Kind.MONEY_ARRIVED, Kind.MONEY_FAILED), _MONEY),
    **dict.fromkeys((Kind.PAYMENT_BEGUN, Kind.PAYMENT_DECLINED, Kind.PAYMENT_ABANDONED), _OWN),
    Kind.PAYMENT_REPORTED: "a person looks at it first; what then changes is told",
    **dict.fromkeys((Kind.ARREARS_ENTERED, Kind.ARREARS_LEFT), "the portal tells it; a text would only press"),
    **dict.fromkeys((Kind.DAY_CLOSED, Kind.DAY_STUCK), _DESK),
    **dict.fromkeys((Kind.PROPOSAL_SUBMITTED, Kind.PROPOSAL_WITHDRAWN, Kind.PROPOSAL_EXPIRED), _OWN),
    Kind.PROPOSAL_JUDGED: "the page said it before it was sent; the answer is told",
    Kind.LIMITS_SET: _DESK,
    Kind.PROPOSAL_SUPERSEDED: "the one that takes its place is answered",
    **dict.fromkeys((Kind.ARRANGEMENT_SUPERSEDED, Kind.ARRANGEMENT_CANCELLED), "the plan that takes its place tells"),
    Kind.ARRANGEMENT_REOPENED: "the payment that was taken back is told",
    Kind.ARRANGEMENT_RELIEVED: "the hold that did it is told",
    **dict.fromkeys((Kind.DEBT_DISPUTED, Kind.DISPUTE_TAKEN_BACK), _OWN),
    **dict.fromkeys((Kind.AFFAIRS_BEGUN, Kind.AFFAIRS_FINISHED), "the person told it, here or on the telephone"),
    Kind.SUPPORT_TOLD: "the person told it, or agreed that it is noted",
    Kind.SUPPORT_READ: _DESK,
    Kind.DOCUMENT_ISSUED: "it stands in the portal; what it follows from is told",
    Kind.DOCUMENT_FAILED: _DESK,
    **dict.fromkeys((Kind.MESSAGE_SENT, Kind.MESSAGE_DELIVERED, Kind.MESSAGE_FAILED), _OURS),
    **dict.fromkeys((Kind.MESSAGE_WITHHELD, Kind.MESSAGE_UNCERTAIN, Kind.CODE_SENT), _OURS),
    **dict.fromkeys((Kind.REPLY_RECEIVED, Kind.PERSON_WROTE), "a person answers it"),
    **dict.fromkeys((Kind.WORK_TAKEN, Kind.WORK_PASSED, Kind.WORK_POSTPONED, Kind.WORK_DONE), _DESK),
    **dict.fromkeys((Kind.SIGNED_IN, Kind.SIGNED_OUT, Kind.CONSENT_GIVEN), _OWN),
    **dict.fromkeys((Kind.USER_CREATED, Kind.SAMPLE_LOADED), _DESK),
}
"""The Kinds that nobody is written to about, and why. Every Kind stands here or in ANSWERED."""


def begin(session: Session, *, at: datetime) -> None:
    """Begins to answer each Kind that has no cursor yet, from now on. Done when a worker starts."""
    cursor.begin(session, ANSWERED, at=at)


def answer(session: Session, *, at: datetime) -> int:
    """Plans messages for what has happened since the last time. Returns how many were planned.

    Several may ask at once: each Kind is answered by one of them.
    """
    begin(session, at=at)
    planned = 0
    for kind, low, high in cursor.held(session, ANSWERED):
        notice = ANSWERED[Kind(kind)]
        planned += outbox.plan(
            session,
            _OTHERS if notice.others else _PERSON,
            {"kind": kind, "low": low, "high": high, "now": at, "shelf": notice.shelf_life},
            template=notice.template,
            at=at,
        )
        cursor.move(session, kind, high)
    return planned


def left(session: Session) -> bool:
    """Whether lines stand that could not be answered yet: an older transaction was open, or others were at it."""
    return bool(session.scalar(_LEFT, {"kinds": sorted(ANSWERED)}))


_LEFT: Final = text("""
select exists (select from history h join notice_cursor c on c.kind = h.kind and h.tx >= c.tx
  where h.tx >= (select min(tx) from notice_cursor) and h.kind = any(:kinds))
""")

_LINES: Final = """
select 'history:' || h.id as cause, h.subject, h.kind as step, coalesce(j.into_id, h.person_id) as person_id,
  'sms' as channel, h.creditor_id, (h.at at time zone 'UTC')::date as day,
  cast(:now as timestamptz) as not_before, h.at + cast(:shelf as interval) as not_after
from history h
left join joined j on j.person_id = h.person_id and j.replaced_at is null and not j.parted
{more}
where h.kind = :kind and h.tx >= :low and h.tx < :high and h.person_id is not null"""

_PERSON: Final = _LINES.format(more="") + " and h.actor not like 'debtor%'"

# A plan has a line for each person who owes under it; who agreed to it hears of the agreement itself.
_OTHERS: Final = (
    _LINES.format(
        more="join arrangement g on 'arrangement:' || g.id = h.subject"
        " left join joined w on w.person_id = g.person_id and w.replaced_at is null and not w.parted"
    )
    + " and coalesce(j.into_id, h.person_id) <> coalesce(w.into_id, g.person_id)"
)
