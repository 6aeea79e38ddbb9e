"""Files as they come: other encodings, marks, separators and line breaks, missing columns, files cut short."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases.db import Database
from cases.intake.layout import FolderEmpty, files_of
from cases.refusal import Refusal
from tests.cases.intake.books import an_account_row, found, load_book, write_book

HEADER = "account_ref,person_ref,name,debt_type,currency,opened_on,city\n"
ROWS = "A1,P1,Marta Lindqvist,rent,GBP,2025-01-01,Tidewell\nA2,P2,Åsa Öberg,rent,GBP,2025-01-01,Tidewell\n"
ENTRIES = (
    "account_ref,entry_ref,value_date,kind,amount\nA1,E1,2026-01-01,charge,100.00\nA1,E2,2026-01-02,payment,8033.00\n"
)


def _folder(tmp_path: Path, accounts: bytes, **others: bytes) -> Path:
    for name, content in {"accounts": accounts, **others}.items():
        (tmp_path / f"{name}.csv").write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(
    "content",
    [
        (HEADER + ROWS).encode("utf-8-sig"),
        (HEADER + ROWS).replace("\n", "\r\n").encode(),
        (HEADER + ROWS).replace("\n", "\r\n", 2).encode(),
        (HEADER + ROWS + "\n\n").encode(),
        (HEADER + "\n" + ROWS).encode(),
        (HEADER.upper() + ROWS).encode(),
        (HEADER + ROWS.replace("Marta Lindqvist", '"Lindqvist, Marta"')).encode(),
        (HEADER + ROWS.replace("Marta Lindqvist", '"Marta\nLindqvist"')).encode(),
        (HEADER + ROWS).rstrip("\n").encode(),
    ],
)
def test_files_are_read_as_programs_write_them(db: Database, tmp_path: Path, content: bytes) -> None:
    result = load_book(db, _folder(tmp_path, content))
    assert result.refused == 0 and result.files["accounts"].added == 2


def test_columns_may_stand_in_any_order(db: Database, tmp_path: Path) -> None:
    content = b"opened_on,currency,debt_type,name,person_ref,account_ref\n2025-01-01,GBP,rent,Marta,P1,A1\n"
    assert load_book(db, _folder(tmp_path, content)).files["accounts"].added == 1


def test_rows_in_another_encoding_are_named_and_the_others_loaded(db: Database, tmp_path: Path) -> None:
    result = load_book(db, _folder(tmp_path, (HEADER + ROWS).encode("latin-1")))
    assert found(result) == [("accounts", 3, "name", "row.encoding")]
    assert (result.files["accounts"].rows, result.files["accounts"].added, result.files["accounts"].refused) == (
        2,
        1,
        1,
    )


@pytest.mark.parametrize(
    ("content", "field", "code"),
    [
        (b"", None, "file.empty"),
        ((HEADER + ROWS).encode("utf-16"), None, "file.encoding"),
        ((HEADER + ROWS).replace(",", ";").encode(), None, "file.separator"),
        ((HEADER + ROWS).replace("\n", "\r").encode(), None, "file.header"),
        ((HEADER + ROWS).replace("currency,", "").encode(), "currency", "file.column_missing"),
        ((HEADER + ROWS).replace("city", "name").encode(), "name", "file.column_twice"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole_and_so_is_what_stands_on_it(
    db: Database, tmp_path: Path, content: bytes, field: str | None, code: str
) -> None:
    result = load_book(db, _folder(tmp_path, content, entries=ENTRIES.encode()))
    assert found(result) == [("accounts", None, field, code), ("entries", None, None, "file.accounts_refused")]
    assert result.refused == 2


def test_a_missing_column_of_entries_refuses_that_file_alone(db: Database, tmp_path: Path) -> None:
    entries = ENTRIES.replace("kind", "sort").encode()
    result = load_book(db, _folder(tmp_path, (HEADER + ROWS).encode(), entries=entries))
    assert found(result) == [("entries", None, "kind", "file.column_missing")] and result.files["accounts"].added == 2


def test_rows_with_too_few_or_too_many_fields_are_named(db: Database, tmp_path: Path) -> None:
    entries = ENTRIES + "A1,E3,2026-01-03,payment\nA1,E4,2026-01-03,payment,5.00\nA1,E5,2026-01-03,payment,5.00,\n"
    result = load_book(db, _folder(tmp_path, (HEADER + ROWS).encode(), entries=entries.encode()))
    assert [(f.row, f.code, dict(f.facts)) for f in result.findings] == [
        (4, "row.columns", {"has": 4, "wants": 5}), (6, "row.columns", {"has": 6, "wants": 5}),
    ]  # fmt: skip
    assert result.files["entries"].added == 3


def test_a_quotation_mark_that_never_closes_spoils_its_row_alone(db: Database, tmp_path: Path) -> None:
    rows = ROWS.replace("Marta", '"Marta') + "A3,P3,Owen Hale,rent,GBP,2025-01-01,Tidewell\n"
    result = load_book(db, _folder(tmp_path, (HEADER + rows).encode()))
    assert found(result) == [("accounts", 2, None, "row.quotes")] and result.files["accounts"].added == 2


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 20, 31, 36, 37, 40, 45, 60])
def test_a_file_cut_short_anywhere_never_posts_a_shortened_amount(cut: int, tmp_path: Path, db: Database) -> None:
    result = load_book(db, _folder(tmp_path, (HEADER + ROWS).encode(), entries=ENTRIES.encode()[:-cut]))
    with db.acting() as session:
        amounts = [
            a for (a,) in session.connection().exec_driver_sql("select sum(amount)::bigint from entry group by kind")
        ]
    assert set(amounts) <= {10000, -803300}
    assert result.refused > 0 or ENTRIES[:-cut].endswith("\n")


def test_a_last_row_without_a_line_break_is_loaded_with_a_warning_where_a_cut_would_show(
    db: Database, tmp_path: Path
) -> None:
    result = load_book(db, _folder(tmp_path, (HEADER + ROWS).rstrip("\n").encode()))
    assert found(result) == [("accounts", 3, "city", "row.no_line_break")]


SCHEDULE = "account_ref,due_on,amount,component\n" + "".join(f"A1,2026-{m:02}-01,60.00,principal\n" for m in range(1, 11))


@pytest.mark.parametrize("end", [b"-04-01,60.00,principal", b"-04-01,60.00,princ", b"-04-01,60.00,", b"-04-01,6"])
@pytest.mark.parametrize("badly", [b"", b'A1,"2026-01-01,1.00,\n'])  # read in one piece, and row by row
def test_a_schedule_cut_short_withdraws_nothing(db: Database, tmp_path: Path, end: bytes, badly: bytes) -> None:
    folder = _folder(tmp_path, (HEADER + ROWS).encode(), instalments=SCHEDULE.encode())
    load_book(db, folder)
    whole = SCHEDULE.encode()
    cut = whole[: whole.index(b"-04-01")] + end
    _folder(tmp_path, (HEADER + ROWS).encode(), instalments=cut.replace(b"\n", b"\n" + badly, 1))
    result = load_book(db, folder, new=False)
    assert result.files["instalments"].withdrawn == 0 and "schedule.kept" in {f.code for f in result.findings}
    with db.acting() as session:
        live = "select count(*) from due where replaced_at is null and amount > 0"
        assert session.connection().exec_driver_sql(live).scalar_one() == 10


@pytest.mark.parametrize(
    ("file", "header", "row"),
    [
        ("entries", "account_ref,entry_ref,value_date,kind,amount,due_on", "A1,E3,2026-01-03,charge,5.00,"),
        ("accounts", "account_ref,person_ref,debt_type,currency,opened_on,name", "A3,P3,rent,GBP,2025-01-01,Owen H"),
        ("accounts", HEADER.strip() + ",postcode", "A3,P3,Owen Hale,rent,GBP,2025-01-01,Tidewell,AB1 2"),
        ("accounts", HEADER.strip() + ",phone", "A3,P3,Owen Hale,rent,GBP,2025-01-01,Tidewell,+4477009001"),
        ("accounts", HEADER.strip() + ",email", "A3,P3,Owen Hale,rent,GBP,2025-01-01,Tidewell,owen@example.co"),
        ("accounts", HEADER.strip() + ",date_of_birth", "A3,P3,Owen Hale,rent,GBP,2025-01-01,Tidewell,"),
    ],
)
def test_a_last_row_is_refused_where_a_cut_may_have_left_another_value(
    db: Database, tmp_path: Path, file: str, header: str, row: str
) -> None:
    files = {"accounts": (HEADER + ROWS).encode()} | {file: f"{header}\n{row}".encode()}
    result = load_book(db, _folder(tmp_path, **files))
    assert found(result) == [(file, 2, header.rpartition(",")[2], "row.cut_short")]


def test_a_file_has_no_more_columns_than_a_row_of_the_database_holds(db: Database, tmp_path: Path) -> None:
    def book(own: int) -> bytes:
        names, values = ("".join(f",{each}" for each in (f"own {n}" for n in range(own))), f",{'v' * 24}" * own)
        return f"{HEADER.strip()}{names}\nA1,P1,Marta,rent,GBP,2025-01-01,Tidewell{values}\n".encode()

    assert found(load_book(db, _folder(tmp_path, book(1700)))) == [("accounts", None, None, "file.columns")]
    assert found(load_book(db, _folder(tmp_path, book(294)), new=False)) == [("accounts", None, None, "file.columns")]
    assert load_book(db, _folder(tmp_path, book(293)), new=False).files["accounts"].added == 1


def test_a_folder_without_accounts_and_a_file_of_another_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        files_of(tmp_path)
    assert refused.value == FolderEmpty(missing="accounts.csv")
    (tmp_path / "book.txt").write_text("x")
    with pytest.raises(Refusal, match="intake.file"):
        files_of(tmp_path / "book.txt")


def test_one_file_of_the_layout_may_come_alone(db: Database, tmp_path: Path) -> None:
    load_book(db, write_book(tmp_path / "b", accounts=[an_account_row("A1", "P1")]))
    (tmp_path / "entries.csv").write_text(ENTRIES)
    result = load_book(db, tmp_path / "entries.csv", new=False)
    assert set(result.files) == {"entries"} and result.files["entries"].added == 2


def test_columns_of_its_own_are_kept(db: Database, tmp_path: Path) -> None:
    folder = write_book(
        tmp_path / "b",
        accounts=[an_account_row("A1", "P1") | {"Tenancy %": "T 1", "Note": ""}],
        liable=[{"account_ref": "A1", "person_ref": "P2", "name": "Owen Hale", "since when": "1999"}],
        instalments=[{"account_ref": "A1", "due_on": "2026-02-01", "amount": "1.00", "run": "7"}],
        entries=[{"account_ref": "A1", "entry_ref": "E1", "value_date": "2026-01-01", "kind": "fee", "amount": "1.00", "text": "late"}],
    )  # fmt: skip
    assert load_book(db, folder).refused == 0
    again = load_book(db, folder, new=False)
    assert {kind: (count.rows, count.unchanged) for kind, count in again.files.items()} == dict.fromkeys(
        again.files, (1, 1)
    )
    with db.acting() as session:
        run = session.connection().exec_driver_sql
        assert run("select extra from account_terms").scalar_one() == {"Tenancy %": "T 1"}
        assert run("select file, ref, facts from extra_fact order by file").all() == [
            ("entries", "E1", {"text": "late"}),
            ("instalments", "2026-02-01", {"run": "7"}),
            ("liable", "P2", {"since when": "1999"}),
        ]
