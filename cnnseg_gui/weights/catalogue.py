"""The published weights there are: where, how large, under which terms, how good.

Addresses, sizes and scores are torchvision's (`torchvision.models`, the `…_Weights` enums).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MEBIBYTE = 2**20

_BASE = "https://download.pytorch.org/models/"
_IMAGENET = "ImageNet-1k classifier"
_VOC = "segments the 20 objects of Pascal VOC, trained on COCO"
_IMAGENET_TERMS = (
    "BSD-3-Clause (torchvision); trained on ImageNet-1k, whose images are for research"
)
_COCO_TERMS = "BSD-3-Clause (torchvision); trained on COCO, whose annotations are CC BY 4.0"


@dataclass(frozen=True)
class WeightFile:
    """One published file."""

    name: str
    url: str
    mebibytes: float
    what: str
    licence: str
    top1: float | None = None
    """Per cent on ImageNet's validation images, as published."""
    top5: float | None = None
    miou: float | None = None
    """Per cent, mean IoU on COCO's validation images with VOC's classes, as published."""

    @property
    def file(self) -> str:
        """Its name on disk."""
        return self.url.rpartition("/")[2]

    @property
    def sha8(self) -> str:
        """The first eight hex digits of its sha256, which its name carries."""
        found = hash_in_name(self.file)
        assert found is not None
        return found

    @property
    def bytes(self) -> int:
        """About; the published sizes have three decimals."""
        return round(self.mebibytes * MEBIBYTE)

    @property
    def size(self) -> str:
        return f"{self.mebibytes:.1f} MiB"

    @property
    def score(self) -> str:
        """As published."""
        if self.top1 is not None:
            return f"top-1 {self.top1:.1f} %, top-5 {self.top5:.1f} %"
        return f"mean IoU {self.miou:.1f} %"


def hash_in_name(file: str) -> str | None:
    """`resnet18-f37072fd.pth` → `f37072fd`."""
    found = re.search(r"-([0-9a-f]{8})\.\w+$", file)
    return found[1] if found else None


def _imagenet(name: str, file: str, mebibytes: float, top1: float, top5: float) -> WeightFile:
    return WeightFile(
        name, _BASE + file, mebibytes, _IMAGENET, _IMAGENET_TERMS, top1=top1, top5=top5
    )


def _coco(name: str, file: str, mebibytes: float, miou: float) -> WeightFile:
    return WeightFile(name, _BASE + file, mebibytes, _VOC, _COCO_TERMS, miou=miou)


CATALOGUE: dict[str, WeightFile] = {
    entry.name: entry
    for entry in (
        _imagenet("alexnet", "alexnet-owt-7be5be79.pth", 233.087, 56.522, 79.066),
        _imagenet("vgg16", "vgg16-397923af.pth", 527.796, 71.592, 90.382),
        _imagenet("vgg16_bn", "vgg16_bn-6c64b313.pth", 527.866, 73.36, 91.516),
        _imagenet("resnet18", "resnet18-f37072fd.pth", 44.661, 69.758, 89.078),
        _imagenet("resnet34", "resnet34-b627a593.pth", 83.275, 73.314, 91.42),
        _imagenet("resnet50", "resnet50-0676ba61.pth", 97.781, 76.13, 92.862),
        _imagenet("resnet50-v2", "resnet50-11ad3fa6.pth", 97.79, 80.858, 95.434),
        _imagenet("resnet101", "resnet101-63fe2227.pth", 170.511, 77.374, 93.546),
        _imagenet("resnet101-v2", "resnet101-cd907fc2.pth", 170.53, 81.886, 95.78),
        _imagenet("resnet152", "resnet152-394f9c45.pth", 230.434, 78.312, 94.046),
        _imagenet("resnet152-v2", "resnet152-f82ba261.pth", 230.474, 82.284, 96.002),
        _imagenet("googlenet", "googlenet-1378be20.pth", 49.731, 69.778, 89.53),
        _imagenet("inception_v3", "inception_v3_google-0cc3c7bd.pth", 103.903, 77.294, 93.45),
        _coco("fcn-resnet50", "fcn_resnet50_coco-1167a1af.pth", 135.009, 60.5),
        _coco("fcn-resnet101", "fcn_resnet101_coco-7ecb50ca.pth", 207.711, 63.7),
    )
}
