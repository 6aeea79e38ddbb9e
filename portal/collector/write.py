"""Writing to a person, and dealing with what else waits in a case: unclear deliveries, a STOP in doubt."""

from typing import Final

from flask import g, request
from flask.typing import ResponseReturnValue

from cases.db import act_now
from cases.debts import hold
from cases.people import permission
from cases.people.contact import live_contacts
from cases.refusal import Refusal
from cases.work import queue as work
from messaging import conversation, inquiry
from messaging.outbox import Message
from portal.access import asking, not_found
from portal.collector.case import Write, page
from portal.collector.face import actor, blueprint, case_named, desk, tell, to_case, told
from portal.language import _
from portal.wake import wake

DEALT_WITH: Final = (
    "undelivered", "stop", "message", "broken", "refund", "dispute", "payment", "stuck", "document", "statement",
    "hold", "identity", "unreachable", "offer",
)  # fmt: skip
"""Kinds of items that a collector may close by saying so."""


@blueprint.post("/case/<ref>/write")
@desk
def write(ref: str) -> ResponseReturnValue:
    """Writes to the person; what they had written is answered by it."""
    form = Write()
    if not form.validate_on_submit() or not form.key.data:
        return page(ref, form), 422
    try:
        with asking() as session:
            case = case_named(session, ref)
            act_now(session)
            conversation.answer(session, person=case.person, words=form.words.data, key=form.key.data[:64], by=actor(),
                                at=g.now)  # fmt: skip
    except Refusal as refusal:
        told(refusal)
        return to_case(ref, "write")
    wake("answers")
    tell(_("Your message is sent"),
         _("It stands in the portal. Where a text or email may go, it says that something waits."))  # fmt: skip
    return to_case(ref, "write")


@blueprint.post("/case/<ref>/done/<int:item>")
@desk
def dealt_with(ref: str, item: int) -> ResponseReturnValue:
    """Closes an item that no other act answers."""
    try:
        with asking() as session:
            case = case_named(session, ref)
            row = session.get(work.WorkItem, item)
            if row is None or row.person_id not in case.people or row.kind not in DEALT_WITH:
                not_found("no such item in this case")
            if row.kind == "hold" and hold.stands(session, int(row.subject.partition(":")[2])):
                not_found("a hold that stands is kept on, or ended")
            act_now(session)
            work.seen(session, item, by=actor(), at=g.now)
    except Refusal as refusal:
        told(refusal)
        return to_case(ref)
    tell(_("Dealt with"))
    return to_case(ref)


@blueprint.post("/case/<ref>/uncertain/<int:message>")
@desk
def uncertain(ref: str, message: int) -> ResponseReturnValue:
    """Says of an unclear delivery whether it went; nothing is sent again by it."""
    went = request.form.get("went")
    try:
        with asking() as session:
            case = case_named(session, ref)
            row = session.get(Message, message)
            if row is None or row.person_id not in case.people or went not in ("yes", "no"):
                not_found("no such message in this case")
            act_now(session)
            inquiry.decide_uncertain(session, row, went=went == "yes", by=actor(), at=g.now)
    except Refusal as refusal:
        told(refusal)
        return to_case(ref)
    tell(_("Noted that it went") if went == "yes" else _("Noted that it did not go"), _("Nothing was sent again."))
    return to_case(ref)


@blueprint.post("/case/<ref>/stop/<int:item>")
@desk
def stop(ref: str, item: int) -> ResponseReturnValue:
    """Ends texts and emails to the person: what they wrote, or said to us, means STOP."""
    try:
        with asking() as session:
            case = case_named(session, ref)
            row = session.get(work.WorkItem, item)
            if row is None or row.person_id not in case.people or row.kind != "stop":
                not_found("no such item in this case")
            channels = {"mobile": "sms", "email": "email"}
            ways = {(channels[each.kind], each.value_norm) for each in live_contacts(session, case.people)
                    if each.kind in channels}  # fmt: skip
            act_now(session)
            for channel, address in sorted(ways):
                permission.withdraw(session, channel, address, because="staff", by=actor(), at=g.now)
            work.seen(session, item, by=actor(), at=g.now)
    except Refusal as refusal:
        told(refusal)
        return to_case(ref)
    tell(_("Texts and emails have ended"), _("Codes to sign in still go when the person asks for one."))
    return to_case(ref)
