"""What waits, in words: why a case stands in the queue, as a tag and one sentence.

The subjects of all items that a page shows are read at once, at most thirteen statements a page: one for each
table of which there is an item, two for what is paid to broken plans.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from cases.arrangements.arrangement import Arrangement
from cases.arrangements.monitoring import judgement, pauses_of
from cases.arrangements.paid import paid_to_plans
from cases.arrangements.version import Proposal
from cases.arrears.day_run import Stuck
from cases.debts.account import Account
from cases.people.contact import Contact
from messaging.conversation import Said
from messaging.outbox import Message
from payments.attempt import PaymentAttempt
from portal.collector.hold_words import why_words
from portal.collector.known import quote
from portal.collector.money import missing_words, reported_words
from portal.language import _, _l, _n, _s, day_plain, money_text, today

RHYTHMS: Final = {
    "monthly": _s("%(amount)s a month"),
    "four_weekly": _s("%(amount)s every four weeks"),
    "two_weekly": _s("%(amount)s every two weeks"),
    "weekly": _s("%(amount)s a week"),
}

TEMPLATES: Final = {
    "reminder": _l("Reminder of a payment"),
    "offer_received": _l("Word that we have an offer"),
    "answer_waits": _l("Note that an answer waits"),
    "agreement_ready": _l("Note that an agreement is ready"),
    "contact_changed": _l("Word to the old contact that it has changed"),
    "message_waits": _l("Note that a message waits"),
    "plan_started": _l("Note of a new plan"),
    "plan_missed": _l("A payment of the plan is missing"),
    "payment_noted": _l("A payment is noted"),
    "payment_changed": _l("A payment has changed"),
    "code": _l("Code to sign in"),
    "hold_news": _l("Note of a hold"),
    "stop_confirmed": _l("Confirmation that texts have ended"),
}

TAGS: Final = {
    "proposal": (_l("Plan proposal"), "mine", "scale"),
    "promise": (_l("Promise to pay"), "mine", "scale"),
    "message": (_l("Message"), "info", "chat"),
    "stop": (_l("May mean STOP"), "wait", "pause"),
    "uncertain": (_l("Unclear delivery"), "bad", "mail"),
    "undelivered": (_l("Not delivered"), "bad", "mail"),
    "broken": (_l("Plan broken"), "wait", "calendar"),
    "refund": (_l("Refund"), "wait", "card"),
    "dispute": (_l("Asked back by the bank"), "wait", "card"),
    "payment": (_l("Another sum"), "wait", "card"),
    "stuck": (_l("Stuck in the day’s run"), "bad", "alert"),
    "document": (_l("Letter not made"), "bad", "file"),
    "statement": (_l("Statement owed"), "wait", "file"),
    "disputed": (_l("Debt disputed"), "mine", "alert"),
    "hold": (_l("Hold to look at"), "wait", "pause"),
    "support": (_l("Needs to look at"), "info", "user"),
    "identity": (_l("Perhaps not them"), "wait", "user"),
    "unreachable": (_l("No way to reach them"), "wait", "phone"),
    "offer": (_l("Offer not taken"), "wait", "scale"),
}


Items = Sequence[tuple[str, str]]
"""Items by kind and subject."""


@dataclass(frozen=True, slots=True)
class Why:
    """A tag (words, kind, icon) and the sentence under it."""

    tag: tuple[str, str, str]
    words: str


def why(session: Session, items: Iterable[tuple[str, str]]) -> dict[str, Why]:
    """Why each of these items (kind, subject) waits, by subject."""
    asked = list(items)
    ids: dict[str, list[int]] = {}
    for _kind, subject in asked:
        table, _colon, number = subject.partition(":")
        ids.setdefault(table, []).append(int(number))
    proposals = {row.id: row for row in _rows(session, Proposal, ids.get("proposal"))}
    said = {row.id: row for row in _rows(session, Said, ids.get("said"))}
    messages = {row.id: row for row in _rows(session, Message, ids.get("message"))}
    holds = why_words(session, [(kind, id) for kind in ("disputed", "hold") for id in _numbers(asked, kind)])
    mailboxes = {row.id for row in _rows(session, Contact, ids.get("contact")) if row.kind == "email"}
    money = _of_plans(session, asked) | _of_payments(session, asked) | _of_the_run(session, asked)
    found = {}
    for kind, subject in asked:
        id = int(subject.partition(":")[2])
        named, words = kind, ""
        if kind == "proposal" and id in proposals:
            named = "promise" if proposals[id].kind == "promise" else "proposal"
            words = wish_words(proposals[id])
        elif kind in ("message", "stop") and id in said:
            words = " ".join([quote(said[id].words), *mail_words(said[id])])
        elif subject.startswith("carrier_event:"):
            words = _("A text or email from this person could not be read here. Ask what it said.")
        elif kind == "uncertain":
            words = _("The carrier gave no clear answer. Do not resend unseen.")
            if id in messages:
                words = f"{TEMPLATES.get(messages[id].template, '')}. {words}".lstrip(". ")
        elif kind == "undelivered":
            words = _("Texts do not reach this number. Ask for another one.")
            if id in mailboxes:
                words = _("Emails do not reach this address. Ask for another one.")
        elif kind == "document":
            words = _("A letter could not be made. Write to the person yourself, and tell the engineer.")
        elif kind == "statement":
            words = _("A statement is owed to this person by law, and its time is over. Make one.")
        elif kind == "support":
            words = _("What this person needs was told six months ago. Ask whether it is so still.")
        elif kind == "identity":
            words = _("Somebody says that they are not this person. Find out who they are before anything goes there.")
        elif kind == "offer" and id in proposals:
            wish = wish_words(proposals[id])
            words = _("They said no to our offer: %(wish)s. Ask what would fit.", wish=wish)
            if proposals[id].state == "expired":
                words = _("Nobody answered our offer: %(wish)s. Ask what would fit.", wish=wish)
        elif kind == "unreachable":
            words = _("The last number was wrong. Find another way, or write by post.")
        elif kind in ("disputed", "hold"):
            words = holds.get((kind, id), "")
        elif kind in _OF_MONEY:
            words = money.get((kind, subject), "")
        label, tint, icon = TAGS[named]
        found[subject] = Why((str(label), tint, icon), words)
    return found


_OF_MONEY: Final = ("broken", "refund", "dispute", "payment", "stuck")


def _of_plans(session: Session, asked: Items) -> dict[tuple[str, str], str]:
    """What is missing in broken plans, and since when."""
    plans = _rows(session, Arrangement, _numbers(asked, "broken"))
    paid = paid_to_plans(session, [plan.id for plan in plans], today())
    pauses = pauses_of(session, [plan.id for plan in plans]) if plans else {}
    found = {}
    for plan in plans:
        day = plan.judged_on or plan.agreed_on
        missed = judgement(paid[plan.id], tolerance_days=plan.tolerance_days, day=day, pauses=pauses).missed
        if missed:
            words = missing_words(len(missed), sum(each.left for each in missed), plan.currency, missed[0].due_on)
            found["broken", f"arrangement:{plan.id}"] = words
    return found


def _of_payments(session: Session, asked: Items) -> dict[tuple[str, str], str]:
    """What the processor told of refunds and disputes last; and of payments that came with another sum."""
    found: dict[tuple[str, str], str] = {}
    reported = _numbers(asked, "refund") + _numbers(asked, "dispute")
    if reported:
        for row in session.execute(_REPORTED, {"ids": reported}):
            key = (row.what, f"{row.what}:{row.attempt}")
            found[key] = f"{found[key]} {reported_words(row.facts)}" if key in found else reported_words(row.facts)
    for attempt in _rows(session, PaymentAttempt, _numbers(asked, "payment")):
        begun = money_text(attempt.amount, attempt.currency)
        words = _("%(amount)s was begun, and the card service tells of another sum. Nothing is booked.", amount=begun)
        found["payment", f"payment_attempt:{attempt.id}"] = words
    return found


def _of_the_run(session: Session, asked: Items) -> dict[tuple[str, str], str]:
    """What the day's run could not do, and by which error."""
    accounts, plans = _numbers(asked, "stuck", "account"), _numbers(asked, "stuck", "arrangement")
    if not accounts and not plans:
        return {}
    rows = session.execute(
        select(Stuck, Account.ref)
        .outerjoin(Account, Account.id == Stuck.account_id)
        .where(or_(Stuck.account_id.in_(accounts), Stuck.arrangement_id.in_(plans)))
        .order_by(Stuck.id)
    )
    found = {}
    for row, ref in rows:
        subject = f"account:{row.account_id}" if row.account_id is not None else f"arrangement:{row.arrangement_id}"
        what = _("account %(ref)s", ref=ref) if ref else _("this plan")
        words = _("The day’s run could not do %(what)s. Tell the engineer: %(error)s.", what=what, error=row.error)
        found["stuck", subject] = words
    return found


# What was told of each refund or dispute last; a line that lost its facts tells nothing.
_REPORTED: Final = text("""
select distinct on (a.id, h.facts->>'what', h.facts->>'id') a.id as attempt, h.facts->>'what' as what, h.facts
from payment_attempt a join history h on h.person_id = a.person_id and h.kind = 'payment.reported'
  and h.subject = 'payment_attempt:' || a.id
where a.id = any(:ids) and h.facts is not null
order by a.id, h.facts->>'what', h.facts->>'id', h.id desc
""")


def wish_words(row: Proposal) -> str:
    """What a proposal asks for, in a line: £60.00 a month from 4 December, with £100.00 first."""
    amount = money_text(row.amount, row.currency)
    if row.kind == "promise":
        return _("%(amount)s on %(day)s", amount=amount, day=day_plain(row.first_on))
    each = _(RHYTHMS[row.rhythm], amount=amount)
    if row.upfront:
        return _("%(each)s from %(day)s, with %(upfront)s first", each=each, day=day_plain(row.first_on),
                 upfront=money_text(row.upfront, row.currency))  # fmt: skip
    return _("%(each)s from %(day)s", each=each, day=day_plain(row.first_on))


def mail_words(said: Said) -> list[str]:
    """What a collector must know of a mail beside its words."""
    if said.channel != "email":
        return []
    notes = [] if said.known else [_("It came from an address that we do not have on file.")]
    if said.cut:
        notes.append(_("It was longer. The rest was not kept."))
    if said.attachments:
        notes.append(_n("%(num)s file came with it and was not kept. Ask for it another way.",
                        "%(num)s files came with it and were not kept. Ask for them another way.",
                        said.attachments))  # fmt: skip
    return notes


def _rows(session: Session, table: type, ids: list[int] | None) -> list:  # type: ignore[type-arg]
    return list(session.scalars(select(table).where(table.id.in_(ids)))) if ids else []  # type: ignore[attr-defined]


def _numbers(asked: Items, kind: str, table: str | None = None) -> list[int]:
    """The ids that items of a kind are about; of one table, if said."""
    subjects = [subject.partition(":") for each, subject in asked if each == kind]
    return [int(number) for name, _colon, number in subjects if table is None or name == table]
