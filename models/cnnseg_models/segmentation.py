"""What every segmentation network here is."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

ScoreLayer = nn.Conv2d | nn.ConvTranspose2d


class SegmentationNetwork(nn.Module):
    """`forward` takes float[N, in_channels, H, W] in 0…1 and returns logits [N, classes, H', W'].

    It normalises its input itself. H' = H and W' = W, from 1×1 up, where `context` is 0; else
    both are smaller by twice the context, and `is_legal_side` says which sides it takes.
    Memory format is the caller's; channels_last is faster.
    """

    context: int = 0
    """Pixels that the logits lack on each side of the input."""
    batch: int = 4
    """Patches that it learns from in a step; norms that follow the batch need several."""
    poses: int = 1
    """1, or 2: it is quick enough to be asked about every image and its mirror image."""
    head: nn.Conv2d
    """The 1×1 convolution that scores the classes."""

    @property
    def classes(self) -> int:
        """Of the logits."""
        return self.head.out_channels

    def class_layers(self) -> tuple[str, ...]:
        """Names of the layers that differ between sets of classes: dimension 0 is the class.

        `head` first; the others refine its scores.
        """
        return ("head",)

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The pretrained ones, which learn at a lower rate; empty where there are none."""
        return []

    def load_pretrained(self, state: Mapping[str, Tensor]) -> None:
        """Takes over a published classifier's weights, in place, where its encoder has them.

        Raises:
            ValueError: the network has no encoder of its own, or the weights are another one's.
        """
        raise ValueError("this network has no pretrained weights")
