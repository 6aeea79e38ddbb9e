"""The proposal: an arrangement asked for and not yet decided.

A proposal is a chain of versions (`version.py`): what the person asked for, then
what the other side counters, until one is agreed, declined, withdrawn, expired
or superseded. What the person asks on the telephone is the person's, entered by staff.

Deciding derives the sums again from today's facts. A version is agreed exactly
as it was shown; if an account owes less by now than it covers, it is refused
(`proposal.changed`) and another has to be made. If more is owed, the plan
covers what was shown. It can be agreed up to the day of its first payment.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cases.arrangements import arrangement
from cases.arrangements.offer import Draft, Terms, draft, owed_now
from cases.arrangements.version import Proposal, ProposalAccount, covered_by, schedule_shown, sent_with
from cases.clock import add_working_days
from cases.debts.account import Account
from cases.history import Actor, Kind, proof, record
from cases.people.person import Person, all_ids
from cases.refusal import refusal_code
from cases.work import queue

UNKNOWN = refusal_code("proposal.unknown")
DECIDED = refusal_code("proposal.decided", "state", "by", "at")
CHANGED = refusal_code("proposal.changed", "account", "covered", "owed", "currency")
EXPIRED = refusal_code("proposal.expired", "expires_on")
OWN_OFFER = refusal_code("proposal.own_offer")
REASON_UNKNOWN = refusal_code("proposal.reason_unknown", "reason")

REASONS: Final = ("too_little", "too_long", "too_late", "other_way", "other")
"""Why we decline: pays too little, takes too long, begins too late, another way is better, in words."""
ANSWER_IN: Final = 2
"""Working days within which a person gets an answer, or by the first payment if that is sooner."""


def propose(
    session: Session,
    *,
    person: int,
    accounts: Sequence[int],
    terms: Terms,
    key: str,
    by: Actor,
    at: datetime,
    side: str = "person",
    note: str | None = None,
) -> Proposal:
    """Sends a proposal for someone to decide: its rows, a history line and a work item.

    `key` makes a double click one proposal: the same key gives the first one back. An open proposal
    of the same person over any of these accounts is superseded; where that is an offer of ours, this is
    the next version of it. `side` `staff` is an offer of ours, which the person answers; it opens no work
    item. Refuses as `offer.draft` does.
    """
    people = hold_person(session, person)
    was = sent_with(session, person, key)
    if was is not None:
        return was
    plan = draft(session, people, accounts, terms, at)
    made = _save_over(session, person, people, accounts, plan, side=side, key=key, note=note, by=by, at=at)
    if side == "person":
        queue.open_item(session, person=person, kind="proposal", subject=f"proposal:{made.id}", urgency=1, at=at,
                        answer_by=_answer_by(plan))  # fmt: skip
    return made


def enter(
    session: Session,
    *,
    person: int,
    accounts: Sequence[int],
    terms: Terms,
    key: str,
    by: Actor,
    at: datetime,
    note: str | None = None,
) -> int:
    """A plan or a promise agreed with the person on the telephone: proposed and approved at once.

    Returns the arrangement's id; the same key enters once. Refuses as `propose` and `approve` do.
    """
    people = hold_person(session, person)
    was = sent_with(session, person, key)
    if was is not None:
        return session.scalars(
            select(arrangement.Arrangement.id).where(arrangement.Arrangement.proposal_id == was.id)
        ).one()
    plan = draft(session, people, accounts, terms, at)
    made = _save_over(session, person, people, accounts, plan, side="person", key=key, note=note, by=by, at=at)
    return approve(session, made.id, by=by, at=at)


def approve(session: Session, proposal: int, *, by: Actor, at: datetime) -> int:
    """Agrees to what the person asked for: makes the plan and tells each liable person. Returns its id.

    Of two at once one wins; the other gets `proposal.decided` with who and when. Also refuses
    `proposal.own_offer`, `proposal.expired`, `proposal.changed`, `proposal.on_hold`.
    """
    return _agree(session, _waiting(session, proposal, of="person"), by=by, at=at)


def accept(session: Session, proposal: int, *, by: Actor, at: datetime) -> int:
    """The person agrees to our offer: makes the plan, as `approve` does. Returns the plan's id."""
    return _agree(session, _waiting(session, proposal, of="staff"), by=by, at=at)


def counter(
    session: Session,
    proposal: int,
    *,
    terms: Terms,
    key: str,
    by: Actor,
    at: datetime,
    accounts: Sequence[int] | None = None,
    note: str | None = None,
) -> Proposal:
    """Offers something else: a new version over the same accounts, or those named, for the person to answer.

    The covered sums are today's. Refuses `proposal.decided`, and as `offer.draft` does.
    """
    root = select(func.coalesce(Proposal.root_id, Proposal.id)).where(Proposal.id == proposal).scalar_subquery()
    was = session.scalar(select(Proposal).where(Proposal.root_id == root, Proposal.key == key))
    if was is not None:
        return was
    old = _waiting(session, proposal, of="person")
    people = all_ids(session, old.person_id)
    plan = draft(session, people, accounts or [each.account_id for each in covered_by(session, old.id)], terms, at)
    _decide(session, old, "countered", by=by, at=at)
    return _save(session, old.person_id, plan, side="staff", key=key, note=note, by=by, at=at, after=old)


def decline(
    session: Session, proposal: int, *, reason: str | None = None, words: str | None = None, by: Actor, at: datetime
) -> None:
    """Says no to the other side's offer. We give a `reason` of `REASONS`, a person need not.

    Refuses `proposal.decided`, `proposal.own_offer`, `proposal.reason_unknown`.
    """
    ours = by.role != "debtor"
    row = _waiting(session, proposal, of="person" if ours else "staff")
    if reason not in REASONS and (ours or reason is not None):
        raise REASON_UNKNOWN(reason=reason)
    row.reason, row.answer = reason, words
    facts: dict[str, object] = {"reason": reason} if reason else {}
    if words:
        row.answer_salt = uuid.uuid4()
        facts["words"] = proof(row.answer_salt, words)
    _decide(session, row, "declined", by=by, at=at)
    record(session, Kind.PROPOSAL_DECLINED, by=by, at=at, person=row.person_id, subject=f"proposal:{row.id}",
           facts=facts)  # fmt: skip
    if not ours:
        queue.open_item(session, person=row.person_id, kind="offer", subject=f"proposal:{row.id}", urgency=2, at=at)


def withdraw(session: Session, proposal: int, *, by: Actor, at: datetime) -> None:
    """Takes one's own offer back: a person theirs, staff ours. Refuses `proposal.decided`, `proposal.own_offer`."""
    row = _waiting(session, proposal, of="person" if by.role == "debtor" else "staff")
    _decide(session, row, "withdrawn", by=by, at=at)
    record(session, Kind.PROPOSAL_WITHDRAWN, by=by, at=at, person=row.person_id, subject=f"proposal:{row.id}")


def held(session: Session, proposal: int) -> Proposal:
    """The version, held after its person: whoever decides of the same person waits. Refuses `proposal.unknown`."""
    whose = session.scalar(select(Proposal.person_id).where(Proposal.id == proposal))
    if whose is None:
        raise UNKNOWN()
    hold_person(session, whose)
    row = select(Proposal).where(Proposal.id == proposal).with_for_update(key_share=True)
    return session.scalars(row.execution_options(populate_existing=True)).one()


def _agree(session: Session, row: Proposal, *, by: Actor, at: datetime) -> int:
    people = all_ids(session, row.person_id)
    covered = covered_by(session, row.id)
    accounts = [each.account_id for each in covered]
    # One plan an account: whoever else agrees over one of these waits here, and then finds this plan.
    session.execute(
        select(Account.id).where(Account.id.in_(accounts)).order_by(Account.id).with_for_update(key_share=True)
    )
    owed, today = owed_now(session, people, accounts, at)
    if row.expires_on < today:
        raise EXPIRED(expires_on=row.expires_on)
    for each in covered:
        if owed.get(each.account_id, 0) < each.amount:
            raise CHANGED(account=each.account_id, covered=each.amount, owed=owed.get(each.account_id, 0),
                          currency=row.currency)  # fmt: skip
    _decide(session, row, "agreed", by=by, at=at)
    record(session, Kind.PROPOSAL_AGREED, by=by, at=at, person=row.person_id, subject=f"proposal:{row.id}",
           facts={"version": row.version})  # fmt: skip
    return arrangement.start(
        session, person=row.person_id, proposal=row.id, kind=row.kind, currency=row.currency, rhythm=row.rhythm,
        calendar=row.calendar, covered=[(each.account_id, each.creditor_id, each.amount) for each in covered],
        bases={each.account_id: each.base for each in covered if each.base}, bears_from=row.bears_from,
        schedule=schedule_shown(row, covered), on=today, by=by, at=at,
    )  # fmt: skip


def _save(
    session: Session, person: int, plan: Draft, *, side: str, key: str, note: str | None, by: Actor, at: datetime,
    after: Proposal | None = None,
) -> Proposal:  # fmt: skip
    """One version: the first of a chain, or the next `after` the one that it answers."""
    terms, shown = plan.terms, plan.schedule
    root, version = (after.root_id or after.id, after.version + 1) if after else (None, 1)
    row = Proposal(
        person_id=person, root_id=root, version=version, side=side, kind=terms.kind, currency=plan.currency,
        amount=terms.amount, upfront=terms.upfront, upfront_on=terms.upfront_on if terms.upfront else None,
        rhythm=str(terms.rhythm), first_on=terms.first_on, month_day=terms.dates.month_day, calendar=plan.calendar,
        bears_from=plan.bears_from, expires_on=_expires(plan), key=key, made_by=str(by), made_at=at, note=note,
        note_salt=uuid.uuid4() if note else None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add_all(
        ProposalAccount(proposal_id=row.id, account_id=each.account, creditor_id=each.creditor, nth=n, amount=minor,
                        **({"rate": debt.rate, "base": debt.base} if debt.rate and row.bears_from else {}))
        for n, ((each, minor), debt) in enumerate(zip(plan.covered, plan.debts, strict=True), 1)
    )  # fmt: skip
    facts: dict[str, object] = {
        "kind": row.kind, "version": version, "amount": row.amount, "currency": row.currency, "rhythm": row.rhythm,
        "upfront": row.upfront, "first_on": shown.instalments[0].due_on.isoformat(),
        "last_on": shown.ends_on.isoformat(), "count": len(shown.instalments), "total": shown.total_minor,
        "accounts": len(plan.covered), **({"interest": shown.interest_minor} if shown.interest else {}),
    }  # fmt: skip
    if note and row.note_salt:
        facts["note"] = proof(row.note_salt, note)
    queue.done_for(session, person=person, kind="offer", by=by, at=at)  # what was not taken, this takes the place of
    kind = Kind.PROPOSAL_SUBMITTED if side == "person" else Kind.PROPOSAL_COUNTERED
    record(session, kind, by=by, at=at, person=person, subject=f"proposal:{row.id}", facts=facts)
    session.flush()
    return row


def _decide(session: Session, row: Proposal, state: str, *, by: Actor, at: datetime) -> None:
    row.state, row.decided_by, row.decided_at = state, str(by), at
    session.flush()
    queue.done(session, subject=f"proposal:{row.id}", by=by, at=at)


def _save_over(
    session: Session, person: int, people: Sequence[int], accounts: Sequence[int], plan: Draft, *, side: str,
    key: str, note: str | None, by: Actor, at: datetime,
) -> Proposal:  # fmt: skip
    """Saves it; what is open over any of these accounts gives way to it."""
    before = _open(session, people, accounts)
    ours = [each for each in before if each.side == "staff" and side == "person"]
    made = _save(session, person, plan, side=side, key=key, note=note, by=by, at=at, after=ours[-1] if ours else None)
    for old in before:
        _decide(session, old, "superseded", by=by, at=at)
        record(session, Kind.PROPOSAL_SUPERSEDED, by=by, at=at, person=old.person_id, subject=f"proposal:{old.id}",
               facts={"side": old.side, "by": made.id})  # fmt: skip
    return made


def _waiting(session: Session, proposal: int, *, of: str) -> Proposal:
    """The version, held, while it waits for an answer and is that side's offer."""
    row = held(session, proposal)
    if row.state != "submitted":
        raise DECIDED(state=row.state, by=row.decided_by, at=row.decided_at)
    if row.side != of:
        raise OWN_OFFER()
    return row


def hold_person(session: Session, person: int) -> list[int]:
    """The ids of a person whose row is held, so that what is asked and decided of them comes one after the other."""
    head = all_ids(session, person)[0]
    session.execute(select(Person.id).where(Person.id == head).with_for_update(key_share=True))
    return all_ids(session, person)


def _open(session: Session, people: Sequence[int], accounts: Sequence[int]) -> list[Proposal]:
    theirs = select(ProposalAccount.proposal_id).where(ProposalAccount.account_id.in_(accounts))
    return list(
        session.scalars(
            select(Proposal)
            .where(Proposal.person_id.in_(people), Proposal.state == "submitted", Proposal.id.in_(theirs))
            .order_by(Proposal.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )  # fmt: skip


def _expires(plan: Draft) -> date:
    """Until when it can be agreed: the day of its first payment; before it where that is all, and has interest."""
    last = plan.schedule.ends_on - timedelta(days=1) if plan.schedule.interest else date.max
    return min(plan.terms.starts_on, last)


def _answer_by(plan: Draft) -> date:
    soon = plan.today + timedelta(days=ANSWER_IN)
    if plan.calendar is not None:
        soon = add_working_days(plan.calendar, plan.today, ANSWER_IN)
    return min(soon, max(plan.terms.starts_on, plan.today))
