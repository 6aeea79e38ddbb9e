"""Health: is the process alive, may it take visitors, what has it done.

- `/healthz`: this process answers. It asks nothing of anyone.
- `/readyz`: 200 with nothing wrong, else 503 with a code for each problem. What is asked is
  `cases.seal.readiness` (seals, the oldest open transaction), whether a migration is missing, and
  whether the database answers at all.
- `/metrics`: for Prometheus. Requests by route and status, and their durations. A web server has
  several processes and a scrape meets one of them, so each process writes its counts to files in
  `<var>/metrics` and the answer adds them up; `clear` empties the folder when the web server starts.
  The figures of `watch.py` stand beside them.
  Counts hold no personal data: a route is its template, never an address.
"""

import os
import shutil
import time
from pathlib import Path
from typing import Any, Final

import structlog
from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from cases import seal
from portal import cluster, watch
from portal.access import public

blueprint = Blueprint("health", __name__)
log = structlog.get_logger()

HEADS: Final = set(cluster.heads())
"""The newest migrations that this program knows."""

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Measures:
    """The counts of one application, shared by all processes that use the same folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # The library reads this name each time it opens a file, and chooses its kind of value when
        # it is imported, which is before any settings are read; so both are set here.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
        self.folder = folder
        own = CollectorRegistry()
        self.requests = Counter(
            "evenly_requests", "Requests answered", ("method", "route", "status"), registry=own)
        self.seconds = Histogram(
            "evenly_request_seconds", "Time to answer", ("route",), buckets=_SECONDS, registry=own)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """The sum over all processes, as Prometheus reads it."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(self.folder))  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def clear(folder: Path) -> None:
    """Throws the counts of former processes away; for the web server's start, before its workers."""
    shutil.rmtree(folder, ignore_errors=True)


def observe(app: Flask, measures: Measures) -> None:
    """Counts every request and writes one line for it: the route's template, never the address."""
    app.extensions["measures"] = measures

    def begin() -> None:
        g.began = time.perf_counter()

    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        route = request.url_rule.rule if request.url_rule is not None else "none"
        measures.count(_method(), route, response.status_code, seconds)
        if route not in ("/healthz", "/metrics") and not route.startswith("/static/"):
            log.info("request", method=_method(), route=route, status=response.status_code,
                     ms=round(seconds * 1000, 1))
        return response

    app.before_request_funcs.setdefault(None, []).insert(0, begin)
    app.after_request(end)


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """Alive."""
    return _fresh(jsonify(status="ok"))


@blueprint.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """Whether visitors may be sent here; a code for each reason why not."""
    problems = _problems()
    if problems:
        log.warning("not_ready", problems=problems)
    status = "ok" if not problems else "not ready"
    return _fresh(jsonify(status=status, problems=problems)), 503 if problems else 200


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """The counts of all processes, and the figures that tell whether the work gets done."""
    measures: Measures = current_app.extensions["measures"]
    return _fresh(Response(measures.text() + _figures(), content_type=CONTENT_TYPE_LATEST))


def _figures() -> bytes:
    """What the rows say; nothing where the database does not answer, which `/readyz` tells."""
    database: Any = current_app.extensions["database"]
    if database is None:
        return b""
    try:
        with database.acting() as session:
            return watch.figures(session, at=g.now, real=current_app.extensions["clock"].real())
    except SQLAlchemyError:
        log.error("figures_failed", exc_info=True)
        return b""


def _problems() -> list[str]:
    database: Any = current_app.extensions["database"]
    if database is None:
        return ["database.not_set"]
    try:
        with database.acting() as session:
            problems = list(seal.readiness(session))
            present = set(session.scalars(text("select version_num from alembic_version")))
            return problems if present == HEADS else [*problems, "migration.missing"]
    except SQLAlchemyError:
        log.error("readiness_failed", exc_info=True)
        return ["database.no_answer"]


def _method() -> str:
    """The method if it is one we know; a made-up one would grow the counts without end."""
    return request.method if request.method in ("GET", "HEAD", "POST", "OPTIONS") else "OTHER"


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
