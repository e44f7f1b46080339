"""Writes the pictures of pages in docs/pictures, from a report and a comparison.

    segnet render Drive --world 0020 --frames 40 --seed 9
    segnet prepare vkitti1 Drive Store --scale 3 --val-share 0.6
    segnet evaluate slim_scenes14 Store/store.h5 --out A
    segnet evaluate edgesegnet_scenes14 Store/store.h5 --out B
    segnet compare A B --out C
    python docs/make/page_pictures.py A/report.html C/compare.html

Needs Playwright and Chromium.
"""

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).parents[1] / "pictures"
VIEW = {"width": 1000, "height": 1120}
SHOWN = 800, 896


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, help="report.html")
    parser.add_argument("compared", type=Path, help="compare.html")
    arguments = parser.parse_args()
    with sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=VIEW)
        for path, name in (
            (arguments.report, "report.png"),
            (arguments.compared, "compare.png"),
        ):
            page.goto(path.resolve().as_uri())
            with Image.open(io.BytesIO(page.screenshot())) as picture:
                small = picture.convert("RGB").resize(SHOWN, Image.Resampling.LANCZOS)
            colours = small.quantize(256, Image.Quantize.MAXCOVERAGE)
            colours.save(PICTURES / name, optimize=True)
            print(PICTURES / name)
        browser.close()


if __name__ == "__main__":
    main()
