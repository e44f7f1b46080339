"""Every page in a real browser: it is quiet, fits, and is reached by the keyboard."""

import numpy as np
import pytest

from helpers.browser import CONTRAST, SCHEMES, WIDTHS, check_fits, new_page, tabbed
from segnet.check import check
from segnet.compare.comparing import compare
from segnet.compare.writing import write as write_comparison
from segnet.evaluate import evaluate
from segnet.recipe import Recipe
from segnet.runs.listing import find_runs
from segnet.runs.page import write_runs
from test_compare import counts, write
from test_runs import write_run

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


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["check", "evaluate", "compare", "runs"])
def test_a_page_is_quiet_and_fits(pages, browser, name, width, scheme):
    page, said = new_page(browser, width, scheme)
    page.goto(pages[name].as_uri())
    assert said == []
    check_fits(page, width)
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
    reached = tabbed(page, summaries, "e => e.tagName")
    assert reached == ["SUMMARY"] * summaries
    page.close()
