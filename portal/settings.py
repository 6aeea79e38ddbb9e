"""Settings: everything that may differ between two installations, read once from the environment.

`Settings.read(os.environ)` gives one frozen object or refuses with *everything* that is missing or
wrong, each with its remedy, so that nobody repairs one line, starts, and meets the next. Nothing
else in Evenly reads the environment, apart from the tests (EVENLY_TEST_…, EVENLY_CHROMIUM).
`.env.example` explains each name.

*Environment* (EVENLY_ENV): `production` is a real organisation and refuses what would harm one;
`development` is an engineer's machine; `demo` is the sample book with pretend carriers; `test` is a
test run. Only demo and test may shift the day (`clock_file`).
*Key*: an id and 32 bytes. Keys encrypt support reasons, TOTP secrets and sign links; the newest
comes first and is the one that encrypts, the others still decrypt. Outside production a missing
key is made once, kept in EVENLY_VAR, and its id begins with `demo`: production never takes it.
*Prefix*: what the names of our database roles begin with.
"""

import base64
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from portal.environ import Key, Problem, Reader

ENVIRONMENTS = ("demo", "development", "test", "production")

ROOT = Path(__file__).resolve().parent.parent
"""The folder of the programs; a relative EVENLY_VAR counts from here, wherever one stands."""

OUTSIDE = {"EVENLY_CHROMIUM"}
"""Names that are ours and read elsewhere: see also the beginnings in `unknown`."""


class SettingsRefused(Exception):
    """The settings are not usable. `problems` holds every reason, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(f"{name}: {remedy}" for name, remedy in self.problems))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One installation's settings. Secrets are left out when the object is printed."""

    env: str = "development"
    var: Path = ROOT / "var"
    """Folder of logs and, without URLs, of the embedded servers' data."""
    database_url: str | None = field(default=None, repr=False)
    """The application's own login: neither owner nor superuser."""
    owner_url: str | None = field(default=None, repr=False)
    """Only for `migrate`: a login that may `set role <prefix>_owner`."""
    redis_url: str | None = field(default=None, repr=False)
    amqp_or_redis_url: str | None = field(default=None, repr=False)
    """EVENLY_BROKER_URL as given; `broker_url` is what Celery gets."""
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://127.0.0.1:8000"
    """What people type and carriers sign: scheme, host and port, no closing slash."""
    proxies: int = 0
    """How many reverse proxies of ours stand before the web process."""
    pooled: bool = False
    """The database stands behind a pooler in transaction mode."""
    keys: tuple[Key, ...] = field(default=(), repr=False)
    prefix: str = "evenly"
    name: str = "Evenly"
    """The organisation's name in texts and on pages."""
    company: str | None = None
    """Who answers for this by law: the organisation's full name and postal address, in one line."""
    telephone: str | None = None
    """A number that people may ring."""
    mail: str | None = None
    """An address that people may write to."""
    mail_from: str | None = None
    twilio_account_sid: str | None = None
    twilio_auth_tokens: tuple[str, ...] = field(default=(), repr=False)
    """Newest first: the first one calls, each may have signed a callback."""
    twilio_from: str | None = None
    """A number (E.164) or a messaging service (MG…)."""
    twilio_base_url: str | None = None
    sendgrid_api_key: str | None = field(default=None, repr=False)
    sendgrid_base_url: str | None = None
    sendgrid_event_keys: tuple[str, ...] = ()
    """Public keys, newest first: each may have signed the events of mails."""
    sendgrid_inbound_keys: tuple[str, ...] = ()
    """Public keys, newest first: each may have signed a mail that came in."""
    mail_replies: str | None = None
    """The host that answers by mail go to; None: mails name no address of their own for answers."""
    stripe_api_key: str | None = field(default=None, repr=False)
    """Without one there are no card payments, and no page offers them."""
    stripe_webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    """Newest first: each may have signed an event."""
    stripe_base_url: str | None = None
    pretend_url: str | None = None
    """Where the stand-in's phone and mailbox are; None: there is no stand-in."""
    texts_per_second: int = 20
    """The carriers' permitted rate, over all workers on all machines together."""
    web_workers: int = 2
    web_threads: int = 2
    worker_processes: int = 2
    log_level: str = "info"
    hurry: int = 1
    """How many times shorter every wait is than by itself (`cases/waits.py`): for rehearsals of faults alone."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """The settings that `environ` holds. Outside production a first key is made where none is.

        Raises `SettingsRefused` with every problem at once.
        """
        reader = Reader(environ)
        env = reader.one_of("EVENLY_ENV", ENVIRONMENTS, "development")
        port = reader.whole("EVENLY_PORT", 8000, 1, 65535)
        var = ROOT / Path(environ.get("EVENLY_VAR") or "var").expanduser()
        settings = cls(
            env=env,
            var=var,
            database_url=reader.postgres("DATABASE_URL"),
            owner_url=reader.postgres("EVENLY_OWNER_URL"),
            redis_url=reader.url("REDIS_URL", "redis", "rediss", "unix"),
            amqp_or_redis_url=reader.url(
                "EVENLY_BROKER_URL", "redis", "rediss", "unix", "redis+socket", "amqp", "amqps"
            ),
            host=environ.get("EVENLY_HOST") or "127.0.0.1",
            port=port,
            public_url=reader.public_url(port),
            proxies=reader.whole("EVENLY_PROXIES", 0, 0, 9),
            pooled=reader.yes_or_no("EVENLY_POOLED"),
            keys=reader.keys(),
            prefix=reader.prefix(),
            name=environ.get("EVENLY_NAME") or "Evenly",
            company=environ.get("EVENLY_COMPANY") or None,
            telephone=environ.get("EVENLY_PHONE") or None,
            mail=reader.address("EVENLY_MAIL"),
            mail_from=reader.address("EVENLY_MAIL_FROM"),
            twilio_account_sid=reader.shaped("TWILIO_ACCOUNT_SID", r"AC[0-9a-f]{32}", "AC and 32 hexadecimal digits"),
            twilio_auth_tokens=reader.several("TWILIO_AUTH_TOKEN"),
            twilio_from=reader.shaped(
                "TWILIO_FROM",
                r"\+[1-9]\d{5,14}|MG[0-9a-f]{32}",
                "a number such as +44… or a messaging service MG…",
            ),
            twilio_base_url=reader.url("TWILIO_BASE_URL", "http", "https"),
            sendgrid_api_key=environ.get("SENDGRID_API_KEY") or None,
            sendgrid_base_url=reader.url("SENDGRID_BASE_URL", "http", "https"),
            sendgrid_event_keys=reader.public_keys("SENDGRID_EVENT_KEY"),
            sendgrid_inbound_keys=reader.public_keys("SENDGRID_INBOUND_KEY"),
            mail_replies=reader.host("EVENLY_MAIL_REPLIES"),
            stripe_api_key=environ.get("STRIPE_API_KEY") or None,
            stripe_webhook_secrets=reader.several("STRIPE_WEBHOOK_SECRET"),
            stripe_base_url=reader.url("STRIPE_BASE_URL", "http", "https"),
            pretend_url=reader.url("EVENLY_PRETEND_URL", "http", "https"),
            texts_per_second=reader.whole("EVENLY_TEXTS_PER_SECOND", 20, 1, 1000),
            web_workers=reader.whole("EVENLY_WEB_WORKERS", 2, 1, 256),
            web_threads=reader.whole("EVENLY_WEB_THREADS", 2, 1, 64),
            worker_processes=reader.whole("EVENLY_WORKER_PROCESSES", 2, 1, 256),
            hurry=reader.whole("EVENLY_HURRY", 1, 1, 600),
            log_level=reader.one_of("EVENLY_LOG_LEVEL", ("debug", "info", "warning", "error"), "info"),
        )
        for account, given, token, tokens in (
            ("TWILIO_ACCOUNT_SID", settings.twilio_account_sid, "TWILIO_AUTH_TOKEN", settings.twilio_auth_tokens),
            ("EVENLY_MAIL_REPLIES", settings.mail_replies, "SENDGRID_INBOUND_KEY", settings.sendgrid_inbound_keys),
            ("STRIPE_API_KEY", settings.stripe_api_key, "STRIPE_WEBHOOK_SECRET", settings.stripe_webhook_secrets),
        ):
            reader.halves(account, given, token, tokens)
        problems = reader.problems
        if settings.env == "production":
            problems += _needed(settings, named={problem.name for problem in problems})
            problems += _harmful(settings)
        if problems:
            raise SettingsRefused(problems)
        if not settings.keys:
            settings = replace(settings, keys=(_kept_key(settings.var),))
        return settings

    @property
    def sqlalchemy_url(self) -> str:
        """DATABASE_URL as SQLAlchemy with psycopg wants it. Raises ValueError when there is none."""
        return sqlalchemy_url(self.database_url)

    @property
    def broker_url(self) -> str | None:
        """What Celery is given: EVENLY_BROKER_URL, else REDIS_URL, a socket in kombu's spelling."""
        url = self.amqp_or_redis_url or self.redis_url
        return "redis+socket" + url.removeprefix("unix") if url and url.startswith("unix") else url

    @property
    def clock_file(self) -> Path | None:
        """The file that holds the whole days by which the day is shifted; None where none may be."""
        return self.var / "clock" if self.env in ("demo", "test") else None

    @property
    def twilio_pretended(self) -> bool:
        """Texts go to the stand-in."""
        return self.twilio_base_url is not None

    @property
    def sendgrid_pretended(self) -> bool:
        """Mail goes to the stand-in."""
        return self.sendgrid_base_url is not None

    @property
    def stripe_pretended(self) -> bool:
        """Card payments go to the stand-in."""
        return self.stripe_base_url is not None

    def environ(self) -> dict[str, str]:
        """These settings as environment variables: for a process that we start."""
        keys = ",".join(f"{k.id}:{base64.b64encode(k.secret).decode()}" for k in self.keys)
        named = {
            "EVENLY_ENV": self.env,
            "EVENLY_VAR": self.var,
            "DATABASE_URL": self.database_url,
            "EVENLY_OWNER_URL": self.owner_url,
            "REDIS_URL": self.redis_url,
            "EVENLY_BROKER_URL": self.amqp_or_redis_url,
            "EVENLY_HOST": self.host,
            "EVENLY_PORT": self.port,
            "EVENLY_PUBLIC_URL": self.public_url,
            "EVENLY_PROXIES": self.proxies,
            "EVENLY_POOLED": "yes" if self.pooled else "no",
            "EVENLY_KEYS": keys,
            "EVENLY_PREFIX": self.prefix,
            "EVENLY_NAME": self.name,
            "EVENLY_COMPANY": self.company,
            "EVENLY_PHONE": self.telephone,
            "EVENLY_MAIL": self.mail,
            "EVENLY_MAIL_FROM": self.mail_from,
            "TWILIO_ACCOUNT_SID": self.twilio_account_sid,
            "TWILIO_AUTH_TOKEN": ",".join(self.twilio_auth_tokens),
            "TWILIO_FROM": self.twilio_from,
            "TWILIO_BASE_URL": self.twilio_base_url,
            "SENDGRID_API_KEY": self.sendgrid_api_key,
            "SENDGRID_BASE_URL": self.sendgrid_base_url,
            "SENDGRID_EVENT_KEY": ",".join(self.sendgrid_event_keys),
            "SENDGRID_INBOUND_KEY": ",".join(self.sendgrid_inbound_keys),
            "EVENLY_MAIL_REPLIES": self.mail_replies,
            "STRIPE_API_KEY": self.stripe_api_key,
            "STRIPE_WEBHOOK_SECRET": ",".join(self.stripe_webhook_secrets),
            "STRIPE_BASE_URL": self.stripe_base_url,
            "EVENLY_PRETEND_URL": self.pretend_url,
            "EVENLY_TEXTS_PER_SECOND": self.texts_per_second,
            "EVENLY_WEB_WORKERS": self.web_workers,
            "EVENLY_WEB_THREADS": self.web_threads,
            "EVENLY_WORKER_PROCESSES": self.worker_processes,
            "EVENLY_LOG_LEVEL": self.log_level,
            "EVENLY_HURRY": self.hurry,
        }
        return {name: "" if value is None else str(value) for name, value in named.items()}


def sqlalchemy_url(url: str | None) -> str:
    """A PostgreSQL address as SQLAlchemy with psycopg wants it. Raises ValueError when there is none."""
    if not url:
        raise ValueError("no database is set and none was started: see portal.embedded.joined")
    return re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql+psycopg://", url)


def libpq_url(url: str) -> str:
    """A PostgreSQL address as psycopg itself, psql and pg_dump want it."""
    return re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql://", url)


def production_refusals(settings: Settings, *, sample_users: bool, superuser: bool, bypassrls: bool) -> list[Problem]:
    """What keeps a production start-up from going on; empty anywhere else.

    `sample_users`: the demo's people have sign-ins here. `superuser`, `bypassrls`: what the
    database says of the login in DATABASE_URL. The rest is seen in the settings themselves.
    """
    if settings.env != "production":
        return []
    problems = _harmful(settings)
    if sample_users:
        problems.append(
            Problem(
                "DATABASE_URL",
                "holds the demo's sign-ins, whose passwords are public. Use a new database.",
            )
        )
    for found, word in ((superuser, "a superuser"), (bypassrls, "BYPASSRLS")):
        if found:
            problems.append(
                Problem(
                    "DATABASE_URL",
                    f"its login is {word}, so row-level security guards nobody. Use the login {settings.prefix}_app.",
                )
            )
    return problems


def unknown(environ: Mapping[str, str]) -> list[Problem]:
    """Names that look like ours and are none: most likely misspelt. A warning, not a refusal."""
    ours = Settings().environ().keys() | OUTSIDE
    return [
        Problem(name, "is not a setting of Evenly. Compare the name with .env.example.")
        for name in sorted(environ)
        if name.startswith("EVENLY_") and name not in ours and not name.startswith(("EVENLY_TEST_", "EVENLY_BENCH_"))
    ]


def keep(path: Path, text: str) -> None:
    """Writes a secret that only its owner may read, whole or not at all."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
        out.write(text)
    new.rename(path)


def kept(path: Path, made: str) -> str:
    """The secret in `path`; `made` is put there when there is none. Two at once agree on one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{os.getpid()}.new")
        keep(new, made)
        try:
            os.link(new, path)  # never over a file that someone else has just put there
        except FileExistsError:
            pass
        finally:
            new.unlink()
    return path.read_text()


def _kept_key(var: Path) -> Key:
    made = f"demo{secrets.token_hex(3)}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    try:
        key_id, _, secret = kept(var / "keys", made).partition(":")
    except OSError as error:
        raise SettingsRefused(
            [Problem("EVENLY_VAR", f"{var} cannot keep a key: {error.strerror}. Name a folder of yours.")]
        ) from None
    return Key(key_id, base64.b64decode(secret))


def _needed(settings: Settings, *, named: set[str]) -> list[Problem]:
    """What production cannot do without. `named`: already reported as wrong, so not also missing."""
    wanted = (
        ("DATABASE_URL", settings.database_url, "postgresql://evenly_app:…@host/evenly"),
        ("REDIS_URL", settings.redis_url, "redis://:…@host/0"),
        ("EVENLY_KEYS", settings.keys, "id:… with 32 random bytes in base64"),
        ("EVENLY_COMPANY", settings.company, "your full name and postal address, as the law wants them told"),
        ("EVENLY_PHONE", settings.telephone, "the telephone number that people may ring"),
        ("EVENLY_MAIL", settings.mail, "the address that people may write to"),
        ("EVENLY_MAIL_FROM", settings.mail_from, "the address that mails come from"),
        ("TWILIO_ACCOUNT_SID", settings.twilio_account_sid, "the account that sends texts"),
        ("TWILIO_AUTH_TOKEN", settings.twilio_auth_tokens, "that account's token"),
        ("TWILIO_FROM", settings.twilio_from, "the number or messaging service that texts come from"),
        ("SENDGRID_API_KEY", settings.sendgrid_api_key, "the key that may send mail"),
        ("SENDGRID_EVENT_KEY", settings.sendgrid_event_keys, "the verification key of its event webhook"),
    )
    return [
        Problem(name, f"is missing. Set it to {what}.")
        for name, value, what in wanted
        if not value and name not in named
    ]


def _harmful(settings: Settings) -> list[Problem]:
    """What would harm real people and can be seen in the settings alone."""
    problems = []
    if any(key.id.startswith("demo") for key in settings.keys):
        problems.append(Problem("EVENLY_KEYS", "holds a key of the demo. Make new ones: .env.example says how."))
    for name, value in (
        ("TWILIO_BASE_URL", settings.twilio_base_url),
        ("SENDGRID_BASE_URL", settings.sendgrid_base_url),
        ("STRIPE_BASE_URL", settings.stripe_base_url),
        ("EVENLY_PRETEND_URL", settings.pretend_url),
    ):
        if value:
            problems.append(Problem(name, "names the stand-in for a carrier. Remove it."))
    if settings.stripe_api_key and not re.match(r"(sk|rk)_live_", settings.stripe_api_key):
        problems.append(Problem("STRIPE_API_KEY", "is no live key: people would believe that they had paid."))
    if settings.hurry != 1:
        problems.append(Problem("EVENLY_HURRY", "is for rehearsals: here a wait that is too short loses messages."))
    if not settings.public_url.startswith("https://"):
        problems.append(Problem("EVENLY_PUBLIC_URL", "must begin with https://: codes and debts pass over it."))
    return problems
