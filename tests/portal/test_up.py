"""Up: one command starts everything, stops everything, and loses nothing."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal.embedded import Place, joined
from portal.place import reset
from portal.settings import ROOT, Settings
from portal.up import demo_reset, run

pytestmark = pytest.mark.slow

UP = "import os, sys; from portal.settings import Settings; from portal.up import run\n"
UP += "sys.exit(run(Settings.read(os.environ), demo=True))"


class CutShort(Exception):
    """The load was killed."""


@pytest.fixture
def var() -> Iterator[Path]:
    top = Path(tempfile.mkdtemp(prefix="evenly up "))
    top.chmod(0o755)
    yield top / "var"
    reset(top / "var")
    shutil.rmtree(top)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


class Started:
    """A running `evenly demo` without a book, and what it has said."""

    def __init__(self, var: Path, port: int) -> None:
        ours = ("DATABASE_URL", "REDIS_URL", "EVENLY_", "TWILIO_", "SENDGRID_")
        environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        environ |= {"EVENLY_ENV": "demo", "EVENLY_VAR": str(var), "EVENLY_PORT": str(port)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", UP],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout
        self.said = ""
        while "Ctrl-C" not in self.said:
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line

    def port(self, name: str) -> int:
        found = re.search(rf"{name}\s+http://127\.0\.0\.1:(\d+)", self.said)
        assert found, self.said
        return int(found[1])


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse().status
    connection.close()
    return answer


def processes_of(var: Path) -> list[str]:
    """Everything that runs for this place: by what it was told, or by the folder that it lives in."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            told, lives = (each / "environ").read_bytes(), os.readlink(each / "cwd")
        except OSError:
            continue
        if f"EVENLY_VAR={var}\0".encode() in told or lives.startswith(str(var)):
            found.append((each / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def test_it_starts_beside_a_taken_port_and_stops_whole_and_a_kill_9_loses_nothing(var: Path, taken: int) -> None:
    up = Started(var, taken)
    port = up.port("Portal")
    assert f"Port {taken} is taken; Evenly takes {port}." in up.said
    assert status(port, "/readyz") == 200
    assert status(up.port("Their phones"), "/healthz") == 200
    with joined(Settings(env="development", var=var)) as guest, psycopg.connect(guest.owner_url or "") as connection:
        assert (guest.env, guest.public_url, guest.port) == ("demo", f"http://127.0.0.1:{port}", port)
        connection.execute("create table kept_by_up (id int)")
    assert demo_reset(Settings(env="demo", var=var)) == 1
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(60) == 0
    assert processes_of(var) == []

    again = Started(var, taken)
    again.process.send_signal(signal.SIGKILL)
    again.process.wait()
    while processes_of(var):  # the test's time-out is the limit
        time.sleep(0.05)
    with joined(Settings(env="demo", var=var)) as later, psycopg.connect(later.owner_url or "") as connection:
        assert connection.execute("select count(*) from kept_by_up").fetchone() == (0,)

    assert demo_reset(Settings(env="demo", var=var)) == 0
    assert not var.exists()


def test_a_book_cut_short_begins_again_in_a_new_database(var: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[bool] = []

    def load(settings: Settings) -> None:
        with psycopg.connect(settings.owner_url or "") as connection:
            half = connection.execute("select from pg_class where relname = 'half_a_book'").rowcount
            connection.execute("create table if not exists half_a_book (id int)")
        seen.append(half > 0)
        raise CutShort

    for _ in range(2):
        with pytest.raises(CutShort):
            run(Settings(env="demo", var=var), demo=True, load_book=load)
    assert seen == [False, False]


def test_a_second_start_in_one_place_is_refused(var: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = Place(var)
    assert run(Settings(var=var), demo=False) == 1
    at.close()
    assert "already runs" in capsys.readouterr().err


def test_production_never_takes_another_port(var: Path, taken: int, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(env="production", var=var, port=taken, database_url="postgresql://127.0.0.1:1/x")
    assert run(settings, demo=False) == 1
    assert f"Port {taken} is taken" in capsys.readouterr().err


def test_a_database_that_does_not_answer_is_one_sentence(var: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = "postgresql://evenly:hidden@127.0.0.1:1/x"
    settings = Settings(var=var, port=0, database_url=nowhere, owner_url=nowhere, redis_url="redis://127.0.0.1:1")
    assert run(settings, demo=False) == 1
    said = capsys.readouterr().err
    assert "DATABASE_URL" in said and "hidden" not in said and len(said.splitlines()) == 1


def test_a_reset_never_touches_production(var: Path, capsys: pytest.CaptureFixture[str]) -> None:
    var.mkdir()
    assert demo_reset(Settings(env="production", var=var)) == 1
    assert var.exists()
