"""Measures `segnet.fetch` against a web server on this machine.

    PYTHONPATH=Code:tests python experiments/speed/bench_fetch.py [KIND]

bytes: fetches one of 50 folders from tars with the published counts of Virtual KITTI
    1.3.1 (sparse files: 15 GB, a few hundred MB on disk), packed in sorted and in
    shuffled order, and compares the bytes received with those of the wanted members.
speed: fetches the same bytes by `fetch` and by `curl` (or urllib) from one server.
faults: reads the headers of two tars of 400 frames each through a server that answers
    3 of 10 requests with 503, at random.
kill: `kill -9` at random moments; compares the files, resumes, and compares again.

Traffic stays on 127.0.0.1; all files are below a temporary folder.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

from helpers.loopback import Loopback, serving
from helpers.tars import write_tar
from segnet.fetch import fetch
from segnet.fetch.publishers import FRAMES, VARIATIONS

KINDS = ("bytes", "speed", "faults", "kill")
WORLD, VARIATION = "0001", "sunset"
PRINT_PEAK = """
print(next(x for x in open("/proc/self/status") if x.startswith("VmHWM")).split()[1])
"""
LOADER = """
import sys
from segnet.fetch import fetch
print("go", flush=True)
fetch("vkitti1", sys.argv[1], ["0001"], ["sunset"], sys.argv[2])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kind", nargs="?", choices=KINDS, help="default: all")
    parser.add_argument("--kills", type=int, default=60, help="default 60")
    parser.add_argument("--megabytes", type=int, default=300, help="speed, default 300")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    kinds = [arguments.kind] if arguments.kind else KINDS
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        if "bytes" in kinds:
            bench_bytes(folder / "bytes", random.Random(arguments.seed))
        if "speed" in kinds:
            bench_speed(folder / "speed", arguments.megabytes)
        if "faults" in kinds:
            bench_faults(folder / "faults", arguments.seed)
        if "kill" in kinds:
            bench_kill(folder / "kill", arguments.kills, random.Random(arguments.seed))


def vkitti_names(kind: str, frames: dict, order: str, rng: random.Random) -> list[str]:
    """Returns the members of one tar: sorted, or folders and files in random order."""
    top = f"vkitti_1.3.1_{kind}"
    pairs = [(w, v) for w in frames for v in VARIATIONS]
    groups = [
        [f"{top}/{w}/{v}/{i:05d}.png" for i in range(frames[w])] for w, v in pairs
    ]
    singles = [f"{top}/README_{kind}.txt"]
    if kind == "scenegt":
        singles += [f"{top}/{w}_{v}_scenegt_rgb_encoding.txt" for w, v in pairs]
    if order == "sorted":
        names = singles + [name for group in groups for name in group]
        return sorted(names, key=lambda name: name.split("/"))
    for group in groups:
        rng.shuffle(group)
    blocks = groups + [[name] for name in singles]
    rng.shuffle(blocks)
    return [name for block in blocks for name in block]


def bench_bytes(folder: Path, rng: random.Random) -> None:
    print("\nbytes: one of 50 folders (rgb 0.7 MB a frame, scenegt 23 kB a frame)")
    print(
        "| order | server | archive MB | wanted MB | received MB | ratio | requests |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for order in ("sorted", "shuffled"):
        web = folder / order
        web.mkdir(parents=True)
        wanted = 0
        for kind, mean in (("rgb", 700_000), ("scenegt", 23_000)):
            names = vkitti_names(kind, FRAMES, order, rng)
            sizes = {name: round(mean * rng.uniform(0.7, 1.3)) for name in names}
            sizes |= {name: 3000 for name in names if name.endswith(".txt")}
            write_tar(web / f"vkitti_1.3.1_{kind}.tar", sizes, whole=False)
            wanted += sum(
                size
                for name, size in sizes.items()
                if f"/{WORLD}/{VARIATION}/" in name or f"/{WORLD}_{VARIATION}_" in name
            )
        archive = sum(path.stat().st_size for path in web.iterdir())
        for ranges in (True, False):
            with Loopback(web, ranges=ranges) as server:
                out = folder / f"out-{order}-{ranges}"
                summary = fetch("vkitti1", out, [WORLD], [VARIATION], server.url)
                headers = sum(
                    r.sent for r in server.log if r.ranged and r.stop - r.start == 512
                )
                sent = summary.received
            kind = "ranges" if ranges else "no ranges"
            print(
                f"| {order} | {kind} | {archive / 1e6:.0f} | {wanted / 1e6:.1f} |"
                f" {sent / 1e6:.1f} (headers {headers / 1e6:.2f}) |"
                f" {sent / (wanted + headers):.4f} | {summary.requests} |",
                flush=True,
            )
            shutil.rmtree(out)
        shutil.rmtree(web)


def bench_speed(folder: Path, megabytes: int) -> None:
    """Compares fetching all frames of one tar with a plain download of the tar."""
    web = folder / "web"
    web.mkdir(parents=True)
    frames = {WORLD: FRAMES[WORLD]}
    for kind, share in (("rgb", 0.97), ("scenegt", 0.03)):
        names = [
            name
            for name in vkitti_names(kind, frames, "sorted", random.Random(0))
            if f"{WORLD}/{VARIATION}/" in name or f"{WORLD}_{VARIATION}_" in name
        ]
        size = round(share * megabytes * 1e6 / len(names))
        write_tar(web / f"vkitti_1.3.1_{kind}.tar", dict.fromkeys(names, size))
    files = sorted(web.iterdir())
    size = sum(path.stat().st_size for path in files)
    tool = "curl" if shutil.which("curl") else "urllib"
    times = {"fetch": [], "fetch, indexed before": [], tool: []}
    with serving(web) as url:
        memory = peak(LOADER, folder / "memory", url) - peak("import segnet.fetch")
        for turn in range(5):
            out = folder / f"out{turn}"
            times["fetch"].append(timed(fetch, "vkitti1", out, ["1"], ["sunset"], url))
            for manifest in out.glob("*.sha256"):
                manifest.unlink()
            again = timed(fetch, "vkitti1", out, ["1"], ["sunset"], url)
            times["fetch, indexed before"].append(again)
            times[tool].append(timed(plain, tool, url, files, folder))
            shutil.rmtree(out)
    print(f"\nspeed: {size / 1e6:.0f} MB in 895 files, median of 5, server apart")
    print(f"peak memory: {memory:.0f} MB above that of the import alone\n")
    print("| way | seconds | MB/s | beside plain |\n| --- | --- | --- | --- |")
    base = median(times[tool])
    for way, seconds in times.items():
        middle = median(seconds)
        rate = size / 1e6 / middle
        print(f"| {way} | {middle:.2f} | {rate:.0f} | {base / middle:.2f} |")


def bench_faults(folder: Path, seed: int) -> None:
    """Reads headers through a server that sometimes fails; the result is known."""
    web = folder / "web"
    web.mkdir(parents=True)
    for kind in ("rgb", "scenegt"):
        names = vkitti_names(kind, {WORLD: 400}, "sorted", random.Random(0))
        names = [n for n in names if VARIATION in n or "README" in n]
        sizes = dict.fromkeys(names, 20_000)
        write_tar(web / f"vkitti_1.3.1_{kind}.tar", sizes, whole=False)
    print("\nfaults: 803 headers of two tars, one connection or four, 5 seeds each")
    print("| 503 | connections | seconds, median | most | requests, median |")
    print("| --- | --- | --- | --- | --- |")
    for share in (0.0, 0.3):
        for connections in (1, 4):
            seconds, requests = [], []
            for turn in range(5):
                rng = random.Random(seed + turn)
                options = {"connections": connections, "dry_run": True}

                def fault(request, rng=rng, share=share):
                    return "503" if rng.random() < share else ""

                out = folder / f"out-{share}-{connections}-{turn}"
                with Loopback(web, fault=fault) as server:
                    began = time.perf_counter()
                    found = fetch(
                        "vkitti1", out, ["1"], ["sunset"], server.url, **options
                    )
                    seconds.append(time.perf_counter() - began)
                    requests.append(len(server.log))
                if (found.files, found.frames) != (803, 400):
                    raise SystemExit(f"found {found.files} files through faults")
            print(
                f"| {share:.0%} | {connections} | {median(seconds):.1f} |"
                f" {max(seconds):.1f} | {median(requests)} |",
                flush=True,
            )


def peak(script: str, *arguments) -> float:
    """Returns the peak memory in MB of a process that runs a script."""
    done = subprocess.run(
        [sys.executable, "-c", script + PRINT_PEAK, *map(str, arguments)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return int(done.stdout.split()[-1]) / 1024


def plain(tool: str, url: str, files: list[Path], folder: Path) -> None:
    """Downloads whole files, without checks or extraction."""
    for path in files:
        target = folder / "plain"
        if tool == "curl":
            command = ["curl", "-s", "-o", str(target), f"{url}/{path.name}"]
            subprocess.run(command, check=True)
        else:
            urllib.request.urlretrieve(f"{url}/{path.name}", target)


def timed(function, *arguments) -> float:
    began = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - began


def bench_kill(folder: Path, kills: int, rng: random.Random) -> None:
    """Kills a fetch at random moments; every file must be whole, then and after."""
    web = folder / "web"
    web.mkdir(parents=True)
    contents = {}
    for kind, size in (("rgb", 300_000), ("scenegt", 20_000)):
        names = vkitti_names(kind, {"0001": 60, "0002": 5}, "sorted", rng)
        sizes = {name: round(size * rng.uniform(0.5, 1.5)) for name in names}
        contents |= write_tar(web / f"vkitti_1.3.1_{kind}.tar", sizes)
    hits = kept = rounds = 0
    with serving(web) as url:
        began = time.perf_counter()
        load(folder / "whole", url).wait()
        longest = time.perf_counter() - began
        files = done(folder / "whole")
        while hits < kills and rounds < 4 * kills:
            rounds += 1
            out = folder / f"out{rounds}"
            child = load(out, url)
            if rounds % 2:
                time.sleep(rng.uniform(0, longest))
            else:
                count = rng.randrange(files)
                while done(out) < count and child.poll() is None:
                    time.sleep(0.001)
            running = child.poll() is None
            child.kill()
            child.wait()
            hits += running
            kept += running * check(out, contents, complete=False)
            load(out, url).wait()
            check(out, contents, complete=True)
            shutil.rmtree(out)
    print(
        f"\nkill: {hits} of {rounds} fetches killed with SIGKILL while running; in each"
        f" of them all files in place were byte-exact ({kept} in all), and after a"
        " second run the whole set was, with nothing half-written left"
    )
    if hits < kills:
        raise SystemExit(f"only {hits} of {kills} kills hit a running fetch")


def done(out: Path) -> int:
    """Returns the number of files in the manifests."""
    lists = [path for path in out.glob("*.sha256") if ".part." not in path.name]
    return sum(path.read_bytes().count(b"\n") for path in lists)


def load(out: Path, url: str) -> subprocess.Popen:
    """Returns a process that has just begun to fetch."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen(
        [sys.executable, "-c", LOADER, str(out), url],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    with child.stdout as stdout:
        stdout.readline()
    return child


def check(out: Path, contents: dict[str, bytes], complete: bool) -> int:
    """Compares the files in place; returns their number."""
    files = [path for path in out.rglob("*.*") if path.suffix in (".png", ".txt")]
    for path in files:
        name = path.relative_to(out).as_posix()
        if path.read_bytes() != contents[name]:
            raise SystemExit(f"{name} differs after a kill")
    if complete:
        wanted = {n for n in contents if "0001/sunset" in n or "0001_sunset" in n}
        there = {path.relative_to(out).as_posix() for path in files}
        torn = [path for path in out.rglob("*.part")]
        if not wanted <= there or torn:
            raise SystemExit(f"missing {wanted - there}, left over {torn}")
    return len(files)


if __name__ == "__main__":
    main()
