"""Answers by mail: taken apart, whose they are, what they mean; and what of them never gets in."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from cases.db import Database
from cases.people import permission
from messaging import receipt
from messaging.carriers import InboundMail
from messaging.permit import PURPOSES
from messaging.providers.inbound_parse import LONGEST, LONGEST_PART, key_of, read_mail, without_files
from messaging.providers.sendgrid import SendGrid
from messaging.providers.tray import Tray
from messaging.tongue import LANGUAGES
from messaging.wording import Voice, Words, render
from portal import wiring
from portal.keys import Keys
from tests.cases.facts import facts
from tests.factories import BY
from tests.messaging.mails import ADDRESS, LINE, parsed, rows, with_mailbox
from tests.messaging.rounds import rounds, told
from tests.messaging.texts import a_message
from tests.portal.face import face_settings

CARRIER = SendGrid("SG.x", "notes@evenly.example", "Evenly")
WORDS = "words, known, cut, attachments, reading"


@pytest.fixture
def whose(tmp_path: Any) -> Any:
    settings = face_settings(tmp_path, mail_replies="reply.example.org")
    return wiring.whose_mail(settings, Keys(settings.keys))


@pytest.fixture
def address(tmp_path: Any) -> Any:
    settings = face_settings(tmp_path, mail_replies="reply.example.org")
    return wiring.voice(settings, Keys(settings.keys)).answers_to


def take_in(db: Database, at: datetime, whose: Any, *mails: bytes) -> list[str]:
    """Keeps the mails as the hook does, and has the worker read them."""
    for raw in mails:
        kept = without_files(raw)
        with db.acting() as session:
            receipt.keep(session, provider="sendgrid", kind="inbound", key=key_of(kept), query="", raw=kept,
                         content_type="multipart/form-data", at=at)  # fmt: skip
    done: list[str] = []
    while True:
        with db.acting() as session:
            did = receipt.apply(session, {"sendgrid": CARRIER}, at=at, whose=whose)
        if not did:
            return done
        done += did


def items(superuser: Connection) -> list[Any]:
    return [kind for (kind,) in rows(superuser, "select kind from work_item order by id")]


def test_an_answer_joins_the_thread_once_and_waits_for_a_collector(
    db: Database, at: datetime, whose: Any, address: Any, superuser: Connection
) -> None:
    person = with_mailbox(db)
    quoted = "Can I pay on Friday?\r\n\r\nOn 24 Nov 2026, Evenly <x@y.example> wrote:\r\n> A note\r\n"
    mail = parsed(quoted, to=address(person))
    assert take_in(db, at, whose, mail, mail) == ["none"]
    assert rows(superuser, f"select person_id, channel, side, {WORDS} from said") == [
        (person, "email", "person", "Can I pay on Friday?", True, False, 0, "none")
    ]
    assert items(superuser) == ["message"]
    ((_, line),) = told(superuser, "reply.received")
    assert (line["channel"], line["known"], line["attachments"]) == ("email", True, 0)
    assert "Friday" not in str(line)


def test_the_envelope_says_whose_it_is_whatever_the_headers_say(
    db: Database, at: datetime, whose: Any, address: Any, superuser: Connection
) -> None:
    marta, ben = with_mailbox(db), with_mailbox(db, mobile="+447700900146", email="ben@example.org")
    mail = parsed(to=address(ben), sender=ADDRESS)
    assert take_in(db, at, whose, mail) == ["none"]
    assert rows(superuser, "select person_id, known from said") == [(ben, False)], "Marta's address is none of Ben's"
    assert marta != ben


@pytest.mark.parametrize(("dkim", "writes"), [("{@example.org : pass}", "marta"), ("none", "ben")])
def test_a_mail_to_the_addresses_of_two_people_is_that_ones_who_is_known_to_write_it(
    dkim: str, writes: str, db: Database, at: datetime, whose: Any, address: Any, superuser: Connection
) -> None:
    marta, ben = with_mailbox(db), with_mailbox(db, mobile="+447700900146", email="ben@example.net")
    both = json.dumps({"to": [address(ben), address(marta)], "from": "x@relay.example"})
    assert take_in(db, at, whose, parsed("STOP", to=address(ben), dkim=dkim, envelope=both)) != ["nobody"]
    assert rows(superuser, "select person_id, known from said") == [(marta, True) if writes == "marta" else (ben, False)]


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ({}, True),
        ({"dkim": "none", "spf": "pass"}, True),
        ({"dkim": "none", "spf": "fail"}, False),
        ({"dkim": "{@evil.example : pass}", "spf": "fail"}, False),
        ({"dkim": "none", "spf": "pass", "envelope_from": "x@evil.example"}, False),
        ({"sender": "else@example.org"}, False),
        ({"sender": ADDRESS.upper()}, True),
    ],
)
def test_only_an_address_on_file_whose_host_vouches_for_it_is_known(
    given: dict[str, Any], known: bool, db: Database, at: datetime, whose: Any, address: Any, superuser: Connection
) -> None:
    take_in(db, at, whose, parsed(to=address(with_mailbox(db)), **given))
    assert rows(superuser, "select known from said") == [(known,)]


@pytest.mark.parametrize("to", ["reply@reply.example.org", "r.aaaaaaaaaaaaaaaaaaaaaaaa@reply.example.org", "other@else.example"])
def test_a_mail_to_an_address_that_was_made_for_nobody_is_kept_and_read_by_nobody(
    to: str, db: Database, at: datetime, whose: Any, superuser: Connection
) -> None:
    with_mailbox(db)
    assert take_in(db, at, whose, parsed(to=to)) == ["nobody"]
    assert rows(superuser, "select from said") == []
    assert rows(superuser, "select result, raw is not null from carrier_event") == [("nobody", True)]


def test_an_address_is_read_without_capitals_and_never_for_another_person(whose: Any, address: Any) -> None:
    mine = address(7)
    assert len(mine.partition("@")[0]) <= 64 and mine == mine.lower()
    assert whose(mine.lower()) == 7
    name, _, host = mine.partition("@")
    for n in range(2, len(name)):
        changed = name[:n] + ("a" if name[n] != "a" else "b") + name[n + 1 :]
        assert whose(f"{changed}@{host}") is None


def test_files_are_left_out_byte_for_byte_and_said_to_be(
    db: Database, at: datetime, whose: Any, address: Any, superuser: Connection
) -> None:
    files = (("payslip.pdf", b"%PDF-1.7\r\n--xYzZ not the line\r\n\x00\xff" * 1000), ("a.jpg", b"\xff\xd8"))
    to = address(with_mailbox(db))
    whole, bare = parsed(to=to, files=files), parsed(to=to)
    kept = without_files(whole)
    assert kept == bare.replace(b'"attachments"\r\n\r\n0', b'"attachments"\r\n\r\n2')
    assert without_files(bare) == bare, "a mail without files is kept as it came"
    take_in(db, at, whose, whole)
    assert rows(superuser, f"select {WORDS} from said") == [("Can I pay on Friday?", True, False, 2, "none")]


def test_a_mail_that_is_too_long_is_cut_and_said_to_be(
    db: Database, at: datetime, whose: Any, address: Any, superuser: Connection
) -> None:
    take_in(db, at, whose, parsed("x" * (LONGEST_PART + 5), to=address(with_mailbox(db))))
    assert rows(superuser, "select length(words), cut from said") == [(LONGEST, True)]
    assert rows(superuser, "select length(raw) < 300000 from carrier_event") == [(True,)]


@pytest.mark.parametrize(
    ("given", "automatic"),
    [
        ({"headers": "Auto-Submitted: auto-replied\n"}, True),
        ({"headers": "auto-submitted: auto-generated\n"}, True),
        ({"headers": "Auto-Submitted: no\n"}, False),
        ({"headers": "X-Autoreply: yes\n"}, True),
        ({"headers": "Precedence: bulk\n"}, True),
        ({"headers": "Content-Type: multipart/report; report-type=delivery-status\n"}, True),
        ({"envelope_from": ""}, True),
        ({"subject": "Automatic reply: Evenly: a note"}, True),
        ({"subject": "Autosvar: Evenly"}, True),
        ({"subject": "Automatyczna odpowiedź: Evenly"}, True),
        ({"subject": "Re: I was out of the office"}, False),
        ({}, False),
    ],
)
def test_what_a_program_wrote_raises_no_work_and_stands_in_no_thread(
    given: dict[str, Any], automatic: bool, db: Database, at: datetime, whose: Any, address: Any, superuser: Connection
) -> None:
    did = take_in(db, at, whose, parsed(to=address(with_mailbox(db)), **given))
    assert did == (["automatic"] if automatic else ["none"])
    assert (items(superuser) == []) is automatic
    assert (rows(superuser, "select from said") == []) is automatic


@pytest.mark.parametrize(
    ("given", "ended", "work"),
    [
        ({"words": "STOP"}, True, []),
        ({"words": "Please stop emailing me"}, True, ["message"]),
        ({"words": "STOP", "sender": "else@example.org"}, False, ["stop"]),
        ({"words": "STOP", "dkim": "none", "spf": "fail"}, False, ["stop"]),
        ({"words": "STOP", "files": (("a.pdf", b"x"),)}, True, ["message"]),
        ({"words": "Wrong person"}, False, ["stop"]),
        ({"words": "Thank you"}, False, ["message"]),
    ],
)
def test_stop_from_an_address_of_theirs_ends_mail_at_once_and_from_elsewhere_a_collector_decides(
    given: dict[str, Any], ended: bool, work: list[str], db: Database, at: datetime, whose: Any, address: Any,
    superuser: Connection,
) -> None:  # fmt: skip
    take_in(db, at, whose, parsed(to=address(with_mailbox(db)), **given))
    with db.acting() as session:
        assert bool(permission.withdrawn(session, "email", [ADDRESS])) is ended
    assert items(superuser) == work
    assert len(told(superuser, "permission.withdrawn")) == int(ended)


def our_mails() -> list[Words]:
    """Each mail of ours that names the way to end mail; of those that say the same, one."""
    voice = Voice("Evenly", "0808 157 0123", lambda person, real: f"https://my.example.org/l/{'Ab3-' * 8}01",
                  lambda person: "r.someone@reply.example.org", lambda contact: f"https://my.example.org/u/{'a' * 24}")  # fmt: skip
    names = sorted(set(PURPOSES) - {"code", "stop_confirmed", "contact_changed"})
    made = [render(name, "email", language=language, voice=voice, person=1, contact=1, real=datetime.now(UTC))
            for name in names for language in LANGUAGES]  # fmt: skip
    return list({each.body: each for each in made}.values())


@pytest.mark.parametrize("file", [True, False], ids=["with a photo", "empty"])
def test_what_we_wrote_ourselves_is_no_word_of_theirs(
    file: bool, db: Database, at: datetime, whose: Any, address: Any, superuser: Connection
) -> None:
    to, files = address(with_mailbox(db)), (("photo.jpg", b"\xff\xd8"),) if file else ()
    for ours in our_mails():
        quoted = "\n".join(f"> {line}" for line in ours.body.split("\n"))
        whole = [f"\n\nOn 24 Nov 2026, Evenly <x@y.example> wrote:\n{quoted}",
                 f"Kyllä.\n\nEvenly kirjoitti 24.11.2026:\n{ours.body}"]  # fmt: skip
        mails = [parsed(words, to=to, files=files) for words in whole]
        mails.append(parsed(None, to=to, files=files, html=f"<p>Kyllä.</p><p>Evenly kirjoitti:</p>{ours.html}"))
        assert take_in(db, at, whose, *mails) == ["none"] * 3
    with db.acting() as session:
        assert not permission.withdrawn(session, "email", [ADDRESS])
    assert items(superuser) == ["message"]
    take_in(db, at, whose, parsed(f"Stop emailing me.\n\nEvenly kirjoitti:\n{our_mails()[0].body}", to=to))
    with db.acting() as session:
        assert permission.withdrawn(session, "email", [ADDRESS]), "their own words count beside ours"


def test_nothing_goes_to_whoever_has_written_until_it_is_read(
    db: Database, at: datetime, address: Any, superuser: Connection
) -> None:
    person, other = with_mailbox(db), with_mailbox(db, mobile="+447700900146", email="ben@example.org")
    kept = without_files(parsed("STOP", to=address(person)))
    with db.acting() as session:
        receipt.keep(session, provider="sendgrid", kind="inbound", key=key_of(kept), query="", raw=kept,
                     content_type="multipart/form-data", at=at)  # fmt: skip
    for each in (person, other):
        a_message(db, at, each)
    tray = Tray()
    with rounds(db, at, {"sms": tray, "email": CARRIER}) as (worker, _):
        worker.deliver()
    assert [message.to for _, message in tray.taken] == ["+447700900146"]


def test_start_gives_mail_back_and_a_start_that_changes_nothing_is_read(
    db: Database, at: datetime, whose: Any, address: Any, superuser: Connection
) -> None:
    to = address(with_mailbox(db))
    with db.acting() as session:
        permission.withdraw(session, "email", ADDRESS, because="link", by=BY, at=at)
    take_in(db, at, whose, parsed("START", to=to))
    assert items(superuser) == []
    with db.acting() as session:
        assert not permission.withdrawn(session, "email", [ADDRESS])
    take_in(db, at, whose, parsed("Start", to=to))
    assert items(superuser) == ["message"]


def test_a_mail_of_its_own_says_something_in_its_subject(db: Database, at: datetime, whose: Any, address: Any,
                                                         superuser: Connection) -> None:  # fmt: skip
    to = address(with_mailbox(db))
    take_in(db, at, whose, parsed("I lost my job.", to=to, subject="Help"), parsed("", to=to, subject="Re: Call me"))
    assert [words for (words,) in rows(superuser, "select words from said order by id")] == ["Help\n\nI lost my job.", "Re: Call me"]


@pytest.mark.parametrize("charset", ["UTF-8", "iso-8859-2", "windows-1250", "utf-16"])
def test_each_part_is_read_in_the_charset_that_is_named_for_it(charset: str) -> None:
    told_ = read_mail(parsed("Zapłacę w piątek", charset=charset))
    assert told_ is not None and told_.words == "Zapłacę w piątek"


def test_an_unknown_charset_html_alone_and_bytes_that_are_no_text_are_read_as_well_as_can_be() -> None:
    made = parsed("Hello", html="<p>x</p>").replace(b'"text": "UTF-8"', b'"text": "x-none"')
    assert read_mail(made).words == "Hello"  # type: ignore[union-attr]
    assert read_mail(parsed(None, html="<p>Only&nbsp;this</p>")).words == "Only this"  # type: ignore[union-attr]
    broken = parsed("Hello").replace(b"Hello", b"H\xff\x00llo")
    assert read_mail(broken).words == "H\ufffd\ufffdllo"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("charset", "words"), [("utf-7", b"Friday +2AA-"), ("unicode_escape", b"Friday \\ud800")]
)
def test_words_that_nothing_could_keep_are_kept_as_well_as_can_be(
    charset: str, words: bytes, db: Database, at: datetime, whose: Any, address: Any, superuser: Connection
) -> None:
    made = parsed("Hello", to=address(with_mailbox(db))).replace(b'"text": "UTF-8"', f'"text": "{charset}"'.encode())
    assert take_in(db, at, whose, made.replace(b"Hello", words)) == ["none"]
    ((kept,),) = rows(superuser, "select words from said")
    assert kept.startswith("Friday ")


@pytest.mark.parametrize(
    "raw",
    [b"", b"--", b"no form", parsed(envelope="{"), parsed(envelope="[]"), parsed(envelope="[" * 100_000),
     parsed(envelope='{"to": 7}'), f"{LINE}\r\n\r\n{LINE}--".encode()],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_mail_is_kept_and_parked(
    raw: bytes, db: Database, at: datetime, whose: Any, superuser: Connection
) -> None:
    assert take_in(db, at, whose, raw) == ["unreadable"]
    assert rows(superuser, "select from said") == []


@pytest.mark.parametrize(("given", "expected"), facts("sendgrid_events", lambda row: "form" in row["input"]))
def test_a_default_form_has_the_fields_that_are_read(given: dict[str, Any], expected: dict[str, Any]) -> None:
    (to,), sender = expected["envelope"]["to"], expected["envelope"]["from"]
    told_ = read_mail(parsed(to=to, sender=sender, spf=expected["SPF"], dkim="none", charset=expected["charset_text"]))
    assert told_ == InboundMail(told_.provider_id, (to,), sender, True, "Can I pay on Friday?")  # type: ignore[union-attr]
    assert given["form"] == "default"


def test_what_we_wrote_names_the_address_that_its_answer_comes_back_to(
    db: Database, at: datetime, whose: Any, tmp_path: Any
) -> None:
    settings = face_settings(tmp_path, mail_replies="reply.example.org")
    voice = wiring.voice(settings, Keys(settings.keys))
    assert voice.answers_to is not None
    person = with_mailbox(db)
    a_message(db, at, person)
    assert whose(voice.answers_to(person)) == person
    assert wiring.voice(face_settings(tmp_path), Keys(settings.keys)).answers_to is None
