"""Income and spending: as typed, page by page, in versions that never change, and for the person alone."""

from datetime import timedelta

import pytest
from hypothesis import given as over
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cases.arrangements import statement_of_affairs as affairs
from cases.arrangements.affordability import A_MONTH, monthly
from cases.arrangements.standard_statement import GROUPS, SECTIONS, SIDE_OF, lines_of, next_section, section_of
from cases.arrangements.statement_of_affairs import AffairsAnswer, Answer, totals
from cases.db import Database
from cases.history import Actor, Kind
from cases.people.matching import join
from cases.people.person import Person
from cases.refusal import Refusal
from tests.cases.arrangements.books import lines, refused
from tests.cases.arrangements.households import MONTH, finished, known, told
from tests.factories import AT, a_creditor, a_person, an_account

PRIYA = Actor("collector", 1)
LATER = AT + timedelta(days=1)


@pytest.fixture
def person(session: Session) -> Person:
    return a_person(session, a_creditor(session))


def own(person: Person) -> Actor:
    return Actor("debtor", person.id)


# ---------------------------------------------------------------- the form


def test_every_line_is_asked_once() -> None:
    asked = [line for section in SECTIONS for line in lines_of(section)]
    assert len(asked) == len(set(asked)) and set(SIDE_OF) <= set(asked)
    assert all(line in lines_of(section_of(line)) for line in asked)
    walked = ["household"]
    while (following := next_section(walked[-1])) is not None:
        walked.append(following)
    assert walked == list(SECTIONS)


def test_the_groups_are_those_of_the_standard_statement() -> None:
    sides = {side: [name for name, group in GROUPS.items() if group.side == side] for side in ("income", "fixed", "flexible")}
    assert {side: len(names) for side, names in sides.items()} == {"income": 4, "fixed": 9, "flexible": 3}
    assert sides["flexible"] == ["communications-leisure", "food-housekeeping", "personal"]
    assert {side: sum(len(GROUPS[name].lines) for name in names) for side, names in sides.items()} == {
        "income": 25, "fixed": 45, "flexible": 20}  # fmt: skip


# ---------------------------------------------------------------- totals


def test_an_invented_household_comes_to_what_the_statement_says() -> None:
    made = totals(told())
    assert (made.month.income, made.month.outgoings, made.month.surplus) == (1807_90, 1532_94, 274_96)
    assert (made.month.savings, made.month.available_priority, made.month.available_non_priority) == (20_00, 254_96, 189_96)
    assert sum(made.groups[name] for name, group in GROUPS.items() if group.side == "flexible") == 549_67
    assert made.gaps == ()


@over(st.dictionaries(st.sampled_from(sorted(SIDE_OF)), st.tuples(st.integers(0, 10**7), st.sampled_from(sorted(A_MONTH)))))
def test_a_month_is_the_sum_of_its_lines_each_turned_into_a_month(said: dict[str, tuple[int, str]]) -> None:
    made = totals({line: known(amount, rhythm) for line, (amount, rhythm) in said.items()})
    by_side = dict.fromkeys(("income", "fixed", "flexible", "debts"), 0)
    for line, (amount, rhythm) in said.items():
        by_side[SIDE_OF[line]] += monthly(amount, rhythm)
    assert made.month.income == by_side["income"]
    assert made.month.outgoings == by_side["fixed"] + by_side["flexible"]
    assert made.month.admin_fee + made.month.priority_offers + made.other_repayments == by_side["debts"]


def test_what_is_not_known_counts_as_nothing_and_is_named() -> None:
    made = totals(told({"rent": 100_00}, groceries=Answer("not_sure"), gifts=Answer("rather_not"), alcohol=Answer()))
    assert made.month.outgoings == 100_00 and set(made.gaps) == {"groceries", "gifts"}


# ---------------------------------------------------------------- drafts and versions


def test_a_draft_is_resumed_as_it_was_typed(session: Session, person: Person) -> None:
    draft = affairs.begin(session, person=person.id, currency="GBP", by=own(person), at=AT)
    page = {"groceries": Answer("unread", "about 60", rhythm="weekly"), "alcohol": Answer("rather_not", "")}
    affairs.save(session, draft.id, "food", page, by=own(person), at=LATER)
    again = affairs.begin(session, person=person.id, currency="GBP", by=PRIYA, at=LATER)
    assert again.id == draft.id and again.saved_at == LATER
    kept = affairs.answers_of(session, draft.id)
    assert kept["groceries"] == page["groceries"] and kept["alcohol"].said == "rather_not"
    assert kept["laundry-dry-cleaning"] == Answer() and set(kept) == set(lines_of("food"))
    assert affairs.answered(kept) == ("food",) and affairs.to_put_right(kept) == ("food",)
    affairs.save(session, draft.id, "food", {"groceries": known(62_50, "weekly")}, by=PRIYA, at=LATER)
    assert affairs.to_put_right(affairs.answers_of(session, draft.id)) == ()


def test_a_page_takes_its_own_lines_alone(session: Session, person: Person) -> None:
    draft = affairs.begin(session, person=person.id, currency="GBP", by=own(person), at=AT)
    for section, answers in (("food", {"rent": known(1)}), ("nothing", {}), ("food", {"rent-x": known(1)})):
        refusal = refused(affairs.save, session, draft.id, section, answers, by=own(person), at=AT)
        assert refusal.code == "affairs.line_unknown"
    unknown = {"groceries": known(1, "hourly")}
    assert refused(affairs.save, session, draft.id, "food", unknown, by=own(person), at=AT).code == "income.frequency"
    assert affairs.answers_of(session, draft.id) == {}


def test_only_a_whole_draft_that_can_be_read_is_finished(session: Session, person: Person) -> None:
    draft = affairs.begin(session, person=person.id, currency="GBP", by=own(person), at=AT)
    missing = refused(affairs.finish, session, draft.id, by=own(person), at=AT)
    assert (missing.code, missing.facts["section"]) == ("affairs.not_whole", "household")
    for section in SECTIONS:
        affairs.save(session, draft.id, section, {}, by=own(person), at=AT)
    affairs.save(session, draft.id, "home", {"rent": Answer("unread", "lots")}, by=own(person), at=AT)
    unread = refused(affairs.finish, session, draft.id, by=own(person), at=AT)
    assert (unread.code, unread.facts["section"]) == ("affairs.unread", "home")
    assert lines(session, Kind.AFFAIRS_FINISHED) == []


def test_a_version_never_changes_and_the_next_begins_from_it(session: Session, person: Person) -> None:
    first = finished(session, person.id, told(), by=own(person), at=AT)
    assert affairs.finish(session, first.id, by=PRIYA, at=LATER).finished_by == str(own(person)), "a double click"
    assert refused(affairs.save, session, first.id, "food", {}, by=own(person), at=AT).code == "affairs.finished"
    for change in (
        "update statement_of_affairs set finished_by = 'x'", "delete from statement_of_affairs",
        "update affairs_answer set amount = 1", "delete from affairs_answer",
        f"insert into affairs_answer (statement_id, line, said, typed) values ({first.id}, 'x', 'none', '')",
    ):  # fmt: skip
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(change))
    draft = affairs.begin(session, person=person.id, currency="GBP", by=PRIYA, at=LATER)
    assert affairs.answers_of(session, draft.id) == affairs.answers_of(session, first.id)
    affairs.save(session, draft.id, "home", {"rent": known(530_00)}, by=PRIYA, at=LATER)
    second = affairs.finish(session, draft.id, by=PRIYA, at=LATER)
    assert [(each.id, each.version) for each in affairs.versions_of(session, [person.id])] == [(second.id, 2), (first.id, 1)]
    newest = affairs.newest(session, [person.id])
    assert newest is not None and newest.id == second.id and affairs.newest(session, [person.id], "SEK") is None
    assert totals(affairs.answers_of(session, first.id)).groups["home-contents"] == 630_12


def test_a_draft_in_another_currency_takes_no_amounts_over(session: Session, person: Person) -> None:
    finished(session, person.id, told(), by=own(person), at=AT)
    draft = affairs.begin(session, person=person.id, currency="SEK", by=own(person), at=AT)
    assert affairs.answers_of(session, draft.id) == {}


def test_the_history_keeps_no_amount_but_the_proof_of_all_answers(session: Session, person: Person) -> None:
    made = finished(session, person.id, told(), by=own(person), at=AT)
    [begun], [line] = lines(session, Kind.AFFAIRS_BEGUN), lines(session, Kind.AFFAIRS_FINISHED)
    assert begun.facts == {} and set(line.facts) == {"version", "answers"}
    assert made.salt is not None
    answers = affairs.answers_of(session, made.id)
    assert line.facts["answers"] == affairs.proof_of(made.salt, "GBP", answers)
    assert line.facts["answers"] != affairs.proof_of(made.salt, "GBP", answers | {"rent": known(1)})
    assert not {str(amount) for amount in MONTH.values()} & set(str(line.facts).split())


def test_of_people_who_are_one_the_versions_go_on(session: Session, person: Person) -> None:
    finished(session, person.id, told(), by=own(person), at=AT)
    younger = a_person(session, a_creditor(session))
    finished(session, younger.id, told(), by=own(younger), at=AT)
    join(session, younger.id, person.id, since=AT.date(), by=PRIYA, at=AT)
    made = finished(session, person.id, told(), by=own(person), at=LATER)
    assert made.version == 2
    assert len(affairs.versions_of(session, [person.id, younger.id])) == 3


# ---------------------------------------------------------------- forgotten


def test_an_idle_draft_is_forgotten_after_ninety_days_and_nothing_else(session: Session, person: Person) -> None:
    other = a_person(session, a_creditor(session))
    kept = finished(session, other.id, told(), by=own(other), at=AT)
    draft = affairs.begin(session, person=person.id, currency="GBP", by=own(person), at=AT)
    affairs.save(session, draft.id, "home", {"rent": known(520_00)}, by=own(person), at=AT)
    assert affairs.forget(session, AT + timedelta(days=90), 9) == 0
    assert affairs.forget(session, AT + timedelta(days=90, seconds=1), 0) == 0
    assert [affairs.forget(session, AT + timedelta(days=90, seconds=1), 9) for _ in range(2)] == [1, 0]
    left = session.scalars(select(AffairsAnswer.statement_id).group_by(AffairsAnswer.statement_id)).all()
    assert left == [kept.id]
    assert refused(affairs.save, session, draft.id, "home", {}, by=own(person), at=AT).code == "affairs.unknown"
    assert affairs.begin(session, person=person.id, currency="GBP", by=own(person), at=AT).id != draft.id


def test_the_answers_of_a_version_are_erased_with_the_salt_of_their_proof_and_in_no_other_way(
    session: Session, person: Person
) -> None:
    made = finished(session, person.id, told(), by=own(person), at=AT)
    for change in (
        "delete from affairs_answer", "update statement_of_affairs set salt = gen_random_uuid()",
        "update statement_of_affairs set salt = null, version = 9",
    ):  # fmt: skip
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(change))
    session.execute(text("update statement_of_affairs set salt = null"))
    session.execute(text("delete from affairs_answer"))
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text(f"insert into affairs_answer (statement_id, line, said, typed) values ({made.id}, 'x', 'none', '')"))
    session.expire_all()
    [kept] = affairs.versions_of(session, [person.id])
    assert (kept.version, kept.salt, affairs.answers_of(session, kept.id)) == (1, None, {})


# ---------------------------------------------------------------- who sees it


def test_whoever_owes_with_a_person_never_sees_their_life(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        anna, ben = a_person(session, creditor), a_person(session, creditor, name="Ben")
        an_account(session, creditor, anna, ben)
        finished(session, anna.id, told(), by=own(anna), at=AT)
    seen = select(func.count()).select_from(AffairsAnswer)
    for role, people, sees in (("debtor", [anna.id], True), ("debtor", [ben.id], False), ("staff", [], True)):
        with db.asking(role, people=people) as session:
            assert (bool(affairs.versions_of(session, [anna.id])), session.scalar(seen) > 0) == (sees, sees), (role, people)
    with pytest.raises((DBAPIError, Refusal)), db.asking("creditor", creditor=creditor.id) as session:
        affairs.versions_of(session, [anna.id])
