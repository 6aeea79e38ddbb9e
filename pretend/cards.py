"""Test cards: what becomes of a payment, by the number that was typed.

The first eight are Stripe's own test numbers (https://docs.stripe.com/testing); those from
4000000000009011 on are of our own making and are known nowhere else. No other number is taken, so
that nobody's real card can be typed here by mistake.

================  ================================================================
4242424242424242  pays
4000000000000002  declined, without a reason
4000000000009995  declined: not enough money
4000000000000069  declined: the card has expired
4000000000000127  declined: the security code is wrong
4000000000003220  the bank asks for a second step
4000000000000259  pays; the money is disputed afterwards
4000000000009011  pays; the answer to the browser comes after some seconds
4000000000009029  pays; each event is posted three times
4000000000009037  pays; the events are posted last first
4000000000009045  pays; the events are posted some seconds late
4000000000009052  pays; the events are never posted
4000000000009060  pays; the browser is never sent back
4000000000009078  pays; the money is given back at once
================  ================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from pretend.behaviour import CardBehaviour

USUAL = "4242424242424242"


@dataclass(frozen=True, slots=True)
class Card:
    """A number, the story that the page tells of it, and how it behaves unless told otherwise."""

    number: str
    story: str
    behaviour: CardBehaviour

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def spaced(self) -> str:
        """The number in groups of four."""
        return " ".join(self.number[at : at + 4] for at in range(0, 16, 4))


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a bank says no: Stripe's error code and decline code, and the sentence on the page."""

    code: str
    decline_code: str
    sentence: str


SECOND_STEP = "authentication_required"
DECLINES: dict[str, Decline] = {
    "generic_decline": Decline("card_declined", "generic_decline", "Your bank said no to this card."),
    "insufficient_funds": Decline("card_declined", "insufficient_funds", "There is not enough money on this card."),
    "do_not_honor": Decline("card_declined", "do_not_honor", "Your bank said no to this card."),
    "lost_card": Decline("card_declined", "lost_card", "This card was reported as lost."),
    "expired_card": Decline("expired_card", "expired_card", "This card is no longer valid."),
    "incorrect_cvc": Decline("incorrect_cvc", "incorrect_cvc", "The security code of this card is wrong."),
    "processing_error": Decline("processing_error", "processing_error", "The bank could not be reached. Try again."),
    SECOND_STEP: Decline("payment_intent_authentication_failure", "", "You said no at your bank. Nothing was taken."),
}

_PAYS = CardBehaviour()
CARDS: dict[str, Card] = {
    card.number: card
    for card in (
        Card(USUAL, "Pays.", _PAYS),
        Card("4000000000000002", "The bank says no.", CardBehaviour(outcome="generic_decline")),
        Card("4000000000009995", "Not enough money.", CardBehaviour(outcome="insufficient_funds")),
        Card("4000000000000069", "The card has expired.", CardBehaviour(outcome="expired_card")),
        Card("4000000000000127", "The security code is wrong.", CardBehaviour(outcome="incorrect_cvc")),
        Card("4000000000003220", "The bank asks you first.", CardBehaviour(confirm=True)),
        Card("4000000000000259", "Pays. You dispute it afterwards.", CardBehaviour(dispute="fraudulent")),
        Card("4000000000009011", "Pays. The answer takes 5 seconds.", CardBehaviour(delay_ms=5000)),
        Card("4000000000009029", "Pays. The news is told three times.", CardBehaviour(repeat=2)),
        Card("4000000000009037", "Pays. The news is told last first.", CardBehaviour(reorder=True)),
        Card("4000000000009045", "Pays. The news comes 20 seconds late.", CardBehaviour(events_delay_ms=20_000)),
        Card("4000000000009052", "Pays. The news never comes.", CardBehaviour(events="drop")),
        Card("4000000000009060", "Pays. You are not sent back.", CardBehaviour(back="withhold")),
        Card("4000000000009078", "Pays. The money is given back at once.", CardBehaviour(refund=True)),
    )
}


def plain(typed: str) -> str:
    """A number as it was typed, without the gaps."""
    return typed.replace(" ", "").replace("-", "")
