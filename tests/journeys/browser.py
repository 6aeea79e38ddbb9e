"""The one browser of a test run, for every test that looks at a page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.journeys.chromium import launch


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser without a window. One for all: two of Playwright's drivers do not live in one process."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
