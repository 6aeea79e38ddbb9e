"""Bad rows: each is named with file, row and field, and every good row of the files is loaded."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from cases.db import Database
from cases.intake.result import REFUSED, WARNED
from tests.cases.intake.books import an_account_row, an_entry_row, found, load_book, write_book

GOOD_ACCOUNT = an_account_row("A1", "P1")
GOOD_ENTRY = an_entry_row("A1", "E1", "2026-01-01", "charge", "100.00")
GOOD_DUE = {"account_ref": "A1", "due_on": "2026-02-01", "amount": "60.00", "component": "principal"}


_numbers = count(2)


def _account(**given: object) -> dict[str, object]:
    number = next(_numbers)
    return an_account_row(f"A{number}", f"P{number}") | given


def _entry(ref: str = "", **given: Any) -> dict[str, object]:
    return an_entry_row("A1", ref or f"E{next(_numbers)}", "2026-01-02", "charge", "10.00") | given


def _due(**given: object) -> dict[str, object]:
    return GOOD_DUE | {"due_on": "2026-03-01"} | given


Bad = tuple[Mapping[str, object], str, str]
"""A row, the field at fault, and the code of its finding."""


BAD_ACCOUNTS: list[Bad] = [
    (_account(person_ref=""), "person_ref", "required"),
    (_account(account_ref=" "), "account_ref", "required"),
    (_account(name=""), "name", "required"),
    (_account(opened_on="2026-02-30"), "opened_on", "date"),
    (_account(opened_on="01/02/2026"), "opened_on", "date"),
    (_account(date_of_birth="1984-13-01"), "date_of_birth", "born"),
    (_account(date_of_birth="2027-01-01"), "date_of_birth", "born.future"),
    (_account(currency="GBPX"), "currency", "currency.unknown"),
    (_account(currency="EUR"), "currency", "currency.new"),
    (_account(country="Sweden"), "country", "country"),
    (_account(original_amount="-5.00"), "original_amount", "amount.negative"),
    (_account(original_amount="1,000.00"), "original_amount", "amount"),
    (_account(interest_rate="eight"), "interest_rate", "rate"),
    (_account(interest_from="2025-02-29"), "interest_from", "date"),
    (an_account_row("A1", "P2"), "account_ref", "duplicate"),
]  # fmt: skip


def test_bad_accounts_are_refused_and_the_others_are_loaded(db: Database, tmp_path: Path) -> None:
    rows = [GOOD_ACCOUNT, *(row for row, _, _ in BAD_ACCOUNTS)]
    result = load_book(db, write_book(tmp_path / "b", accounts=rows, entries=[GOOD_ENTRY]))
    assert found(result) == [("accounts", n, field, code) for n, (_, field, code) in enumerate(BAD_ACCOUNTS, start=3)]
    assert (result.files["accounts"].added, result.files["accounts"].refused) == (1, len(BAD_ACCOUNTS))
    assert result.files["entries"].added == 1 and result.kept


BAD_ENTRIES: list[Bad] = [
    (_entry(account_ref="A9"), "account_ref", "account.unknown"),
    (_entry(entry_ref=""), "entry_ref", "required"),
    (_entry(value_date="2026-02-30"), "value_date", "date"),
    (_entry(value_date="tomorrow"), "value_date", "date"),
    (_entry(kind="bonus"), "kind", "kind"),
    (_entry(amount="-10.00"), "amount", "amount.negative"),
    (_entry(kind="payment", amount="-10.00"), "amount", "amount.negative"),
    (_entry(amount="0.00"), "amount", "amount.zero"),
    (_entry(amount="10.005"), "amount", "amount.decimals"),
    (_entry(amount="10,00"), "amount", "amount"),
    (_entry(amount=".50"), "amount", "amount"),
    (_entry(amount="10."), "amount", "amount"),
    (_entry(amount="1e3"), "amount", "amount"),
    (_entry(amount="9999999999999999.00"), "amount", "amount"),
    (_entry(amount="999999999999999.00"), "amount", "amount.large"),
    (_entry(due_on="2026-06-31"), "due_on", "date"),
    (_entry(currency="EUR"), "currency", "currency.other"),
    (_entry(ref="E1"), "entry_ref", "duplicate"),
    (_entry(reverses="E1"), "reverses", "reversal.not_a_reversal"),
    (_entry(kind="reversal", amount="100.00"), "reverses", "reversal.names_nothing"),
    (_entry(kind="reversal", amount="100.00", reverses="E9"), "reverses", "reversal.nothing"),
    (_entry(kind="reversal", amount="90.00", reverses="E1"), "amount", "reversal.amount"),
    (_entry(kind="reversal", amount="100.00", reverses="E1", value_date="2025-12-31"), "value_date", "reversal.early"),
]  # fmt: skip


def test_bad_entries_are_refused_and_the_others_are_posted(db: Database, tmp_path: Path) -> None:
    rows = [GOOD_ENTRY, *(row for row, _, _ in BAD_ENTRIES)]
    result = load_book(db, write_book(tmp_path / "b", accounts=[GOOD_ACCOUNT], entries=rows))
    assert found(result) == [("entries", n, field, code) for n, (_, field, code) in enumerate(BAD_ENTRIES, start=3)]
    assert (result.files["entries"].added, result.files["entries"].refused) == (1, len(BAD_ENTRIES))


BAD_INSTALMENTS: list[Bad] = [
    (_due(account_ref="A9"), "account_ref", "account.unknown"),
    (_due(due_on="2026-02-29"), "due_on", "date"),
    (_due(due_on=""), "due_on", "required"),
    (_due(amount="-60.00"), "amount", "amount.negative"),
    (_due(amount="0"), "amount", "amount.zero"),
    (_due(amount="60.001"), "amount", "amount.decimals"),
    (_due(component="rent"), "component", "component"),
]  # fmt: skip


def test_bad_instalments_are_refused_and_the_others_are_loaded(db: Database, tmp_path: Path) -> None:
    rows = [GOOD_DUE, *(row for row, _, _ in BAD_INSTALMENTS)]
    result = load_book(db, write_book(tmp_path / "b", accounts=[GOOD_ACCOUNT], instalments=rows))
    assert found(result) == [
        ("instalments", n, field, code) for n, (_, field, code) in enumerate(BAD_INSTALMENTS, start=3)
    ]
    assert (result.files["instalments"].added, result.files["instalments"].refused) == (1, len(BAD_INSTALMENTS))


BAD_LIABILITIES: list[Bad] = [
    ({"account_ref": "A9", "person_ref": "P2", "name": "Owen Hale"}, "account_ref", "account.unknown"),
    ({"account_ref": "A1", "person_ref": "P9", "name": ""}, "person_ref", "person.unknown"),
    ({"account_ref": "A1", "person_ref": "P3", "name": "Owen Hale", "role": "friend"}, "role", "role"),
    ({"account_ref": "A1", "person_ref": "P4", "name": "Owen Hale", "from": "2026-2-1"}, "from", "date"),
    ({"account_ref": "A1", "person_ref": "P1", "name": ""}, "person_ref", "liable.holder"),
]  # fmt: skip


def test_bad_liabilities_are_refused(db: Database, tmp_path: Path) -> None:
    rows = [row for row, _, _ in BAD_LIABILITIES]
    result = load_book(db, write_book(tmp_path / "b", accounts=[GOOD_ACCOUNT], liable=rows))
    assert found(result) == [("liable", n, field, code) for n, (_, field, code) in enumerate(BAD_LIABILITIES, start=2)]
    assert result.files["accounts"].added == 1


def test_a_refused_account_refuses_what_depends_on_it(db: Database, tmp_path: Path) -> None:
    folder = write_book(
        tmp_path / "b",
        accounts=[GOOD_ACCOUNT, an_account_row("A2", "P2", opened_on="never")],
        liable=[{"account_ref": "A2", "person_ref": "P3", "name": "Owen Hale"}, {"account_ref": "A1", "person_ref": "P2", "name": ""}],
        instalments=[GOOD_DUE, _due(account_ref="A2")],
        entries=[GOOD_ENTRY, _entry(account_ref="A2")],
    )  # fmt: skip
    assert found(load_book(db, folder)) == [
        ("accounts", 3, "opened_on", "date"),
        ("liable", 2, "account_ref", "account.refused"),
        ("liable", 3, "person_ref", "person.refused"),
        ("instalments", 3, "account_ref", "account.refused"),
        ("entries", 3, "account_ref", "account.refused"),
    ]


def test_rows_of_one_person_that_disagree_are_refused_naming_both(db: Database, tmp_path: Path) -> None:
    rows = [GOOD_ACCOUNT, an_account_row("A2", "P1", name="Martha Lindqvist"), an_account_row("A3", "P3")]
    result = load_book(db, write_book(tmp_path / "b", accounts=rows))
    assert [(f.row, f.field, f.code, dict(f.facts)) for f in result.findings] == [
        (2, "name", "person.disagree", {"file": "accounts.csv", "row": 3}),
        (3, "name", "person.disagree", {"file": "accounts.csv", "row": 2}),
    ]
    assert result.files["accounts"].added == 1


def test_an_empty_field_says_nothing_of_a_person(db: Database, tmp_path: Path) -> None:
    rows = [an_account_row("A1", "P1", phone=""), an_account_row("A2", "P1")]
    result = load_book(db, write_book(tmp_path / "b", accounts=rows))
    assert result.findings == () and result.people_added == 1


def test_what_cannot_be_read_of_a_person_is_a_warning_and_the_person_is_loaded(db: Database, tmp_path: Path) -> None:
    given: list[tuple[dict[str, object], str, str]] = [
        ({"phone": "ring me"}, "phone", "phone"),
        ({"email": "marta at home"}, "email", "mail"),
        ({"language": "English!"}, "language", "language"),
        ({"country": "SE", "national_id": "19840517-0000"}, "national_id", "national_id"),
    ]
    rows = [an_account_row(f"A{n}", f"P{n}") | fields for n, (fields, _, _) in enumerate(given)]
    folder = write_book(tmp_path / "b", accounts=rows)
    result = load_book(db, folder)
    assert found(result) == [("accounts", n, field, code) for n, (_, field, code) in enumerate(given, start=2)]
    assert (result.refused, result.people_added) == (0, 4)
    again = load_book(db, folder, new=False)
    assert found(again) == found(result) and again.files["accounts"].unchanged == 4


def test_only_an_adjustment_may_be_negative_and_it_lowers_the_debt(db: Database, tmp_path: Path) -> None:
    entries = [GOOD_ENTRY, _entry(kind="adjustment", amount="-30.00")]
    assert load_book(db, write_book(tmp_path / "b", accounts=[GOOD_ACCOUNT], entries=entries)).refused == 0
    with db.acting() as session:
        assert session.connection().exec_driver_sql("select sum(amount)::bigint from entry").scalar_one() == 7000


def test_a_due_date_beside_what_is_no_charge_is_left_out_and_said(db: Database, tmp_path: Path) -> None:
    entries = [_entry(kind="fee", due_on="2026-02-01")]
    result = load_book(db, write_book(tmp_path / "b", accounts=[GOOD_ACCOUNT], entries=entries))
    assert found(result) == [("entries", 2, "due_on", "due_on.ignored")] and result.refused == 0


def test_an_entry_that_came_before_with_other_figures_is_refused(db: Database, tmp_path: Path) -> None:
    entries = [GOOD_ENTRY, _entry(kind="payment"), _entry("E3", kind="adjustment", amount="-150.00"),
               _entry("E4", kind="fee"), _entry("E5", kind="reversal", reverses="E4")]  # fmt: skip
    load_book(db, write_book(tmp_path / "b", accounts=[GOOD_ACCOUNT], entries=entries))
    for number, changed in enumerate(
        [
            {"amount": "100.01"},
            {"value_date": "2026-01-03"},
            {"amount": "-150.01"},
            {"kind": "cost"},
            {"reverses": "E1"},
        ]
    ):
        rows = [row | changed if n == number else row for n, row in enumerate(entries)]
        result = load_book(db, write_book(tmp_path / "b", accounts=[GOOD_ACCOUNT], entries=rows), new=False)
        assert found(result) == [("entries", number + 2, "entry_ref", "entry.changed")]
        assert result.files["entries"].unchanged == 4


def test_reversals_of_another_account_of_a_reversal_and_second_ones_are_refused(db: Database, tmp_path: Path) -> None:
    accounts = [GOOD_ACCOUNT, an_account_row("A2", "P2")]
    back = {"kind": "reversal", "amount": "100.00", "reverses": "E1"}
    entries = [
        GOOD_ENTRY,
        _entry("E2", **back) | {"account_ref": "A2"},
        _entry("E3", **back),
        _entry("E4", **back),
        _entry("E5", **back) | {"reverses": "E3"},
        _entry("E6", value_date="never"),
        _entry("E7", kind="reversal", reverses="E6"),
    ]
    result = load_book(db, write_book(tmp_path / "b", accounts=accounts, entries=entries))
    assert sorted((f.row, f.code) for f in result.findings) == [
        (3, "reversal.account"), (5, "reversal.again"), (6, "reversal.of_reversal"), (7, "date"), (8, "reversal.refused"),
    ]  # fmt: skip
    later = load_book(db, write_book(tmp_path / "b", accounts=accounts, entries=[_entry("E8", **back)]), new=False)
    assert found(later) == [("entries", 2, "reverses", "reversal.again")]


def test_two_source_systems_may_use_the_same_references(db: Database, tmp_path: Path) -> None:
    folder = write_book(tmp_path / "b", accounts=[GOOD_ACCOUNT], entries=[GOOD_ENTRY])
    load_book(db, folder)
    again = load_book(db, folder, system="other", new=False)
    assert again.files["accounts"].added == 1 and again.files["entries"].added == 1


def test_a_reference_with_a_stroke_never_meets_the_parts_of_another(db: Database, tmp_path: Path) -> None:
    entries = [
        _entry("R", kind="adjustment", amount="-5.00"),
        _entry("C", amount="3.00", value_date="2026-01-01"),
        _entry("R/2", kind="fee", amount="4.00"),
        _entry("R%2F2", kind="fee", amount="4.00"),
    ]
    folder = write_book(tmp_path / "b", accounts=[GOOD_ACCOUNT], entries=entries)
    assert load_book(db, folder).files["entries"].added == 4
    assert load_book(db, folder, new=False).files["entries"].unchanged == 4


def test_an_account_never_changes_its_currency(db: Database, tmp_path: Path) -> None:
    load_book(db, write_book(tmp_path / "b", accounts=[GOOD_ACCOUNT]))
    rows = [GOOD_ACCOUNT | {"currency": "EUR"}]
    result = load_book(
        db, write_book(tmp_path / "b", accounts=rows, entries=[GOOD_ENTRY]), new=False, currencies=["EUR"]
    )
    assert found(result) == [
        ("accounts", 2, "currency", "currency.changed"), ("entries", 2, "account_ref", "account.refused"),
    ]  # fmt: skip


def test_a_currency_that_is_new_for_a_creditor_must_be_named(db: Database, tmp_path: Path) -> None:
    folder = write_book(tmp_path / "b", accounts=[_account(currency="EUR")])
    assert load_book(db, folder).refused == 1
    assert load_book(db, folder, new=False, currencies=["EUR"]).files["accounts"].added == 1
    more = write_book(tmp_path / "b", accounts=[an_account_row("A3", "P3", currency="EUR")])
    assert load_book(db, more, new=False).files["accounts"].added == 1


def test_several_rules_broken_by_one_row_are_all_told(db: Database, tmp_path: Path) -> None:
    result = load_book(
        db, write_book(tmp_path / "b", accounts=[GOOD_ACCOUNT], entries=[_entry(value_date="x", amount="y")])
    )
    assert {f.field for f in result.findings} == {"value_date", "amount"} and result.files["entries"].refused == 1


LONG = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=9000))


@pytest.mark.parametrize("value", [LONG, LONG[:201], "\ufdfa" * 150, "\U0001d15e" * 190])
def test_a_field_too_long_for_an_index_is_refused_and_the_others_are_loaded(
    db: Database, tmp_path: Path, value: str
) -> None:
    bad = ["account_ref", "person_ref", "name", "postcode", "address_line1", "email", "phone", "national_id", "product"]
    rows = [GOOD_ACCOUNT, *(_account(**{field: value}) for field in bad)]
    folder = write_book(
        tmp_path / "b",
        accounts=rows,
        liable=[{"account_ref": "A1", "person_ref": value, "name": "Owen Hale"}],
        instalments=[GOOD_DUE, _due(account_ref=value)],
        entries=[GOOD_ENTRY, _entry(value)],
    )
    result = load_book(db, folder)
    assert [f for f in found(result) if f[0] != "instalments"] == [
        *(("accounts", n, field, "long") for n, field in enumerate(bad, start=3)),
        ("liable", 2, "person_ref", "long"),
        ("entries", 3, "entry_ref", "long"),
    ]
    assert (result.files["accounts"].added, result.files["entries"].added) == (1, 1)


def test_a_field_as_long_as_may_be_is_loaded(db: Database, tmp_path: Path) -> None:
    long = {"name": "ø" * 200, "postcode": LONG[:200], "account_ref": LONG[:200], "person_ref": LONG[:200]}
    folder = write_book(
        tmp_path / "b", accounts=[_account(**long)], entries=[_entry("/" * 200, account_ref=LONG[:200])]
    )
    assert load_book(db, folder).findings == ()


def test_amounts_of_an_account_that_are_too_large_together_are_refused(db: Database, tmp_path: Path) -> None:
    accounts = [GOOD_ACCOUNT, an_account_row("A2", "P2")]
    most = "9999999999999.99"
    entries = [_entry(amount=most) for _ in range(1001)] + [_entry() | {"account_ref": "A2"}]
    dues = [_due(amount=most) for _ in range(1001)] + [GOOD_DUE | {"account_ref": "A2"}]
    result = load_book(db, write_book(tmp_path / "b", accounts=accounts, entries=entries, instalments=dues))
    assert {(f.file, f.field, f.code) for f in result.findings} == {
        ("entries", "amount", "amount.sum"), ("instalments", "amount", "amount.sum"),
    }  # fmt: skip
    assert (result.files["entries"].added, result.files["instalments"].added) == (1, 1)
    for n, some in enumerate((entries[:600], entries[:600], entries[600:])):
        result = load_book(db, write_book(tmp_path / "c", accounts=accounts, entries=some), new=False)
        assert (result.files["entries"].added, result.refused) == ((600, 0), (0, 0), (0, 401))[n]


def test_white_space_of_any_kind_around_a_reference_is_no_part_of_it(db: Database, tmp_path: Path) -> None:
    folder = write_book(
        tmp_path / "b",
        accounts=[GOOD_ACCOUNT, an_account_row("\tA2", "\tP2 ", currency="\tZZZ")],
        liable=[{"account_ref": "A1", "person_ref": "P2", "name": ""}],
        entries=[_entry() | {"account_ref": "A2"}, _entry("\tE7", value_date="never"), _entry("E8", kind="reversal", reverses="E7")],
    )  # fmt: skip
    assert [(file, code) for file, _, _, code in found(load_book(db, folder))] == [
        ("accounts", "currency.unknown"), ("liable", "person.refused"), ("entries", "account.refused"), ("entries", "date"),
        ("entries", "reversal.refused"),
    ]  # fmt: skip


def test_codes_of_refusals_and_warnings_are_apart() -> None:
    assert not REFUSED.keys() & WARNED.keys()
