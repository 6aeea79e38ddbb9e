"""A debtor's pages served on loopback, with someone signed in, for a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext
from werkzeug.serving import make_server

from portal.app import Evenly


@contextmanager
def served(app: Evenly) -> Iterator[str]:
    """The address of an application on loopback."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def window(browser: Browser, at: str, signed_in: FlaskClient | None = None, **how: object) -> Iterator[BrowserContext]:
    """A window of the browser; with the session of a test's own browser that is signed in."""
    context = browser.new_context(**how)
    if signed_in is not None:
        cookie = signed_in.get_cookie("evenly")
        assert cookie is not None
        context.add_cookies([{"name": "evenly", "value": cookie.value, "url": at}])
    try:
        yield context
    finally:
        context.close()
