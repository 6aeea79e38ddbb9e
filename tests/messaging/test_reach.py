"""Where a message may go: the number that stands, that receives, and that a code was asked for."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from cases.people import permission
from cases.people.contact import Contact, add_contact
from messaging.carriers import Answer, Effect, Group, Meaning, Verdict
from tests.factories import BY
from tests.messaging.rounds import CODE, london, rounds, set_to, states, told
from tests.messaging.texts import NUMBER, a_message, someone


def test_a_code_goes_at_any_hour_and_after_a_stop_and_its_words_are_not_kept(
    db: Database, superuser: Connection
) -> None:
    night = london(date(2026, 11, 29), 3)
    person = someone(db)
    with db.acting() as session:
        permission.withdraw(session, "sms", NUMBER, because="word", by=BY, at=night)
        contact = session.execute(text("select id from contact")).scalar_one()
    a_message(db, night, person, template="code", contact=contact, not_after=night + timedelta(minutes=10))
    with rounds(db, night, real=night) as (worker, tray):
        worker.deliver()
    ((_, message),) = tray.taken
    assert CODE in message.body
    assert message.seconds == 600
    row = superuser.execute(text("select m::text as whole, body from message m")).one()
    assert row.body is None and CODE not in row.whole
    assert CODE not in str(superuser.execute(text("select json_agg(h) from history h")).scalar())
    assert [kind for kind, _ in told(superuser)][-1] == "sign_in.code_sent"


@pytest.mark.parametrize("withdrawn", [True, False])
def test_a_code_does_not_go_to_a_number_that_was_replaced_or_withdrawn_after_it_was_asked_for(
    withdrawn: bool, db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    with db.acting() as session:
        contact = session.execute(text("select id from contact")).scalar_one()
        a_message(db, at, person, template="code", contact=contact, not_after=at + timedelta(minutes=10))
        value = NUMBER if withdrawn else "+447700900777"
        session.add(Contact(person_id=person, kind="mobile", value=value, value_norm=value, source="staff",
                            as_of=at.date(), withdrawn=withdrawn, recorded_at=at, replaces=contact))  # fmt: skip
    with rounds(db, at) as (worker, tray):
        worker.deliver()
    assert (tray.taken, states(superuser)) == ([], [("withheld", "no_number")]), "nor to the new one, by itself"


def test_a_code_that_is_too_old_is_not_sent(db: Database, at: datetime, superuser: Connection) -> None:
    a_message(db, at, someone(db), template="code", not_after=at)
    with rounds(db, at) as (worker, tray):
        worker.deliver()
    assert (tray.taken, states(superuser)) == ([], [("withheld", "too_late")])


def test_without_a_number_nothing_goes(db: Database, at: datetime, superuser: Connection) -> None:
    a_message(db, at, someone(db, mobile=None, email="m@example.org"))
    with rounds(db, at) as (worker, tray):
        worker.deliver()
    assert (tray.taken, states(superuser)) == ([], [("withheld", "no_number")])


def refused(effect: Effect, code: str) -> Answer:
    return Answer(Verdict.REFUSED, code=code, meaning=Meaning(Group.BAD_NUMBER, effect=effect))


def test_a_number_that_is_none_is_not_tried_again_until_it_is_replaced(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    with rounds(db, at) as (worker, tray):
        tray.answer_next(NUMBER, refused(Effect.UNUSABLE, "21614"), takes=False)
        for _ in range(2):
            a_message(db, at, person)
            worker.deliver()
        assert states(superuser) == [("failed", None), ("withheld", "number_unusable")]
        items = superuser.execute(text("select kind, subject like 'contact:%' from work_item")).all()
        assert [tuple(item) for item in items] == [("undelivered", True)], "somebody must look, once"
        with db.acting() as session:
            old = session.execute(text("select id from contact")).scalar_one()
            add_contact(session, person=person, kind="mobile", value="+447700900777", value_norm="+447700900777",
                        source="person", as_of=at.date(), by=BY, at=at, replaces=old)  # fmt: skip
        a_message(db, at, person)
        worker.deliver()
    assert [message.to for _, message in tray.taken] == ["+447700900777"]


def test_a_number_where_something_arrived_after_it_was_called_none_is_usable_again(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    with rounds(db, at) as (worker, tray):
        tray.answer_next(NUMBER, refused(Effect.UNUSABLE, "30006"), takes=False)
        a_message(db, at, person)
        worker.deliver()
        # A code is tried all the same, and arrives.
        contact = superuser.execute(text("select id from contact")).scalar_one()
        code = a_message(db, at, person, template="code", contact=contact, not_after=at + timedelta(minutes=10))
        worker.deliver()
        a_message(db, at, person)
        worker.deliver()
        superuser.execute(text("update message set state = 'delivered', settled_at = :at where id = :id"),
                          {"id": code, "at": at + timedelta(minutes=1)})  # fmt: skip
        superuser.commit()
        a_message(db, at, person)
        worker.deliver()
    assert [state for state, _ in states(superuser)] == ["failed", "delivered", "withheld", "sent"]


def test_two_strikes_in_a_row_make_a_number_unusable_and_a_delivery_between_clears_them(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    with rounds(db, at) as (worker, tray):
        for n, strikes in enumerate((True, False, True, True, True)):
            now = at + timedelta(minutes=n)
            set_to(worker, now)
            if strikes:
                tray.answer_next(NUMBER, refused(Effect.STRIKE, "30005"), takes=False)
            message = a_message(db, now, person)
            worker.deliver()
            if not strikes:
                superuser.execute(text("update message set state = 'delivered' where id = :id"), {"id": message})
                superuser.commit()
    assert [state for state, _ in states(superuser)] == ["failed", "delivered", "failed", "failed", "withheld"]


def test_what_the_carrier_says_of_a_stop_counts_as_one(db: Database, at: datetime, superuser: Connection) -> None:
    person = someone(db)
    with rounds(db, at) as (worker, tray):
        tray.answer_next(
            NUMBER, Answer(Verdict.REFUSED, code="21610", meaning=Meaning(Group.OPTED_OUT, effect=Effect.STOPPED)),
            takes=False,
        )  # fmt: skip
        for _ in range(2):
            a_message(db, at, person)
            worker.deliver()
    assert states(superuser) == [("failed", None), ("withheld", "stopped")]
    assert told(superuser, "permission.withdrawn") == [
        ("permission.withdrawn", {"channel": "sms", "because": "carrier"})
    ]
