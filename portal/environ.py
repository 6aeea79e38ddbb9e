"""The environment's names, read one after the other, and what is wrong with them.

A `Reader` never stops at the first bad value: it notes a `Problem`, goes on with the default, and
leaves it to `portal.settings` to refuse. Values may be secrets: an address, a token or a key is
never repeated in a problem.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Problem(NamedTuple):
    """A setting's name, and in one sentence what is wrong and what to do."""

    name: str
    remedy: str


class Key(NamedTuple):
    """A secret of 32 bytes and the id that is written beside what it encrypted."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.id!r})"


class Reader:
    """Reads one name after the other and collects what is wrong."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[Problem] = []

    def wrong(self, name: str, remedy: str) -> None:
        self.problems.append(Problem(name, remedy))

    def one_of(self, name: str, words: tuple[str, ...], default: str) -> str:
        value = self.environ.get(name) or default
        if value in words:
            return value
        self.wrong(name, f"is {value!r}. Choose one of: {', '.join(words)}.")
        return default

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        value = self.environ.get(name) or str(default)
        if re.fullmatch(r"[0-9]{1,9}", value) and least <= int(value) <= most:
            return int(value)
        self.wrong(name, f"is {value!r}. Give a whole number from {least} to {most}.")
        return default

    def yes_or_no(self, name: str) -> bool:
        value = (self.environ.get(name) or "no").lower()
        if value in ("1", "yes", "true", "on", "0", "no", "false", "off"):
            return value in ("1", "yes", "true", "on")
        self.wrong(name, f"is {value!r}. Say yes or no.")
        return False

    def shaped(self, name: str, pattern: str, words: str) -> str | None:
        value = self.environ.get(name) or None
        if value is None or re.fullmatch(pattern, value):
            return value
        self.wrong(name, f"does not look right. Give {words}.")
        return None

    def several(self, name: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in self.environ.get(name, "").split(",") if word.strip())

    def public_keys(self, name: str) -> tuple[str, ...]:
        """Keys that a provider's signatures are checked by: P-256, DER in base64."""
        found = self.several(name)
        for number, word in enumerate(found, start=1):
            try:
                key = serialization.load_der_public_key(base64.b64decode(word, validate=True))
            except (ValueError, UnsupportedAlgorithm):
                key = None
            if not (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)):
                self.wrong(name, f"key {number} is no public key. Copy the verification key as SendGrid shows it.")
        return found

    def host(self, name: str) -> str | None:
        return self.shaped(name, r"[a-z0-9-]+(\.[a-z0-9-]+)+", "one host, such as reply.example.org")

    def address(self, name: str) -> str | None:
        return self.shaped(name, r"[^@\s]+@[^@\s]+\.[^@\s]+", "one mail address")

    def url(self, name: str, *schemes: str) -> str | None:
        """An address with one of the schemes; its text may hold a password and is never repeated."""
        value = (self.environ.get(name) or "").rstrip("/") or None
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            socket = parts.scheme in ("unix", "redis+socket")
            fits = parts.scheme in schemes and bool(parts.path if socket else parts.hostname)
            fits = fits and (socket or parts.port != 0)  # a port that is no number raises
        except ValueError:
            fits = False
        if fits:
            return value
        self.wrong(name, f"is no address. It begins with {' or '.join(s + '://' for s in schemes)}.")
        return None

    def postgres(self, name: str) -> str | None:
        value = self.environ.get(name) or None
        if value is None or re.match(r"postgres(ql)?(\+psycopg)?://", value):
            return value
        self.wrong(name, "is no PostgreSQL address, and Evenly runs on PostgreSQL alone: postgresql://…")
        return None

    def public_url(self, port: int) -> str:
        value = self.url("EVENLY_PUBLIC_URL", "http", "https")
        if value and (urlsplit(value).path or urlsplit(value).query):
            self.wrong("EVENLY_PUBLIC_URL", "may not have a path: links and signatures count from /.")
        return value or f"http://127.0.0.1:{port}"

    def prefix(self) -> str:
        value = self.environ.get("EVENLY_PREFIX") or "evenly"
        if re.fullmatch(r"[a-z][a-z0-9_]{0,30}", value):
            return value
        self.wrong("EVENLY_PREFIX", "begins database names: a small letter, then letters, digits and _.")
        return "evenly"

    def keys(self) -> tuple[Key, ...]:
        """`id:base64,id2:base64`, newest first. A key's text is never repeated in a problem."""
        keys: list[Key] = []
        for number, word in enumerate(self.several("EVENLY_KEYS"), start=1):
            key_id, _, text = word.partition(":")
            try:
                secret = base64.b64decode(text, validate=True)
            except binascii.Error:
                secret = b""
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", key_id) or len(secret) != 32:
                self.wrong("EVENLY_KEYS", f"key {number} is not an id, a colon and 32 bytes in base64.")
            elif key_id in (key.id for key in keys):
                self.wrong("EVENLY_KEYS", f"key {number} repeats the id {key_id}. Each needs its own.")
            else:
                keys.append(Key(key_id, secret))
        return tuple(keys)

    def halves(self, account: str, given: str | None, token: str, tokens: tuple[str, ...]) -> None:
        """Reports half of a pair: an account and its token only make sense together."""
        named = {problem.name for problem in self.problems}
        if bool(given) != bool(tokens) and account not in named:
            self.wrong(account if tokens else token, f"is missing: {account} and {token} come together.")
