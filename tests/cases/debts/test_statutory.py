"""When a statement is owed by law."""

from datetime import date
from typing import Any

import pytest

from cases.debts.statutory import duty_for, give_by, late, may_cover, overdue
from tests.cases.facts import facts


def day(written: str) -> date:
    return date.fromisoformat(written)


@pytest.mark.parametrize(("given", "expected"), facts("statements"))
def test_worked_cases(given: dict[str, str], expected: dict[str, Any]) -> None:
    credit, rent = duty_for("GB", "loan"), duty_for("GB", "rent")
    assert credit is not None and rent is not None
    if "period_start" in given:
        told: dict[str, Any] = {"valid": may_cover(credit, "EW", day(given["period_start"]), day(given["period_end"]))}
    elif "period_end" in given:
        told = {"give_by": give_by(credit, day(given["period_end"])).isoformat()}
    elif "give_by" in given:
        found = late(day(given["give_by"]), day(given["given"]))
        told = {"interest_free_days": found.days if found else 0}
        if found:
            told |= {"non_compliant_from": found.first.isoformat(), "non_compliant_to": found.last.isoformat()}
    else:
        told = {"overdue": overdue(rent, day(given["last_statement"]), day(given["today"])),
                "interval_months": rent.every_months}  # fmt: skip
    assert told == expected


@pytest.mark.parametrize(("country", "debt"), [("SE", "rent"), ("GB", "council_tax"), (None, "rent"), ("ZZ", "loan")])
def test_nothing_is_owed_where_no_law_says_so(country: str | None, debt: str) -> None:
    assert duty_for(country, debt) is None


def test_a_statement_never_ends_before_it_begins() -> None:
    credit = duty_for("GB", "hire_purchase")
    assert credit is not None and not may_cover(credit, "EW", date(2026, 2, 2), date(2026, 2, 1))
