"""Law data is read once, checked whole, and falls back to the strictest."""

from datetime import date
from importlib import resources

import pytest

from cases.law.pack import LawError, read_pack
from cases.law.rules import caps, contact_window, countries, strictest_window, window_for, words, zones_of_country

TODAY = date(2026, 11, 24)
GB = resources.files("cases.law").joinpath("gb.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("country", "window"),
    [("GB", "uk_default"), ("SE", "se_default"), ("PL", "pl_default"), ("IE", "ie_s46"), ("US", "us_regf")],
)
def test_each_shipped_country_has_its_window(country: str, window: str) -> None:
    assert window_for(country, TODAY).name == window
    assert window_for(country, date(1990, 1, 1)).name == window
    assert country in countries()


def test_a_country_without_a_pack_gets_the_strictest_window() -> None:
    assert strictest_window().name == "se_default"
    assert window_for("DE", TODAY) == contact_window("se_default")
    assert window_for(None, TODAY) == contact_window("se_default")


def test_the_strictest_window_is_closed_on_the_countrys_own_holidays_where_they_are_known() -> None:
    found = window_for("CZ", TODAY)
    assert (found.hours, found.calendar) == (contact_window("se_default").hours, "CZ")


def test_at_most_one_message_a_day_and_three_a_week() -> None:
    found = caps(TODAY)
    assert (found.messages_a_day, found.messages_a_week) == (1, 3)
    assert found.exempt == {"reply", "code", "receipt"}


def test_words_are_shipped_in_every_language_we_write_in() -> None:
    assert {row.language for row in words()} == {"en", "sv", "pl", "ar"}
    assert all(row.withdraw and row.source for row in words())


def test_a_postcode_narrows_the_zones_of_a_country() -> None:
    assert zones_of_country("US", "10001-1234") == ("America/New_York",)
    assert "Pacific/Honolulu" in zones_of_country("US", None)
    assert zones_of_country("US", "APO") == zones_of_country("US")
    # A code that has lost its first nought, as spreadsheets do: 07030 is in New Jersey, 703 in Louisiana.
    for cut in ("7030", "2134", "501", "123456", "70301-12", "\u0667\u0660\u0660\u0663\u0660"):
        assert zones_of_country("US", cut) == zones_of_country("US"), cut
    assert zones_of_country("US", " 606011234 ") == ("America/Chicago",)
    assert zones_of_country("SE", "11127") == ("Europe/Stockholm",)
    assert zones_of_country("XX") == ()


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('calendar = "EW"\nzones', 'calendar = "QQ"\nzones', "calendar"),
        ('zones = ["Europe/London"]', 'zones = ["Europe/Londres"]', "zones"),
        ('window = "uk_default"', 'window = "uk_other"', "contact"),
        ("from = 2014-04-01", 'from = "2014-04-01"', "contact[1].from"),
        ('monday = ["08:00", "20:00"]', 'monday = ["20:00", "08:00"]', "windows.uk_default.hours.monday"),
        ('monday = ["08:00", "20:00"]', 'monday = ["8", "20:00"]', "windows.uk_default.hours.monday"),
        ('monday = ["08:00", "20:00"]', 'mondag = ["08:00", "20:00"]', "windows.uk_default.hours.mondag"),
        ('surety = "D"', 'surety = "E"', "windows.uk_default.surety"),
        ("end_inclusive = false", "end_inclusive = 0", "windows.uk_default.end_inclusive"),
        ('country = "GB"', 'country = "gb"', "country"),
        ('country = "GB"', 'country = "GB"\nunheard = 1', "unheard"),
        ('source = "Product', 'origin = "Product', "windows.uk_default.source"),
        ("[[contact]]", "[[contact]", "the whole file"),
    ],
)
def test_a_mistake_names_its_file_and_key(old: str, new: str, key: str) -> None:
    assert old in GB
    with pytest.raises(LawError) as wrong:
        read_pack("gb.toml", GB.replace(old, new, 1))
    assert str(wrong.value).startswith(f"gb.toml: {key}: ")
