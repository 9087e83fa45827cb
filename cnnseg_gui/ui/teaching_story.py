"""A fine-tune told in words as it goes: what it began from, what it took in, how it got on."""

from __future__ import annotations

from PySide6.QtCore import QObject

from cnnseg_gui.editor.fine_tuning import FineTuning
from cnnseg_gui.engine.messages import TrainMaterial, TrainProgress
from cnnseg_gui.ui.panels.training_run import TrainingRun, material_in_words


class TeachingStory(QObject):
    """Writes down what a running fine-tune tells; how it ended is said by whoever knows."""

    def __init__(self, run: TrainingRun, fine_tuning: FineTuning, parent: QObject) -> None:
        super().__init__(parent)
        self._run = run
        self._iou: float | None = None
        self._material: TrainMaterial | None = None
        fine_tuning.material_told.connect(self._on_material)
        fine_tuning.progressed.connect(self._on_progressed)
        fine_tuning.resumed.connect(run.say)
        fine_tuning.lightened.connect(run.say)

    def begin(self, model: str) -> None:
        """A fine-tune has begun, of this model in words."""
        self._iou = self._material = None
        self._run.say(f"Began with {model}.")

    def _on_material(self, material: TrainMaterial) -> None:
        before, self._material = self._material, material
        self._run.show_material(material)
        where = f"{material.device}, {material.precision}"
        if before is None:
            self._run.say(f"Learns from {material_in_words(material)}. On {where}.")
            return
        if (before.device, before.precision) != (material.device, material.precision):
            self._run.say(f"Now on {where}.")
        if (before.images, before.decided) != (material.images, material.decided):
            self._run.say(f"Took new corrections in: {material_in_words(material)}.")

    def _on_progressed(self, progress: TrainProgress) -> None:
        found = progress.iou
        if found is None:
            return
        before, self._iou = self._iou, found
        if before is None:
            self._run.say(f"Held-out IoU {found:.2f} before learning.")
        else:
            self._run.say(f"Held-out IoU {before:.2f} → {found:.2f} at step {progress.step}.")
