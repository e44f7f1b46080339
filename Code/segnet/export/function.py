"""A network as one TensorFlow function: from uint8 images to what a file returns.

Every format is made from this function, so that all of them compute the same. Argmax
and confidence are plain TensorFlow: Keras' own argmax looks at the bits of the numbers,
and ONNX Runtime and LiteRT have no operators for that. Keras may run on another backend
elsewhere, but the converters of all formats read TensorFlow's graphs.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from segnet.runtimes.facts import CLASSES, LOGITS

INPUT = "image"
# The scope of everything behind the logits, so that it can stay in float32.
ANSWER = "answer"
# For finding the layer at which a file diverges: one output for each layer.
LAYERS = "layers"


@dataclass(frozen=True)
class Network:
    """A network as it will be written.

    Args:
        model: From images (B, H, W, 3) to logits (B, H, W, K), H and W fixed; with the
            outputs `LAYERS` it returns a dictionary with an array for each layer.
        batch_size: B, fixed in the file.
        outputs: `segnet.runtimes.facts.CLASSES`, `LOGITS`, or `LAYERS`.

    Raises:
        ValueError: Keras runs on another backend than TensorFlow.
    """

    model: keras.Model
    batch_size: int = 1
    outputs: str = CLASSES

    def __post_init__(self) -> None:
        backend = keras.backend.backend()
        if backend != "tensorflow":
            raise ValueError(
                f"Keras runs on {backend}, and the converters need TensorFlow: put "
                f"KERAS_BACKEND=tensorflow before the command"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """(B, H, W, 3)."""
        return (self.batch_size, *self.model.input_shape[1:])

    def signature(self) -> list[Any]:
        """Returns the input of `function`: `image`, uint8 of `shape`."""
        import tensorflow as tf

        return [tf.TensorSpec(self.shape, tf.uint8, name=INPUT)]

    def function(self) -> Any:
        """Returns a `tf.function` from images to the outputs by their names."""
        import tensorflow as tf

        def infer(image: Any) -> dict[str, Any]:
            image = tf.cast(image, self.model.input.dtype)
            return self._ends(self.model(image, training=False))

        return tf.function(infer, input_signature=self.signature(), autograph=False)

    def _ends(self, values: Any) -> dict[str, Any]:
        if self.outputs == LAYERS:
            return values
        if self.outputs == LOGITS:
            return {"logits": values}
        return class_ids(values)


def to_litert(folder: str, half: bool = False) -> bytes:
    """Returns a SavedModel as a LiteRT file, of built-in operators only.

    Args:
        folder: Of the SavedModel.
        half: Whether weights are kept in float16.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    if half:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def to_int8_litert(
    folder: str,
    images: Callable[[], Iterable[np.ndarray]],
    in_float: Callable[[list[str]], list[str]],
) -> bytes:
    """Returns a SavedModel as a LiteRT file in 8-bit integers, parts in float32.

    The converter alone quantises all it can; only its debugger takes exceptions.

    Args:
        folder: Of the SavedModel.
        images: Gives (B, H, W, 3) uint8 for calibration.
        in_float: Chooses from the names of all tensors those to keep in float32.
    """
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ({INPUT: batch} for batch in images())
    debug = tf.lite.experimental
    debugger = debug.QuantizationDebugger(
        converter=converter, debug_dataset=lambda: ([batch] for batch in images())
    )
    calibrated = Interpreter(model_content=debugger.calibrated_model)
    names = [tensor["name"] for tensor in calibrated.get_tensor_details()]
    debugger.options = debug.QuantizationDebugOptions(denylisted_nodes=in_float(names))
    return debugger.get_nondebug_quantized_model()


def class_ids(logits: Any) -> dict[str, Any]:
    """Returns `classes` and `confidence`, (B, H, W) uint8, for TensorFlow's logits.

    The confidence is the largest softmax probability, 255 for 1. It needs no softmax,
    which would take as long as the rest of the network: it is the reciprocal of a sum.
    """
    import tensorflow as tf

    with tf.name_scope(ANSWER):
        classes = tf.argmax(logits, axis=-1, output_type=tf.int32)  # (B, H, W)
        largest = tf.reduce_max(logits, axis=-1, keepdims=True)
        confidence = 1 / tf.reduce_sum(tf.exp(logits - largest), axis=-1)
        return {
            "classes": tf.cast(classes, tf.uint8),
            "confidence": tf.cast(tf.round(255 * confidence), tf.uint8),
        }
