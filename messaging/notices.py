"""Notices: messages that answer something that happened.

Each history Kind that is answered has a cursor (`cursor.py`): a line is answered
exactly once, and never one of the past. A line older than its Kind's shelf life
is withheld as too old.

Who is told (`Told`): the person of the line, unless the person did it; of an offer,
who made it, while it waits for us; of a plan that started, those who owe its accounts
together with the one who agreed to it, who is told of the agreement instead, once it
stands among the letters; of a contact that the person or staff changed, the old one.
Several things of one day and one kind of notice are one message, if the first
has not gone yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.history import Kind
from messaging import cursor, outbox


class Told(StrEnum):
    """Who is told of a line."""

    PERSON = "person"
    """The person of the line, unless they did it."""
    WRITER = "writer"
    """The person of the line, where they did it: we say that we have it."""
    OTHERS = "others"
    """Of a plan: those who did not agree to it, not the one who did."""
    READER = "reader"
    """Of an agreement: who agreed to it, once it can be read, whoever did it."""
    OLD = "old"
    """Of a changed contact: whoever reads the one that it replaced, else another one of theirs."""


@dataclass(frozen=True, slots=True)
class Notice:
    """How one Kind is answered."""

    template: str
    shelf_life: timedelta = timedelta(days=7)
    told: Told = Told.PERSON


ANSWERED: Final[Mapping[Kind, Notice]] = {
    Kind.PROPOSAL_SUBMITTED: Notice("offer_received", told=Told.WRITER),
    Kind.PROPOSAL_COUNTERED: Notice("answer_waits"),
    Kind.PROPOSAL_DECLINED: Notice("answer_waits"),
    Kind.STAFF_WROTE: Notice("message_waits"),
    Kind.ARRANGEMENT_STARTED: Notice("plan_started", told=Told.OTHERS),
    # An agreement that could not be set as a PDF stands among the letters all the same, to be read.
    Kind.DOCUMENT_ISSUED: Notice("agreement_ready", told=Told.READER),
    Kind.DOCUMENT_FAILED: Notice("agreement_ready", told=Told.READER),
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
    Kind.CONTACT_ADDED: Notice("contact_changed", told=Told.OLD),
    Kind.CONTACT_CORRECTED: Notice("contact_changed", told=Told.OLD),
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
    Kind.CONTACT_ENDED: "nobody reads there any more",
    Kind.CONTACT_MADE: _OWN,
    **dict.fromkeys((Kind.NOTE_WRITTEN, Kind.NOTE_ERASED, Kind.DIARY_ERASED), _DESK),
    Kind.PERMISSION_WITHDRAWN: "confirmed at once where it was said, and only what the carrier does not confirm",
    **dict.fromkeys((Kind.PERMISSION_GIVEN, Kind.PREFERENCE_SET), _OWN),
    **dict.fromkeys((Kind.ENTRY_POSTED, Kind.ENTRY_REVERSED), _MONEY),
    **dict.fromkeys((Kind.PAYMENT_POSTED, Kind.PAYMENT_RETURNED), _MONEY),
    **dict.fromkeys((Kind.MONEY_ANNOUNCED, Kind.MONEY_ARRIVED, Kind.MONEY_FAILED), _MONEY),
    **dict.fromkeys((Kind.PAYMENT_BEGUN, Kind.PAYMENT_DECLINED, Kind.PAYMENT_ABANDONED), _OWN),
    Kind.PAYMENT_REPORTED: "a person looks at it first; what then changes is told",
    **dict.fromkeys((Kind.ARREARS_ENTERED, Kind.ARREARS_LEFT), "the portal tells it; a text would only press"),
    **dict.fromkeys((Kind.DAY_CLOSED, Kind.DAY_STUCK), _DESK),
    **dict.fromkeys((Kind.PROPOSAL_WITHDRAWN, Kind.PROPOSAL_EXPIRED), _OWN),
    Kind.PROPOSAL_AGREED: "the agreement that follows is told, once it can be read",
    Kind.PROPOSAL_JUDGED: "the page said it before it was sent; the answer is told",
    Kind.LIMITS_SET: _DESK,
    Kind.PROPOSAL_SUPERSEDED: "the one that takes its place is answered",
    **dict.fromkeys((Kind.ARRANGEMENT_SUPERSEDED, Kind.ARRANGEMENT_CANCELLED), "the plan that takes its place tells"),
    Kind.ARRANGEMENT_REOPENED: "the payment that was taken back is told",
    Kind.ARRANGEMENT_RELIEVED: "the hold that did it is told",
    **dict.fromkeys((Kind.DEBT_DISPUTED, Kind.DISPUTE_TAKEN_BACK), _OWN),
    **dict.fromkeys((Kind.AFFAIRS_BEGUN, Kind.AFFAIRS_FINISHED), "the person told it, here or on the telephone"),
    Kind.HOLD_EXTENDED: "a collector says first whether the debt is in it; what they say is told",
    Kind.SUPPORT_TOLD: "the person told it, or agreed that it is noted",
    Kind.SUPPORT_READ: _DESK,
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
            _CANDIDATES[notice.told],
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
  {channel} as channel, h.creditor_id, (h.at at time zone 'UTC')::date as day, {contact} as contact_id,
  cast(:now as timestamptz) as not_before, h.at + cast(:shelf as interval) as not_after
from history h
left join joined j on j.person_id = h.person_id and j.replaced_at is null and not j.parted
{more}
where h.kind = :kind and h.tx >= :low and h.tx < :high and h.person_id is not null"""


def _lines(more: str = "", *, channel: str = "'sms'", contact: str = "null::bigint") -> str:
    return _LINES.format(more=more, channel=channel, contact=contact)


# A plan has a line for each person who owes under it; who agreed to it hears of the agreement itself.
_AGREED_BY: Final = " left join joined w on w.person_id = g.person_id and w.replaced_at is null and not w.parted"

_CANDIDATES: Final[Mapping[Told, str]] = {
    Told.PERSON: _lines() + " and h.actor not like 'debtor%'",
    Told.WRITER: _lines("join proposal p on 'proposal:' || p.id = h.subject and p.state = 'submitted'")
    + " and h.actor like 'debtor%'",
    Told.OTHERS: _lines("join arrangement g on 'arrangement:' || g.id = h.subject" + _AGREED_BY)
    + " and coalesce(j.into_id, h.person_id) <> coalesce(w.into_id, g.person_id)",
    Told.READER: _lines(
        "join document d on 'document:' || d.id = h.subject and d.kind = 'agreement'"
        " and not exists (select from document o where o.kind = 'agreement' and o.subject = d.subject"
        "   and o.person_id = d.person_id and o.id < d.id)"
        " join arrangement g on 'arrangement:' || g.id = d.subject" + _AGREED_BY
    )
    + " and coalesce(j.into_id, h.person_id) = coalesce(w.into_id, g.person_id)",
    # Told to the one that was replaced; where there was none, to another one of theirs, of its kind before others.
    Told.OLD: _lines(
        "join contact n on 'contact:' || n.id = h.subject and n.source in ('person', 'staff')"
        " join lateral (select o.id, o.kind from contact o where o.id <> n.id and o.kind in ('mobile', 'email')"
        "   and (o.id = n.replaces or n.replaces is null and o.value_norm <> n.value_norm and o.replaced_at is null"
        "        and not o.withdrawn and o.person_id = any (array(select coalesce(j.into_id, h.person_id)"
        "          union all select k.person_id from joined k where k.into_id = coalesce(j.into_id, h.person_id)"
        "            and k.replaced_at is null and not k.parted)))"
        "   order by o.kind = n.kind desc, o.as_of desc, o.source <> 'person', o.id desc limit 1) old on true",
        channel="case old.kind when 'email' then 'email' else 'sms' end",
        contact="old.id",
    ),
}
