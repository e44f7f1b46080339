"""A real browser for pages, and what every page has to be: quiet, narrow, readable."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
SCHEMES, WIDTHS = ("light", "dark"), (400, 1280)
FLAGS = (
    *("--no-sandbox", "--disable-gpu"),
    # A green picture with a moving disc in place of a camera.
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
)


@contextmanager
def chromium() -> Iterator:
    """Opens Chromium through playwright; skips the test where one is missing."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is optional")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    with api.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


def new_page(browser, width: int = 1280, scheme: str = "light"):
    """Opens a page; returns it and a list of what it says and asks of other hosts."""
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))

    def refuse(route):
        said.append(f"asked for {route.request.url}")
        route.abort()

    # Globs would also match addresses inside the query of a local one.
    page.route(lambda url: not url.startswith(LOCAL), refuse)
    return page, said


LOCAL = ("file:", "data:", "blob:", "http://127.0.0.1:", "http://localhost:")

CONTRAST = """() => {
  const parse = text => text.match(/[0-9.]+/g).slice(0, 3).map(Number);
  const light = c => c.map(v => v / 255).map(
    v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = c => { const [r, g, b] = light(c);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const style = getComputedStyle(document.body);
  const [a, b] = [luminance(parse(style.color)),
    luminance(parse(style.backgroundColor))].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""


def check_fits(page, width: int) -> None:
    """Checks that a page is no wider than the window, and its text stands out."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # 4.5 to 1 is what WCAG 2 asks for.
    assert page.evaluate(CONTRAST) >= 4.5


def tabbed(page, count: int, name: str = "e => e.id || e.name || e.tagName") -> list:
    """Returns what `count` presses of Tab reach, from the top of the page."""
    page.evaluate(
        "const body = document.body; body.tabIndex = -1; body.focus(); "
        "body.removeAttribute('tabindex')"
    )
    found = []
    for _ in range(count):
        page.keyboard.press("Tab")
        found.append(page.evaluate(f"({name})(document.activeElement)"))
    return found
