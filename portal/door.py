"""The door of a command: settings, servers, clock, keys and database for one call."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cases.clock import Clock
from cases.db import Database
from cases.history import Actor
from portal.embedded import joined
from portal.keys import Keys
from portal.migrations import models
from portal.settings import Settings

BY_COMMAND: Final = Actor("command")
"""Who acts when an operator types: the named job `command`."""


EVERY_ROOM: Final = models.ROOMS
"""A command that writes must know every table that its rows refer to."""


@dataclass(frozen=True)
class Door:
    """What a command works with. `now` is read once (moved in the demo); `real` is the true time."""

    settings: Settings
    db: Database
    clock: Clock
    keys: Keys
    now: datetime
    real: datetime


@contextmanager
def door() -> Iterator[Door]:
    """Opens the installation named by the environment; embedded servers are joined or started."""
    with joined(Settings.read(os.environ)) as settings:
        database = Database(settings.sqlalchemy_url, prefix=settings.prefix, pooled=settings.pooled, size=2)
        clock = Clock(settings.clock_file)
        try:
            yield Door(settings, database, clock, Keys(settings.keys), clock.now(), clock.real())
        finally:
            database.close()
