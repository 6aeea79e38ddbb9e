"""One post of a body to an address, and what came back: what every provider's news needs."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from urllib.parse import urlsplit

ANSWER_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: ``http`` is None when nothing did, and ``why`` says what happened."""

    http: int | None
    content_type: str = ""
    body: str = ""
    why: str = ""
    tries: int = 1


async def exchange(url: str, body: bytes, headers: list[str], *, connect: float, read: float) -> tuple[Answer, str]:
    """One post, and how it failed: ct no connection, rt no answer, 4xx, 5xx or nothing. Waits in seconds."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    try:
        port = parts.port or (443 if secure else 80)
        opening = asyncio.open_connection(parts.hostname, port, ssl=secure or None, limit=ANSWER_LIMIT)
        reader, writer = await asyncio.wait_for(opening, connect)
    except (OSError, ValueError, TimeoutError) as error:
        return Answer(None, why=f"no connection ({type(error).__name__})"), "ct"
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = [
            f"POST {target} HTTP/1.1",
            f"Host: {parts.netloc.rpartition('@')[2]}",
            f"Content-Length: {len(body)}",
            *headers,
            "Accept: */*",
            "Connection: close",
        ]
        if parts.username is not None:
            login = base64.b64encode(f"{parts.username}:{parts.password or ''}".encode()).decode()
            head.append(f"Authorization: Basic {login}")
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body)
        answer = await asyncio.wait_for(_answer(reader), read)
    except (OSError, ValueError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
        return Answer(None, why=f"no answer ({type(error).__name__})"), "rt"
    finally:
        writer.close()
    assert answer.http is not None
    failure = f"{answer.http // 100}xx" if answer.http >= 400 else ""
    return answer, failure


async def _answer(reader: asyncio.StreamReader) -> Answer:
    """Reads one HTTP answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readline()
            if len(body) > ANSWER_LIMIT:
                raise ValueError("too long")
    elif "content-length" in headers:
        body = await reader.readexactly(min(int(headers["content-length"]), ANSWER_LIMIT))
    else:
        body = await reader.read(ANSWER_LIMIT)
    content_type = headers.get("content-type", "").split(";")[0].strip().lower()
    return Answer(status, content_type, body.decode("utf-8", "replace"))
