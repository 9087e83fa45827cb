"""A classifier made fully convolutional says on one window what it said before."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cnnseg_models.classifiers import build_classifier
from cnnseg_models.convolutionalize import convolutionalize

TEN = 10


def with_statistics(network: nn.Module) -> nn.Module:
    """Norms that are not the identity, as trained ones are not."""
    torch.manual_seed(2)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            nn.init.normal_(part.running_mean, std=0.1)
            nn.init.uniform_(part.running_var, 0.5, 2.0)
    return network.eval()


@pytest.mark.parametrize(
    "name", ["alexnet", "alexnet-2012", "vgg16", "resnet18", "resnet50", "googlenet"]
)
def test_on_one_window_it_equals_the_classifier(name: str) -> None:
    torch.manual_seed(0)
    classifier = with_statistics(build_classifier(name, TEN))
    convolutional = convolutionalize(classifier)
    assert not any(isinstance(part, nn.Linear) for part in convolutional.modules())
    x = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        wanted, found = classifier(x), convolutional(x)
    assert found.shape == (1, TEN, 1, 1)
    scale = wanted.abs().max().item()
    torch.testing.assert_close(found[..., 0, 0], wanted, rtol=0, atol=1e-4 * scale)
    assert wanted.std() > 0


def test_a_larger_image_gives_the_scores_of_all_its_windows() -> None:
    """Without padding a cell of the map is the classifier on the window it stands for."""
    torch.manual_seed(0)
    classifier = build_classifier("alexnet", TEN).eval()
    for part in classifier.features.modules():  # padding sees zeros where a window sees the image
        if isinstance(part, nn.Conv2d):
            part.padding = (0, 0)
    side = 355  # what one cell of AlexNet without padding sees: a 6×6 map of the features
    convolutional = convolutionalize(classifier, side)
    x = torch.randn(1, 3, side, side + 2 * 32)
    with torch.no_grad():
        scores = convolutional(x)
        windows = [classifier(x[..., at : at + side]) for at in (0, 32, 64)]
    assert scores.shape == (1, TEN, 1, 3)
    for cell, window in enumerate(windows):
        torch.testing.assert_close(scores[..., 0, cell], window, rtol=1e-3, atol=1e-4)


def test_the_weights_are_shared_not_copied() -> None:
    classifier = build_classifier("alexnet", TEN)
    convolutional = convolutionalize(classifier)
    first = next(p for p in convolutional.parameters())
    assert first is next(classifier.parameters())
    dense = classifier.classifier[1].weight
    assert dense.data_ptr() in {p.data_ptr() for p in convolutional.parameters()}


def test_what_is_no_classifier_is_refused() -> None:
    with pytest.raises(TypeError, match="Conv2d"):
        convolutionalize(nn.Conv2d(3, 3, 1))
