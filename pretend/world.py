"""What the rooms share, and the list of rooms."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from pretend import (
    bank,
    carrier,
    checkout,
    control,
    mailbox,
    pages,
    resources,
    sendgrid,
    stripe,
    stripe_control,
    twilio,
)
from pretend.callbacks import Params, Postman
from pretend.clock import DayFile
from pretend.courier import Courier
from pretend.event import Event, Posted
from pretend.mail_hooks import MailHooks
from pretend.posting import Answer
from pretend.settings import Settings
from pretend.store import Store
from pretend.text import Text, Told
from pretend.web import Router

# The first route that fits wins: the carriers' interfaces come first, the pages last.
ROOMS = (twilio, sendgrid, stripe, stripe_control, control, checkout, bank, mailbox, pages)


@dataclass(slots=True)
class World:
    """Settings, records, the demo's day, and whoever posts what is told: of texts, card payments and mails.

    Needs a running event loop.
    """

    settings: Settings
    store: Store
    days: DayFile
    postman: Postman
    courier: Courier
    mail_hooks: MailHooks


def make(settings: Settings) -> World:
    """Opens the state folder and gives the world. StateTaken, StateBroken or OSError when it cannot."""

    def params(text: Text, status: str) -> Params:
        return carrier.form_of(world, text, status)

    def told(text: Text, what: Told, answer: Answer) -> None:
        carrier.settle(world, text, what, answer)

    def shown(event: Event) -> dict[str, Any]:
        return resources.event(event, time.time())

    def posted(event: Event, what: Posted) -> None:
        world.store.record_posted(event, what)

    world = World(
        settings=settings,
        store=Store(settings.state),
        days=DayFile(settings.clock_file),
        postman=Postman(settings.auth_token, params, told),
        courier=Courier(settings.stripe_hook_url, settings.stripe_secret, shown, posted),
        mail_hooks=MailHooks(
            settings.sendgrid_events_url,
            settings.sendgrid_inbound_url,
            settings.sendgrid_secret,
            lambda mail, what: world.store.record_mail_told(mail, what),
            lambda sent, what: world.store.record_sent_told(sent, what),
        ),
    )
    return world


def router(world: World) -> Router:
    """The routes of every room."""
    found = Router()
    for room in ROOMS:
        found.add(room.routes(world))
    return found
