"""Logs: one JSON object a line, in UTC, without personal data.

A line says what happened (`event`), where (a route's template, a task's name) and with what result.
It never says about whom: only the keys in `ALLOWED` are written, a number, a word or a code each;
what else was given is dropped, and `dropped` names its keys. Of a library's line only the template
is kept, never what was filled in: nobody knows what stands there. Of an exception its type and its
frames are kept, never its message, which may hold what someone typed; a Refusal's code and the
database's error code and constraint are safe and stay.

`request_id` and `task_id` are bound for a request or a task and stand on each of its lines.
"""

import logging
import sys
import traceback
from types import TracebackType
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from cases.refusal import Refusal

ALLOWED: Final = frozenset({
    "event", "level", "timestamp", "logger", "dropped",
    "request_id", "task_id", "task", "process", "face",
    "method", "route", "status", "ms", "count", "attempt", "queue", "reason", "code", "step",
    "seal", "hash", "anchor", "from_row", "to_row", "rows", "batch", "load", "file_kind",
    "message_id", "attempt_id", "creditor_id", "document_id", "event_id", "work_item_id", "provider", "channel",
    "state", "outcome",
    "on", "day", "port", "version", "revision", "env", "problem", "problems", "at_once",
    "signal", "exception", "place", "template", "stuck",
})
"""Every key a line may have. None of them may ever hold a name, a number of a person or what was typed."""

_LONGEST: Final = 200
_QUIET: Final = {
    # These write each request's address, query or body at INFO.
    "twilio": logging.WARNING, "sendgrid": logging.WARNING, "python_http_client": logging.WARNING,
    "urllib3": logging.WARNING, "werkzeug": logging.ERROR, "_granian": logging.WARNING,
    "granian.access": logging.CRITICAL, "sqlalchemy.engine": logging.WARNING,
}


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Sets up structlog and the standard library's loggers for this process; call it once, first."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        scrub_exception,
    ]
    out = stream or sys.stdout
    render: list[Processor] = [only_allowed, structlog.processors.JSONRenderer(sort_keys=True)]
    number = logging.getLevelName(level.upper())
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[template_only, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        pass_foreign_args=True,
    ))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, number))


def only_allowed(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Drops every key that is not allowed and says which; long words are cut."""
    dropped = sorted(key for key in line if key not in ALLOWED)
    kept = {key: _plain(value) for key, value in line.items() if key in ALLOWED}
    if dropped:
        kept["dropped"] = dropped
    return kept


def template_only(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """A library's line: its template if something was filled in, else only its place."""
    record: logging.LogRecord | None = line.get("_record")
    if record is None:
        return line
    filled_in = line.pop("positional_args", None)
    line["logger"] = record.name
    line["event"] = "library"
    line["place"] = f"{record.filename}:{record.lineno}"
    if filled_in and isinstance(record.msg, str):
        line["template"] = record.msg
    return line


def scrub_exception(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Replaces exc_info by types and frames; no message of any exception is written."""
    found = line.pop("exc_info", None)
    line.pop("stack_info", None)
    if found is True:
        found = sys.exc_info()
    if isinstance(found, BaseException):
        found = (type(found), found, found.__traceback__)
    if isinstance(found, tuple) and found[1] is not None:
        line["exception"] = described(found[1], found[2])
    return line


def described(error: BaseException, where: TracebackType | None) -> list[dict[str, Any]]:
    """An exception and what caused it: type, safe codes, frames (innermost last)."""
    chain: list[dict[str, Any]] = []
    seen: set[int] = set()
    following: BaseException | None = error
    frames_of: TracebackType | None = where
    while following is not None and id(following) not in seen and len(chain) < 5:
        seen.add(id(following))
        kind = type(following)
        one: dict[str, Any] = {"type": f"{kind.__module__}.{kind.__qualname__}"}
        if isinstance(following, Refusal):
            one["code"] = following.code
        original = getattr(following, "orig", following)
        if sqlstate := getattr(original, "sqlstate", None):
            one["sqlstate"] = str(sqlstate)
        if constraint := getattr(getattr(original, "diag", None), "constraint_name", None):
            one["constraint"] = str(constraint)
        one["frames"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(frames_of, limit=-20)
        ]
        chain.append(one)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
        frames_of = following.__traceback__ if following is not None else None
    return chain


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    text = str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
