"""What is new in an answer by mail, as the mail programs of four languages write it."""

import time

import pytest

from messaging.providers.inbound_parse import LONGEST
from messaging.quoted import fresh, words_of
from messaging.reply import read

OLD = "> A note is waiting for you\n> Sign in to read it.\n"


@pytest.mark.parametrize(
    "quoted",
    [
        "On Tue, 24 Nov 2026 at 09:30, Evenly <notes@evenly.example> wrote:\n" + OLD,
        "On Tue, 24 Nov 2026 at 09:30,\nEvenly <notes@evenly.example>\nwrote:\n\n" + OLD,
        "On 24 Nov 2026, at 09:30, Evenly <notes@evenly.example> wrote:\n\nA note is waiting for you\n",
        "-----Original Message-----\nFrom: Evenly\nA note is waiting for you\n",
        "________________________________\nFrom: Evenly <notes@evenly.example>\nSent: Tuesday\nA note\n",
        "From: Evenly <notes@evenly.example>\nSent: Tuesday 24 November 2026\nTo: Marta\nSubject: x\n\nA note\n",
        "*From:* Evenly <notes@evenly.example>\n*Sent:* Tuesday\n*To:* Marta\n\nA note\n",
        "Den tis 24 nov. 2026 kl 09:30 skrev Evenly <notes@evenly.example>:\n" + OLD,
        "24 nov. 2026 kl. 09:30 skrev Evenly <notes@evenly.example>:\n\n" + OLD,
        "Från: Evenly <notes@evenly.example>\nSkickat: den 24 november\nTill: Marta\nÄmne: x\n\nEn not\n",
        "wt., 24 lis 2026 o 09:30 Evenly <notes@evenly.example> napisał(a):\n\n" + OLD,
        "W dniu 24.11.2026 o 09:30, Evenly pisze:\n" + OLD,
        "Od: Evenly <notes@evenly.example>\nWysłano: wtorek\nDo: Marta\nTemat: x\n\nNotatka\n",
        "في الثلاثاء، 24 نوفمبر 2026 في 9:30 ص كتب Evenly <notes@evenly.example>:\n" + OLD,
        "-- \nMarta Lindqvist\n0770 900 145\n",
        "Sent from my iPhone\n",
        "Skickat från min iPhone\n",
        "Get Outlook for Android\n\nFrom: Evenly\nSent: Tuesday\nTo: Marta\n",
        OLD,
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_what_is_quoted_and_a_signature_are_left_out(quoted: str, ends: str) -> None:
    assert fresh(f"Can I pay on Friday?\n\n{quoted}".replace("\n", ends)) == "Can I pay on Friday?"


def test_answers_between_quoted_lines_are_kept_in_their_order() -> None:
    mail = "On 24 Nov 2026, Evenly <x@y.example> wrote:\n> Can you pay?\nNot yet.\n> When?\nOn Friday.\n"
    assert fresh(mail) == "Not yet.\nOn Friday."


@pytest.mark.parametrize(
    "mail",
    [
        "From: the day I lost my job I could not.\nCan you help?",
        "On Monday I wrote: nothing came.\nSo what now?",
        "I will pay on Friday, as I wrote:\n\nnot before.",
        "I have 20 left. Till: Friday.",
        "On 3 November my landlord called me.\nHe wrote: leave.",
    ],
)
def test_what_only_looks_quoted_is_kept(mail: str) -> None:
    assert fresh(mail) == mail


def test_where_nothing_would_be_left_all_is_kept() -> None:
    assert fresh(OLD) == OLD.strip()


def test_html_alone_is_read_without_what_it_quotes() -> None:
    html = (
        "<html><head><style>p{color:red}</style><title>x</title></head><body><p>Can I pay<br>on   Friday?</p>"
        "<img src=x><div class='gmail_quote'>On Tuesday Evenly wrote:<blockquote>A note</blockquote></div>"
        "<blockquote>older</blockquote><p>Marta &amp; Ben</p><script>alert(1)</script></body></html>"
    )
    assert words_of(html) == "Can I pay\non Friday?\n\nMarta & Ben"


def test_broken_html_is_no_error() -> None:
    assert "Hello" in words_of("<p>Hello</div></b><blockquote><p <<< <a href=")


@pytest.mark.parametrize(
    "mail",
    [
        "On 1 x wrote:\n" * 18_000 + "> x",
        "From: x\n" * 30_000,
        ">" * 250_000,
        "On 1 " + "wrote " * 40_000,
        "- " * 120_000,
        "<b>" * 60_000 + "</i>" * 40_000,
        "<blockquote>x" * 18_000,
        "x" * 250_000,
    ],
    ids=range(8),
)
def test_a_long_mail_that_nobody_means_well_is_read_in_a_moment(mail: str) -> None:
    began = time.process_time()
    fresh(mail)
    words_of(mail)
    read(fresh(mail)[:LONGEST])
    assert time.process_time() - began < 3
