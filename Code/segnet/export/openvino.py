"""Writes a network as OpenVINO, the runtime of Intel processors: `.xml`, `.bin`."""

from pathlib import Path

from segnet.runtimes.facts import KEY, FileFacts


def convert_onnx(onnx_file: str | Path, path: str | Path, facts: FileFacts) -> None:
    """Writes an ONNX file as OpenVINO, with facts in its `rt_info`.

    `rt_info/model_info` holds what OpenVINO's ModelAPI reads, where a label is a word.

    Args:
        onnx_file: With weights of float32 or int8.
        path: The `.xml`; the weights become a `.bin` with the same stem.
        facts: Weights are kept in float16 where their precision is "float16".
    """
    import openvino

    # Not convert_model, which reports each call to its makers.
    model = openvino.Core().read_model(str(onnx_file))
    labels = " ".join(name.replace(" ", "_") for name in facts.class_map.names)
    model.set_rt_info(facts.to_text(), [KEY])
    model.set_rt_info("Segmentation", ["model_info", "model_type"])
    model.set_rt_info(labels, ["model_info", "labels"])
    openvino.save_model(model, str(path), compress_to_fp16=facts.precision == "float16")
