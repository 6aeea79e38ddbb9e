"""What every answer carries: headers, cookies, the check of forms, plain words for errors, safe logs."""

import ast
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask.testing import FlaskClient

from cases.refusal import refusal_code
from portal import logs
from portal.access import public
from portal.app import Evenly, create_app
from portal.environ import Key
from portal.health import Measures, clear
from portal.settings import ROOT
from tests.portal.addresses import AT_DESK
from tests.portal.face import face_app, face_settings

PAGES = ("/your-data", "/complaints", "/accessibility", "/advice", "/not-me", "/helping")
REFUSED = refusal_code("face_test.refused", "who")
SECRETS = ("Marta", "Olszańska", "07700", "900318", "482106")


def token_of(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize("address", [*PAGES, "/sink", AT_DESK + "/sink", "/nowhere", "/healthz", "/sink/broken"])
def test_every_answer_forbids_inline_frames_sniffing_referrers_and_keeping(
    visitor: FlaskClient, address: str
) -> None:
    headers = visitor.get(address).headers
    policy = headers["Content-Security-Policy"].split("; ")
    assert "default-src 'self'" in policy
    assert "form-action 'self' https://checkout.stripe.com" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert re.fullmatch(r"[0-9a-f]{16}", headers["X-Request-Id"])
    assert "Server" not in headers


@pytest.mark.parametrize("address", [*PAGES, "/sink", AT_DESK + "/sink"])
def test_no_page_has_a_style_a_script_or_a_picture_of_its_own(visitor: FlaskClient, address: str) -> None:
    page = visitor.get(address).text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|data:image", page)
    assert re.findall(r"<script[^>]*>(.*?)</script>", page) == [""]


def test_only_the_demo_lets_forms_go_to_the_stand_in(tmp_path: Path) -> None:
    app = face_app(tmp_path, pretend_url="http://127.0.0.1:8010/phone")
    policy = app.test_client().get("/not-me").headers["Content-Security-Policy"]
    assert "form-action 'self' https://checkout.stripe.com http://127.0.0.1:8010;" in policy


def test_the_demo_shows_its_day_and_no_other_installation_does(tmp_path: Path, visitor: FlaskClient) -> None:
    demo = face_app(tmp_path, pretend_url="http://127.0.0.1:8010").test_client()
    assert "This is the demo. Today is" in demo.get("/not-me").text
    assert "This is the demo" not in visitor.get("/not-me").text


@pytest.mark.parametrize(
    ("public_url", "name", "secure"),
    [("https://evenly.example", "__Host-evenly", True), ("http://127.0.0.1:8000", "evenly", False)],
)
def test_cookies_are_bound_to_the_host_over_https_and_plain_over_http(
    tmp_path: Path, public_url: str, name: str, secure: bool
) -> None:
    answer = face_app(tmp_path, public_url=public_url).test_client().get("/sink")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{name}=")
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert ("Secure" in cookie) is secure
    assert "Domain" not in cookie
    assert ("Strict-Transport-Security" in answer.headers) is secure


def test_a_page_that_only_informs_sets_no_cookie(visitor: FlaskClient) -> None:
    for address in PAGES:
        assert "Set-Cookie" not in visitor.get(address).headers


def test_a_form_without_its_token_is_refused_in_plain_words(visitor: FlaskClient) -> None:
    visitor.get("/sink")
    answer = visitor.post("/sink", data={"name": "x"})
    assert answer.status_code == 400
    assert "This page has been open for a long time" in answer.text


def test_a_token_of_another_session_is_refused(face: Evenly) -> None:
    other = token_of(face.test_client().get("/sink").text)
    here = face.test_client()
    here.get("/sink")
    assert here.post("/sink", data={"csrf_token": other}).status_code == 400


def test_a_form_over_https_needs_no_referrer(tmp_path: Path) -> None:
    client = face_app(tmp_path, public_url="https://evenly.example").test_client()
    page = client.get("/sink", base_url="https://evenly.example")
    answer = client.post("/sink", base_url="https://evenly.example", data={"csrf_token": token_of(page.text)})
    assert answer.status_code == 422


def test_a_cookie_signed_with_an_older_key_is_still_read(tmp_path: Path) -> None:
    old, new = Key("k1", b"o" * 32), Key("k2", b"n" * 32)
    before = face_app(tmp_path, keys=(old,)).test_client()
    page = before.get("/sink")
    after = face_app(tmp_path, keys=(new, old)).test_client()
    after.set_cookie("evenly", page.headers["Set-Cookie"].split("=", 1)[1].split(";")[0])
    with after.session_transaction() as kept:
        assert "csrf_token" in kept


def test_an_application_without_a_key_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="key"):
        create_app(face_settings(tmp_path, keys=()))


@pytest.mark.parametrize(
    ("address", "method", "status", "heading"),
    [
        ("/nowhere", "get", 404, "We cannot find this page"),
        (AT_DESK + "/nowhere", "get", 404, "We cannot find this page"),
        ("/not-me", "delete", 405, "This page cannot be used that way"),
        ("/sink/broken", "get", 500, "Something went wrong on our side"),
    ],
)
def test_an_error_is_a_page_with_its_own_title(
    visitor: FlaskClient, address: str, method: str, status: int, heading: str
) -> None:
    answer = visitor.open(address, method=method.upper())
    assert answer.status_code == status
    assert f"<title>{heading} – Evenly</title>" in answer.text
    assert f"<h1>{heading}</h1>" in answer.text
    assert ('class="desk"' in answer.text) is address.startswith("/work")


def test_a_method_that_is_not_allowed_names_those_that_are(visitor: FlaskClient) -> None:
    assert "GET" in visitor.post("/not-me").headers.get("Allow", "GET")
    assert "GET" in visitor.delete("/not-me").headers["Allow"]


def test_a_request_that_is_too_large_is_refused(visitor: FlaskClient) -> None:
    token = token_of(visitor.get("/sink").text)
    answer = visitor.post("/sink", data={"csrf_token": token, "note": "x" * 300_000})
    assert answer.status_code == 413
    assert "That is too large" in answer.text


@pytest.mark.parametrize("field", ["name", "note", "debts", "born-day", "version", "csrf_token"])
def test_a_file_in_a_fields_place_is_nothing_typed(visitor: FlaskClient, field: str) -> None:
    token = token_of(visitor.get("/sink").text)
    sent = {"csrf_token": token, "reference": "kept as typed", field: (io.BytesIO(b"x"), "x.pdf")}
    answer = visitor.post("/sink", data=sent, content_type="multipart/form-data")
    assert answer.status_code == (400 if field == "csrf_token" else 422)
    assert ('value="KEPTASTYPED"' in answer.text or "kept as typed" in answer.text) is (field != "csrf_token")


@pytest.mark.parametrize("sent", ['["a", "b"]', '{"name": 1, "note": {"a": []}}', "null", "[[[", '"x"'])
def test_json_in_a_forms_place_is_nothing_typed(visitor: FlaskClient, sent: str) -> None:
    token = token_of(visitor.get("/sink").text)
    answer = visitor.post("/sink", data=sent, content_type="application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == 422
    assert "Write your reference" in answer.text


def test_a_program_gets_a_plain_line_instead_of_a_page(visitor: FlaskClient) -> None:
    answer = visitor.get("/hooks/nobody")
    assert answer.status_code == 404
    assert answer.content_type.startswith("text/plain")


def test_an_uncaught_refusal_is_said_in_words(tmp_path: Path) -> None:
    app = face_app(tmp_path)

    @app.get("/refused")
    @public
    def refused() -> str:
        raise REFUSED(who="Marta Olszańska")

    answer = app.test_client().get("/refused")
    assert answer.status_code == 409
    assert "We could not do that" in answer.text
    assert "Marta" not in answer.text


def test_an_error_page_that_fails_too_is_still_readable(tmp_path: Path) -> None:
    app = face_app(tmp_path)

    @app.context_processor
    def fails() -> dict[str, str]:
        raise RuntimeError("no furniture")

    answer = app.test_client().get("/nowhere")
    assert answer.status_code == 404
    assert "We cannot find this page" in answer.text


def test_static_files_are_kept_for_ever_under_a_hash_and_squeezed(visitor: FlaskClient) -> None:
    page = visitor.get("/not-me").text
    address = re.search(r'href="(/static/[0-9a-f]{12}/evenly\.css)"', page)
    assert address is not None
    squeezed = visitor.get(address.group(1), headers={"Accept-Encoding": "gzip, br"})
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert squeezed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert squeezed.headers["Vary"] == "Accept-Encoding"
    whole = visitor.get(address.group(1))
    assert "Content-Encoding" not in whole.headers
    assert len(squeezed.data) < 12_000 < len(whole.data)
    font = address.group(1).replace("evenly.css", "fonts/figtree-latin.woff2")
    assert visitor.get(font).headers["Content-Type"] == "font/woff2"


def test_an_old_address_of_a_static_file_is_not_kept_for_ever(visitor: FlaskClient) -> None:
    assert "immutable" not in visitor.get("/static/000000000000/evenly.css").headers["Cache-Control"]
    assert visitor.get("/static/000000000000/../app.py").status_code == 404
    assert visitor.get("/static/000000000000/app.py").status_code == 404


def test_the_stylesheet_and_the_script_ask_nobody_else(visitor: FlaskClient) -> None:
    folder = Path(__file__).parents[2] / "portal/static"
    for name in ("evenly.css", "evenly.js"):
        assert not re.search(r"url\(\s*[\"']?(data:|https?:|//)|@import|\bimport\b|eval", (folder / name).read_text())


def test_health_says_alive_and_readiness_says_why_not(visitor: FlaskClient) -> None:
    assert visitor.get("/healthz").json == {"status": "ok"}
    answer = visitor.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"status": "not ready", "problems": ["database.not_set"]}


def test_a_database_that_does_not_answer_is_a_code_and_not_an_error(tmp_path: Path) -> None:
    app = face_app(tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none", log_level="error")
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None and answer.json["problems"] == ["database.no_answer"]


def test_metrics_count_by_route_and_status_and_hold_no_address(tmp_path: Path) -> None:
    visitor = face_app(tmp_path).test_client()  # a process counts for the application that it made last
    visitor.get("/not-me?name=Marta")
    visitor.get("/nowhere/07700900318")
    visitor.open("/not-me", method="MARTA")
    text = visitor.get("/metrics").text
    assert 'evenly_requests_total{method="GET",route="/not-me",status="200"}' in text
    assert 'evenly_requests_total{method="GET",route="none",status="404"}' in text
    assert 'evenly_request_seconds_bucket{le="0.5",route="/not-me"}' in text
    assert not any(secret in text for secret in (*SECRETS, "MARTA"))


def test_metrics_add_up_what_every_process_counted(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from portal.health import Measures\n"
        "Measures(Path(sys.argv[1])).count('GET', '/x', 200, 0.01)"
    )
    folder = tmp_path / "metrics"
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True)
    measures = Measures(folder)
    measures.count("GET", "/x", 200, 0.01)
    assert b'evenly_requests_total{method="GET",route="/x",status="200"} 2.0' in measures.text()
    clear(folder)
    assert not folder.exists()


class Lines:
    """What was logged, line by line as it was written."""

    def __init__(self) -> None:
        self.out = io.StringIO()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (json.loads(line) for line in self.out.getvalue().splitlines())

    @property
    def text(self) -> str:
        return self.out.getvalue()


@pytest.fixture
def lines() -> Iterator[Lines]:
    kept, root = Lines(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("debug", kept.out)
    yield kept
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_request_is_one_line_with_its_route_and_never_its_address(
    lines: Lines, visitor: FlaskClient
) -> None:
    visitor.get("/not-me?name=Marta", headers={"User-Agent": "Olszańska"})
    visitor.get("/nowhere/07700900318")
    seen = [(line["route"], line["status"], line["method"]) for line in lines if line["event"] == "request"]
    assert seen == [("/not-me", 200, "GET"), ("none", 404, "GET")]
    assert all(re.fullmatch(r"[0-9a-f]{16}", str(line["request_id"])) for line in lines)
    assert all(str(line["timestamp"]).endswith("Z") for line in lines)
    assert not any(secret in lines.text for secret in SECRETS)


def test_an_error_is_logged_by_type_and_frame_and_never_by_message(
    lines: Lines, visitor: FlaskClient
) -> None:
    visitor.get("/sink/broken")
    error = next(line for line in lines if line["event"] == "error")
    assert error["exception"][0]["type"] == "builtins.RuntimeError"
    assert "sink.py" in error["exception"][0]["frames"][-1]
    assert not any(secret in lines.text for secret in SECRETS)


def test_only_allowed_keys_are_written_and_the_rest_is_named(lines: Lines) -> None:
    structlog.get_logger().info("signed_in", person="Marta", phone="07700 900318", channel="sms")
    [line] = list(lines)
    assert line["dropped"] == ["person", "phone"]
    assert line["channel"] == "sms"
    assert not any(secret in lines.text for secret in SECRETS)


def test_every_key_that_our_code_writes_is_allowed() -> None:
    written = set()
    for folder in ("cases", "messaging", "payments", "portal"):
        for module in (ROOT / folder).rglob("*.py"):
            for call in ast.walk(ast.parse(module.read_text("utf-8"))):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                    ours = isinstance(call.func.value, ast.Name) and call.func.value.id == "log"
                    if ours and call.func.attr in ("info", "warning", "error", "exception"):
                        written |= {each.arg for each in call.keywords if each.arg}
    assert "day" in written and written - {"exc_info"} <= logs.ALLOWED, sorted(written - logs.ALLOWED)


def test_of_a_librarys_line_only_the_template_is_kept(lines: Lines) -> None:
    logging.getLogger("some.library").warning("could not reach %s for %s", "Marta", "07700 900318")
    logging.getLogger("some.library").warning("code 482106 for Marta")
    logging.getLogger("twilio.http_client").info("Query Params: %s", {"To": "07700 900318"})
    try:
        raise ValueError("Marta Olszańska")
    except ValueError:
        logging.getLogger("celery.worker").exception("task %s failed", "Marta")
    first, second, third = list(lines)
    assert first["template"] == "could not reach %s for %s"
    assert "template" not in second and "test_headers.py" in str(second["place"])
    assert third["exception"][0]["type"] == "builtins.ValueError"
    assert not any(secret in lines.text for secret in SECRETS)


def test_a_chain_of_errors_keeps_codes_and_no_message(lines: Lines) -> None:
    try:
        try:
            raise REFUSED(who="Marta")
        except Exception as cause:
            raise RuntimeError("07700 900318") from cause
    except RuntimeError:
        structlog.get_logger().error("failed", exc_info=True)
    [line] = list(lines)
    kinds = [(one["type"], one.get("code")) for one in line["exception"]]
    assert kinds == [("builtins.RuntimeError", None), ("cases.refusal.Refusal", "face_test.refused")]
    assert not any(secret in lines.text for secret in SECRETS)


@pytest.mark.parametrize("address", ["/work", "/staff", "//sign-in", "/sign-in/", AT_DESK + "/case"])
def test_no_answer_names_a_host_that_the_asker_made_up(face: Evenly, address: str) -> None:
    answer = face.test_client().get(address, headers={"Host": "evil.example"})
    assert "evil.example" not in f"{answer.headers} {answer.text}"
