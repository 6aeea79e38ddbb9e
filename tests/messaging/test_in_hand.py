"""What another worker has in hand: *next morning* comes back when that is done too, and never waits for ever."""

import threading
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from cases.db import Database
from messaging import delivery
from messaging.providers.tray import Tray
from tests.messaging.rounds import rounds
from tests.messaging.texts import a_message, someone


def test_what_another_worker_is_claiming_is_waited_for(db: Database, at: datetime, superuser: Connection) -> None:
    message = a_message(db, at, someone(db))
    superuser.execute(text("select from message where id = :id for no key update"), {"id": message})
    with rounds(db, at) as (made, tray):
        made.run_due()
        assert not tray.taken, "the row is another's just now"
        lets_go = threading.Timer(1, superuser.rollback)
        lets_go.start()
        made.run_due_and_wait()
        lets_go.join()
        assert len(tray.taken) == 1


def test_what_is_being_carried_is_in_hand_until_its_lease_ends(
    db: Database, at: datetime, superuser: Connection
) -> None:
    a_message(db, at, someone(db))
    superuser.execute(text("update message set state = 'sending', lease_until = :at"), {"at": at + timedelta(minutes=1)})
    superuser.commit()
    carriers = {"sms": Tray()}
    with db.acting() as session:
        assert delivery.in_hand(session, carriers, at=at, real=at)
        assert not delivery.in_hand(session, carriers, at=at, real=at + timedelta(minutes=1))
        assert not delivery.in_hand(session, {}, at=at, real=at), "nobody here carries it"
    with rounds(db, at, real=at) as (made, tray):
        made.run_due_and_wait(longest=0.2)
        assert not tray.taken


def test_what_may_go_only_later_is_in_nobodys_hand(db: Database, at: datetime) -> None:
    a_message(db, at + timedelta(hours=1), someone(db))
    with db.acting() as session:
        assert not delivery.in_hand(session, {"sms": Tray()}, at=at, real=at)
