"""One case on one page: whether the person may be written to, what they owe and why, what happened, what waits.

The page asks a fixed number of statements, whatever the case holds. What it shows of a plan is what
concerns the accounts of this person.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Self

from flask import g, request
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cases.arrangements import arrangement, assessment
from cases.arrangements.assessment import Assessment
from cases.arrangements.offer import Coverable, coverable
from cases.arrangements.schedule import Schedule
from cases.arrangements.version import Proposal, ProposalAccount, before, proposals_of, schedule_shown
from cases.clock import day_start
from cases.people.person import first_name
from cases.people.support import needs_of
from cases.work import queue as work
from cases.work.worked import Worked, worked_since
from messaging.conversation import LONGEST, thread
from messaging.outbox import Message
from messaging.permit import LEAST_WAIT
from messaging.reach import Reach, reach_of
from payments.payable import free
from portal.access import asking
from portal.collector import history
from portal.collector.accounts import LATE, LINES, called, debts_of, running_over, sums_of
from portal.collector.affairs import reasons_words
from portal.collector.attempts import attempts
from portal.collector.diary import calling
from portal.collector.face import (
    Case,
    blueprint,
    case_named,
    colleagues,
    desk,
    due_words,
    language_words,
    show,
    user,
)
from portal.collector.hold_words import held_words
from portal.collector.holds import on_hold
from portal.collector.letters import letters
from portal.collector.support import needs_shown
from portal.collector.timeline import FILTERS, kinds_of
from portal.collector.waiting import mail_words, why, wish_words
from portal.forms import Form, HiddenField, NoteField
from portal.language import NAMES, ZONE, _, _l, _n, clock_time, day, day_of, moment, today

THREAD: Final = 12
"""How many of the last messages stand on the page."""


@dataclass(frozen=True, slots=True)
class Way:
    """Whether a text or an email may go to the person: `state` is allowed, later, stopped, unusable or none."""

    channel: str
    state: str
    words: str
    to: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """Who has the case: a colleague (`other`, `until`) or oneself (`mine` until then); whom it was `given` to."""

    other: str | None = None
    until: datetime | None = None
    mine: datetime | None = None
    given: str | None = None
    later: date | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A proposal to be answered, with its schedule and what stands in the way of agreeing."""

    proposal: Proposal
    wish: str
    schedule: Schedule[int]
    shares: list[tuple[str, int]]
    due: str
    hindrance: str | None
    ends: list[str]
    judged: Assessment | None
    why: list[str]
    before: list[str]


class Write(Form):
    """What we write. `key` makes a double click one message."""

    words = NoteField(
        _l("Your message"), longest=LONGEST, needed=_l("Write your message"),
        hint=_l("The person reads it after signing in. Where a text or email may go, it says that something waits."),
    )  # fmt: skip
    key = HiddenField("key")

    @classmethod
    def fresh(cls) -> Self:
        """An empty one, with a key of its own."""
        form = cls(formdata=None)
        form.key.process_data(uuid.uuid4().hex)
        return form


@blueprint.get("/case/<ref>")
@desk
def case(ref: str) -> str:
    """One person's case."""
    return page(ref, Write.fresh())


def page(ref: str, write: Write) -> str:
    """The page of a case, with what is being written to the person."""
    only = request.args.get("only")
    kinds = kinds_of(only)
    with asking() as session:
        found = case_named(session, ref)
        names = colleagues(session)
        accounts = coverable(session, found.people, g.now)
        known = {each.account: each for each in accounts}
        with_them = _liable_with(session, found.people, list(known))
        running = running_over(session, list(known))
        items = work.open_items(session, found.people)
        waiting = proposals_of(session, found.people, waiting=True)
        answered = {id: said_before(rows) for id, rows in before(session, waiting).items()}
        others = [item for item in items if item.kind not in ("proposal", "message")]
        first_names = {id: first_name(found.name) for id in found.people}
        who, text_way, mail_way, taken = _ways(session, found.person)
        called_by_id = {id: called(each) for id, each in known.items()}
        return show(
            session, "case", case=found, first=first_name(found.name),
            debts=debts_of(session, accounts, running), running=running, names=known,
            speaks=_speaks(who.wish.language or found.language, with_them),
            text=text_way, mail=mail_way, taken=taken, mail_words=mail_words,
            decisions=_decisions(session, [row for row in waiting if row.side == "person"], items, known, answered),
            offers=[(row, wish_words(row), answered.get(row.id, [])) for row in waiting if row.side == "staff"],
            others=others, whys=why(session, [(item.kind, item.subject) for item in others]),
            items=items, unanswered=[item for item in items if item.kind == "message"],
            held=_held(items, names), worked=_worked(session, found, names), call=calling(session, found.people, who),
            said=list(reversed(thread(session, found.people, limit=THREAD))),
            told=history.told(
                session, found.people, called_by_id, names,
                first_names | {id: first_name(name) for id, (name, _role) in with_them.items()},
                kinds=kinds, before=min(max(request.args.get("before", 0, type=int), 0), 2**62) or None,
            ),
            only=only if kinds else None, filters=FILTERS, paged="before" in request.args, colleagues=names, form=write,
            letters=letters(session, found), sums=sums_of(accounts),
            payments=attempts(session, found.people, called_by_id, names, first_names),
            can_plan=any(each.owed and not each.stopped("plans") for each in accounts),
            can_pay=any(free(each) for each in accounts), late=LATE, lines_named=LINES,
            holds=on_hold(session, found, known), held_words=held_words,
            needs=needs_shown(needs_of(session, found.people)),
        )  # fmt: skip


def _decisions(
    session: Session, waiting: Sequence[Proposal], items: Sequence[work.WorkItem], known: Mapping[int, Coverable],
    answered: Mapping[int, list[str]],
) -> list[Decision]:  # fmt: skip
    covered: dict[int, list[ProposalAccount]] = {}
    if waiting:
        for row in session.scalars(
            select(ProposalAccount)
            .where(ProposalAccount.proposal_id.in_([each.id for each in waiting]))
            .order_by(ProposalAccount.proposal_id, ProposalAccount.nth)
        ):
            covered.setdefault(row.proposal_id, []).append(row)
    due = {item.subject: item.answer_by for item in items}
    judged = assessment.assessments_of(session, list(covered)) if covered else {}
    return [
        Decision(
            each, wish_words(each), made := schedule_shown(each, covered[each.id]),
            [(called(known[share.key]), share.minor) for share in made.regular[0].shares if share.key in known],
            due_words(due.get(f"proposal:{each.id}")), _hindrance(each, covered[each.id], known),
            _would_end(session, [row.account_id for row in covered[each.id]], known), judged.get(each.id),
            reasons_words(judged[each.id].reasons) if each.id in judged else [], answered.get(each.id, []),
        )
        for each in waiting
    ]  # fmt: skip


def said_before(versions: Sequence[Proposal]) -> list[str]:
    """What either side said before a version, newest first."""
    return [
        _("We offered %(wish)s.", wish=wish_words(each)) if each.side == "staff"
        else _("They asked for %(wish)s.", wish=wish_words(each))
        for each in versions
    ]  # fmt: skip


def _hindrance(row: Proposal, covered: Sequence[ProposalAccount], known: Mapping[int, Coverable]) -> str | None:
    """Why this cannot be agreed as it stands; the act itself checks it again."""
    days = [known[each.account_id].today for each in covered if each.account_id in known]
    if days and row.expires_on < max(days):
        return _("Its first payment was on %(day)s. Offer a later first day.", day=day(row.expires_on))
    held = [called(known[each.account_id]) for each in covered
            if each.account_id in known and known[each.account_id].stopped("plans")]  # fmt: skip
    if held:
        return _("On hold: %(debts)s. Offer a plan without it, or decline.", debts="; ".join(held))
    if any(each.account_id not in known or known[each.account_id].owed < each.amount for each in covered):
        return _("Less is owed by now than it covers. Offer a plan over what is owed.")
    return None


def _would_end(session: Session, accounts: Sequence[int], known: Mapping[int, Coverable]) -> list[str]:
    """What agreeing would end, in sentences."""
    if not any(known[account].plan for account in accounts if account in known):
        return []
    ending, released = arrangement.would_end(session, accounts)
    told = [_n("It takes the place of the plan that runs now.", "It takes the place of %(num)s plans.", len(ending))]
    foreign = _("an account of another person")
    others = [called(known[account]) if account in known else foreign for account in released]
    if others:
        told.append(_("Then in no plan any more: %(accounts)s.", accounts="; ".join(others)))
    return told


def _ways(session: Session, person: int) -> tuple[Reach, Way, Way, Way]:
    """Where the person is; whether a text, or an email, that answers them may go now; and the one that is taken.

    They are the questions that are asked when one is sent.
    """
    asked = [
        Message(id=n, person_id=person, channel=channel, template="answer_waits", attempt=attempt)
        for n, (channel, attempt) in enumerate((("sms", 1), ("email", 1), ("sms", 0)))
    ]
    found = reach_of(session, asked)
    text_way, mail_way, taken = (_way(found[n]) for n in range(3))
    return found[0], text_way, mail_way, taken


def _way(who: Reach) -> Way:
    text_way = who.channel == "sms"
    if who.contact is None:
        return Way(who.channel, "none", _("No mobile number.") if text_way else _("No address."), None)
    if who.stopped is not None:
        return Way(who.channel, "stopped", _("No. STOP on %(day)s", day=day(day_of(who.stopped))), who.to)
    if who.unusable is not None:
        return Way(who.channel, "unusable", _("No. Nothing arrives there."), who.to)
    opens, closes = who.open_from(g.now, LEAST_WAIT)
    if opens is None:
        return Way(who.channel, "none", _("No hours are allowed."), who.to)
    if opens > g.now:
        return Way(who.channel, "later", _("Allowed from %(when)s", when=moment(opens)), who.to)
    assert closes is not None
    return Way(who.channel, "allowed", _("Allowed now, until %(time)s", time=clock_time(closes)), who.to)


def _speaks(tongue: str | None, with_them: Mapping[int, tuple[str, str]]) -> str:
    roles = {"holder": _("holder"), "joint": _("joint"), "guarantor": _("guarantor")}
    spoken = language_words(tongue) or NAMES["en"] if tongue else _("Not known")
    return " ".join(
        [f"{spoken}.", *(_("With %(name)s (%(role)s).", name=name, role=roles.get(role, role))
                         for name, role in with_them.values())]
    )  # fmt: skip


def _worked(session: Session, found: Case, names: Mapping[int, str]) -> list[tuple[str, Worked]]:
    """The colleagues who did something here today, by name."""
    since = day_start(today(), g.get("zone", ZONE))
    rows = worked_since(session, found.people, since, but=user())
    return [(names.get(each.user, _("a colleague")), each) for each in rows]


def _held(items: Sequence[work.WorkItem], names: Mapping[int, str]) -> Held:
    held = work.held_by_other(items, user(), g.now)
    if held is not None:
        return Held(other=names.get(held[0], _("a colleague")), until=held[1])
    mine = next((item.taken_until for item in items if item.taken_by == user() and item.taken_until
                 and item.taken_until > g.now), None)  # fmt: skip
    given = next((item.given_to for item in items if item.given_to), None)
    later = next((item.not_before for item in items if item.not_before and item.not_before > today()), None)
    return Held(mine=mine, given=names.get(given) if given and given != user() else None, later=later)


def _liable_with(session: Session, people: Sequence[int], accounts: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Name and role of the others who owe these accounts together with these ids."""
    rows = session.execute(
        text("""
select distinct on (p.id) p.id, p.name, o.role from liability o
left join joined j on j.person_id = o.person_id and j.replaced_at is null and not j.parted
join person p on p.id = coalesce(j.into_id, o.person_id)
where o.account_id = any(:accounts) and o.replaced_at is null and not o.withdrawn and p.id <> all(:people)
order by p.id, o.role
"""),
        {"accounts": list(accounts), "people": list(people)},
    )
    return {row.id: (row.name, row.role) for row in rows}
