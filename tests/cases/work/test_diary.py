"""The contact diary: the worked cases of how often one may call, what speaks against a call, and where outcomes lead."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cases.clock import moment_of
from cases.db import Database
from cases.debts import hold
from cases.history import Actor, Kind, proof
from cases.law.rules import calls
from cases.people import matching, support
from cases.people.contact import add_contact, live_contacts
from cases.people.person import Person
from cases.people.preference import Wish, prefer
from cases.refusal import Refusal
from cases.work import diary, queue
from cases.work.diary import AGAINST, OUTCOMES, Call, DiaryEntry, Made, frequency, permitted
from tests.cases.arrangements.books import lines
from tests.cases.facts import facts
from tests.factories import AT, a_creditor, a_person, an_account

PRIYA = Actor("collector", 1)
LONDON = (("GB", ("Europe/London",)),)
NEW_YORK = (("US", ("America/New_York",)),)
NIGHT = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


@pytest.fixture
def person(session: Session) -> Person:
    return a_person(session, a_creditor(session), mobile="+447700900318")


def number(session: Session, person: Person) -> int:
    return next(each.id for each in live_contacts(session, [person.id]) if each.kind == "mobile")


def called(session: Session, person: Person, outcome: str = "no_answer", at: datetime = AT, **given_: Any) -> DiaryEntry:
    """A call out at a moment that is entered then."""
    key = given_.pop("key", f"{at} {outcome} {given_}")
    places, entered = given_.pop("places", LONDON), given_.pop("entered", at)
    values: dict[str, Any] = {"channel": "call", "direction": "out", "outcome": outcome, "happened_at": at}
    if (given_.get("channel", "call"), given_.get("direction", "out")) == ("call", "out") and "contact" not in given_:
        values["contact"] = number(session, person)
    return diary.enter(session, person=person.id, made=Made(**(values | given_)), places=places, key=key, by=PRIYA, at=entered)


def against(session: Session, person: Person, at: datetime, channel: str = "call", **more: Any) -> tuple[str, ...]:
    return permitted(session, [person.id], channel, places=more.pop("places", LONDON), at=at, **more).against


@pytest.mark.parametrize(("given_", "expected"), facts("contact_frequency"))
def test_worked_cases(given_: dict[str, Any], expected: dict[str, Any]) -> None:
    made = [
        Call(date.fromisoformat(each["date"]), each.get("conversation", False), each.get("dir") == "in",
             each.get("excluded", False))
        for each in given_["events"]
    ]  # fmt: skip
    found = frequency(made, date.fromisoformat(given_["candidate"]), calls("US", date(2026, 11, 1)))
    told = {"allowed": found.allowed, "reason": found.reason, "counted": found.counted}
    assert {name: told[name] for name in expected} == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=25))
def test_the_day_on_which_calls_are_free_again_is_the_first_one(made: list[tuple[int, bool]]) -> None:
    limit, on = calls("US", AT.date()), date(2026, 11, 21)
    found = [Call(on - timedelta(days=ago), spoke) for ago, spoke in made]
    free = frequency(found, on, limit).free_on
    assert frequency(found, free, limit).allowed
    for ahead in range((free - on).days):
        assert not frequency(found, on + timedelta(days=ahead), limit).allowed


def test_the_wait_after_a_conversation_is_that_of_the_country(session: Session, person: Person) -> None:
    called(session, person, "spoke")
    tomorrow = AT + timedelta(days=1, hours=6)
    assert against(session, person, tomorrow) == ()
    assert against(session, person, tomorrow, places=NEW_YORK) == ("conversation_within_7_days",)
    assert against(session, person, tomorrow, places=(*LONDON, *NEW_YORK)) == ("conversation_within_7_days",)
    assert against(session, person, tomorrow, places=NEW_YORK, asked_for=True) == ()


def test_a_call_that_came_in_starts_the_wait_and_counts_for_nothing(session: Session, person: Person) -> None:
    called(session, person, "spoke", direction="in", places=NEW_YORK)
    found = permitted(session, [person.id], "call", places=NEW_YORK, at=AT + timedelta(hours=6))
    assert found.against == ("conversation_within_7_days",) and found.frequency is not None
    assert (found.frequency.counted, found.frequency.free_on) == (0, date(2026, 12, 1))


def test_seven_calls_in_seven_days_and_the_eighth_needs_a_reason_that_the_history_proves(
    session: Session, person: Person
) -> None:
    for n in range(7):
        called(session, person, at=AT + timedelta(minutes=n))
    later = AT + timedelta(hours=1)
    with pytest.raises(Refusal) as refused:
        called(session, person, at=later)
    assert refused.value.code == "diary.reason_needed"
    assert refused.value.facts["against"] == ["seven_calls_in_seven_days"]
    called(session, person, "not_connected", at=AT + timedelta(minutes=59), reason="He hung up by mistake.")
    row = called(session, person, at=later, reason="He hung up by mistake.")
    assert row.against == ["seven_calls_in_seven_days"] and row.reason_salt is not None
    line = max(lines(session, Kind.CONTACT_MADE), key=lambda each: each.id)
    assert line.facts["against"] == row.against
    assert line.facts["reason"] == proof(row.reason_salt, "He hung up by mistake.")
    assert permitted(session, [person.id], "call", places=LONDON, at=later).frequency.counted == 8  # type: ignore[union-attr]


@pytest.mark.parametrize(("by", "may"), [(PRIYA, True), (Actor("collector", 2), False), (Actor("supervisor", 3), True)])
def test_who_entered_it_or_a_supervisor_erases_its_words_once_and_nothing_else(
    session: Session, person: Person, by: Actor, may: bool
) -> None:
    row = called(session, person, at=NIGHT, note="Rings on Fridays.", reason="He asked by text.")
    assert diary.may_erase(row, by) is may
    if not may:
        with pytest.raises(Refusal) as refused:
            diary.erase(session, row, by=by, at=AT)
        assert refused.value.code == "diary.not_theirs" and row.note and row.reason
        return
    diary.erase(session, row, by=by, at=AT)
    diary.erase(session, row, by=by, at=AT)
    assert (row.note, row.note_salt, row.reason, row.reason_salt) == (None, None, None, None)
    [line] = lines(session, Kind.DIARY_ERASED)
    assert (line.actor, line.subject, line.facts) == (str(by), f"diary_entry:{row.id}", {})
    assert row.against == ["outside_window"] and not diary.may_erase(row, by)


def test_an_entry_without_words_has_nothing_to_erase(session: Session, person: Person) -> None:
    row = called(session, person)
    assert not diary.may_erase(row, PRIYA)
    diary.erase(session, row, by=PRIYA, at=AT)
    assert lines(session, Kind.DIARY_ERASED) == []


WISHES = Wish(days_off=(3,), earliest=time(10), latest=time(18))


@pytest.mark.parametrize("channel", ["call", "visit"])
@pytest.mark.parametrize(("day", "hour", "speaks"), [
    (24, "10:00", ()), (24, "09:59", ("unwanted_hour",)), (24, "18:00", ("unwanted_hour",)), (25, "12:00", ("unwanted_day",)),
    (24, "22:00", ("outside_window", "unwanted_hour")),
])  # fmt: skip
def test_what_a_person_wishes_speaks_against_a_contact_after_the_law(
    session: Session, person: Person, channel: str, day: int, hour: str, speaks: tuple[str, ...]
) -> None:
    prefer(session, person=person.id, wish=WISHES, source="person", by=Actor("debtor", person.id), at=AT)
    moment = moment_of(date(2026, 11, day), time.fromisoformat(hour), "Europe/London")
    assert against(session, person, moment, channel) == speaks
    in_warsaw = moment_of(date(2026, 11, day), time.fromisoformat(hour), "Europe/Warsaw")
    assert against(session, person, in_warsaw, channel, places=(("PL", ("Europe/Warsaw",)),))[-1:] == speaks[-1:]


def test_a_call_that_the_person_asked_for_is_at_an_hour_that_they_want(session: Session, person: Person) -> None:
    prefer(session, person=person.id, wish=WISHES, source="person", by=Actor("debtor", person.id), at=AT)
    assert against(session, person, AT) == ("unwanted_hour",)
    assert against(session, person, AT, asked_for=True) == ()
    with pytest.raises(Refusal) as refused:
        called(session, person)
    assert refused.value.facts["against"] == ["unwanted_hour"]
    assert called(session, person, asked_for=True).against == []


def test_the_elders_wish_counts_for_whoever_was_joined(session: Session, person: Person) -> None:
    younger = a_person(session, a_creditor(session, name="Ashmere Council"))
    matching.join(session, younger.id, person.id, since=AT.date(), by=PRIYA, at=AT)
    prefer(session, person=younger.id, wish=WISHES, source="staff", by=PRIYA, at=AT)
    assert against(session, person, AT) == ("unwanted_hour",)


def test_days_are_counted_on_the_persons_clock(session: Session, person: Person) -> None:
    evening = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)  # 20:00 on Tuesday in New York
    called(session, person, "spoke", at=evening, places=NEW_YORK)
    monday, tuesday = (datetime(2026, 11, 30, 18, tzinfo=UTC), datetime(2026, 12, 1, 18, tzinfo=UTC))
    assert against(session, person, monday, places=NEW_YORK) == ("conversation_within_7_days",)
    assert against(session, person, tuesday, places=NEW_YORK) == ()


def test_no_calls_holds_and_the_window_speak_against_a_call_each_by_its_name(session: Session, person: Person) -> None:
    account = an_account(session, a_creditor(session), person)
    assert against(session, person, AT) == ()
    assert against(session, person, NIGHT) == ("outside_window",)
    assert against(session, person, datetime(2026, 11, 22, 12, tzinfo=UTC)) == ("closed_day",), "a Sunday"
    support.tell(session, person=person.id, needs=["no_calls"], by=PRIYA, at=AT)
    hold.place(session, person=person.id, basis="vulnerability", accounts=[account.id], stops=["messages"],
               starts_on=AT.date(), last_on=None, review_on=date(2026, 12, 31), key="h", by=PRIYA, at=AT)  # fmt: skip
    assert against(session, person, NIGHT + timedelta(days=1)) == ("no_calls", "on_hold", "outside_window")
    assert against(session, person, NIGHT + timedelta(days=1), "visit") == ("on_hold", "outside_window")
    assert against(session, person, NIGHT + timedelta(days=1), "post") == ()
    assert set(AGAINST) >= {"no_calls", "on_hold", "outside_window", "closed_day"}


def test_a_wrong_number_ends_and_asks_for_another_where_none_is_left(session: Session, person: Person) -> None:
    old = number(session, person)
    called(session, person, "wrong_number")
    assert live_contacts(session, [person.id]) == []
    [ended] = lines(session, Kind.CONTACT_ENDED)
    assert (ended.facts["ended"], ended.facts["source"]) == (old, "creditor")
    [item] = queue.open_items(session, [person.id])
    assert (item.kind, item.urgency) == ("unreachable", 2)


def test_a_wrong_number_ends_wherever_it_stands_among_theirs(session: Session, person: Person) -> None:
    """Another creditor gave the same number, and a record that was joined has it, too."""
    lender = a_creditor(session)
    twin = a_person(session, lender, mobile="+447700900318")
    matching.join(session, twin.id, person.id, since=AT.date(), by=PRIYA, at=AT)
    for kind in ("mobile", "phone"):
        add_contact(session, person=person.id, kind=kind, value="07700 900318", value_norm="+447700900318",
                    source="creditor", as_of=AT.date(), creditor=lender.id, by=PRIYA, at=AT)  # fmt: skip
    stranger = a_person(session, lender, mobile="+447700900318")
    called(session, person, "not_them")
    assert live_contacts(session, [person.id, twin.id]) == [] and len(lines(session, Kind.CONTACT_ENDED)) == 4
    assert len(live_contacts(session, [stranger.id])) == 1, "somebody else may well have it"


def test_a_wrong_number_asks_nothing_where_another_way_is_left(session: Session) -> None:
    person = a_person(session, a_creditor(session), mobile="+447700900318", email="a@example.org")
    called(session, person, "wrong_number")
    assert [each.kind for each in live_contacts(session, [person.id])] == ["email"]
    assert queue.open_items(session, [person.id]) == []


def test_somebody_who_is_not_them_is_looked_at_by_a_person(session: Session, person: Person) -> None:
    called(session, person, "not_them", direction="in", contact=None)
    assert len(live_contacts(session, [person.id])) == 1, "no number was named"
    assert [(each.kind, each.urgency) for each in queue.open_items(session, [person.id])] == [("identity", 1)]


def test_a_double_click_enters_one_contact(session: Session, person: Person) -> None:
    one, two = called(session, person, key="k"), called(session, person, key="k")
    assert one.id == two.id and len(lines(session, Kind.CONTACT_MADE)) == 1


@pytest.mark.parametrize(("wrong", "code"), [
    ({"channel": "pigeon"}, "diary.channel_unknown"),
    ({"channel": "counter", "contact": None}, "diary.channel_unknown"),
    ({"outcome": "sent"}, "diary.outcome_unknown"),
    ({"contact": 0}, "diary.number_unknown"),
    ({"contact": None}, "diary.number_unknown"),
    ({"entered": AT - timedelta(minutes=1)}, "diary.moment_wrong"),
    ({"entered": AT + timedelta(days=32)}, "diary.moment_wrong"),
])  # fmt: skip
def test_what_cannot_have_been_is_refused(session: Session, person: Person, wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        called(session, person, **wrong)
    assert refused.value.code == code and lines(session, Kind.CONTACT_MADE) == []


def test_another_persons_number_is_refused(session: Session, person: Person) -> None:
    other = a_person(session, a_creditor(session), mobile="+447700900777")
    with pytest.raises(Refusal) as refused:
        called(session, person, contact=number(session, other))
    assert refused.value.code == "diary.number_unknown"


def test_every_way_to_meet_has_outcomes_that_the_table_takes(session: Session, person: Person) -> None:
    for n, ((channel, direction), outcomes) in enumerate(OUTCOMES.items()):
        for outcome in outcomes:
            if outcome not in diary.ENDS_NUMBER:
                at = AT + timedelta(minutes=n)
                made = Made(channel, direction, outcome, at, number(session, person) if channel == "call" else None,
                            reason="counted")  # fmt: skip
                diary.enter(session, person=person.id, made=made, places=LONDON, key=f"{n} {outcome}", by=PRIYA, at=at)
    assert len(lines(session, Kind.CONTACT_MADE)) == sum(
        outcome not in diary.ENDS_NUMBER for found in OUTCOMES.values() for outcome in found
    )


@pytest.mark.parametrize("change", ["outcome = 'promised'", "note = 'another'", "against = '{no_calls}'",
                                    "note_salt = gen_random_uuid()"])  # fmt: skip
def test_nobody_changes_what_was_entered_and_its_words_may_be_erased(db: Database, change: str) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session), mobile="+447700900318")
        called(session, person, note="He was tired.")
    with pytest.raises(DBAPIError), db.acting() as session:
        session.execute(text(f"update diary_entry set {change}"))
    with db.acting() as session:
        session.execute(text("update diary_entry set note = null, note_salt = null"))
        assert session.scalar(text("select note from diary_entry")) is None


def test_a_limit_of_the_law_is_read_from_its_file() -> None:
    law, default = calls("US", AT.date()), calls("GB", AT.date())
    assert (law.most, law.days, law.wait_days, law.surety) == (7, 7, 7, "A")
    assert (default.most, default.days, default.wait_days, default.surety) == (7, 7, 0, "D")
    assert frequency([Call(AT.date(), True)], AT.date(), replace(default, wait_days=2)).free_on == date(2026, 11, 26)
