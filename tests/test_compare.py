"""`segnet compare`: groups of seeds, verdicts in words, refusals."""

import json
import re

import numpy as np
import pytest

from segnet.cli import main
from segnet.compare.comparing import compare
from segnet.compare.reports import read_report
from segnet.compare.tables import latex, markdown, text
from segnet.scores.frame_counts import FrameCounts
from test_intervals import CLASSES, simulated


def write(folder, counts, recipe=None, **facts):
    folder.mkdir(parents=True)
    facts = {
        "model": "slim",
        "split": "val",
        "source": "camvid",
        "class_map": "camvid11",
        "class_mapping": None,
        "size": [360, 480],
    } | facts
    if recipe:
        facts["training"] = {"recipe": recipe, "weights": "last"}
    (folder / "report.json").write_text(json.dumps(facts))
    counts.save(folder / "frames.npz")
    return folder


@pytest.fixture
def noise():
    return np.random.default_rng(0).normal(0, 0.08, (12, 1, 3))


def counts(noise, lift, seed=1):
    return simulated(np.random.default_rng(seed), 12, lift=lift, noise=noise)


def test_a_better_network_is_called_better(noise, tmp_path):
    a = write(tmp_path / "a", counts(noise, 0))
    b = write(tmp_path / "b", counts(noise, 0.05, 2), model="edgesegnet")
    found = compare([a, b])
    (text,) = found.verdicts
    assert text.startswith("edgesegnet is better than slim by 4.")
    assert "96 frames in 12 blocks of 12 drives" in text
    assert "what another seed would change is not in it" in text
    backwards = compare([b, a]).verdicts[0]
    assert backwards.startswith("edgesegnet is better than slim by 4.")


def test_noise_is_called_no_difference(noise, tmp_path):
    a = write(tmp_path / "a", counts(noise, 0))
    b = write(tmp_path / "b", counts(noise, 0.0005, 2), model="other")
    (text,) = compare([a, b]).verdicts
    assert text.startswith("No difference between slim and other that 96 frames")


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        (4, "Too few blocks for a verdict on one and two: 32 frames in 4 blocks of 4"),
        (6, "two is better than one by .* So few blocks make an interval too narrow."),
    ],
)
def test_few_blocks_are_said(tmp_path, blocks, words):
    noise = np.random.default_rng(0).normal(0, 0.08, (blocks, 1, 3))
    rng = np.random.default_rng(1)
    a, b = (
        write(tmp_path / m, simulated(rng, blocks, lift=x, noise=noise), model=m)
        for m, x in (("one", 0.0), ("two", 0.05))
    )
    (text,) = compare([a, b]).verdicts
    assert re.match(words, text)


@pytest.mark.parametrize("lift", [0, 0.02])
def test_two_seeds_of_one_recipe_are_no_difference(lift, noise, tmp_path):
    recipe = {"model": "slim", "epochs": 3}
    folders = [
        write(tmp_path / str(s), counts(noise, lift * s), {**recipe, "seed": s})
        for s in (0, 1)
    ]
    found = compare(folders)
    assert [group.name for group in found.groups] == ["slim, seed 0", "slim, seed 1"]
    one, other = (group.scores[0] for group in found.groups)
    spread = f"{50 * (one + other):.1f} ± {100 * abs(one - other) / np.sqrt(2):.1f}"
    assert found.facts["seeds_of_one_recipe"] == spread
    assert f"seeds of one recipe: mIoU {spread}" in text(found)
    miou = found.comparisons[0].miou
    (said,) = found.verdicts
    if lift:
        # The frames alone would make a recipe of the better seed.
        assert miou.different
        assert said.startswith(
            f"No difference is claimed between seeds of one recipe: slim, seed 1 has "
            f"{100 * (other - one):.1f} ["
        )
    else:
        assert said.startswith("No difference between slim, seed 0 and slim, seed 1 th")
    assert said in markdown(found) and said in latex(found)


def test_groups_of_seeds_are_compared_as_groups(noise, tmp_path):
    folders = [
        write(
            tmp_path / f"{loss}{seed}",
            counts(noise, lift + 0.001 * seed),
            {"model": "slim", "loss": loss, "seed": seed},
        )
        for loss, lift in (("lovasz", 0.0), ("dice", 0.05))
        for seed in (0, 1)
    ]
    found = compare(folders)
    assert [len(group.reports) for group in found.groups] == [2, 2]
    names = [group.name for group in found.groups]
    assert names == ["slim, loss=lovasz", "slim, loss=dice"]
    assert found.verdicts[0].startswith(f"{names[1]} is better than {names[0]} by 4.")
    assert "another seed" not in found.verdicts[0]


def test_groups_of_one_network_are_named_by_what_they_differ_in(noise, tmp_path):
    def names(*cases):
        root = tmp_path / str(len([*tmp_path.iterdir()]))
        folders = [
            write(root / name, counts(noise, 0.01 * i), recipe, **facts)
            for i, (name, recipe, facts) in enumerate(cases)
        ]
        return [group.name for group in compare(folders).groups], folders

    plain = {"model": "slim", "seed": 0, "epochs": 3, "noise": 0.0}
    louder = plain | {"seed": 4, "epochs": 6, "noise": 25.0}
    last = {"training": {"recipe": plain, "weights": "best"}}
    found, _ = names(("a", plain, {}), ("b", louder, {}), ("c", None, last))
    assert found == [
        "slim, epochs=3, noise=0.0, last weights",
        "slim, epochs=6, noise=25.0, last weights",
        "slim, epochs=3, noise=0.0, best weights",
    ]
    found, _ = names(("a", plain, {}), ("b", louder, {"model": "fast_scnn"}))
    assert found == ["slim", "fast_scnn"]
    # Shipped weights have no recipe in the report: the name that was given.
    given = [{"provenance": {"model": m}} for m in ("runs/a", "slim_city14")]
    found, _ = names(("a", plain, given[0]), ("b", None, given[1]))
    assert found == ["slim (runs/a)", "slim (slim_city14)"]
    # Too many settings for a name, and no provenance.
    other = {name: 9 for name in "pqrs"}
    found, folders = names(("a", plain, {}), ("b", plain | other, {}))
    assert found == [f"slim ({folder})" for folder in folders]


def test_the_outcome_is_json(noise, tmp_path):
    folders = [write(tmp_path / n, counts(noise, 0), model=n) for n in "ab"]
    found = json.loads(compare(folders).to_json())
    assert found["frames"]["blocks"] == 12
    names = [row["name"] for row in found["comparisons"][0]["per_class"]]
    assert names == list(CLASSES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"split": "test"}, "split is val and test"),
        ({"class_map": "vkitti1"}, "class_map is camvid11 and vkitti1"),
    ],
)
def test_other_frames_are_refused(noise, tmp_path, change, words):
    a = write(tmp_path / "a", counts(noise, 0))
    b = write(tmp_path / "b", counts(noise, 0), **change)
    with pytest.raises(ValueError, match=words):
        compare([a, b])


def test_what_is_no_report_is_named(noise, tmp_path):
    a = write(tmp_path / "a", counts(noise, 0))
    with pytest.raises(ValueError, match="a comparison needs two"):
        compare([a])
    (tmp_path / "b").mkdir()
    with pytest.raises(ValueError, match="given twice"):
        compare([a, tmp_path / "b" / ".." / "a"])
    with pytest.raises(FileNotFoundError, match="none: no such folder; `segnet eval"):
        read_report(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match=r"report\.json: no such file"):
        read_report(tmp_path / "b")
    (a / "frames.npz").unlink()
    with pytest.raises(FileNotFoundError, match=r"reports of segnet 0\.1 have no"):
        read_report(a)
    (a / "recipe.json").touch()
    with pytest.raises(FileNotFoundError, match="a: a run folder; give what `segnet e"):
        read_report(a)
    (a / "report.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match=r"report\.json: damaged"):
        read_report(a)
    (a / "report.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"report\.json: no report"):
        read_report(a)


def test_tables_hold_the_same_numbers(noise, tmp_path):
    a = write(tmp_path / "a", counts(noise, 0), model="slim_a|b")
    b = write(tmp_path / "b", counts(noise, 0.05, 2), model="edge&net")
    found = compare([a, b])
    miou = found.comparisons[0].miou
    low, high = (f"{100 * end:+.1f}" for end in (miou.interval.low, miou.interval.high))
    cells = f"{100 * miou.a:.1f} | {100 * miou.b:.1f} | **"
    page = markdown(found)
    assert page.splitlines()[0].startswith(r"| IoU, % | slim_a\|b | edge&net | diff")
    assert f"| mIoU | {cells}" in page
    assert f" [{low}, {high}]** | 0.001 |" in page
    tex = latex(found)
    assert r"slim\_a|b & edge\&net" in tex
    assert tex.count("\\\\\n") == 1 + 1 + len(CLASSES)
    assert f"[{low}, {high}]" in text(found)


def test_a_class_without_ground_truth_is_absent_in_tables(noise, tmp_path):
    reports = []
    for name in "ab":
        some = counts(noise, 0)
        some.true_positives[:, 2] = some.false_negatives[:, 2] = 0
        reports.append(write(tmp_path / name, some, model=name))
    found = compare(reports)
    assert "| pole | absent | absent | - | - |" in markdown(found)
    assert json.loads(found.to_json())["comparisons"][0]["per_class"][2]["a"] is None


def test_the_command_writes_its_files(noise, tmp_path, capsys):
    a = write(tmp_path / "a", counts(noise, 0))
    b = write(tmp_path / "b", counts(noise, 0.05, 2), model="edgesegnet")
    out = tmp_path / "out" / "deep"
    assert main(["compare", str(a), str(b), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "edgesegnet is better than slim by 4." in printed
    head, total, *classes = (out / "compare.csv").read_text().splitlines()
    assert head == "a,b,class,iou_a,iou_b,difference,low,high,p_holm"
    name_a, name_b, name, iou_a, iou_b, difference, *_ = total.split(",")
    assert (name_a, name_b, name) == ("slim", "edgesegnet", "mIoU")
    assert float(difference) == pytest.approx(float(iou_b) - float(iou_a), abs=2e-6)
    assert [line.split(",")[2] for line in classes] == list(CLASSES)
    assert sorted(p.name for p in out.iterdir()) == [
        "compare.csv",
        "compare.html",
        "compare.json",
        "compare.md",
        "compare.tex",
    ]
    assert main(["compare", str(a), str(a)]) == 2
    assert main(["compare", "slim_city14", "x", "--store", "s.h5"]) == 2
    assert "--store needs --out" in capsys.readouterr().err


@pytest.mark.parametrize("training", ["x", [1], {"recipe": [1]}, {"recipe": "x"}])
def test_a_report_of_other_types_is_damaged(noise, tmp_path, training):
    folder = write(tmp_path / "a", counts(noise, 0), training=training)
    with pytest.raises(ValueError, match=r"report\.json: damaged \(training is "):
        read_report(folder)


def test_frames_of_void_alone_are_refused(noise, tmp_path):
    some = counts(noise, 0)
    zeros = np.zeros_like(some.true_positives)
    void = FrameCounts(some.frame_ids, some.class_names, zeros, zeros, zeros)
    folders = [write(tmp_path / name, void) for name in "ab"]
    with pytest.raises(ValueError, match="a: none of its pixels has a class"):
        compare(folders)


def test_names_of_other_bytes_are_escaped(noise, tmp_path):
    first = write(tmp_path / "a", counts(noise, 0), model="\udcff")
    second = write(tmp_path / "b", counts(noise, 0.1), model="x\n\\end{tabular}")
    outcome = compare([first, second])
    assert [group.name for group in outcome.groups] == ["\\xff", "x\\n\\end{tabular}"]
    for text_of in (text, markdown, latex):
        assert text_of(outcome).encode()
