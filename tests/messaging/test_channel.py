"""A text, or a mail where it is preferred or the number does not work; and a mail after a text that failed for good."""

from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from cases.history import Actor
from cases.people import permission, support
from messaging import outbox
from messaging.carriers import Effect, Progress
from messaging.outbox import Message
from messaging.outcome import advance
from messaging.reach import Way, channel_of
from tests.factories import BY
from tests.messaging.mails import ADDRESS, both, refused, rows, wants, with_mailbox
from tests.messaging.rounds import london, set_to, states, told
from tests.messaging.texts import NUMBER, PROACTIVE, a_message

REASONS = "select channel, message_id from reason order by channel, message_id"


def test_a_text_goes_and_no_mail_where_nothing_else_is_said(db: Database, at: datetime, superuser: Connection) -> None:
    person = with_mailbox(db)
    a_message(db, at, person)
    with both(db, at) as (worker, trays):
        worker.deliver()
    assert trays.taken() == [("sms", NUMBER)]
    assert [channel for channel, _ in rows(superuser, REASONS)] == ["sms"]


def test_a_mail_to_whoever_needs_large_print_is_set_larger(db: Database, at: datetime) -> None:
    needs, not_so = with_mailbox(db, mobile=None), with_mailbox(db, mobile=None, email="other@example.org")
    with db.acting() as session:
        support.tell(session, person=needs, needs=["large_print"], by=Actor("debtor", needs), at=at)
    for person in (needs, not_so):
        a_message(db, at, person)
    with both(db, at) as (worker, trays):
        worker.deliver()
        sizes = {message.to: "font-size:23px" in message.html for _, message in trays.mails.taken}
    assert sizes == {ADDRESS: True, "other@example.org": False}


def test_who_prefers_mail_gets_a_mail_and_the_text_is_never_planned_again(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = with_mailbox(db)
    wants(db, person, at, channel="email")
    message = a_message(db, at, person)
    with both(db, at) as (worker, trays):
        worker.deliver()
        assert trays.taken() == [("email", ADDRESS)]
        assert rows(superuser, REASONS) == [("email", message), ("sms", message)]
        with db.acting() as session:
            again = outbox.write(session, person=person, channel="sms", template="answer_waits", cause="history:1",
                                 subject=f"person:{person}", step="test", at=at)  # fmt: skip
        assert again is None
        worker.deliver()
    assert len(trays.taken()) == 1
    assert rows(superuser, "select channel, provider from message") == [("email", "mailtray")]
    assert [facts["channel"] for _, facts in told(superuser, "message.sent")] == ["email"]


def test_without_a_number_a_mail_goes(db: Database, at: datetime) -> None:
    a_message(db, at, with_mailbox(db, mobile=None))
    with both(db, at) as (worker, trays):
        worker.deliver()
    assert trays.taken() == [("email", ADDRESS)]


def test_a_number_that_does_not_work_is_left_for_the_mailbox(db: Database, at: datetime, superuser: Connection) -> None:
    person = with_mailbox(db)
    with both(db, at) as (worker, trays):
        trays.texts.answer_next(NUMBER, refused(Effect.UNUSABLE), takes=False)
        a_message(db, at, person)
        worker.deliver()
        a_message(db, at, person)
        worker.deliver()
    assert trays.taken() == [("email", ADDRESS)] * 2, "the one that follows the text, and the next message"
    assert states(superuser) == [("failed", None), ("sent", None), ("sent", None)]


def test_a_mail_follows_a_text_that_failed_for_the_same_reasons_and_only_once(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = with_mailbox(db)
    with both(db, at) as (worker, trays):
        trays.texts.answer_next(NUMBER, refused(Effect.NONE, "30007"), takes=False)
        failed = a_message(db, at, person)
        worker.deliver()
        worker.deliver()
        assert trays.taken() == [("email", ADDRESS)]
        followed = rows(superuser, "select id from message where channel = 'email'")
        assert rows(superuser, REASONS) == [("email", followed[0][0]), ("sms", failed)]
        assert rows(superuser, "select count(distinct (cause, subject, step)) from reason") == [(1,)]


def test_a_report_that_a_text_failed_is_followed_too_and_one_of_a_stop_is_not(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = with_mailbox(db)
    with both(db, at) as (worker, trays):
        for effect, followed in ((Effect.STOPPED, 0), (Effect.STRIKE, 1)):
            id = a_message(db, at, person)
            superuser.execute(text("update message set state = 'sent', attempt = 1, provider = 'tray', sent_at = :at,"
                                   " contact_id = (select min(id) from contact) where id = :id"), {"id": id, "at": at})  # fmt: skip
            superuser.commit()
            with db.acting() as session:
                message = session.get_one(Message, id)
                advance(session, message, f"SM{id}", Progress.FAILED, "30003", effect, "unreachable", at=at)
            assert len(rows(superuser, "select from message where channel = 'email'")) == followed
    assert trays.taken() == []


def test_a_code_is_followed_by_nothing(db: Database, at: datetime, superuser: Connection) -> None:
    person = with_mailbox(db)
    with both(db, at) as (worker, trays):
        trays.texts.answer_next(NUMBER, refused(Effect.UNUSABLE), takes=False)
        contact = rows(superuser, "select id from contact where kind = 'mobile'")[0][0]
        a_message(db, at, person, template="code", contact=contact, not_after=at + timedelta(minutes=9))
        worker.deliver()
        worker.deliver()
    assert trays.taken() == []


def test_who_has_no_mailbox_is_left_without_a_withheld_mail_in_the_history(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = with_mailbox(db, email=None)
    with both(db, at) as (worker, trays):
        trays.texts.answer_next(NUMBER, refused(Effect.NONE, "30007"), takes=False)
        a_message(db, at, person)
        worker.deliver()
    assert states(superuser) == [("failed", None)]


def test_a_text_that_arrives_after_all_stops_the_mail_in_its_place(
    db: Database, at: datetime, superuser: Connection
) -> None:
    night = london(date(2026, 11, 24), 21)
    person = with_mailbox(db)
    with both(db, at) as (worker, trays):
        trays.texts.answer_next(NUMBER, refused(Effect.NONE, "30007"), takes=False)
        failed = a_message(db, at, person)
        worker.deliver()
        superuser.execute(text("update message set state = 'planned', attempt = 0, contact_id = null, provider = null,"
                               " provider_id = null, sent_at = null, body = null, body_salt = null"
                               " where channel = 'email'"))  # fmt: skip
        superuser.commit()
        trays.mails.taken.clear()
        with db.acting() as session:
            advance(session, session.get_one(Message, failed), "SM", Progress.DELIVERED, None, Effect.NONE, None, at=night)
        worker.deliver()
    assert trays.taken() == []
    assert states(superuser) == [("delivered", None), ("withheld", "told_already")]


@pytest.mark.parametrize("wish", ["sms", "email"])
def test_stop_by_text_ends_mail_too_and_nothing_goes_round_it(
    wish: str, db: Database, at: datetime, superuser: Connection
) -> None:
    person = with_mailbox(db)
    wants(db, person, at, channel=wish)
    with db.acting() as session:
        permission.withdraw(session, "sms", NUMBER, because="word", by=BY, at=at)
    a_message(db, at, person)
    with both(db, at) as (worker, trays):
        worker.deliver()
    assert trays.taken() == []
    assert states(superuser) == [("withheld", "stopped" if wish == "sms" else "mail_stopped")]


def test_who_asks_for_mail_after_a_stop_gets_mail(db: Database, at: datetime) -> None:
    person = with_mailbox(db)
    with db.acting() as session:
        permission.withdraw(session, "sms", NUMBER, because="word", by=BY, at=at)
        permission.withdraw(session, "email", ADDRESS, because="link", by=BY, at=at)
        permission.give(session, "email", ADDRESS, because="person", by=BY, at=at + timedelta(minutes=1))
    wants(db, person, at, channel="email")
    a_message(db, at, person)
    with both(db, at + timedelta(minutes=2)) as (worker, trays):
        worker.deliver()
    assert trays.taken() == [("email", ADDRESS)]


def test_who_ends_mail_gets_texts(db: Database, at: datetime) -> None:
    person = with_mailbox(db)
    wants(db, person, at, channel="email")
    with db.acting() as session:
        permission.withdraw(session, "email", ADDRESS, because="link", by=BY, at=at)
    a_message(db, at, person)
    with both(db, at) as (worker, trays):
        worker.deliver()
    assert trays.taken() == [("sms", NUMBER)]


def test_caps_count_over_both_channels(db: Database, at: datetime, superuser: Connection) -> None:
    person = with_mailbox(db)
    with both(db, at) as (worker, trays):
        a_message(db, at, person, template=PROACTIVE)
        worker.deliver()
        wants(db, person, at, channel="email")
        a_message(db, at, person, template=PROACTIVE)
        worker.deliver()
        assert trays.taken() == [("sms", NUMBER)]
        assert states(superuser) == [("sent", None), ("planned", None)]
        set_to(worker, at + timedelta(days=1))
        worker.deliver()
        assert trays.taken() == [("sms", NUMBER), ("email", ADDRESS)]


def test_hours_and_days_that_a_person_does_not_want_narrow_the_window(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = with_mailbox(db)
    tuesday = date(2026, 11, 24)
    wants(db, person, at, days_off=(2, 3), earliest=time(11), latest=time(13, 30))
    with both(db, at) as (worker, trays):
        a_message(db, at, person)
        worker.deliver()
        (planned,) = rows(superuser, "select not_before from message")
        assert planned[0] == london(tuesday + timedelta(days=2), 11), "neither Tuesday nor Wednesday, and not before 11"
        set_to(worker, london(tuesday + timedelta(days=2), 13, 31))
        worker.deliver()
        assert trays.taken() == [], "too late on Thursday"
        set_to(worker, london(tuesday + timedelta(days=3), 11))
        worker.deliver()
        (seconds,) = [message.seconds for _, message in trays.texts.taken]
        assert 8990 <= (seconds or 0) <= 9000, "it waits at the carrier until half past one at most"


def test_a_language_that_was_chosen_counts_over_all(db: Database, at: datetime, superuser: Connection) -> None:
    person = with_mailbox(db)
    superuser.execute(text("update person set language = 'sv'"))
    superuser.commit()
    wants(db, person, at, language="en")
    a_message(db, at, person)
    with both(db, at) as (worker, _):
        worker.deliver()
    assert rows(superuser, "select language from message") == [("en",)]


WORKS, BROKEN, STOPPED, NONE = "works", "broken", "stopped", "none"


def way(what: str, at: datetime) -> Way:
    contact = None if what == NONE else object()
    return Way(contact, "21614" if what == BROKEN else None, at if what == STOPPED else None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sms", "email", "prefers", "taken"),
    [
        (WORKS, WORKS, None, "sms"), (WORKS, WORKS, "email", "email"), (WORKS, WORKS, "sms", "sms"),
        (BROKEN, WORKS, None, "email"), (NONE, WORKS, "sms", "email"), (STOPPED, STOPPED, None, "sms"),
        (WORKS, BROKEN, "email", "sms"), (WORKS, STOPPED, "email", "sms"), (WORKS, NONE, "email", "sms"),
        (STOPPED, WORKS, "sms", "email"), (BROKEN, BROKEN, None, "sms"), (NONE, NONE, "email", "email"),
        (NONE, STOPPED, None, "email"), (BROKEN, NONE, "email", "sms"),
        (NONE, BROKEN, None, "email"),
    ],
)  # fmt: skip
def test_the_first_way_that_works_and_may_be_used_is_taken(
    sms: str, email: str, prefers: str | None, taken: str, at: datetime
) -> None:
    assert channel_of({"sms": way(sms, at), "email": way(email, at)}, prefers) == taken
