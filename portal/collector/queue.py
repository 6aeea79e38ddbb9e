"""The queue: the next case on top, and all that waits below, narrowed by what one chooses.

Opening the next case takes it, so it is posted; looking takes nothing. Of two who press at once one
gets this case and the other the one after it, and is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from flask import g, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from cases.db import act_now
from cases.people.person import Person
from cases.people.staff import User
from cases.refusal import Refusal
from cases.work import queue as work
from cases.work import worklist
from cases.work.worklist import Filters, Row
from portal.access import asking, visitor
from portal.collector.face import (
    ROLES,
    actor,
    blueprint,
    case_named,
    colleagues,
    desk,
    due_words,
    language_words,
    minutes_since,
    show,
    sums_words,
    tell,
    to_case,
    told,
    user,
    waited,
)
from portal.collector.waiting import Why, why
from portal.forms import ChoiceField, DayField, Form, SelectField
from portal.language import NAMES, _, _l, day, day_plain, moment, today

_KINDS: Final = {
    "proposal": _l("Proposals"), "message": _l("Messages"), "stop": _l("May mean STOP"),
    "undelivered": _l("Not delivered"), "uncertain": _l("Unclear delivery"), "broken": _l("Broken plans"),
    "refund": _l("Refunds"), "dispute": _l("Asked back by the bank"), "payment": _l("Another sum"),
    "disputed": _l("Disputes"), "hold": _l("Holds to look at"),
    "support": _l("Needs to look at"), "identity": _l("Perhaps not them"), "unreachable": _l("No way to reach"),
    "offer": _l("Offers not taken"),
    "stuck": _l("Stuck in the day’s run"), "document": _l("Letters not made"), "statement": _l("Statements owed"),
}  # fmt: skip

REASONS: Final = (
    ("waiting_person", _l("I wait for the person")),
    ("waiting_creditor", _l("I wait for the creditor")),
    ("call_back", _l("I agreed to call back")),
    ("other", _l("Something else")),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the list as the page writes it."""

    row: Row
    why: Why
    sub: str
    waited: str
    due: str
    held: str | None
    overdue: list[tuple[int, str]]


class Postpone(Form):
    """Until when, and why."""

    until = DayField(_l("Bring it back on"), needed=_l("Choose a day"))
    reason = ChoiceField(_l("Why"), options=REASONS, needed=_l("Choose why"))


class PassOn(Form):
    """To whom."""

    to = SelectField(_l("Who takes it"), width="l", needed=_l("Choose a colleague"))


@blueprint.get("/")
@desk
def queue() -> str:
    """What waits for this collector."""
    chosen = _filters(request.args)
    page = min(max(request.args.get("page", 1, type=int), 1), 1_000_000)
    with asking() as session:
        listed = worklist.queue(session, user=user(), at=g.now, on=today(), filters=chosen, page=page)
        waiting = worklist.counts(session, user=user(), on=today())
        top = work.peek(session, user=user(), at=g.now, on=today())
        first = _first(session, top, listed.rows) if top is not None else None
        names = colleagues(session)
        rows = list(listed.rows) + ([first] if first is not None else [])
        whys = why(session, {(row.kind, row.subject) for row in rows})
        return show(
            session, "queue",
            rows=[_shown(row, whys[row.subject], names) for row in listed.rows],
            next=_shown(first, whys[first.subject], names) if first is not None else None,
            can_wait=first is not None and first.urgency > 0,
            waiting=waiting, listed=listed, chosen=chosen,
            chips=_chips(waiting, chosen), creditors=worklist.creditors(session),
            languages=sorted(NAMES.items()),
            moment_now=moment(g.now),
            before=_address(chosen, page - 1) if page > 1 else None,
            after=_address(chosen, page + 1) if listed.last < listed.total else None,
        )  # fmt: skip


@blueprint.post("/next")
@desk
def open_next() -> ResponseReturnValue:
    """Takes the case that was shown as the next; if a colleague was quicker, the one after it."""
    with asking() as session:
        case = case_named(session, request.form.get("case", ""))
        act_now(session)
        try:
            work.take(session, person=case.person, user=user(), at=g.now)
            return to_case(case.ref)
        except Refusal:
            item = work.next_case(session, user=user(), at=g.now, on=today())
            if item is None:
                tell(_("A colleague was quicker"), _("Nothing else waits for you now."), "info")
                return redirect(url_for("collector.queue"), 303)
            ref = session.scalars(select(Person.case_ref).where(Person.id == item.person_id)).one()
    tell(_("A colleague was quicker"), _("This is the next case."), "info")
    return to_case(ref)


@blueprint.post("/case/<ref>/take")
@desk
def take(ref: str) -> ResponseReturnValue:
    """Takes a case, or holds it on."""
    return _move(ref, lambda session, case: work.take(session, person=case.person, user=user(), at=g.now))


@blueprint.post("/case/<ref>/release")
@desk
def release(ref: str) -> ResponseReturnValue:
    """Gives a case back."""
    with asking() as session:
        case = case_named(session, ref)
        act_now(session)
        work.release(session, person=case.person, user=user())
    tell(_("The case is back in the queue"), case.name)
    return redirect(url_for("collector.queue"), 303)


@blueprint.route("/case/<ref>/postpone", methods=["GET", "POST"])
@desk
def postpone(ref: str) -> ResponseReturnValue:
    """Leaves a case until a later day."""
    with asking() as session:
        case = case_named(session, ref)
        items = work.open_items(session, case.people)
        if not items:
            return _nothing_open(case.ref)
        first, last = work.postpone_days(items, today())
        form = Postpone()
        form.until.earliest, form.until.latest = first, last
        form.until.hint = _("From %(first)s to %(last)s.", first=day_plain(first), last=day_plain(last))
        if not form.is_submitted():
            form.reason.process_data(request.args.get("reason"))
        if not form.validate_on_submit():
            page = show(session, "postpone", form=form, case=case, distress=items[0].urgency == 0)
            return page, 422 if form.is_submitted() else 200
        until: date = form.until.data
        act_now(session)
        try:
            work.postpone(session, person=case.person, until=until, reason=form.reason.data, user=user(), by=actor(),
                          at=g.now, on=today())  # fmt: skip
        except Refusal as refusal:
            told(refusal)
            return to_case(case.ref)
    tell(_("Postponed to %(day)s", day=day(until)), case.name)
    return redirect(url_for("collector.queue"), 303)


@blueprint.route("/case/<ref>/pass-on", methods=["GET", "POST"])
@desk
def pass_on(ref: str) -> ResponseReturnValue:
    """Gives a case to a colleague."""
    with asking() as session:
        case = case_named(session, ref)
        if not work.open_items(session, case.people):
            return _nothing_open(case.ref)
        form = PassOn()
        able = session.execute(
            select(User.id, User.name)
            .where(User.role.in_(ROLES), User.disabled_at.is_(None), User.id != user())
            .order_by(User.name)
        ).all()
        form.to.options = [("", _("Choose")), *((str(id), name) for id, name in able)]
        if not form.validate_on_submit():
            page = show(session, "pass-on", form=form, case=case, anyone=bool(able))
            return page, 422 if form.is_submitted() else 200
        to = int(form.to.data)
        act_now(session)
        try:
            work.pass_on(session, person=case.person, to=to, user=user(), by=actor(), at=g.now)
        except Refusal as refusal:
            told(refusal)
            return to_case(case.ref)
    tell(_("%(who)s has the case now", who=dict(form.to.options)[form.to.data]), case.name)
    return redirect(url_for("collector.queue"), 303)


def _move(ref: str, act: Any) -> ResponseReturnValue:
    """One act on a case, told on its page when it is refused."""
    try:
        with asking() as session:
            case = case_named(session, ref)
            act_now(session)
            act(session, case)
    except Refusal as refusal:
        told(refusal)
    return to_case(ref)


def _nothing_open(ref: str) -> ResponseReturnValue:
    tell(_("Nothing waits in this case"), _("There is nothing to postpone or to pass on."), "info")
    return to_case(ref)


def _first(session: Session, top: work.WorkItem, rows: tuple[Row, ...]) -> Row | None:
    """The row of the case on top; it usually stands on the page already."""
    for row in rows:
        if (row.kind, row.subject) == (top.kind, top.subject):
            return row
    only = worklist.queue(session, user=user(), at=g.now, on=today(), filters=Filters(person=top.person_id))
    return only.rows[0] if only.rows else None


def _shown(row: Row, why_: Why, names: Mapping[int, str]) -> Shown:
    own = language_words(row.language)
    held = None
    if row.held_by is not None:
        held = _("Open with %(who)s", who=names.get(row.held_by, _("a colleague")))
    elif row.given_to == visitor().user:
        held = _("Passed on to you")
    return Shown(row, why_, own or "", waited(minutes_since(row.since)), due_words(row.answer_by), held,
                 list(sums_words(row.overdue)))  # fmt: skip


def _filters(args: Mapping[str, str]) -> Filters:
    """What the address asks for; what is not one of the choices counts as not asked."""
    creditor = args.get("creditor", "")
    return Filters(
        kind=args.get("kind") if args.get("kind") in _KINDS else None,
        creditor=int(creditor) if creditor.isascii() and creditor.isdigit() and len(creditor) < 19 else None,
        language=args.get("language") if args.get("language") in NAMES else None,
        sort="waiting" if args.get("sort") == "waiting" else "urgent",
        postponed=args.get("show") == "postponed",
    )


def _chips(waiting: worklist.Counts, chosen: Filters) -> list[tuple[str, int, str, bool]]:
    """All, each kind that there is, and what is postponed."""
    here = (chosen.kind, chosen.postponed)
    chips = [(_("All"), waiting.all, url_for("collector.queue"), here == (None, False))]
    for kind, label in _KINDS.items():
        if waiting.by_kind.get(kind) or chosen.kind == kind:
            href = url_for("collector.queue", kind=kind)
            chips.append((str(label), waiting.by_kind.get(kind, 0), href, here == (kind, False)))
    if waiting.postponed or chosen.postponed:
        chips.append((_("Postponed"), waiting.postponed, url_for("collector.queue", show="postponed"),
                      chosen.postponed))  # fmt: skip
    return chips


def _address(chosen: Filters, page: int) -> str:
    """The same list, another page."""
    asked = {"kind": chosen.kind, "creditor": chosen.creditor, "language": chosen.language,
             "sort": "waiting" if chosen.sort == "waiting" else None, "show": "postponed" if chosen.postponed else None,
             "page": page}  # fmt: skip
    return f"{url_for('collector.queue')}?{urlencode({name: value for name, value in asked.items() if value})}"
