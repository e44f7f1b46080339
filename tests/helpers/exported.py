"""Tiny exported files whose answer is known: the brightest of red, green and blue."""

import json
import zipfile
from pathlib import Path

import numpy as np

from helpers.colour_network import CLASSES
from segnet.runtimes.facts import CLASSES as IDS
from segnet.runtimes.facts import LOGITS, FileFacts

SIZE = (64, 96)
# The libraries by the names under which they are imported.
LIBRARIES = {
    "onnx": "onnxruntime",
    "litert": "ai_edge_litert",
    "openvino": "openvino",
    "saved_model": "tensorflow",
}


def colour_facts(size=SIZE, **more) -> FileFacts:
    """Returns the facts of such a file."""
    return FileFacts(CLASSES, size, weights="colours", **more)


def expected(images: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the outputs for (B, H, W, 3) uint8: the channel, and its value."""
    return {"classes": images.argmax(-1).astype(np.uint8), "confidence": images.max(-1)}


def random_images(batch=1, size=SIZE, seed=0) -> np.ndarray:
    """Returns (B, H, W, 3) uint8 without ties."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 85, (batch, *size, 3))
    return (images + rng.permuted(np.full(images.shape, (0, 85, 170)), axis=-1)).astype(
        np.uint8
    )


def onnx_model(facts: FileFacts | None, batch=1, size=SIZE, outputs=IDS):
    """Returns an ONNX model in memory."""
    from onnx import TensorProto, helper

    node, value = helper.make_node, helper.make_tensor_value_info
    shape = (batch, *size)
    if outputs == LOGITS:
        nodes = [node("Cast", ["image"], ["logits"], to=TensorProto.FLOAT)]
        results = [value("logits", TensorProto.FLOAT, (*shape, 3))]
    else:
        axis = helper.make_tensor("axis", TensorProto.INT64, [1], [-1])
        nodes = [
            node("Constant", [], ["axis"], value=axis),
            node("Cast", ["image"], ["values"], to=TensorProto.FLOAT),
            node("ArgMax", ["values"], ["wide"], axis=-1, keepdims=0),
            node("Cast", ["wide"], ["classes"], to=TensorProto.UINT8),
            node("ReduceMax", ["values"], ["largest"], axes=[-1], keepdims=0),
            node("Cast", ["largest"], ["confidence"], to=TensorProto.UINT8),
        ]
        results = [
            value(name, TensorProto.UINT8, shape) for name in ("classes", "confidence")
        ]
    image = value("image", TensorProto.UINT8, (*shape, 3))
    model = helper.make_model(
        helper.make_graph(nodes, "colours", [image], results),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    if facts is not None:
        helper.set_model_props(model, {"segnet": facts.to_text()})
    return model


def write_onnx(path: Path, facts=None, **options) -> Path:
    """Writes an ONNX file; without `facts` one that segnet did not write."""
    path.write_bytes(onnx_model(facts, **options).SerializeToString())
    return path


def write_openvino(path: Path, facts=None, **options) -> Path:
    """Writes an OpenVINO file and its .bin."""
    import openvino

    onnx = write_onnx(path.with_suffix(".onnx"), **options)
    model = openvino.convert_model(str(onnx))
    onnx.unlink()
    if facts is not None:
        model.set_rt_info(facts.to_text(), ["segnet"])
    openvino.save_model(model, str(path), compress_to_fp16=False)
    return path


def colour_function(batch=1, size=SIZE, outputs=IDS):
    """Returns a tf.Module with the function `__call__`."""
    import tensorflow as tf

    class Colours(tf.Module):
        @tf.function(
            input_signature=[tf.TensorSpec((batch, *size, 3), tf.uint8, "image")]
        )
        def __call__(self, image):
            values = tf.cast(image, tf.float32)
            if outputs == LOGITS:
                return {"logits": values}
            return {
                "classes": tf.cast(tf.argmax(values, -1, tf.int32), tf.uint8),
                "confidence": tf.cast(tf.reduce_max(values, -1), tf.uint8),
            }

    return Colours()


def write_saved_model(path: Path, facts=None, **options) -> Path:
    """Writes the folder of a SavedModel."""
    import tensorflow as tf

    module = colour_function(**options)
    function = module.__call__.get_concrete_function()
    tf.saved_model.save(module, str(path), signatures={"serving_default": function})
    if facts is not None:
        (path / "assets.extra").mkdir(exist_ok=True)
        (path / "assets.extra" / "segnet.json").write_text(facts.to_text())
    return path


def write_litert(path: Path, facts=None, **options) -> Path:
    """Writes a TensorFlow Lite file, its facts in a zip archive behind the network."""
    import tensorflow as tf

    module = colour_function(**options)
    function = module.__call__.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], module)
    path.write_bytes(converter.convert())
    if facts is not None:
        append(path, {"metadata.json": facts.to_text(), "labels.txt": "red\ngreen\n"})
    return path


def append(path: Path, parts: dict[str, str]) -> None:
    """Appends a zip archive to a file."""
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


def changed(facts: FileFacts, **fields) -> str:
    """Returns the text of facts with fields that no FileFacts would take."""
    return json.dumps(json.loads(facts.to_text()) | fields)


# Format -> name of its file and how it is written.
WRITERS = {
    "onnx": ("colours.onnx", write_onnx),
    "litert": ("colours.tflite", write_litert),
    "openvino": ("colours.xml", write_openvino),
    "saved_model": ("colours", write_saved_model),
}


def write(kind: str, folder: Path, facts: FileFacts | None = None, **options) -> Path:
    """Writes a file of a format and returns its path."""
    name, writer = WRITERS[kind]
    folder.mkdir(parents=True, exist_ok=True)
    return writer(folder / name, facts, **options)
