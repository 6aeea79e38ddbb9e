"""The debtor's phone and mailbox: read, follow a link, answer; without script, in a real browser."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.axe import assert_no_sideways_scroll, assert_no_violations
from tests.pretend.running import OURS, PHONE, Hook, Pretend, until
from tests.pretend.test_sendgrid import ADDRESS, client, mail

LINK = "http://127.0.0.1:9/s/abc"
PHONE_PAGE = f"/phone/{quote(PHONE)}"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone's window, with no script allowed to the pages themselves."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, locale="en-GB")
    yield context.new_page()
    context.close()


def furnish(world: Pretend) -> None:
    """Something of each kind on one phone and in one mailbox."""
    world.wait_for(world.send(body=f"Evenly: a note waits. Sign in: {LINK}. Or call us.").sid, "delivered")
    world.reply("Hello, is this <b>real</b>?")
    world.behave(outcome="undelivered")
    world.wait_for(world.send(body="lost").sid, "undelivered")
    world.behave(step_ms=600_000)
    world.send(body="on its way")
    world.reply("STOP")
    client(world).send(mail(html_content=f'<h1>Your code</h1><p style="color:#333">Go to <a href="{LINK}">us</a></p>'))


def test_a_phone_shows_its_texts_with_links_and_what_did_not_arrive(world: Pretend, page: Page) -> None:
    furnish(world)
    page.goto(world.url)
    page.get_by_role("region", name="Phones").get_by_role("link", name=PHONE).click()
    assert page.get_by_role("link", name=LINK, exact=True).get_attribute("href") == LINK
    words = page.inner_text("main")
    assert "is this <b>real</b>?" in words and "Taken by Evenly." in words
    assert "did not reach this phone (undelivered, 30003)" in words and "lost" not in words
    assert "is on its way" in words and "This phone sent STOP to" in words


def test_one_answers_from_the_phone_and_the_answer_reaches_the_hook(world: Pretend, hook: Hook, page: Page) -> None:
    world.wait_for(world.send(body="Can you pay?").sid, "delivered")
    page.goto(world.url + PHONE_PAGE)
    page.get_by_label("Answer").fill("Ja, på fredag 😀")
    page.get_by_role("button", name="Send text").click()
    page.get_by_role("status").wait_for()
    assert page.get_by_role("status").inner_text() == "Taken by Evenly."
    (post,) = hook.posts
    assert (post["Body"], post["From"], post["To"]) == ("Ja, på fredag 😀", PHONE, OURS) and post.is_signed()
    page.reload()
    assert len(hook.posts) == 1, "a reload sends nothing"


def test_the_phone_says_when_the_hook_refused(world: Pretend, hook: Hook, page: Page) -> None:
    hook.usual = (403, "", "")
    world.send()
    page.goto(world.url + PHONE_PAGE)
    page.get_by_label("Answer").fill("Hello")
    page.get_by_role("button", name="Send text").click()
    assert page.get_by_role("alert").inner_text() == "Refused: Evenly answered HTTP 403."


def test_the_phone_says_when_nobody_can_be_reached_or_listens(another: Callable[..., Pretend]) -> None:
    gone = Hook()
    with gone.listening():
        pass
    world = another(environ={"PRETEND_INBOUND_URL": f"{gone.url}/in"}).start()
    form = urlencode({"body": "Hello", "to": OURS}).encode()
    assert "could not be reached" in world.call("POST", PHONE_PAGE, form)[1]
    world.stop()
    world.environ.clear()
    world.start()
    assert "Nobody listens" in world.call("POST", PHONE_PAGE, form)[1]


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"body": "  ", "to": OURS}, "Write a text first."),
        ({"body": "x" * 1601, "to": OURS}, "at most 1600 characters"),
        ({"body": "Hello", "to": "Evenly"}, "Say to which number"),
        ({"body": "Hello", "to": PHONE}, "Say to which number"),
    ],
)
def test_an_answer_that_cannot_go_is_kept_and_the_remedy_named(
    world: Pretend, hook: Hook, form: dict[str, str], problem: str
) -> None:
    status, words = world.call("POST", PHONE_PAGE, urlencode(form).encode())
    assert status == 400 and problem in words and f">{form['body']}</textarea>" in words and hook.posts == []


def test_a_mailbox_shows_text_and_layout_and_the_layout_runs_nothing(world: Pretend, page: Page) -> None:
    html = (
        "<p id=x>Your <b>code</b></p><script>document.getElementById('x').textContent = 'ran'</script>"
        f"<img src='{world.url}/pretend.css?image' alt=''>"
    )
    client(world).send(mail(subject="A <code>", plain_text_content=f"Go to {LINK}", html_content=html))
    asked: list[str] = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(f"{world.url}/mail/{ADDRESS}")
    assert page.get_by_role("heading", name="A <code>").is_visible()
    assert page.get_by_role("link", name=LINK).is_visible()
    page.get_by_text("The same mail with its layout").click()
    assert page.frame_locator("iframe").locator("#x").inner_text() == "Your code"
    assert page.title() == f"Mailbox {ADDRESS} · Pretend world"
    assert all(url.startswith(world.url) for url in asked) and not any("image" in url for url in asked)
    status, _ = world.call("GET", f"/mail/other@example.org/{world.log(ADDRESS)['mails'][0]['id']}")
    assert status == 404, "a mail is shown in its own mailbox only"


def test_the_carrier_is_told_on_a_page(world: Pretend, hook: Hook, page: Page) -> None:
    world.behave(callbacks="hold")
    world.send(status_callback=f"{hook.url}/s")
    page.goto(world.url + PHONE_PAGE)
    page.get_by_role("link", name="How the carrier treats it").click()
    page.get_by_role("button", name="Release the held callbacks of 1 text").click()
    hook.wait(3)
    page.get_by_label("Answer 429 so many times").fill("2")
    page.get_by_label("Order of callbacks").select_option("the last first")
    page.get_by_role("button", name="Treat it so").click()
    assert page.get_by_role("status").inner_text() == "Done."
    told = world.control(f"numbers/{PHONE}")["behaviour"]
    assert (told["too_many"], told["reorder"], told["callbacks"], told["refuse"]) == (2, True, "hold", None)
    page.get_by_label("For so many texts").fill("often")
    page.get_by_role("button", name="Treat it so").click()
    assert "times must be a whole number" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("For so many texts").input_value() == "often"
    page.get_by_role("button", name="As usual again").click()
    assert world.control(f"numbers/{PHONE}")["told"] is False


def test_texts_carry_the_demos_day(another: Callable[..., Pretend], tmp_path: Path) -> None:
    days = tmp_path / "days"
    world = another(environ={"PRETEND_CLOCK_FILE": str(days)}).start()
    world.wait_for(world.send(body="today").sid, "delivered")
    days.write_text("3\n")
    message = world.send(body="three days on")
    world.wait_for(message.sid, "delivered")
    days.write_text("")
    world.wait_for(world.send(body="while the file is being written").sid, "delivered")
    now = datetime.now(UTC)
    shown = re.findall(r'datetime="(\d{4}-\d\d-\d\d)', str(world.call("GET", PHONE_PAGE)[1]))
    near = [{(now + timedelta(days=n, hours=h)).date().isoformat() for h in (-2, 0, 2)} for n in (0, 3, 3)]
    assert all(day in around for day, around in zip(shown, near, strict=True))
    fetched = world.twilio().messages(message.sid).fetch()
    assert abs(fetched.date_created - now) < timedelta(minutes=5), "the carrier keeps real time"
    moved = re.findall(r'datetime="(\d{4})', str(world.call("GET", f"{PHONE_PAGE}?days=4000")[1]))
    assert all(int(year) >= now.year + 10 for year in moved) and len(moved) == 3


def test_one_finds_a_number_and_opens_a_phone_that_has_no_text_yet(world: Pretend, page: Page) -> None:
    world.send()
    page.goto(world.url)
    page.get_by_label("Find a number or an address").fill("+447700900555")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Open this phone all the same").click()
    page.get_by_label("Answer").fill("Hello")
    page.get_by_role("button", name="Send text").click()
    page.get_by_role("status").wait_for()
    assert world.control("log")["inbound"][0]["from"] == "+447700900555"


def test_an_unknown_page_is_a_404_in_words(world: Pretend) -> None:
    for path in ("/nothing", "/phone/12", "/carrier/x", "/mail/a@b.example/1"):
        status, words = world.call("GET", path)
        assert status == 404 and "Nothing here" in words


PAGES = ["/", PHONE_PAGE, f"/mail/{ADDRESS}", f"/carrier/{quote(PHONE)}", "/carrier/default", "/nothing"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_clean_and_narrow(world: Pretend, browser: Browser, scheme: str) -> None:
    furnish(world)
    context = browser.new_context(viewport={"width": 320, "height": 700}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for path in [*PAGES, f"{PHONE_PAGE}?answered={world.log(OURS)['inbound'][0]['sid']}"]:
        page.goto(world.url + path)
        until(lambda: page.evaluate("document.readyState") == "complete")
        assert_no_violations(page)
        assert_no_sideways_scroll(page)
        words = page.content()
        assert "<script" not in words and "style=" not in words and 'http-equiv="refresh"' not in words
        assert "Pretend world" in page.inner_text("header")
    context.close()
    assert [line for line in said if "404" not in line] == []
