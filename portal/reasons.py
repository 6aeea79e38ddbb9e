"""Reasons: why somebody needs support, encrypted at the door before any room sees the words."""

import uuid
from typing import Final

from cases.history import proof
from cases.people.support import Reason
from portal.keys import Keys

PURPOSE: Final = "support reason"


def sealed(keys: Keys, words: str | None) -> Reason | None:
    """The reason as it is kept; None where nothing was written."""
    if not words:
        return None
    salt = uuid.uuid4()
    return Reason(keys.encrypt(words, PURPOSE), salt, proof(salt, words))


def opened(keys: Keys, kept: str | None) -> str | None:
    """The words again. Raises KeyMissing where their key is gone."""
    return keys.decrypt(kept, PURPOSE) if kept else None
