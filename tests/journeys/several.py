"""Several of everything: a second web, two more workers and a second timetable, behind one address.

As on more than one machine: all come to the database through PgBouncer in transaction mode, and a
relay in front hands each connection to the next web, past one that is away. When they stop, each of
them has taken part: both webs have served, every worker has written what it did.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from portal.settings import Settings
from portal.up import Child, processes

WEBS, WORKERS, TIMETABLES = 2, 3, 2


class Relay:
    """One address in front of several webs. `served` counts the connections of each port."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.served: Counter[int] = Counter()
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        made = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._carry, "127.0.0.1", 0), self._loop)
        self._server = made.result(10)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """Listens no more, and hangs up."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _hang_up(self) -> None:
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        while self._open:
            await asyncio.sleep(0.01)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries one connection to the web that has served least."""
        for port in sorted(self.ports, key=lambda each: self.served[each]):
            try:
                theirs, ours = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            self.served[port] += 1
            self._open |= {writer, ours}
            await asyncio.gather(_pipe(reader, ours), _pipe(theirs, writer))
            self._open -= {writer, ours}
            return
        writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    except OSError:
        pass  # one side hung up: so does the other
    finally:
        writer.close()


@contextmanager
def more(settings: Settings, environ: Mapping[str, str], relay: Relay) -> Iterator[None]:
    """The others beside a running house, which `relay` leads to, until all have taken part."""
    relay.ports = [settings.port]
    others = []
    try:
        for n in range(2, max(WEBS, WORKERS, TIMETABLES) + 1):
            others += _started(settings, environ, relay, n)
        yield
        logs = {child.name: child.log for child in others if child.name.startswith("worker")}
        for name, log in {"worker": settings.var / "worker.log", **logs}.items():
            assert _did_something(log), f"{name} has done nothing"
        assert all(relay.served[port] for port in relay.ports), relay.served
        assert [child.name for child in others if child.process.poll() is not None] == []
    finally:
        for child in others:
            child.stop(lambda: False)
        relay.close()


def _started(settings: Settings, environ: Mapping[str, str], relay: Relay, n: int) -> Iterator[Child]:
    """The `n`-th of each kind, where there is one."""
    mine = replace(settings, port=settings.port + 40 + n)
    for name, argv, patience in processes(mine):
        if n > {"web": WEBS, "worker": WORKERS, "timetable": TIMETABLES}.get(name, 0):
            continue
        if name == "web":
            relay.ports.append(mine.port)
        if name == "worker":
            argv = [*argv, "-n", f"worker-{n}@evenly"]
        if name == "timetable":
            argv = [f"{word}-{n}" if word.endswith("/beat") else word for word in argv]
        yield Child(f"{name}-{n}", argv, environ={**environ, **mine.environ()}, var=mine.var, patience=patience)


def _did_something(log: Path) -> bool:
    """Whether this worker has written that it made a round."""
    return "Task %(name)s[%(id)s] succeeded" in log.read_text("utf-8")
