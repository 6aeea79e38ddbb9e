"""What waits, in words: why a case stands in the queue, as a tag and one sentence.

The subjects of all items that a page shows are read at once, at most three statements a page.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.arrangements.proposal import Proposal
from messaging.conversation import Said
from messaging.outbox import Message
from portal.language import _, _l, _s, day_plain, money_text

LONGEST_QUOTE: Final = 90

RHYTHMS: Final = {
    "monthly": _s("%(amount)s a month"),
    "four_weekly": _s("%(amount)s every four weeks"),
    "two_weekly": _s("%(amount)s every two weeks"),
    "weekly": _s("%(amount)s a week"),
}

TEMPLATES: Final = {
    "reminder": _l("Reminder of a payment"),
    "answer_waits": _l("Note that an answer waits"),
    "message_waits": _l("Note that a message waits"),
    "plan_started": _l("Note of a new plan"),
    "code": _l("Code to sign in"),
    "stop_confirmed": _l("Confirmation that texts have ended"),
}

TAGS: Final = {
    "proposal": (_l("Plan proposal"), "mine", "scale"),
    "promise": (_l("Promise to pay"), "mine", "scale"),
    "message": (_l("Message"), "info", "chat"),
    "stop": (_l("May mean STOP"), "wait", "pause"),
    "uncertain": (_l("Unclear delivery"), "bad", "mail"),
    "undelivered": (_l("Not delivered"), "bad", "mail"),
}


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
    found = {}
    for kind, subject in asked:
        id = int(subject.partition(":")[2])
        named, words = kind, ""
        if kind == "proposal" and id in proposals:
            named = "promise" if proposals[id].kind == "promise" else "proposal"
            words = wish_words(proposals[id])
        elif kind in ("message", "stop") and id in said:
            words = quote(said[id].words)
        elif subject.startswith("carrier_event:"):
            words = _("A text from this person could not be read here. Ask what it said.")
        elif kind == "uncertain":
            words = _("The carrier gave no clear answer. Do not resend unseen.")
            if id in messages:
                words = f"{TEMPLATES.get(messages[id].template, '')}. {words}".lstrip(". ")
        elif kind == "undelivered":
            words = _("Texts do not reach this number. Ask for another one.")
        label, tint, icon = TAGS[named]
        found[subject] = Why((str(label), tint, icon), words)
    return found


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


def quote(words: str | None) -> str:
    """The beginning of what someone said, in quotation marks; erased words say so."""
    if words is None:
        return _("These words were erased.")
    short = " ".join(words.split())
    if len(short) > LONGEST_QUOTE:
        short = short[: LONGEST_QUOTE - 1].rsplit(" ", 1)[0] + " …"
    return f"“{short}”"


def _rows(session: Session, table: type, ids: list[int] | None) -> list:  # type: ignore[type-arg]
    return list(session.scalars(select(table).where(table.id.in_(ids)))) if ids else []  # type: ignore[attr-defined]
