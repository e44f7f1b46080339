"""Drops damaged pictures on both demo pages in Chromium; checks what they say.

    PYTHONPATH=Code python experiments/endurance/fuzz_demo.py [--images 200] [--seed 0]

The files are those of `fuzz_predict.py`. Each must be seen or named in one sentence, by
`segnet demo` (server at most 2 GB) and by the page of `segnet export --format web`, and
a good picture must be seen after them. Needs `pip install -e '.[demo]'`.
"""

import argparse
import functools
import http.server
import random
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from fuzz_predict import MEGABYTES, damaged, whole_images

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from helpers.browser import chromium, new_page  # noqa: E402
from helpers.exported import colour_facts, write_onnx  # noqa: E402
from segnet.export.web import TEMPLATES, write_web  # noqa: E402

EXAMPLE = TEMPLATES / "example.jpg"
MILLISECONDS = 120_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", choices=("demo", "web"), action="append")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        folder = Path(folder)
        images = list(whole_images())
        files = [
            damaged(rng.choice(images), rng, folder / "in", number)
            for number in range(arguments.images)
        ]
        model = write_onnx(folder / "colours.onnx", colour_facts())
        for name in arguments.page or ("demo", "web"):
            served, give = {"demo": (demo, on_demo), "web": (web, on_web)}[name]
            with served(model) as (url, memory):
                page, said = new_page(browser)
                page.goto(url)
                counts = Counter(give(page, path) for path in files)
                last = give(page, EXAMPLE)
                print(name, dict(counts), f"then a good picture: {last}", memory())
                if strangers := set(said) - {"Method not implemented."}:
                    print(*strangers, sep="\n")
                page.close()


@contextmanager
def demo(model: Path):
    """Runs `segnet demo`; the address, and a function that returns its peak memory."""
    command = [sys.executable, "-m", "segnet", "demo", str(model), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:

        def memory() -> str:
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) >> 10
            return f"peak memory {peak} MB{'' if peak <= MEGABYTES else ': TOO MUCH'}"

        try:
            yield re.search(r"http://\S+", process.stdout.readline())[0], memory
        finally:
            process.terminate()


@contextmanager
def web(model: Path):
    """Serves the folder of the web page."""
    out = write_web(model, colour_facts(), model.parent / "web").parent
    handler = functools.partial(Quiet, directory=out)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", lambda: ""
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def on_demo(page, path: Path) -> str:
    """Gives `segnet demo` a file and returns the outcome."""
    page.locator("#example").wait_for()
    if page.locator("#file button[aria-label=Clear]").count():
        page.click("#file button[aria-label=Clear]")
        page.locator("#said", has_text="Drop a picture").wait_for()
    page.set_input_files("#file input[type=file]", path)
    return outcome(page, "#said", "#said [role=alert]", path, " ms for the network")


def on_web(page, path: Path) -> str:
    """Gives the web page a file and returns the outcome."""
    page.locator("#choose:enabled").wait_for(timeout=MILLISECONDS)
    page.evaluate("document.getElementById('message').textContent = ''")
    page.set_input_files("#file", path)
    return outcome(page, "#message", "#message.problem", path, ", ")


def outcome(page, box: str, problem: str, path: Path, words: str) -> str:
    refused = page.locator(problem, has_text=path.name)
    seen = page.locator(box, has_text=re.compile(f"{re.escape(path.name)}.*{words}"))
    try:
        refused.or_(seen).first.wait_for(timeout=MILLISECONDS)
    except Exception as error:
        print(path.name, page.inner_text(box), str(error).splitlines()[0])
        return "neither"
    return "a sentence" if refused.count() else "seen"


if __name__ == "__main__":
    main()
