"""One frozen settings object: everything wrong at once, and nothing harmful in production."""

import base64
import re
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from portal.settings import ROOT, Settings, SettingsRefused, libpq_url, production_refusals, sqlalchemy_url, unknown

KEY = "k1:" + base64.b64encode(bytes(range(32))).decode()
OLD = "k0:" + base64.b64encode(bytes(32)).decode()
PUBLIC = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eN"
    "Ec6wEA3F+g=="
)
"""A public key as SendGrid shows it."""
PRODUCTION = {
    "EVENLY_ENV": "production",
    "DATABASE_URL": "postgresql://evenly_app:pw@db.example/evenly",
    "REDIS_URL": "redis://:pw@redis.example/0",
    "EVENLY_PUBLIC_URL": "https://my.example.org",
    "EVENLY_KEYS": f"{KEY},{OLD}",
    "EVENLY_COMPANY": "Even Ltd, 1 High Street, Leeds LS1 1AA",
    "EVENLY_PHONE": "+44 808 157 0123",
    "EVENLY_MAIL": "hello@example.org",
    "EVENLY_MAIL_FROM": "codes@example.org",
    "TWILIO_ACCOUNT_SID": "AC" + 32 * "a",
    "TWILIO_AUTH_TOKEN": "new-token, old-token",
    "TWILIO_FROM": "+447700900000",
    "SENDGRID_API_KEY": "SG.key",
    "SENDGRID_EVENT_KEY": PUBLIC,
}


def problems(environ: dict[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsRefused) as refused:
        Settings.read(environ)
    return dict(refused.value.problems)


def refused(settings: Settings, **found: bool) -> list[str]:
    asked = {"sample_users": False, "superuser": False, "bypassrls": False} | found
    return [name for name, _ in production_refusals(settings, **asked)]


def test_a_complete_production_environment_is_read() -> None:
    settings = Settings.read(PRODUCTION)
    assert settings.sqlalchemy_url == "postgresql+psycopg://evenly_app:pw@db.example/evenly"
    assert settings.broker_url == settings.redis_url == "redis://:pw@redis.example/0"
    assert [key.id for key in settings.keys] == ["k1", "k0"]
    assert settings.keys[0].secret == bytes(range(32))
    assert settings.twilio_auth_tokens == ("new-token", "old-token")
    assert settings.clock_file is None
    assert not settings.twilio_pretended and not settings.sendgrid_pretended
    assert refused(settings) == []


def test_everything_missing_in_production_is_reported_at_once() -> None:
    assert set(problems({"EVENLY_ENV": "production"})) == PRODUCTION.keys() - {"EVENLY_ENV"}


def test_everything_wrong_is_reported_at_once_and_no_secret_is_repeated() -> None:
    said = problems(
        {
            "EVENLY_ENV": "prod",
            "EVENLY_PORT": "70000",
            "EVENLY_POOLED": "perhaps",
            "EVENLY_PREFIX": "Evenly!",
            "EVENLY_MAIL": "nobody",
            "DATABASE_URL": "mysql://u:hidden@h/d",
            "REDIS_URL": "http://:hidden@h",
            "EVENLY_BROKER_URL": "amqp://:hidden@h:port/",
            "EVENLY_KEYS": f"{KEY},k1:hidden,{KEY}",
            "EVENLY_PUBLIC_URL": "https://example.org/path",
            "TWILIO_ACCOUNT_SID": "hidden",
            "TWILIO_FROM": "Evenly",
            "SENDGRID_BASE_URL": "127.0.0.1:8001",
            "EVENLY_TEXTS_PER_SECOND": "0",
            "EVENLY_LOG_LEVEL": "loud",
        }
    )
    assert set(said) == {
        "EVENLY_ENV", "EVENLY_PORT", "EVENLY_POOLED", "EVENLY_PREFIX", "EVENLY_MAIL", "DATABASE_URL", "REDIS_URL",
        "EVENLY_BROKER_URL", "EVENLY_KEYS", "EVENLY_PUBLIC_URL", "TWILIO_ACCOUNT_SID", "TWILIO_FROM",
        "SENDGRID_BASE_URL", "EVENLY_TEXTS_PER_SECOND", "EVENLY_LOG_LEVEL",
    }  # fmt: skip
    assert "hidden" not in str(said)
    assert all(remedy.endswith((".", "…")) and len(remedy.split()) > 3 for remedy in said.values())


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"EVENLY_KEYS": KEY.replace("k1", "demo3fa2b1")}, "EVENLY_KEYS"),
        ({"EVENLY_PUBLIC_URL": "http://my.example.org"}, "EVENLY_PUBLIC_URL"),
        ({"TWILIO_BASE_URL": "http://127.0.0.1:8001"}, "TWILIO_BASE_URL"),
        ({"SENDGRID_BASE_URL": "http://127.0.0.1:8001"}, "SENDGRID_BASE_URL"),
        ({"EVENLY_PRETEND_URL": "http://127.0.0.1:8001"}, "EVENLY_PRETEND_URL"),
    ],
)
def test_production_refuses_what_only_a_demo_may_have(change: dict[str, str], name: str) -> None:
    assert list(problems(PRODUCTION | change)) == [name]


@pytest.mark.parametrize("found", ["sample_users", "superuser", "bypassrls"])
def test_production_refuses_what_only_the_database_can_tell(found: str) -> None:
    settings = Settings.read(PRODUCTION)
    assert refused(settings, **{found: True}) == ["DATABASE_URL"]
    assert refused(replace(settings, env="demo"), **{found: True}) == []


def test_account_and_token_of_a_carrier_come_together(tmp_path: Path) -> None:
    environ = {"EVENLY_VAR": str(tmp_path), "TWILIO_AUTH_TOKEN": "t"}
    assert list(problems(environ)) == ["TWILIO_ACCOUNT_SID"]


def test_outside_production_a_key_is_made_once_and_marked(tmp_path: Path) -> None:
    environ = {"EVENLY_ENV": "demo", "EVENLY_VAR": str(tmp_path / "v")}
    first, second = Settings.read(environ), Settings.read(environ)
    assert first.keys == second.keys and len(first.keys[0].secret) == 32
    assert first.keys[0].id.startswith("demo")
    assert (tmp_path / "v/keys").stat().st_mode & 0o777 == 0o600
    taken = problems(PRODUCTION | {"EVENLY_KEYS": first.environ()["EVENLY_KEYS"]})
    assert list(taken) == ["EVENLY_KEYS"]


def test_settings_go_through_a_process_environment_unchanged(tmp_path: Path) -> None:
    for environ in (PRODUCTION, {"EVENLY_VAR": str(tmp_path), "EVENLY_POOLED": "yes", "EVENLY_PORT": "8123"}):
        settings = Settings.read(environ)
        assert Settings.read(settings.environ()) == settings


def test_only_demo_and_test_may_shift_the_day(tmp_path: Path) -> None:
    may = {env: Settings(env=env, var=tmp_path).clock_file for env in ("demo", "test", "development", "production")}
    assert may == {"demo": tmp_path / "clock", "test": tmp_path / "clock", "development": None, "production": None}


def test_a_socket_is_spelt_for_the_client_and_for_the_queue() -> None:
    settings = Settings(redis_url="unix://:pw@/tmp/x/valkey")
    assert settings.broker_url == "redis+socket://:pw@/tmp/x/valkey"
    assert replace(settings, amqp_or_redis_url="amqp://h/v").broker_url == "amqp://h/v"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_understood(scheme: str) -> None:
    assert sqlalchemy_url(f"{scheme}://u@h/d") == "postgresql+psycopg://u@h/d"
    assert libpq_url(f"{scheme}://u@h/d") == "postgresql://u@h/d"


def test_the_settings_are_frozen_and_print_no_secret() -> None:
    settings = Settings.read(PRODUCTION)
    with pytest.raises(FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]
    assert not re.search(r"pw@|SG\.key|token|AAEC", repr(settings) + repr(settings.keys))


def test_the_example_names_every_setting_and_no_other() -> None:
    named = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    outside = {"EVENLY_CHROMIUM", "EVENLY_TEST_DATA", "EVENLY_TEST_SUPERUSER_URL"}
    assert named == Settings().environ().keys() | outside


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"STRIPE_API_KEY": "sk_live_x"}, "STRIPE_WEBHOOK_SECRET"),
        ({"STRIPE_WEBHOOK_SECRET": "whsec_x"}, "STRIPE_API_KEY"),
        ({"STRIPE_API_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"}, "STRIPE_API_KEY"),
        ({"STRIPE_API_KEY": "sk_live_x", "STRIPE_WEBHOOK_SECRET": "w", "STRIPE_BASE_URL": "http://x"}, "STRIPE_BASE_URL"),
    ],
)
def test_production_takes_card_payments_whole_and_live_or_not_at_all(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        Settings.read(PRODUCTION | given)
    assert [name for name, _ in refused.value.problems] == [named]
    both = {"STRIPE_API_KEY": "sk_live_x", "STRIPE_WEBHOOK_SECRET": "whsec_new, whsec_old"}
    assert Settings.read(PRODUCTION | both).stripe_webhook_secrets == ("whsec_new", "whsec_old")


def test_a_misspelt_name_is_noticed() -> None:
    environ = {"EVENLY_PROT": "8000", "EVENLY_PORT": "8000", "EVENLY_TEST_DATA": "x", "HOME": "/"}
    assert [name for name, _ in unknown(environ)] == ["EVENLY_PROT"]


def test_the_keys_that_mail_is_checked_by_are_looked_at_and_come_with_the_host_of_its_answers() -> None:
    settings = Settings.read(PRODUCTION | {"EVENLY_MAIL_REPLIES": "reply.example.org", "SENDGRID_INBOUND_KEY": f"{PUBLIC}, {PUBLIC}"})
    assert (settings.mail_replies, settings.sendgrid_inbound_keys) == ("reply.example.org", (PUBLIC, PUBLIC))
    assert problems(PRODUCTION | {"SENDGRID_EVENT_KEY": "MFkw"}).keys() == {"SENDGRID_EVENT_KEY"}
    assert problems(PRODUCTION | {"EVENLY_MAIL_REPLIES": "reply.example.org"}).keys() == {"SENDGRID_INBOUND_KEY"}
    assert problems(PRODUCTION | {"SENDGRID_INBOUND_KEY": PUBLIC}).keys() == {"EVENLY_MAIL_REPLIES"}
    assert problems(PRODUCTION | {"EVENLY_MAIL_REPLIES": "r@x", "SENDGRID_INBOUND_KEY": PUBLIC}).keys() == {"EVENLY_MAIL_REPLIES"}
