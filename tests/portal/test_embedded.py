"""The embedded servers: one owner, guests, and nothing lost when anybody is killed."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import kombu
import psycopg
import pytest
import redis

from portal.embedded import FOR_TESTS, NotStarted, Occupied, Place, Postgres, joined
from portal.place import reset, root_home
from portal.settings import ROOT, Settings

pytestmark = pytest.mark.slow

HOLDER = """
import sys, time
from pathlib import Path
from portal.embedded import joined
from portal.settings import Settings
with joined(Settings(env="test", var=Path(sys.argv[1]))) as settings:
    print(settings.owner_url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    """A place with a space in its name, which the servers' own user may enter."""
    top = Path(tempfile.mkdtemp(prefix="evenly place "))
    top.chmod(0o755)
    yield top / "var ü"
    reset(top / "var ü")
    shutil.rmtree(top)


@pytest.fixture
def settings(var: Path) -> Settings:
    return Settings(env="test", var=var)


def holder(var: Path) -> subprocess.Popen[str]:
    """Another process that owns the place until its standard input closes."""
    started = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(var)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout and started.stdout.readline().startswith("postgresql://")
    return started


def test_what_is_committed_is_there_at_the_next_start(settings: Settings) -> None:
    with joined(settings) as first, psycopg.connect(first.owner_url or "") as connection:
        connection.execute("create table kept (id int)")
        connection.execute("insert into kept values (1)")
    with joined(settings) as again, psycopg.connect(again.owner_url or "") as connection:
        assert connection.execute("select id from kept").fetchall() == [(1,)]


def test_the_app_login_is_no_superuser_and_bound_by_row_level_security(settings: Settings) -> None:
    with joined(settings) as filled, psycopg.connect(filled.database_url or "") as connection:
        asked = "select rolsuper, rolbypassrls from pg_roles where rolname = current_user"
        assert connection.execute(asked).fetchone() == (False, False)


def test_the_order_of_text_is_the_same_on_every_machine(settings: Settings) -> None:
    with joined(settings) as filled, psycopg.connect(filled.database_url or "") as connection:
        order = connection.execute("select string_agg(x, '' order by x) from unnest(array['ä','a','B','Z']) x")
        assert order.fetchone() == ("BZaä",)


def test_client_and_queue_both_reach_the_broker(settings: Settings) -> None:
    with joined(settings) as filled:
        assert redis.from_url(filled.redis_url or "").ping()
        with kombu.Connection(filled.broker_url) as connection:
            connection.ensure_connection(max_retries=1)


def test_a_command_joins_the_servers_of_a_running_one(settings: Settings, var: Path) -> None:
    with joined(settings) as owner, joined(settings) as guest:
        assert guest.database_url == owner.database_url
        assert guest.redis_url == owner.redis_url


def test_an_owner_waits_for_its_guests(settings: Settings, var: Path) -> None:
    owner = holder(var)
    with joined(settings) as guest:
        assert owner.stdin
        owner.stdin.close()  # the owner has done its work
        with psycopg.connect(guest.database_url or "") as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        assert owner.poll() is None
    assert owner.wait(30) == 0


def test_a_second_owner_is_refused_and_told_who_runs(var: Path) -> None:
    at = Place(var)
    with pytest.raises(Occupied, match=f"process {os.getpid()}"):
        Place(var)
    at.close()
    Place(var).close()


def test_after_kill_9_of_the_owner_a_start_at_once_has_lost_nothing(settings: Settings, var: Path) -> None:
    owner = holder(var)
    with joined(settings) as guest, psycopg.connect(guest.owner_url or "") as connection:
        connection.execute("create table survives (id int)")
        connection.execute("insert into survives values (7)")
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    with joined(settings) as again, psycopg.connect(again.owner_url or "") as connection:
        assert connection.execute("select id from survives").fetchall() == [(7,)]


def test_a_number_left_over_that_is_somebody_elses_is_dropped(settings: Settings, var: Path) -> None:
    with joined(settings):
        pass
    at = Place(var)
    somebody = subprocess.Popen(["sleep", "60"], cwd="/", **at.who)  # whom PostgreSQL could take for itself
    (at.data / "postgres/postmaster.pid").write_text(f"{somebody.pid}\n")
    at.close()
    try:
        with joined(settings) as filled, psycopg.connect(filled.database_url or "") as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        assert somebody.poll() is None
    finally:
        somebody.kill()
        somebody.wait()


def test_passwords_and_sockets_are_for_their_owner_alone(settings: Settings, var: Path) -> None:
    with joined(settings):
        secret = [var / name for name in ("postgres.password", "app.password", "running")]
        assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
        assert stat.S_IMODE((var / "run").resolve().stat().st_mode) == 0o700
    assert not (var / "running").exists() and not (var / "run").is_symlink()


def test_a_server_that_cannot_start_says_why(var: Path) -> None:
    at = Place(var)
    try:
        with pytest.raises(NotStarted, match=r"postgres did not start\. .*shared_buffers"):
            Postgres(at, **(FOR_TESTS | {"shared_buffers": "plenty"}))
        assert not (at.data / "postgres/postmaster.pid").exists()
    finally:
        at.close()


def test_what_is_set_is_left_alone(tmp_path: Path) -> None:
    given = Settings(var=tmp_path / "v", database_url="postgresql://h/d", redis_url="redis://h")
    with joined(given) as same:
        assert same is given
    assert not (tmp_path / "v").exists()


def test_a_reset_refuses_while_something_runs_and_then_leaves_nothing() -> None:
    top = Path(tempfile.mkdtemp(prefix="evenly reset "))
    try:
        var = top / "var"
        at = Place(var)
        (at.data / "postgres.new").mkdir(exist_ok=True)  # what a killed initdb leaves
        Postgres(at, **FOR_TESTS).stop()
        with pytest.raises(Occupied):
            reset(var)
        assert (at.data / "postgres").exists()
        at.close()
        reset(var)
        assert not var.exists() and not root_home(var).exists()
    finally:
        shutil.rmtree(top)
