"""What every segmentation network here is."""

from __future__ import annotations

from torch import nn


class SegmentationNetwork(nn.Module):
    """`forward` takes float[N, in_channels, H, W] in 0…1 and returns logits [N, classes, H', W'].

    It normalises its input itself. H' = H and W' = W, from 1×1 up, where `context` is 0; else
    both are smaller by twice the context, and `is_legal_side` says which sides it takes.
    Memory format is the caller's; channels_last is faster.
    """

    context: int = 0
    """Pixels that the logits lack on each side of the input."""
    head: nn.Conv2d
    """The 1×1 convolution that scores the classes: all that differs between sets of classes."""

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The pretrained ones, which learn at a lower rate; empty where there are none."""
        return []
