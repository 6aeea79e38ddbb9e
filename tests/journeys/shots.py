"""Takes the README's screenshots from a running demo: `python -m tests.journeys.shots [ADDRESS]`.

Owen signs in on a phone, and Priya opens the case of Idris, who asked for a plan. Start it on a new demo.
"""

import json
import re
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import click
from playwright.sync_api import Browser, Page, sync_playwright

from portal.demo.characters import OWEN
from tests.journeys.chromium import launch
from tests.portal.addresses import AT_DESK

SHOTS = Path(__file__).parents[2] / "docs" / "shots"


def main(address: str) -> None:
    """Writes docs/shots anew."""
    SHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        _desk(browser, address)
        _phone(browser, address)
        browser.close()


def _phone(browser: Browser, address: str) -> None:
    page = browser.new_context(viewport={"width": 390, "height": 844}, device_scale_factor=2).new_page()
    page.goto(f"{address}/demo/")
    phones = str(page.get_by_role("link", name=re.compile("Phone .*Owen")).get_attribute("href")).partition("/phone/")[
        0
    ]
    page.goto(f"{address}/sign-in")
    page.get_by_label("Your reference").fill(OWEN.account)
    for label, value in (("Day", OWEN.who.born.day), ("Month", OWEN.who.born.month), ("Year", OWEN.who.born.year)):
        page.get_by_label(label).fill(str(value))
    page.get_by_label("Your postcode").fill(OWEN.who.postcode)
    page.get_by_role("button", name="Send me a code").click()
    page.locator("input[autocomplete='one-time-code']").fill(_code(phones, OWEN.who.phone.replace(" ", "")))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Hello, Owen").wait_for()
    _shoot(page, "home-390.png")


def _desk(browser: Browser, address: str) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{address}/demo/")
    told = page.locator("main").inner_text()
    found = re.search(r"Priya Nand\s+Email\s+(\S+)\s+Password\s+(.+?)\s+Code now\s+(\d{6})", told)
    if found is None:
        raise RuntimeError("the demo shows no sign-in for Priya")
    mail, password, code = found.groups()
    page.goto(f"{address}/staff/sign-in")
    page.locator("input[type=email], input[autocomplete=username]").first.fill(mail)
    page.locator("input[type=password]").fill(password)
    page.locator("input[autocomplete='one-time-code']").fill(code)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{AT_DESK}/**")
    page.get_by_role("link", name="Idris Farrow", exact=True).first.click()
    page.get_by_role("heading", name="Idris Farrow", level=1).wait_for()
    page.wait_for_load_state()
    _shoot(page, "case-1280.png")


def _code(phones: str, number: str) -> str:
    """The newest code on a pretend phone."""
    for _ in range(120):
        with urllib.request.urlopen(f"{phones}/control/log?to={urllib.parse.quote(number)}") as answer:
            texts = json.load(answer)["texts"]
        codes = [found.group(1) for text in texts if (found := re.match(r"(\d{6}) ", text["body"]))]
        if codes:
            return codes[-1]
        time.sleep(0.5)
    raise RuntimeError("no code came to the phone")


def _shoot(page: Page, name: str) -> None:
    page.screenshot(path=SHOTS / name, full_page=True, clip=None)
    click.echo(f"docs/shots/{name}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
