"""Kernels that compute stock layers faster than Keras does, for one training run."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import keras

KERNELS = ("keras", "fast")
# Each module has `replaced()`, a context manager.
FAST = {
    "tensorflow": "segnet.train.kernels_tensorflow",
    "jax": "segnet.train.kernels_jax",
}


@contextmanager
def use_kernels(name: str) -> Iterator[None]:
    """Uses kernels by name while inside; the mathematics is that of Keras.

    Args:
        name: "keras" changes nothing. "fast" takes one kernel for batch normalisation
            on TensorFlow, and depthwise convolutions as sums of shifted images on JAX;
            the last bits of a result differ.

    Raises:
        ValueError: No such name, or no fast kernels for this backend.
    """
    if name not in KERNELS:
        raise ValueError(f"kernels are {name!r}, expected one of {', '.join(KERNELS)}")
    if name == "keras":
        yield
        return
    backend = keras.backend.backend()
    if backend not in FAST:
        raise ValueError(
            f"no fast kernels for Keras on {backend}; set KERAS_BACKEND to "
            f"{' or '.join(FAST)}, or leave --kernels away"
        )
    with import_module(FAST[backend]).replaced():
        yield
