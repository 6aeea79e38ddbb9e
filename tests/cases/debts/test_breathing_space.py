"""Breathing space: its window, what may be done inside it, which debts it covers, which days bear interest."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from cases.debts.breathing_space import after_treatment, chargeable_days, may, qualifies, window_of
from tests.cases.facts import facts


def day(written: str) -> date:
    return date.fromisoformat(written)


@pytest.mark.parametrize(("given", "expected"), facts("breathing_space"))
def test_worked_cases(given: dict[str, str], expected: dict[str, Any]) -> None:
    told: dict[str, Any]
    if "debt" in given:
        told = {"qualifies": qualifies(given["debt"])}
    elif "treatment_ended" in given:
        told = {"protected_until": after_treatment(day(given["treatment_ended"])).isoformat()}
    else:
        window = window_of(day(given["register_entry"]))
        if "action" in given:
            told = {"allowed": may(given["action"], day(given["date"]), window)}
        elif "principal" in given:
            days = chargeable_days(day(given["from"]), day(given["to"]), [window])
            interest = Fraction(given["principal"]) * Fraction(given["rate"]) / 100 * days / 365
            told = {"chargeable_days": days, "interest": f"{float(round(interest, 2)):.2f}"}
        else:
            told = {"start": window.start.isoformat(), "last_day": window.last.isoformat(),
                    "review_from": window.review_from.isoformat(), "review_to": window.review_to.isoformat(),
                    "free_from": window.free_from.isoformat()}  # fmt: skip
    assert told == expected


def test_two_windows_that_overlap_are_cut_out_once() -> None:
    windows = [window_of(date(2026, 11, 2)), window_of(date(2026, 12, 1))]
    # From 3 November to 30 January are 89 days; the two windows cover all of them.
    assert chargeable_days(date(2026, 11, 1), date(2027, 1, 31), windows) == 3
