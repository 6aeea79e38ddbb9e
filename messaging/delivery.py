"""Delivery: claim, call, settle; and what is done when no clear answer came. A message never goes twice.

Claim: in one transaction messages and people are locked, permit decides, and what may go is marked
*sending*, with an attempt written and a lease in real time. Then, with no transaction open, the
carrier is called. Settle: in another transaction the answer is written, fenced by the attempt: an
answer that comes after its message was settled otherwise stays with the attempt alone.

Whoever dies in between leaves a message *sending*. When its lease has run out it is *uncertain*: it
may or may not have gone. It is never sent again by itself: a report that carries our message and
attempt settles it (`receipt.py`), else the carrier's list, else a person (`inquiry.py`).

*Refused*: the carrier says for certain that it did not take the message; for good, and it has
failed; for now (too many at once, our own sign-in), and it is planned again for later.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cases.waits import WAITS
from messaging import outcome
from messaging.carriers import LEAST_WAIT, Answer, Carriers, OutMessage, Verdict, by_name
from messaging.outbox import Message
from messaging.outcome import BY
from messaging.permit import PURPOSES, Act, Decision, Purpose, decide
from messaging.receipt import not_yet_heard
from messaging.wording import Discloses, Voice, Words, render

BATCH: Final = 256


CODE_MINUTES: Final = 10

Prepare = Callable[[Session, Sequence[int], datetime], Mapping[int, str]]
"""Makes the one-time codes of claimed messages of template `code`: given their ids and the real moment,
the digits by id, of which only hashes are kept. A message without any is withheld."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message to be carried, until when (real time) its call may begin, and until when it may be with its person.

    `begins`: the moment, by the steady clock of its process, from which the permitted rate lets it begin.
    """

    out: OutMessage
    begin_before: datetime
    ends: datetime
    begins: float = 0.0

    def going(self, real: datetime) -> OutMessage | None:
        """The message as it is handed over at this real moment, None when it is too late for that.

        It may wait at the carrier no longer than its time lasts, counted from when its call begins.
        """
        seconds = int((self.ends - real).total_seconds())
        if real >= self.begin_before or seconds < LEAST_WAIT:
            return None
        return replace(self.out, seconds=seconds)


@dataclass(frozen=True, slots=True)
class Carried:
    """What a call gave."""

    id: int
    attempt: int
    answer: Answer


def claim(
    session: Session,
    *,
    at: datetime,
    real: datetime,
    carriers: Carriers,
    voice: Voice,
    prepare: Prepare,
    limit: int = BATCH,
) -> tuple[list[Claimed], int]:
    """Decides what is due, at most `limit` messages: those that may go are marked as being sent.

    Returns them, and how many were decided in all; 0 means that nothing is due. Codes come first.
    """
    ids = session.scalars(_LOCK, {"now": at, "channels": sorted(carriers), "limit": limit}).all()
    if not ids:
        return [], 0
    # The locks are held: what is asked from here on sees what others have committed.
    messages = session.scalars(
        select(Message).where(Message.id.in_(ids)).order_by(Message.not_before, Message.id)
        .execution_options(populate_existing=True)
    ).all()  # fmt: skip
    seen = len(messages)
    messages = _heard_first(session, messages, carriers, at)
    if not messages:
        return [], seen
    decisions = decide(session, messages, at=at, real=real, channels=sorted(carriers))
    words = _worded(session, messages, decisions, voice=voice, prepare=prepare, real=real)
    going = [m for m in messages if decisions[m.id].act is Act.GO]
    _keep_waiting(session, messages, decisions)
    _withhold(session, messages, decisions, at)
    return _begin(session, going, decisions, words, carriers, at, real), seen


def settle(session: Session, results: Sequence[Carried], *, at: datetime, real: datetime) -> list[int]:
    """Writes what the carriers answered. Returns the messages settled; others were settled before."""
    if not results:
        return []
    rows = sorted(results, key=lambda each: each.id)
    answers = [row.answer for row in rows]
    done = session.execute(
        _SETTLE,
        {
            "ids": [row.id for row in rows],
            "attempts": [row.attempt for row in rows],
            "verdicts": [answer.verdict.value for answer in answers],
            "provider_ids": [answer.provider_id for answer in answers],
            "codes": [answer.code for answer in answers],
            "groups": [answer.meaning.group.value if answer.meaning else None for answer in answers],
            "effects": [answer.meaning.effect.value if answer.meaning else None for answer in answers],
            "details": [answer.detail for answer in answers],
            "waits": [answer.wait or WAITS.not_sent.total_seconds() for answer in answers],
            "at": at, "real": real, "by": str(BY),
        },
    ).all()  # fmt: skip
    settled = [row.id for row in done]
    effects = {row.id: row for row in rows if row.answer.verdict is Verdict.REFUSED and row.answer.meaning}
    for id in settled:
        if id in effects and (meaning := effects[id].answer.meaning):
            outcome.bear(session, id, meaning.effect, at=at)
    outcome.follow(session, [row.id for row in done if row.state == "failed"], at=at)
    return settled


def sweep(session: Session, *, real: datetime, at: datetime) -> int:
    """Marks as uncertain what was being sent when its lease ran out. Returns how many."""
    swept: int = session.execute(_SWEEP, {"real": real, "at": at, "by": str(BY)}).scalar_one()
    return swept


def in_hand(session: Session, carriers: Carriers, *, at: datetime, real: datetime) -> bool:
    """Whether somebody is at a message just now: carries it within its lease, or holds one that is due.

    Asked by whoever has just found nothing more to claim.
    """
    return bool(session.scalar(_IN_HAND, {"channels": sorted(carriers), "at": at, "real": real}))


# ---------------------------------------------------------------------------- within a claim


def _heard_first(
    session: Session, messages: Sequence[Message], carriers: Carriers, at: datetime
) -> Sequence[Message]:
    """Puts off what goes to people whose own words are kept and not read yet: they may be a STOP. Returns the rest.

    Asked before permission is: what is read in between has changed it by then. What may go in
    spite of a STOP does not wait.
    """
    writers = not_yet_heard(session, by_name(carriers))
    wanted = [m for m in messages if PURPOSES[m.template] in (Purpose.PROACTIVE, Purpose.REPLY)]
    if not writers or not wanted:
        return messages
    held = set(
        session.scalars(
            _HEARD_FIRST,
            {"ids": [m.id for m in wanted], "writers": sorted(writers), "until": at + WAITS.hearing},
        )
    )
    return [m for m in messages if m.id not in held]


def _worded(
    session: Session,
    messages: Sequence[Message],
    decisions: dict[int, Decision],
    *,
    voice: Voice,
    prepare: Prepare,
    real: datetime,
) -> dict[int, Words]:
    """The words of what may go. What would tell a stranger of a debt, or has no code, is withheld instead."""
    codes = [m.id for m in messages if m.template == "code" and decisions[m.id].act is Act.GO]
    made = prepare(session, codes, real) if codes else {}
    words: dict[int, Words] = {}
    for m in messages:
        decision = decisions[m.id]
        if decision.act is not Act.GO:
            continue
        if m.template == "code" and m.id not in made:
            decisions[m.id] = replace(decision, act=Act.WITHHELD, why="no_code")
            continue
        facts = {"code": made[m.id], "minutes": CODE_MINUTES} if m.template == "code" else None
        try:
            words[m.id] = render(
                m.template, decision.channel or m.channel, language=decision.language or "en", voice=voice,
                person=m.person_id, contact=decision.contact, large=decision.large, real=real, facts=facts,
            )  # fmt: skip
        except Discloses:
            decisions[m.id] = replace(decision, act=Act.WITHHELD, why="discloses")
    return words


def _keep_waiting(session: Session, messages: Sequence[Message], decisions: Mapping[int, Decision]) -> None:
    later = [m for m in messages if decisions[m.id].act is Act.LATER]
    if later:
        session.execute(
            text(
                "update message m set not_before = d.moment from"
                " unnest(cast(:ids as bigint[]), cast(:moments as timestamptz[])) d(id, moment) where m.id = d.id"
            ),
            {"ids": [m.id for m in later], "moments": [decisions[m.id].not_before for m in later]},
        )


def _withhold(
    session: Session, messages: Sequence[Message], decisions: Mapping[int, Decision], at: datetime
) -> None:
    """Writes what may not go, with the rule, and tells it in the history."""
    withheld = [(m, decisions[m.id]) for m in messages if decisions[m.id].act is Act.WITHHELD]
    if withheld:
        session.execute(
            _WITHHOLD,
            {
                "ids": [m.id for m, _ in withheld],
                "whys": [decision.why for _, decision in withheld],
                "facts": [json.dumps(dict(decision.facts)) for _, decision in withheld],
                "channels": [decision.channel for _, decision in withheld],
                "at": at, "by": str(BY),
            },
        )  # fmt: skip


def _begin(
    session: Session,
    going: Sequence[Message],
    decisions: Mapping[int, Decision],
    words: Mapping[int, Words],
    carriers: Carriers,
    at: datetime,
    real: datetime,
) -> list[Claimed]:
    """Marks messages as being sent, writes the attempt of each, and gives what the carriers get."""
    if not going:
        return []
    kept = [m.template != "code" for m in going]
    attempts: dict[int, int] = {
        row.id: row.attempt
        for row in session.execute(
            _BEGIN,
            {
                "ids": [m.id for m in going],
                "contacts": [decisions[m.id].contact for m in going],
                "languages": [decisions[m.id].language for m in going],
                "channels": [decisions[m.id].channel for m in going],
                "moved": [decisions[m.id].channel != m.channel for m in going],
                "providers": [carriers[decisions[m.id].channel or m.channel].name for m in going],
                # A code's words are never kept: whoever reads the table could sign in with them.
                "bodies": [words[m.id].body if keep else None for m, keep in zip(going, kept, strict=True)],
                "salts": [str(uuid.uuid4()) if keep else None for keep in kept],
                "until": real + WAITS.lease, "real": real, "at": at,
            },
        )
    }  # fmt: skip
    claimed = []
    for m in going:
        decision, said = decisions[m.id], words[m.id]
        assert decision.to is not None and decision.until is not None
        out = OutMessage(
            id=m.id, attempt=attempts[m.id], channel=decision.channel or m.channel, to=decision.to, body=said.body,
            subject=said.subject, html=said.html, reply_to=said.reply_to, unsubscribe=said.unsubscribe,
        )  # fmt: skip
        # The door's clock may be moved; how much time is left is the same on both.
        claimed.append(Claimed(out, real + WAITS.lease - WAITS.margin, real + (decision.until - at)))
    return claimed


# ---------------------------------------------------------------------------- statements


# Two claims never hold one person: a cap is counted with the person locked. Codes first: somebody waits.
_LOCK: Final = text("""
select m.id from message m
left join joined j on j.person_id = m.person_id and j.replaced_at is null and not j.parted
join person p on p.id = coalesce(j.into_id, m.person_id)
where m.state = 'planned' and m.not_before <= :now and m.channel = any(:channels)
order by m.template <> 'code', m.not_before, m.id limit :limit for no key update of m, p skip locked
""")

_IN_HAND: Final = text("""
select exists (
  select from message where channel = any(:channels)
    and (state = 'sending' and lease_until > :real or state = 'planned' and not_before <= :at))
""")

_HEARD_FIRST: Final = text("""
update message m set not_before = :until
where m.id = any(:ids) and exists (
  select from contact c
  left join joined j on j.person_id = c.person_id and j.replaced_at is null and not j.parted
  left join joined o on o.person_id = m.person_id and o.replaced_at is null and not o.parted
  where c.value_norm = any(:writers) and c.replaced_at is null and not c.withdrawn
    and coalesce(j.into_id, c.person_id) = coalesce(o.into_id, m.person_id))
returning m.id
""")

_WITHHOLD: Final = text("""
with d as (select * from unnest(cast(:ids as bigint[]), cast(:whys as text[]), cast(:facts as text[]),
             cast(:channels as text[])) d(id, why, facts, channel)),
u as (update message m set state = 'withheld', channel = d.channel, why = d.why, why_facts = d.facts::jsonb,
        settled_at = :at from d where m.id = d.id returning m.*)
insert into history (at, kind, actor, creditor_id, person_id, subject, facts)
select :at, 'message.withheld', :by, u.creditor_id, u.person_id, 'message:' || u.id,
  (jsonb_build_object('template', u.template, 'channel', u.channel, 'rule', u.why) || u.why_facts)::json
from u order by u.id
""")

# What goes as a mail instead of a text has its reasons on both channels: the text is never planned again.
_BEGIN: Final = text("""
with d as (select * from unnest(cast(:ids as bigint[]), cast(:contacts as bigint[]), cast(:languages as text[]),
  cast(:channels as text[]), cast(:moved as boolean[]), cast(:providers as text[]), cast(:bodies as text[]),
  cast(:salts as uuid[])) d(id, contact, language, channel, moved, provider, body, salt)),
r as (insert into reason (cause, subject, step, person_id, channel, message_id)
      select r.cause, r.subject, r.step, r.person_id, d.channel, r.message_id
      from d join reason r on r.message_id = d.id where d.moved on conflict do nothing),
u as (update message m set state = 'sending', attempt = m.attempt + 1, lease_until = :until, contact_id = d.contact,
        channel = d.channel,
        language = d.language, provider = d.provider, body = d.body, body_salt = d.salt, sent_at = :at,
        error_code = null, why_facts = null
      from d where m.id = d.id returning m.id, m.attempt),
a as (insert into attempt (message_id, attempt, started_at) select id, attempt, :real from u)
select id, attempt from u
""")

# A row that `m` does not match was settled otherwise: its answer stays with the attempt.
_SETTLE: Final = text("""
with d as (select * from unnest(cast(:ids as bigint[]), cast(:attempts as int[]), cast(:verdicts as text[]),
  cast(:provider_ids as text[]), cast(:codes as text[]), cast(:groups as text[]), cast(:effects as text[]),
  cast(:details as text[]), cast(:waits as float8[]))
  d(id, attempt, verdict, provider_id, code, grp, effect, detail, wait)),
a as (update attempt t set ended_at = :real, outcome = d.verdict, provider_id = d.provider_id,
        detail = nullif(concat_ws(' ', d.code, d.detail), '')
      from d where t.message_id = d.id and t.attempt = d.attempt and t.ended_at is null),
u as (update message m set
        state = case d.verdict when 'accepted' then 'sent' when 'refused' then 'failed' when 'unclear' then 'uncertain'
                               else 'planned' end,
        provider_id = coalesce(d.provider_id, m.provider_id), lease_until = null,
        sent_at = case when d.verdict in ('accepted', 'unclear') then m.sent_at end,
        settled_at = case when d.verdict in ('accepted', 'refused') then :at end,
        error_code = case when d.verdict = 'refused' then coalesce(d.code, 'refused') end,
        why_facts = case when d.verdict = 'refused' then jsonb_build_object('group', d.grp, 'effect', d.effect) end,
        not_before = case when d.verdict in ('later', 'not_sent')
                          then cast(:at as timestamptz) + d.wait * interval '1 second' else m.not_before end
      from d where m.id = d.id and m.attempt = d.attempt and m.state in ('sending', 'uncertain')
        and not (d.verdict = 'unclear' and m.state = 'uncertain')
      returning m.*),
h as (insert into history (at, kind, actor, creditor_id, person_id, subject, facts)
      select :at, case when u.template = 'code' and u.state = 'sent' then 'sign_in.code_sent'
                       else 'message.' || u.state end, :by, u.creditor_id, u.person_id, 'message:' || u.id,
        json_strip_nulls(json_build_object('template', u.template, 'channel', u.channel, 'attempt', u.attempt,
          'code', u.error_code, 'group', u.why_facts ->> 'group',
          'proof', case when u.state = 'sent'
                        then encode(sha256(uuid_send(u.body_salt) || convert_to(u.body, 'UTF8')), 'hex') end))
      from u where u.state <> 'planned' order by u.id)
select id, state from u
""")

_SWEEP: Final = text("""
with u as (update message set state = 'uncertain', lease_until = null where state = 'sending' and lease_until < :real
           returning *),
h as (insert into history (at, kind, actor, creditor_id, person_id, subject, facts)
      select :at, 'message.uncertain', :by, creditor_id, person_id, 'message:' || id,
        json_build_object('template', template, 'channel', channel, 'attempt', attempt) from u order by id)
select count(*) from u
""")
