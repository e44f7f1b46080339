"""Wrong names and paths are refused before Keras is imported."""

import subprocess
import sys
from pathlib import Path

import pytest

CODE = Path(__file__).parents[1] / "Code"
SCRIPT = (
    "import sys\n"
    "from segnet.cli import main\n"
    "status = main(sys.argv[1:])\n"
    "print(status, 'keras' in sys.modules)"
)


def run(*words: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *map(str, words)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(CODE), "PATH": ""},
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train STORE --model unet --out OUT", "no network 'unet'; known are edge"),
        ("train none.h5 --out OUT", "none.h5: no such store; `segnet prepare` makes"),
        ("train STORE --extra none.h5 --extra-share 0.5 --out OUT", "none.h5: no such"),
        ("train STORE --init slim_x --out OUT", "slim_x: no such model; "),
        ("train STORE --teacher slim_x --out OUT", "slim_x: no such model; "),
        ("train STORE --recipe qiuck --out OUT", "no recipe 'qiuck': neither a file"),
        ("train STORE --epochs 0 --out OUT", "recipe: epochs is 0, expected a whole"),
        ("evaluate slim_x STORE", "slim_x: no such model; "),
        ("evaluate slim_camvid11 none.h5", "none.h5: no such store"),
        ("evaluate slim_camvid11 STORE --split test", "has no split 'test'; it has "),
        ("evaluate slim_camvid11 STORE --classes x", "x"),
        ("compare slim_x --store STORE --out OUT", "slim_x: no such model; "),
        ("compare slim_camvid11 --store none.h5 --out OUT", "none.h5: no such store"),
        ("compare none other", "none: no such folder; `segnet evaluate"),
        ("predict slim_x photo.jpg --out OUT", "slim_x: no such model; "),
        ("predict slim_camvid11 none.jpg --out OUT", "none.jpg"),
        ("export slim_x --format onnx --out OUT", "slim_x: no such model; "),
        (
            "export slim_camvid11 --format onnx --check none.h5 --out OUT",
            "none.h5: no such store",
        ),
        ("pack none my_slim", "none/recipe.json: no such file"),
        ("pack none 1slim", "name is '1slim', expected letters"),
        ("recipes qiuck", "no recipe 'qiuck'; known are camvid11_edgesegnet, "),
        ("runs none", "none: no such folder"),
        ("bench feed none.h5", "none.h5: no such store"),
    ],
)
def test_a_wrong_name_is_refused_before_keras(store_path, tmp_path, words, said):
    places = {"STORE": store_path.parent, "OUT": tmp_path / "out"}
    done = run(*(places.get(word, word) for word in words.split()))
    assert (done.returncode, done.stdout) == (0, "2 False\n"), done.stderr
    assert done.stderr.startswith(f"segnet {words.split()[0]}: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_lists_need_no_keras():
    models = run("models")
    assert models.stdout.endswith("0 False\n") and "| slim | three branches" in (
        models.stdout
    )
    assert "| `slim_camvid11` | `slim` | camvid11 |" in models.stdout
    recipes = run("recipes")
    assert recipes.stdout.endswith("0 False\n")
    assert "camvid11_edgesegnet_trainval" in recipes.stdout
    assert '"epochs": 32' in run("recipes", "quick").stdout


def test_a_missing_backend_is_a_sentence(store_path, tmp_path):
    # A name that hides torch, whether it is installed or not.
    (tmp_path / "torch.py").write_text(
        "raise ModuleNotFoundError('No module', name='torch')"
    )
    words = ["evaluate", "slim_city14", str(store_path)]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words],
        capture_output=True,
        text=True,
        env={
            "PYTHONPATH": f"{tmp_path}:{CODE}",
            "PATH": "",
            "KERAS_BACKEND": "torch",
        },
    )
    assert done.stdout == "2 False\n", done.stderr
    assert done.stderr == (
        "segnet evaluate: Keras is set to compute with torch, which is not installed: "
        "install it, or choose another with KERAS_BACKEND (tensorflow, jax, torch)\n"
    )
