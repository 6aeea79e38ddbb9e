"""Keys: small secrets encrypted, links and marks signed, and hashes that nobody without a key can make.

EVENLY_KEYS holds keys with ids, newest first. The newest encrypts and signs; every one of them still
decrypts and checks, so a key is turned by adding a new one in front, `evenly keys rotate`, and taking
the old one away once no link signed by it is in use.

Each purpose has its own key, derived from the secret (HMAC-SHA-256 of the purpose): what is made for
one purpose is nothing for another. Encryption is AES-256-GCM.

*Link token*: names a person until a moment, and nothing else. It is short, since it stands in texts:
five bytes of the person's id and four of the minute it ends, hidden and guarded by the first sixteen
bytes of their own HMAC. Whoever has it may ask for a code; it opens nothing by itself.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.environ import Key

_NONCE: Final = 12
_MAC: Final = 16
_SHORT_MAC: Final = 10
_PERSON: Final = 5
_MINUTE: Final = 4
_P256: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many keys P-256 has."""


class KeyMissing(Exception):
    """A secret was encrypted by a key that is no longer there, or was tampered with."""


class Keys:
    """The keys of one installation. ValueError when there is none."""

    def __init__(self, keys: Sequence[Key]) -> None:
        if not keys:
            raise ValueError("there is no key")
        self._keys = {key.id: key.secret for key in keys}
        self._newest = keys[0]

    def encrypt(self, words: str, purpose: str = "secret") -> str:
        """The words, encrypted by the newest key; its id stands in front, so `key_of` can tell it."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(_derived(self._newest.secret, f"encrypt {purpose}")).encrypt(nonce, words.encode(), None)
        return f"{self._newest.id}:{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, written: str, purpose: str = "secret") -> str:
        """The words again. Raises KeyMissing when no key of ours made this."""
        key_id, _, text = written.partition(":")
        secret = self._keys.get(key_id)
        if secret is None:
            raise KeyMissing
        try:
            raw = base64.b64decode(text, validate=True)
            opened = AESGCM(_derived(secret, f"encrypt {purpose}")).decrypt(raw[:_NONCE], raw[_NONCE:], None)
        except (InvalidTag, binascii.Error, ValueError):
            raise KeyMissing from None
        return opened.decode()

    def hashed(self, purpose: str, words: str) -> bytes:
        """A keyed SHA-256 by the newest key: for limits and for marks. A new key makes another one."""
        return _mac(self._newest.secret, f"hash {purpose}", words.encode())

    def lasting(self, purpose: str, words: str) -> bytes:
        """A keyed SHA-256 by the oldest key: it stays the same when a newer key comes."""
        return _mac(list(self._keys.values())[-1], f"hash {purpose}", words.encode())

    def link_token(self, person: int, until: datetime) -> str:
        """The token of a signed link: it names this person until that moment (to the minute, real time)."""
        body = person.to_bytes(_PERSON, "big") + (int(until.timestamp()) // 60).to_bytes(_MINUTE, "big")
        tag = _mac(self._newest.secret, "sign link", body)[:_MAC]
        return base64.urlsafe_b64encode(tag + _hidden(self._newest.secret, tag, body)).decode().rstrip("=")

    def mark(self, purpose: str, number: int) -> str:
        """A mark that names a row for one purpose, for as long as its key is kept: 24 small letters and digits.

        It stands in mail addresses and headers, which do not keep capitals apart.
        """
        body = number.to_bytes(_PERSON, "big")
        tag = _mac(self._newest.secret, f"mark {purpose}", body)[:_SHORT_MAC]
        return base64.b32encode(tag + _hidden(self._newest.secret, tag, body)).decode().lower()

    def marked(self, purpose: str, mark: str) -> int | None:
        """Which row a mark names; None when it is not ours, or was made for another purpose."""
        if len(mark) != 24 or not mark.isascii():
            return None
        try:
            raw = base64.b32decode(mark.upper())
        except (binascii.Error, ValueError):
            return None
        for secret in self._keys.values():
            tag, body = raw[:_SHORT_MAC], _hidden(secret, raw[:_SHORT_MAC], raw[_SHORT_MAC:])
            if hmac.compare_digest(tag, _mac(secret, f"mark {purpose}", body)[:_SHORT_MAC]):
                return int.from_bytes(body, "big")
        return None

    def person_of(self, token: str, now: datetime) -> int | None:
        """Whom a link token names; None when it is not ours or its time is over. `now` is real time."""
        if len(token) != 34:
            return None
        try:
            raw = base64.b64decode(token + "==", altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        for secret in self._keys.values():
            tag, body = raw[:_MAC], _hidden(secret, raw[:_MAC], raw[_MAC:])
            if hmac.compare_digest(tag, _mac(secret, "sign link", body)[:_MAC]):
                ends = datetime.fromtimestamp(int.from_bytes(body[_PERSON:], "big") * 60, UTC)
                return int.from_bytes(body[:_PERSON], "big") if now < ends else None
        return None


def key_of(written: str) -> str:
    """The id of the key that encrypted this."""
    return written.partition(":")[0]


def public_key(secret: str) -> str:
    """The public half (P-256, DER in base64) of the key that the stand-in's secret stands for."""
    number = int.from_bytes(hashlib.sha256(secret.encode()).digest(), "big") % (_P256 - 1) + 1
    public = ec.derive_private_key(number, ec.SECP256R1()).public_key()
    return base64.b64encode(
        public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).decode()


def sha256(token: str) -> bytes:
    """What is kept of a random token of 256 bits: needs neither salt nor stretching."""
    return hashlib.sha256(token.encode()).digest()


def _derived(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, f"evenly {purpose}".encode(), "sha256")


def _mac(secret: bytes, purpose: str, body: bytes) -> bytes:
    return hmac.digest(_derived(secret, purpose), body, "sha256")


def _hidden(secret: bytes, tag: bytes, body: bytes) -> bytes:
    """Hides and shows: the body is laid over a stream that its own tag picks."""
    stream = _mac(secret, "hide link", tag)
    return bytes(a ^ b for a, b in zip(body, stream, strict=False))
