"""`home` and `home-50`: how long a debtor waits for the home page.

Both serve the sample book by granian, as production does. `home`: twenty people press again as soon as
the page is there; `ours` and `limit` are the 95th percentiles in milliseconds of our page and of a bare
Flask page (`_bare.py`) with as many primary-key SELECTs as ours runs statements and as many bytes, by the
same server with the same workers; at most 3. `home-50`: fifty people who read for two seconds between two
looks; the 95th percentile against 300 ms.
"""

import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import event, text

from cases.db import Database
from portal import cluster, visit
from portal.app import create_app
from portal.demo.story import load_book
from portal.embedded import Place, Postgres
from portal.environ import Key
from portal.settings import Settings, libpq_url, sqlalchemy_url

ROOT = Path(__file__).resolve().parent.parent
PEOPLE = 50
ROUNDS = 3
SECONDS = 10.0
WARM = 2.0
READS = 2.0


@cache
def _measured() -> dict[str, dict[str, Any]]:
    """Both measures, from one database."""
    var = Path(tempfile.mkdtemp(prefix="evenly-bench-"))
    place = Place(var)
    postgres = Postgres(place)
    try:
        app_url, owner = cluster.prepare(postgres.url, password="for this run alone")
        cluster.upgrade(owner)
        settings = Settings(env="test", var=var, database_url=libpq_url(app_url), keys=(Key("bench", b"b" * 32),),
                            log_level="error", port=_free_port(), web_workers=2, web_threads=2,
                            stripe_api_key="sk_test_bench", stripe_webhook_secrets=("whsec_bench",))  # fmt: skip
        load_book(settings)
        with psycopg.connect(libpq_url(owner), autocommit=True) as connection:
            connection.execute("analyze")
        cookies, statements, page = _people(settings)
        (var / "page.html").write_bytes(page)
        bare = _environ() | {"BENCH_DATABASE_URL": sqlalchemy_url(libpq_url(owner)), "BENCH_SELECTS": str(statements),
                             "BENCH_PAGE": str(var / "page.html")}  # fmt: skip
        ours, limit = [], []
        with _served("portal.wsgi:application", settings, _environ() | settings.environ()) as here:
            with _served("benchmarks._bare:application", settings, bare) as there:
                for _ in range(ROUNDS):
                    ours.append(_p95(_load(here, [("/", cookie) for cookie in cookies[:20]], 0.0)))
                    limit.append(_p95(_load(there, [(f"/{n + 1}", "") for n in range(20)], 0.0)))
            reading = _p95(_load(here, [("/", cookie) for cookie in cookies], READS, seconds=30.0))
        mine, theirs = statistics.median(ours), statistics.median(limit)
        return {
            "home": {"ours": round(mine, 1), "limit": round(theirs, 1), "ratio": round(mine / theirs, 2),
                     "statements": statements, "bytes": len(page)},
            "home-50": {"ours": round(reading, 1), "limit": 300, "ratio": round(reading / 300, 2)},
        }  # fmt: skip
    finally:
        postgres.stop()
        place.close()
        shutil.rmtree(var, ignore_errors=True)


def _people(settings: Settings) -> tuple[list[str], int, bytes]:
    """Cookies of people who are signed in; how many statements their page runs; the page of one of them."""
    db = Database(settings.sqlalchemy_url)
    app = create_app(settings, database=db)
    app.extensions["wake"] = None
    clock = app.extensions["clock"]
    with db.acting() as session:
        owing = session.scalars(
            text("select person_id from liability group by 1 having count(*) > 1 order by 1 limit :n"), {"n": PEOPLE}
        ).all()
        for person in owing:
            token = f"bench-{person}"
            visit.start(session, token=token, now=clock.real(), person=person)
    signed = app.session_interface.get_signing_serializer(app)
    assert signed is not None
    # What the sign-in would have left in the browser.
    cookies = [f"{app.config['SESSION_COOKIE_NAME']}={signed.dumps({'_user_id': f'bench-{person}'})}" for person in owing]
    ran: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda c, cu, statement, *rest: ran.append(statement))
    page = app.test_client(use_cookies=False).get("/", headers={"Cookie": cookies[0]})
    assert page.status_code == 200, page.status
    db.close()
    return cookies, sum("set_config('role'" not in each for each in ran), page.data


@contextmanager
def _served(application: str, settings: Settings, environ: dict[str, str]) -> Iterator[int]:
    port = _free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1", "--port", str(port),
               "--workers", str(settings.web_workers), "--blocking-threads", str(settings.web_threads), "--log-level", "error",
               application]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=environ)
    try:
        _until_answers(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _load(port: int, asks: Sequence[tuple[str, str]], reads: float, seconds: float = SECONDS) -> list[float]:
    """Milliseconds of each answer: every one of these asks again and again, after `reads` seconds."""
    return asyncio.run(_asked(port, asks, reads, seconds))


async def _asked(port: int, asks: Sequence[tuple[str, str]], reads: float, seconds: float) -> list[float]:
    began = time.monotonic()
    found: list[float] = []

    async def person(n: int, path: str, cookie: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode()
        await asyncio.sleep(reads * n / len(asks))
        while (now := time.monotonic()) < began + WARM + seconds:
            writer.write(head)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in answer.split(b"\r\n", 1)[0], answer
            length = next(int(line[15:]) for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(length)
            if now > began + WARM:
                found.append((time.monotonic() - now) * 1000)
            await asyncio.sleep(reads)
        writer.close()

    await asyncio.gather(*(person(n, *each) for n, each in enumerate(asks)))
    return found


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def _until_answers(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            asyncio.run(_ping(port))
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the page does not answer")


async def _ping(port: int) -> None:
    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("EVENLY_", "STRIPE_", "DATABASE_"))}


MEASURES = {"home": lambda: _measured()["home"], "home-50": lambda: _measured()["home-50"]}
