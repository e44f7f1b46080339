"""Writes a network as ONNX, the file format of ONNX Runtime and others.

Needs the optional packages of `pip install -e '.[export]'`.
"""

from importlib.util import find_spec
from pathlib import Path

from segnet.export.function import Network
from segnet.runtimes.facts import KEY, FileFacts

PACKAGES = ("onnx", "tf2onnx", "onnxruntime")
# Old enough for every engine of recent years; a 3x3 convolution needs nothing newer.
OPSET, IR_VERSION = 17, 8


def require_packages(packages: tuple[str, ...] = PACKAGES) -> None:
    """Checks that a runtime and its converter are installed.

    Args:
        packages: As they are imported.

    Raises:
        ValueError: A package is missing; the message names it and its installation.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise ValueError(
            f"{', '.join(missing)} not installed; the engine is optional: "
            f"pip install -e '.[export]' in a clone of segnet"
        )


def write_onnx(network: Network, path: str | Path) -> None:
    """Writes a network as ONNX: input `image`, outputs as in `Network.outputs`.

    Raises:
        ValueError: A package is missing.
    """
    require_packages()
    import onnx
    import tf2onnx

    proto, _ = tf2onnx.convert.from_function(
        network.function(), input_signature=network.signature(), opset=OPSET
    )
    onnx.checker.check_model(proto)
    onnx.save(proto, str(path))


def add_facts(path: str | Path, facts: FileFacts) -> None:
    """Puts facts into the `metadata_props` of an ONNX file."""
    import onnx

    proto = onnx.load(str(path))
    onnx.helper.set_model_props(proto, {KEY: facts.to_text()})
    onnx.save(proto, str(path))
