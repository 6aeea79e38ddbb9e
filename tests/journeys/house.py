"""The whole house for a journey: web, worker, timetable and pretend world, as production runs them.

`portal/up.py` starts them over a database of this run's own, made from the migrated template and
filled with a book once; the day begins on a morning when every window is open. Tests talk to it as
people do: over HTTP. What the processes wrote is in `logs`. When the house comes down, what the
carrier and the card processor saw is set against our rows: nothing went twice.

With a pooler (`make test-several`) there is several of everything, as tests/journeys/several.py says.
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pyotp
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from cases.clock import Clock
from chaos._reckoning import reckon
from portal import cluster
from portal.demo.story import load_book
from portal.embedded import running
from portal.keys import Keys
from portal.place import dies_with_us, reset
from portal.settings import ROOT, Settings, libpq_url, sqlalchemy_url
from portal.staff_sign_in import STEP
from tests.conftest import Servers
from tests.journeys.several import Relay, more

MORNING = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
"""The moment at which the story begins: Tuesday 24 November 2026, ten o'clock in London."""

_houses = count()

_UP = "import os, sys; from portal.settings import Settings; from portal.up import run\n"
_UP += "sys.exit(run(Settings.read(os.environ), demo=True))"


@dataclass
class House:
    """A running house. `told` keeps what a journey has said in it, by the journey's name."""

    settings: Settings
    owner: str
    told: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    """The last code that each user signed in with."""

    @property
    def url(self) -> str:
        """Where the portal is."""
        return self.settings.public_url

    @property
    def phones(self) -> str:
        """Where the phones and mailboxes are."""
        assert self.settings.pretend_url
        return self.settings.pretend_url

    @property
    def clock(self) -> Clock:
        """The day of the house."""
        return Clock(self.settings.clock_file)

    def rows(self, sql: str, **given: object) -> list[Any]:
        """What the database holds, past every policy: for looking."""
        with psycopg.connect(libpq_url(self.owner)) as connection:
            return connection.execute(sql, given or None).fetchall()  # type: ignore[arg-type]

    def totp(self, mail: str) -> str:
        """The code that this user's authenticator app shows, once it is another than last time: each counts once."""
        ((secret,),) = self.rows("select totp from staff where mail = %(mail)s", mail=mail)
        app, last = pyotp.TOTP(Keys(self.settings.keys).decrypt(secret)), self.codes.get(mail)
        self.codes[mail] = self.until(
            lambda: code if (code := app.at(self.clock.real())) != last else None, "a new code", STEP + 5
        )
        return self.codes[mail]

    def logs(self) -> dict[str, str]:
        """What web, worker and timetable have written. The stand-in is another firm's."""
        ours = ("web", "worker", "timetable")
        return {name: "".join(log.read_text("utf-8") for log in self.settings.var.glob(f"{name}*.log")) for name in ours}

    def until(self, holds: Callable[[], Any], what: str, seconds: float = 20) -> Any:
        """What `holds` gives, once it is something; fails, naming it, when it does not come about."""
        end = time.monotonic() + seconds
        while not (found := holds()):
            assert time.monotonic() < end, f"waited in vain for {what}\n{self.logs()['worker'][-1500:]}"
            time.sleep(0.05)
        return found


@contextmanager
def standing(servers: Servers, load: Callable[[Settings], None], morning: datetime = MORNING) -> Iterator[House]:
    """A house over a new database that `load` has filled, whose day begins at `morning`."""
    top = Path(tempfile.mkdtemp(prefix="evenly-house-"))
    top.chmod(0o755)
    var = top / "var"
    var.mkdir()
    name = f"evenly_{top.name.replace('-', '_').lower()}"
    _administer(servers, f'create database "{name}" template "{servers.template}" owner "{servers.prefix}_owner"')
    app, owner = cluster.prepare(servers.superuser, database=name, prefix=servers.prefix, password="for tests alone")
    relay = Relay() if servers.pooler else None
    environ = {
        "EVENLY_ENV": "test", "EVENLY_VAR": str(var), "EVENLY_PORT": "8300", "EVENLY_PREFIX": servers.prefix,
        "DATABASE_URL": libpq_url(servers.through_pooler(app)), "EVENLY_POOLED": "yes" if servers.pooler else "no",
        "EVENLY_WORKER_PROCESSES": "1", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **_broker_of_its_own(servers.redis),
    }  # fmt: skip
    if relay:
        environ["EVENLY_PUBLIC_URL"] = relay.url
    gap = morning - datetime.now(UTC)
    (var / "clock").write_text(f"{gap // timedelta(days=1)} {gap.seconds}\n", "ascii")
    up = None
    try:
        load(Settings.read(environ))
        up = subprocess.Popen(
            [sys.executable, "-c", _UP], cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True, preexec_fn=dies_with_us(signal.SIGTERM),
        )  # fmt: skip
        assert up.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            line = up.stdout.readline()
            assert line, said
            said += line
        settings = running(var)
        assert settings is not None
        made = House(settings, owner)
        with more(settings, environ, relay) if relay else contextlib.nullcontext():
            yield made
        found = reckon(_log_of_stand_in(made.phones), made.rows)
        assert found.twice() == 0, found
    finally:
        if up is not None:
            up.send_signal(signal.SIGTERM)
            up.communicate(timeout=60)
        _administer(servers, f'drop database if exists "{name}" with (force)')
        reset(var)
        shutil.rmtree(top, ignore_errors=True)


@pytest.fixture(scope="session")
def house(servers: Servers) -> Iterator[House]:
    """The house with the sample book. One for all journeys: each uses people of its own."""
    with standing(servers, load_book) as made:
        yield made


def _broker_of_its_own(redis: str) -> dict[str, str]:
    """The same broker, another of its databases: a worker must not hear another house's bell."""
    number = next(_houses) % 15 + 1
    if redis.startswith("unix"):
        return {"REDIS_URL": f"{redis}{'&' if '?' in redis else '?'}virtual_host={number}"}
    told = {"REDIS_URL": re.sub(r"(://[^/]+)(/\d*)?$", rf"\g<1>/{number}", redis)}
    if rabbit := os.environ.get("EVENLY_TEST_AMQP_URL"):  # Redis is lost, and this stands in its place
        told["EVENLY_BROKER_URL"] = f"{rabbit}/house{number}"
    return told


def _log_of_stand_in(url: str) -> Any:
    connection = http.client.HTTPConnection(url.partition("//")[2], timeout=60)
    connection.request("GET", "/control/log")
    told = json.loads(connection.getresponse().read())
    connection.close()
    return told


def _administer(servers: Servers, sql: str) -> None:
    engine = create_engine(
        make_url(sqlalchemy_url(servers.superuser)), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(sql))
    engine.dispose()
