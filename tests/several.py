"""The journeys with several of everything: `make test-several`.

Two webs, three workers and two timetables come to this system's own PostgreSQL through Debian's PgBouncer
in transaction mode; the whole journey, row-level security and the access matrix pass so. Then Redis is
lost, RabbitMQ stands in its place, and the journey passes again. Debian's packages are installed by apt
where they are missing; private servers run from `var/several`, the system's own are not touched.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from portal.embedded import FOR_TESTS, NotStarted, Place, Postgres, Valkey
from portal.place import Server, reset
from portal.settings import ROOT
from tests import real

WANTED = {"pgbouncer": "/usr/sbin/pgbouncer", "rabbitmq-server": "/usr/lib/rabbitmq/bin/rabbitmq-server"}
"""Debian's packages, and the program of each."""
PREFIX, PASSWORD = "evenly_test", "for tests alone"
"""As tests/conftest.py makes the logins."""


class PgBouncer(Server):
    """Debian's pooler in transaction mode, before a PostgreSQL that listens at `port`."""

    def __init__(self, at: Place, port: int) -> None:
        here = real.free_port()
        (at.run / "users").write_text(f'"{PREFIX}_app" "{PASSWORD}"\n')
        (at.run / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {here}\n"
            f"unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {at.run}/users\npool_mode = transaction\n"
            "default_pool_size = 20\nmax_client_conn = 500\nignore_startup_parameters = extra_float_digits\n"
        )
        for each in (at.run / "users", at.run / "pgbouncer.ini"):
            os.chown(each, at.uid, -1)
        program = WANTED["pgbouncer"]
        self.launch(at, "pgbouncer", [program, at.run / "pgbouncer.ini"], ready=lambda: answers(here), soft=signal.SIGINT)
        self.url = f"127.0.0.1:{here}"


class RabbitMQ(Server):
    """Debian's RabbitMQ with a virtual host for each house; `url` has none yet."""

    def __init__(self, at: Place) -> None:
        port, home, password = real.free_port(), at.data / "rabbitmq", secrets.token_hex(8)
        home.mkdir(mode=0o700)
        hosts = [f"house{n}" for n in range(1, 16)]
        grant = {"user": "evenly", "configure": ".*", "write": ".*", "read": ".*"}
        told = {
            "users": [{"name": "evenly", "password": password, "tags": ""}],
            "vhosts": [{"name": host} for host in hosts],
            "permissions": [{"vhost": host, **grant} for host in hosts],
        }
        (home / "definitions.json").write_text(json.dumps(told))
        (home / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{port}\nload_definitions = {home}/definitions.json\n"
            f"log.file = false\nlog.console = true\nlog.console.level = warning\n"
        )
        (home / "plugins").write_text("[].\n")
        for each in (home, *home.iterdir()):
            os.chown(each, at.uid, -1)
        environ = {
            "HOME": home, "RABBITMQ_NODENAME": "evenly@localhost", "RABBITMQ_MNESIA_BASE": home / "mnesia",
            "RABBITMQ_LOG_BASE": home / "log", "RABBITMQ_CONFIG_FILE": home / "rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": home / "plugins", "ERL_EPMD_PORT": real.free_port(),
            "RABBITMQ_DIST_PORT": real.free_port(), "ERL_EPMD_ADDRESS": "127.0.0.1",
        }  # fmt: skip
        argv = ["/usr/bin/env", *(f"{name}={value}" for name, value in environ.items()), WANTED["rabbitmq-server"]]
        self.launch(at, "rabbitmq", argv, ready=lambda: answers(port), soft=signal.SIGTERM, cwd=home)
        self.url = f"amqp://evenly:{password}@127.0.0.1:{port}"


def install() -> None:
    """Installs what is missing as root; else tells what to type, and ends."""
    missing = [package for package, program in WANTED.items() if not Path(program).exists()]
    if not missing:
        return
    line = [*real.APT, *missing]
    if os.geteuid() or not shutil.which("apt-get"):
        sys.exit(f"{' and '.join(missing)} are missing. Type: sudo {' '.join(line)}")
    sys.stderr.write(f"Installing: {' '.join(line)}\n")
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    subprocess.run(["apt-get", "-qq", "update"], **quiet)
    if subprocess.run(line, env=environ, **quiet).returncode:
        sys.exit("That failed. Type it to see why.")


def answers(port: int) -> bool:
    """Somebody listens there."""
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def main(arguments: list[str]) -> int:
    """Runs pytest twice, with Redis and with RabbitMQ; the first exit code that is not 0."""
    if not real.programs():
        real.install()
    if not (found := real.programs()):
        sys.exit("PostgreSQL 15 or later and Redis could not be installed.")
    install()
    var = ROOT / "var/several"
    reset(var)
    at = Place(var)
    try:
        port = real.free_port()
        postgres = Postgres(at, found[0], listen_addresses="127.0.0.1", port=port, max_connections=200, **FOR_TESTS)
        redis = Valkey(at, found[1], port=real.free_port())
        pooler = PgBouncer(at, port)
        environ = os.environ | {
            "EVENLY_TEST_SUPERUSER_URL": postgres.url.replace("@/", f"@127.0.0.1:{port}/").split("?")[0],
            "EVENLY_TEST_POOLER": pooler.url, "REDIS_URL": redis.url,
        }  # fmt: skip
        sys.stderr.write("Two webs, three workers, two timetables, through PgBouncer in transaction mode, with Redis:\n")
        failed = _pytest([*(arguments or ["tests/house", "tests/journeys"])], environ)
        redis.stop()
        rabbit = RabbitMQ(at)
        sys.stderr.write("Redis is lost; RabbitMQ in its place:\n")
        failed = _pytest(arguments or ["tests/journeys"], environ | {"EVENLY_TEST_AMQP_URL": rabbit.url}) or failed
        return failed
    finally:
        for server in reversed(at.servers):
            server.stop()
        at.close()
        reset(var)


def _pytest(arguments: list[str], environ: dict[str, str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environ, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except NotStarted as refused:
        sys.exit(str(refused))
