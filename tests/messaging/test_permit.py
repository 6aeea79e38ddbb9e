"""May it go, and when: window, STOP, caps, addresses; one decision, kept with its rule."""

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from messaging import delivery, outbox, permit
from messaging.carriers import Answer, Group, Meaning, Verdict
from messaging.providers.tray import Tray
from portal.rounds import Rounds
from tests.factories import a_creditor, a_person
from tests.messaging.rounds import FixedClock, a_voice, london, rounds, same_code, set_to, states, told
from tests.messaging.texts import NUMBER, PROACTIVE, a_message, someone

SATURDAY, SUNDAY, MONDAY, WEDNESDAY = (date(2026, 11, 28), date(2026, 11, 29), date(2026, 11, 30), date(2026, 12, 2))


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (london(SATURDAY, 17), london(MONDAY, 8)),
        (london(SUNDAY, 12), london(MONDAY, 8)),
        (london(MONDAY, 7, 59), london(MONDAY, 8)),
        (london(date(2026, 12, 24), 20), london(date(2026, 12, 29), 8)),
    ],
)
def test_outside_the_window_a_message_waits_for_the_next_one(
    at: datetime, opens: datetime, db: Database, superuser: Connection
) -> None:
    a_message(db, at, someone(db))
    with rounds(db, at) as (worker, tray):
        worker.deliver()
        assert (tray.taken, states(superuser)) == ([], [("planned", None)])
        set_to(worker, opens - timedelta(seconds=1))
        worker.deliver()
        assert tray.taken == []
        set_to(worker, opens)
        worker.deliver()
        assert len(tray.taken) == 1


def test_a_message_that_would_be_too_late_then_is_withheld_with_when_it_might_go(
    db: Database, superuser: Connection
) -> None:
    at = london(SUNDAY, 12)
    a_message(db, at, someone(db), not_after=london(MONDAY, 8))
    with rounds(db, at) as (worker, tray):
        worker.deliver()
    assert states(superuser) == [("withheld", "outside_window")]
    ((_, facts),) = told(superuser, "message.withheld")
    assert (facts["rule"], facts["may"]) == ("outside_window", "2026-11-30T08:00:00+00:00")
    assert tray.taken == []


def test_a_text_may_wait_at_the_carrier_until_its_window_closes_and_no_longer(db: Database) -> None:
    at = london(SATURDAY, 16, 50)
    a_message(db, at, someone(db))
    late = london(SATURDAY, 16, 59) + timedelta(seconds=45)
    with rounds(db, at, real=at) as (worker, tray):
        worker.deliver()
        assert [message.seconds for _, message in tray.taken] == [600]
        a_message(db, late, someone(db))
        set_to(worker, late)
        worker.deliver()
        assert len(tray.taken) == 1, "fifteen seconds are too few: it waits for Monday"


def carried(worker: Rounds, claimed: delivery.Claimed) -> Answer:
    results: SimpleQueue[delivery.Carried] = SimpleQueue()
    worker._carry(claimed, results)
    came = results.get()
    worker._settle([came])
    return came.answer


@pytest.mark.parametrize("moved", [timedelta(0), timedelta(days=30)])
def test_a_text_that_stood_in_line_waits_at_the_carrier_for_what_is_left_and_is_not_sent_after_the_window(
    moved: timedelta, db: Database, superuser: Connection
) -> None:
    at = london(MONDAY, 19, 59)
    real = at - moved
    for _ in range(3):
        a_message(db, at, someone(db))
    with rounds(db, at, real=real) as (worker, tray):
        claimed, _ = worker._claim()
        for each, waited, seconds in zip(claimed, (20, 50, 51), (40, 10, None), strict=True):
            worker.clock.truly = real + timedelta(seconds=waited)  # type: ignore[attr-defined]
            worker.clock.stands = at + timedelta(seconds=waited)  # type: ignore[attr-defined]
            answer = carried(worker, each)
            assert answer.verdict is (Verdict.ACCEPTED if seconds else Verdict.NOT_SENT)
            if seconds:
                assert tray.taken[-1][1].seconds == seconds
        assert len(tray.taken) == 2
        set_to(worker, at + timedelta(minutes=2))
        worker.deliver()
        assert len(tray.taken) == 2
        set_to(worker, london(MONDAY + timedelta(days=1), 8))
        worker.deliver()
        assert len(tray.taken) == 3, "it goes in the next window"


def test_every_zone_must_be_open_where_a_person_may_be_in_several(db: Database) -> None:
    at = datetime(2026, 11, 20, 15, tzinfo=UTC)  # 10:00 in New York, 7:00 in Los Angeles
    person = someone(db, country="US", postcode="10001", mobile="+12135550123")
    a_message(db, at, person)
    with rounds(db, at) as (worker, tray):
        worker.deliver()
        assert tray.taken == []
        set_to(worker, at + timedelta(hours=1))
        worker.deliver()
        assert len(tray.taken) == 1


def test_one_of_our_own_accord_a_day_and_three_a_week_over_everything(db: Database, superuser: Connection) -> None:
    begins = london(WEDNESDAY, 9)
    person = someone(db)
    went = []
    with rounds(db, begins) as (worker, tray):
        for day in range(12):
            now = begins + timedelta(days=day)
            for _ in range(2):
                a_message(db, now, person, template=PROACTIVE, not_after=now + timedelta(hours=3))
            set_to(worker, now)
            before = len(tray.taken)
            worker.deliver()
            went.append(len(tray.taken) - before)
    # From Wednesday; Sunday is closed. The week is the seven days that end today: Tuesday is the seventh.
    assert went == [1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0]
    rules = [facts["rule"] for _, facts in told(superuser, "message.withheld")]
    assert rules[:3] == ["cap_day"] * 3
    assert set(rules[3:11]) <= {"cap_week", "outside_window"}


def test_a_capped_message_that_has_time_goes_when_there_is_room(db: Database) -> None:
    begins = london(WEDNESDAY, 9)
    person = someone(db)
    for _ in range(5):
        a_message(db, begins, person, template=PROACTIVE, not_after=begins + timedelta(days=20))
    days = []
    with rounds(db, begins) as (worker, tray):
        for day in range(12):
            set_to(worker, begins + timedelta(days=day))
            before = len(tray.taken)
            worker.deliver()
            days += [day] * (len(tray.taken) - before)
    assert days == [0, 1, 2, 7, 8]


def test_answers_to_what_a_person_did_are_outside_the_caps_and_do_not_count(db: Database, at: datetime) -> None:
    person = someone(db)
    for _ in range(4):
        a_message(db, at, person, template="answer_waits")
    a_message(db, at, person, template=PROACTIVE)
    with rounds(db, at) as (worker, tray):
        worker.deliver()
    assert len(tray.taken) == 5


def test_a_message_that_the_carrier_refused_leaves_room_for_another(db: Database, at: datetime) -> None:
    person = someone(db)
    a_message(db, at, person, template=PROACTIVE)
    with rounds(db, at) as (worker, tray):
        tray.answer_next(NUMBER, Answer(Verdict.REFUSED, code="30007", meaning=Meaning(Group.BLOCKED)), takes=False)
        worker.deliver()
        a_message(db, at, person, template=PROACTIVE)
        worker.deliver()
    assert len(tray.taken) == 1


def test_a_message_of_which_nobody_knows_counts(db: Database, at: datetime, superuser: Connection) -> None:
    person = someone(db)
    a_message(db, at, person, template=PROACTIVE)
    with rounds(db, at) as (worker, tray):
        tray.answer_next(NUMBER, Answer(Verdict.UNCLEAR), takes=True)
        worker.deliver()
        a_message(db, at, person, template=PROACTIVE, not_after=at + timedelta(hours=1))
        worker.deliver()
    assert states(superuser) == [("uncertain", None), ("withheld", "cap_day")]


def test_caps_hold_when_six_claim_at_once_also_for_people_joined_later(db: Database, at: datetime) -> None:
    elders = [someone(db, mobile=f"+4477009001{n:02d}") for n in range(20)]
    youngers = [someone(db, mobile=f"+4477009002{n:02d}") for n in range(20)]
    with db.acting() as session:
        for elder, younger in zip(elders, youngers, strict=True):
            session.execute(
                text("insert into joined (person_id, into_id, since, recorded_at) values (:y, :e, :d, :at)"),
                {"y": younger, "e": elder, "d": at.date(), "at": at},
            )
    for person in (*elders, *youngers, *elders):
        a_message(db, at, person, template=PROACTIVE, not_after=at + timedelta(hours=1))
    with rounds(db, at) as (first, tray):
        many = [Rounds(db, FixedClock(at), carriers={"sms": tray}, voice=a_voice(), prepare=same_code, threads=2, batch=4)
                for _ in range(6)]  # fmt: skip
        threads = [threading.Thread(target=each.deliver) for each in many]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        while first.deliver():
            pass
        for each in many:
            each.close()
    assert len(tray.taken) == 20, "one a person, by whichever of their ids"


def test_words_that_would_tell_a_stranger_of_a_debt_do_not_leave(
    db: Database, at: datetime, superuser: Connection
) -> None:
    a_message(db, at, someone(db))
    with rounds(db, at) as (worker, tray):
        worker.voice = a_voice("Swiftcollect Debt Recovery")
        worker.deliver()
    assert (tray.taken, states(superuser)) == ([], [("withheld", "discloses")])


def test_deciding_writes_nothing(db: Database, at: datetime, superuser: Connection) -> None:
    a_message(db, at, someone(db))
    with db.acting() as session:
        messages = session.query(outbox.Message).all()
        made = permit.decide(session, messages, at=at, real=at)
        assert [each.act for each in made.values()] == [permit.Act.GO]
    assert states(superuser) == [("planned", None)]


def test_every_template_has_a_purpose_and_words_and_the_other_way_round() -> None:
    folder = Path(permit.__file__).parent.parent / "templates" / "messages"
    assert {path.name for path in folder.iterdir() if path.is_dir()} == set(permit.PURPOSES)


def test_a_person_of_two_creditors_in_two_countries_needs_both_windows_open(db: Database) -> None:
    at = london(SATURDAY, 12)  # open in Great Britain, closed in Sweden
    with db.acting() as session:
        person = a_person(session, a_creditor(session), mobile=NUMBER)
        swedish = a_creditor(session, country="SE", currency="SEK")
        session.execute(
            text("insert into record (creditor_id, system, ref, person_id, name, name_norm, country, recorded_at)"
                 " values (:c, 'test', 'S1', :p, 'M', 'm', 'SE', :at)"),
            {"c": swedish.id, "p": person.id, "at": at},
        )  # fmt: skip
        person_id = person.id
    a_message(db, at, person_id)
    with rounds(db, at) as (worker, tray):
        worker.deliver()
        assert tray.taken == []
        set_to(worker, london(MONDAY, 8))
        worker.deliver()
        assert len(tray.taken) == 1


def test_no_more_is_claimed_than_the_permitted_rate_carries_within_the_lease(db: Database, at: datetime) -> None:
    people = [someone(db, mobile=f"+4477009001{n:02d}") for n in range(50)]
    for person in people:
        a_message(db, at, person)
    slow = Rounds(db, FixedClock(at), carriers={"sms": Tray()}, voice=a_voice(), prepare=same_code, rate=1)
    claimed, decided = slow._claim()
    slow.close()
    assert (len(claimed), decided) == (20, 20)
