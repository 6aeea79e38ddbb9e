"""The payments of a case: the last attempts of the person, whatever became of them, each with its receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.history import Actor
from payments.attempt import PaymentAttempt, PaymentShare, attempts_of
from portal.collector.known import who
from portal.collector.money import METHODS, TAKEN_BACK
from portal.language import _, _s, day_of

LISTED: Final = 10
"""How many of the last attempts stand on the page."""

STATES: Final = {
    "started": (_s("Not finished"), "wait"),
    "open": (_s("Not finished"), "wait"),
    "coming": (_s("On its way"), "info"),
    "paid": (_s("Booked"), "good"),
    "cancelled": (_s("Stopped, nothing taken"), ""),
    "expired": (_s("Not finished in time"), ""),
    "failed": (_s("Failed, nothing taken"), ""),
    "taken_back": (_s("Taken back"), "wait"),
}
"""What became of an attempt, as a tag."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt as the page shows it: its day, how and by whom, its tag, who gets what, why it was taken back."""

    row: PaymentAttempt
    on: date
    method: str
    by: str
    tag: tuple[str, str]
    shares: list[tuple[str, int]]
    reason: str


def attempts(
    session: Session,
    people: Sequence[int],
    accounts: Mapping[int, str],
    names: Mapping[int, str],
    liable: Mapping[int, str],
) -> list[Attempt]:
    """The last attempts of these ids, the newest first. Two statements.

    `accounts`: how each account is called; `names`: users by id; `liable`: first names of people by id.
    """
    rows = attempts_of(session, people, LISTED)
    shares: dict[int, list[tuple[str, int]]] = {row.id: [] for row in rows}
    for share in session.scalars(
        select(PaymentShare)
        .where(PaymentShare.attempt_id.in_(list(shares)))
        .order_by(PaymentShare.attempt_id, PaymentShare.nth)
    ):
        name = accounts.get(share.account_id, _("an account that is no longer theirs"))
        shares[share.attempt_id].append((name, share.amount))
    return [
        Attempt(
            row, row.value_date or day_of(row.paid_at or row.started_at), _(METHODS[row.method]),
            who(Actor.read(row.made_by), names, liable), _tag(row.state), shares[row.id],
            _(TAKEN_BACK.get(row.reason, TAKEN_BACK["other"])) if row.reason else "",
        )
        for row in rows
    ]  # fmt: skip


def _tag(state: str) -> tuple[str, str]:
    words, kind = STATES[state]
    return _(words), kind
