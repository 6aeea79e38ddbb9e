"""The queue: served in order, one case to one collector, nothing lost and nothing served twice."""

import threading
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.history import Actor, Kind, Line
from cases.people.person import Joined
from cases.refusal import Refusal
from cases.work import queue, worklist
from cases.work.queue import WorkItem
from cases.work.worklist import Filters
from tests.factories import a_charge, a_creditor, a_person, a_user, an_account

ON = date(2026, 11, 24)


def an_item(session: Session, person: int, at, subject: str, **given: object) -> int:
    values: dict[str, object] = {"kind": "message", "urgency": 1} | given
    return queue.open_item(session, person=person, subject=subject, at=at, **values)


def some_people(session: Session, count: int) -> list[int]:
    creditor = a_creditor(session)
    return [a_person(session, creditor, name=f"Person {n}").id for n in range(count)]


def refused(act: object, *args: object, **kwargs: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act(*args, **kwargs)
    return caught.value


def test_a_subject_is_open_at_most_once(session, at) -> None:
    [person] = some_people(session, 1)
    first = an_item(session, person, at, "said:1")
    assert an_item(session, person, at, "said:1") == first
    assert queue.done(session, subject="said:1", by=Actor("job"), at=at)
    assert not queue.done(session, subject="said:1", by=Actor("job"), at=at)
    assert an_item(session, person, at, "said:1") != first


def test_distress_then_the_nearest_answer_then_the_longest_waiting(session, at) -> None:
    people = some_people(session, 5)
    user = a_user(session).id
    an_item(session, people[0], at, "said:1", urgency=2)
    an_item(session, people[1], at + timedelta(minutes=1), "said:2", answer_by=ON + timedelta(days=1))
    an_item(session, people[2], at, "said:3")
    an_item(session, people[3], at + timedelta(minutes=5), "said:4", answer_by=ON)
    an_item(session, people[4], at + timedelta(minutes=9), "said:5", urgency=0)
    later = at + timedelta(hours=1)
    served = []
    while (item := queue.next_case(session, user=user, at=later, on=ON)) is not None:
        served.append(item.person_id)
        queue.done(session, subject=item.subject, by=Actor("collector", user), at=later)
    assert served == [people[4], people[3], people[1], people[2], people[0]]


def test_a_case_that_a_colleague_holds_is_passed_over_until_they_let_go(session, at) -> None:
    first, second = some_people(session, 2)
    tom, priya = a_user(session).id, a_user(session).id
    an_item(session, first, at, "said:1")
    an_item(session, second, at + timedelta(minutes=1), "said:2")
    assert queue.next_case(session, user=tom, at=at, on=ON).person_id == first
    assert queue.next_case(session, user=tom, at=at, on=ON).person_id == first
    assert queue.peek(session, user=priya, at=at, on=ON).person_id == second
    assert queue.next_case(session, user=priya, at=at, on=ON).person_id == second
    assert queue.next_case(session, user=priya, at=at + queue.HELD_FOR, on=ON).person_id == first
    queue.release(session, person=first, user=tom)
    refusal = refused(queue.take, session, person=first, user=tom, at=at + queue.HELD_FOR)
    assert refusal.code == "work.taken" and refusal.facts["by"] == priya


def test_all_items_of_a_person_are_one_case(session, at) -> None:
    elder, younger, other = some_people(session, 3)
    tom, priya = a_user(session).id, a_user(session).id
    session.add(Joined(person_id=younger, into_id=elder, since=ON, recorded_at=at))
    an_item(session, elder, at, "said:1")
    an_item(session, younger, at, "message:1", kind="uncertain", urgency=2)
    an_item(session, other, at, "said:2", urgency=2)
    assert queue.next_case(session, user=tom, at=at, on=ON).subject == "said:1"
    assert queue.next_case(session, user=priya, at=at, on=ON).subject == "said:2"
    assert refused(queue.take, session, person=younger, user=priya, at=at).code == "work.taken"
    page = worklist.queue(session, user=priya, at=at, on=ON, filters=Filters())
    assert [(row.person, row.items, row.held_by) for row in page.rows] == [(elder, 2, tom), (other, 1, None)]
    assert (page.total, worklist.counts(session, user=priya, on=ON).all) == (2, 2)


def test_a_postponed_case_comes_back_on_its_day(session, at) -> None:
    [person] = some_people(session, 1)
    user = a_user(session).id
    by = Actor("collector", user)
    an_item(session, person, at, "said:1")
    queue.take(session, person=person, user=user, at=at)
    queue.postpone(session, person=person, until=ON + timedelta(days=2), reason="call_back", user=user, by=by, at=at,
                   on=ON)
    assert queue.next_case(session, user=user, at=at, on=ON + timedelta(days=1)) is None
    assert worklist.counts(session, user=user, on=ON).postponed == 1
    assert worklist.queue(session, user=user, at=at, on=ON, filters=Filters(postponed=True)).total == 1
    assert queue.next_case(session, user=user, at=at, on=ON + timedelta(days=2)).person_id == person
    [line] = session.scalars(select(Line).where(Line.kind == str(Kind.WORK_POSTPONED)))
    assert line.facts == {"until": "2026-11-26", "reason": "call_back", "items": 1}


def test_a_case_waits_no_longer_than_its_answer_and_distress_not_at_all(session, at) -> None:
    first, second, third = some_people(session, 3)
    user = a_user(session).id
    by = Actor("collector", user)
    an_item(session, first, at, "said:1", answer_by=ON + timedelta(days=3))
    an_item(session, second, at, "said:2", urgency=0)
    an_item(session, third, at, "said:3")

    def postpone(person: int, days: int, reason: str = "other") -> Refusal:
        return refused(queue.postpone, session, person=person, until=ON + timedelta(days=days), reason=reason,
                       user=user, by=by, at=at, on=ON)

    assert postpone(first, 0).code == "work.postpone_day"
    refusal = postpone(first, 4)
    assert (refusal.code, refusal.facts["latest"]) == ("work.postpone_day", ON + timedelta(days=3))
    assert postpone(second, 1).code == "work.cannot_wait"
    assert postpone(third, 15).facts["latest"] == ON + queue.LONGEST_WAIT
    assert postpone(third, 1, reason="tired").code == "work.reason_unknown"


def test_a_case_passed_on_is_the_colleagues_alone(session, at) -> None:
    [person] = some_people(session, 1)
    tom, priya = a_user(session), a_user(session)
    ops = a_user(session, role="ops")
    by = Actor("collector", tom.id)
    an_item(session, person, at, "said:1")
    for wrong in (ops.id, tom.id, 10**9):
        assert refused(queue.pass_on, session, person=person, to=wrong, user=tom.id, by=by, at=at).code == (
            "work.pass_to")
    queue.pass_on(session, person=person, to=priya.id, user=tom.id, by=by, at=at)
    assert queue.next_case(session, user=tom.id, at=at, on=ON) is None
    assert worklist.counts(session, user=tom.id, on=ON).all == 0
    assert queue.next_case(session, user=priya.id, at=at, on=ON).person_id == person
    assert refused(queue.pass_on, session, person=person, to=priya.id, user=tom.id, by=by, at=at).code == "work.taken"


def test_what_no_other_act_answers_is_closed_once_and_told(session, at) -> None:
    [person] = some_people(session, 1)
    by = Actor("collector", a_user(session).id)
    item = an_item(session, person, at, "message:7", kind="uncertain", urgency=2)
    queue.seen(session, item, by=by, at=at)
    assert refused(queue.seen, session, item, by=by, at=at).code == "work.nothing_open"
    [line] = session.scalars(select(Line).where(Line.kind == str(Kind.WORK_DONE)))
    assert (line.person_id, line.subject, line.facts) == (person, "message:7", {"kind": "uncertain"})


def test_an_answer_closes_all_messages_of_the_person(session, at) -> None:
    [person] = some_people(session, 1)
    for n in (1, 2):
        an_item(session, person, at, f"said:{n}")
    an_item(session, person, at, "proposal:1", kind="proposal")
    assert queue.done_for(session, person=person, kind="message", by=Actor("collector", 1), at=at) == 2
    assert [item.kind for item in queue.open_items(session, [person])] == ["proposal"]
    assert refused(queue.take, session, person=some_people(session, 1)[0], user=1, at=at).code == "work.nothing_open"


def test_two_collectors_at_once_are_never_served_the_same_case(db, at) -> None:
    with db.acting() as session:
        people = some_people(session, 8)
        users = [a_user(session).id for _ in range(4)]
        for n, person in enumerate(people):
            # two items a person: a case is never split between two collectors
            an_item(session, person, at, f"said:{n}")
            an_item(session, person, at, f"proposal:{n}", kind="proposal")
    gate = threading.Barrier(len(users))
    served: dict[int, list[int]] = {user: [] for user in users}

    def works(user: int) -> None:
        gate.wait()
        for _ in range(2):
            with db.acting() as session:
                item = queue.next_case(session, user=user, at=at, on=ON)
                assert item is not None
                served[user].append(item.person_id)
            with db.acting() as session:
                queue.done_for(session, person=served[user][-1], kind="message", by=Actor("collector", user), at=at)
                queue.done_for(session, person=served[user][-1], kind="proposal", by=Actor("collector", user), at=at)

    threads = [threading.Thread(target=works, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(person for theirs in served.values() for person in theirs) == sorted(people)


def test_of_two_who_take_the_same_case_at_once_one_is_told_who_has_it(db, at) -> None:
    with db.acting() as session:
        [person] = some_people(session, 1)
        users = [a_user(session).id, a_user(session).id]
        an_item(session, person, at, "said:1")
    gate = threading.Barrier(2)
    lost: list[tuple[int, Refusal]] = []

    def takes(user: int) -> None:
        gate.wait()
        try:
            with db.acting() as session:
                queue.take(session, person=person, user=user, at=at)
        except Refusal as refusal:
            lost.append((user, refusal))

    threads = [threading.Thread(target=takes, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [(loser, refusal)] = lost
    assert refusal.code == "work.taken" and refusal.facts["by"] == next(u for u in users if u != loser)


@given(st.lists(st.tuples(st.integers(0, 2), st.one_of(st.none(), st.integers(-3, 9))), min_size=1, max_size=4))
def test_postponing_is_possible_for_some_day_whenever_the_answer_is_due(items) -> None:
    rows = [WorkItem(urgency=urgency, answer_by=None if days is None else ON + timedelta(days=days))
            for urgency, days in items]
    first, last = queue.postpone_days(rows, ON)
    assert ON < first <= last <= ON + queue.LONGEST_WAIT


def test_the_list_is_narrowed_paged_and_counted(session, at) -> None:
    housing, council = a_creditor(session), a_creditor(session, name="Ashmere Council")
    user = a_user(session).id
    for n in range(12):
        creditor = council if n % 3 == 0 else housing
        person = a_person(session, creditor, name=f"Person {n:02}")
        person.language = "pl" if n == 5 else None
        account = an_account(session, creditor, person)
        a_charge(session, account, 1_000 + n, ON - timedelta(days=10 + n))
        an_item(session, person.id, at + timedelta(minutes=n), f"said:{n}", kind="proposal" if n % 2 else "message",
                answer_by=ON if n == 11 else None)
    session.flush()

    def page(number: int = 1, **given: object) -> worklist.Page:
        return worklist.queue(session, user=user, at=at, on=ON, filters=Filters(**given), page=number)

    first, second = page(), page(2)
    assert (len(first.rows), first.total, first.first, first.last) == (10, 12, 1, 10)
    assert ([row.name for row in second.rows], second.first, second.last) == (["Person 09", "Person 10"], 11, 12)
    assert first.rows[0].name == "Person 11"
    assert page(sort="waiting").rows[0].name == "Person 00"
    assert first.rows[1].overdue == {"GBP": 1_000} and first.rows[1].days == 10
    assert first.rows[1].creditors == ("Ashmere Council",)
    assert page(creditor=council.id).total == 4 and page(kind="proposal").total == 6
    assert [row.name for row in page(language="pl").rows] == ["Person 05"]
    assert page(language="sv").rows == () and page(9).rows == ()
    counted = worklist.counts(session, user=user, on=ON)
    assert (counted.all, counted.due, counted.by_kind) == (12, 1, {"message": 6, "proposal": 6})
    assert ("Ashmere Council") in dict(worklist.creditors(session)).values()
