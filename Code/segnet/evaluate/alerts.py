"""Warnings that a reader of a score should see first."""

from dataclasses import dataclass

from segnet.data.store import Split
from segnet.runtimes.facts import LOGITS
from segnet.scores.drives import drives_of
from segnet.scores.intervals import FEW_BLOCKS

MUCH_VOID = 0.2


@dataclass(frozen=True)
class Alert:
    """One thing to know: "warning" where it flatters the score, else "note"."""

    severity: str
    text: str


def alerts_of(report: dict, frames: Split, seen: bool) -> list[Alert]:
    """Returns what qualifies a score, the weightiest first.

    Args:
        report: With its details.
        frames: The split that was scored.
        seen: Whether the network was trained on these frames, as far as is known.
    """
    details = report["details"]
    found = []
    if seen:
        found.append(
            Alert(
                "warning",
                f"This network was trained on {frames.name}: the score says nothing "
                f"about other frames.",
            )
        )
    shared = _drives_in_train(frames)
    if shared and not seen:
        drives = details["interval"]["drives"]
        which = f"{len(shared)} of the {drives} drives" if drives > 1 else "The drive"
        verb = "is" if len(shared) == 1 else "are"
        found.append(
            Alert(
                "warning",
                f"{which} of {frames.name} {verb} also in train "
                f"({', '.join(shared[:4])}): a network trained there knows these "
                f"streets and scores lower on others.",
            )
        )
    blocks = details["interval"]["blocks"]
    if blocks < FEW_BLOCKS:
        found.append(
            Alert(
                "warning",
                f"The frames make {blocks} independent blocks; intervals of so few "
                f"are too narrow.",
            )
        )
    found += [Alert("note", text) for text in _notes(report, frames)]
    return found


def _notes(report: dict, frames: Split) -> list[str]:
    details, notes = report["details"], []
    if report["absent"]:
        notes.append(
            f"Absent from the ground truth and left out of the mean: "
            f"{', '.join(report['absent'])}."
        )
    unasked = details["predicted_without_ground_truth"]
    if unasked:
        other = details["miou_in_three_ways"]["absent_as_zero"]
        notes.append(
            f"Predicted but absent from the ground truth: {', '.join(unasked)}. "
            f"mmsegmentation, cityscapesScripts and scikit-learn count such a class "
            f"as 0, which makes {100 * other:.1f}."
        )
    if details["void_share"] > MUCH_VOID:
        notes.append(
            f"{100 * details['void_share']:.0f} % of the pixels are void and were not "
            f"scored."
        )
    skipped = len(frames.store.skipped)
    if skipped:
        notes.append(f"{skipped} bad frames were left out when the store was made.")
    if report["test_time"]:
        notes.append("Predictions are averaged over several views of each frame.")
    exported = report.get("exported")
    if exported and exported["outputs"] != LOGITS:
        notes.append(
            "The file gives confidence in steps of 1/255, so calibration and "
            "confident mistakes are as fine as that."
        )
    return notes


def _drives_in_train(frames: Split) -> list[str]:
    """Drives of the split that also train."""
    store = frames.store
    if frames.name == "train" or "train" not in store.splits:
        return []
    trained = drives_of(store["train"].frame_ids)
    return [name for name in drives_of(frames.frame_ids) if name in trained]
