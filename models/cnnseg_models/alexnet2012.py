"""AlexNet as it was in 2012: two groups of kernels, one per graphics card.

Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks"
(NIPS 2012). 60,965,224 parameters.
"""

from __future__ import annotations

from torch import Tensor, nn


class AlexNet2012(nn.Module):
    """96 kernels of 11×11 (2×48), 256 of 5×5 (2×128), three times 3×3, three dense layers.

    The second, fourth and fifth convolution see only the kernels of their own group.

    Args:
        labels: of the logits.
        dropout: before the first two dense layers.
        grouped: as in 2012; else every kernel sees all channels (62,378,344 parameters).
    """

    def __init__(self, labels: int = 1000, *, dropout: float = 0.5, grouped: bool = True) -> None:
        super().__init__()
        groups = 2 if grouped else 1
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 11, stride=4, padding=2),  # 224 → 55, as 227 without padding
            nn.ReLU(inplace=True),
            _response_norm(),
            nn.MaxPool2d(3, 2),  # 27: overlapping
            nn.Conv2d(96, 256, 5, padding=2, groups=groups),
            nn.ReLU(inplace=True),
            _response_norm(),
            nn.MaxPool2d(3, 2),  # 13
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 384, 3, padding=1, groups=groups),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1, groups=groups),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),  # 6
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))  # does nothing to 224×224
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, labels),
        )
        self._begin()

    def forward(self, x: Tensor) -> Tensor:
        """float[N, 3, 224, 224], normalised → logits [N, labels]; other sizes from 63 up."""
        logits: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return logits

    def _begin(self) -> None:
        """Normal weights of σ 0.01; biases 1 where the paper wants ReLUs to begin alive."""
        layers = [m for m in self.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
        for number, layer in enumerate(layers, start=1):
            nn.init.normal_(layer.weight, std=0.01)
            assert layer.bias is not None
            nn.init.constant_(layer.bias, 1.0 if number in (2, 4, 5, 6, 7) else 0.0)


def _response_norm() -> nn.LocalResponseNorm:
    """n = 5, α = 1e-4, β = 0.75, k = 2; PyTorch divides α by n, and the paper does not."""
    return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)
