"""Words upon which Twilio itself acts by default, and what it then says to the phone.

A word counts only when it is the whole text, whatever its case and the space around it:
STOP PLEASE does nothing. On a toll-free sender the network acts, with a shorter list.
The words are Twilio's default lists; the sentences are ours.
"""

from __future__ import annotations

import re

OPT_OUT = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
OPT_IN = frozenset({"START", "YES", "UNSTOP"})
HELP = frozenset({"HELP", "INFO"})
TOLL_FREE = re.compile(r"\+18(00|33|44|55|66|77|88)\d{7}")

OPT_OUT_TYPES = {"opt_out": "STOP", "opt_in": "START", "help": "HELP"}
CONFIRMATIONS = {
    "opt_out": "You will get no more texts from this number. Reply START to get them again.",
    "opt_in": "You will get texts from this number again. Reply STOP to end them.",
    "help": "Reply STOP to end texts from this number, START to get them again.",
}


def provider_action(body: str, *, toll_free: bool = False) -> str:
    """What the carrier does with an inbound text: opt_out, opt_in (…_at_network), help or none."""
    word = body.strip().upper()
    if word in HELP:
        return "help"
    if toll_free:
        if word == "STOP":
            return "opt_out_at_network"
        return "opt_in_at_network" if word in ("START", "UNSTOP") else "none"
    if word in OPT_OUT:
        return "opt_out"
    return "opt_in" if word in OPT_IN else "none"


def is_toll_free(number: str) -> bool:
    """True for a North American toll-free number."""
    return TOLL_FREE.fullmatch(number) is not None
