"""A house whose processes may be killed at any moment: database, broker, stand-in, web, workers, timetable.

Every process has a session of its own, so that `kill -9` takes its children along, and a program of its
own that starts it again. Waits run at one sixtieth (EVENLY_HURRY): a lease of two minutes is two seconds.
The day is a Tuesday morning, inside every contact window.
"""

import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import redis

from portal import cluster, up
from portal.embedded import Place, Postgres, Valkey
from portal.environ import Key
from portal.place import dies_with_us
from portal.settings import ROOT, Settings, libpq_url

MORNING = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
HURRY = 60


@dataclass
class Process:
    """One process that is started again when it has died; `died` counts how often it was killed."""

    name: str
    argv: list[str]
    environ: dict[str, str]
    log: Path
    died: int = 0
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it."""
        with self.log.open("ab") as out:
            self.running = subprocess.Popen(
                [sys.executable, "-m", *self.argv], cwd=ROOT, env=self.environ, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, start_new_session=True, preexec_fn=dies_with_us(signal.SIGKILL),
            )  # fmt: skip

    def kill(self) -> None:
        """kill -9, it and all that it started."""
        if self.running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()
            self.died += 1

    def stop(self) -> None:
        """Ends it gently, then surely."""
        if self.running is not None:
            self.running.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.running.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()


@dataclass
class House:
    """The servers, the processes by name, and the settings that they run with."""

    var: Path
    settings: Settings
    owner: str
    place: Place
    postgres: Postgres
    valkey: Valkey
    processes: dict[str, Process] = field(default_factory=dict)

    def rows(self, sql: str, **given: Any) -> list[Any]:
        """What the database holds, past every policy."""
        with psycopg.connect(libpq_url(self.owner)) as connection:
            return connection.execute(sql, given or None).fetchall()  # type: ignore[arg-type]

    def one(self, sql: str, **given: Any) -> Any:
        """The first column of the first row."""
        return self.rows(sql, **given)[0][0]

    def control(self, path: str, value: Any = None) -> Any:
        """The stand-in's control interface."""
        assert self.settings.pretend_url
        port = int(self.settings.pretend_url.rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            body = None if value is None else json.dumps(value)
            connection.request("GET" if body is None else "POST", f"/control/{path}", body)
            answer = connection.getresponse()
            return json.loads(answer.read())
        finally:
            connection.close()

    def flush_broker(self) -> None:
        """The broker forgets everything."""
        with redis.Redis.from_url(self.settings.redis_url or "") as broker:
            broker.flushall()

    def restart_database(self) -> None:
        """The database falls over in the middle of everything, and comes back."""
        self.postgres.process.send_signal(signal.SIGQUIT)  # immediate: no farewell to anyone
        self.postgres.process.wait()
        self.postgres = Postgres(self.place, listen_addresses="127.0.0.1", port=_port_of(self.owner), max_connections=200)


@contextlib.contextmanager
def standing(*, workers: int = 2, webs: int = 1, timetables: int = 1) -> Iterator[House]:
    """A house over a new database; nothing runs in it but the servers and the stand-in."""
    var = Path(tempfile.mkdtemp(prefix="evenly-chaos-"))
    var.chmod(0o755)
    place = Place(var)
    port, broker, beside = free_port(), free_port(), free_port()
    postgres = Postgres(place, listen_addresses="127.0.0.1", port=port, max_connections=200)
    valkey = Valkey(place, port=broker)
    superuser = postgres.url.replace("@/", f"@127.0.0.1:{port}/").split("?")[0]
    app, owner = cluster.prepare(superuser, password=secrets.token_hex(8))
    cluster.upgrade(owner)
    gap = MORNING - datetime.now(UTC)
    (var / "clock").write_text(f"{gap // timedelta(days=1)} {gap.seconds}\n", "ascii")
    url = f"http://127.0.0.1:{beside}"
    settings = Settings(
        env="test", var=var, database_url=libpq_url(app), redis_url=valkey.url, keys=(Key("chaos", secrets.token_bytes(32)),),
        port=free_port(), telephone="+448081570123", mail="help@example.org", mail_from="codes@example.org",
        company="Even Ltd, 1 High Street, Leeds LS1 1AA", twilio_account_sid="AC" + "0" * 32, twilio_auth_tokens=("token",),
        twilio_from="+447700900999", twilio_base_url=url, sendgrid_api_key="SG.x", sendgrid_base_url=url,
        stripe_api_key="sk_test_chaos", stripe_webhook_secrets=("whsec_chaos",), stripe_base_url=url, pretend_url=url,
        texts_per_second=1000, web_workers=1, web_threads=4, worker_processes=1, log_level="warning", hurry=HURRY,
    )  # fmt: skip
    settings = Settings(**{**vars(settings), "public_url": f"http://127.0.0.1:{settings.port}"})
    house = House(var, settings, owner, place, postgres, valkey)
    _furnish(house, workers, webs, timetables)
    try:
        house.processes["pretend"].start()
        until(lambda: _answers(beside), "the stand-in")
        yield house
    except BaseException:
        for process in house.processes.values():
            sys.stderr.write(f"--- {process.name}\n{process.log.read_text(errors='replace')[-3000:]}\n")
        raise
    finally:
        for process in house.processes.values():
            process.stop()
        house.valkey.stop()
        house.postgres.stop()
        place.close()
        shutil.rmtree(var, ignore_errors=True)


def _furnish(house: House, workers: int, webs: int, timetables: int) -> None:
    given = {name: value for name, value in os.environ.items() if not name.startswith(up.OURS)}
    environ = given | house.settings.environ()
    beside = given | {
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "token", "SENDGRID_API_KEY": "SG.x",
        "STRIPE_API_KEY": "sk_test_chaos", "STRIPE_WEBHOOK_SECRET": "whsec_chaos",
        "PRETEND_STRIPE_HOOK_URL": f"{house.settings.public_url}/hooks/stripe",
        "PRETEND_INBOUND_URL": f"{house.settings.public_url}/hooks/twilio/inbound",
    }  # fmt: skip
    counts = {"worker": workers, "web": webs, "timetable": timetables, "pretend": 1}
    for name, argv, _patience in up.processes(house.settings):
        for n in range(counts[name]):
            called = name if n == 0 else f"{name}-{n + 1}"
            argv_here = [word.replace("beat", f"beat-{n}") if word.endswith("/beat") else word for word in argv]
            if name == "worker":
                argv_here += ["-n", f"{called}@chaos"]
            if name == "pretend":
                argv_here += ["--quiet"]
            told = beside if name == "pretend" else environ
            house.processes[called] = Process(called, argv_here, told, house.var / f"{called}.log")


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def until(holds: Any, what: str, seconds: float = 60) -> None:
    """Waits until something holds; RuntimeError, naming it, when it does not come about."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"waited in vain for {what}")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _port_of(url: str) -> int:
    return int(url.rpartition("@")[2].partition("/")[0].rpartition(":")[2])
