"""The debtor's bank: each card payment, what became of it, on the demo's day."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.pretend.running import PHONE, Pretend

BANK = f"/bank/{PHONE}"


def lines(world: Pretend, path: str = BANK) -> list[str]:
    """The amounts and states of a bank's page, from the top."""
    words = world.browse(path)[2]
    found = re.findall(r'<bdi dir="ltr">([−+]?[A-Z]{3} [\d,.]+)</bdi></span> <span class="state">([^<]*)<', words)
    return [" ".join(pair) for pair in found]


def paid(world: Pretend, amount: int, card: str = "4242424242424242", **more: object) -> str:
    made = world.session(
        amount, metadata={"phone": PHONE}, payment_intent_data={"statement_descriptor_suffix": "REF 7"}
    )
    intent: str = world.pay(made.id, card, **more)["payment_intent"]
    return intent


def test_what_was_taken_given_back_and_refused_stands_on_the_account(world: Pretend) -> None:
    world.refund(paid(world, 100_000), 2500)
    paid(world, 700, "4000000000009995")
    paid(world, 800, "4000000000003220", confirm=None)
    found = lines(world)
    assert sorted(found) == sorted([
        "−GBP 1,000.00 taken", "+GBP 25.00 given back",
        "GBP 7.00 not taken: There is not enough money on this card.", "GBP 8.00 pending",
    ])  # fmt: skip
    assert "EVENLY* REF 7" in world.browse(BANK)[2]


def test_a_disputed_payment_comes_back_and_leaves_again_when_the_shop_wins(world: Pretend) -> None:
    won, lost = paid(world, 500), paid(world, 600)
    for intent in (won, lost):
        world.dispute(intent, reason="unrecognized")
    assert [line for line in lines(world) if line.startswith("+")] == [
        "+GBP 6.00 given back while the bank looks into it", "+GBP 5.00 given back while the bank looks into it",
    ]  # fmt: skip
    world.dispute(won, status="won")
    world.dispute(lost, status="lost")
    assert [line for line in lines(world) if line.startswith("+")] == ["+GBP 6.00 given back for good"]
    assert "GBP 5.00 disputed: the shop keeps the money" in lines(world)


def test_without_a_phone_the_account_is_the_references(world: Pretend) -> None:
    world.pay(world.session(500, reference="attempt 7").id)
    assert lines(world, "/bank/attempt%207") == ["−GBP 5.00 taken"]
    assert lines(world, BANK) == [] and world.browse(BANK)[0] == 200
    assert world.browse("/bank/nobody")[0] == 404


def test_the_phone_and_the_start_page_lead_to_the_bank(world: Pretend) -> None:
    paid(world, 500)
    link = f'href="/bank/{PHONE.replace("+", "%2B")}"'
    assert link in world.browse(f"/phone/{PHONE}")[2] and link in world.browse("/")[2]
    assert link in world.browse("/?find=900123")[2] and link not in world.browse("/?find=999999")[2]
    assert world.browse(f"/bank/{PHONE.replace('+', '%2B')}")[0] == 200
    assert "/bank/" not in world.browse("/phone/+447700900124")[2]


def test_words_of_the_shop_are_shown_and_never_run(world: Pretend) -> None:
    world.pay(world.session(500, reference="<script>x</script>/7").id)
    words = world.browse("/")[2]
    assert "<script>" not in words and "/bank/%3Cscript%3Ex%3C%2Fscript%3E%2F7" in words
    assert world.browse("/bank/%3Cscript%3Ex%3C%2Fscript%3E%2F7")[0] == 200


def test_each_payment_shows_the_demos_day_on_which_it_was_made(another: Callable[..., Pretend], tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    world = another(environ={"PRETEND_CLOCK_FILE": str(clock)}).start()
    intent = paid(world, 500)
    clock.write_text("40 3600")
    world.refund(intent)
    stamps = re.findall(r'datetime="(\d{4}-\d\d-\d\d)', world.browse(BANK)[2])
    assert len(stamps) == 2 and stamps[0] > stamps[1]
    clock.write_text("0")
    paid(world, 600)
    again = re.findall(r'datetime="(\d{4}-\d\d-\d\d)', world.browse(BANK)[2])
    assert again == [stamps[0], stamps[1], stamps[1]]


def test_it_is_the_same_after_a_restart(another: Callable[..., Pretend]) -> None:
    world = another().start()
    world.refund(paid(world, 500))
    before = lines(world)
    world.stop(9)
    world.start()
    assert lines(world) == before and len(before) == 2
