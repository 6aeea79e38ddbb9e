"""What to watch: figures that say whether the work gets done, for `/metrics`.

Read from the rows when somebody asks, so they are the same whichever web process answers. Each is a
number that is low or still on a good day; docs/production.md says from when on to ring whom. No figure
tells of a person, and none has a name of a creditor in it.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.orm import Session

FIGURES: Final[dict[str, tuple[str, str]]] = {
    "messages_due": (
        "Messages that are due and not claimed yet",
        "select count(*) from message where state = 'planned' and not_before <= :at",
    ),
    "messages_uncertain": (
        "Messages whose call gave no clear answer",
        "select count(*) from message where state = 'uncertain'",
    ),
    "carrier_events_waiting": (
        "Reports and texts of carriers that are not applied yet",
        "select count(*) from carrier_event where applied_at is null",
    ),
    "payment_events_waiting": (
        "Events of the card processor that are not applied yet",
        "select count(*) from payment_event where applied_at is null",
    ),
    "payment_events_parked": (
        "Events of the card processor that nobody could apply, of the last thirty days",
        "select count(*) from payment_event where result in ('unreadable', 'broken', 'no_such_attempt',"
        " 'no_such_payment', 'differs') and received_real > cast(:real as timestamptz) - interval '30 days'",
    ),
    "payments_unconfirmed_seconds": (
        "Age of the oldest card payment that is on its way and not confirmed",
        "select coalesce(max(extract(epoch from cast(:at as timestamptz) - paid_at)), 0) from payment_attempt"
        " where state = 'coming'",
    ),
    "days_behind": (
        "Days that have ended and are not closed, of the creditor that is furthest behind",
        "select coalesce(max((cast(:at as timestamptz) at time zone c.zone)::date - 1 - coalesce("
        "(select max(d.day) from day_run d where d.creditor_id = c.id and d.finished_at is not null),"
        " (c.recorded_at at time zone c.zone)::date - 1)), 0) from creditor c",
    ),
    "stuck": (
        "Accounts and plans that the day-end run could not do",
        "select count(*) from stuck where cleared_at is null",
    ),
    "letters_waiting": (
        "Letters that somebody waits for and that are not made yet; those of a batch left out",
        "select count(*) from document where state = 'asked' and batch_id is null",
    ),
    "work_open": (
        "Work items that wait for a person",
        "select count(*) from work_item where done_at is null",
    ),
    "unsealed_seconds": (
        "Age of the oldest row that no seal covers",
        "select coalesce(extract(epoch from cast(:at as timestamptz) - min(at)), 0) from history"
        " where tx >= coalesce((select max(to_tx) from seal), 0)",
    ),
}
"""Each figure by its name, what it is, and the question that gives it."""


def figures(session: Session, *, at: datetime, real: datetime) -> bytes:
    """The figures at a moment, as Prometheus reads them. One statement."""
    asked = ", ".join(f"({question})::float8" for _words, question in FIGURES.values())
    found = session.execute(text(f"select {asked}"), {"at": at, "real": real}).one()
    # Families, not gauges: a gauge would keep a file for each process, beside the counts that requests keep.
    told = [
        GaugeMetricFamily(f"evenly_{name}", words, max(float(value), 0.0))
        for (name, (words, _question)), value in zip(FIGURES.items(), found, strict=True)
    ]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(told))
    return generate_latest(registry)


class _Told(Collector):
    """Figures that are known already."""

    def __init__(self, told: list[GaugeMetricFamily]) -> None:
        self._told = told

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._told
