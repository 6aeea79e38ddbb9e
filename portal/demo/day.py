"""Next morning, and go to day: the demo's day moves forward, and what was due is done.

The clock goes to 9:30 in London of each skipped day, in order; then the day that has
ended is closed, and the same rounds that worker and timetable make in production
run here, until nothing more is due that day. So the button comes back when what was
due on each day has been sent or withheld.
Codes, visits, leases and signatures keep real time.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Final

from cases.clock import Clock, local, moment_of

ZONE: Final = "Europe/London"
MORNING: Final = time(9, 30)
LONGEST: Final = timedelta(days=120)


def next_morning(clock: Clock) -> datetime:
    """The next 9:30 in London."""
    now = local(clock.now(), ZONE)
    day = now.date() if now.time() < MORNING else now.date() + timedelta(days=1)
    return moment_of(day, MORNING, ZONE)


def go_to(clock: Clock, day: date, rounds: Callable[[], None]) -> int:
    """Moves the clock day by day to 9:30 of `day`, doing each day's rounds; returns how many days.

    Raises the clock's `clock.backwards` when the day has begun already, and ValueError for a day
    further away than four months.
    """
    target = moment_of(day, MORNING, ZONE)
    if target - clock.now() > LONGEST:
        raise ValueError("too far")
    days = 0
    while True:
        morning = min(next_morning(clock), target)
        clock.move_to(morning)
        rounds()
        days += 1
        if morning >= target:
            return days
