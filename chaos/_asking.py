"""A request as it goes over the wire, its answer, and what may be wrong with one."""

import io
import socket
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from chaos._rubbish import HOST, MARK
from portal.app import Evenly
from portal.settings import Settings


@dataclass(frozen=True)
class Ask:
    """One request, as it goes over the wire. `said` is what makes it again."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    address: str
    said: str


@dataclass(frozen=True)
class Answer:
    """What came back; `status` 0: the server hung up without a word."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """A header's value, or nothing."""
        return next((value for known, value in self.headers if known.lower() == name), "")


# ---------------------------------------------------------------------------- over the wire


def over_wsgi(app: Evenly, ask: Ask) -> Answer:
    """The application's answer, without a server between."""
    path, _, query = ask.target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": ask.method, "SCRIPT_NAME": "", "PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": ask.address, "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(ask.body), "wsgi.errors": io.StringIO(), "wsgi.multithread": True,
        "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip
    for name, value in ask.headers:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        between = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{between}{value}" if key in environ and key.startswith("HTTP_") else value
    got: list[Any] = []

    def begin(status: str, headers: list[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
        got[:] = [int(status.split(" ")[0]), tuple(headers)]
        return lambda _more: None

    try:
        whole = app(environ, begin)
        body = b"".join(whole)
        if hasattr(whole, "close"):
            whole.close()
    except Exception as broke:  # what no page catches is the worst answer of all
        return Answer(599, (("X-Broke", type(broke).__name__),), str(broke)[:200].encode())
    return Answer(got[0], got[1], body)


def over_http(port: int, ask: Ask) -> Answer:
    """The real server's answer. What its parser refuses by hanging up is refused."""
    head = (
        f"{ask.method} {ask.target or '/'} HTTP/1.1\r\n"
        + "".join(f"{name}: {value}\r\n" for name, value in ask.headers)
        + "Connection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), 30) as line:
        try:
            line.sendall(head.encode("latin-1", "replace") + ask.body)
            if any(name.lower() == "content-length" and value != str(len(ask.body)) for name, value in ask.headers):
                line.shutdown(socket.SHUT_WR)
            got = HTTPResponse(line, method=ask.method)
            got.begin()
            return Answer(got.status, tuple(got.getheaders()), got.read())
        except TimeoutError:
            return Answer(599, (), b"no answer in half a minute")
        except (HTTPException, OSError):
            return Answer(0, (), b"")


# ---------------------------------------------------------------------------- looking at answers


class Page(HTMLParser):
    """Forms and links of a page, and what of our markup is alive in it."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, str, dict[str, list[str]]]] = []
        self.links: list[str] = []
        self.alive: list[str] = []
        self._in: dict[str, list[str]] | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes what is of use."""
        given = {name: value or "" for name, value in attrs}
        if tag.startswith(MARK) or any(name.startswith(MARK) for name in given):
            self.alive.append(tag)
        self.alive += [
            tag
            for name in ("href", "src", "action", "formaction")
            if given.get(name, "").strip().lower().startswith(("javascript:", f"//{HOST}", f"http://{HOST}"))
        ]
        if tag == "form":
            self._in = {}
            self.forms.append((given.get("method", "get").upper(), given.get("action", ""), self._in))
        elif tag == "a" and given.get("href", "").startswith("/"):
            self.links.append(given["href"].partition("#")[0])
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self._in is not None and self._select:
            self._in.setdefault(self._select, []).append(given.get("value", ""))
        elif tag in ("input", "button", "textarea") and self._in is not None and given.get("name"):
            self._in.setdefault(given["name"], []).append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """A form ends."""
        if tag == "form":
            self._in = None

    def handle_data(self, data: str) -> None:
        """A script with our word in it runs."""
        if self.lasttag == "script" and MARK in data and self.cdata_elem:
            self.alive.append("script")


def wrong_with(answer: Answer, settings: Settings) -> list[str]:
    """What is wrong with an answer, in words; nothing when it is as it should be."""
    found = []
    if answer.status >= 500:
        found.append(f"answered {answer.status} {answer.header('x-broke')}")
    where = urlsplit(answer.header("location").replace("\\", "/"))
    ours = {urlsplit(url or "").netloc for url in (settings.public_url, settings.pretend_url, settings.stripe_base_url)}
    if where.netloc and where.netloc not in ours | {"checkout.stripe.com"}:
        found.append("leads to a host that is not ours")
    if any(MARK in name.lower() or HOST in value for name, value in answer.headers):
        found.append("has a header of ours")
    if MARK.encode() in answer.body and "html" in answer.header("content-type"):
        page = Page()
        page.feed(answer.body.decode("utf-8", "replace"))
        if page.alive:
            found.append(f"has our markup in it, alive: {page.alive}")
    return found
