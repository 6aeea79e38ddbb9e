"""The `evenly` command: processes, set-up, and the questions an operator asks.

Every command is a door: it reads the clock, opens one transaction and makes one
domain call. Exit codes: 0 done, 1 refused with reasons, 2 wrong use. Commands
that answer take `--json`. Without DATABASE_URL a command joins the embedded
servers of a running `evenly up`, or starts them for its own time.

Here stand processes and set-up; what answers questions stands in `answers.py`.
"""

import os
import secrets
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
import pyotp
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from cases.debts.creditor import creditor_called, switch_contractual_reminders
from cases.people.staff import USER_ROLES, User, add_user
from cases.people.support import SupportReason
from cases.refusal import Refusal
from portal import answers, cluster, keys, logs, up
from portal.door import BY_COMMAND, door
from portal.environ import Problem
from portal.passwords import hashed
from portal.place import NotStarted
from portal.reasons import PURPOSE as REASONS
from portal.refusals import sentence
from portal.settings import ROOT, Settings, SettingsRefused, production_refusals, unknown


def _plainly(call: Callable[..., Any]) -> Callable[..., Any]:
    """Runs a command; a refusal is said in one sentence and ends with 1."""

    @wraps(call)
    def run(*given: Any, **named: Any) -> Any:
        try:
            return call(*given, **named)
        except Refusal as refusal:
            click.echo(sentence(refusal, "staff"), err=True)
        except SettingsRefused as refused:
            _say_problems(refused.problems)
        except NotStarted as refused:
            click.echo(str(refused), err=True)
        sys.exit(1)

    return run


class PlainGroup(click.Group):
    """A group whose commands say refusals plainly."""

    def invoke(self, ctx: click.Context) -> Any:
        return _plainly(super().invoke)(ctx)


@click.group(cls=PlainGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Evenly: debts in one place, and a way to sort them out."""
    logs.configure(os.environ.get("EVENLY_LOG_LEVEL", "warning"), stream=sys.stderr)


# ------------------------------------------------------------------------ processes


def _process(name: str, only: str | None = None) -> None:
    """Becomes one process of the installation, after looking that it may run; a worker perhaps of one queue alone."""
    settings = Settings.read(os.environ)
    problems = _start_up_problems(settings)
    if problems:
        raise SettingsRefused(problems)
    try:
        settings.var.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsRefused(
            [Problem("EVENLY_VAR", f"{settings.var} cannot be made: {error.strerror}. Name a folder of yours.")]
        ) from None
    argv = next(argv for process, argv, _ in up.processes(settings, only) if process == name)
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "-m", *argv], dict(os.environ) | settings.environ())


@main.command()
def web() -> None:
    """Run one web process."""
    _process("web")


@main.command()
@click.option("--only", type=click.Choice(up.QUEUES), help="Serve this queue alone.")
def worker(only: str | None) -> None:
    """Run one worker: it sends, answers, applies what carriers report (rounds), and makes letters (papers)."""
    _process("worker", only)


@main.command()
def timetable() -> None:
    """Run the timetable: it wakes the worker for all that is due."""
    _process("timetable")


@main.command("up")
def up_command() -> None:
    """Run web, worker and timetable, with embedded servers where no URL is set."""
    settings = Settings.read(os.environ)
    problems = _start_up_problems(settings) if settings.database_url else []
    if problems:
        raise SettingsRefused(problems)
    sys.exit(up.run(settings, demo=False))


@main.command()
def demo() -> None:
    """Run `up` with the sample book and a pretend world that plays the carriers."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "portal"])


@main.command("demo-reset")
def demo_reset() -> None:
    """Throw the demo's data away, when nothing runs."""
    sys.exit(up.demo_reset(Settings.read(os.environ | {"EVENLY_ENV": "demo"})))


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema; after a restore, let it write again. Needs EVENLY_OWNER_URL."""
    settings = Settings.read(os.environ)
    if not settings.owner_url:
        raise SettingsRefused([Problem("EVENLY_OWNER_URL", "is needed: a login that may set role to the owner.")])
    changed = cluster.upgrade(settings.owner_url, prefix=settings.prefix)
    click.echo("The schema is new." if changed else "The schema was up to date.")


@main.command()
def roles() -> None:
    """Print the SQL that makes the roles, for an administrator to run once."""
    click.echo(cluster.roles_sql(Settings.read(os.environ).prefix))


# --------------------------------------------------------------------------- set-up


@main.group("settings")
def settings_group() -> None:
    """The settings of this installation."""


@settings_group.command("check")
def settings_check() -> None:
    """Say everything that is missing or wrong, at once."""
    settings = Settings.read(os.environ)
    _say_problems(unknown(os.environ))
    problems = _start_up_problems(settings) if settings.database_url else []
    if problems:
        raise SettingsRefused(problems)
    click.echo("The settings are complete.")


@main.group("keys")
def keys_group() -> None:
    """The keys that encrypt secrets and sign links."""


@keys_group.command("rotate")
def keys_rotate() -> None:
    """Encrypt what is kept anew, with the newest key of EVENLY_KEYS."""
    with door() as at, at.db.acting() as session:
        turned = 0
        for user in session.scalars(select(User).order_by(User.id)):
            fresh = at.keys.encrypt(at.keys.decrypt(user.totp))
            turned += keys.key_of(user.totp) != keys.key_of(fresh)
            user.totp = fresh
        for why in session.scalars(select(SupportReason).where(SupportReason.sealed.is_not(None))):
            assert why.sealed is not None  # asked for
            anew = at.keys.encrypt(at.keys.decrypt(why.sealed, REASONS), REASONS)
            turned += keys.key_of(why.sealed) != keys.key_of(anew)
            why.sealed = anew
    click.echo(f"{turned} secrets turned to the newest key. Older keys may go once no link of them is in use (72 h).")


@main.command("create-user")
@click.argument("mail")
@click.option("--role", type=click.Choice(USER_ROLES), required=True)
@click.option("--name", help="How the user is named in the history.")
@click.option("--creditor", "creditor_ref", help="Whose user, for the role creditor.")
@click.option("--password", help="Else one is made and printed once.")
def create_user(mail: str, role: str, name: str | None, creditor_ref: str | None, password: str | None) -> None:
    """Add a user who signs in with a password and an authenticator app."""
    if (role == "creditor") != (creditor_ref is not None):
        raise click.UsageError("--creditor goes with --role creditor, and only with it")
    if password is not None and len(password) < 12:
        raise click.UsageError("a password has at least 12 characters")
    secret, made = pyotp.random_base32(), password or secrets.token_urlsafe(15)
    with door() as at, at.db.acting() as session:
        creditor = creditor_called(session, creditor_ref).id if creditor_ref else None
        add_user(
            session,
            mail=mail,
            name=name or mail.partition("@")[0],
            role=role,
            password=hashed(made),
            totp=at.keys.encrypt(secret),
            creditor=creditor,
            by=BY_COMMAND,
            at=at.now,
        )
        uri = pyotp.TOTP(secret).provisioning_uri(name=mail, issuer_name=at.settings.name)
    if password is None:
        click.echo(f"Password: {made}")
    click.echo(f"Authenticator app: {uri}")
    click.echo("Both are shown this once.")


@main.command("creditor")
@click.argument("ref")
@click.option("--contractual-reminders", type=click.Choice(["on", "off"]), required=True)
def creditor_command(ref: str, contractual_reminders: str) -> None:
    """Say whether people are reminded of a creditor's contractual instalments."""
    with door() as at, at.db.acting() as session:
        creditor = creditor_called(session, ref)
        switch_contractual_reminders(session, creditor, contractual_reminders == "on", by=BY_COMMAND, at=at.now)
    click.echo(f"{ref}: contractual reminders are {contractual_reminders}.")


answers.join(main)


# -------------------------------------------------------------------------- private


def _start_up_problems(settings: Settings) -> list[Problem]:
    """What keeps a process from starting: settings, the login's rights, the schema."""
    if not settings.database_url:
        return [Problem("DATABASE_URL", "is not set. Set it, or run `evenly up`, which brings a database.")]
    engine = create_engine(settings.sqlalchemy_url, poolclass=NullPool, hide_parameters=True)
    try:
        with engine.connect() as connection:
            superuser, bypass, made = connection.execute(
                text("select rolsuper, rolbypassrls, to_regclass('staff') is not null from pg_roles"
                     " where rolname = current_user")
            ).one()  # fmt: skip
            sample = False
            if settings.env == "production" and made and not (superuser or bypass):
                connection.execute(text("select set_config('role', :role, true)"), {"role": f"{settings.prefix}_act"})
                sample = bool(connection.execute(text("select exists (select from staff where sample)")).scalar())
    except OperationalError as error:
        return [Problem("DATABASE_URL", f"does not answer: {str(error.orig).strip().splitlines()[0]}.")]
    finally:
        engine.dispose()
    problems = production_refusals(settings, sample_users=sample, superuser=superuser, bypassrls=bypass)
    if not cluster.at_head(settings.database_url):
        problems.append(Problem("DATABASE_URL", "lacks the newest migration. Run `evenly migrate`."))
    return problems


def _say_problems(problems: Any) -> None:
    for name, remedy in problems:
        click.echo(f"{name} {remedy}", err=True)



if __name__ == "__main__":
    main()
