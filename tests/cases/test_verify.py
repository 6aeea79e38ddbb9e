"""The proof: clean when nothing is off, and the first row of each broken rule named."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, select, text

from cases import verify
from cases.db import Database
from cases.debts import dispute, hold, ledger
from cases.debts.announced import announce, end
from cases.people.contact import live_contacts
from cases.work import diary, note
from tests.factories import AT, BY, a_charge, a_creditor, a_due, a_payment, a_person, an_account

DAY = date(2026, 5, 10)


@pytest.fixture
def book(db: Database) -> Database:
    """Charges, a schedule, money, money given back, a reversal, money announced and booked. Nothing sealed."""
    with db.acting() as session:
        creditor = a_creditor(session)
        one, two = an_account(session, creditor, ref="one"), an_account(session, creditor, ref="two")
        person = a_person(session, creditor, mobile="+447700900318")
        held = an_account(session, creditor, person, ref="held")
        a_charge(session, held, 5000, DAY)
        hold.place(session, person=person.id, basis="vulnerability", accounts=[held.id], stops=["reminders", "judging"],
                   starts_on=DAY, last_on=None, review_on=date(2026, 12, 1), key="ill", by=BY, at=AT)  # fmt: skip
        dispute.begin(session, person=person.id, account=held.id, ground="paid", note=None, key="k", by=BY, at=AT)
        note.write(session, person=person.id, words="Rings on Fridays.", key="said", by=BY, at=AT)
        for key, outcome in (("met", "spoke"), ("wrong", "wrong_number")):
            number = live_contacts(session, [person.id])[0].id
            made = diary.Made("call", "out", outcome, AT - timedelta(hours=12), number, note="Paid on the 3rd.", reason="Asked by text.")
            diary.enter(session, person=person.id, made=made, places=[("GB", ("Europe/London",))], key=key, by=BY, at=AT)
        a_due(session, one, DAY, 3000)
        for account in (one, two):
            a_charge(session, account, 5000, DAY)
        fee = a_charge(session, one, 900, DAY, kind="fee", key="fee")
        paid = a_payment(session, [(one, 2000), (two, 1000)], DAY, key="paid")
        ledger.reverse(session, ledger.entry_called(session, creditor.id, fee), on=DAY, key="fee back", by=BY, at=AT)
        bounced = a_payment(session, [(two, 700)], DAY, key="bounced")
        ledger.give_back(session, bounced, on=DAY, key="back", by=BY, at=AT)
        told = announce(session, creditor=creditor.id, account=one.id, currency="GBP", amount=2000, channel="bank", on=DAY,
                        expected_on=DAY, key="a", by=BY, at=AT)  # fmt: skip
        end(session, told, ending="booked", by=BY, at=AT, payment=paid.id)
    return db


@pytest.fixture
def tamper(book: Database, superuser: Connection) -> Iterator[Connection]:
    """A superuser with triggers and foreign keys off; rolled back."""
    superuser.execute(text("set local session_replication_role = replica"))
    yield superuser
    superuser.rollback()


def _found(connection: Connection) -> set[tuple[str, str]]:
    return {(f.where, f.what) for f in verify.verify(connection).findings}  # type: ignore[arg-type]


def test_a_true_book_is_clean_and_counted(book: Database) -> None:
    with book.acting() as session:
        proof = verify.verify(session)
    assert (proof.clean, proof.payments, proof.positions) == (True, 3, 3)
    assert proof.sealed.unsealed > proof.entries > 8


def test_an_empty_house_is_clean(db: Database) -> None:
    with db.acting() as session:
        assert verify.verify(session).clean


def test_every_rule_is_a_question_that_runs(db: Database) -> None:
    with db.acting() as session:
        for question in verify.RULES.values():
            assert session.execute(text(question)).all() == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("update entry set amount = amount - 1 where kind = 'payment' and reverses is null and payment_id is not null"
         " and id = (select min(id) from entry where kind = 'payment')", ("payment", "parts_differ")),
        ("update payment set amount = amount + 1 where key = 'paid'", ("payment", "parts_differ")),
        ("delete from entry where id = (select max(id) from entry where kind = 'payment' and reverses is null)", ("payment", "parts_differ")),
        ("update entry set amount = amount - 1 where key = 'fee back'", ("entry", "mirror_differs")),
        ("update entry set value_date = value_date - 1 where key = 'fee back'", ("entry", "mirror_differs")),
        ("update entry set component = 'cost' where key = 'fee back'", ("entry", "mirror_differs")),
        ("delete from entry where key = 'fee'", ("entry", "mirror_of_nothing")),
        ("update payment set amount = amount - 1 where key = 'back'", ("payment", "return_differs")),
        ("update entry set amount = -6000 where kind = 'payment' and component = 'principal'", ("account", "component_below_nought")),
        ("update entry set tx = 1 where kind = 'charge'", ("entry", "no_history_line")),
        ("update payment set tx = 1 where key = 'paid'", ("payment", "no_history_line")),
        ("delete from payment where key = 'paid'", ("entry", "payment_missing")),
        ("update entry set payment_id = (select id from payment where key = 'paid') where key like 'back/%'", ("payment", "parts_differ")),
        ("update entry set payment_id = (select id from payment where key = 'back') where id ="
         " (select min(id) from entry where kind = 'payment')", ("entry", "part_of_another_payment")),
        ("update entry set currency = 'SEK' where kind = 'charge'", ("entry", "foreign_account")),
        ("update entry set currency = 'SEK' where kind = 'payment'", ("entry", "part_of_another_payment")),
        ("delete from payment where key = 'paid'", ("announced", "booked_without_its_payment")),
        ("update announced set ended_on = ended_on + 1 where ending = 'booked'", ("announced", "booked_on_another_day")),
        ("update position set overdue = overdue + 1", ("position", "differs_from_facts")),
        ("update position set since = since - 1 where since is not null", ("position", "differs_from_facts")),
        ("update position set next_due = '2026-01-01'", ("position", "differs_from_facts")),
        ("update position set creditor_id = creditor_id + 1", ("position", "differs_from_facts")),
        ("update position set band = '1-30'", ("position", "differs_from_facts")),
        ("update position set as_of = as_of - 400, fallen = 0, met = 0, overdue = 0, since = null, rest = null, next_due = null",
         ("position", "older_than_its_facts")),
        ("update due set amount = amount + 1", ("position", "differs_from_facts")),
        ("update entry set amount = amount + 1 where kind = 'charge'", ("position", "differs_from_facts")),
        ("delete from position", ("position", "missing")),
        ("delete from account_terms", ("account", "no_live_terms")),
        ("insert into arrangement_account (arrangement_id, account_id, creditor_id, nth, amount) select n, (select min(id) from account), 1, n, 5"
         " from generate_series(1, 2) n", ("arrangement", "two_live_for_an_account")),
        ("insert into arrangement_account (arrangement_id, account_id, creditor_id, nth, amount) values (1, 1, 1, 1, 5)",
         ("arrangement_account", "shares_differ")),
        ("insert into plan_interest (arrangement_id, account_id, creditor_id, until, expected, charged, recorded_at)"
         " values (1, 1, 1, '2026-05-31', 5, 4, now())", ("plan_interest", "charged_differs")),
        ("with p as (insert into plan_interest (arrangement_id, account_id, creditor_id, until, expected, charged, recorded_at)"
         " values (1, 1, 1, '2026-05-31', 5, 0, now()))"
         " insert into arrangement_account (arrangement_id, account_id, creditor_id, nth, amount, rate, base, bears_from, interest)"
         " values (1, 1, 1, 1, 5, 5.5, 5, '2026-05-10', 4)", ("plan_interest", "above_agreed")),
        ("update entry set key = 'plan-interest/1/1/2026-05-31' where key = 'fee'", ("entry", "interest_of_no_plan")),
        ("with g as (insert into arrangement (person_id, proposal_id, kind, currency, rhythm, agreed_at, agreed_on, state, ended_at)"
         " overriding system value values (1, 1, 'plan', 'GBP', 'monthly', now(), '2026-05-10', 'completed', now()) returning id)"
         " insert into arrangement_account (arrangement_id, account_id, creditor_id, nth, amount) select id, 1, 1, 1, 5 from g",
         ("arrangement", "ends_without_its_accounts")),
        ("insert into payment_named (payment_id, creditor_id, arrangement_id) select id, creditor_id, 1 from payment where key = 'paid'",
         ("payment", "named_for_another_account")),
        ("insert into consent (proposal_id, person_id, channel, language, words, words_sha, given_by, given_at)"
         " values (1, 1, 'portal', 'en', 'I pay 5', sha256('I pay 6'), 'debtor:1', now())", ("consent", "words_differ")),
        ("insert into consent (proposal_id, person_id, channel, language, words, words_sha, given_by, given_at)"
         " values (1, 1, 'portal', 'en', 'I pay 5', sha256('I pay 5'), 'debtor:1', now())", ("consent", "not_as_told")),
        ("update hold set stops = array['money'] where key = 'ill'", ("hold", "not_as_told")),
        ("update hold set starts_on = starts_on - 1 where key = 'ill'", ("hold", "not_as_told")),
        ("insert into hold (person_id, basis, stops, starts_on, key, placed_by, placed_at)"
         " values (1, 'insolvency', array['money'], '2026-05-10', 'x', 'x', now())", ("hold", "not_as_told")),
        ("update dispute set ground = 'not_mine'", ("dispute", "not_as_told")),
        ("update note set words = 'Rings on Mondays.'", ("note", "not_as_told")),
        ("update note set made_by = 'collector:9'", ("note", "not_as_told")),
        ("insert into note (person_id, words, salt, key, made_by, made_at) values (1, 'x', gen_random_uuid(), 'x', 'x', now())",
         ("note", "not_as_told")),
        ("update note set words = null, salt = null", ("note", "erased_untold")),
        ("update diary_entry set channel = 'visit' where key = 'met'", ("diary_entry", "not_as_told")),
        ("update diary_entry set direction = 'in' where key = 'met'", ("diary_entry", "not_as_told")),
        ("update diary_entry set outcome = 'no_answer' where key = 'met'", ("diary_entry", "not_as_told")),
        ("update diary_entry set happened_at = happened_at - interval '1 day' where key = 'met'", ("diary_entry", "not_as_told")),
        ("update diary_entry set asked_for = true where key = 'met'", ("diary_entry", "not_as_told")),
        ("update diary_entry set against = '{}' where key = 'met'", ("diary_entry", "not_as_told")),
        ("update diary_entry set contact_id = null where key = 'met'", ("diary_entry", "not_as_told")),
        ("update diary_entry set note = 'Paid on the 4th.' where key = 'met'", ("diary_entry", "not_as_told")),
        ("update diary_entry set reason = 'Just so.' where key = 'met'", ("diary_entry", "not_as_told")),
        ("update diary_entry set made_by = 'collector:9' where key = 'met'", ("diary_entry", "not_as_told")),
        ("insert into diary_entry (person_id, channel, direction, outcome, happened_at, key, made_by, made_at)"
         " values (1, 'counter', 'in', 'spoke', now(), 'x', 'x', now())", ("diary_entry", "not_as_told")),
        ("update diary_entry set note = null, note_salt = null where key = 'met'", ("diary_entry", "erased_untold")),
        ("update diary_entry set reason = null, reason_salt = null where key = 'met'", ("diary_entry", "erased_untold")),
        ("update work_item set subject = 'diary_entry:99' where kind = 'unreachable'", ("work_item", "follows_no_contact")),
        ("update work_item set kind = 'identity' where kind = 'unreachable'", ("work_item", "follows_no_contact")),
        ("insert into assessment (proposal_id, person_id, proposed, reasons, accepted, made_at) values (1, 1, 5, '{}', true, now())",
         ("assessment", "not_as_told")),
        ("with told as (insert into history (at, kind, actor, subject, facts) values (now(), 'proposal.judged', 'limits', 'proposal:1',"
         """ '{"accepted": true}'))"""
         " insert into assessment (proposal_id, person_id, proposed, reasons, accepted, made_at) values (1, 1, 5, '{}', false, now())",
         ("assessment", "not_as_told")),
        ("with p as (insert into proposal (person_id, side, kind, currency, amount, upfront, rhythm, first_on, expires_on, key, made_by, made_at)"
         " values (1, 'person', 'plan', 'GBP', 5, 0, 'monthly', '2026-05-10', '2026-05-10', 'k', 'x', now()) returning id)"
         " insert into assessment (proposal_id, person_id, proposed, reasons, accepted, made_at) select id, 1, 5, '{}', true, now() from p",
         ("assessment", "accepted_and_not_agreed")),
        ("insert into statement_of_affairs (person_id, currency, version, begun_by, begun_at, saved_at, finished_by, finished_at)"
         " values (1, 'GBP', 1, 'x', now(), now(), 'x', now())", ("statement_of_affairs", "not_as_told")),
        ("insert into day_run (creditor_id, day, begun_at, finished_at) values (1, '2026-05-10', now(), null), (1, '2026-05-11', now(), now())",
         ("day_run", "days_out_of_order")),
    ],
)  # fmt: skip
def test_what_was_changed_by_hand_is_named(tamper: Connection, change: str, rule: tuple[str, str]) -> None:
    for index in tamper.scalars(text("select indexrelid::regclass::text from pg_index where indrelid = 'arrangement_account'::regclass"
                                     " and indisunique and not indisprimary")).all():  # fmt: skip
        tamper.execute(text(f"drop index {index}"))
    assert tamper.execute(text(change)).rowcount > 0
    assert rule in _found(tamper)


def test_words_erased_by_whoever_may_leave_the_book_clean(book: Database) -> None:
    with book.acting() as session:
        for row in session.scalars(select(note.Note)).all():
            note.erase(session, row, by=BY, at=AT)
        for met in session.scalars(select(diary.DiaryEntry)).all():
            diary.erase(session, met, by=BY, at=AT)
        assert verify.verify(session).clean


def test_every_rule_has_its_tampering(tamper: Connection) -> None:
    """A rule added without a test of it fails here."""
    tried = {
        mark.args[1][n][1]
        for mark in test_what_was_changed_by_hand_is_named.pytestmark
        for n in range(len(mark.args[1]))
    }  # type: ignore[attr-defined]
    assert set(verify.RULES) <= tried


def test_the_first_position_that_is_off_is_named_with_both_figures(tamper: Connection) -> None:
    tamper.execute(text("update position set overdue = 77"))
    (found,) = [f for f in verify.verify(tamper).findings if f.where == "position"]  # type: ignore[arg-type]
    assert found.row == tamper.scalar(text("select min(account_id) from position"))
    assert found.facts["kept"] == 77 and found.facts["derived"] == 1000
    assert found.facts["derived_since"] == DAY


def test_an_act_of_an_earlier_moment_takes_no_position_back_to_an_earlier_day(book: Database) -> None:
    with book.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 1000, DAY)
        a_charge(session, account, 500, DAY, at=AT - timedelta(days=3))
        assert verify.verify(session).clean


def test_positions_are_proved_as_of_their_own_day(book: Database, superuser: Connection) -> None:
    """A figure that was right on its day is not off because days went by."""
    with book.acting() as session:
        account = an_account(session, a_creditor(session))
        a_due(session, account, date(2026, 11, 24), 1000)
        a_due(session, account, date(2027, 11, 24), 1000)
        assert verify.verify(session).clean
    assert superuser.scalar(text("select as_of from position where account_id = :a"), {"a": account.id}) == AT.date()
