"""Images and masks of a request, as they are learnt from. Imports torch."""

from __future__ import annotations

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask, Pixels
from cnnseg_gui.engine.jobs import Job
from cnnseg_gui.engine.messages import TrainImage
from cnnseg_gui.engine.stock import Images
from cnnseg_gui.learning.sampling import Example


def example_of(images: Images, job: Job, image: TrainImage, mask: Mask) -> Example:
    """An image with its mask; the pixels are asked for when they are first needed.

    That raises Stopped where the job is, and UserError where they cannot be had or have another
    size than the mask.
    """

    def load() -> Pixels:
        job.raise_if_stopped()
        pixels = images.load(image.image, job.stopped)
        if pixels.shape[:2] != mask.shape:
            raise UserError(
                f"the size of image {image.image[:8]} is {pixels.shape[:2]}, "
                f"that of its mask {mask.shape}",
                remedy="The mask belongs to another image: leave this one out.",
            )
        return pixels

    return Example(image.image, load, mask, image.held_out)
