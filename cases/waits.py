"""The waits: how long one thing may take before another looks after it. One place, read when they are used.

A lease that is too short calls the living dead; one that is too long leaves a person waiting after a crash.
The figures below are for real carriers and banks. `hurry` shortens all of them alike, for a rehearsal of
faults in which an hour must fit into a minute (EVENLY_HURRY, a test's setting); a process does that once, as
it starts. What a law or a person counts in (windows, caps, codes, days) is never shortened.
"""

from dataclasses import dataclass, fields
from datetime import timedelta


@dataclass
class Waits:
    """Each wait, in real time."""

    lease: timedelta = timedelta(minutes=2)
    """How long a call to a carrier may take before its message counts as unclear."""
    margin: timedelta = timedelta(seconds=30)
    """So much of the lease must be left when the call begins."""
    not_sent: timedelta = timedelta(minutes=1)
    """How long a message waits that was not sent for a passing reason."""
    refused: timedelta = timedelta(minutes=1)
    """How long a message waits that the carrier refused for now, where it says nothing longer."""
    hearing: timedelta = timedelta(seconds=15)
    """How long a message waits for a text of its person that is not applied yet."""
    look_up: timedelta = timedelta(seconds=30)
    """How long after an unclear call the carrier is asked."""
    give_up: timedelta = timedelta(minutes=10)
    """After so long a message that the carrier does not know goes to a person."""
    give_up_unasked: timedelta = timedelta(hours=1)
    """After so long also one about which the carrier could not be asked."""
    put_off: timedelta = timedelta(minutes=15)
    """How long a message waits that a carrier asks to have again later; each time longer."""
    payment_look: timedelta = timedelta(minutes=5)
    """When the processor is first asked about a page that nobody came back from; each wait is twice the last."""
    payment_look_longest: timedelta = timedelta(hours=1)
    """The longest such wait."""
    payment_event: timedelta = timedelta(seconds=30)
    """How long an event waits whose payment is not known yet."""
    payment_event_longest: timedelta = timedelta(hours=1)
    """The longest such wait."""
    paper: timedelta = timedelta(minutes=2)
    """How long a document may be made before another worker makes it."""
    letter: timedelta = timedelta(seconds=2)
    """How long a page waits for the letter that was asked for on it."""
    call: timedelta = timedelta(seconds=10)
    """How long a provider may take to answer."""
    round: timedelta = timedelta(minutes=1)
    """How far the rounds of the timetable are apart."""

    def hurry(self, times: int) -> None:
        """Makes every wait so many times shorter than it is by itself; none shorter than a tenth of a second."""
        usual = Waits()
        for each in fields(self):
            setattr(self, each.name, max(getattr(usual, each.name) / times, timedelta(milliseconds=100)))
        # A call that is given up must leave the carrier time to say no.
        self.call = max(self.call, timedelta(seconds=1))


WAITS = Waits()
"""This process's waits."""
