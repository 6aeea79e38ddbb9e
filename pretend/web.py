"""A small HTTP/1.1 server on asyncio, and the routes of all rooms.

One thread serves every connection, so the rooms need no locks, and a call that a carrier answers
late costs no thread while it waits. Connections are kept alive; asyncio switches Nagle's delay off.

A handler takes the request and the parts of its path, and gives a Response or, when it has to wait,
an awaitable of one. A Response may come late, or never: a carrier may take a text and say nothing.

Only this machine may ask: the server listens on the loopback address, a Host that is not a loopback
name is refused (another site's name may be made to point here), and so is a POST from another site.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 40 * 1024 * 1024
REASONS = {status.value: status.phrase for status in HTTPStatus}
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


class BadRequest(Exception):
    """The request cannot be read; the connection is closed after the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(REASONS[status])
        self.status = status


class Ending(Enum):
    """How an exchange ends: with the answer, in silence, or with the connection cut."""

    ANSWER = "answer"
    HOLD = "hold"
    CLOSE = "close"


@dataclass(slots=True)
class Request:
    """One request as it came; header names are in small letters."""

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes

    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query_string, keep_blank_values=True)

    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    def json(self) -> Any:
        """The body as JSON, unpacked when it came compressed. ValueError when it is none."""
        body = self.body
        if self.headers.get("content-encoding") == "gzip":
            try:
                body = gzip.decompress(body)
            except (OSError, EOFError) as error:
                raise ValueError("not gzip") from error
        return json.loads(body)


@dataclass(slots=True)
class Response:
    """One answer; ``delay`` in seconds."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    ending: Ending = Ending.ANSWER

    def encode(self, *, keep_alive: bool) -> bytes:
        lines = [
            f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Answer')}",
            f"Content-Length: {len(self.body)}",
            "Connection: keep-alive" if keep_alive else "Connection: close",
        ]
        if self.body:
            lines.append(f"Content-Type: {self.content_type}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + self.body


Handler = Callable[..., Response | Awaitable[Response]]
Route = tuple[str, str, Handler]


def json_response(status: int, value: Any, **more: Any) -> Response:
    """An answer in JSON."""
    return Response(status, json.dumps(value).encode(), "application/json;charset=utf-8", **more)


@dataclass(slots=True)
class Router:
    """Finds the handler for a request; the first route that fits wins. Method * takes any method."""

    routes: list[tuple[str, re.Pattern[str], Handler]] = field(default_factory=list)

    def add(self, routes: Iterable[Route]) -> None:
        """Adds a room's routes. In a pattern ``{x}`` stands for one part of the path."""
        for method, pattern, handler in routes:
            compiled = re.compile(re.sub(r"\{\w+\}", "([^/]+)", pattern))
            self.routes.append((method, compiled, handler))

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        refused = self._from_elsewhere(request)
        if refused is not None:
            return refused
        for method, pattern, handler in self.routes:
            if method == request.method or method == "*":
                match = pattern.fullmatch(request.path)
                if match:
                    return handler(request, *map(unquote, match.groups()))
        return Response(404, b"Nothing here.\n")

    @staticmethod
    def _from_elsewhere(request: Request) -> Response | None:
        try:
            name = urlsplit("//" + request.headers.get("host", "")).hostname or ""
        except ValueError:
            name = ""
        if name not in LOOPBACK_NAMES and not name.endswith(".localhost"):
            return Response(421, b"The pretend world answers on a loopback name only.\n")
        if request.method not in ("GET", "HEAD"):
            site = request.headers.get("sec-fetch-site")
            if site is None:  # no browser, or one that only says Origin
                origin = request.headers.get("origin")
                own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
            else:
                own = site in ("none", "same-origin")
            if not own:
                return Response(403, b"This came from another site.\n")
        return None


class Connection(asyncio.Protocol):
    """One kept-alive connection: reads a request, has it answered, reads the next."""

    def __init__(self, answer: Handler, log: Callable[[str], object] | None) -> None:
        self._answer = answer
        self._log = log
        self._buffer = bytearray()
        self._busy = False
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._busy = True
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        try:
            request = self._read()
        except BadRequest as bad:
            self._busy = True
            self._transport.write(Response(bad.status).encode(keep_alive=False))
            self._transport.close()
            return
        if request is None:
            return
        self._busy = True
        try:
            outcome = self._answer(request)
        except Exception:
            self._finish(request, self._failure())
            return
        if isinstance(outcome, Response):
            self._finish(request, outcome)
        else:
            self._task = asyncio.ensure_future(self._wait(request, outcome))

    async def _wait(self, request: Request, outcome: Awaitable[Response]) -> None:
        try:
            response = await outcome
        except Exception:
            response = self._failure()
        self._finish(request, response)

    def _failure(self) -> Response:
        sys.stderr.write(traceback.format_exc())
        return Response(500, b"The pretend world made a mistake; see its log.\n")

    def _finish(self, request: Request, response: Response) -> None:
        if response.delay > 0:
            self._timer = asyncio.get_running_loop().call_later(response.delay, self._write, request, response)
        else:
            self._write(request, response)

    def _write(self, request: Request, response: Response) -> None:
        if self._log is not None:
            said = response.status if response.ending is Ending.ANSWER else response.ending.value
            # Only the first part of the path: the others may hold a number or an address.
            self._log(f"{request.method} /{request.path.split('/')[1]} {said}\n")
        if self._transport.is_closing() or response.ending is Ending.HOLD:
            return
        if response.ending is Ending.CLOSE:
            self._transport.abort()
            return
        keep = request.headers.get("connection", "").lower() != "close"
        self._transport.write(response.encode(keep_alive=keep))
        if not keep:
            self._transport.close()
            return
        self._busy = False
        if self._buffer:
            self._next()

    def _read(self) -> Request | None:
        """The next whole request in the buffer, or None while it is not whole."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > HEAD_LIMIT:
                raise BadRequest(431)
            return None
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        try:
            method, target, version = lines[0].split(" ")
            if not target.startswith("/"):
                raise ValueError(target)
            headers = {}
            for line in lines[1:]:
                name, colon, value = line.partition(":")
                if not colon:
                    raise ValueError(line)
                headers[name.lower()] = value.strip()
            length = int(headers.get("content-length", 0))
        except ValueError as error:
            raise BadRequest(400) from error
        if "transfer-encoding" in headers:
            raise BadRequest(411)
        if length < 0 or length > BODY_LIMIT:
            raise BadRequest(400 if length < 0 else 413)
        start = end + 4
        if len(self._buffer) < start + length:
            if headers.get("expect", "").lower() == "100-continue" and len(self._buffer) == start:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        body = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        if version == "HTTP/1.0":
            headers["connection"] = "close"
        path, _, query = target.partition("?")
        return Request(method, path, query, headers, body)


async def listen(answer: Handler, port: int, *, quiet: bool) -> tuple[asyncio.AbstractServer, int]:
    """Listens on the loopback address; gives the server and its port. OSError when the port is taken."""
    log = None if quiet else sys.stderr.write
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(answer, log), "127.0.0.1", port, backlog=512)
    return server, server.sockets[0].getsockname()[1]
