"""Proposing, answering and agreeing: sums exact, shown is saved, one winner, each liable person told."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from cases.arrangements import arrangement, proposal
from cases.arrangements.arrangement import Arrangement, ArrangementAccount, InstalmentShare
from cases.arrangements.offer import Terms, offer, preview
from cases.arrangements.schedule import Rhythm
from cases.arrangements.version import Proposal, covered_by, proposals_of, schedule_shown
from cases.db import act_now
from cases.debts import announced
from cases.history import Actor, Kind, proof
from cases.people.person import Joined
from cases.work.queue import open_items
from tests.cases.arrangements.books import FIRST, TODAY, Book, lines, refused
from tests.factories import BY, a_charge, a_creditor, a_payment, a_person, an_account


def test_a_scheduled_account_offers_what_is_overdue_and_any_other_its_balance(session, at) -> None:
    book = Book(session)
    announced.announce(session, creditor=book.council.id, account=book.alarm.id, currency="GBP", amount=500,
                       channel="card", on=TODAY, expected_on=TODAY, key="x", by=BY, at=at)
    found = offer(session, [book.person.id], "GBP", at)
    assert [(each.account, each.owed, each.scheduled) for each in found.accounts] == [
        (book.alarm.id, 14_820, False), (book.rent.id, 57_000, True)]
    assert found.total == 71_820
    assert [each.announced for each in found.accounts] == [500, 0]
    assert (found.earliest, found.latest_first) == (TODAY, TODAY + timedelta(days=31))
    assert offer(session, [book.person.id], "SEK", at).accounts == ()


def test_a_charge_of_a_later_day_is_not_covered_yet(session, at) -> None:
    book = Book(session)
    a_charge(session, book.alarm, 1_000, TODAY + timedelta(days=1))
    assert offer(session, [book.person.id], "GBP", at).total == 71_820


def test_what_was_shown_is_what_is_saved_share_by_share(session, at) -> None:
    book = Book(session)
    terms = Terms(6_000, FIRST, upfront=15_000, upfront_on=TODAY)
    shown = preview(session, [book.person.id], book.both, terms, at)
    made = book.propose(session, at, terms)
    assert schedule_shown(made, covered_by(session, made.id)) == shown
    plan = proposal.approve(session, made.id, by=book.by, at=at)
    saved = arrangement.instalments_of(session, plan)
    assert [(each.instalment.due_on, each.shares) for each in saved] == [
        (each.due_on, {share.key: share.minor for share in each.shares}) for each in shown.instalments]
    assert sum(each.minor for each in saved) == 71_820
    # the older debt is met first by the sum upfront, the rest of it runs on
    assert saved[0].shares == {book.alarm.id: 14_820, book.rent.id: 180}


def test_a_proposal_leaves_a_history_line_and_a_work_item(session, at) -> None:
    book = Book(session)
    made = book.propose(session, at, note="I get paid on the 28th")
    [line] = lines(session, Kind.PROPOSAL_SUBMITTED)
    assert (line.person_id, line.subject, line.actor) == (
        book.person.id, f"proposal:{made.id}", f"debtor:{book.person.id}")
    assert line.facts["total"] == 71_820 and line.facts["count"] == 12 and line.facts["first_on"] == "2026-12-01"
    assert line.facts["note"] == proof(made.note_salt, "I get paid on the 28th")
    assert "paid on" not in str(line.facts)
    [item] = open_items(session, [book.person.id])
    assert (item.kind, item.subject, item.urgency, item.answer_by) == (
        "proposal", f"proposal:{made.id}", 1, date(2026, 11, 26))


def test_the_answer_is_due_before_the_first_payment(session, at) -> None:
    book = Book(session)
    book.propose(session, at, Terms(6_000, TODAY))
    assert open_items(session, [book.person.id])[0].answer_by == TODAY


def test_a_double_click_is_one_proposal(session, at) -> None:
    book = Book(session)
    assert book.propose(session, at).id == book.propose(session, at).id
    assert len(lines(session, Kind.PROPOSAL_SUBMITTED)) == 1


def test_a_second_wish_takes_the_place_of_the_first(session, at) -> None:
    book = Book(session)
    first = book.propose(session, at)
    second = book.propose(session, at, Terms(8_000, FIRST), key="k2")
    assert first.state == "superseded" and second.state == "submitted"
    assert [item.subject for item in open_items(session, [book.person.id])] == [f"proposal:{second.id}"]
    told = lines(session, Kind.PROPOSAL_SUPERSEDED)
    assert [(line.subject, line.facts) for line in told] == [
        (f"proposal:{first.id}", {"side": "person", "by": second.id})]


@pytest.mark.parametrize(("terms", "code"), [
    (Terms(6_000, TODAY - timedelta(days=1)), "plan.first_day_past"),
    (Terms(6_000, TODAY + timedelta(days=32)), "plan.first_day_too_far"),
    (Terms(100, FIRST), "plan.too_many_instalments"),
    (Terms(99, FIRST), "plan.amount_too_small"),
    (Terms(6_000, FIRST, upfront=71_820, upfront_on=TODAY), "plan.upfront_too_large"),
    (Terms(6_000, FIRST, upfront=99, upfront_on=TODAY), "plan.upfront_too_small"),
    (Terms(6_000, FIRST, upfront=5_000, upfront_on=FIRST + timedelta(days=1)), "plan.upfront_after_first"),
    (Terms(6_000, FIRST, upfront=5_000, upfront_on=TODAY - timedelta(days=1)), "plan.upfront_day_past"),
    (Terms(6_000, FIRST, upfront=5_000, upfront_on=TODAY, kind="promise"), "proposal.promise_upfront"),
    (Terms(0, FIRST, kind="promise"), "plan.amount_too_small"),
])
def test_a_proposal_that_cannot_be_is_refused_with_its_reason(session, at, terms, code) -> None:
    book = Book(session)
    assert refused(book.propose, session, at, terms).code == code
    assert session.scalar(select(Proposal.id)) is None


def test_only_own_accounts_of_one_currency_that_owe_something(session, at) -> None:
    book = Book(session)
    other = an_account(session, book.housing, a_person(session, book.housing))
    a_charge(session, other, 100, TODAY)
    kronor = an_account(session, a_creditor(session, country="SE", currency="SEK"), book.person)
    a_charge(session, kronor, 100, TODAY)
    paid = an_account(session, book.housing, book.person)
    assert refused(book.propose, session, at, accounts=[]).code == "proposal.no_account"
    assert refused(book.propose, session, at, accounts=[other.id]).code == "proposal.unknown_account"
    assert refused(book.propose, session, at, accounts=[book.rent.id, kronor.id]).code == "proposal.other_currency"
    assert refused(book.propose, session, at, accounts=[paid.id]).code == "plan.nothing_owed"
    made = book.propose(session, at, accounts=[paid.id, book.alarm.id])
    assert [each.account_id for each in covered_by(session, made.id)] == [book.alarm.id]


def test_weekly_plans_may_have_five_years_too(session, at) -> None:
    book = Book(session)
    shown = preview(session, [book.person.id], book.both, Terms(300, FIRST, Rhythm.WEEKLY), at)
    assert len(shown.instalments) == 240 and shown.ends_on < date(2031, 12, 1)
    assert refused(preview, session, [book.person.id], book.both, Terms(270, FIRST, Rhythm.WEEKLY), at).code == (
        "plan.too_many_instalments")


def test_a_promise_is_one_payment_shared_over_its_debts(session, at) -> None:
    book = Book(session)
    made = book.propose(session, at, Terms(10_000, FIRST, kind="promise"))
    assert {each.account_id: each.amount for each in covered_by(session, made.id)} == {
        book.alarm.id: 2_063, book.rent.id: 7_937}
    plan = proposal.approve(session, made.id, by=book.by, at=at)
    [only] = arrangement.instalments_of(session, plan)
    assert (only.minor, only.instalment.due_on) == (10_000, FIRST)


def test_a_promise_never_promises_more_than_is_owed(session, at) -> None:
    book = Book(session)
    shown = preview(session, [book.person.id], book.both, Terms(99_999, FIRST, kind="promise"), at)
    assert [each.minor for each in shown.instalments] == [71_820]


def test_due_dates_move_to_a_working_day_where_the_creditors_share_a_country(session, at) -> None:
    book = Book(session)
    saturday = date(2026, 12, 5)
    shown = preview(session, [book.person.id], book.both, Terms(6_000, saturday), at)
    assert (shown.instalments[0].nominal_on, shown.instalments[0].due_on) == (saturday, date(2026, 12, 7))
    irish = an_account(session, a_creditor(session, country="IE", currency="GBP"), book.person)
    a_charge(session, irish, 5_000, TODAY)
    shown = preview(session, [book.person.id], [*book.both, irish.id], Terms(6_000, saturday), at)
    assert shown.instalments[0].due_on == saturday


def test_approving_makes_a_plan_and_closes_the_work(session, at) -> None:
    book = Book(session)
    made = book.propose(session, at)
    plan = proposal.approve(session, made.id, by=book.by, at=at)
    row = session.get_one(Arrangement, plan)
    assert (row.state, row.kind, row.agreed_on, row.calendar, row.proposal_id) == ("live", "plan", TODAY, "EW", made.id)
    assert (made.state, made.decided_by) == ("agreed", str(book.by))
    assert open_items(session, [book.person.id]) == []
    [live] = arrangement.live_plans(session, people=[book.person.id])
    assert live.arrangement.id == plan and [each.account_id for each in live.accounts] == [book.alarm.id, book.rent.id]
    [line] = lines(session, Kind.ARRANGEMENT_STARTED)
    assert line.facts == {"kind": "plan", "currency": "GBP", "rhythm": "monthly", "total": 71_820, "count": 12,
                          "first": 6_000, "first_on": "2026-12-01", "last_on": "2027-11-01"}


def test_each_liable_person_is_told_of_their_own_accounts_and_no_others(session, at) -> None:
    book = Book(session)
    lena = a_person(session, book.housing, name="Lena Farrow")
    joint = an_account(session, book.housing, book.person, lena)
    a_charge(session, joint, 10_000, TODAY)
    made = book.propose(session, at, Terms(6_000, FIRST), accounts=[joint.id, book.alarm.id])
    proposal.approve(session, made.id, by=book.by, at=at)
    told = {line.person_id: line.facts for line in lines(session, Kind.ARRANGEMENT_STARTED)}
    assert told[book.person.id]["total"] == 24_820 and told[lena.id]["total"] == 10_000
    assert told[lena.id]["first"] == 2_417


def test_a_joint_debtor_sees_the_joint_account_of_the_plan_and_nothing_else(db, at) -> None:
    with db.acting() as session:
        book = Book(session)
        lena = a_person(session, book.housing, name="Lena Farrow")
        joint = an_account(session, book.housing, book.person, lena)
        a_charge(session, joint, 10_000, TODAY)
        made = book.propose(session, at, accounts=[joint.id, book.alarm.id])
        proposal.approve(session, made.id, by=book.by, at=at)
        hers, account = lena.id, joint.id
    with db.asking("debtor", people=[hers]) as session:
        [live] = arrangement.live_plans(session, people=[hers])
        assert [each.account_id for each in live.accounts] == [account]
        planned = arrangement.instalments_of(session, live.arrangement.id)
        assert {share for each in planned for share in each.shares} == {account}
        assert sum(each.minor for each in planned) == 10_000
        assert proposals_of(session, [hers]) == []


def test_a_person_sees_the_preview_before_anything_is_written(db, at) -> None:
    with db.acting() as session:
        book = Book(session)
        me, both = book.person.id, book.both
    with db.asking("debtor", people=[me]) as session:
        assert offer(session, [me], "GBP", at).total == 71_820
        shown = preview(session, [me], both, Terms(6_000, FIRST), at)
        act_now(session)
        made = proposal.propose(session, person=me, accounts=both, terms=Terms(6_000, FIRST), key="k",
                                by=Actor("debtor", me), at=at)
        assert schedule_shown(made, covered_by(session, made.id)) == shown


def test_a_plan_covers_what_was_shown_when_more_is_owed_by_now(session, at) -> None:
    book = Book(session)
    made = book.propose(session, at)
    a_charge(session, book.alarm, 999, TODAY)
    plan = proposal.approve(session, made.id, by=book.by, at=at)
    shares = session.scalars(select(InstalmentShare.amount).where(InstalmentShare.account_id == book.alarm.id))
    assert sum(shares) == 14_820
    assert session.get_one(ArrangementAccount, (plan, book.alarm.id)).amount == 14_820


def test_a_proposal_over_more_than_is_owed_by_now_is_refused(session, at) -> None:
    book = Book(session)
    made = book.propose(session, at)
    a_payment(session, [(book.alarm, 1)], TODAY)
    refusal = refused(proposal.approve, session, made.id, by=book.by, at=at)
    assert refusal.code == "proposal.changed"
    assert (refusal.facts["account"], refusal.facts["covered"], refusal.facts["owed"]) == (
        book.alarm.id, 14_820, 14_819)
    again = proposal.counter(session, made.id, terms=Terms(6_000, FIRST), key="c", by=book.by, at=at)
    assert sum(each.amount for each in covered_by(session, again.id)) == 71_819


def test_a_proposal_is_not_agreed_after_its_first_payment_day(session, at) -> None:
    book = Book(session)
    made = book.propose(session, at, Terms(6_000, FIRST, upfront=1_000, upfront_on=date(2026, 11, 26)))
    last = at + timedelta(days=2)
    assert refused(proposal.approve, session, made.id, by=book.by, at=last + timedelta(days=1)).code == (
        "proposal.expired")
    assert proposal.approve(session, made.id, by=book.by, at=last)


def test_a_counter_offer_is_the_persons_to_answer(session, at) -> None:
    book = Book(session)
    made = book.propose(session, at)
    again = proposal.counter(session, made.id, terms=Terms(7_430, FIRST), key="c", by=book.by, at=at, note="Can you?")
    assert proposal.counter(session, made.id, terms=Terms(7_430, FIRST), key="c", by=book.by, at=at).id == again.id
    assert (made.state, again.state, again.side, again.version, again.root_id) == (
        "countered", "submitted", "staff", 2, made.id)
    assert open_items(session, [book.person.id]) == []
    assert refused(proposal.approve, session, again.id, by=book.by, at=at).code == "proposal.own_offer"
    plan = proposal.accept(session, again.id, by=book.own, at=at)
    assert session.get_one(Arrangement, plan).proposal_id == again.id
    assert refused(proposal.accept, session, again.id, by=book.own, at=at).code == "proposal.decided"


def test_a_person_answers_our_offer_with_a_version_of_their_own(session, at) -> None:
    book = Book(session)
    made = book.propose(session, at)
    offer = proposal.counter(session, made.id, terms=Terms(7_430, FIRST), key="c", by=book.by, at=at)
    theirs = book.propose(session, at, Terms(6_500, FIRST), accounts=[book.rent.id], key="k3")
    assert (theirs.root_id, theirs.version, theirs.side, offer.state) == (made.id, 3, "person", "superseded")
    assert [line.subject for line in lines(session, Kind.PROPOSAL_SUBMITTED)] == [
        f"proposal:{made.id}", f"proposal:{theirs.id}"]
    again = proposal.counter(session, theirs.id, terms=Terms(7_000, FIRST), key="c2", by=book.by, at=at)
    assert (again.root_id, again.version) == (made.id, 4)
    other = book.propose(session, at, Terms(5_000, FIRST), accounts=[book.alarm.id], key="k4")
    assert (other.root_id, other.version) == (None, 1), "our offer is about another debt"


def test_a_person_may_say_no_to_our_offer_and_take_theirs_back(session, at) -> None:
    book = Book(session)
    made = book.propose(session, at)
    assert refused(proposal.accept, session, made.id, by=book.own, at=at).code == "proposal.own_offer"
    again = proposal.counter(session, made.id, terms=Terms(7_430, FIRST), key="c", by=book.by, at=at)
    proposal.decline(session, again.id, by=book.own, at=at)
    assert again.state == "declined" and len(lines(session, Kind.PROPOSAL_DECLINED)) == 1
    third = book.propose(session, at, key="k3")
    proposal.withdraw(session, third.id, by=book.own, at=at)
    assert third.state == "withdrawn" and open_items(session, [book.person.id]) == []
    assert refused(proposal.withdraw, session, third.id, by=book.own, at=at).code == "proposal.decided"


def test_we_decline_with_a_reason_whose_words_stay_out_of_the_history(session, at) -> None:
    book = Book(session)
    made = book.propose(session, at)
    assert refused(proposal.decline, session, made.id, by=book.by, at=at).code == "proposal.reason_unknown"
    proposal.decline(session, made.id, reason="too_little", words="Could you manage £70?", by=book.by, at=at)
    [line] = lines(session, Kind.PROPOSAL_DECLINED)
    assert (made.state, made.reason, made.answer) == ("declined", "too_little", "Could you manage £70?")
    assert line.facts == {"reason": "too_little", "words": proof(made.answer_salt, "Could you manage £70?")}
    refusal = refused(proposal.approve, session, made.id, by=book.by, at=at)
    assert (refusal.code, refusal.facts["state"], refusal.facts["by"], refusal.facts["at"]) == (
        "proposal.decided", "declined", str(book.by), at)


def test_a_new_plan_supersedes_and_releases_what_it_leaves_out(session, at) -> None:
    book = Book(session)
    lena = a_person(session, book.housing, name="Lena Farrow")
    joint = an_account(session, book.housing, book.person, lena)
    a_charge(session, joint, 10_000, TODAY)
    old = proposal.approve(session, book.propose(session, at, accounts=[*book.both, joint.id]).id, by=book.by, at=at)
    assert arrangement.would_end(session, [book.alarm.id]) == ([old], [book.rent.id, joint.id])
    made = book.propose(session, at, key="k2", accounts=[book.alarm.id])
    new = proposal.approve(session, made.id, by=book.by, at=at)
    was = session.get_one(Arrangement, old)
    session.refresh(was)
    assert (was.state, was.ended_at) == ("superseded", at)
    assert [each.arrangement.id for each in arrangement.live_plans(session, accounts=[*book.both, joint.id])] == [new]
    told = [(line.person_id, line.account_id, line.facts) for line in lines(session, Kind.ARRANGEMENT_SUPERSEDED)]
    assert (book.person.id, None, {"new": new, "released": 2}) in told
    assert (lena.id, None, {"new": new, "released": 1}) in told
    assert {account for _, account, _ in told if account} == {book.rent.id, joint.id}


def test_a_plan_on_the_telephone_is_proposed_and_agreed_at_once(session, at) -> None:
    book = Book(session)
    waiting = book.propose(session, at)
    for _ in range(2):
        plan = proposal.enter(session, person=book.person.id, accounts=book.both, terms=Terms(5_000, FIRST), key="t",
                              by=book.by, at=at)
    row = session.scalars(select(Proposal).where(Proposal.key == "t")).one()
    assert (row.side, row.state, row.made_by) == ("person", "agreed", str(book.by))
    assert waiting.state == "superseded"
    assert session.scalars(select(Arrangement.id)).all() == [plan]
    assert open_items(session, [book.person.id]) == []


def test_all_ids_of_a_person_may_be_covered(session, at) -> None:
    book = Book(session)
    younger = a_person(session, book.council, name="Idris Farrow")
    theirs = an_account(session, book.council, younger)
    a_charge(session, theirs, 5_000, TODAY)
    session.add(Joined(person_id=younger.id, into_id=book.person.id, since=TODAY, recorded_at=at))
    session.flush()
    made = book.propose(session, at, accounts=[theirs.id])
    assert proposal.approve(session, made.id, by=book.by, at=at)


def test_the_day_is_the_creditors_own(session) -> None:
    book = Book(session)
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    polish = a_creditor(session, country="PL", currency="PLN", name="Wierzba Kredyt")
    loan = an_account(session, polish, book.person)
    a_charge(session, loan, 10_000, date(2026, 11, 1))
    assert offer(session, [book.person.id], "GBP", late).earliest == TODAY
    assert offer(session, [book.person.id], "PLN", late).earliest == TODAY + timedelta(days=1)
