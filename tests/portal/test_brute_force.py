"""An hour of guessing from many addresses: how much of it is looked at, and that nobody is locked out by it.

`make chaos ARGS=brute-force` guesses thousands of times; here it is enough to run into every limit.
"""

from datetime import date

import pytest

from cases.db import Database
from cases.people.person import Person
from chaos.brute_force import CODES, LOOK_UPS, ONE_USER, PASSWORD, Hour, guess
from chaos.brute_force import Person as Known
from tests.factories import AT
from tests.portal import doors
from tests.portal.signing_in import marta as marta


@pytest.mark.slow
def test_guesses_from_many_addresses_are_looked_at_within_the_limits_and_lock_nobody_out(
    db: Database, marta: Person
) -> None:
    assert doors.PASSWORD == PASSWORD
    clock = Hour(AT)
    app = doors.the_app(db, clock)
    user, secret = doors.a_staff_member(db, app)
    known = Known(marta.id, marta.case_ref, date(1984, 5, 17), "AB1 2CD")
    found = guess(app, db, clock, known, (user.mail, secret), addresses=28)
    assert found.wrong == []
    assert found.tried > 500
    # The limits were reached: one code of each hundred is the person's own, one try of each hundred the user's.
    assert found.looked_at == {
        "codes of one person": CODES - 5, "references by one address": LOOK_UPS, "tries at one user": ONE_USER - 1,
    }  # fmt: skip
