"""The logs of the whole story hold nobody's data: no name, number, address, code, reference or word.

What web, worker and timetable wrote while the story ran is searched for everything that stands in
the database about people, and for what was said and sent. `test_the_logs_of_money.py` does the same
where money moves.
"""

import json
import re

from playwright.sync_api import Browser

from portal.demo.characters import CHARACTERS
from tests.journeys.house import House
from tests.journeys.test_one_true_story import test_one_true_story as the_story
from tests.portal.addresses import AT_DESK

PERSONAL = """
select unnest(array[name, name_norm, case_ref]) from person
union select unnest(array[name, name_norm, ref, postcode, phone, phone_norm, email, email_norm, national_id_norm,
  national_id, line1, line2, city, born::text]) from record
union select unnest(array[value, value_norm]) from contact
union select unnest(array[ref, ref_norm]) from account
union select words from said union select body from message
union select unnest(array[name, mail]) from staff
union select name from creditor
union select unnest(array[reference, words, session_id, url]) from payment_attempt
"""
"""Everything by which somebody could be known, or that somebody said."""

SHAPES = {
    "a telephone number": re.compile(r"\+?\d[\d ]{9,}\d"),
    "an email address": re.compile(r"[\w.+-]+@[\w-]+\.\w+"),
    "a link that names a person": re.compile(r"/l/[\w-]{20,}"),
    "an address with a query": re.compile(r"https?://\S+\?"),
    "a case reference": re.compile(r"EV ?[2-9BCDFGHJ-NP-TV-Z]{4} ?[2-9BCDFGHJ-NP-TV-Z]{4}\b"),
    "a carrier's id": re.compile(r"\b(SM|AC)[0-9a-f]{32}\b"),
    "an amount": re.compile(r"[£€]\s?\d"),
    "the processor's page of a payment": re.compile(r"\bcs_\w+|/checkout/"),
    "a key or secret of the processor": re.compile(r"\b(sk|rk|pk|whsec)_\w+"),
}
SAFE = ("timestamp", "hash", "request_id", "task_id", "ms", "seal", "rows", "count", "event_id", "message_id")
"""Numbers and digests that are nobody's: they may look like a telephone number by chance."""


def test_the_logs_of_the_whole_story_hold_nothing_about_anyone(browser: Browser, house: House) -> None:
    if "marta" not in house.told:
        assert "began" not in house.told, "the story itself did not come to its end"
        the_story(browser, house)
    logs = house.logs()
    assert f'"route": "{AT_DESK}/case/<ref>/approve/<int:number>"' in logs["web"], "the story stands in them"
    assert "evenly.events" in logs["worker"] and logs["timetable"]
    assert not (found := traces(house, *house.told["marta"])), "\n".join(found[:20])


def test_nothing_broke_on_the_way(browser: Browser, house: House) -> None:
    if "marta" not in house.told:
        assert "began" not in house.told, "the story itself did not come to its end"
        the_story(browser, house)
    lines = [json.loads(line) for log in house.logs().values() for line in log.splitlines() if line.startswith("{")]
    bad = [line for line in lines if line["level"] in ("error", "critical") or line["event"] == "events_parked"]
    bad += [line for line in lines if line.get("status", 0) >= 500]
    assert not bad, bad[:5]
    assert not [line for line in lines if "dropped" in line], "what was dropped would have been written by name"


def bare(line: str) -> str:
    """A line's words without what is random or a count; a line that is no JSON stays as it is."""
    try:
        told = json.loads(line)
    except ValueError:
        return line
    return json.dumps({key: value for key, value in told.items() if key not in SAFE}, ensure_ascii=False)


def traces(house: House, *said: str) -> list[str]:
    """What the logs hold that stands in the database about somebody, is one of the secrets, or was `said`."""
    found = []
    secrets = {word for (word,) in house.rows(PERSONAL) if word and len(word) > 3} | set(said)
    secrets |= {each.who.phone for each in CHARACTERS} | {pair.secret.hex() for pair in house.settings.keys}
    secrets |= {
        *house.settings.twilio_auth_tokens,
        *house.settings.stripe_webhook_secrets,
        house.settings.stripe_api_key or "",
        house.settings.sendgrid_api_key or "",
        str(house.settings.broker_url),
    }
    # One search for all: thousands of words in a log of thousands of lines.
    known = re.compile("|".join(re.escape(word) for word in sorted(secrets - {""}, key=len, reverse=True)))
    for name, log in house.logs().items():
        for line in log.splitlines():
            found += [f"{name}: {what}: {line}" for what, shape in SHAPES.items() if shape.search(bare(line))]
        words = " ".join(bare(line) for line in log.splitlines())
        found += [
            f"{name}: {hit.group()} in …{words[max(hit.start() - 80, 0) : hit.end() + 40]}"
            for hit in known.finditer(words)
        ]
    return found
