"""Wiring: the carriers, the voice and the rounds of one installation, made from its settings."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy.orm import Session

from cases.clock import Clock
from cases.db import Database
from cases.waits import WAITS
from messaging.carriers import Carrier
from messaging.delivery import Prepare
from messaging.paper import Letterhead
from messaging.providers.sendgrid import SendGrid
from messaging.providers.twilio import Twilio
from messaging.receipt import WhoseMail
from messaging.wording import Voice
from payments.providers.stripe import Stripe
from portal import code
from portal.keys import Keys
from portal.language import phone_text
from portal.mail_ends import ENDS
from portal.migrations import models
from portal.press import Press
from portal.rounds import Rounds
from portal.settings import Settings
from portal.till import Till

LINK_LASTS: Final = timedelta(hours=72)
"""How long the link in a text or mail names its person (house: 6)."""

ANSWERS: Final = "r."
"""What the name of an address for answers by mail begins with; the purpose of the mark in it."""

EVERY_ROOM: Final = models.ROOMS
"""A process that writes must know every table: a key to one that nobody imported cannot be followed."""

STATUS_PATH: Final = "/hooks/twilio/status"
"""Where Twilio reports to; the hook stands there."""


def hurry(settings: Settings) -> None:
    """Sets this process's waits, before anything is made that keeps one."""
    WAITS.hurry(settings.hurry)


def carriers(settings: Settings) -> dict[str, Carrier]:
    """The carrier of each channel that the settings name. What has none waits in the outbox."""
    found: dict[str, Carrier] = {}
    if settings.twilio_account_sid and settings.twilio_auth_tokens and settings.twilio_from:
        found["sms"] = Twilio(
            settings.twilio_account_sid,
            settings.twilio_auth_tokens[0],
            settings.twilio_from,
            callback=settings.public_url + STATUS_PATH,
            base_url=settings.twilio_base_url,
        )
    if settings.sendgrid_api_key and settings.mail_from:
        found["email"] = SendGrid(
            settings.sendgrid_api_key, settings.mail_from, settings.name, base_url=settings.sendgrid_base_url
        )
    return found


def till(settings: Settings, db: Database, clock: Clock) -> Till | None:
    """The till of the processor that the settings name; None where people cannot pay by card."""
    if not settings.stripe_api_key:
        return None
    processor = Stripe(settings.stripe_api_key, base_url=settings.stripe_base_url)
    # The line on the processor's page: a stranger who sees it learns nothing of a debt.
    return Till(db, clock, processor, public_url=settings.public_url, words=settings.name)


def voice(settings: Settings, keys: Keys) -> Voice:
    """Who speaks in texts and mail, and how a person comes from there to us."""

    def link(person: int, real: datetime) -> str:
        return f"{settings.public_url}/l/{keys.link_token(person, real + LINK_LASTS)}"

    def answers_to(person: int) -> str:
        return f"{ANSWERS}{keys.mark(ANSWERS, person)}@{settings.mail_replies}"

    return Voice(
        settings.name,
        phone_text(settings.telephone) if settings.telephone else None,
        link,
        answers_to if settings.mail_replies else None,
        lambda contact: f"{settings.public_url}/u/{keys.mark(ENDS, contact)}",
    )


def whose_mail(settings: Settings, keys: Keys) -> WhoseMail:
    """Which person an address of ours was made for, that an answer by mail came to."""

    def whose(address: str) -> int | None:
        name, _, host = address.rpartition("@")
        if settings.mail_replies is None or host != settings.mail_replies or not name.startswith(ANSWERS):
            return None
        return keys.marked(ANSWERS, name.removeprefix(ANSWERS))

    return whose


def codes(keys: Keys) -> Prepare:
    """How the codes of claimed messages are made."""

    def prepare(session: Session, messages: Sequence[int], real: datetime) -> dict[int, str]:
        return code.prepare(session, messages, keys=keys, now=real)

    return prepare


def letterhead(settings: Settings) -> Letterhead:
    """Who writes letters."""
    phone = phone_text(settings.telephone) if settings.telephone else None
    return Letterhead(settings.name, settings.company or "", phone, settings.public_url.partition("://")[2])


def rounds(settings: Settings, *, db: Database | None = None, clock: Clock | None = None) -> Rounds:
    """The rounds of this process. ValueError when the settings name no database."""
    hurry(settings)
    keys = Keys(settings.keys)
    db = db or Database(settings.sqlalchemy_url, prefix=settings.prefix, pooled=settings.pooled, size=2)
    clock = clock or Clock(settings.clock_file)
    return Rounds(
        db,
        clock,
        till=till(settings, db, clock),
        press=Press(db, clock, letterhead(settings)),
        carriers=carriers(settings),
        voice=voice(settings, keys),
        prepare=codes(keys),
        whose=whose_mail(settings, keys),
        rate=settings.texts_per_second,
    )


def rounds_on_demand(settings: Settings, known: Mapping[str, Any]) -> Callable[[], None]:
    """What does all that is due now in this very process: *next morning* of the demo.

    Made at the first call, after the web server has forked.
    """

    @cache
    def made() -> Rounds:
        return rounds(settings, db=known["database"], clock=known["clock"])

    def run() -> None:
        made().run_due_and_wait()

    return run
