"""A classifier becomes a fully convolutional network with the same weights.

Long, Shelhamer, Darrell, "Fully Convolutional Networks for Semantic Segmentation" (CVPR 2015): a
dense layer is a convolution whose kernel spans its whole input, so that a larger image gives a map
of scores, one for every window the classifier could have been shown.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import torch
import torchvision.models as tv
from torch import nn

from cnnseg_models.alexnet2012 import AlexNet2012


def convolutionalize(classifier: nn.Module, window: int = 224) -> nn.Sequential:
    """The classifier as `features` and `dense`, two stacks of layers without a dense one.

    The parts are the classifier's own: convolutions and norms are shared, the dense layers'
    weights are views. On one window the output [N, labels, 1, 1] equals the classifier's; a larger
    image gives the map of all windows.

    Args:
        classifier: AlexNet (either), VGG, ResNet or GoogLeNet.
        window: side in pixels that its dense layers were made for.

    Raises:
        TypeError: another kind of network.
    """
    features, dense = _parts(classifier)
    channels, height, width = _output_shape(features, window)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    spatial = (height, width)
    for number, layer in enumerate(dense):
        if not isinstance(layer, nn.Linear):
            layers[f"{number}"] = layer
            continue
        if spatial != (1, 1) and layer.in_features == channels:
            layers["pool"] = nn.AvgPool2d(spatial, stride=1)
            spatial = (1, 1)
        layers[f"{number}"] = _convolution(layer, spatial)
        spatial = (1, 1)
    return nn.Sequential(OrderedDict(features=features, dense=nn.Sequential(layers)))


def _convolution(layer: nn.Linear, kernel: tuple[int, int]) -> nn.Conv2d:
    """The dense layer as a convolution; its weight matrix, seen as [out, in, height, width]."""
    channels = layer.in_features // (kernel[0] * kernel[1])
    with torch.device("meta"):
        conv = nn.Conv2d(channels, layer.out_features, kernel)
    conv.weight = nn.Parameter(layer.weight.detach().view(layer.out_features, channels, *kernel))
    conv.bias = nn.Parameter(layer.bias.detach())
    return conv.train(layer.training)


def _parts(classifier: nn.Module) -> tuple[nn.Sequential, list[nn.Module]]:
    """Everything before the dense layers, and these with what lies between them."""
    if isinstance(classifier, (tv.AlexNet, AlexNet2012, tv.VGG)):
        features = classifier.features
        assert isinstance(features, nn.Sequential)
        return features, list(classifier.classifier)
    if isinstance(classifier, (tv.ResNet, tv.GoogLeNet)):
        features = nn.Sequential(OrderedDict(_trunk(classifier)))
        return features, [classifier.fc]
    raise TypeError(f"{type(classifier).__name__} cannot be convolutionalized")


def _trunk(classifier: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The layers up to the last pooling, in the order in which they are run."""
    for name, part in classifier.named_children():
        if name == "avgpool":
            return
        if not name.startswith("aux"):
            yield name, part


def _output_shape(features: nn.Module, window: int) -> tuple[int, int, int]:
    """[channels, height, width] of the features of a window; nothing is computed."""
    state = {key: value.to("meta") for key, value in features.state_dict().items()}
    training = features.training
    features.eval()
    try:
        out = torch.func.functional_call(
            features, state, torch.empty(1, 3, window, window, device="meta")
        )
    finally:
        features.train(training)
    _, channels, height, width = out.shape
    return channels, height, width
