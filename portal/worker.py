"""The worker: Celery's application and its thin tasks. Each makes one round (`rounds.py`).

Celery is only the doorbell. The rows say what is due, so a task that is lost is made up by the
timetable within a minute, and a task that runs twice finds nothing the second time. A task's name is
what a door wakes: `wake("answers")`.
"""

import os
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import structlog
from celery import Celery, signals

from cases.waits import WAITS
from portal import logs, timetable, wiring
from portal.rounds import Rounds
from portal.settings import Settings

log = structlog.get_logger()

celery: Final = Celery("evenly")
"""`celery -A portal.worker:celery`."""


@celery.add_defaults
def _configured() -> dict[str, Any]:
    """Read when Celery first needs it, so that importing this module reads no settings."""
    settings = Settings.read(os.environ)
    WAITS.hurry(settings.hurry)
    return {
        "broker_url": settings.broker_url,
        "broker_connection_retry_on_startup": True,
        # Measured (kill -9 of a worker): with the defaults its tasks come back late, or twice.
        "broker_transport_options": {
            "visibility_timeout": 300,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": 2,
        },
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "task_ignore_result": True,
        "task_default_queue": f"{settings.prefix}.rounds",
        # Thousands of statements have a queue of their own, so that a text never waits behind one.
        "task_routes": {"evenly.papers": {"queue": f"{settings.prefix}.papers"}},
        # A door that cannot ring goes on: the timetable rings within a minute.
        "task_publish_retry": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "beat_schedule": timetable.schedule(),
        "beat_max_loop_interval": min(5.0, WAITS.round.total_seconds()),
    }


def wake(name: str) -> None:
    """Rings for a round: `codes`, `answers`, `events`, `payments`, `papers`, `deliver`. Call it after the commit.

    ValueError for a round that is not in the timetable. Raises what the broker raises when it is
    down; a door may pass over that.
    """
    if name not in timetable.ROUNDS:
        raise ValueError(f"no round is called {name}")
    if celery.conf.broker_url:
        celery.send_task(f"evenly.{name}", expires=timetable.MINUTE)


@cache
def rounds() -> Rounds:
    """This process's rounds; made after the fork, for neither connections nor threads survive one."""
    made = wiring.rounds(Settings.read(os.environ))
    made.wakes_by(wake)
    return made


def _task(make: Callable[[Rounds], int], name: str, *then: str) -> None:
    """Registers a round as a task; when it did something, it wakes the next ones."""

    @celery.task(name=f"evenly.{name}", shared=False)
    def run() -> None:
        if make(rounds()):
            for each in then:
                wake(each)


_task(Rounds.day, "day", "answers")
_task(Rounds.codes, "codes", "deliver")
_task(Rounds.answers, "answers", "deliver", "papers")
_task(Rounds.reminders, "reminders", "deliver")
_task(Rounds.events, "events", "deliver")
_task(Rounds.payments, "payments", "answers")
_task(Rounds.deliver, "deliver")
_task(Rounds.papers, "papers", "answers")
_task(Rounds.statements, "statements")
_task(Rounds.holds, "holds", "answers")
_task(Rounds.support, "support")
_task(Rounds.sweep, "sweep")
_task(Rounds.inquire, "inquire")
_task(Rounds.seal, "seal")
_task(Rounds.expire, "expire")
_task(Rounds.forget, "forget")


@signals.setup_logging.connect(weak=False)
def _log(**_: Any) -> None:
    """Celery keeps its hands off the logs: they are JSON, without anybody's data."""
    logs.configure(Settings.read(os.environ).log_level)


@signals.worker_process_init.connect(weak=False)
def _begin(**_: Any) -> None:
    """Answers what happens from now on, and has its connections before the first task."""
    try:
        rounds().begin()
    except Exception:
        log.warning("not_begun", exc_info=True)  # the first round begins instead


@signals.task_prerun.connect(weak=False)
def _named(task_id: str, task: Any, **_: Any) -> None:
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task_id=task_id, task=task.name)


@signals.task_failure.connect(weak=False)
def _failed(sender: Any, einfo: Any, exception: BaseException, **_: Any) -> None:
    """One line for a round that broke, without what the exception says."""
    log.error("round_failed", task=sender.name, exc_info=exception)
