"""Writes a network as a SavedModel, the folder of TensorFlow and its converters."""

from pathlib import Path

import keras

from segnet.export.function import Network
from segnet.runtimes.facts import FileFacts
from segnet.runtimes.saved_model import FACTS, SIGNATURE


def write_saved_model(network: Network, folder: str | Path) -> None:
    """Writes a network as a SavedModel with the signature `serving_default`.

    Args:
        network: What to write.
        folder: A new folder.
    """
    archive = keras.export.ExportArchive()
    # Without this the variables would be missing, and converters would not say so.
    archive.track(network.model)
    archive.add_endpoint(SIGNATURE, network.function())
    archive.write_out(str(folder), verbose=False)


def add_facts(folder: str | Path, facts: FileFacts) -> None:
    """Puts facts into `assets.extra/segnet.json`, a folder that TensorFlow ignores."""
    path = Path(folder) / FACTS
    path.parent.mkdir(exist_ok=True)
    path.write_text(facts.to_text() + "\n", encoding="utf-8")
