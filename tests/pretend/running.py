"""The pretend world as its own process, and a hook that keeps what it is told.

Other tests may use both: `Pretend` runs the program over a folder of state, `Hook` is the product's
side of a callback, told how to answer.
"""

import base64
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import stripe
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sendgrid.helpers.eventwebhook import EventWebhook
from stripe import StripeClient
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from portal.keys import public_key

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "a token for tests"
SENDGRID_KEY = "SG.a-key-for-tests"
SENDGRID_SECRET = "a secret for tests"
STRIPE_KEY = "sk_test_a_key_for_tests"
STRIPE_SECRET = "whsec_a_secret_for_tests"
CARD = "4242424242424242"
SHOP = "https://shop.example"
OURS = "+447700900999"
PHONE = "+447700900123"


@dataclass(frozen=True)
class Post:
    """One callback as it came."""

    url: str
    form: list[tuple[str, str]]
    signature: str
    headers: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return dict(self.form)[name]

    def get(self, name: str) -> str | None:
        return dict(self.form).get(name)

    def is_signed(self, token: str = AUTH_TOKEN) -> bool:
        """Whether Twilio's own validator takes the signature, for the whole address."""
        return bool(RequestValidator(token).validate(self.url, dict(self.form), self.signature))


@dataclass(frozen=True)
class Told:
    """One post of an event of Stripe as it came."""

    body: bytes
    signature: str
    headers: dict[str, str]

    @property
    def event(self) -> Any:
        return json.loads(self.body)

    def read(self, secret: str = STRIPE_SECRET) -> stripe.Event:
        """The event, where Stripe's own client takes the signature."""
        made: stripe.Event = stripe.Webhook.construct_event(self.body, self.signature, secret)  # type: ignore[no-untyped-call]
        return made


@dataclass(frozen=True)
class MailPost:
    """One post of SendGrid as it came."""

    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def events(self) -> list[dict[str, Any]]:
        assert self.body.endswith(b"\r\n"), "the final line end is signed too"
        return list(json.loads(self.body))

    def is_signed(self, secret: str = SENDGRID_SECRET) -> bool:
        """Whether SendGrid's own client takes the signature."""
        webhook = EventWebhook(public_key(secret))
        signature, at = (self.headers[f"X-Twilio-Email-Event-Webhook-{name}"] for name in ("Signature", "Timestamp"))
        if self.body.isascii():
            return bool(webhook.verify_signature(self.body.decode(), signature, at))
        try:
            webhook.public_key.verify(base64.b64decode(signature), at.encode() + self.body, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


@dataclass
class Hook:
    """The product's side: keeps each post, answers as told (status, content type, body)."""

    port: int = 0
    posts: list[Post] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    mail: list[MailPost] = field(default_factory=list)
    answers: list[tuple[int, str, str]] = field(default_factory=list)
    usual: tuple[int, str, str] = (204, "", "")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def clear(self) -> None:
        self.posts.clear()
        self.told.clear()
        self.mail.clear()
        self.answers.clear()
        self.usual = (204, "", "")

    def statuses(self) -> list[str | None]:
        return [post.get("MessageStatus") for post in self.posts]

    def kinds(self) -> list[str]:
        """What Stripe told, in the order in which it came."""
        return [told.event["type"] for told in self.told]

    def wait_told(self, count: int) -> list[Told]:
        """The posts of Stripe, once there are so many."""
        until(lambda: len(self.told) >= count, f"{count} events; there are {self.kinds()}")
        return self.told

    def events(self) -> list[str]:
        """What SendGrid told of mails, in the order in which it came."""
        return [event["event"] for post in self.mail if post.path.endswith("/events") for event in post.events]

    def wait_events(self, *expected: str) -> list[dict[str, Any]]:
        """The events, once they are these."""
        until(lambda: self.events() == list(expected), f"{expected}; there are {self.events()}")
        return [event for post in self.mail if post.path.endswith("/events") for event in post.events]

    def wait(self, count: int) -> list[Post]:
        """The posts, once there are so many."""
        until(lambda: len(self.posts) >= count, f"{count} posts; there are {len(self.posts)}")
        return self.posts

    @contextmanager
    def listening(self) -> Iterator["Hook"]:
        """Listens, on the port it had before if it had one."""
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                url = f"http://{self.headers['Host']}{self.path}"
                signed = self.headers["Stripe-Signature"]
                if "/sendgrid/" in self.path:
                    hook.mail.append(MailPost(self.path, body, dict(self.headers)))
                elif signed:
                    hook.told.append(Told(body, signed, dict(self.headers)))
                else:
                    form = parse_qsl(body.decode(), keep_blank_values=True)
                    hook.posts.append(Post(url, form, self.headers["X-Twilio-Signature"], dict(self.headers)))
                status, kind, words = hook.answers.pop(0) if hook.answers else hook.usual
                self.send_response(status)
                if kind:
                    self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(words.encode())))
                self.end_headers()
                self.wfile.write(words.encode())

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        server.daemon_threads = True
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@dataclass
class Pretend:
    """The program over a folder of state. `environ` adds to what it is told."""

    state: Path
    environ: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    port: int = 0
    process: subprocess.Popen[str] | None = None
    ready: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def errors(self) -> Path:
        """What it said about its own mistakes."""
        return self.state.with_suffix(".errors")

    def start(self) -> "Pretend":
        told = {
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "SENDGRID_API_KEY": SENDGRID_KEY,
            "STRIPE_API_KEY": STRIPE_KEY,
            "STRIPE_WEBHOOK_SECRET": STRIPE_SECRET,
            **self.environ,
        }
        command = [sys.executable, "-m", "pretend", "--port", str(self.port), "--state", str(self.state), "--quiet"]
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [*command, *self.arguments],
                cwd=ROOT,
                env=os.environ | told,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it did not start: exit {self.process.wait()}: {self.errors.read_text()}"
        self.ready = json.loads(line)
        self.port = self.ready["port"]
        return self

    def stop(self, by: int = signal.SIGTERM) -> int:
        """Ends it; fails when it made a mistake that it wrote down."""
        assert self.process is not None
        self.process.send_signal(by)
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        assert self.errors.read_text() == ""
        return code

    # Clients ------------------------------------------------------------------------------------

    def twilio(self, *, timeout: float = 10, token: str = AUTH_TOKEN) -> Client:
        """The official client, pointed here."""
        client = Client(ACCOUNT_SID, token, http_client=TwilioHttpClient(timeout=timeout))
        client.api.base_url = self.url
        return client

    def send(self, to: str = PHONE, body: str = "A note waits for you.", **more: Any) -> Any:
        return self.twilio().messages.create(to=to, from_=OURS, body=body, **more)

    def post(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """A form to Twilio's interface, without the client."""
        login = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        return self.call("POST", path, urlencode(form).encode(), {"Authorization": f"Basic {login}"})

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """One request: the status, and the JSON or the text that came."""
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                status, kind, words = answer.status, answer.headers["Content-Type"] or "", answer.read().decode()
        except urllib.error.HTTPError as error:
            status, kind, words = error.code, error.headers["Content-Type"] or "", error.read().decode()
        return status, json.loads(words) if kind.startswith("application/json") else words

    def stripe(self, *, key: str = STRIPE_KEY, retries: int = 0) -> StripeClient:
        """The official client, pointed here."""
        return StripeClient(key, base_addresses={"api": self.url}, max_network_retries=retries)

    def session(self, amount: int = 1200, *, reference: str = "", **more: Any) -> Any:
        """A checkout session of the official client."""
        line = {
            "quantity": 1,
            "price_data": {"currency": "gbp", "unit_amount": amount, "product_data": {"name": "Ref 7"}},
        }
        params: Any = {
            "mode": "payment",
            "line_items": [line],
            "success_url": f"{SHOP}/paid?session={{CHECKOUT_SESSION_ID}}",
            "cancel_url": f"{SHOP}/back",
            **({"client_reference_id": reference} if reference else {}),
            **more,
        }
        return self.stripe().v1.checkout.sessions.create(params)

    def pay(self, session: str, card: str = CARD, **more: Any) -> Any:
        """Pays a session without a browser."""
        return self.control(f"checkout/{session}/pay", {"card": card, **more})

    def refund(self, intent: str, amount: int | None = None) -> Any:
        """Gives back what a payment took, or a part of it."""
        return self.control(f"charges/{intent}/refund", {"amount": amount})

    def dispute(self, intent: str, **told: Any) -> Any:
        """Opens a dispute (reason, amount) or moves it (status)."""
        return self.control(f"charges/{intent}/dispute", told)

    def browse(self, path: str, form: dict[str, str] | None = None) -> tuple[int, dict[str, str], str]:
        """A page as a browser asks for it, or a form as it sends it; no redirect is followed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            if form is None:
                connection.request("GET", path)
            else:
                kind = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
                connection.request("POST", path, urlencode(form), kind)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def control(self, path: str, value: Any = None, method: str = "") -> Any:
        """The control interface: a GET, or a POST of `value`."""
        body = None if value is None else json.dumps(value).encode()
        status, answer = self.call(method or ("GET" if body is None else "POST"), f"/control/{path}", body)
        assert status == 200, answer
        return answer

    def behave(self, number: str = PHONE, **behaviour: Any) -> None:
        self.control(f"numbers/{quote(number)}", {"step_ms": 10, **behaviour})

    def reply(self, body: str, *, sender: str = PHONE, to: str = OURS, times: int = 1) -> Any:
        """The phone sends a text."""
        return self.control("inbound", {"from": sender, "to": to, "body": body, "times": times})

    def log(self, to: str = PHONE) -> Any:
        return self.control(f"log?to={quote(to)}")

    def wait_for(self, sid: str, status: str) -> Any:
        """The message, once it has that status."""
        found: list[Any] = []

        def has() -> bool:
            found[:] = [self.twilio().messages(sid).fetch()]
            return bool(found[0].status == status)

        until(has, f"{sid} {status}")
        return found[0]


def until(holds: Callable[[], bool], what: str = "it", *, seconds: float = 20) -> None:
    """Waits until something holds; fails, naming it, when it does not come about."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)
