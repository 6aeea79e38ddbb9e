"""Inquiry: what became of a message whose call gave no clear answer. It is asked, never sent again.

First its report is waited for; then the carrier's own list is searched; then a person looks and says
whether it went. A code is over by then: the person has long asked for another.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cases.history import Actor
from cases.refusal import refusal_code
from cases.waits import WAITS
from cases.work import queue
from messaging.carriers import Effect, Found, Sought
from messaging.outbox import Message
from messaging.outcome import advance, end
from messaging.permit import PURPOSES, Purpose

NotUncertain = refusal_code("message.not_uncertain", "message")

NEAR: Final = timedelta(minutes=1)
"""Calls that began so close to one another cannot be told apart by the carrier's moments."""
LOOKED_UP: Final = 50
"""How many are looked up in one round."""


def unclear(session: Session, *, real: datetime, limit: int = LOOKED_UP) -> list[tuple[str, Sought]]:
    """The uncertain messages to be looked up at their carriers now: the channel, and what is sought.

    Those that wait for a person's decision are not among them.
    """
    rows = session.execute(_UNCLEAR, {"before": real - WAITS.look_up, "limit": limit}).all()
    return [
        (
            row.channel,
            Sought(
                id=row.id, attempt=row.attempt, to=row.value_norm, body=row.body, began=row.started_at,
                ended=row.ended_at or row.started_at + WAITS.lease, known=frozenset(row.known or ()),
            ),
        )
        for row in rows
    ]  # fmt: skip


def answer(
    session: Session, sought: Sought, found: Found | None, *, answered: bool, at: datetime, real: datetime
) -> str:
    """Writes what the carrier's list said of one uncertain message. Returns what became of it.

    `found`: it is there, and it went. Not there: after `give_up` a person decides. The list could not be
    asked (`answered` false): it is asked again until `give_up_unasked`. A code is over by then. What is
    another message's, or may be, counts as not asked: a report tells them apart, or a person.
    """
    message = session.scalars(
        select(Message).where(Message.id == sought.id).with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()  # fmt: skip
    if message.state != "uncertain" or message.attempt != sought.attempt:
        return "settled"
    if found is not None and _may_be_anothers(session, message, sought, found):
        found, answered = None, False
    if found is not None:
        advance(session, message, found.provider_id, found.progress, found.code,
                found.meaning.effect if found.meaning else Effect.NONE,
                found.meaning.group.value if found.meaning else None, at=at)  # fmt: skip
        return "found"
    over = PURPOSES[message.template] in (Purpose.CODE, Purpose.CONFIRMATION)
    if real - sought.began < (WAITS.give_up if answered or over else WAITS.give_up_unasked):
        return "waits"
    if over:
        end(session, message, "failed", "no_answer", at)
        return "over"
    queue.open_item(
        session, person=message.person_id, kind="uncertain", subject=f"message:{message.id}", urgency=2, at=at
    )
    return "asked" if answered else "unanswered"


def decide_uncertain(session: Session, message: Message, *, went: bool, by: Actor, at: datetime) -> None:
    """A person who has looked says whether an uncertain message went. It is not sent again by itself.

    Raises NotUncertain when it has been settled meanwhile.
    """
    session.refresh(message, with_for_update={"key_share": True})
    if message.state != "uncertain":
        raise NotUncertain(message=message.id)
    end(session, message, "sent" if went else "failed", None if went else "no_answer", at, by=by)
    queue.done(session, subject=f"message:{message.id}", by=by, at=at)


def _may_be_anothers(session: Session, message: Message, sought: Sought, found: Found) -> bool:
    """Whether another message has this id of the carrier's, or waits just as unclear for the same one."""
    may: bool = session.execute(
        _ANOTHERS,
        {
            "id": message.id, "provider": message.provider, "sid": found.provider_id, "channel": message.channel,
            "to": sought.to, "body": sought.body, "early": sought.began - NEAR, "late": sought.ended + NEAR,
        },
    ).scalar_one()  # fmt: skip
    return may


# A text whose words were not kept (a code) may be any to that number; else one of the same words.
_ANOTHERS: Final = text("""
select exists (select from message o where o.provider = :provider and o.provider_id = :sid and o.id <> :id)
  or exists (
    select from message o join contact c on c.id = o.contact_id
    join attempt a on a.message_id = o.id and a.attempt = o.attempt
    where o.state in ('sending', 'uncertain') and o.id <> :id and o.channel = :channel and c.value_norm = :to
      and (cast(:body as text) is null or o.body = :body) and a.started_at between :early and :late)
""")

_UNCLEAR: Final = text("""
select m.id, m.channel, m.attempt, m.body, coalesce(c.value_norm, m.address) as value_norm, a.started_at, a.ended_at,
  (select array_agg(o.provider_id) from contact k join message o on o.person_id = k.person_id and o.contact_id = k.id
   where k.value_norm = c.value_norm and o.provider_id is not null) as known
from message m left join contact c on c.id = m.contact_id
join attempt a on a.message_id = m.id and a.attempt = m.attempt
where m.state = 'uncertain' and a.started_at < :before and coalesce(c.value_norm, m.address) is not null
  and not exists (select from work_item w where w.subject = 'message:' || m.id)
order by m.id limit :limit
""")
