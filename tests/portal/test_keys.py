"""Keys: what one encrypted, all that are kept still open; a link names a person until its time, and cannot be made."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.environ import Key
from portal.keys import KeyMissing, Keys, key_of

OLD, NEW = Key("k1", b"a" * 32), Key("k2", b"b" * 32)
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def test_the_newest_key_encrypts_and_every_kept_key_decrypts() -> None:
    before = Keys([OLD]).encrypt("JBSWY3DPEHPK3PXP")
    turned = Keys([NEW, OLD])
    assert turned.decrypt(before) == "JBSWY3DPEHPK3PXP"
    assert (key_of(before), key_of(turned.encrypt("x"))) == ("k1", "k2")


def test_without_its_key_a_secret_stays_shut() -> None:
    written = Keys([OLD]).encrypt("secret")
    with pytest.raises(KeyMissing):
        Keys([NEW]).decrypt(written)


def test_the_same_words_are_encrypted_differently_each_time() -> None:
    keys = Keys([OLD])
    assert keys.encrypt("same") != keys.encrypt("same")


def test_a_changed_secret_is_refused() -> None:
    keys = Keys([OLD])
    written = keys.encrypt("secret")
    with pytest.raises(KeyMissing):
        keys.decrypt(written[:-4] + ("AAAA" if written[-4:] != "AAAA" else "BBBB"))


def test_what_is_encrypted_for_one_purpose_is_nothing_for_another() -> None:
    keys = Keys([OLD])
    with pytest.raises(KeyMissing):
        keys.decrypt(keys.encrypt("secret", "totp"), "support")


@given(st.integers(1, 2**40 - 1), st.integers(1, 72 * 60))
def test_a_link_names_its_person_until_its_time(person: int, minutes: int) -> None:
    keys, until = Keys([NEW, OLD]), NOW + timedelta(minutes=minutes)
    token = Keys([OLD]).link_token(person, until)
    assert keys.person_of(token, until - timedelta(seconds=1)) == person
    assert keys.person_of(token, until) is None
    assert Keys([NEW]).person_of(token, NOW) is None


@given(st.integers(0, 33), st.sampled_from("ABCabc019-_"))
def test_a_changed_link_names_nobody(place: int, letter: str) -> None:
    keys = Keys([OLD])
    token = keys.link_token(7, NOW + timedelta(hours=72))
    changed = token[:place] + letter + token[place + 1 :]
    # the last letter carries two bits that belong to nothing
    if changed != token and place < 33:
        assert keys.person_of(changed, NOW) is None


@pytest.mark.parametrize("token", ["", "x", "ä" * 34, "a" * 33, "a" * 35, "!" * 34, "a" * 34])
def test_what_is_no_link_names_nobody(token: str) -> None:
    assert Keys([OLD]).person_of(token, NOW) is None


def test_a_link_does_not_show_whom_it_names() -> None:
    keys, until = Keys([OLD]), NOW + timedelta(hours=72)
    first, second = keys.link_token(7, until), keys.link_token(8, until)
    assert sum(a != b for a, b in zip(first, second, strict=True)) > 20


def test_a_lasting_hash_outlives_a_new_key_and_the_others_do_not() -> None:
    assert Keys([OLD]).lasting("who", "x") == Keys([NEW, OLD]).lasting("who", "x")
    assert Keys([OLD]).hashed("who", "x") != Keys([NEW, OLD]).hashed("who", "x")
