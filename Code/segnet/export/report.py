"""The report of an export: what was written, and how it compares with Keras."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from segnet.export.divergence import LayerError
from segnet.export.proof import NEAR_TIE, Proof
from segnet.report.tables import percent, text_table
from segnet.runtimes.facts import FileFacts


@dataclass(frozen=True)
class Written:
    """A written file and its proof.

    Args:
        precision: One of `segnet.runtimes.facts.PRECISIONS`.
        bytes: Size, with all files that belong to it.
        proof: Its comparison with Keras.
    """

    precision: str
    bytes: int
    proof: Proof


@dataclass
class ExportReport:
    """What `segnet.export.export` did.

    Args:
        path: The file or folder.
        format: Key of `segnet.runtimes.formats.FORMATS`.
        facts: Those inside the file.
        files: The file, and before it the one in float32 where that was written to
            compare them.
        runtime: Name, version and threads of the runtime of the proof.
        seconds: Time of the whole export.
        notes: What the user should know, one sentence each.
        divergence: The first layer that diverges from Keras, of a file with faults.
        layers: The errors of all layers, of a file with faults.
    """

    path: Path
    format: str
    facts: FileFacts
    files: list[Written] = field(default_factory=list)
    runtime: str = ""
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    divergence: LayerError | None = None
    layers: list[LayerError] = field(default_factory=list)

    @property
    def proof(self) -> Proof:
        """The proof of the file itself."""
        return self.files[-1].proof

    def note_speed(self) -> None:
        """Notes where the file is slower than the one in float32."""
        before, now = (
            file.proof.milliseconds for file in (self.files[0], self.files[-1])
        )
        if now > before:
            self.notes.append(
                f"{self.facts.precision} takes {now / before:.1f} times as long as "
                f"{self.files[0].precision} on this processor"
            )

    def to_json(self) -> str:
        """Returns all figures as JSON text."""
        content: dict[str, Any] = asdict(replace(self, facts=None))  # type: ignore[arg-type]
        content["path"] = self.path.name
        content["facts"] = json.loads(self.facts.to_text())
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

    def text(self) -> str:
        """Returns the table and sentences for the terminal."""
        proof = self.proof
        size = "x".join(map(str, self.facts.size))
        lines = [
            f"{self.path}: {self.format}, {size}, batch {self.facts.batch_size}, "
            f"{self.facts.outputs}, in {self.seconds:.0f} s",
            f"beside Keras on {proof.words}, in {self.runtime}:",
            self._table(),
            *self._largest(proof),
            *(f"note: {note}" for note in self.notes),
        ]
        if proof.faults:
            lines += [f"fault: {fault}" for fault in proof.faults]
            lines.append(self._where())
        return "\n".join(lines)

    def _table(self) -> str:
        keras_miou = self.proof.keras_miou
        header = ["", "MB", "ms", "other class %", "outside near-ties", "mIoU %"]
        rows = [["Keras", "", "", "", "", percent(keras_miou, 2, none="-")]]
        for file in self.files:
            proof = file.proof
            rows.append(
                [
                    file.precision,
                    f"{file.bytes / 1e6:.2f}",
                    f"{proof.milliseconds:.1f}",
                    f"{100 * proof.share:.4f}",
                    f"{proof.clear:,}",
                    percent(proof.miou, 2, none="-"),
                ]
            )
        return text_table(header, rows, indent="  ")

    def _largest(self, proof: Proof) -> list[str]:
        lines = [f"near-tie: Keras' two largest logits differ by at most {NEAR_TIE}"]
        if proof.logits is not None:
            lines.append(f"largest difference of a logit: {proof.logits:.2g}")
        if proof.confidence is not None:
            lines.append(
                f"largest difference of the confidence: {proof.confidence} of 255; the "
                f"file holds no logits"
            )
        return lines

    def _where(self) -> str:
        if self.divergence is not None:
            layer = self.divergence
            return (
                f"first layer that diverges: {layer.name} ({layer.kind}), relative "
                f"error {layer.error:.2g}"
            )
        if not self.layers:
            return "no layer could be compared by itself"
        layer = max(self.layers, key=lambda one: one.error)
        return (
            f"no layer diverges by itself; the largest relative error is "
            f"{layer.error:.2g}, of {layer.name} ({layer.kind})"
        )
