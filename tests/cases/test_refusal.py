"""A refusal is a registered code and its facts."""

import pickle
from collections.abc import Iterator

import pytest

from cases import refusal as room
from cases.refusal import CODES, Refusal, RefusalCode, refusal_code


@pytest.fixture
def too_small() -> Iterator[RefusalCode]:
    """A code of this test alone; gone afterwards, so that the house's list of codes is its own."""
    yield refusal_code("test_room.too_small", "amount", "least")
    del room._CODES["test_room.too_small"]


def test_a_room_raises_by_calling_its_registered_code(too_small: RefusalCode) -> None:
    with pytest.raises(Refusal) as refused:
        raise too_small(amount=5, least=10)
    assert refused.value.code == "test_room.too_small"
    assert dict(refused.value.facts) == {"amount": 5, "least": 10}


def test_every_code_can_be_listed_with_its_facts(too_small: RefusalCode) -> None:
    assert CODES["test_room.too_small"].facts == {"amount", "least"}


def test_a_code_nobody_registered_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="not registered"):
        Refusal("test_room.nobody")


@pytest.mark.parametrize("facts", [{}, {"amount": 1}, {"amount": 1, "least": 2, "more": 3}])
def test_facts_are_exactly_the_registered_ones(too_small: RefusalCode, facts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="takes the facts"):
        too_small(**facts)


def test_a_code_is_registered_once(too_small: RefusalCode) -> None:
    with pytest.raises(ValueError, match="twice"):
        refusal_code("test_room.too_small")


@pytest.mark.parametrize("code", ["", "plan", "Plan.small", "plan.", "plan small.x"])
def test_a_code_is_a_room_and_a_rule(code: str) -> None:
    with pytest.raises(ValueError, match=r"room\.rule"):
        refusal_code(code)


def test_code_and_facts_are_fixed(too_small: RefusalCode) -> None:
    refusal = too_small(amount=5, least=10)
    with pytest.raises(AttributeError):
        refusal.code = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        refusal.facts["amount"] = 6  # type: ignore[index]


def test_what_is_printed_holds_no_facts(too_small: RefusalCode) -> None:
    refusal = too_small(amount="Emilie", least=10)
    assert "Emilie" not in str(refusal) + repr(refusal)


def test_a_refusal_survives_the_way_to_another_process(too_small: RefusalCode) -> None:
    refusal = too_small(amount=5, least=10)
    assert pickle.loads(pickle.dumps(refusal)) == refusal
