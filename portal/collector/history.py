"""The case history in words: each line as what happened, who did it, and one sentence.

A line holds ids and codes; names, messages and proposals that lines speak of are read at once, for
the page of lines that is shown. What was withheld says why, and when it may go, if ever.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Session

from cases.history import Actor, Kind, Line, timeline
from cases.work import diary, note
from cases.work.diary import DiaryEntry
from cases.work.note import Note
from messaging.conversation import Said
from messaging.outbox import Message
from payments.attempt import PaymentAttempt
from portal.collector import diary_words, hold_words, money
from portal.collector.face import actor, day_words
from portal.collector.known import Event, Known, account, by_id, number, quote, who
from portal.collector.waiting import RHYTHMS, TEMPLATES, mail_words
from portal.collector.withheld import why_not
from portal.language import NAMES, _, _n, _s, clock_time, day, day_plain, moment, money_text, weekday

_LINK: Final = re.compile(r"/l/[\w-]+")
"""A signed link names its person: it is theirs, and nobody else reads it."""

LINES: Final = 30
"""How many lines a page has."""

MESSAGES: Final = (
    Kind.MESSAGE_SENT, Kind.MESSAGE_DELIVERED, Kind.MESSAGE_FAILED, Kind.MESSAGE_WITHHELD, Kind.MESSAGE_UNCERTAIN,
    Kind.REPLY_RECEIVED, Kind.STAFF_WROTE, Kind.PERSON_WROTE, Kind.PERMISSION_WITHDRAWN, Kind.PERMISSION_GIVEN,
)  # fmt: skip
_WHAT: Final[Mapping[str, tuple[str, str, str]]] = {
    # kind: what happened, icon, tint
    Kind.PROPOSAL_SUBMITTED: (_s("Plan proposed"), "scale", "theirs"),
    Kind.PROPOSAL_COUNTERED: (_s("We offered something else"), "scale", ""),
    Kind.PROPOSAL_JUDGED: (_s("Judged by rule"), "scale", ""),
    Kind.PROPOSAL_DECLINED: (_s("Proposal declined"), "scale", ""),
    Kind.PROPOSAL_WITHDRAWN: (_s("Proposal taken back"), "scale", ""),
    Kind.PROPOSAL_AGREED: (_s("Proposal agreed"), "check", ""),
    Kind.PROPOSAL_EXPIRED: (_s("Proposal expired"), "clock", ""),
    Kind.PROPOSAL_SUPERSEDED: (_s("Another proposal took its place"), "scale", ""),
    Kind.CONSENT_GIVEN: (_s("Terms agreed to"), "check", "theirs"),
    Kind.ARRANGEMENT_STARTED: (_s("Plan started"), "calendar", ""),
    Kind.ARRANGEMENT_SUPERSEDED: (_s("Plan ended, another took its place"), "calendar", ""),
    Kind.ARRANGEMENT_CANCELLED: (_s("Plan cancelled"), "calendar", ""),
    Kind.MESSAGE_SENT: (_s("Text sent"), "mail", ""),
    Kind.MESSAGE_DELIVERED: (_s("Text delivered"), "check", ""),
    Kind.MESSAGE_FAILED: (_s("Text not delivered"), "alert", ""),
    Kind.MESSAGE_WITHHELD: (_s("Text not sent"), "minus", "off"),
    Kind.MESSAGE_UNCERTAIN: (_s("Unclear delivery"), "alert", ""),
    Kind.REPLY_RECEIVED: (_s("Text received"), "chat", "theirs"),
    Kind.PERSON_WROTE: (_s("Wrote in the portal"), "chat", "theirs"),
    Kind.STAFF_WROTE: (_s("We wrote"), "chat", ""),
    Kind.PERMISSION_WITHDRAWN: (_s("Texts ended"), "pause", "theirs"),
    Kind.PERMISSION_GIVEN: (_s("Texts allowed again"), "check", "theirs"),
    Kind.PREFERENCE_SET: (_s("How they want to be reached"), "user", ""),
    Kind.CONTACT_ADDED: (_s("Contact noted"), "phone", ""),
    Kind.CONTACT_CORRECTED: (_s("Contact corrected"), "phone", ""),
    Kind.PERSON_CORRECTED: (_s("Person’s data corrected"), "user", ""),
    Kind.PERSON_JOINED: (_s("Two records joined"), "user", ""),
    Kind.PERSON_PARTED: (_s("Two records parted"), "user", ""),
    Kind.ACCOUNT_CORRECTED: (_s("Account’s data corrected"), "file", ""),
    Kind.SCHEDULE_CORRECTED: (_s("Instalments corrected"), "calendar", ""),
    Kind.CODE_SENT: (_s("Code sent"), "lock", ""),
    Kind.SIGNED_IN: (_s("Signed in"), "user", "theirs"),
    Kind.SIGNED_OUT: (_s("Signed out"), "user", "theirs"),
    Kind.WORK_TAKEN: (_s("Case taken"), "user", ""),
    Kind.WORK_PASSED: (_s("Case passed on"), "user", ""),
    Kind.WORK_POSTPONED: (_s("Case postponed"), "clock", ""),
    Kind.WORK_DONE: (_s("Dealt with"), "check", ""),
    Kind.ACCOUNT_PAID_OFF: (_s("Debt paid off"), "check", "money"),
    Kind.AFFAIRS_BEGUN: (_s("Income and spending begun"), "file", ""),
    Kind.AFFAIRS_FINISHED: (_s("Income and spending told"), "file", ""),
    Kind.DOCUMENT_ISSUED: (_s("Letter issued"), "file", ""),
    Kind.DOCUMENT_FAILED: (_s("Letter not made"), "alert", ""),
    Kind.DAY_STUCK: (_s("The day’s run stands still here"), "alert", ""),
    Kind.HISTORY_REDACTED: (_s("A line lost its facts"), "minus", "off"),
    **money.WHAT, **hold_words.WHAT, **diary_words.WHAT,
}

REASONS: Final = {
    "too_little": _s("It pays too little."),
    "too_long": _s("It takes too long."),
    "too_late": _s("It begins too late."),
    "other_way": _s("Another way is better."),
    "other": _s("Another reason, in words."),
}
"""Why we declined."""

LETTERS: Final = {
    "statement": _s("Statement"),
    "agreement": _s("Agreement"),
    "receipt": _s("Receipt"),
    "closing": _s("Letter that a debt is paid off"),
}
"""What each kind of letter is called at the desk."""

_POSTPONED: Final = {
    "waiting_person": _s("Waits for the person."),
    "waiting_creditor": _s("Waits for the creditor."),
    "call_back": _s("A call back is agreed."),
    "other": "",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A page of the history: its days in order, newest first, and where the next page begins."""

    days: list[tuple[str, list[Event]]]
    older: int | None


def told(
    session: Session,
    people: Sequence[int],
    accounts: Mapping[int, str],
    names: Mapping[int, str],
    liable: Mapping[int, str],
    *,
    kinds: Iterable[Kind] = (),
    before: int | None = None,
) -> Told:
    """A page of the history of these ids and accounts, in words. At most six statements.

    `accounts`: how each account is called; `names`: users by id; `liable`: first names of people by id.
    """
    lines = timeline(session, people, list(accounts), before=before, limit=LINES + 1, kinds=tuple(kinds))
    older = lines[LINES - 1].id if len(lines) > LINES else None
    lines = lines[:LINES]
    known = Known(
        names, liable, accounts,
        messages=by_id(session, Message, lines, "message"), said=by_id(session, Said, lines, "said"),
        payments=by_id(session, PaymentAttempt, lines, "payment_attempt"),
        diary=by_id(session, DiaryEntry, lines, "diary_entry"), notes=by_id(session, Note, lines, "note"),
        sent=frozenset(number(line) for line in lines if line.kind == Kind.MESSAGE_SENT),
    )  # fmt: skip
    days: dict[str, list[Event]] = {}
    for line in lines:
        # one text is one line: its delivery is told where it was sent
        if line.kind == Kind.MESSAGE_DELIVERED and number(line) in known.sent:
            continue
        days.setdefault(day_words(line.at), []).append(event(line, known))
    return Told(list(days.items()), older)


def event(line: Line, known: Known) -> Event:
    """One line in words."""
    what, icon, tint = _WHAT.get(line.kind, (line.kind, "info", ""))
    facts = line.facts
    by = Actor.read(line.actor)
    by_whom = who(by, known.names, known.people)
    if facts is None:
        return Event(clock_time(line.at), "minus", _(what), by_whom, "off", _("Its facts were erased."))
    if by.role == "debtor" and line.kind in (Kind.PROPOSAL_AGREED, Kind.PROPOSAL_DECLINED, Kind.PROPOSAL_WITHDRAWN):
        tint = "theirs"
    heading = money.heading(line, facts) if line.kind in money.WHAT else _(what)
    if line.kind == Kind.CONTACT_MADE:
        heading = diary_words.heading(facts)
    if line.kind == Kind.PROPOSAL_SUBMITTED and facts.get("kind") == "promise":
        heading = _("Payment promised")
    if line.kind in _MAIL and facts.get("channel") == "email":
        heading = _(_MAIL[Kind(line.kind)])
    say = _SAY.get(line.kind)
    words = say(line, facts, known) if say else ""
    why = why_not(facts) if line.kind == Kind.MESSAGE_WITHHELD else ""
    return Event(clock_time(line.at), icon, heading, by_whom, tint, words, why, _may_take_back(line, known),
                 _to_erase(line, known))  # fmt: skip


def _may_take_back(line: Line, known: Known) -> int | None:
    """The payment that this line is about, while it is booked and not taken back."""
    row = known.payments.get(number(line)) if line.kind == Kind.PAYMENT_RECEIVED else None
    return row.id if row is not None and row.state == "paid" else None


def _to_erase(line: Line, known: Known) -> tuple[str, int] | None:
    """The page that erases the words of this line, and their number, where whoever looks may erase them."""
    about = number(line)
    if line.kind == Kind.NOTE_WRITTEN and (written := known.notes.get(about)) and note.may_erase(written, actor()):
        return "collector.erase_note", about
    if line.kind == Kind.CONTACT_MADE and (met := known.diary.get(about)) and diary.may_erase(met, actor()):
        return "collector.erase_contact", about
    return None


_MAIL: Final = {
    Kind.MESSAGE_SENT: _s("Email sent"), Kind.MESSAGE_DELIVERED: _s("Email delivered"),
    Kind.MESSAGE_FAILED: _s("Email not delivered"), Kind.MESSAGE_WITHHELD: _s("Email not sent"),
    Kind.MESSAGE_UNCERTAIN: _s("Unclear delivery"), Kind.REPLY_RECEIVED: _s("Email received"),
    Kind.PERMISSION_WITHDRAWN: _s("Emails ended"), Kind.PERMISSION_GIVEN: _s("Emails allowed again"),
}  # fmt: skip


# ------------------------------------------------------------------------------ one sentence a kind


def _wished(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    amount = money_text(facts["amount"], facts["currency"])
    first = day_plain(date.fromisoformat(facts["first_on"]))
    if facts["kind"] == "promise":
        words = _("%(amount)s on %(day)s.", amount=amount, day=first)
    else:
        words = _("%(each)s from %(day)s.", each=_(RHYTHMS[facts["rhythm"]], amount=amount), day=first)
    if facts.get("upfront"):
        words += " " + _("%(upfront)s first.", upfront=money_text(facts["upfront"], facts["currency"]))
    return words + " " + _n("Over %(num)s account.", "Over %(num)s accounts.", facts["accounts"])


def _started(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return _n(
        "%(num)s payment of %(total)s, on %(first)s.",
        "%(num)s payments, %(total)s in all, %(first)s to %(last)s.",
        facts["count"], total=money_text(facts["total"], facts["currency"]),
        first=day_plain(date.fromisoformat(facts["first_on"]), year=True),
        last=day_plain(date.fromisoformat(facts["last_on"]), year=True),
    )  # fmt: skip


def _ended(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    if line.account_id is not None:
        return _("%(account)s is in no plan now.", account=account(line, known))
    released = facts.get("released", 0)
    if not released:
        return ""
    return _n("%(num)s account is in no plan now.", "%(num)s accounts are in no plan now.", released)


def _declined(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return _(REASONS[facts["reason"]]) if facts.get("reason") in REASONS else ""


def _message(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    words = f"{TEMPLATES.get(facts.get('template', ''), facts.get('template', ''))}."
    message = known.messages.get(number(line))
    if line.kind == Kind.MESSAGE_SENT and message is not None:
        if message.body:
            # Of a mail the first two paragraphs say what it says; the rest is the same in each.
            said = " ".join(message.body.split("\n\n")[:2]) if message.channel == "email" else message.body
            words += " “" + _LINK.sub("/l/…", said) + "”"
        if message.state == "delivered" and message.settled_at is not None:
            words += " " + _("Delivered %(time)s.", time=moment(message.settled_at))
        elif message.state == "failed":
            words += " " + _("It did not arrive.")
        elif message.state == "sent":
            words += " " + _("No report of its delivery yet.")
    if line.kind == Kind.MESSAGE_FAILED and facts.get("code"):
        words += " " + _("The carrier’s code is %(code)s.", code=facts["code"])
    if line.kind == Kind.MESSAGE_UNCERTAIN:
        words += " " + _("The carrier gave no clear answer. Do not resend unseen.")
    return words


def _heard(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    said = known.said.get(number(line))
    words = quote(said.words if said is not None else None)
    read_as = {"revoke": _("Read as: no more texts."), "review": _("It may mean STOP. A person decides."),
               "start": _("Read as: texts again.")}.get(facts.get("reading", ""), "")  # fmt: skip
    shared = _("Another person has this number too.") if facts.get("shared", 1) > 1 else ""
    of_mail = mail_words(said) if said is not None else []
    return " ".join(filter(None, (words, read_as, shared, *of_mail)))


def _permission(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    by_word = _("By a word in an email.") if facts.get("channel") == "email" else _("By a word in a text.")
    return {"word": by_word, "link": _("By the link in an email."),
            "carrier": _("By the carrier."), "staff": _("Told to us."),
            "person": _("In the portal.")}.get(facts.get("because", ""), "")  # fmt: skip


def _account_alone(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return account(line, known)


def _stuck(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return f"{account(line, known)}. " + _("The error is %(error)s. Tell the engineer.", error=facts["error"])


def _contact(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    kind = {"mobile": _("Mobile number"), "phone": _("Telephone number"), "email": _("Email address"),
            "address": _("Postal address")}
    source = {"creditor": _("from the creditor"), "person": _("from the person"), "staff": _("from us")}
    return f"{kind.get(facts.get('kind', ''), '')}, {source.get(facts.get('source', ''), '')}."


def _preference(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    said = {"sms": _("By text."), "email": _("By email.")}.get(facts.get("channel") or "", "")
    spoken = f"{NAMES.get(facts['language'], facts['language'])}." if facts.get("language") else ""
    off = [weekday(number) for number in facts.get("days_off", ())]
    days = _("Not on %(days)s.", days=", ".join(off)) if off else ""
    early = _("Not before %(time)s.", time=facts["earliest"]) if facts.get("earliest") else ""
    late = _("Not after %(time)s.", time=facts["latest"]) if facts.get("latest") else ""
    source = _("Told to us.") if facts.get("source") == "staff" else _("In the portal.")
    nothing = "" if said or spoken or days or early or late else _("No wish any more.")
    return " ".join(filter(None, (said, spoken, days, early, late, nothing, source)))


def _passed(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return _("To %(who)s.", who=known.names.get(facts["to"], _("a colleague")))


def _postponed(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    until = _("To %(day)s.", day=day(date.fromisoformat(facts["until"])))
    reason = _POSTPONED.get(facts.get("reason", ""), "")
    return f"{until} {_(reason)}" if reason else until


def _dealt_with(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return {"undelivered": _("A number or address where nothing arrives."), "uncertain": _("An unclear delivery."),
            "stop": _("Words that may have meant STOP."), "message": _("A message that needed no answer."),
            "broken": _("A plan with a payment missing."), "stuck": _("What the day’s run could not do."),
            "refund": _("A refund that the card service told of."), "payment": _("A payment with another sum."),
            "dispute": _("A payment that the payer’s bank asked back."),
            "document": _("A letter that could not be made."), "statement": _("A statement that was owed."),
            "hold": _("A hold that has ended."), "identity": _("Who the person is."),
            "unreachable": _("How to reach the person."), "offer": _("An offer that was not taken."),
            }.get(facts.get("kind", ""), "")  # fmt: skip


def _consent(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return _("On the telephone.") if facts.get("channel") == "telephone" else _("In the portal.")


def _letter(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    what = _(LETTERS[facts["kind"]]) if facts.get("kind") in LETTERS else ""
    return _("%(what)s, version %(number)s.", what=what, number=facts["version"]) if "version" in facts else f"{what}."


def _judged(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return _("More than is left. It was talked over before it was entered.") if facts.get("talked_over") else ""


def _affairs(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return _("Version %(number)s.", number=facts["version"]) if "version" in facts else ""


def _signed_in(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return {"sms": _("With a code by text."), "email": _("With a code by email.")}.get(facts.get("channel", ""), "")


_SAY: Final[Mapping[str, Any]] = {
    Kind.PROPOSAL_SUBMITTED: _wished, Kind.PROPOSAL_COUNTERED: _wished, Kind.PROPOSAL_DECLINED: _declined,
    Kind.ARRANGEMENT_STARTED: _started, Kind.ARRANGEMENT_SUPERSEDED: _ended,
    Kind.MESSAGE_SENT: _message, Kind.MESSAGE_DELIVERED: _message, Kind.MESSAGE_FAILED: _message,
    Kind.MESSAGE_WITHHELD: _message, Kind.MESSAGE_UNCERTAIN: _message,
    Kind.REPLY_RECEIVED: _heard, Kind.PERSON_WROTE: _heard, Kind.STAFF_WROTE: _heard,
    Kind.PERMISSION_WITHDRAWN: _permission, Kind.PERMISSION_GIVEN: _permission,
    Kind.ACCOUNT_CORRECTED: _account_alone, Kind.SCHEDULE_CORRECTED: _account_alone, Kind.DAY_STUCK: _stuck,
    Kind.DOCUMENT_ISSUED: _letter, Kind.DOCUMENT_FAILED: _letter, Kind.CONSENT_GIVEN: _consent,
    Kind.AFFAIRS_FINISHED: _affairs, Kind.PROPOSAL_JUDGED: _judged,
    Kind.CONTACT_ADDED: _contact, Kind.CONTACT_CORRECTED: _contact,
    Kind.PREFERENCE_SET: _preference,
    Kind.WORK_PASSED: _passed, Kind.WORK_POSTPONED: _postponed, Kind.WORK_DONE: _dealt_with,
    Kind.SIGNED_IN: _signed_in, **money.SAY, **hold_words.SAY, **diary_words.SAY,
    Kind.CONTACT_ENDED: _contact,
}  # fmt: skip
