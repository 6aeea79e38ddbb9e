"""What hostile requests are made of: words, sums, days, ids, paths, headers and bodies that nobody means well.

All of it is drawn from a `random.Random`, so a number gives the same rubbish again. Text that would be
markup, or a header, carries `MARK`: whoever finds it alive in an answer knows that it came from here.
"""

import json
import random
from collections.abc import Sequence
from urllib.parse import quote, quote_from_bytes, urlencode

MARK = "x4711"
HOST = f"{MARK}.example"
"""The host that nobody has."""
DESK = "/work"
"""Where the collectors' pages stand."""

Value = str | bytes
Pairs = list[tuple[Value, Value]]

WORDS: tuple[Value, ...] = (
    "", " ", "\t", "\r\n", "\0", "a\0b", "\x7f\x1b[2J", b"\xff\xfe\xfd", b"\xc0\xae\xc0\xae/", b"\xed\xa0\x80", "\ufeff", "\u202e",
    "\u2028", "e" + "\u0301" * 300, "\U0001f4b7" * 50, "²", "٣٤", "Ⅷ", "ﷺ" * 20, "ß", "İ", "ı",
    f"<{MARK}>", f"\"><{MARK} {MARK}=1>", f"'><script>{MARK}</script>", f"\" {MARK}=\"1", f"' {MARK}='1", f"javascript:{MARK}",
    f"</textarea><{MARK}>", f"<!--><{MARK}>", f"<svg/{MARK}=1>", f"&lt;{MARK}&gt;", "{{7*7}}", "{% for %}", "%(name)s", "%s%n%d",
    "{0.__class__}", "${jndi:ldap://" + HOST + "}", "' or 1=1 --", "'; drop table person; --", "1); select pg_sleep(9)--", "\\", "\\'",
    "%", "%00", "%0d%0a", f"x\r\nX-{MARK}: 1", "../../etc/passwd", "..\\..\\x", "/dev/null", "null", "None", "undefined", "NaN", "true",
    "[]", "{}", "__proto__", f"http://{HOST}/", f"//{HOST}/", f"/\\{HOST}", "a" * 201, "a" * 5000, "ä" * 4001, "9" * 5000, "=" * 300,
)  # fmt: skip
SUMS: tuple[Value, ...] = (
    "0", "-0", "-1", "0.001", "0.005", "1e3", "1e999", "1E+2", "NaN", "Infinity", "-Infinity", "1,234", "1.234", "1.234,56", "1,234.56",
    "1'234.50", "12.", ".5", "12,-", "£12", "12 kr", "kr12kr", "1 2", "1\u00a0234", "0x10", "０１２", "١٢", "²", "½", "−5", "+5", "5-",
    "9223372036854775807", "9223372036854775808", "92233720368547758.07", "99999999999999999999999999", "1" * 400, "1,2,3", "1..2", "0" * 40,
    "62", "62.50", "10.00", "30", "0.01", "100000",
)  # fmt: skip
DAYS: tuple[tuple[Value, Value, Value], ...] = (
    ("31", "2", "2026"), ("29", "2", "2027"), ("0", "0", "0"), ("31", "4", "2026"), ("1", "13", "2026"), ("-1", "1", "2026"), ("1", "1", "0001"),
    ("31", "12", "9999"), ("1", "1", "10000"), ("1", "1", "1799"), ("1", "1", "99999999999"), ("²", "1", "2026"), ("٣", "١", "٢٠٢٦"),
    ("1", "²", "2026"), ("1", "dec", "2026"), ("1", "ma", "2026"), ("1", "January" * 90, "2026"), ("", "1", "2026"), ("1", "", ""),
    ("1.5", "1e0", "2026.0"), ("24", "11", "2026"), ("1", "12", "2026"), ("28", "2", "2027"), ("1", "\0", "2026"), ("9" * 5000, "1", "2026"),
)  # fmt: skip
IDS: tuple[Value, ...] = (
    "0", "-1", "1", "2", "00000000000000000001", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "9" * 30,
    "9" * 5000, "1.0", "1e3", "0x1", "١", "²", "１", "%31", "+1", " 1", "1 ", "1;", "1'", "true", "null", "a", "sms", "email", "EV00000000",
    "evenly.css", "..", "../../pyproject.toml", "%2e%2e%2f%2e%2e%2fpyproject.toml",
)  # fmt: skip
METHODS = (
    "HEAD",
    "OPTIONS",
    "PUT",
    "DELETE",
    "PATCH",
    "TRACE",
    "CONNECT",
    "get",
    "post",
    "Post",
    "PROPFIND",
    "X",
    "GET",
    "POST",
)
KINDS = (
    "", "text/plain", "application/json", "application/xml", "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded; charset=utf-16", "application/x-www-form-urlencoded; charset=nonsense", "image/png", "/", ";", "\xff",
    "application/x-www-form-urlencoded;;charset==\"", "multipart/form-data; boundary=\"" + "b" * 300 + "\"", "a" * 3000,
)  # fmt: skip
SPEECH = (
    "", "*", "xx", "sv;q=0.9, en", "en;q=", "en;q=nan", "en;q=1e400", "en;q=-1", ";;;,,,", "en-" + "a" * 500, ",".join(["en"] * 900), "../../etc",
    "\xe9\xff", "x-klingon", "i-default", "en_GB.UTF-8@euro", "C", "zh-Hans-CN-u-co-phonebk", "ar-EG;q=1.0001",
)  # fmt: skip


def word(chance: random.Random) -> Value:
    """A word of any kind."""
    return chance.choice(chance.choice((WORDS, WORDS, SUMS, IDS)))


def id_in_path(chance: random.Random) -> str:
    """One part of an address, as it goes over the wire: encoded once, or twice."""
    found = chance.choice((*IDS, *IDS, *WORDS))
    raw = found if isinstance(found, bytes) else found.encode()
    once = quote_from_bytes(raw[:3000], safe="" if chance.random() < 0.7 else "/;:@&=+$,!*'()~")
    return quote(once, safe="") if chance.random() < 0.1 else once


def path(chance: random.Random) -> str:
    """An address that is nobody's, or somebody's spelt strangely."""
    parts = [id_in_path(chance) for _ in range(chance.randrange(5))]
    start = chance.choice(
        (
            "/",
            "/",
            "//",
            f"//{HOST}/",
            "/./",
            "/../",
            "/%2e/",
            "/%00",
            f"{DESK}/",
            f"{DESK}/case/",
            "/hooks/",
            "/static/x/",
            "/demo/",
            "",
        )
    )
    return start + "/".join(parts)


def spoilt(fields: Pairs, chance: random.Random) -> Pairs:
    """The fields of a form, one to three things wrong with them; CSRF tokens stay as they are."""
    made = list(fields)
    for _ in range(chance.choice((1, 1, 2, 3))):
        made = chance.choice(
            (_one_missing, _one_doubled, _one_other, _one_other, _one_other, _swapped, _a_day, _added)
        )(made, chance)
    return made


def _at(fields: Pairs, chance: random.Random) -> int | None:
    places = [n for n, (name, _) in enumerate(fields) if name != "csrf_token"]
    return chance.choice(places) if places else None


def _one_missing(fields: Pairs, chance: random.Random) -> Pairs:
    at = _at(fields, chance)
    return fields if at is None else fields[:at] + fields[at + 1 :]


def _one_doubled(fields: Pairs, chance: random.Random) -> Pairs:
    at = _at(fields, chance)
    return fields if at is None else [*fields, *[(fields[at][0], word(chance))] * chance.choice((1, 1, 2, 900))]


def _one_other(fields: Pairs, chance: random.Random) -> Pairs:
    at = _at(fields, chance)
    if at is None:
        return fields
    name = fields[at][0]
    found = chance.choice(SUMS) if name in ("amount", "upfront") and chance.random() < 0.7 else word(chance)
    return [*fields[:at], (name, found), *fields[at + 1 :]]


def _swapped(fields: Pairs, chance: random.Random) -> Pairs:
    one, other = _at(fields, chance), _at(fields, chance)
    if one is None or other is None:
        return fields
    made = list(fields)
    made[one], made[other] = (fields[one][0], fields[other][1]), (fields[other][0], fields[one][1])
    return made


def _a_day(fields: Pairs, chance: random.Random) -> Pairs:
    """A date that does not exist, where the form asks for one."""
    stems = sorted(
        {str(name).rpartition("-")[0] for name, _ in fields if str(name).endswith(("-day", "-month", "-year"))}
    )
    if not stems:
        return fields
    stem = chance.choice(stems)
    wrong = dict(zip((f"{stem}-day", f"{stem}-month", f"{stem}-year"), chance.choice(DAYS), strict=True))
    return [(name, wrong.get(str(name), value)) for name, value in fields]


def _added(fields: Pairs, chance: random.Random) -> Pairs:
    return [
        *fields,
        (chance.choice((word(chance), "do", "csrf_token", "key", "mark", "next", "amount", "_method")), word(chance)),
    ]


def encoded(fields: Pairs) -> bytes:
    """A form as a browser sends it."""
    return urlencode([(_raw(name), _raw(value)) for name, value in fields]).encode()


def body(fields: Pairs, chance: random.Random) -> tuple[str, bytes]:
    """A form in another wrapping: content type, and bytes that may or may not be of it."""
    plain = encoded(fields)
    kind = chance.choice(KINDS)
    return chance.choice((
        lambda: (kind, plain),
        lambda: _in_parts(fields, chance),
        lambda: _in_parts(fields, chance, of_files=True),
        lambda: _in_parts(fields, chance, of_files=True),
        lambda: (kind, _in_parts(fields, chance)[1]),
        lambda: ("application/x-www-form-urlencoded", plain.decode("latin-1").encode("utf-16")),
        lambda: ("application/x-www-form-urlencoded", chance.randbytes(chance.choice((1, 300, 5000)))),
        lambda: ("application/x-www-form-urlencoded", plain + b"&note=" + b"n" * chance.choice((70_000, 262_144, 300_000))),
        lambda: ("application/x-www-form-urlencoded", plain + b"&a=1" * chance.choice((999, 1001, 20_000))),
        lambda: ("application/x-www-form-urlencoded", plain.replace(b"=", b"", 1) + b"&&=&%&%g1&=x"),
        lambda: (f"application/json; {MARK}", json.dumps({str(name): str(value) for name, value in fields}).encode()),
    ))()  # fmt: skip


def _in_parts(fields: Pairs, chance: random.Random, *, of_files: bool = False) -> tuple[str, bytes]:
    """A multipart form; `of_files`: one of its fields is a file."""
    file = _at(fields, chance) if of_files else None
    made = b""
    for n, (name, value) in enumerate(fields):
        given = (
            b'; filename="'
            + _raw(chance.choice((f"<{MARK}>.pdf", "../../x", "a\0b", "x" * 3000))).replace(b"\0", b"%00")
            + b'"'
            if n == file
            else b""
        )
        made += (
            b'--x\r\nContent-Disposition: form-data; name="'
            + _raw(name).replace(b'"', b"%22")
            + b'"'
            + given
            + b"\r\n\r\n"
            + _raw(value)
            + b"\r\n"
        )
    end = chance.choice((b"--x--\r\n",) * 6 + (b"--x--", b"", b"--x", b"--y--\r\n"))
    return "multipart/form-data; boundary=x", made + end


def _raw(value: Value) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def headers(chance: random.Random) -> list[tuple[str, str]]:
    """A few headers that lie."""
    address = chance.choice(
        (
            "203.0.113.9",
            "2001:db8::1",
            "fe80::1%eth0",
            "127.0.0.1, " * 400,
            "a" * 2000,
            "::ffff:1.2.3.4",
            "-",
            "",
            "' or 1=1",
        )
    )
    known: Sequence[tuple[str, str]] = (
        ("Host", HOST), ("Host", ""), ("Host", f"{HOST}:99999"), ("Host", "a b"), ("Host", "[::1"), ("Host", f"127.0.0.1@{HOST}"), ("Host", "\xff"),
        ("X-Forwarded-Host", HOST), ("X-Forwarded-Host", f"{HOST}, {HOST}"), ("X-Forwarded-Proto", chance.choice(("https", "javascript", ""))),
        ("X-Forwarded-For", address), ("X-Forwarded-Port", "99999999"), ("X-Forwarded-Prefix", f"//{HOST}"), ("Forwarded", f"for={address};host={HOST}"),
        ("X-Original-URL", DESK), ("X-Rewrite-URL", DESK), ("X-HTTP-Method-Override", "DELETE"), ("X-Real-Ip", address),
        ("Accept-Language", chance.choice(SPEECH)), ("Accept-Language", chance.choice(SPEECH)), ("Accept", chance.choice(("", "*", "a/b;q=x", "," * 2000))),
        ("Accept-Encoding", chance.choice(("gzip;q=0", "identity;q=0", "zip, br;q=9", ""))), ("Range", "bytes=0-1,5-2,-" + "9" * 30),
        ("If-Modified-Since", "Sat, 31 Feb 2026 25:61:00 XYZ"), ("If-None-Match", "*"), ("Content-Encoding", "gzip"), ("Transfer-Encoding", "gzip"),
        ("Content-Length", chance.choice(("0", "1", "-1", "1e3", "9" * 30, "", "x"))), ("Authorization", chance.choice(("Basic !!!", "Bearer " + "a" * 3000, "Digest x=", ""))),
        ("Referer", f"http://{HOST}/<{MARK}>"), ("Origin", f"http://{HOST}"), ("Origin", "null"), ("User-Agent", f"<{MARK}>"), ("User-Agent", "a" * 6000),
        ("X-CSRFToken", "x"), ("X-CSRF-Token", "\xff"), ("X-" + "a" * 200, "b" * 6000), ("Cookie", "a=b; " * 300), ("Date", "yesterday"), ("Via", "1.1 " + HOST),
        ("X-Twilio-Signature", "\xe4" * 20), ("Stripe-Signature", f"t={'9' * 400},v1=00"), ("Stripe-Signature", "t=²,v1=\xe4"), ("Stripe-Signature", ",,=,t="),
    )  # fmt: skip
    return [chance.choice(known) for _ in range(chance.choice((1, 1, 2, 4)))]


def cookie(good: str, chance: random.Random) -> str:
    """A session cookie that has been tampered with."""
    name, _, value = good.partition("=")
    at = chance.randrange(len(value) + 1)
    return chance.choice((
        f"{name}={value[:at]}", f"{good}; {name}={value[:at]}", f"{name}=; {good}", f"{name}={value[::-1]}", f"{name}={value}{value}",
        f"{name}={value[:at]}!{value[at:]}", f"{name}=.{value}", f"{name}=..", f"{name}=eyJhIjoxfQ.aaaaaa.bbbb", f"{name}=.eJw.a.b", name, "=", ";;;",
        f"{name}=\xff\xfe", f'{name}="{value}', f"{name}=" + "a" * 8000, f"{name.upper()}={value}", f"__Host-{name}={value}",
    ))  # fmt: skip


def event(chance: random.Random, known: Sequence[str]) -> bytes:
    """An event of the card processor with rubbish in it, now and then about a payment of ours (`known`: its numbers)."""

    def odd() -> object:
        return chance.choice(
            (
                None,
                True,
                -1,
                0,
                2**63,
                10**400,
                1.5,
                float("nan"),
                "",
                "x\0y",
                f"<{MARK}>",
                "\ud800",
                [],
                {},
                [[]],
                {"id": []},
                "9" * 400,
            )
        )

    def mostly(good: object) -> object:
        return good if chance.random() < 0.8 else odd()

    kind = chance.choice((
        "checkout.session.completed", "checkout.session.expired", "checkout.session.async_payment_failed", "payment_intent.payment_failed",
        "refund.created", "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.closed", "x", "",
    ))  # fmt: skip
    number = chance.choice((*known, "1", "999", "9" * 18, "²", "-1"))
    thing = {
        "id": mostly(f"cs_test_{number}"), "status": mostly(chance.choice(("complete", "succeeded", "open", "lost", "won", "failed"))),
        "payment_status": mostly("paid"), "payment_intent": mostly(f"pi_{number}"), "amount_total": mostly(1000), "amount": mostly(1000),
        "currency": mostly(chance.choice(("gbp", "sek", "xxx"))), "metadata": mostly({"attempt": number}), "created": mostly(1_795_000_000),
        "client_reference_id": mostly(number), "reason": mostly("fraudulent"), "last_payment_error": mostly({"code": "x", "decline_code": mostly("y")}),
    }  # fmt: skip
    for gone in chance.sample(sorted(thing), chance.choice((0, 0, 1, 4))):
        del thing[gone]
    told = {
        "id": mostly(f"evt_{chance.randrange(10**9)}"),
        "type": mostly(kind),
        "created": mostly(1_795_000_000),
        "data": mostly({"object": mostly(thing)}),
    }
    whole = json.dumps(chance.choice((told, told, told, told, told, told, told, [told], odd()))).encode()
    return chance.choice(
        (
            whole,
            whole,
            whole,
            whole,
            whole,
            whole[: len(whole) // 2],
            b"\xef\xbb\xbf" + whole,
            whole.decode().encode("utf-16"),
            b"[" * 5000,
            b"",
        )
    )


def report(chance: random.Random, known: Sequence[str]) -> Pairs:
    """What the carrier of texts says, with rubbish in it; `known`: numbers of messages of ours."""
    number = chance.choice((*known, "0", "999"))
    fields: Pairs = [
        ("MessageSid", f"SM{chance.randrange(10**9):032x}"), ("MessageStatus", chance.choice(("sent", "delivered", "failed", "queued", "x"))),
        ("From", chance.choice(("+447700900301", "+447700900999", "Evenly", ""))), ("To", "+447700900999"), ("Body", chance.choice(("hello", "STOP", "ja", f"<{MARK}>"))),
        ("ErrorCode", chance.choice(("30003", "x", "", "9" * 30))), ("RawDlrDoneDate", "2611240930"), ("NumMedia", chance.choice(("0", "1", "x"))), ("m", number),
    ]  # fmt: skip
    return spoilt(fields, chance) if chance.random() < 0.8 else fields
