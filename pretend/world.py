"""What the rooms share, and the list of rooms."""

from __future__ import annotations

from dataclasses import dataclass

from pretend import carrier, control, pages, sendgrid, twilio
from pretend.callbacks import Answer, Params, Postman
from pretend.clock import DayFile
from pretend.settings import Settings
from pretend.store import Store
from pretend.text import Text, Told
from pretend.web import Router

# The first route that fits wins: the carriers' interfaces come first, the pages last.
ROOMS = (twilio, sendgrid, control, pages)


@dataclass(slots=True)
class World:
    """Settings, records, the demo's day and the postman. Needs a running event loop."""

    settings: Settings
    store: Store
    days: DayFile
    postman: Postman


def make(settings: Settings) -> World:
    """Opens the state folder and gives the world. StateTaken, StateBroken or OSError when it cannot."""

    def params(text: Text, status: str) -> Params:
        return carrier.form_of(world, text, status)

    def told(text: Text, what: Told, answer: Answer) -> None:
        carrier.settle(world, text, what, answer)

    world = World(
        settings=settings,
        store=Store(settings.state),
        days=DayFile(settings.clock_file),
        postman=Postman(settings.auth_token, params, told),
    )
    return world


def router(world: World) -> Router:
    """The routes of every room."""
    found = Router()
    for room in ROOMS:
        found.add(room.routes(world))
    return found
