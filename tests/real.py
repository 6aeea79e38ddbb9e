"""The same suite on this system's own PostgreSQL and Redis: `make test-real`.

Debian's binaries are installed by apt where they are missing, and run a private cluster in
`var/real` over TCP on loopback; the system's own clusters are not touched. Neither server keeps
anything: both are made anew for the run.
"""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from portal.embedded import FOR_TESTS, NotStarted, Place, Postgres, Valkey
from portal.place import reset
from portal.settings import ROOT

APT = ["apt-get", "install", "-y", "--no-install-recommends"]


def programs() -> tuple[Path, Path] | None:
    """PostgreSQL's folder of programs (15 where it is there, else the newest) and Redis' server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    found = [p for p in found if (p / "initdb").exists() and int(p.parent.name) >= 15]
    redis = shutil.which("redis-server") or shutil.which("valkey-server")
    if not found or not redis:
        return None
    return next((p for p in found if p.parent.name == "15"), found[-1]), Path(redis)


def install() -> None:
    """Installs Debian's packages as root; else tells what to type, and ends."""
    if os.geteuid() or not shutil.which("apt-get"):
        sys.exit(f"PostgreSQL 15 or later and Redis are missing. Type: sudo {' '.join(APT)} postgresql redis-server")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-qq", "update"], **quiet)
    for each in ("postgresql-15", "postgresql"):  # Debian 12's, else what this release has
        sys.stderr.write(f"Installing: {' '.join(APT)} {each} redis-server\n")
        if subprocess.run([*APT, each, "redis-server"], env=environ, **quiet).returncode == 0:
            return


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def main(arguments: list[str]) -> int:
    """Runs pytest against both servers; its exit code."""
    if not programs():
        install()
    if not (found := programs()):
        sys.exit("PostgreSQL 15 or later and Redis could not be installed.")
    postgres_programs, redis_program = found
    var = ROOT / "var/real"
    reset(var)
    at = Place(var)
    try:
        port = free_port()
        postgres = Postgres(at, postgres_programs, listen_addresses="127.0.0.1", port=port, **FOR_TESTS)
        try:
            redis = Valkey(at, redis_program, port=free_port())
            try:
                where = f"127.0.0.1:{port}"
                url = postgres.url.replace("@/", f"@{where}/").split("?")[0]
                sys.stderr.write(f"{postgres_programs} and {redis_program}\n")
                environ = os.environ | {"EVENLY_TEST_SUPERUSER_URL": url, "REDIS_URL": redis.url}
                return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environ, check=False).returncode
            finally:
                redis.stop()
        finally:
            postgres.stop()
    finally:
        at.close()
        reset(var)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except NotStarted as refused:
        sys.exit(str(refused))
