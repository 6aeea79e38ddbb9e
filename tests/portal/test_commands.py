"""The `evenly` command, run as an operator runs it: what it prints, what it keeps, how it ends."""

import csv
import io
import os
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from cases.db import Database
from cases.people.person import Person
from portal import cluster
from portal.settings import sqlalchemy_url
from tests.cases.intake.books import an_account_row, an_entry_row, write_book
from tests.conftest import Addresses, Servers
from tests.factories import a_charge, a_creditor, a_due, a_payment, a_person, an_account
from tests.portal.commands import Evenly, answer
from tests.portal.commands import evenly as evenly
from tests.portal.test_settings import PUBLIC


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """One account, a schedule, charges and a payment."""
    return write_book(
        tmp_path / "book",
        accounts=[an_account_row("L1")],
        instalments=[
            {"account_ref": "L1", "due_on": f"2026-0{m}-01", "amount": "60.00", "component": "principal"}
            for m in (3, 4, 5)
        ],
        entries=[
            an_entry_row("L1", "e1", "2026-02-01", "charge", "180.00"),
            an_entry_row("L1", "e2", "2026-03-01", "payment", "60.00"),
            an_entry_row("L1", "e3", "2026-04-03", "payment", "40.00"),
        ],
    )


NEW = (
    "--creditor",
    "tidewell",
    "--system",
    "homes",
    "--new-creditor",
    "Tidewell",
    "--country",
    "GB",
    "--currency",
    "GBP",
)


# ---------------------------------------------------------------- load, positions, explain


def test_a_book_is_loaded_and_its_positions_and_steps_are_told(evenly: Evenly, book: Path) -> None:
    assert evenly("load", str(book), *NEW).exit_code == 0
    table = evenly("positions", "--creditor", "tidewell", "--on", "2026-04-10")
    assert table.exit_code == 0
    assert list(csv.DictReader(io.StringIO(table.stdout))) == [
        {"account_ref": "L1", "overdue": "20.00", "days_in_arrears": "9", "since": "2026-04-01", "status": "", "band": "",
         "pool": "", "collector": ""}
    ]  # fmt: skip
    told = answer(evenly("explain", "L1", "--creditor", "tidewell", "--on", "2026-04-10", "--json"))
    assert list(told) == ["account", "on", "currency", "overdue", "days_in_arrears", "since", "technical", "status", "band", "pool",
                          "collector", "steps"]  # fmt: skip
    assert (told["overdue"], told["days_in_arrears"], told["since"], told["currency"]) == (
        "20.00",
        9,
        "2026-04-01",
        "GBP",
    )
    assert told["steps"][-1] == {"step": "overdue", "amount": "20.00", "days": 9}
    words = evenly("explain", "L1", "--creditor", "tidewell", "--system", "homes", "--on", "2026-04-10")
    assert words.exit_code == 0 and "oldest unmet" in words.stdout


def test_believed_then_is_nothing_before_the_book_came(evenly: Evenly, book: Path) -> None:
    evenly("load", str(book), *NEW)
    told = answer(evenly("explain", "L1", "--creditor", "tidewell", "--on", "2026-04-10", "--believed", "--json"))
    assert (told["overdue"], told["days_in_arrears"], told["since"]) == ("0.00", 0, None)


def test_loaded_twice_changes_nothing(evenly: Evenly, book: Path, superuser: Connection) -> None:
    evenly("load", str(book), *NEW)
    count = text(
        "select (select count(*) from entry), (select count(*) from due), (select count(*) from person), (select count(*) from account_terms)"
    )
    before = tuple(superuser.execute(count).one())
    superuser.rollback()
    again = evenly("load", str(book), "--creditor", "tidewell", "--system", "homes")
    assert again.exit_code == 0
    assert tuple(superuser.execute(count).one()) == before


def test_a_rehearsed_load_keeps_nothing(evenly: Evenly, book: Path, superuser: Connection) -> None:
    assert evenly("load", str(book), *NEW, "--dry-run").exit_code == 0
    assert superuser.scalar(text("select (select count(*) from creditor) + (select count(*) from account)")) == 0


def test_a_refused_row_ends_with_one_and_stands_in_the_report(
    evenly: Evenly, book: Path, tmp_path: Path, superuser: Connection
) -> None:
    write_book(
        book,
        entries=[
            an_entry_row("L1", "e1", "2026-02-30", "charge", "180.00"),
            an_entry_row("L1", "e2", "2026-02-01", "charge", "5.00"),
        ],
    )
    report = tmp_path / "report.csv"
    result = evenly("load", str(book), *NEW, "--report", str(report), "--json")
    assert result.exit_code == 1
    (row,) = list(csv.DictReader(report.open(encoding="utf-8")))
    assert (row["file"], row["row"], row["field"]) == ("entries.csv", "2", "value_date")
    assert superuser.scalar(text("select count(*) from entry")) == 1


def test_an_atomic_load_with_a_refused_row_keeps_nothing(evenly: Evenly, book: Path, superuser: Connection) -> None:
    write_book(book, entries=[an_entry_row("L1", "e1", "2026-02-30", "charge", "180.00")])
    assert evenly("load", str(book), *NEW, "--atomic").exit_code == 1
    assert superuser.scalar(text("select count(*) from account")) == 0


def test_wrong_use_ends_with_two(evenly: Evenly, book: Path) -> None:
    assert evenly("load", str(book), "--creditor", "x", "--system", "y", "--new-creditor", "X").exit_code == 2
    assert evenly("load", "/nowhere", *NEW).exit_code == 2
    assert evenly("explain", "L1").exit_code == 2
    assert evenly("verify", "--anchor", "1:abc").exit_code == 2
    assert evenly("positions", "--creditor", "x", "--on", "yesterday").exit_code == 2


def test_what_is_unknown_is_refused_in_a_sentence(evenly: Evenly, db: Database) -> None:
    with db.acting() as session:
        a_creditor(session, ref="tidewell")
    for words in (
        ("positions", "--creditor", "nobody"),
        ("explain", "L1", "--creditor", "tidewell"),
        ("case", "EV23456789"),
    ):
        result = evenly(*words)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("There is no ")


def test_one_reference_in_two_systems_asks_for_the_system(evenly: Evenly, book: Path) -> None:
    evenly("load", str(book), *NEW)
    evenly("load", str(book), "--creditor", "tidewell", "--system", "other")
    result = evenly("explain", "L1", "--creditor", "tidewell")
    assert result.exit_code == 1 and "several systems" in result.stderr


# ---------------------------------------------------------------- seal, verify, case


@pytest.fixture
def life(db: Database) -> Person:
    """A person with an account that lived a little."""
    with db.acting() as session:
        creditor = a_creditor(session, ref="tidewell")
        person = a_person(session, creditor)
        account = an_account(session, creditor, person)
        a_due(session, account, date(2026, 3, 1), 1000)
        a_charge(session, account, 1000, date(2026, 3, 1))
        a_payment(session, [(account, 400)], date(2026, 3, 2))
    return person


def test_verify_seals_proves_and_knows_the_anchor(evenly: Evenly, life: Person) -> None:
    sealed = evenly("seal")
    anchor = sealed.stdout.split()[0]
    assert sealed.exit_code == 0 and anchor.startswith("1:")
    assert evenly("seal").stdout == "Nothing new to seal.\n"
    proof = answer(evenly("verify", "--anchor", anchor, "--json"))
    assert proof["clean"] is True and proof["findings"] == [] and proof["unsealed"] == 0
    assert f"{proof['head'][0]}:{proof['head'][1]}" == anchor
    assert (proof["entries"], proof["payments"], proof["positions"]) == (2, 1, 1)
    words = evenly("verify")
    assert words.exit_code == 0 and "Nothing is off." in words.stdout
    wrong = evenly("verify", "--anchor", f"1:{'0' * 64}", "--json")
    assert wrong.exit_code == 1 and answer(wrong)["findings"][0]["what"] == "anchor_missing"


def test_each_seal_goes_to_the_log_with_number_and_hash(evenly: Evenly, life: Person) -> None:
    result = evenly("seal")
    number, digest = result.stdout.split()[0].split(":")
    assert digest in result.stderr and "sealed" in result.stderr and number == "1"


def test_verify_names_what_was_changed_by_hand_and_ends_with_one(
    evenly: Evenly, life: Person, superuser: Connection
) -> None:
    evenly("seal")
    superuser.execute(text("set session_replication_role = replica"))
    changed = superuser.scalar(text("update entry set amount = amount + 1 where kind = 'charge' returning id"))
    superuser.commit()
    result = evenly("verify", "--json")
    assert result.exit_code == 1
    found = {(f["where"], f["what"]): f["row"] for f in answer(result)["findings"]}
    assert found["entry", "row_changed"] == changed
    assert evenly("verify").stdout.count("OFF: ") == len(found)


def test_a_case_tells_its_history_newest_first(evenly: Evenly, life: Person) -> None:
    told = answer(evenly("case", life.case_ref.lower(), "--json"))
    assert [line["kind"] for line in told[:2]] == ["payment.posted", "entry.posted"]
    words = evenly("case", life.case_ref, "--lines", "1").stdout.splitlines()
    assert len(words) == 1 and "payment.posted" in words[0]
    assert "Marta" not in evenly("case", life.case_ref).output


# ---------------------------------------------------------------- set-up


def test_migrating_again_changes_nothing_and_needs_the_owner(evenly: Evenly, monkeypatch: pytest.MonkeyPatch) -> None:
    assert evenly("migrate").stdout == "The schema was up to date.\n"
    monkeypatch.delenv("EVENLY_OWNER_URL")
    result = evenly("migrate")
    assert result.exit_code == 1 and "EVENLY_OWNER_URL" in result.stderr


def test_the_roles_are_printed_with_the_installations_own_prefix(evenly: Evenly, addresses: Addresses) -> None:
    printed = evenly("roles").stdout
    assert f"{addresses.prefix}_app" in printed and "evenly_act" not in printed


def test_settings_that_are_complete_are_said_to_be(evenly: Evenly) -> None:
    result = evenly("settings", "check")
    assert (result.exit_code, result.stdout) == (0, "The settings are complete.\n"), result.output


PRODUCTION = {
    "EVENLY_ENV": "production", "REDIS_URL": "redis://:secret@127.0.0.1:1/0", "EVENLY_PUBLIC_URL": "https://evenly.example.org",
    "EVENLY_COMPANY": "Even Ltd, 1 High Street, Leeds LS1 1AA",
    "EVENLY_PHONE": "+44 7700 900145", "EVENLY_MAIL": "help@example.org", "EVENLY_MAIL_FROM": "codes@example.org",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "0" * 32, "TWILIO_FROM": "+447700900199", "SENDGRID_API_KEY": "SG.x",
    "SENDGRID_EVENT_KEY": PUBLIC,
}  # fmt: skip


def test_production_starts_under_no_superuser_and_beside_no_sample_user(
    evenly: Evenly, addresses: Addresses, monkeypatch: pytest.MonkeyPatch, superuser: Connection
) -> None:
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    assert evenly("settings", "check").exit_code == 0
    superuser.execute(text("insert into staff (mail, name, role, password, totp, sample, recorded_at) values ('s@example.org', 'S',"
                           " 'collector', '-', '-', true, now())"))  # fmt: skip
    superuser.commit()
    for command in (("settings", "check"), ("web",), ("worker",), ("timetable",)):
        result = evenly(*command)
        assert result.exit_code == 1 and "sign-ins, whose passwords are public" in result.stderr
    monkeypatch.setenv("DATABASE_URL", addresses.owner)
    result = evenly("web")
    assert result.exit_code == 1 and "is a superuser" in result.stderr


def test_settings_are_checked_before_the_first_migration_and_while_the_database_is_away(
    evenly: Evenly, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    name = f"evenly_empty_{os.getpid()}"
    app, _ = cluster.prepare(servers.superuser, database=name, prefix=servers.prefix, password="for tests alone")
    monkeypatch.setenv("DATABASE_URL", app)
    result = evenly("settings", "check")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1) and "lacks the newest migration" in result.stderr
    engine = create_engine(sqlalchemy_url(servers.superuser), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'drop database "{name}"'))
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", app.replace(name, "evenly_gone"))
    result = evenly("settings", "check")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1) and "DATABASE_URL does not answer" in result.stderr


def test_a_process_makes_its_folder_or_says_that_it_cannot(
    evenly: Evenly, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    become: list[str] = []
    monkeypatch.setattr("os.execve", lambda program, argv, environ: become.append(argv[2]))
    monkeypatch.setenv("EVENLY_VAR", str(tmp_path / "new" / "folder"))
    assert evenly("timetable").exit_code == 0
    assert become == ["celery"] and (tmp_path / "new" / "folder").is_dir()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EVENLY_VAR", str(tmp_path / "file" / "folder"))
    result = evenly("timetable")
    assert result.exit_code == 1 and "EVENLY_VAR" in result.stderr and "Name a folder of yours." in result.stderr


def test_no_process_starts_without_a_database(evenly: Evenly, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    for command in ("web", "worker", "timetable"):
        result = evenly(command)
        assert result.exit_code == 1 and "DATABASE_URL is not set" in result.stderr


def test_a_user_is_made_once_with_what_is_shown_once(evenly: Evenly, superuser: Connection) -> None:
    result = evenly("create-user", "priya@example.org", "--role", "collector")
    assert result.exit_code == 0, result.output
    shown = dict(line.split(": ", 1) for line in result.stdout.splitlines() if ": " in line)
    assert len(shown["Password"]) >= 12 and shown["Authenticator app"].startswith("otpauth://")
    kept = superuser.execute(text("select password, totp, role from staff")).one()
    assert kept.password.startswith("$argon2") and shown["Password"] not in kept.password
    secret = shown["Authenticator app"].partition("secret=")[2].partition("&")[0]
    assert secret and secret not in kept.totp
    again = evenly("create-user", "priya@example.org", "--role", "collector")
    assert again.exit_code == 1 and "already" in again.stderr
    assert evenly("create-user", "x@example.org", "--role", "creditor").exit_code == 2
    assert evenly("create-user", "x@example.org", "--role", "collector", "--password", "short").exit_code == 2


def test_keys_rotate_turns_each_secret_to_the_newest(
    evenly: Evenly, monkeypatch: pytest.MonkeyPatch, superuser: Connection
) -> None:
    evenly("create-user", "priya@example.org", "--role", "collector")
    before = superuser.scalar(text("select totp from staff"))
    superuser.rollback()
    monkeypatch.setenv(
        "EVENLY_KEYS", "k2:eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXk=,k1:eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="
    )
    assert evenly("keys", "rotate").stdout.startswith("1 secrets turned")
    assert superuser.scalar(text("select totp from staff")) != before
    superuser.rollback()
    assert evenly("keys", "rotate").stdout.startswith("0 secrets turned")


def test_contractual_reminders_are_switched_on_and_told_once(
    evenly: Evenly, db: Database, superuser: Connection
) -> None:
    with db.acting() as session:
        a_creditor(session, ref="tidewell")
    for _ in range(2):
        assert evenly("creditor", "tidewell", "--contractual-reminders", "on").exit_code == 0
    assert superuser.scalar(text("select reminds_contractual from creditor")) is True
    assert superuser.scalar(text("select count(*) from history where kind = 'creditor.changed'")) == 1
