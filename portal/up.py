"""Up: database, broker, worker, timetable and web in one, on one machine.

`run` starts what has no address, brings the database to the newest migration, starts the processes
and waits until the first page answers; only then it tells the address. With `demo` it also starts
the pretend world and loads the sample book into a new database.

The web process starts first, worker and timetable as soon as it answers: on two cores they would
double the wait for the first page. Each process has a session and a log of its own and dies with
us, so nothing is left behind, not by `kill -9` either. Ctrl-C stops web, timetable, worker (which
finishes what it has begun), broker and database in this order and keeps all data; a second Ctrl-C
stops at once.
"""

import contextlib
import http.client
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

import click
import psycopg
import sqlalchemy.exc

from portal.embedded import announce, end_left_over, servers
from portal.keys import public_key
from portal.place import NotStarted, Place, Server, dies_with_us, log_for, reset, why
from portal.settings import ROOT, Settings, kept, libpq_url

READY_SECONDS = 90
OURS = ("DATABASE_URL", "REDIS_URL", "EVENLY_", "TWILIO_", "SENDGRID_", "STRIPE_")
"""What the names of our settings begin with."""

LoadBook = Callable[[Settings], None]


class Interrupted(Exception):
    """Somebody asked us to stop while we were still starting."""


@dataclass
class Asked:
    """The moments at which we were asked to stop, by Ctrl-C or a signal."""

    times: list[float] = field(default_factory=list)
    starting: bool = True

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.times.append(time.monotonic())
        if self.starting:
            self.starting = False
            raise Interrupted

    def at_once(self) -> bool:
        """Asked again, a second later: one Ctrl-C may arrive twice when a parent passes it on."""
        return bool(self.times) and self.times[-1] - self.times[0] > 1

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Hears the signals; one that is ignored (`nohup`) stays so."""
        before = {}
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(each) is not signal.SIG_IGN:
                before[each] = signal.signal(each, self)
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


class Child:
    """A process of ours. `patience`: seconds that it gets to finish what it has begun."""

    def __init__(self, name: str, argv: list[str], *, environ: Mapping[str, str], var: Path, patience: float) -> None:
        self.name, self.patience, self.log = name, patience, log_for(var, name)
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=ROOT,
                env=dict(environ),
                start_new_session=True,
                preexec_fn=dies_with_us(signal.SIGTERM),
            )

    def stop(self, at_once: Callable[[], bool]) -> None:
        """Stops it gently, then it and whatever it left in its session."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            end = time.monotonic() + self.patience
            while self.process.poll() is None and time.monotonic() < end and not at_once():
                time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def run(settings: Settings, *, demo: bool, load_book: LoadBook | None = None) -> int:
    """Starts everything, waits for Ctrl-C, stops everything. 0: stopped as asked, 1: something broke.

    `load_book` is called once with the settings of the running servers, when the demo's database is
    new. A load that was cut short is thrown away with its database, and begins again.
    """
    asked = Asked()
    try:
        with asked.listening(), contextlib.ExitStack() as standing:
            at = Place(settings.var)
            standing.callback(at.close)
            settings = _with_ports(_with_stand_in(settings) if demo else settings)
            book = _Book(settings, at) if demo and load_book else None
            click.echo("Making the database …" if book and book.wanted else "Starting …")
            settings = standing.enter_context(servers(settings, at))
            if book and book.wanted and load_book:
                click.echo("Loading the sample book …")
                load_book(settings)
                book.is_loaded()
            announce(settings, at)
            children: list[Child] = []
            standing.callback(_stop, children, asked)
            for name, argv, patience in processes(settings):
                if name == "worker":  # what follows shares two cores with nobody who waits for a page
                    _wait_until_ready(settings, children)
                environ = _environ_of_stand_in(settings) if name == "pretend" else _environ(settings)
                children.append(Child(name, argv, environ=environ, var=at.var, patience=patience))
            asked.starting = False
            click.echo(_told(settings))
            broken = _watch(children, at.servers, asked)
            if broken is None:
                click.echo("\nStopping …")
                return 0
            click.echo(f"The {broken.name} ended by itself, so the rest stops too. {_said(broken, at)}", err=True)
            return 1
    except Interrupted:
        click.echo("\nStopped before everything had started.")
        return 0
    except NotStarted as refused:
        click.echo(str(refused), err=True)
        return 1
    except (psycopg.OperationalError, sqlalchemy.exc.OperationalError) as error:
        said = str(error).strip().splitlines()[0]
        click.echo(f"The database does not answer: {said}. Look at DATABASE_URL and EVENLY_OWNER_URL.", err=True)
        return 1


def demo_reset(settings: Settings) -> int:
    """Deletes the demo's data, after looking that nothing runs. 0: deleted, 1: refused."""
    if settings.env == "production":
        click.echo("This is production: EVENLY_ENV=production. Nothing was deleted.", err=True)
        return 1
    try:
        reset(settings.var)
    except NotStarted as refused:
        click.echo(str(refused), err=True)
        return 1
    click.echo(f"{settings.var} is empty. The next `make demo` begins anew.")
    return 0


class _Book:
    """Whether the sample book is to be loaded: `<var>/book` says *loading* or *loaded*."""

    def __init__(self, settings: Settings, at: Place) -> None:
        self.marker, data = at.var / "book", at.data / "postgres"
        cut_short = self.marker.exists() and self.marker.read_text() == "loading"
        if cut_short and not settings.database_url:
            end_left_over(data)
            for left in (data, at.var / "pretend"):
                shutil.rmtree(left, ignore_errors=True)
            (at.var / "clock").unlink(missing_ok=True)
        self.wanted = cut_short or _is_new(settings, data)
        if self.wanted:
            self.marker.write_text("loading")
        elif not self.marker.exists():
            click.echo("The database holds other data, so the sample book is not loaded into it.")

    def is_loaded(self) -> None:
        self.marker.write_text("loaded")


def _is_new(settings: Settings, data: Path) -> bool:
    """No migration has ever run there."""
    if not settings.database_url:
        return not (data / "PG_VERSION").exists()
    url = libpq_url(settings.owner_url or settings.database_url)
    with psycopg.connect(url) as connection:
        return connection.execute("select from pg_class where relname = 'alembic_version'").rowcount == 0


def _with_ports(settings: Settings) -> Settings:
    """The settings with the port that is really free, and the pretend world's beside it."""
    port = _free_port(settings.host, settings.port)
    if port != settings.port:
        if settings.env == "production":
            raise NotStarted(f"Port {settings.port} is taken. Free it, or set EVENLY_PORT.")
        click.echo(f"Port {settings.port} is taken; Evenly takes {port}.")
        if settings.public_url == f"http://127.0.0.1:{settings.port}":
            settings = replace(settings, public_url=f"http://127.0.0.1:{port}")
        settings = replace(settings, port=port)
    if settings.pretend_url:
        beside = _free_port("127.0.0.1", port + 1)
        url = f"http://127.0.0.1:{beside}"
        settings = replace(
            settings,
            twilio_base_url=settings.twilio_base_url and url,
            sendgrid_base_url=settings.sendgrid_base_url and url,
            stripe_base_url=settings.stripe_base_url and url,
            pretend_url=url,
        )
    return settings


def _free_port(host: str, wanted: int) -> int:
    for port in [*range(wanted, min(wanted + 100, 65536)), 0]:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past TIME_WAIT
            try:
                tried.bind((host, port))
            except PermissionError:
                raise NotStarted(f"Port {port} needs root. Set EVENLY_PORT to 1024 or more.") from None
            except OSError:
                continue
            return int(tried.getsockname()[1])
    raise NotStarted(f"{host} is no address of this machine. Set EVENLY_HOST.")


def _with_stand_in(settings: Settings) -> Settings:
    """The demo's settings: the stand-in for each carrier that has no real keys."""
    somewhere = "http://127.0.0.1"  # the port comes with _with_ports
    word = kept(settings.var / "pretend.key", secrets.token_hex(16))
    if not settings.twilio_account_sid:
        settings = replace(
            settings,
            twilio_account_sid=f"AC{word}",
            twilio_auth_tokens=(word[::-1],),
            twilio_from=settings.twilio_from or "+447700900999",  # Ofcom's numbers for fiction
            twilio_base_url=somewhere,
            pretend_url=somewhere,
        )
    if not settings.sendgrid_api_key:
        public = public_key(word)
        settings = replace(settings, sendgrid_api_key=f"SG.{word}", sendgrid_base_url=somewhere, pretend_url=somewhere,
                           sendgrid_event_keys=(public,), sendgrid_inbound_keys=(public,),
                           mail_replies=settings.mail_replies or "reply.evenly.example")  # fmt: skip
    if not settings.stripe_api_key:
        settings = replace(
            settings,
            stripe_api_key=f"sk_test_{word}",
            stripe_webhook_secrets=(f"whsec_{word[::-1]}",),
            stripe_base_url=somewhere,
            pretend_url=somewhere,
        )
    return replace(
        settings,
        company=settings.company or "Evenly Sample Collections, 1 Sample Street, Ashmere AS1 1ZZ, United Kingdom",
        telephone=settings.telephone or "+44 808 157 0123",
        mail=settings.mail or "hello@evenly.example",
        mail_from=settings.mail_from or "notes@evenly.example",
        web_workers=1,  # one start of Python less before the first page
        web_threads=max(settings.web_threads, 4),
    )


QUEUES: Final = ("rounds", "papers")
"""The worker's queues; a worker may serve one of them alone."""


def processes(settings: Settings, only: str | None = None) -> Iterator[tuple[str, list[str], float]]:
    """Name, arguments of `python -m` and patience of each, in the order of starting.

    Worker and timetable come after the first page answers: what it asks of them waits in the queue.
    `only`: the one queue that the worker serves.
    """
    queue = ["celery", "-q", "-A", "portal.worker:celery"]
    if settings.pretend_url:
        port = str(urlsplit(settings.pretend_url).port)
        yield "pretend", ["pretend", "--port", port, "--state", str(settings.var / "pretend")], 5
    web = ["granian", "--interface", "wsgi", "--no-ws", "--host", settings.host, "--port", str(settings.port)]
    web += ["--workers", str(settings.web_workers), "--blocking-threads", str(settings.web_threads)]
    web += ["--respawn-failed-workers", "--workers-kill-timeout", "25", "--log-level", "warning"]
    yield "web", [*web, "portal.wsgi:application"], 30
    worker = ["worker", "--without-gossip", "--without-mingle", "-l", settings.log_level]
    worker += ["-Q", ",".join(f"{settings.prefix}.{name}" for name in ((only,) if only else QUEUES))]
    yield "worker", [*queue, *worker, "-c", str(settings.worker_processes)], 60
    # --pidfile= : a stale one would stop the next start
    beat = ["beat", "--pidfile=", "-s", str(settings.var / "beat"), "-l", settings.log_level]
    yield "timetable", [*queue, *beat], 10


def _environ(settings: Settings) -> dict[str, str]:
    return dict(os.environ) | settings.environ()


def _environ_of_stand_in(settings: Settings) -> dict[str, str]:
    """The stand-in is another firm's: it knows its own keys and our public addresses, nothing else."""
    theirs = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    theirs |= {
        "TWILIO_ACCOUNT_SID": f"AC{32 * '0'}",
        "TWILIO_AUTH_TOKEN": "unused",
        "SENDGRID_API_KEY": "unused",
        "PRETEND_INBOUND_URL": f"{settings.public_url}/hooks/twilio/inbound",
        "PRETEND_NAME": settings.name,
        "PRETEND_CLOCK_FILE": str(settings.clock_file or ""),
    }
    if settings.twilio_pretended and settings.twilio_account_sid:  # a real carrier's keys stay here
        theirs["TWILIO_ACCOUNT_SID"] = settings.twilio_account_sid
        theirs["TWILIO_AUTH_TOKEN"] = settings.twilio_auth_tokens[0]
    if settings.sendgrid_pretended and settings.sendgrid_api_key:
        theirs["SENDGRID_API_KEY"] = settings.sendgrid_api_key
        theirs["PRETEND_SENDGRID_SECRET"] = settings.sendgrid_api_key.removeprefix("SG.")
        for name in ("events", "inbound"):
            theirs[f"PRETEND_SENDGRID_{name.upper()}_URL"] = f"{settings.public_url}/hooks/sendgrid/{name}"
    if settings.stripe_pretended and settings.stripe_api_key:
        theirs["STRIPE_API_KEY"] = settings.stripe_api_key
        theirs["STRIPE_WEBHOOK_SECRET"] = settings.stripe_webhook_secrets[0]
        theirs["PRETEND_STRIPE_HOOK_URL"] = f"{settings.public_url}/hooks/stripe"
    return theirs


def _wait_until_ready(settings: Settings, children: list[Child]) -> None:
    """Waits for the first page, and for the stand-in. Raises `NotStarted` when they do not come."""
    host = settings.host if settings.host not in ("0.0.0.0", "::") else "127.0.0.1"
    wanted = [(host, settings.port, "/readyz"), (host, settings.port, "/sign-in")]  # made once, it comes at once
    if settings.pretend_url:
        wanted.append(("127.0.0.1", urlsplit(settings.pretend_url).port or 0, "/healthz"))
    end, answer = time.monotonic() + READY_SECONDS, ""
    while wanted:
        for child in children:
            if child.process.poll() is not None:
                said = why(child.log.read_text(errors="replace"))
                raise NotStarted(f"The {child.name} did not start. {child.log} says: {said}")
        host, port, path = wanted[0]
        connection = http.client.HTTPConnection(host, port, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            response = connection.getresponse()
            answer = f"{response.status} {response.read(300).decode(errors='replace')}"
            if response.status == 200:
                wanted.pop(0)
        connection.close()
        if time.monotonic() > end:
            raise NotStarted(f"{path} does not answer 200 after {READY_SECONDS} seconds: {answer or 'nothing'}")
        time.sleep(0.03)


def _watch(children: list[Child], running: list[Server], asked: Asked) -> Child | Server | None:
    """Waits until somebody asks us to stop (None), or one of ours ends by itself."""
    while not asked.times:
        started: list[Child | Server] = [*children, *running]
        for each in started:
            if each.process.poll() is not None:
                return each
        time.sleep(0.1)
    return None


def _said(broken: Child | Server, at: Place) -> str:
    log = at.var / f"{broken.name}.log"
    return f"{log} says: {why(log.read_text(errors='replace'))}"


def _stop(children: list[Child], asked: Asked) -> None:
    """Web, timetable, worker and stand-in, in this order: who gives work stops before who does it."""
    asked.starting = False
    for name in ("web", "timetable", "worker", "pretend"):
        for child in children:
            if child.name == name:
                child.stop(asked.at_once)


def _told(settings: Settings) -> str:
    lines = ["", "Evenly is running.", "", f"  Portal        {settings.public_url}"]
    if settings.pretend_url:
        lines.append(f"  Start here    {settings.public_url}/demo    (the people, their sign-ins, next morning)")
        lines.append(f"  Their phones  {settings.pretend_url}")
    lines += ["", f"Ctrl-C stops it. Your data stays in {settings.var}.", ""]
    return "\n".join(lines)
