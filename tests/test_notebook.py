"""The notebook: its saved outputs are one clean run, and its smallest form runs."""

import json
import re
import subprocess
import sys
from pathlib import Path

import papermill
import pytest

CODE = Path(__file__).parents[1] / "Code"
sys.path.insert(0, str(CODE.parent / "docs" / "make"))

from small_notebook import is_bar  # noqa: E402

NOTEBOOK = CODE / "train_network.ipynb"
MOST_BYTES = 500_000
MOST_LINES = 15


@pytest.fixture(scope="module")
def notebook() -> dict:
    return json.loads(NOTEBOOK.read_text())


def code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_outputs_are_one_run_from_top_to_bottom_or_none(notebook):
    cells = code_cells(notebook)
    if not any(cell["outputs"] for cell in cells):
        assert {cell["execution_count"] for cell in cells} == {None}
        return
    assert [c["execution_count"] for c in cells] == list(range(1, len(cells) + 1))
    kinds = {o["output_type"] for c in cells for o in c["outputs"]}
    assert "error" not in kinds
    assert any("image/png" in o.get("data", {}) for c in cells for o in c["outputs"])


def test_notebook_is_small_and_holds_no_path_of_a_machine(notebook):
    text = NOTEBOOK.read_text()
    assert len(text.encode()) < MOST_BYTES
    for folder in ("/home/", "/root/", "/tmp/", "/Users/", "C:\\\\"):
        assert folder not in text


def test_cells_are_short_and_define_nothing(notebook):
    for cell in code_cells(notebook):
        lines = [line for line in cell["source"] if line.strip()]
        assert len(lines) <= MOST_LINES, cell["source"]
        assert not any(line.startswith(("def ", "class ")) for line in lines)


def first_cells(notebook: dict, **parameters: str) -> None:
    """Runs the cells up to the check of the parameters, with others than stand there.

    Raises:
        ValueError: As the check does.
    """
    names = {cell["id"]: "".join(cell["source"]) for cell in code_cells(notebook)}
    given = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    code = re.sub(r"^%.*\n", "", names["setup"], flags=re.MULTILINE)
    exec("\n".join([names["parameters"], given, code, names["presets"]]), {})


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"PRESET": "fast"}, "PRESET is 'fast'; it can be smoke, default, full"),
        ({"DATA": "camvid"}, "DATA is 'camvid'; it can be scenes or the path of a st"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_ones(notebook, parameters, said):
    with pytest.raises(ValueError, match=said):
        first_cells(notebook, **parameters)
    first_cells(notebook, PRESET="full")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_smallest_form_runs(tmp_path):
    before = NOTEBOOK.read_bytes()
    papermill.execute_notebook(
        NOTEBOOK,
        tmp_path / "executed.ipynb",
        parameters={"PRESET": "smoke", "FOLDER": str(tmp_path)},
        cwd=CODE,
        progress_bar=False,
    )
    assert NOTEBOOK.read_bytes() == before
    (run,) = (tmp_path / "Runs").iterdir()
    for name in ("slim", "edgesegnet"):
        (report,) = run.glob(f"{name}_seed0_*/report.json")
        assert 0 < json.loads(report.read_text())["last"]["miou"] < 1
    assert (run / "sheet.png").stat().st_size > 10_000
    executed = json.loads((tmp_path / "executed.ipynb").read_text())
    texts = {c["id"]: json.dumps(c["outputs"]) for c in code_cells(executed)}
    predicted, counted = re.findall(r"[\d,]{5,}\d", texts["predict_parameters"])
    assert predicted == counted
    # The last picture of the curve alone, and none of the lines before it.
    assert texts["train_slim"].count("image/png") == 1
    assert "compiling" not in texts["train_slim"]
    assert not re.search("retracing|cuInit|oneDNN", json.dumps(executed))


def test_make_run_says_what_it_takes_and_keeps_to_one_folder(tmp_path):
    done = subprocess.run(
        ["make", "-n", "run", f"OUT={tmp_path}/out", f"VENV={tmp_path}/venv"],
        cwd=CODE.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "packages into" in done.stdout and "GB of disk, 5 to 10 min" in done.stdout
    (run,) = re.findall(r"papermill (.*)\\\n(.*)", done.stdout)
    assert run[0].split() == [
        "Code/train_network.ipynb",
        f"{tmp_path}/out/train_network.ipynb",
    ]
    assert f"--cwd {tmp_path}/out " in run[1]
    assert f"Open this page:     {tmp_path}/out/train_network.html" in done.stdout


def test_bars_are_left_out_of_the_stored_notebook():
    bar = {"data": {"application/vnd.jupyter.widget-view+json": {}, "text/plain": ""}}
    assert is_bar(bar)
    assert not is_bar({"output_type": "stream", "text": "x"})
    assert not is_bar({"data": {"image/png": ""}})
