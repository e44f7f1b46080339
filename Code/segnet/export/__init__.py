"""Writes a network as a file for other runtimes, ONNX first, and proves it on frames.

`export(model, path, format)` does both, behind `segnet export`.
"""

from segnet.export.exporting import UnprovenExportError, export
from segnet.export.report import ExportReport

__all__ = ["ExportReport", "UnprovenExportError", "export"]
