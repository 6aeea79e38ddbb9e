"""The parts, the layouts and the short pages in a real browser, and what forms make of what is typed."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page

from portal.app import Evenly
from portal.forms import Form
from tests.journeys.axe import assert_no_sideways_scroll, assert_no_violations
from tests.portal.addresses import AT_DESK
from tests.portal.sink import Everything
from tests.portal.test_headers import PAGES, token_of

WELL = {
    "reference": " ev 48b7 k9tw", "born-day": "27", "born-month": "3", "born-year": "1984", "code": "482 106",
    "password": " a b ", "amount": "62,50", "zloty": "", "rhythm": "monthly", "answer": "no", "debts": ["1", "2"],
    "day": "3", "first-day": "1", "first-month": "Sept", "first-year": "2026", "note": "one\r\n\r\ntwo ",
    "name": "  Marta   O. ", "read": "yes", "version": "3",
}
MODES: dict[str, dict[str, object]] = {
    "phone": {"viewport": {"width": 320, "height": 640}},
    "phone, dark": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"},
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "wide, dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "forced colours": {"viewport": {"width": 390, "height": 800}, "forced_colors": "active"},
    "more contrast": {"viewport": {"width": 768, "height": 800}, "contrast": "more"},
}


@pytest.fixture(params=MODES)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(**MODES[request.param])  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    yield context.new_page()
    context.close()


@pytest.fixture
def plain_phone(browser: Browser) -> Iterator[Page]:
    """A phone whose browser runs no scripts."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_every_part_with_its_errors_is_accessible_and_fits_in_every_mode(page: Page, face_at: str) -> None:
    page.goto(face_at + "/sink")
    page.click("button[name=send]")
    page.wait_for_selector("#problems")
    assert_no_violations(page)
    assert_no_sideways_scroll(page)


@pytest.mark.parametrize("mode", ["phone", "wide, dark", "forced colours"])
def test_every_part_at_the_desk_is_accessible_and_fits(browser: Browser, face_at: str, mode: str) -> None:
    context = browser.new_context(**MODES[mode])  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(face_at + AT_DESK + "/sink")
    assert_no_violations(page)
    assert_no_sideways_scroll(page)
    assert not complaints, complaints
    context.close()


@pytest.mark.parametrize("address", [*PAGES, "/nowhere", AT_DESK + "/nowhere"])
def test_every_short_page_is_accessible_and_fits_on_a_small_phone(
    browser: Browser, face_at: str, address: str
) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640}, color_scheme="dark")
    page = context.new_page()
    page.goto(face_at + address)
    assert_no_violations(page)
    assert_no_sideways_scroll(page)
    context.close()


def test_nothing_is_lost_at_twice_the_text_size_and_with_wide_spacing(phone: Page, face_at: str) -> None:
    phone.goto(face_at + "/sink")
    phone.evaluate(
        """() => { const s = new CSSStyleSheet(); s.replaceSync(`html { font-size: 200% }
          * { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
          p { margin-block-end: 2em !important }`); document.adoptedStyleSheets = [s]; }"""
    )
    assert_no_sideways_scroll(phone)


def test_the_summary_is_focused_leads_to_each_field_and_the_title_says_so(phone: Page, face_at: str) -> None:
    phone.goto(face_at + "/sink")
    phone.click("button[name=send]")
    phone.wait_for_selector("#problems")
    assert phone.title() == "Error: Components – Evenly"
    assert phone.evaluate("document.activeElement.id") == "problems"
    links = phone.locator("#problems a")
    for n in range(links.count()):
        links.nth(n).click()
        target = str(links.nth(n).get_attribute("href")).removeprefix("#")
        assert phone.evaluate("document.activeElement.id") == target or phone.locator(f"#{target}").is_visible()


def test_the_keyboard_reaches_the_content_first_and_everything_after_it(phone: Page, face_at: str) -> None:
    phone.goto(face_at + "/sink")
    phone.keyboard.press("Tab")
    assert phone.evaluate("document.activeElement.className") == "skip"
    phone.keyboard.press("Enter")
    assert phone.evaluate("document.activeElement.id") == "main"
    wanted = phone.evaluate(
        "document.querySelectorAll('main :is(a[href], button:not([disabled]), input:not([type=hidden],"
        " [type=radio]), select, textarea, summary)').length")
    reached = set()
    for _ in range(wanted + 10):
        phone.keyboard.press("Tab")
        reached.add(phone.evaluate(
            "[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
    assert len(reached) >= wanted


def test_a_form_is_sent_once_however_often_its_button_is_pressed(phone: Page, face_at: str) -> None:
    phone.goto(face_at + "/sink")
    # The window hears of a submit after the page's own script: it notes what that let through, and stops it.
    let_through = phone.evaluate(
        """async () => {
          const seen = [];
          window.addEventListener('submit', e => { seen.push(!e.defaultPrevented); e.preventDefault(); });
          const button = document.querySelector('button[name=send]');
          for (let n = 0; n < 3; n++) { button.click(); await new Promise(done => setTimeout(done, 10)); }
          return [seen, button.getAttribute('aria-disabled'), button.disabled];
        }"""
    )
    assert let_through == [[True, False, False], "true", False]
    phone.evaluate("() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    assert phone.locator("button[name=send]").get_attribute("aria-disabled") is None


def test_without_a_signal_nothing_is_lost_and_the_page_says_so(phone: Page, face_at: str) -> None:
    phone.goto(face_at + "/sink")
    phone.locator("textarea").first.fill("Long words of mine")
    phone.context.set_offline(True)
    phone.click("button[name=send]")
    assert phone.get_by_text("Nothing was sent, and what you wrote is still here.").is_visible()
    assert phone.locator("textarea").first.input_value() == "Long words of mine"
    phone.context.set_offline(False)
    with phone.expect_request(lambda asked: asked.method == "POST"):
        phone.click("button[name=send]")


def test_the_pressed_buttons_own_value_is_sent(phone: Page, face_at: str) -> None:
    phone.goto(face_at + "/sink")
    with phone.expect_request(lambda asked: asked.method == "POST") as asked:
        phone.click("button[name=send]")
    assert "send=yes" in (asked.value.post_data or "")


def test_every_page_works_without_scripts(plain_phone: Page, face_at: str) -> None:
    plain_phone.goto(face_at + "/sink")
    plain_phone.fill("#amount", "about 60")
    plain_phone.click("button[name=send]")
    assert plain_phone.locator("#problems").is_visible()
    assert plain_phone.input_value("#amount") == "about 60"


def test_a_page_of_the_debtor_weighs_at_most_sixty_kilobytes(phone: Page, face_at: str) -> None:
    weights: list[int] = []
    phone.on("requestfinished", lambda asked: weights.append(
        sum(asked.sizes()[part] for part in ("responseBodySize", "responseHeadersSize"))))
    phone.goto(face_at + "/sink")
    phone.wait_for_load_state("networkidle")
    assert 20_000 < sum(weights) <= 66_000, weights  # the page of all parts is itself 20 kilobytes
    weights.clear()
    fresh = phone.context.browser.new_page()  # type: ignore[union-attr]
    fresh.on("requestfinished", lambda asked: weights.append(
        sum(asked.sizes()[part] for part in ("responseBodySize", "responseHeadersSize"))))
    fresh.goto(face_at + "/your-data")
    fresh.wait_for_load_state("networkidle")
    fresh.close()
    assert 20_000 < sum(weights) <= 60_000, weights


def test_after_an_act_the_next_page_says_what_was_done(visitor: FlaskClient) -> None:
    token = token_of(visitor.get("/sink").text)
    answer = visitor.post("/sink", data=WELL | {"csrf_token": token})
    assert answer.status_code == 303
    page = visitor.get("/sink").text
    assert re.search(r'<div class="notice good" role="status" tabindex="-1" data-focus>.*?<h2>Your plan is sent</h2>', page, re.S)
    assert "Your plan is sent" not in visitor.get("/sink").text


def typed(face: Evenly, **changed: object) -> Everything:
    """The form as if this had been typed."""
    with face.test_request_context("/sink", method="POST", data=WELL | changed):
        form = Everything(meta={"csrf": False})
        form.validate()
        return form


def test_what_is_typed_becomes_exact_values(face: Evenly) -> None:
    form = typed(face)
    assert form.wrong == []
    assert form.reference.data == "EV48B7K9TW"
    assert form.born.data == date(1984, 3, 27)
    assert form.code.data == "482106"
    assert form.password.data == " a b "
    assert form.amount.data == 6250
    assert form.zloty.data is None
    assert form.rhythm.data == "monthly"
    assert form.debts.data == ["1", "2"]
    assert form.first.data == date(2026, 9, 1)
    assert form.note.data == "one\n\ntwo"
    assert form.name.data == "Marta O."
    assert form.read.data is True
    assert form.version.data == "3"


@pytest.mark.parametrize(
    ("changed", "anchor", "remedy"),
    [
        ({"amount": "about 60"}, "amount", "Write the amount as a number, like 62 or 62.50"),
        ({"amount": ""}, "amount", "Write what you can pay, like 62 or 62.50"),
        ({"amount": "0.99"}, "amount", "Write an amount of at least £1.00"),
        ({"amount": "1000.01"}, "amount", "Write an amount of at most £1,000.00"),
        ({"zloty": "-5"}, "zloty", "Write groceries as a number, like 62 or 62.50"),
        ({"code": "12345"}, "code", "Write the six digits of the code, like 482 106"),
        ({"code": "４８２１０６x"}, "code", "Write the six digits of the code, like 482 106"),
        ({"reference": "  "}, "reference", "Write your reference"),
        ({"born-year": ""}, "born-year", "Add the year to the date"),
        ({"born-day": "", "born-month": ""}, "born-day", "Write the day, the month and the year, like 27 3 1984"),
        ({"born-year": "84"}, "born-year", "Write the year with four digits, like 1984"),
        ({"born-month": "13"}, "born-month", "Write the month as a number from 1 to 12"),
        ({"born-month": "ju"}, "born-month", "Write the month as a number from 1 to 12"),
        ({"born-day": "0"}, "born-day", "Write the day as a number from 1 to 31"),
        ({"born-day": "30", "born-month": "feb"}, "born-day", "There is no 30 February in 1984"),
        ({"first-day": "5", "first-month": "8"}, "first-day", "Choose a day from 6 August to 3 September 2026"),
        ({"rhythm": ""}, "rhythm-0", "Choose how often"),
        ({"rhythm": "hourly"}, "rhythm-0", "Choose how often"),
        ({"day": "99"}, "day", "Choose one of the answers in the list"),
        ({"debts": ["1", "9"]}, "debts-0", "Choose at least one debt"),
        ({"debts": []}, "debts-0", "Choose at least one debt"),
        ({"read": None}, "read", "Tick that you have read the agreement"),
        ({"name": "x" * 201}, "name", "Write it in at most 200 letters"),
    ],
)
def test_what_cannot_be_read_is_answered_with_its_remedy_at_its_field(
    face: Evenly, changed: dict[str, object], anchor: str, remedy: str
) -> None:
    kept = {name: value for name, value in (WELL | changed).items() if value is not None}
    with face.test_request_context("/sink", method="POST", data=kept):
        form = Everything(meta={"csrf": False})
        assert not form.validate()
        assert form.wrong == [(anchor, remedy)]


def test_typed_text_stays_when_it_cannot_be_read(face: Evenly) -> None:
    form = typed(face, amount="about 60", **{"first-day": "x", "first-month": "feb"})
    assert form.amount.typed == "about 60"
    assert form.first.typed_parts == {"day": "x", "month": "feb", "year": "2026"}


def test_a_form_begins_with_the_values_it_is_given_as_people_type_them(face: Evenly) -> None:
    with face.test_request_context("/sink"):
        form = Everything(data={"amount": 8000, "first": date(2026, 9, 1), "debts": [2], "rhythm": "weekly"})
        assert form.amount.typed == "80.00"
        assert form.first.typed_parts == {"day": "1", "month": "9", "year": "2026"}
        assert form.debts.data == ["2"]


def test_a_refusal_of_an_act_stands_in_the_summary(face: Evenly) -> None:
    with face.test_request_context("/sink", method="POST", data=WELL):
        form = Everything(meta={"csrf": False})
        form.validate()
        form.refuse("This debt is on hold.")
        form.amount.refuse("That is more than is owed.")
        assert form.wrong == [(None, "This debt is on hold."), ("amount", "That is more than is owed.")]


def test_a_form_asked_by_get_reads_the_address_and_needs_no_token(face: Evenly) -> None:
    with face.test_request_context(AT_DESK + "/sink?name=Idris&amount=5"):
        form = Everything.asked()
        assert form.name.data == "Idris"
        assert form.amount.data == 500
        assert not hasattr(form, "csrf_token")
        assert isinstance(form, Form)


def test_control_characters_are_dropped_from_what_is_typed(face: Evenly) -> None:
    assert typed(face, name="Ma\x00r\x1bta").name.data == "Marta"


@pytest.mark.parametrize("address", ["/your-data", "/complaints"])
def test_who_answers_by_law_is_named_with_a_postal_address(visitor: FlaskClient, address: str) -> None:
    assert "Even Ltd, 1 High Street, Leeds LS1 1AA" in visitor.get(address).get_data(as_text=True)



@pytest.mark.parametrize("address", PAGES)
def test_every_sentence_of_a_short_page_has_at_most_twenty_words(visitor: FlaskClient, address: str) -> None:
    main = re.search(r"<main.*?</main>", visitor.get(address).text, re.S)
    assert main is not None
    blocks = re.findall(r"<(?:p|li|h1|h2|h3)[^>]*>(.*?)</(?:p|li|h1|h2|h3)>", main.group(0), re.S)
    for block in blocks:
        words = re.sub(r"<[^>]+>", " ", block)
        for sentence in re.split(r"(?<=[.?:])\s", words):
            assert len(sentence.split()) <= 20, sentence
