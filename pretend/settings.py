"""Settings of the pretend world: the environment and the command line, read once.

The credentials are those that the product's settings name, so that both sides fit without more ado.
Stripe may be left out: without a key its paths let nobody in, and everything else works.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")


class SettingsRefused(Exception):
    """Something is missing or wrong; ``reasons`` holds one sentence for each."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Settings:
    """What does not change while the program runs. ``delay_ms`` is how long a carrier takes to answer."""

    state: Path
    account_sid: str
    auth_token: str
    sendgrid_key: str
    stripe_key: str = ""
    stripe_secret: str = ""
    stripe_hook_url: str = ""
    sendgrid_secret: str = ""
    sendgrid_events_url: str = ""
    sendgrid_inbound_url: str = ""
    inbound_url: str = ""
    name: str = "the service"
    clock_file: Path | None = None
    delay_ms: int = 0
    quiet: bool = False


def read(environ: Mapping[str, str], *, state: Path, delay_ms: int = 0, quiet: bool = False) -> Settings:
    """The settings, or SettingsRefused with every reason at once."""
    reasons = [
        f"{name} is not set."
        for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "SENDGRID_API_KEY")
        if not environ.get(name)
    ]
    sid = environ.get("TWILIO_ACCOUNT_SID", "")
    if sid and not ACCOUNT_SID.fullmatch(sid):
        reasons.append("TWILIO_ACCOUNT_SID must be AC and 32 hexadecimal digits.")
    inbound = environ.get("PRETEND_INBOUND_URL", "")
    if inbound and not inbound.startswith(("http://", "https://")):
        reasons.append("PRETEND_INBOUND_URL must begin with http:// or https://.")
    hook = environ.get("PRETEND_STRIPE_HOOK_URL", "")
    if hook and not hook.startswith(("http://", "https://")):
        reasons.append("PRETEND_STRIPE_HOOK_URL must begin with http:// or https://.")
    if hook and not environ.get("STRIPE_WEBHOOK_SECRET"):
        reasons.append("STRIPE_WEBHOOK_SECRET is not set, but PRETEND_STRIPE_HOOK_URL is.")
    mail_hooks = [environ.get(f"PRETEND_SENDGRID_{name}_URL", "") for name in ("EVENTS", "INBOUND")]
    if any(url and not url.startswith(("http://", "https://")) for url in mail_hooks):
        reasons.append("PRETEND_SENDGRID_EVENTS_URL and PRETEND_SENDGRID_INBOUND_URL must begin with http:// or https://.")
    if any(mail_hooks) and not environ.get("PRETEND_SENDGRID_SECRET"):
        reasons.append("PRETEND_SENDGRID_SECRET is not set, but an address for SendGrid's hooks is.")
    if delay_ms < 0:
        reasons.append("--delay-ms must not be negative.")
    if reasons:
        raise SettingsRefused(reasons)
    clock = environ.get("PRETEND_CLOCK_FILE")
    return Settings(
        state=state,
        account_sid=sid,
        auth_token=environ["TWILIO_AUTH_TOKEN"],
        sendgrid_key=environ["SENDGRID_API_KEY"],
        stripe_key=environ.get("STRIPE_API_KEY", ""),
        stripe_secret=environ.get("STRIPE_WEBHOOK_SECRET", ""),
        stripe_hook_url=hook,
        sendgrid_secret=environ.get("PRETEND_SENDGRID_SECRET", ""),
        sendgrid_events_url=mail_hooks[0],
        sendgrid_inbound_url=mail_hooks[1],
        inbound_url=inbound,
        name=environ.get("PRETEND_NAME") or "the service",
        clock_file=Path(clock) if clock else None,
        delay_ms=delay_ms,
        quiet=quiet,
    )
