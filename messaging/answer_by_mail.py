"""An answer by mail: whose it is, what it means, and how it joins the thread.

Each person's mails name an address of ours that was made for them (`Voice.answers_to`); who answers to it writes in
their thread, whatever the From header says, which anybody may write. *Known*: the From is an address of the person's
on file, and its host vouches for it. What comes from elsewhere is read all the same, and said to be.

STOP from an address of theirs ends mail to it at once; from elsewhere a collector decides the same day. What a
program wrote (an absence, a failed delivery) is nobody's word: it stands in no thread and raises no work. Nor is what
each mail of ours says of how to end mail: where an answer quotes it in a way that we do not know, it asks for nothing.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from cases.history import Actor, Kind, proof, record
from cases.people import permission
from cases.people.contact import Contact
from cases.people.person import all_ids
from cases.work import queue
from messaging.carriers import InboundMail
from messaging.conversation import Said, day_of, into_queue
from messaging.reply import Meaning, Reading, read
from messaging.tongue import LANGUAGES, translations

AUTOMATIC = "automatic"

_ENDS: Final = ("You do not want these emails?", "Stop them")
"""How each mail of ours says that it can be ended (templates/messages/mail.txt.j2, mail.html.j2)."""


def receive(session: Session, mail: InboundMail, *, person: int | None, at: datetime, ours: str = "") -> str:
    """Takes in a mail, once: into the thread of the person that it came from, acted upon, and into the queue.

    `at` is when it came, `ours` the name that signs our messages. Returns what it was read as, `repeat`,
    `automatic`, or `nobody`: it came to no address that was made for anybody.
    """
    if person is None:
        return "nobody"
    if mail.automatic:
        return AUTOMATIC
    people = all_ids(session, person)
    head, theirs = people[0], known(session, mail, people)
    reading = _reading(mail, ours)
    meaning = Meaning.REVIEW if reading.meaning is Meaning.REVOKE and not theirs else reading.meaning
    by, salt = Actor("debtor", head), uuid.uuid4()
    said = session.execute(
        insert(Said)
        .values(person_id=head, side="person", channel="email", sender=str(by), words=mail.words, salt=salt,
                reading=meaning.value, at=at, provider_id=mail.provider_id, known=theirs, cut=mail.cut,
                attachments=mail.attachments)
        .on_conflict_do_nothing()
        .returning(Said.id)
    ).scalar()  # fmt: skip
    if said is None:
        return "repeat"
    record(session, Kind.REPLY_RECEIVED, by=by, at=at, person=head, subject=f"said:{said}",
           facts={"channel": "email", "reading": meaning.value, "known": theirs, "cut": mail.cut,
                  "attachments": mail.attachments, "proof": proof(salt, mail.words)})  # fmt: skip
    done = _obey(session, meaning, mail.sender, by, at) if theirs else False
    if not (reading.bare and done and not mail.attachments):
        into_queue(session, head, said, at, maybe_stop=meaning is Meaning.REVIEW)
    return meaning.value


def set_aside(
    session: Session, mail: InboundMail, *, person: int, event: int, at: datetime, ours: str = ""
) -> None:
    """A mail that could not be taken in: STOP is obeyed all the same, and a collector asks what it said."""
    if mail.automatic:
        return
    people = all_ids(session, person)
    if known(session, mail, people) and _reading(mail, ours).meaning is Meaning.REVOKE:
        _obey(session, Meaning.REVOKE, mail.sender, Actor("debtor", people[0]), at)
    queue.open_item(session, person=people[0], kind="stop", subject=f"carrier_event:{event}", urgency=1, at=at,
                    answer_by=day_of(session, people[0], at))  # fmt: skip


def known(session: Session, mail: InboundMail, people: Sequence[int]) -> bool:
    """Whether a mail comes from an address of this person (all joined ids) on file, and its host vouches for that."""
    if not mail.checked:
        return False
    found = session.scalar(
        select(Contact.id)
        .where(Contact.person_id.in_(people), Contact.kind == "email", Contact.value_norm == mail.sender,
               Contact.replaced_at.is_(None), ~Contact.withdrawn)
        .limit(1)
    )  # fmt: skip
    return found is not None


def _reading(mail: InboundMail, ours: str) -> Reading:
    """What a mail means, by what is the person's own in it."""
    return read(_our_words().sub(" ", mail.words), ours=ours)


@cache
def _our_words() -> re.Pattern[str]:
    """How our mails say that they can be ended, in every language, however it is broken into lines."""

    def broken(sentence: str) -> str:
        return r"[\s>]+".join(re.escape(word) for word in sentence.split())

    said = [[broken(translations(code).gettext(each)) for each in _ENDS] for code in LANGUAGES]
    return re.compile("|".join(rf"{asks}(?:[\s>]+{stop})?" for asks, stop in said))


def _obey(session: Session, meaning: Meaning, address: str, by: Actor, at: datetime) -> bool:
    """Ends or gives back permission for mail as the words say. Returns whether they asked for that, and were heard."""
    if meaning is Meaning.REVOKE:
        permission.withdraw(session, "email", address, because="word", by=by, at=at)
        return True
    if meaning is Meaning.START:
        return permission.give(session, "email", address, because="word", by=by, at=at)
    return False
