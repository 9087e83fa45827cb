"""The layer table: every weight once, true shapes, and receptive fields that gradients confirm."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from cnnseg_models import registry
from cnnseg_models.classifiers import CLASSIFIERS, build_classifier, build_empty_classifier
from cnnseg_models.layers import Layer, layer_table, summary

SEEN = (3, 256, 256)


def table_of(name: str) -> list[Layer]:
    if name in CLASSIFIERS:
        side = CLASSIFIERS[name].preprocessing.crop
        return layer_table(build_empty_classifier(name), (3, side, side))
    return layer_table(registry.build_empty(name, classes=2), SEEN)


def size_of(name: str) -> int:
    if name in CLASSIFIERS:
        network: nn.Module = build_empty_classifier(name)
    else:
        network = registry.build_empty(name, classes=2)
    return sum(p.numel() for p in network.parameters())


def row(layers: list[Layer], name: str) -> Layer:
    return next(layer for layer in layers if layer.name == name)


@pytest.mark.parametrize("name", [*CLASSIFIERS, *registry.names()])
def test_the_tables_parameters_are_the_networks_to_the_unit(name: str) -> None:
    assert summary(table_of(name)).parameters == size_of(name)


@pytest.mark.parametrize("name", [*CLASSIFIERS, *registry.names()])
def test_every_row_has_a_name_of_its_own_and_takes_rows_above_it(name: str) -> None:
    layers = table_of(name)
    assert len({layer.name for layer in layers}) == len(layers)
    for index, layer in enumerate(layers):
        assert all(0 <= taken < index for taken in layer.inputs), layer.name
    assert not [x.name for x in layers if x.kind in ("sum", "concatenation") and len(x.inputs) < 2]


def test_vgg16_as_the_lecture_has_it() -> None:
    layers = table_of("vgg16")
    kinds = [layer.kind for layer in layers]
    assert (kinds.count("convolution"), kinds.count("pooling"), kinds.count("dense")) == (13, 6, 3)
    first, pool5, fc6 = (row(layers, n) for n in ("features.0", "features.30", "classifier.0"))
    assert (first.output_shape, first.parameters) == ((64, 224, 224), 1_792)
    assert first.macs == 64 * 224 * 224 * 27
    assert (pool5.output_shape, pool5.receptive_field) == ((512, 7, 7), (212, 212))
    assert (fc6.output_shape, fc6.parameters, fc6.receptive_field) == ((4096,), 102_764_544, None)
    assert summary(layers).layers == 16
    assert summary(layers).macs == 15_470_264_320


def test_alexnet_of_2012_layer_by_layer() -> None:
    weighty = [layer for layer in table_of("alexnet-2012") if layer.parameters]
    published = (34_944, 307_456, 885_120, 663_936, 442_624, 37_752_832, 16_781_312, 4_097_000)
    assert tuple(layer.parameters for layer in weighty) == published
    first = weighty[0]
    assert (first.kernel, first.stride, first.receptive_field) == ((11, 11), (4, 4), (11, 11))
    assert [layer.groups for layer in weighty[:5]] == [1, 2, 1, 2, 2]
    assert first.output_shape == (96, 55, 55)


def test_a_dense_layer_made_convolutional_sees_404_and_355_pixels() -> None:
    assert row(table_of("fcn32s-vgg16"), "dense.0").receptive_field == (404, 404)
    assert row(table_of("fcn32s-vgg16"), "head").receptive_field == (404, 404)
    assert row(table_of("fcn32s-alexnet"), "head").receptive_field == (355, 355)


def test_a_kernel_of_1_by_7_widens_columns_only() -> None:
    layers = table_of("inception_v3")
    before = row(layers, "Mixed_6b.branch7x7_1.conv").receptive_field
    after = row(layers, "Mixed_6b.branch7x7_2.conv").receptive_field
    assert before is not None
    assert after == (before[0], before[1] + 6 * 16)


def test_global_pooling_sees_everything_and_so_do_the_layers_after_it() -> None:
    layers = table_of("resnet18")
    assert row(layers, "layer4.1.bn2").receptive_field == (435, 435)
    assert row(layers, "avgpool").receptive_field is None
    assert row(layers, "fc").receptive_field is None


def test_functions_without_a_module_have_rows_too() -> None:
    layers = table_of("unet")
    kinds = [layer.kind for layer in layers]
    assert [kinds.count(k) for k in ("pooling", "upsampling", "concatenation")] == [4, 4, 4]
    joined = next(layer for layer in layers if layer.kind == "concatenation")
    assert joined.output_shape == (1024, 32, 32)
    assert summary(layers).layers == 23
    assert layers[-1].output_shape == (2, 256, 256)


def test_the_network_is_neither_run_nor_changed() -> None:
    torch.manual_seed(0)
    network = build_classifier("resnet18", 3).train()
    network.layer1.eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    modes = [part.training for part in network.modules()]
    layer_table(network, (3, 64, 64))
    after = network.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert [part.training for part in network.modules()] == modes
    assert not any(part._forward_hooks for part in network.modules())


def test_a_shape_that_the_network_cannot_take_is_an_error() -> None:
    with pytest.raises(RuntimeError):
        layer_table(build_empty_classifier("vgg16"), (5, 224, 224))


windows = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 2), st.booleans())


@settings(deadline=None, max_examples=40)
@given(st.lists(windows, min_size=1, max_size=4))
def test_a_receptive_field_is_where_the_gradient_arrives(
    kinds: list[tuple[int, int, int, bool]],
) -> None:
    """Of one cell, through convolutions and poolings of any kernel, stride and dilation."""
    stack = nn.Sequential(*(_layer(*kind) for kind in kinds)).double()
    field = layer_table(stack, (1, 320, 320))[-1].receptive_field
    x = torch.ones(1, 1, 320, 320, dtype=torch.float64, requires_grad=True)
    out = stack(x)
    middle = out[0, 0, out.shape[2] // 2, out.shape[3] // 2]
    (gradient,) = torch.autograd.grad(middle, x)
    assert field == _extent(gradient[0, 0])


@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (4, 2), (5, 2), (16, 8)])
def test_after_a_transposed_convolution_the_widest_output_sees_so_much(
    kernel: int, stride: int
) -> None:
    up = nn.ConvTranspose2d(1, 1, kernel, stride)
    nn.init.ones_(up.weight)
    stack = nn.Sequential(_layer(3, 2, 1, False), up).double()
    field = layer_table(stack, (1, 64, 64))[-1].receptive_field
    x = torch.ones(1, 1, 64, 64, dtype=torch.float64, requires_grad=True)
    out, at = stack(x)[0, 0], 3 * stride + kernel
    cells = [out[at + i, at + i] for i in range(stride)]
    extents = [_extent(torch.autograd.grad(c, x, retain_graph=True)[0][0, 0]) for c in cells]
    assert field == max(extents)


def test_space_to_depth_and_back_sees_what_the_gradient_says() -> None:
    stack = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4, 4, 3), nn.PixelShuffle(2)).double()
    layers = layer_table(stack, (1, 64, 64))
    assert [layer.kind for layer in layers] == ["space to depth", "convolution", "depth to space"]
    x = torch.ones(1, 1, 64, 64, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(stack(x)[0, 0, 30, 31], x)
    assert layers[-1].receptive_field == _extent(gradient[0, 0]) == (6, 6)


def test_weights_that_are_computed_count_for_the_layer_that_takes_them() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 5, 1)
            self.scale = nn.Parameter(torch.ones(5, 1, 1, 1))

        def forward(self, x: Tensor) -> Tensor:
            return F.conv2d(x, self.conv.weight * self.scale, self.conv.bias)

    (layer,) = layer_table(Scaled(), (3, 8, 8))
    assert (layer.kind, layer.parameters) == ("convolution", 25)


def _layer(kernel: int, stride: int, dilation: int, pooling: bool) -> nn.Module:
    if pooling:
        return nn.AvgPool2d(kernel, stride)
    conv = nn.Conv2d(1, 1, kernel, stride, dilation=dilation)
    nn.init.ones_(conv.weight)
    return conv


def _extent(gradient: Tensor) -> tuple[int, int]:
    rows, columns = (gradient != 0).nonzero(as_tuple=True)
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1
