"""A real Chromium whose every page must stay silent and at home."""

import os
import shutil
from urllib.parse import urlsplit

import pytest

from tests.browser.lab import SECONDS

ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
HOME = ("file", "data", "blob", "about")


def _missing(reason):
    if os.environ.get("CNNCOURSE_BROWSER") == "required":
        pytest.fail(f"CNNCOURSE_BROWSER=required, but {reason}")
    pytest.skip(f"{reason}; set CHROMIUM to a Chromium, or install one: apt-get install chromium")


@pytest.fixture(scope="session")
def browser():
    """Chromium: $CHROMIUM, or the one on the path."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path or not os.path.exists(path):
        _missing("there is no Chromium" + (f" at {path}" if path else ""))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser):
    """Open pages with given context options; an error or an outside request on any of them fails the test."""
    complaints, contexts = [], []

    def watch(request):
        address = urlsplit(request.url)
        if address.scheme not in HOME and address.hostname != "127.0.0.1":
            complaints.append(f"request to {request.url}")

    def complain(message):
        if message.type == "error":
            complaints.append(f"console: {message.text}")

    def new(**options):
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 1000}} | options))
        context.set_default_timeout(SECONDS * 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", watch)
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        return page

    yield new
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page):
    """A page of the default size, in light colors."""
    return open_page()
