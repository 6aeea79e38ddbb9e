"""Statements that the law, or a protocol, wants given by themselves: how often, by when, and what a late one costs.

What is wanted of whom stands in the law packs (`cases/law/gb.toml`, table `statements`). Evenly's statement over
all debts of a person contains what they are owed about each; whether it satisfies a particular agreement's
form is the creditor's to judge. Pure; days are the creditor's.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from cases.clock import add_months, is_working_day, next_working_day
from cases.law.pack import StatementDuty
from cases.law.rules import pack


@dataclass(frozen=True, slots=True)
class Late:
    """The days for which a statement was late, both in it: no interest, no default sums, no enforcement for them."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many. Whether the day on which it was given counts in full is not settled; it is counted."""
        return (self.last - self.first).days + 1


def duty_for(country: str | None, debt_type: str) -> StatementDuty | None:
    """What is wanted for a kind of debt in a country; None where nothing is."""
    law = pack(country)
    if law is None:
        return None
    return next((duty for duty in law.statements if debt_type in duty.debt_types), None)


def may_cover(duty: StatementDuty, calendar: str, first: date, last: date) -> bool:
    """Whether one statement may cover these days: no more than the interval, or to the next working day after it.

    CCA 1974 s.77A(1B), (1C).
    """
    end = add_months(first, duty.every_months) - timedelta(days=1)
    if not is_working_day(calendar, end):
        end = next_working_day(calendar, end)
    return first <= last <= end


def give_by(duty: StatementDuty, last: date) -> date:
    """The last day to give the statement of a period that ended on `last`: the days begin with the day after it."""
    return last + timedelta(days=duty.give_within_days)


def late(due: date, given: date) -> Late | None:
    """For which days a statement that was to be given by `due` was late. CCA 1974 s.77A(5)-(7)."""
    return Late(due + timedelta(days=1), given) if given > due else None


def overdue(duty: StatementDuty, last: date, today: date) -> bool:
    """Whether the next statement is overdue today, when the last one covered the days up to `last`."""
    return today > give_by(duty, add_months(last, duty.every_months))
