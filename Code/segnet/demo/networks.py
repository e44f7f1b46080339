"""The networks of the page, each in the runtimes that this machine has."""

import tempfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from segnet.models.shipped import read_index
from segnet.predict import Predictor
from segnet.runs.loading import find_weights
from segnet.runtimes.opening import format_of

KERAS, ONNX = "Keras", "ONNX Runtime"
# Format of an exported file -> its runtime.
RUNTIMES = {
    "onnx": ONNX,
    "litert": "LiteRT",
    "openvino": "OpenVINO",
    "saved_model": "TensorFlow",
}
# What writing ONNX needs.
PACKAGES = ("onnx", "tf2onnx", "onnxruntime")
KEPT = 3


class Networks:
    """Networks by name, opened when they are first asked for; the last 3 are kept.

    Args:
        models: Exported files, or what `segnet.load` takes; the shipped weights follow.

    Raises:
        FileNotFoundError: There is no such model.
    """

    def __init__(self, models: Sequence[str | Path] = ()):
        given = [str(model) for model in models]
        for model in given:
            if format_of(model) is None:
                find_weights(model)
            elif not Path(model).exists():
                raise FileNotFoundError(f"{model}: no such file")
        self.names = list(dict.fromkeys([*given, *read_index()]))
        self._opened: OrderedDict[tuple[str, str], Predictor] = OrderedDict()
        self._folder = tempfile.TemporaryDirectory(prefix="segnet-demo-")

    def runtimes(self, name: str) -> list[str]:
        """Returns the runtimes in which a network can run, the usual one first."""
        exported = format_of(name)
        if exported is not None:
            return [RUNTIMES[exported]]
        can_write = all(find_spec(package) for package in PACKAGES)
        return [KERAS, ONNX] if can_write else [KERAS]

    def open(
        self, name: str, runtime: str, say: Callable[[str], object] = lambda _: None
    ) -> Predictor:
        """Returns a network, ready for photographs.

        Args:
            name: One of `names`.
            runtime: One of its `runtimes`.
            say: Called with a few words before a step that takes seconds.

        Raises:
            ValueError: There is no such network or runtime, or it cannot be opened.
            OSError: The file of the network cannot be read.
        """
        # The page offers nothing else, but a request can name anything.
        if name not in self.names or runtime not in self.runtimes(name):
            raise ValueError(
                f"no network {name!r} in {runtime!r}; choose from the lists"
            )
        key = name, runtime
        if key not in self._opened:
            say(f"opening {name}")
            made = runtime == ONNX and format_of(name) is None
            self._opened[key] = Predictor(self._written(name, say) if made else name)
            while len(self._opened) > KEPT:
                self._opened.popitem(last=False)
        self._opened.move_to_end(key)
        return self._opened[key]

    def close(self) -> None:
        """Forgets the networks and removes the files that were written for them."""
        self._opened.clear()
        self._folder.cleanup()

    def _written(self, name: str, say: Callable[[str], object]) -> Path:
        """Returns a network as ONNX, written and proven at its first use."""
        path = Path(self._folder.name) / f"{self.names.index(name)}.onnx"
        if not path.exists():
            from segnet.export.exporting import UnprovenExportError, export

            say(f"writing {name} as ONNX, once")
            try:
                export(name, path, "onnx")
            except UnprovenExportError as error:
                raise ValueError(
                    f"{name} as ONNX differs from Keras: {error}"
                ) from error
        return path
