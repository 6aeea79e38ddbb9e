"""The conversation: texts from phones, words in the portal, answers of staff; STOP and START obeyed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from cases.history import Actor, proof
from cases.people import permission
from cases.refusal import Refusal
from messaging import conversation
from messaging.carriers import Inbound
from tests.messaging.rounds import rounds, told
from tests.messaging.texts import NUMBER, a_message, someone

OURS = "+447700900999"
STAFF = Actor("collector", 1)


def receive(db: Database, at: datetime, words: str, *, sid: str = "SM1", sender: str = NUMBER) -> str:
    with db.acting() as session:
        return conversation.receive(session, Inbound(sid, sender, OURS, words), at=at)


def items(superuser: Connection) -> list[tuple[Any, ...]]:
    rows = superuser.execute(text("select kind, done_at is not null from work_item order by id")).all()
    superuser.rollback()
    return [tuple(row) for row in rows]


def stopped(db: Database) -> bool:
    with db.acting() as session:
        return bool(permission.withdrawn(session, "sms", [NUMBER]))


def test_a_text_is_kept_once_in_the_thread_with_its_proof_and_waits_for_an_answer(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    assert receive(db, at, "Can I pay on Friday?") == "none"
    assert receive(db, at, "Can I pay on Friday?") == "repeat"
    with db.acting() as session:
        (said,) = conversation.thread(session, [person])
        assert (said.words, said.side, said.channel) == ("Can I pay on Friday?", "person", "sms")
        ((_, facts),) = told(superuser, "reply.received")
        assert said.salt is not None
        assert facts["proof"] == proof(said.salt, "Can I pay on Friday?")
        assert "Friday" not in str(told(superuser))
    assert items(superuser) == [("message", False)]


@pytest.mark.parametrize(
    ("words", "confirmed"), [("STOP", 0), ("stop", 0), ("Stop please", 1), ("PLEASE CANCEL", 1), ("OPT-OUT", 1)]
)
def test_stop_ends_texts_at_once_and_is_confirmed_once_by_one_side(
    words: str, confirmed: int, db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    with rounds(db, at) as (worker, tray):
        receive(db, at, words)
        receive(db, at, words, sid="SM2")
        a_message(db, at, person)
        worker.run_due()
        assert stopped(db)
        assert [message.to for _, message in tray.taken] == [NUMBER] * confirmed
    assert items(superuser) == [], "a bare word needs no answer"
    assert len(told(superuser, "permission.withdrawn")) == 1


def test_a_confirmation_goes_at_night_but_only_within_five_minutes(db: Database, at: datetime) -> None:
    night = at.replace(hour=2)
    someone(db)
    with rounds(db, night) as (worker, tray):
        receive(db, night, "please stop")
        worker.run_due()
        assert len(tray.taken) == 1
        receive(db, night, "START", sid="SM2")
        receive(db, night, "please stop", sid="SM3")
        worker.clock.stands = night + timedelta(minutes=6)  # type: ignore[attr-defined]
        worker.run_due()
        assert len(tray.taken) == 1


def test_a_confirmation_waits_at_the_carrier_no_longer_than_its_five_minutes(db: Database, at: datetime) -> None:
    someone(db)
    with rounds(db, at) as (worker, tray):
        receive(db, at, "please stop")
        worker.clock.stands = at + timedelta(minutes=2)  # type: ignore[attr-defined]
        worker.deliver()
        ((_, message),) = tray.taken
        assert message.seconds is not None and message.seconds <= 180


def test_start_gives_the_permission_back(db: Database, at: datetime) -> None:
    someone(db)
    receive(db, at, "STOP")
    assert stopped(db)
    receive(db, at, "START", sid="SM2")
    assert not stopped(db)


def test_a_stop_that_says_more_is_obeyed_and_read(db: Database, at: datetime, superuser: Connection) -> None:
    someone(db)
    assert receive(db, at, "Stop texting me, I am in hospital and cannot pay anyone") == "revoke"
    assert stopped(db)
    assert items(superuser) == [("message", False)]


@pytest.mark.parametrize(
    "words",
    ["Stop, I'm suicidal", "STOP. Mum died", "Stop - he is dead", "please stop, deceased", "i must end it",
     "want to end it", "end it now", "cancel it please", "please cancel this today", "stop it", "no more, stop"],
)  # fmt: skip
def test_a_short_text_that_says_more_than_stop_is_read_by_a_person(
    words: str, db: Database, at: datetime, superuser: Connection
) -> None:
    someone(db)
    assert receive(db, at, words) == "revoke"
    assert stopped(db)
    assert items(superuser) == [("message", False)]


@pytest.mark.parametrize(
    "words",
    ["I would like to start today", "ok, I want to start this now", "start today", "START, I lost my job",
     "please start it"],
)  # fmt: skip
def test_only_the_word_itself_gives_permission_back_and_the_rest_is_read(
    words: str, db: Database, at: datetime, superuser: Connection
) -> None:
    someone(db)
    receive(db, at, "STOP")
    assert receive(db, at, words, sid="SM2") == "none"
    assert stopped(db)
    assert items(superuser) == [("message", False)]


@pytest.mark.parametrize(
    "words", ["STOP", "Stop.", "stop now thanks", "Please STOP", "thank you stop", "snälla sluta", "STOP STOP STOP", "START", "start pls"]
)
def test_a_bare_word_with_a_please_at_most_needs_no_answer(
    words: str, db: Database, at: datetime, superuser: Connection
) -> None:
    someone(db)
    receive(db, at, words)
    assert items(superuser) == []


def test_what_may_be_a_stop_suppresses_nothing_and_is_read_the_same_day(
    db: Database, at: datetime, superuser: Connection
) -> None:
    someone(db)
    assert receive(db, at, "wrong number") == "review"
    assert not stopped(db)
    row = superuser.execute(text("select kind, answer_by from work_item")).one()
    assert tuple(row) == ("stop", at.date())


def test_several_texts_are_one_item_and_an_answer_ends_it(db: Database, at: datetime, superuser: Connection) -> None:
    person = someone(db)
    for n in range(3):
        receive(db, at, f"Hello {n}", sid=f"SM{n}")
    assert items(superuser) == [("message", False)]
    with db.acting() as session:
        first = conversation.answer(session, person=person, words="Friday is fine.", key="k", by=STAFF, at=at)
        again = conversation.answer(session, person=person, words="Friday is fine.", key="k", by=STAFF, at=at)
        assert first == again
        assert [said.side for said in conversation.thread(session, [person])] == ["staff", *["person"] * 3]
        assert conversation.unread(session, [person]) == 1
    assert items(superuser) == [("message", True)]
    assert len(told(superuser, "conversation.answered")) == 1


def test_a_person_may_begin_and_a_double_click_writes_once(db: Database, at: datetime, superuser: Connection) -> None:
    person = someone(db)
    with db.acting() as session:
        by = Actor("debtor", person)
        one = conversation.write(session, person=person, words=" A question\r\n", key="k", by=by, at=at)
        assert conversation.write(session, person=person, words="A question", key="k", by=by, at=at) == one
        assert [said.words for said in conversation.thread(session, [person])] == ["A question"]
    assert items(superuser) == [("message", False)]


@pytest.mark.parametrize(("words", "code"), [(" \n ", "conversation.empty"), ("a" * 4001, "conversation.too_long")])
def test_nothing_and_too_much_are_refused(words: str, code: str, db: Database, at: datetime) -> None:
    person = someone(db)
    with db.acting() as session, pytest.raises(Refusal) as refused:
        conversation.write(session, person=person, words=words, key="k", by=Actor("debtor", person), at=at)
    assert refused.value.code == code


def test_a_shared_number_answers_for_the_one_we_wrote_to_and_the_other_sees_nothing(
    db: Database, at: datetime, superuser: Connection
) -> None:
    one, other = someone(db), someone(db)
    with rounds(db, at) as (worker, _):
        a_message(db, at, one)
        worker.deliver()
    receive(db, at, "I can pay 20 a month on my loan")
    with db.acting() as session:
        assert len(conversation.thread(session, [one])) == 1
        assert conversation.thread(session, [other]) == []
    assert [facts["shared"] for _, facts in told(superuser, "reply.received")] == [2]
    assert items(superuser) == [("message", False)]


def test_a_stop_from_a_number_that_nobody_has_still_counts(db: Database, at: datetime, superuser: Connection) -> None:
    assert receive(db, at, "STOP") == "revoke"
    assert stopped(db)
    assert superuser.execute(text("select count(*) from said")).scalar() == 0
