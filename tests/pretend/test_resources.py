"""Stripe's resources as they are answered, held against the samples that Stripe publishes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.pretend.running import Hook, Pretend

# The shop's own facts, and what Stripe's sample gives only a word of.
OPEN = ("metadata", "last_payment_error", "next_action", "data")


@pytest.fixture(scope="module")
def samples(test_data: Path) -> Any:
    return json.loads((test_data / "specs/stripe_fixtures3.json").read_text("utf-8"))["resources"]


def misfits(value: Any, sample: Any, at: str) -> list[str]:
    """Where a value has not the keys and types of a sample; null fits everywhere."""
    if value is None or sample is None:
        return []
    if type(value) is not type(sample):
        return [f"{at} is {type(value).__name__}, not {type(sample).__name__}"]
    if isinstance(value, dict) and at.rpartition(".")[2] not in OPEN:
        wrong = [f"{at}.{name} is not in the sample" for name in value if name not in sample]
        wrong += [f"{at}.{name} is missing" for name in sample if name not in value]
        return wrong + [
            w for name in value if name in sample for w in misfits(value[name], sample[name], f"{at}.{name}")
        ]
    return []


def test_every_answer_and_every_event_has_the_shape_of_stripes_sample(samples: Any, world: Pretend, hook: Hook) -> None:
    world.session()
    client = world.stripe().v1
    declined, paid, disputed, expired = (world.session(1000, customer_email="a@b.example").id for _ in range(4))
    world.pay(declined, "4000000000000127")
    world.pay(paid, "4000000000003220", confirm=None)
    waiting: Any = world.control("log")["sessions"][2]["payment_intent"]
    answers = [client.payment_intents.retrieve(waiting)]
    world.pay(paid)
    world.refund(waiting, 400)
    intent = world.pay(disputed)["payment_intent"]
    world.dispute(intent, reason="fraudulent")
    world.dispute(intent, status="won")
    client.checkout.sessions.expire(expired)
    answers += client.checkout.sessions.list().data
    seen: Any = client.payment_intents.retrieve(waiting, {"expand": ["latest_charge"]})
    answers += [seen.latest_charge, client.events.list().data[0]]
    answers.append(client.refunds.create({"payment_intent": waiting}))
    things = [json.loads(str(answer)) for answer in answers]
    hook.wait_told(2)
    events = [json.loads(str(event)) for event in client.events.list({"limit": 100}).data]
    events += [told.event for told in hook.told]
    things += events + [event["data"]["object"] for event in events]
    assert {thing["object"] for thing in things} == {
        "checkout.session", "payment_intent", "charge", "refund", "dispute", "event",
    }  # fmt: skip
    assert {w for thing in things for w in misfits(thing, samples[thing["object"]], thing["object"])} == set()
