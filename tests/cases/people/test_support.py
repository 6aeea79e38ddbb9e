"""What people need: told once, corrected by new rows; why stands apart, is erased, and each look is told."""

import uuid
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cases.history import Actor, Kind
from cases.people import matching, support
from cases.people.person import Person
from cases.people.support import NEEDS, Reason, needs_of
from cases.refusal import Refusal
from cases.work import queue
from tests.cases.arrangements.books import lines
from tests.factories import AT, a_creditor, a_person

PRIYA = Actor("collector", 1)
WHY = Reason("key:sealed", uuid.UUID(int=7), "a proof")


@pytest.fixture
def person(session: Session) -> Person:
    return a_person(session, a_creditor(session))


def told(session: Session, person: Person, *needs: str, by: Actor | None = None, **given_: object) -> bool:
    return support.tell(session, person=person.id, needs=needs, by=by or Actor("debtor", person.id),
                        at=given_.pop("at", AT), **given_)  # type: ignore[arg-type]  # fmt: skip


def codes(session: Session, person: Person) -> list[str]:
    return [row.need for row in needs_of(session, [person.id])]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.sets(st.sampled_from(NEEDS)), min_size=1, max_size=5))
def test_what_was_told_last_is_what_is_needed(session: Session, said: list[set[str]]) -> None:
    someone = a_person(session, a_creditor(session))
    for needs in said:
        told(session, someone, *sorted(needs))
    assert set(codes(session, someone)) == said[-1]


def test_one_line_tells_what_came_and_what_went_and_nothing_new_tells_nothing(session: Session, person: Person) -> None:
    assert told(session, person, "large_print", "no_calls", reason=WHY)
    assert not told(session, person, "no_calls", "large_print")
    assert told(session, person, "no_calls", "interpreter", by=PRIYA)
    first, second = sorted(lines(session, Kind.SUPPORT_TOLD), key=lambda line: line.id)
    assert first.facts == {"needs": ["large_print", "no_calls"], "added": ["large_print", "no_calls"], "ended": [],
                           "reason": "a proof"}  # fmt: skip
    assert second.facts == {"needs": ["no_calls", "interpreter"], "added": ["interpreter"], "ended": ["large_print"]}
    assert [row.source for row in needs_of(session, [person.id])] == ["staff", "staff"]


def test_one_of_us_notes_nothing_without_consent_and_may_always_end_it(session: Session, person: Person) -> None:
    with pytest.raises(Refusal) as refused:
        told(session, person, "no_calls", by=PRIYA, consent=False)
    assert refused.value.code == "support.no_consent" and codes(session, person) == []
    told(session, person, "no_calls", by=PRIYA)
    assert told(session, person, by=PRIYA, consent=False) and codes(session, person) == []


def test_one_of_us_keeps_no_reason_without_consent_though_no_need_is_noted(session: Session, person: Person) -> None:
    with pytest.raises(Refusal) as refused:
        told(session, person, by=PRIYA, consent=False, reason=WHY)
    assert refused.value.code == "support.no_consent"
    assert session.scalars(text("select id from support_reason")).all() == []


def test_what_was_told_before_two_records_were_joined_can_be_taken_back_with_its_reason(
    session: Session, person: Person
) -> None:
    younger = a_person(session, a_creditor(session))
    told(session, person, "no_calls")
    told(session, younger, "no_calls", "large_print", reason=WHY)
    matching.join(session, younger.id, person.id, since=AT.date(), by=PRIYA, at=AT)
    both = [person.id, younger.id]
    assert not told(session, person, "no_calls", "large_print"), "as it was"
    assert told(session, person, "no_calls") and [row.need for row in needs_of(session, both)] == ["no_calls"]
    assert told(session, person) and needs_of(session, both) == ()
    assert support.look(session, person.id, by=PRIYA, at=AT) is None
    assert told(session, person, "large_print") and codes(session, person) == ["large_print"]


def test_an_unknown_need_is_refused(session: Session, person: Person) -> None:
    with pytest.raises(Refusal) as refused:
        told(session, person, "a_million")
    assert refused.value.code == "support.need_unknown"


def test_a_new_reason_erases_the_old_one_and_ending_all_needs_erases_it_too(session: Session, person: Person) -> None:
    told(session, person, "no_calls", reason=WHY)
    told(session, person, "no_calls", reason=Reason("key:another", uuid.UUID(int=8), "another proof"))
    kept = session.scalars(text("select sealed from support_reason order by id")).all()
    assert kept == [None, "key:another"]
    told(session, person)
    assert session.scalars(text("select sealed from support_reason order by id")).all() == [None, None]


def test_each_look_at_a_reason_is_told_and_none_where_nothing_is_kept(session: Session, person: Person) -> None:
    assert support.look(session, person.id, by=PRIYA, at=AT) is None and lines(session, Kind.SUPPORT_READ) == []
    told(session, person, "no_calls", reason=WHY)
    assert support.look(session, person.id, by=PRIYA, at=AT) == "key:sealed"
    [line] = lines(session, Kind.SUPPORT_READ)
    assert line.actor == "collector:1" and line.person_id == person.id


def test_nobody_changes_what_was_told(session: Session, person: Person) -> None:
    told(session, person, "no_calls", reason=WHY)
    for change in ("update support_need set need = 'interpreter'", "delete from support_need", "delete from support_reason",
                   "update support_reason set made_by = 'x'"):  # fmt: skip
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(change))


def test_after_six_months_it_is_asked_once_whether_it_is_so_still(session: Session, person: Person) -> None:
    told(session, person, "no_calls", "interpreter")
    assert support.review(session, at=datetime(2027, 5, 23, 12, tzinfo=UTC), most=9) == 0
    later = datetime(2027, 5, 24, 12, tzinfo=UTC)
    assert [support.review(session, at=later, most=9) for _ in range(2)] == [1, 0]
    assert [item.kind for item in queue.open_items(session, [person.id])] == ["support"]
    assert not told(session, person, "no_calls", "interpreter", by=PRIYA, at=later), "still so"
    assert queue.open_items(session, [person.id]) == []
    assert {row.review_on for row in needs_of(session, [person.id])} == {date(2027, 11, 24)}
