"""Waking the worker: after a door's commit, by name.

The row is the truth and this is only the doorbell: when nobody hears it, the sweep of the next
minute finds what is due. So a broker that is down never breaks a page. What is rung stands in
`app.extensions["wake"]`, a function of a name (`portal/worker.py` gives it); without one, nothing is.
"""

import structlog
from flask import current_app

log = structlog.get_logger()


def wake(name: str) -> None:
    """Rings for `codes` (someone asked for one), `answers` (something was decided or said)."""
    ring = current_app.extensions.get("wake")
    if ring is None:
        return
    try:
        ring(name)
    except Exception:
        log.warning("wake_failed", task=name, exc_info=True)
