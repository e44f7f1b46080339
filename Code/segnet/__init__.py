"""segnet: slim networks for semantic segmentation of road scenes.

`segnet.load(model)` returns a trained network by its name, file or run folder.

A verb of the command is a folder; what several verbs share has a folder per noun.
The first line of each folder's `__init__` says what lives there, and "What is where"
in the README is made of these lines.

Importing the package loads nothing else: data work starts fast and without a
deep-learning framework; import the module you need.
"""

import logging
import os
from importlib import import_module
from typing import Any

__version__ = "0.2.0"

# ONNX Runtime sends names and hashes of models to its publisher, on Linux since 1.29.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

QUIET = "TF_CPP_MIN_LOG_LEVEL"


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


# TensorFlow greets with lines about devices that look like failures, and warns of
# retracing where a network meets a new size. Whoever sets the variable hears them.
if os.environ.setdefault(QUIET, "3") == "3":
    logging.getLogger("tensorflow").addFilter(_is_error)


def __getattr__(name: str) -> Any:
    # On demand: reading a network needs Keras, which takes seconds.
    if name == "load":
        return import_module("segnet.runs.loading").load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
