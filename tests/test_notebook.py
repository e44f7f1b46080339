"""The notebook: its saved outputs are one clean run, and its smallest form runs."""

import json
from pathlib import Path

import papermill
import pytest

CODE = Path(__file__).parents[1] / "Code"
NOTEBOOK = CODE / "train_network.ipynb"
MOST_BYTES = 500_000
MOST_LINES = 15


@pytest.fixture(scope="module")
def notebook() -> dict:
    return json.loads(NOTEBOOK.read_text())


def code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_outputs_are_one_run_from_top_to_bottom(notebook):
    cells = code_cells(notebook)
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


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_smallest_form_runs(tmp_path):
    papermill.execute_notebook(
        NOTEBOOK,
        tmp_path / "executed.ipynb",
        parameters={"PRESET": "smoke", "FOLDER": str(tmp_path)},
        cwd=CODE,
        progress_bar=False,
    )
    run = tmp_path / "Runs" / "scenes_smoke"
    for name in ("slim", "edgesegnet"):
        report = json.loads((run / name / "report.json").read_text())
        assert 0 < report["miou"] < 1
    assert (run / "sheet.png").stat().st_size > 10_000
