"""A worker that a test kills: `python -m tests.messaging.crashing WHERE` delivers what is due.

WHERE says at which point it stands still, for the test to send `kill -9`: before the call, after the
carrier's answer and before it is settled, or nowhere. It says "here" on its output when it stands.
"""

import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from cases.clock import Clock
from cases.db import Database
from messaging.carriers import Answer, OutMessage
from messaging.providers.twilio import Twilio
from messaging.wording import Voice
from portal.rounds import Rounds


class Standing(Twilio):
    """Twilio's carrier, with a place to stand still at."""

    where = "nowhere"

    def send(self, message: OutMessage) -> Answer:
        if self.where == "before":
            _stand()
        answer = super().send(message)
        if self.where == "after":
            _stand()
        return answer


class At(Clock):
    """Now is where the test says; real time is real."""

    def now(self) -> datetime:
        return datetime.fromisoformat(os.environ["CRASH_NOW"])


def _stand() -> None:
    sys.stdout.write("here\n")
    sys.stdout.flush()
    time.sleep(600)


def _no_codes(session: Session, messages: Sequence[int], real: datetime) -> dict[int, str]:
    return {}


def main() -> None:
    told = os.environ
    Standing.where = sys.argv[1]
    carrier = Standing(told["CRASH_ACCOUNT"], told["CRASH_TOKEN"], told["CRASH_FROM"], callback=told["CRASH_CALLBACK"],
                       base_url=told["CRASH_WORLD"])  # fmt: skip
    db = Database(told["CRASH_DATABASE"], prefix=told["CRASH_PREFIX"])
    voice = Voice("Evenly", None, lambda person, real: "https://my.example.org/")
    rounds = Rounds(db, At(), carriers={"sms": carrier}, voice=voice, prepare=_no_codes, threads=4)
    decided = rounds.deliver()
    sys.stdout.write(f"decided {decided}\n")
    rounds.close()


if __name__ == "__main__":
    main()
