"""How people want to be reached: one live wish, replaced and never edited; what leaves no room is refused."""

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from cases.db import Database
from cases.people.preference import Wish, checked, prefer, wish_of, wishes_of
from cases.refusal import Refusal
from tests.factories import BY, a_creditor, a_person


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish(days_off=tuple(range(1, 8))), "preference.every_day"),
        (Wish(earliest=time(17), latest=time(18, 59)), "preference.hours"),
        (Wish(earliest=time(18), latest=time(9)), "preference.hours"),
        (Wish(earliest=time(22, 30)), "preference.hours"),
        (Wish(latest=time(1)), "preference.hours"),
    ],
)
def test_what_leaves_no_room_is_refused(wish: Wish, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        checked(wish)
    assert refused.value.code == code


def test_days_are_put_in_order_and_two_hours_are_enough() -> None:
    assert checked(Wish(days_off=(7, 6, 6), earliest=time(9), latest=time(11))).days_off == (6, 7)


def test_a_wish_stands_at_the_elder_of_joined_ids_and_the_younger_ones_stays(db: Database, at: datetime, superuser: Connection) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        elder, younger = (a_person(session, creditor).id for _ in range(2))
        prefer(session, person=younger, wish=Wish(channel="sms"), source="staff", by=BY, at=at)
    with db.acting() as session:
        session.execute(
            text("insert into joined (person_id, into_id, since, recorded_at) values (:y, :e, '2026-01-01', :at)"),
            {"y": younger, "e": elder, "at": at},
        )
        assert prefer(session, person=younger, wish=Wish(channel="email"), source="person", by=BY, at=at + timedelta(hours=1))
        assert not prefer(session, person=elder, wish=Wish(channel="email"), source="person", by=BY, at=at + timedelta(hours=2))
        assert wish_of(session, [elder, younger]).channel == "email"
        assert wishes_of(session, [elder, younger])[elder].channel == "email"
    kept = superuser.execute(text("select person_id, channel, source from preference order by id")).all()
    assert [tuple(row) for row in kept] == [(younger, "sms", "staff"), (elder, "email", "person")]


def test_a_wish_is_never_edited_nor_taken_away(db: Database, at: datetime) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session)).id
        prefer(session, person=person, wish=Wish(channel="sms"), source="person", by=BY, at=at)
    for attack in ("update preference set channel = 'email'", "delete from preference", "truncate preference"):
        with pytest.raises(DBAPIError), db.acting() as session:
            session.execute(text(attack))
