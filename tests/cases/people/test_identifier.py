"""Swedish and Polish numbers: which are right, whose, and how they are stored."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.pl import pesel

from cases.people.identifier import Kind, Reason, check, normalise_national_id
from tests.cases.facts import facts

TODAY = date(2026, 11, 21)
births = st.dates(date(1850, 1, 1), TODAY)


def _country(row: Any) -> str:
    return str(row["id"]).split("-")[0]


def _cases() -> list[Any]:
    return [
        pytest.param(country, *each.values, id=each.id)
        for country in ("SE", "PL")
        for each in facts("identifiers", lambda row, wanted=country: _country(row) == wanted)
    ]


@pytest.mark.parametrize(("country", "given_", "expected"), _cases())
def test_a_number_is_read_as_the_source_says(country: str, given_: Any, expected: Any) -> None:
    found = check(country, given_["value"], date.fromisoformat(given_.get("today", TODAY.isoformat())))
    shown = {
        "valid": found.valid,
        "reason": found.reason,
        "kind": found.kind,
        "birth_date": found.birth_date and found.birth_date.isoformat(),
        "store_as": found.store_as,
        "legal_sex": found.sex,
        "sex": found.sex,
    }
    assert {key: shown[key] for key in expected} == expected


def _ten(birth: date, serial: int, extra: int = 0) -> str:
    nine = f"{birth:%y%m}{birth.day + extra:02d}{serial:03d}"
    return nine + luhn.calc_check_digit(nine)


@given(births, st.integers(0, 999), st.sampled_from([0, 60]))
def test_every_way_of_typing_a_swedish_number_is_stored_the_same(birth: date, serial: int, extra: int) -> None:
    ten = _ten(birth, serial, extra)
    stored = f"{birth:%Y}{ten[2:]}"
    age = TODAY.year - birth.year
    typed = [stored, f"{stored[:8]}-{stored[8:]}", f" {stored[:8]} {stored[8:]} "]
    if age < 200:
        typed.append(f"{ten[:6]}{'+' if age >= 100 else '-'}{ten[6:]}")
    if age < 100:
        typed.append(ten)
    for each in typed:
        found = check("SE", each, TODAY)
        if age >= 200:
            continue
        assert found.valid, each
        assert found.store_as == stored
        assert found.birth_date == birth
        assert found.sex == ("M" if int(ten[8]) % 2 else "F")
        assert found.kind is (Kind.SAMORDNINGSNUMMER if extra else Kind.PERSONNUMMER)


@given(births, st.integers(0, 999), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_makes_a_swedish_number_wrong(birth: date, serial: int, place: int, more: int) -> None:
    ten = _ten(birth, serial)
    wrong = ten[:place] + str((int(ten[place]) + more) % 10) + ten[place + 1 :]
    assert not check("SE", f"{birth.year // 100}{wrong}", TODAY).valid


def test_a_plus_appears_in_the_calendar_year_of_the_hundredth_birthday() -> None:
    ten = _ten(date(1926, 12, 31), 1)
    with_plus = check("SE", f"{ten[:6]}+{ten[6:]}", TODAY)
    assert with_plus.birth_date == date(1926, 12, 31)
    assert check("SE", f"{ten[:6]}-{ten[6:]}", TODAY).reason is Reason.FUTURE
    # Without any sign the holder is not taken for unborn.
    assert check("SE", ten, TODAY).birth_date == date(1926, 12, 31)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("880320-001", "length"),
        ("1988-03-20-0016", "format"),
        ("88032O-0016", "format"),
        ("", "format"),
        ("\u0668\u0668\u0660\u0663\u0662\u0660-0016", "format"),
        ("168803200016", "date"),
        ("881320-0016", "date"),
        ("556016-0681", "checksum"),
    ],
)
def test_the_first_rule_a_swedish_number_breaks(typed: str, reason: str) -> None:
    found = check("SE", typed, TODAY)
    assert not found.valid
    assert found.store_as is None
    assert found.reason == reason


def test_a_typed_dash_may_be_any_dash() -> None:
    assert check("SE", "890102\u20133286", TODAY).store_as == "198901023286"


def test_an_organisation_is_stored_with_sixteen_in_front() -> None:
    for typed in ("556016-0680", "5560160680", "165560160680"):
        found = check("SE", typed, TODAY)
        assert (found.valid, found.kind, found.store_as) == (True, Kind.ORGANISATIONSNUMMER, "165560160680")
        assert found.birth_date is None


@given(st.dates(date(1800, 1, 1), date(2299, 12, 31)), st.integers(0, 9999))
def test_a_pesel_carries_its_century_in_the_month(birth: date, serial: int) -> None:
    added = {18: 80, 19: 0, 20: 20, 21: 40, 22: 60}[birth.year // 100]
    ten = f"{birth:%y}{birth.month + added:02d}{birth.day:02d}{serial:04d}"
    number = ten + pesel.calc_check_digit(ten)
    found = check("PL", number, TODAY)
    if birth > TODAY:
        assert (found.valid, found.reason) == (False, Reason.FUTURE)
    else:
        assert (found.valid, found.kind, found.store_as) == (True, Kind.PESEL, number)
        assert found.birth_date == birth
        assert found.sex == ("M" if serial % 2 else "F")


@given(st.dates(date(1900, 1, 1), TODAY - timedelta(1)), st.integers(0, 9999), st.integers(1, 9))
def test_a_wrong_check_digit_makes_a_pesel_wrong(birth: date, serial: int, more: int) -> None:
    assume(birth.year < 2000)
    ten = f"{birth:%y%m%d}{serial:04d}"
    digit = (int(pesel.calc_check_digit(ten)) + more) % 10
    assert check("PL", f"{ten}{digit}", TODAY).reason is Reason.CHECKSUM


@pytest.mark.parametrize("typed", ["8567346215", "PL 8567346215", "856-734-62-15"])
def test_a_nip_is_read_however_it_is_written(typed: str) -> None:
    assert check("PL", typed, TODAY).store_as == "8567346215"


@pytest.mark.parametrize("typed", ["0000000000", "PL000-000-00-00", "0123456789", "1000000006"])
def test_a_nip_of_no_tax_office_is_refused_though_its_check_digit_fits(typed: str) -> None:
    found = check("PL", typed, TODAY)
    assert (found.valid, found.kind, found.reason) == (False, Kind.NIP, Reason.FORMAT)


def test_a_nip_with_a_wrong_check_digit_is_refused() -> None:
    found = check("PL", "8567346216", TODAY)
    assert (found.valid, found.kind, found.reason) == (False, Kind.NIP, Reason.CHECKSUM)
    assert check("PL", "856734621", TODAY, Kind.NIP).reason is Reason.LENGTH


def test_records_meet_under_one_form_only_when_the_number_is_valid() -> None:
    assert normalise_national_id("890102-3286", "SE", TODAY) == "SE198901023286"
    assert normalise_national_id("19890102 3286", "SE", TODAY) == "SE198901023286"
    assert normalise_national_id("02211307589", "PL", TODAY) == "PL02211307589"
    assert normalise_national_id("880320-0018", "SE", TODAY) is None
    assert normalise_national_id("QQ 12 34 56 C", "GB", TODAY) is None
    assert normalise_national_id("", "SE", TODAY) is None


def test_without_a_country_a_number_counts_only_if_one_country_knows_it() -> None:
    assert normalise_national_id("198901023286", None, TODAY) == "SE198901023286"
    assert normalise_national_id("123", None, TODAY) is None
