"""The worker and its timetable: a real Celery worker hears a bell, makes the round, and survives kill -9."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from cases.clock import Clock
from cases.db import Database
from cases.history import Actor, Kind, record
from portal import timetable, worker
from tests.conftest import Addresses
from tests.messaging.texts import NUMBER, someone
from tests.pretend.running import ACCOUNT_SID, AUTH_TOKEN, OURS, Pretend, until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def test_every_task_stands_in_the_timetable_and_the_other_way_round() -> None:
    tasks = {name.removeprefix("evenly.") for name in worker.celery.tasks if name.startswith("evenly.")}
    assert tasks == set(timetable.ROUNDS)
    assert {entry["task"] for entry in timetable.schedule().values()} == {f"evenly.{name}" for name in tasks}


def test_a_round_that_is_none_cannot_be_woken() -> None:
    with pytest.raises(ValueError, match="no round"):
        worker.wake("everything")


def test_every_bell_that_a_door_rings_is_a_round() -> None:
    rung = {
        name
        for path in (ROOT / "portal").rglob("*.py")
        for name in re.findall(r'\bwake\("([a-z_]+)"\)', path.read_text("utf-8"))
    }
    assert rung <= set(timetable.ROUNDS)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Pretend]:
    pretend = Pretend(tmp_path / "state").start()
    yield pretend
    pretend.stop()


@pytest.fixture
def environ(addresses: Addresses, redis_url: str, world: Pretend, tmp_path: Path) -> dict[str, str]:
    """An installation's environment, as `up` hands it to its worker."""
    return os.environ | {
        "EVENLY_ENV": "test", "EVENLY_VAR": str(tmp_path / "var"), "DATABASE_URL": addresses.app,
        "EVENLY_PREFIX": addresses.prefix, "REDIS_URL": redis_url.replace("redis+socket", "unix"),
        "EVENLY_WORKER_PROCESSES": "1", "TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM": OURS, "TWILIO_BASE_URL": world.url, "SENDGRID_API_KEY": "", "EVENLY_BROKER_URL": "",
    }  # fmt: skip


def _start(environ: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "celery", "-q", "-A", "portal.worker:celery", "worker", "--without-gossip",
               "--without-mingle", "-c", "1"]  # fmt: skip
    with log.open("ab") as out:
        return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=out, start_new_session=True)


def _end(process: subprocess.Popen[bytes], by: int) -> None:
    os.killpg(process.pid, by)
    process.wait(30)


def _ring(environ: dict[str, str], name: str) -> None:
    """A door of another process rings."""
    command = [sys.executable, "-c", f"from portal import worker; worker.wake({name!r})"]
    subprocess.run(command, cwd=ROOT, env=environ, check=True)


def test_a_bell_makes_the_round_and_a_killed_worker_loses_nothing(
    db: Database, world: Pretend, environ: dict[str, str], tmp_path: Path, superuser: Connection
) -> None:
    world.behave(callbacks="drop")
    now = Clock().now()
    person = someone(db, country=None)
    log = tmp_path / "worker.log"
    process = _start(environ, log)

    def began() -> bool:
        superuser.rollback()
        return bool(superuser.execute(text("select count(*) from notice_cursor")).scalar())

    try:
        until(began, f"the worker's start: {log}", seconds=60)
        _declined(db, person, now)
        _ring(environ, "answers")
        until(lambda: _planned(superuser) >= 1, "a message for what happened", seconds=30)
        _end(process, signal.SIGKILL)
        _declined(db, person, now)
        process = _start(environ, log)
        _ring(environ, "answers")
        until(lambda: _reasons(superuser) == 2, "the second answer, by the next worker", seconds=60)
    finally:
        if process.poll() is None:
            _end(process, signal.SIGKILL)
    assert NUMBER not in log.read_text(), "no number stands in a log"


def _declined(db: Database, person: int, now: datetime) -> None:
    with db.acting() as session:
        record(session, Kind.PROPOSAL_DECLINED, by=Actor("collector", 1), at=now, person=person,
               subject=f"person:{person}")  # fmt: skip


def _planned(superuser: Connection) -> int:
    superuser.rollback()
    found: Any = superuser.execute(text("select count(*) from message")).scalar()
    return int(found)


def _reasons(superuser: Connection) -> int:
    superuser.rollback()
    found: Any = superuser.execute(text("select count(*) from reason")).scalar()
    return int(found)
