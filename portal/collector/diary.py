"""The contact diary at the desk: whether one may call now, and why not; what came of it, and where that leads.

A contact against a rule can be entered, for it happened; the page then asks why, and the history tells it.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final

from flask import g, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from cases.clock import day_start, moment_of
from cases.db import act_now
from cases.debts.account import Account
from cases.debts.held import held, stops
from cases.people.contact import Contact, live_contacts
from cases.people.joint import accounts_of
from cases.people.person import first_name
from cases.refusal import Refusal
from cases.work import diary
from cases.work import queue as work
from cases.work.diary import DiaryEntry, Made
from messaging.outbox import Message
from messaging.permit import LEAST_WAIT
from messaging.reach import Reach, reach_of
from portal.access import asking, not_found
from portal.collector.diary_words import AGAINST, OUTCOMES, WAYS
from portal.collector.face import Case, actor, blueprint, case_named, desk, show, tell, to_case, told
from portal.forms import ChoiceField, DayField, Form, HiddenField, NoteField, SelectField, TextField, TickField
from portal.language import ZONE, _, _l, moment, phone_text, today
from portal.refusals import sentence

NUMBERS: Final = ("mobile", "phone")


class Met(Form):
    """A contact. `on` and `clock` are empty where it was just now."""

    how = ChoiceField(_l("How you met"), two=True, options=WAYS, needed=_l("Choose how you met"))
    number = SelectField(_l("Which number"), width="l", hint=_l("Only of a call."))
    outcome = ChoiceField(
        _l("What came of it"), two=True, needed=_l("Choose what came of it"),
        options=[(code, words, hint) for code, (words, hint) in OUTCOMES.items()],
    )  # fmt: skip
    note = NoteField(_l("Note"), rows=3, longest=diary.LONGEST,
                     hint=_l("For us. Write it so that the person could read it."))  # fmt: skip
    asked_for = TickField(_l("They asked us for this call"))
    reason = NoteField(_l("Why it was made all the same"), rows=2, longest=diary.LONGEST,
                       hint=_l("Only where a rule speaks against it."))  # fmt: skip
    on = DayField(_l("Day"), hint=_l("Leave it empty if it was just now."))
    clock = TextField(_l("Time"), hint=_l("Like 14:30"), longest=5)
    key = HiddenField("key")


@dataclass(frozen=True, slots=True)
class Calling:
    """Whether the person may be called now: why not, and from when; `counted` calls of at most `most`."""

    allowed: bool
    why: list[str]
    opens: datetime | None
    counted: int
    most: int

    @property
    def words(self) -> str:
        """In a few words, for the strip of facts."""
        if self.allowed:
            return _("Allowed now")
        return _("Allowed from %(when)s", when=moment(self.opens)) if self.opens else _("No")


def reach(session: Session, person: int, number: int | None = None) -> Reach:
    """Where the person may be, as for a text to this very number, else to their best one."""
    template = "stop_confirmed" if number else "answer_waits"
    asked = Message(id=0, person_id=person, channel="sms", template=template, contact_id=number)
    return reach_of(session, [asked])[0]


def calling(session: Session, people: Sequence[int], who: Reach) -> Calling:
    """Whether these ids may be called now, and from when if only time is in the way. Three statements."""
    may = diary.permitted(session, people, "call", places=who.places, at=g.now, wish=who.wish)
    assert may.frequency is not None  # a call always has one
    opens = None
    if not {"no_calls", "on_hold"} & set(may.against):
        free = day_start(may.frequency.free_on, who.zones[0])
        opens, _closes = who.open_from(max(free, g.now), LEAST_WAIT)
    return Calling(may.allowed, [str(AGAINST[each]) for each in may.against], opens, may.frequency.counted, may.most)


@blueprint.route("/case/<ref>/contact", methods=["GET", "POST"])
@desk
def enter_contact(ref: str) -> ResponseReturnValue:
    """Enters a contact; first it says whether a call is allowed now."""
    form = Met()
    try:
        with asking() as session:
            case = case_named(session, ref)
            numbers = _prepare(form, live_contacts(session, case.people))
            made = _made(form, numbers) if form.validate_on_submit() and form.key.data else None
            if made is None:
                return _page(session, case, form)
            who = reach(session, case.person, made.contact)
            waits = bool(work.open_items(session, case.people))
            act_now(session)
            diary.enter(session, person=case.person, made=made, places=who.places, key=(form.key.data or "")[:64],
                        by=actor(), at=g.now)  # fmt: skip
    except Refusal as refusal:
        _refused(form, refusal)
        with asking() as session:
            return _page(session, case_named(session, ref), form)
    name = first_name(case.name)
    if made.outcome in diary.ENDS_NUMBER and made.contact:
        tell(_("The contact is noted"), _("The number has ended. Enter another one if you know it."))
    else:
        tell(_("The contact is noted"), _("It stands in the history of %(name)s.", name=name))
    return _onward(ref, made, waits)


@blueprint.post("/case/<ref>/contact/<int:number>/erase")
@desk
def erase_contact(ref: str, number: int) -> ResponseReturnValue:
    """Erases the words of a contact; that it was made, and what came of it, stays in the history."""
    try:
        with asking() as session:
            case = case_named(session, ref)
            row = session.get(DiaryEntry, number)
            if row is None or row.person_id not in case.people:
                not_found("no such contact in this case")
            act_now(session)
            diary.erase(session, row, by=actor(), at=g.now)
    except Refusal as refusal:
        told(refusal)
        return to_case(ref, "his")
    tell(_("The words are erased"), _("That you met, and what came of it, stays in the history."))
    return to_case(ref, "his")


def _onward(ref: str, made: Made, waits: bool) -> ResponseReturnValue:
    """To where the outcome leads: a promise, a dispute, the day of a call back, another way to reach them."""
    leads: Mapping[str, Any] = {
        "promised": ("collector.plan", {"kind": "promise"}),
        "disputed": ("collector.enter_dispute", {}),
        "call_back": ("collector.postpone", {"reason": "call_back"}) if waits else None,
        "wrong_number": ("collector.ways", {}),
        "returned": ("collector.ways", {}),
    }
    onward = leads.get(made.outcome)
    return redirect(url_for(onward[0], ref=ref, **onward[1]), 303) if onward else to_case(ref)


def _prepare(form: Met, contacts: Sequence[Contact]) -> dict[str, Contact]:
    """The numbers that can be chosen, by what the form sends."""
    numbers = {str(each.id): each for each in contacts if each.kind in NUMBERS}
    shown = [(id, phone_text(each.value_norm)) for id, each in numbers.items()]
    form.number.options = [("", _("None of these")), *shown]
    form.on.latest = today()
    if not form.is_submitted():
        form.key.process_data(uuid.uuid4().hex)
        form.number.process_data(next(iter(numbers), ""))
        form.how.process_data(request.args.get("how", "call_out"))
    return numbers


def _made(form: Met, numbers: Mapping[str, Contact]) -> Made | None:
    """The contact as it was typed; None where its moment cannot be read, which the form then says."""
    channel, _bar, direction = form.how.data.partition("_")
    happened = _moment(form)
    if happened is None:
        return None
    number = numbers.get(form.number.data or "") if channel == "call" else None
    return Made(
        channel, direction, form.outcome.data, happened, number.id if number else None, bool(form.asked_for.data),
        form.note.data, form.reason.data,
    )  # fmt: skip


def _moment(form: Met) -> datetime | None:
    """When it was: now, unless a day or a time was typed."""
    if form.on.data is None and not form.clock.data:
        now: datetime = g.now
        return now
    found = re.fullmatch(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])", form.clock.data or "")
    if found is None:
        form.clock.refuse(_("Write the time, like 14:30"))
        return None
    return moment_of(form.on.data or today(), time(int(found[1]), int(found[2])), g.get("zone", ZONE))


def _refused(form: Met, refusal: Refusal) -> None:
    said = sentence(refusal, "staff")
    if refusal.code == diary.REASON_NEEDED.code:
        said = " ".join([*(str(AGAINST[each]) for each in refusal.facts["against"]), _("Write why it was made.")])
    field = {"diary.reason_needed": "reason", "diary.outcome_unknown": "outcome", "diary.number_unknown": "number",
             "diary.moment_wrong": "clock", "diary.channel_unknown": "how"}.get(refusal.code)  # fmt: skip
    (form[field] if field else form).refuse(said)


def _quiet(session: Session, people: Sequence[int]) -> list[str]:
    """The references of debts for which nobody asks for money now, in a message or aloud: a hold stops it."""
    found = held(session, sorted(accounts_of(session, people)), g.now)
    quiet = {each.account for each in found if stops([each], "reminders")}
    return list(session.scalars(select(Account.ref).where(Account.id.in_(quiet)).order_by(Account.ref)))


def _page(session: Session, case: Case, form: Met) -> ResponseReturnValue:
    now = calling(session, case.people, reach(session, case.person))
    page = show(session, "contact", form=form, case=case, first=first_name(case.name), now=now,
                quiet=_quiet(session, case.people))  # fmt: skip
    return page, 422 if form.is_submitted() else 200
