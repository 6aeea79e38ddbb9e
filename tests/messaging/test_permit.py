"""May it go, and when: window, STOP, caps, addresses; one decision, kept with its rule."""

import threading
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest
from sqlalchemy import Connection, text

from cases.clock import moment_of
from cases.db import Database
from cases.people import permission
from cases.people.contact import Contact, add_contact
from messaging import delivery, outbox, permit
from messaging.carriers import Answer, Effect, Group, Meaning, Verdict
from messaging.providers.tray import Tray
from portal.rounds import Rounds
from tests.factories import BY, a_creditor, a_person
from tests.messaging.rounds import CODE, FixedClock, a_voice, rounds, same_code, states, told
from tests.messaging.texts import NUMBER, a_message, someone

PROACTIVE = "plan_started"


def london(day: date, hour: int, minute: int = 0) -> datetime:
    return moment_of(day, time(hour, minute), "Europe/London")


def set_to(worker: Rounds, moment: datetime) -> None:
    worker.clock.stands = moment  # type: ignore[attr-defined]


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


@pytest.mark.parametrize("template", ["reminder", PROACTIVE, "answer_waits", "message_waits"])
def test_after_stop_nothing_of_ours_goes_until_start(
    template: str, db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    with db.acting() as session:
        permission.withdraw(session, "sms", NUMBER, because="word", by=BY, at=at)
    a_message(db, at, person, template=template)
    with rounds(db, at) as (worker, tray):
        worker.deliver()
        assert (tray.taken, states(superuser)) == ([], [("withheld", "stopped")])
        with db.acting() as session:
            permission.give(session, "sms", NUMBER, because="word", by=BY, at=at)
        a_message(db, at, person, template="answer_waits")
        worker.deliver()
        assert len(tray.taken) == 1


def test_a_stop_ends_texts_to_everyone_with_that_number(db: Database, at: datetime, superuser: Connection) -> None:
    one, other = someone(db), someone(db)
    with db.acting() as session:
        permission.withdraw(session, "sms", NUMBER, because="word", by=BY, at=at)
    for person in (one, other):
        a_message(db, at, person)
    with rounds(db, at) as (worker, tray):
        worker.deliver()
    assert (tray.taken, states(superuser)) == ([], [("withheld", "stopped")] * 2)


def another_number(db: Database, person: int, at: datetime, *, replaces: bool) -> str:
    """A number that a creditor gives later: beside the first, or in its place."""
    with db.acting() as session:
        old, creditor = session.execute(
            text("select id, creditor_id from contact where person_id = :p"), {"p": person}
        ).one()  # fmt: skip
        add_contact(session, person=person, kind="mobile", value="+447700900146", value_norm="+447700900146",
                    source="creditor", as_of=at.date() + timedelta(days=1), creditor=creditor, by=BY, at=at,
                    replaces=old if replaces else None)  # fmt: skip
    return "+447700900146"


@pytest.mark.parametrize("replaces", [True, False])
def test_a_stop_is_the_persons_and_a_number_that_comes_later_does_not_open_texts_again(
    replaces: bool, db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    later = at + timedelta(hours=1)
    with db.acting() as session:
        permission.withdraw(session, "sms", NUMBER, because="word", by=BY, at=at)
    number = another_number(db, person, later, replaces=replaces)
    a_message(db, later, person)
    with rounds(db, later) as (worker, tray):
        worker.deliver()
        assert (tray.taken, states(superuser)) == ([], [("withheld", "stopped")])
        # START from the new number is the person's word as well.
        with db.acting() as session:
            assert permission.give(session, "sms", number, because="word", by=BY, at=later)
            assert not permission.give(session, "sms", number, because="word", by=BY, at=later)
        a_message(db, later, person)
        worker.deliver()
        assert [message.to for _, message in tray.taken] == [number]
        with db.acting() as session:
            assert permission.withdraw(session, "sms", number, because="word", by=BY, at=later)
        a_message(db, later, person)
        worker.deliver()
    assert [state for state, _ in states(superuser)] == ["withheld", "sent", "withheld"]


@pytest.mark.parametrize("because", ["word", "carrier"])
def test_what_somebody_else_said_at_an_old_number_and_what_a_carrier_refuses_is_not_the_persons_word(
    because: str, db: Database, at: datetime
) -> None:
    person = someone(db)
    if because == "carrier":
        with db.acting() as session:
            permission.withdraw(session, "sms", NUMBER, because=because, by=BY, at=at)
    later = at + timedelta(hours=1)
    number = another_number(db, person, later, replaces=True)
    if because == "word":
        # Whoever has the old number by then.
        with db.acting() as session:
            permission.withdraw(session, "sms", NUMBER, because=because, by=BY, at=later + timedelta(minutes=1))
    a_message(db, later, person)
    with rounds(db, later + timedelta(hours=1)) as (worker, tray):
        worker.deliver()
    assert [message.to for _, message in tray.taken] == [number]


def test_a_code_goes_at_any_hour_and_after_a_stop_and_its_words_are_not_kept(
    db: Database, superuser: Connection
) -> None:
    night = london(SUNDAY, 3)
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
    assert {path.name for path in folder.iterdir()} == set(permit.PURPOSES)


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
