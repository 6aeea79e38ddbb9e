"""The web application: what every page has before a face adds its own.

`create_app` gives each page its clock, its language, its headers, its CSRF check, a number for each
request, and plain words when something goes wrong; then it registers the faces. A face is a
blueprint with its pages; where it stands is said here (house: URLs). A page's own door opens the
transaction: nothing here touches the database but `/readyz`.

For the doors: `current_app.extensions["settings" | "clock" | "database"]`; `g.now` is the moment of
the request (UTC, moved in the demo), read once.
"""

import gzip
import hashlib
import hmac
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Flask, Response, abort, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from cases.clock import Clock, local
from cases.db import Database
from cases.refusal import Refusal
from portal import access, demo, health, language, logs, mail_ends, sign_in, staff_sign_in, wiring, worker
from portal.admin import limits as admin_limits
from portal.collector import pages as collector_pages
from portal.debtor import info, pages
from portal.hooks import sendgrid as sendgrid_hooks
from portal.hooks import stripe as stripe_hooks
from portal.hooks import twilio as twilio_hooks
from portal.keys import Keys
from portal.language import _, _l
from portal.refusals import sentence
from portal.settings import Settings

log = structlog.get_logger()

ROOT: Final = Path(__file__).resolve().parent
LARGEST_REQUEST: Final = 256 * 1024

FACES: Final[tuple[tuple[Blueprint, str], ...]] = (
    (health.blueprint, ""),
    (info.blueprint, ""),
    (sign_in.blueprint, ""),
    (staff_sign_in.blueprint, "/staff"),
    (pages.blueprint, ""),
    (collector_pages.blueprint, "/work"),
    (admin_limits.blueprint, "/admin"),
    (twilio_hooks.blueprint, "/hooks"),
    (stripe_hooks.blueprint, "/hooks"),
    (sendgrid_hooks.blueprint, "/hooks"),
    (mail_ends.blueprint, ""),
)
"""Each face and where it stands. The stand-in's face is added only where there is a stand-in."""

OUTSIDE_CSRF: Final[tuple[Blueprint, ...]] = (
    twilio_hooks.blueprint, stripe_hooks.blueprint, sendgrid_hooks.blueprint, mail_ends.blueprint,
)  # fmt: skip
"""Faces that are called by programs, which sign what they send instead, or hold what we signed."""

_WRONG: Final[dict[int, tuple[Any, tuple[Any, ...]]]] = {
    400: (_l("We could not read that"), (_l("Please go back and try again."),)),
    403: (_l("You may not see this page"), (_l("It belongs to someone else, or to another kind of user."),)),
    404: (_l("We cannot find this page"), (_l("The address may be mistyped, or the page has gone."),)),
    405: (_l("This page cannot be used that way"), (_l("Please go back and try again."),)),
    409: (_l("That cannot be done now"), ()),
    413: (_l("That is too large"), (_l("Please go back and send less."),)),
    429: (_l("Too many tries"), (_l("Please wait a little, then try again."),)),
    500: (
        _l("Something went wrong on our side"),
        (_l("It is not your fault. Please try again in a few minutes."),),
    ),
    503: (_l("We are not quite ready"), (_l("Please try again in a few minutes."),)),
}


@dataclass(frozen=True)
class House:
    """The organisation as its pages name it."""

    name: str
    telephone: str | None
    mail: str | None
    company: str | None


class IdConverter(IntegerConverter):
    """A number in an address: what no id of a row can be is no address of ours."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=2**63 - 1)


class Evenly(Flask):
    """Flask, but an error is logged as its type and frames: no address and no message."""

    def log_exception(self, exc_info: Any) -> None:
        """One line for an error that no page expected."""
        route = request.url_rule.rule if request.url_rule is not None else "none"
        log.error("error", route=route, method=request.method, exc_info=exc_info)


def create_app(
    settings: Settings, *, clock: Clock | None = None, database: Database | None = None
) -> Evenly:
    """The web application of one installation.

    `clock` and `database` are made from the settings unless given. ValueError when the settings
    hold no key: cookies are signed with it.
    """
    wiring.hurry(settings)
    if not structlog.is_configured():
        # Before anything can be logged: the library's own way shows the values of variables.
        logs.configure(settings.log_level)
    app = Evenly("portal", root_path=str(ROOT), static_folder=None,
                 template_folder=str(ROOT.parent / "templates"))
    app.url_map.converters["int"] = IdConverter
    # No answer names the host that the asker made up: an address is ours as it stands, or it is not found.
    app.url_map.strict_slashes = app.url_map.merge_slashes = False
    if database is None and settings.database_url is not None:
        database = Database(
            settings.sqlalchemy_url, prefix=settings.prefix, pooled=settings.pooled,
            size=settings.web_threads,
        )
    app.extensions.update(
        settings=settings, clock=clock or Clock(settings.clock_file), database=database)
    _configure(app, settings)
    app.extensions["keys"] = Keys(settings.keys)
    app.extensions["wake"] = worker.wake
    app.extensions["till"] = None if database is None else wiring.till(settings, database, app.extensions["clock"])
    language.speak(app)
    health.observe(app, health.Measures(settings.var / "metrics"))
    _number_requests(app)
    _protect(app, settings)
    access.install(app)
    _static(app)
    _furnish(app, settings)
    _explain_errors(app)
    for face, prefix in FACES:
        app.register_blueprint(face, url_prefix=prefix or None)
    if settings.pretend_url is not None and settings.env != "production":
        app.register_blueprint(demo.blueprint, url_prefix="/demo")
        app.extensions["rounds"] = wiring.rounds_on_demand(settings, app.extensions)
    return app


# ------------------------------------------------------------------------------ set-up


def _configure(app: Flask, settings: Settings) -> None:
    if not settings.keys:
        raise ValueError("the settings hold no key: cookies could not be signed")
    https = settings.public_url.startswith("https://")
    signing = [
        hmac.new(key.secret, b"evenly session cookie", hashlib.sha256).hexdigest() for key in settings.keys
    ]
    app.config.update(
        SECRET_KEY=signing[0],
        SECRET_KEY_FALLBACKS=signing[1:],
        # __Host-: this host alone, over https, for every path. Lax: a payment page on another host
        # leads back here by a link, which Strict would meet signed out.
        SESSION_COOKIE_NAME="__Host-evenly" if https else "evenly",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST,
        # A form lives as long as the session it was given in: slow people are not punished.
        WTF_CSRF_TIME_LIMIT=None,
        # The library would ask for a Referer over https; our own header forbids sending one.
        WTF_CSRF_SSL_STRICT=False,
        WTF_I18N_ENABLED=False,
        TEMPLATES_AUTO_RELOAD=settings.env == "development",
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.json.sort_keys = False  # type: ignore[attr-defined]
    if settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies)


def _number_requests(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        g.request_id = secrets.token_hex(8)
        g.now = app.extensions["clock"].now()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            request_id=g.request_id, face=language.face_of(request.path))

    @app.after_request
    def number(response: Response) -> Response:
        if "request_id" in g:
            response.headers["X-Request-Id"] = g.request_id
        return response


def _protect(app: Flask, settings: Settings) -> None:
    csrf = CSRFProtect(app)
    for face in OUTSIDE_CSRF:
        csrf.exempt(face)
    headers = security_headers(settings)

    @app.after_request
    def guard(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def security_headers(settings: Settings) -> dict[str, str]:
    """The headers of every answer. Forms go to us and to the card page; in the demo to the stand-in."""
    forms = ["'self'", "https://checkout.stripe.com"]
    if settings.pretend_url:
        stand_in = urlsplit(settings.pretend_url)
        forms.append(f"{stand_in.scheme}://{stand_in.netloc}")
    headers = {
        "Content-Security-Policy": "; ".join((
            "default-src 'self'", f"form-action {' '.join(forms)}", "frame-ancestors 'none'",
            "base-uri 'none'", "object-src 'none'",
        )),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }
    if settings.public_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


# ------------------------------------------------------------------------------ static files


_KINDS: Final = {
    ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
    ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent: whole, and squeezed where that helps."""

    kind: str
    whole: bytes
    squeezed: bytes | None


def _static(app: Flask) -> None:
    """Serves `static/` from memory. One hash over all files stands in each address, so that a
    stylesheet's own relative addresses carry it too, and a browser never asks twice."""
    files = {}
    for path in sorted((ROOT / "static").rglob("*")):
        if path.suffix in _KINDS:
            whole = path.read_bytes()
            text = path.suffix in (".css", ".js", ".svg", ".txt")
            files[path.relative_to(ROOT / "static").as_posix()] = StaticFile(
                _KINDS[path.suffix], whole, gzip.compress(whole, mtime=0) if text else None)
    every = hashlib.sha256(b"".join(name.encode() + file.whole for name, file in files.items()))
    version = every.hexdigest()[:12]

    def send(version_asked: str, name: str) -> Response:
        file = files.get(name)
        if file is None:
            abort(404)
        squeeze = file.squeezed is not None and "gzip" in request.accept_encodings
        response = make_response(file.squeezed if squeeze else file.whole)
        response.headers["Content-Type"] = file.kind
        if file.squeezed is not None:
            response.headers["Vary"] = "Accept-Encoding"
        if squeeze:
            response.headers["Content-Encoding"] = "gzip"
        current = version_asked == version
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if current else "public, max-age=60")
        return response

    app.add_url_rule("/static/<version_asked>/<path:name>", "static", access.public(send))

    def static(name: str) -> str:
        if name not in files:
            raise KeyError(f"{name} is not a static file")
        return f"/static/{version}/{name}"

    app.jinja_env.globals["static"] = static


# ------------------------------------------------------------------------------ pages


def _furnish(app: Flask, settings: Settings) -> None:
    house = House(settings.name, settings.telephone, settings.mail, settings.company)

    @app.context_processor
    def furniture() -> dict[str, Any]:
        shown = None
        if settings.pretend_url is not None and "now" in g:
            shown = local(g.now, g.get("zone", language.ZONE)).date()
        staff = language.face_of(request.path) == "staff"
        idle = g.get("idle", access.IDLE)
        faces = {"/work": "collector.queue", "/admin": "admin.limits"}
        own = (url_for(start) for face, start in faces.items() if request.path.startswith(face))
        home = next(own, "/staff/" if staff else "/")
        return {"house": house, "home": home, "demo_day": shown, "demo_at": "/demo/",
                "warned_after": int((idle - access.WARNING).total_seconds())}


def _explain_errors(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def known(error: HTTPException) -> ResponseReturnValue:
        if error.response is not None or error.code is None or error.code < 400:
            return error.get_response()
        response = _page_of(error.code)
        for name, value in error.get_headers():
            if name not in ("Content-Type", "Content-Length"):
                response.headers[name] = value
        return response

    @app.errorhandler(CSRFError)
    def stale(_error: CSRFError) -> ResponseReturnValue:
        log.info("csrf_refused")
        return _page_of(400, _("This page has been open for a long time"),
                        (_("Copy what you wrote, if you can. Then open the page again and send it once more."),))

    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> ResponseReturnValue:
        log.info("refused", code=refusal.code)
        said = sentence(refusal, "staff" if language.face_of(request.path) == "staff" else "debtor")
        return _page_of(409, sentences=(said,))


def _page_of(status: int, heading: str | None = None, sentences: tuple[str, ...] | None = None) -> Response:
    known, words = _WRONG.get(status, _WRONG[400 if status < 500 else 500])
    heading, sentences = heading or str(known), sentences or tuple(str(word) for word in words)
    if request.path.startswith(("/hooks/", "/api/")):
        return Response(heading + "\n", status=status, content_type="text/plain; charset=utf-8")
    layout = "layout/desk.html" if language.face_of(request.path) == "staff" else "layout/plain.html"
    try:
        page = render_template("errors/page.html", layout=layout, heading=heading, sentences=sentences,
                               request_id=g.get("request_id") if status >= 500 else None)
    except Exception:
        # What the page needs may be what broke. Something readable is still owed.
        log.error("error_page_failed", exc_info=sys.exc_info())
        page = f"<!doctype html><html lang=en><title>{heading}</title><h1>{heading}</h1>"
    return Response(page, status=status, content_type="text/html; charset=utf-8")
