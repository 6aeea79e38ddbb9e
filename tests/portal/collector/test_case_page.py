"""The case page: figures with their reasons, history in words, and answers that one collector alone gives."""

import re
from pathlib import Path

from sqlalchemy import select, text

from cases.arrangements.arrangement import Arrangement
from cases.arrangements.version import Proposal
from cases.debts.account import Account
from cases.history import Actor, Kind
from cases.people.permission import withdrawn
from cases.people.preference import Wish, prefer
from cases.work import queue
from messaging import permit, superseded
from messaging.permit import PURPOSES
from portal.collector.history import _SAY, _WHAT
from portal.collector.waiting import TEMPLATES
from portal.collector.withheld import WITHHELD
from tests.factories import a_charge
from tests.portal.addresses import AT_DESK
from tests.portal.collector.conftest import Desk, a_text, words_of
from tests.portal.doors import post, statements

NOT_ABOUT_PEOPLE = {Kind.LIMITS_SET, Kind.LOADED, Kind.CREDITOR_ADDED, Kind.CREDITOR_CHANGED, Kind.USER_CREATED, Kind.SAMPLE_LOADED,
                    Kind.DAY_CLOSED}  # fmt: skip


def test_each_figure_has_its_reason_which_ends_in_it(desk: Desk) -> None:
    page = words_of(desk.browser("priya").get(desk.case("idris")))
    assert "Tidewell Housing £570.00 Rent, T4481. Overdue £570.00 50 days" in page
    assert ("Why 50 days? Oldest that is not met 5 October £520.00 was due. £470.00 has come, so £50.00 is open."
            " Days in arrears, to 24 November 50 days") in page
    assert ("Why £570.00 overdue? Due 5 October 2026 £50.00 £470.00 of £520.00 has come Due 5 November 2026 £520.00"
            " Overdue £570.00") in page
    assert "Why £570.00? Charged £1,040.00 Paid −£470.00 Owed now £570.00" in page
    assert "£20.00 on its way" in page and "Next due: Saturday 5 December" in page


def test_a_plan_shows_what_was_paid_and_what_comes_next(desk: Desk) -> None:
    page = words_of(desk.browser("priya").get(desk.case("idris")))
    assert "Plan kept, 2 of 6" in page
    assert "2 of 6 payments made. Next: 500.00 zł on Monday 21 December." in page


def test_the_proposal_stands_with_its_schedule_and_shares(desk: Desk) -> None:
    page = words_of(desk.browser("priya").get(desk.case("idris")))
    assert "A plan: £60.00 a month from 4 December" in page and "I get paid on the 3rd." in page
    assert "12 payments, 4 December 2026 to 4 November 2027. The last is £58.20." in page
    assert "Shares of each £60.00 Ashmere Council, care alarm: £12.38 Tidewell Housing, rent: £47.62" in page
    assert "Mon 5 Apr 2027 moved from 4 April 2027 £60.00" in page
    assert "A text says now that an answer waits." in page


def test_the_history_is_told_in_words_with_why_something_was_withheld(desk: Desk) -> None:
    page = words_of(desk.browser("priya").get(desk.case("idris")))
    assert "Plan proposed Idris £60.00 a month from 4 December. Over 2 accounts." in page
    assert "Text received Idris “can i pay 60 a month from when i get paid”" in page
    assert ("Text not sent by rule Reminder of a payment. Why not? This number said STOP. It may go only after START."
            " That was on Friday 20 November, 10:00.") in page
    assert "Text sent by rule Reminder of a payment. “Evenly: there is a note for you.”" in page
    assert "Payment £470.00 by rule Tidewell Housing, rent, of 9 October." in page
    assert "Plan started Priya Nand 6 payments, 3,000.00 zł in all, 20 October 2026 to 22 March 2027." in page


def test_the_link_that_signs_a_person_in_is_not_shown_to_us(desk: Desk) -> None:
    with desk.db.acting() as session:
        a_text(session, desk.ids["idris"], "sent", desk.clock.now(), body="Evenly: please sign in: my.example.org/l/aB3-x_9.")
    page = desk.browser("priya").get(desk.case("idris")).get_data(as_text=True)
    assert "my.example.org/l/…." in page and "aB3-x_9" not in page


def test_the_history_is_narrowed_and_paged(desk: Desk) -> None:
    priya = desk.browser("priya")
    only = words_of(priya.get(desk.case("idris", "?only=messages")))
    assert "Text received" in only and "Plan proposed Idris" not in only and "Contact noted" not in only
    money = words_of(priya.get(desk.case("idris", "?only=money")))
    assert "Payment £470.00" in money and "Text received" not in money
    with desk.db.acting() as session:
        account = session.get_one(Account, desk.ids["alarm"])
        for n in range(35):
            a_charge(session, account, 100 + n, desk.clock.now().date())
    first = priya.get(desk.case("idris")).get_data(as_text=True)
    older = re.search(rf'href="({AT_DESK}/case/\w+\?before=\d+#his)" rel="next"', first)[1]
    assert "Charge £1.34" in words_of(priya.get(desk.case("idris")))
    second = words_of(priya.get(older.partition("#")[0]))
    assert "Charge £1.34" not in second and "Charge £1.00" in second and "Newest entries" in second


def test_a_part_of_the_history_with_nothing_in_it_does_not_say_that_nothing_happened(desk: Desk) -> None:
    priya = desk.browser("priya")
    assert "Nothing of this kind yet" in words_of(priya.get(desk.case("bertram", "?only=plans")))
    assert "Nothing has happened yet" not in words_of(priya.get(desk.case("bertram")))


def test_the_language_that_a_person_chose_counts(desk: Desk) -> None:
    assert "Speaks Not known." in words_of(desk.browser("priya").get(desk.case("idris")))
    wish = Wish(language="pl")
    with desk.db.acting() as session:
        prefer(session, person=desk.ids["idris"], wish=wish, source="person", by=Actor("debtor", desk.ids["idris"]), at=desk.clock.now())
    assert "Speaks Polski." in words_of(desk.browser("priya").get(desk.case("idris")))


def test_a_joint_debtors_page_shows_the_joint_account_and_nothing_else_of_the_other(desk: Desk) -> None:
    page = words_of(desk.browser("priya").get(desk.case("lena")))
    assert "With Idris Farrow (holder)." in page and "Rent, T4481" in page
    for foreign in ("care alarm", "Wierzba", "can i pay 60", "£60.00", "idris@example.org", "07700 900318"):
        assert foreign not in page


def test_whether_a_text_may_go_is_said_as_it_will_be_decided(desk: Desk) -> None:
    priya = desk.browser("priya")
    assert "Allowed now, until 20:00 07700 900318" in words_of(priya.get(desk.case("idris")))
    assert "No mobile number." in words_of(priya.get(desk.case("quiet")))
    desk.clock.pass_by(hours=11)
    priya = desk.browser("priya")
    assert "Allowed from Wednesday 25 November, 08:00" in words_of(priya.get(desk.case("idris")))
    with desk.db.acting() as session:
        queue.open_item(session, person=desk.ids["idris"], kind="stop", subject="said:999999", urgency=1, at=desk.clock.now())
        item = queue.open_items(session, [desk.ids["idris"]])
        stop = next(each.id for each in item if each.kind == "stop")
    post(priya, desk.case("idris", f"/stop/{stop}"), on=desk.case("idris"))
    assert "No. STOP on Tuesday 24 November" in words_of(priya.get(desk.case("idris")))
    with desk.db.acting() as session:
        assert "+447700900318" in withdrawn(session, "sms", ["+447700900318"])


def test_a_text_that_could_not_be_read_is_asked_about(desk: Desk) -> None:
    with desk.db.acting() as session:
        queue.open_item(session, person=desk.ids["idris"], kind="stop", subject="carrier_event:1", urgency=1,
                        at=desk.clock.now())  # fmt: skip
    assert "could not be read here. Ask what it said." in words_of(desk.browser("priya").get(desk.case("idris")))


def test_agreeing_begins_the_plan_and_the_second_collector_is_told_who_and_when(desk: Desk) -> None:
    rung: list[str] = []
    desk.app.extensions["wake"] = rung.append
    priya, tom = desk.browser("priya"), desk.browser("tom")
    where = desk.case("idris", f"/approve/{desk.ids['proposal']}")
    tom.get(desk.case("idris"))
    assert post(priya, where, on=desk.case("idris")).location == desk.case("idris")
    assert rung == ["answers"]
    page = words_of(priya.get(desk.case("idris")))
    assert "Agreed The plan has begun. Idris is told that an answer waits." in page
    assert "Proposal agreed Priya Nand" in page
    post(tom, where, on=desk.case("idris"))
    page = words_of(tom.get(desk.case("idris")))
    assert "This was answered already Priya Nand agreed to it on Tuesday 24 November, 09:30." in page
    with desk.db.acting() as session:
        assert len(session.scalars(select(Arrangement.id).where(Arrangement.currency == "GBP")).all()) == 1
    desk.app.extensions.pop("wake")


def test_a_proposal_that_covers_more_than_is_owed_offers_another_plan_instead(desk: Desk) -> None:
    with desk.db.acting() as session:
        account = session.get_one(Account, desk.ids["alarm"])
        a_charge(session, account, -100, desk.clock.now().date(), kind="adjustment")
    priya = desk.browser("priya")
    page = priya.get(desk.case("idris"))
    assert "It cannot be agreed as it is Less is owed by now than it covers." in words_of(page)
    assert "Approve and tell" not in words_of(page)
    post(priya, desk.case("idris", f"/approve/{desk.ids['proposal']}"), on=desk.case("idris"))
    assert ("That was not done Only £147.20 is owed now, and the plan covers £148.20."
            in words_of(priya.get(desk.case("idris"))))


def test_declining_asks_for_a_reason_and_words(desk: Desk) -> None:
    priya = desk.browser("priya")
    where = desk.case("idris", f"/decline/{desk.ids['proposal']}")
    empty = post(priya, where)
    assert empty.status_code == 422 and "2 things to put right" in words_of(empty)
    assert post(priya, where, reason="too_little", words="Could you manage £70?").status_code == 303
    page = words_of(priya.get(desk.case("idris")))
    assert "Declined Idris is told that an answer waits." in page and "It pays too little." in page
    with desk.db.acting() as session:
        row = session.get_one(Proposal, desk.ids["proposal"])
        assert (row.state, row.reason, row.answer) == ("declined", "too_little", "Could you manage £70?")
    assert post(priya, where, on=desk.case("idris"), reason="other", words="x").status_code == 303
    assert "This was answered already Priya Nand declined it" in words_of(priya.get(desk.case("idris")))


def test_writing_answers_the_person_once(desk: Desk) -> None:
    priya = desk.browser("priya")
    page = priya.get(desk.case("rosalind"))
    assert "To answer" in words_of(page)
    key = re.search(r'name="key" value="(\w+)"', page.get_data(as_text=True))[1]
    empty = post(priya, desk.case("rosalind", "/write"), on=desk.case("rosalind"), words=" ", key=key)
    assert empty.status_code == 422 and "Write your message" in words_of(empty)
    for _ in range(2):
        post(priya, desk.case("rosalind", "/write"), on=desk.case("rosalind"), words="It came. Thank you.", key=key)
    page = words_of(priya.get(desk.case("rosalind")))
    assert "Your message is sent" in page and "To answer" not in page
    assert page.count("It came. Thank you.") == 2  # in the thread, and once in the history


def test_a_message_may_need_no_answer(desk: Desk) -> None:
    priya = desk.browser("priya")
    page = priya.get(desk.case("rosalind")).get_data(as_text=True)
    done = re.search(rf'action="({AT_DESK}/case/\w+/done/\d+)"', page)[1]
    post(priya, done, on=desk.case("rosalind"))
    assert "A message that needed no answer." in words_of(priya.get(desk.case("rosalind")))


def test_a_person_says_whether_an_unclear_text_went_and_nothing_is_sent_again(desk: Desk) -> None:
    priya = desk.browser("priya")
    where = desk.case("bertram", f"/uncertain/{desk.ids['unclear']}")
    assert post(priya, where, on=desk.case("bertram")).status_code == 404
    post(priya, where, on=desk.case("bertram"), went="yes")
    assert "Noted that it went Nothing was sent again." in words_of(priya.get(desk.case("bertram")))
    with desk.db.acting() as session:
        assert session.scalar(text("select state from message where id = :id"), {"id": desk.ids["unclear"]}) == "sent"
    post(priya, where, on=desk.case("bertram"), went="no")
    assert "That was not done" in words_of(priya.get(desk.case("bertram")))


FOREIGN = (
    ("get", AT_DESK + "/case/EV22222222"), ("get", AT_DESK + "/case/nonsense"), ("get", "{rosalind}/decline/{proposal}"),
    ("get", "{rosalind}/offer/{proposal}"), ("post", "{rosalind}/approve/{proposal}"),
    ("post", "{rosalind}/withdraw/{proposal}"), ("post", "{rosalind}/uncertain/{unclear}"),
    ("post", "{rosalind}/done/{item}"), ("post", "{rosalind}/stop/{item}"), ("post", "{idris}/approve/999999999"),
    ("get", AT_DESK + "/case/EV22222222/plan"), ("get", AT_DESK + "/case/EV22222222/postpone"),
    ("get", AT_DESK + "/case/EV22222222/pass-on"), ("post", AT_DESK + "/case/EV22222222/write"),
)
"""Addresses of what is another case's, or nobody's."""


def test_what_is_foreign_or_unknown_is_not_found(desk: Desk) -> None:
    priya = desk.browser("priya")
    with desk.db.acting() as session:
        item = queue.open_items(session, [desk.ids["bertram"]])[0].id
    for method, path in FOREIGN:
        where = path.format(rosalind=desk.case("rosalind"), idris=desk.case("idris"), item=item, **{
            key: desk.ids[key] for key in ("proposal", "unclear")})
        if method == "get":
            answer = priya.get(where)
        else:
            answer = post(priya, where, on=desk.case("idris"), went="yes", words="x", key="k")
        assert answer.status_code == 404, where
    with desk.db.acting() as session:
        assert session.get_one(Proposal, desk.ids["proposal"]).state == "submitted"
        assert len(queue.open_items(session, [desk.ids["bertram"]])) == 1


def test_only_who_works_cases_comes_in(desk: Desk) -> None:
    ops, stranger = desk.browser("ops"), desk.app.test_client()
    for where in (AT_DESK + "/", desk.case("idris"), desk.case("idris", "/plan")):
        assert ops.get(where).status_code == 404, where
        assert stranger.get(where).location == "/staff/sign-in", where


def test_the_page_asks_as_much_of_a_full_case_as_of_an_empty_one(desk: Desk) -> None:
    priya = desk.browser("priya")
    with statements(desk.db) as full:
        priya.get(desk.case("idris"))
    with desk.db.acting() as session:
        for name in ("rent", "alarm"):
            for n in range(20):
                a_charge(session, session.get_one(Account, desk.ids[name]), 100 + n, desk.clock.now().date())
    with statements(desk.db) as fuller:
        priya.get(desk.case("idris"))
    assert len(fuller) <= len(full) <= 40, "\n".join(full)


def test_every_kind_every_rule_and_every_template_has_words() -> None:
    assert set(Kind) - NOT_ABOUT_PEOPLE == {Kind(kind) for kind in _WHAT}
    assert set(_SAY) <= set(_WHAT)
    assert set(PURPOSES) <= set(TEMPLATES)
    sources = [Path(module.__file__ or "").read_text("utf-8") for module in (permit, superseded)]
    rules = {rule for source in sources for rule in re.findall(r'(?:_withheld|Superseded)\(\s*"(\w+)"', source)}
    assert {"stopped", "told_already"} < rules | set(superseded.REMINDED) <= set(WITHHELD)
