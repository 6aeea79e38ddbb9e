"""Passwords and one-time codes are kept as argon2id hashes, with a salt each.

19 MiB, two passes, one lane: the smallest setting that OWASP recommends, so that many people can
sign in at once on a small machine. One setting for all, so that a stranger's try costs the same.
"""

import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

NOBODYS: Final = _HASHER.hash(secrets.token_urlsafe())
"""A hash that nothing matches: checked when there is no one, so that it takes as long."""


def hashed(words: str) -> str:
    """The hash to keep of a password or code."""
    return _HASHER.hash(words)


def matches(kept: str | None, words: str) -> bool:
    """Whether the words made this hash. Without one the same work is done, and the answer is no."""
    try:
        return _HASHER.verify(kept or NOBODYS, words) and kept is not None
    except (VerificationError, InvalidHashError):
        return False
