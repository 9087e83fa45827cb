"""What is said of the published weights is what torchvision publishes."""

from __future__ import annotations

import pytest
from torchvision.models import WeightsEnum, get_model_weights

from cnnseg_gui.weights.catalogue import CATALOGUE, hash_in_name

_COCO = "COCO_WITH_VOC_LABELS_V1"
PUBLISHED = {
    "alexnet": ("alexnet", "IMAGENET1K_V1"),
    "vgg16": ("vgg16", "IMAGENET1K_V1"),
    "vgg16_bn": ("vgg16_bn", "IMAGENET1K_V1"),
    "resnet18": ("resnet18", "IMAGENET1K_V1"),
    "resnet34": ("resnet34", "IMAGENET1K_V1"),
    "resnet50": ("resnet50", "IMAGENET1K_V1"),
    "resnet50-v2": ("resnet50", "IMAGENET1K_V2"),
    "resnet101": ("resnet101", "IMAGENET1K_V1"),
    "resnet101-v2": ("resnet101", "IMAGENET1K_V2"),
    "resnet152": ("resnet152", "IMAGENET1K_V1"),
    "resnet152-v2": ("resnet152", "IMAGENET1K_V2"),
    "googlenet": ("googlenet", "IMAGENET1K_V1"),
    "inception_v3": ("inception_v3", "IMAGENET1K_V1"),
    "fcn-resnet50": ("fcn_resnet50", _COCO),
    "fcn-resnet101": ("fcn_resnet101", _COCO),
}


def test_the_list_holds_these_weights_and_no_others() -> None:
    assert list(CATALOGUE) == list(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_address_size_and_scores_are_the_published_ones(name: str) -> None:
    builder, version = PUBLISHED[name]
    theirs: WeightsEnum = get_model_weights(builder)[version]
    ours = CATALOGUE[name]
    (scores,) = theirs.meta["_metrics"].values()

    assert ours.name == name
    assert ours.url == theirs.url
    assert ours.mebibytes == theirs.meta["_file_size"]
    assert ours.top1 == scores.get("acc@1")
    assert ours.top5 == scores.get("acc@5")
    assert ours.miou == scores.get("miou")
    assert f"-{ours.sha8}.pth" in theirs.url


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_size_is_in_mebibytes_of_float32(name: str) -> None:
    """Beside its parameters, a file holds little: running statistics, and names."""
    builder, version = PUBLISHED[name]
    parameters = get_model_weights(builder)[version].meta["num_params"]

    assert 1.0 <= CATALOGUE[name].bytes / (4 * parameters) < (2.0 if name == "googlenet" else 1.05)


def test_a_size_and_a_score_read_as_a_person_says_them() -> None:
    assert CATALOGUE["resnet50"].size == "97.8 MiB"
    assert CATALOGUE["resnet50"].score == "top-1 76.1 %, top-5 92.9 %"
    assert CATALOGUE["fcn-resnet50"].score == "mean IoU 60.5 %"


def test_the_terms_name_what_the_weights_were_trained_on() -> None:
    for entry in CATALOGUE.values():
        assert "BSD-3-Clause" in entry.licence
        assert ("COCO" if entry.miou else "ImageNet-1k") in entry.licence


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("resnet18-f37072fd.pth", "f37072fd"),
        ("mine-0123abcd.safetensors", "0123abcd"),
        ("resnet18.pth", None),
        ("resnet18-f37072f.pth", None),
        ("resnet18-f37072fd.pth.part", None),
    ],
)
def test_a_hash_is_read_from_a_name_that_carries_one(file: str, found: str | None) -> None:
    assert hash_in_name(file) == found
