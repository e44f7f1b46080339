"""Every page in a real browser: it is quiet, fits, and is reached by the keyboard."""

import shutil

import numpy as np
import pytest

from segnet.check import check
from segnet.compare.comparing import compare
from segnet.compare.writing import write as write_comparison
from segnet.evaluate import evaluate
from segnet.recipe import Recipe
from segnet.runs.listing import find_runs
from segnet.runs.page import write_runs
from test_compare import counts, write
from test_runs import write_run

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def pages(store_path, tmp_path_factory):
    """Path of each page by its name."""
    import keras

    root = tmp_path_factory.mktemp("pages")
    check(store_path, out=root)
    inputs = keras.Input((64, 96, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(inputs)
    model = keras.Model(inputs, keras.layers.Conv2D(14, 1)(x), name="tiny")
    evaluate(model, store_path, out=root / "report")
    noise = np.random.default_rng(0).normal(0, 0.08, (12, 1, 3))
    folders = [
        write(root / name, counts(noise, lift), model=model)
        for name, lift, model in (("a", 0, HOSTILE), ("b", 0.05, "a_long_name" * 9))
    ]
    write_comparison(compare(folders), root / "compared")
    write_run(root / "runs" / "one", Recipe(epochs=3), [0.2, 0.4], state="stopped")
    write_run(root / "runs" / "two", Recipe(), [], state="failed", why=HOSTILE)
    write_runs(root / "runs.html", find_runs(root / "runs"))
    return {
        "check": root / "check.html",
        "evaluate": root / "report" / "report.html",
        "compare": root / "compared" / "compare.html",
        "runs": root / "runs.html",
    }


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="playwright is optional")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    with api.sync_playwright() as running:
        opened = running.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("name", ["check", "evaluate", "compare", "runs"])
def test_a_page_is_quiet_and_fits(pages, browser, name, width, scheme):
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
    page.goto(pages[name].as_uri())
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # The text stands out from the page: 4.5 to 1 is what WCAG 2 asks for.
    assert page.evaluate(CONTRAST) >= 4.5
    page.close()


def test_the_contrast_test_can_fail(browser):
    page = browser.new_page()
    page.set_content("<body style='color:#999;background:#fff'>pale</body>")
    assert page.evaluate(CONTRAST) < 4.5
    page.close()


@pytest.mark.parametrize("name", ["evaluate", "compare", "runs"])
def test_pages_stand_alone(pages, name):
    html = pages[name].read_text(encoding="utf-8")
    for reference in ("http:", "https:", "<script", "<link", "@import"):
        assert reference not in html
    assert pages[name].stat().st_size < 3_000_000


def test_what_unfolds_is_reached_by_the_keyboard(pages, browser):
    page = browser.new_page()
    page.goto(pages["check"].as_uri())
    summaries = page.locator("summary").count()
    reached = 0
    for _ in range(summaries):
        page.keyboard.press("Tab")
        reached += page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert reached == summaries
    page.close()


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
