"""The U-Net of the paper and the lecture, number by number."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnnseg_models.unet import CONTEXT, UNet, UpConv, is_legal_side


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def small_valid(**options: object) -> UNet:
    torch.manual_seed(0)
    return UNet(1, 2, width=2, padded=False, norm=False, **options).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize(("channels", "count"), [(1, 31_030_658), (3, 31_031_810)])
def test_the_papers_net_has_its_published_size(channels: int, count: int) -> None:
    with torch.device("meta"):
        assert parameters(UNet(channels, 2, padded=False, norm=False)) == count


def test_a_572_tile_shrinks_as_in_the_papers_figure() -> None:
    network, sides = small_valid(), []
    for part in [*network.down, *network.up, *network.merge]:
        part.register_forward_hook(lambda _part, _inputs, out: sides.append(out.shape[-1]))
    with torch.no_grad():
        logits = network(torch.rand(1, 1, 572, 572))
    assert sides == [568, 280, 136, 64, 28, 56, 52, 104, 100, 200, 196, 392, 388]
    assert logits.shape == (1, 2, 388, 388)


@given(st.integers(1, 400))
def test_the_legal_sides_are_16_k_plus_12_from_188(side: int) -> None:
    assert is_legal_side(side) == (side in range(188, 401, 16))


def test_a_valid_output_lacks_184_pixels() -> None:
    with torch.no_grad():
        assert small_valid()(torch.rand(1, 1, 188, 220)).shape == (1, 2, 4, 36)
    assert small_valid().context == CONTEXT == 184 // 2


@pytest.mark.parametrize("side", [172, 187, 189, 200])
def test_an_illegal_side_is_refused(side: int) -> None:
    with pytest.raises(ValueError, match="16 k"):
        small_valid()(torch.rand(1, 1, 188, side))


@pytest.mark.parametrize("upsampling", ["nearest", "bilinear"])
@given(height=st.integers(1, 70), width=st.integers(1, 70))
@settings(max_examples=25, deadline=None)
def test_the_padded_form_takes_any_size_from_one_pixel_up(
    upsampling: str, height: int, width: int
) -> None:
    network = UNet(3, 4, width=2, upsampling=upsampling).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        assert network(torch.rand(1, 3, height, width)).shape == (1, 4, height, width)


def test_the_up_convolution_sees_its_pixel_and_those_right_and_below() -> None:
    up = UpConv(1, 1, "nearest")
    with torch.no_grad():
        up.conv.weight[0, 0] = torch.tensor([[1.0, 10.0], [100.0, 1000.0]])
        up.conv.bias.zero_()  # type: ignore[union-attr]
        x = torch.arange(1.0, 5.0).view(1, 1, 2, 2)
        out = up(x, (4, 4))[0, 0]
    assert out.shape == (4, 4)
    assert out[1, 1] == 1 + 10 * 2 + 100 * 3 + 1000 * 4
    assert out[3, 3] == 4  # beyond the right and bottom edge there are zeros


def test_weights_start_as_he_proposed() -> None:
    torch.manual_seed(0)
    conv = UNet(1, 2, width=16).down[3].conv2
    assert isinstance(conv, nn.Conv2d)
    inputs = conv.in_channels * 9
    assert conv.weight.std().item() == pytest.approx((2 / inputs) ** 0.5, rel=0.02)
    assert conv.weight.mean().item() == pytest.approx(0, abs=1e-3)


def test_dropout_is_at_the_end_of_the_contracting_path_only_while_learning() -> None:
    network, x = UNet(1, 2, width=2), torch.rand(1, 1, 64, 64)
    seen: list[torch.Tensor] = []
    network.dropout.register_forward_hook(lambda _part, inputs, _out: seen.append(inputs[0]))
    with torch.no_grad():
        network(x)
        assert seen[0].shape == (1, 32, 4, 4)
        network.eval()
        assert torch.equal(network(x), network(x))


def test_tiles_with_mirrored_context_equal_the_whole_image() -> None:
    """The overlap-tile strategy: origins on multiples of 16, the last 16 rows dropped."""
    network = small_valid().double()
    whole_in, tile_in = 252, 220
    whole_out, tile_out = whole_in - 2 * CONTEXT, tile_in - 2 * CONTEXT
    torch.manual_seed(1)
    image = torch.rand(1, 1, whole_in, whole_in, dtype=torch.float64)
    tiled = torch.full((1, 2, whole_out, whole_out), torch.nan, dtype=torch.float64)
    starts = range(0, whole_out - tile_out + 1, 16)

    def kept(start: int) -> slice:
        return slice(0, tile_out if start == starts[-1] else tile_out - 16)

    with torch.no_grad():
        whole = network(image)
        for top in starts:
            for left in starts:
                tile = network(image[..., top : top + tile_in, left : left + tile_in])
                part = tile[..., kept(top), kept(left)]
                height, width = part.shape[-2:]
                tiled[..., top : top + height, left : left + width] = part
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-12)


def test_only_the_last_15_columns_of_a_tile_feel_its_edge() -> None:
    network = small_valid().double()
    torch.manual_seed(1)
    image = torch.rand(1, 1, 220, 252, dtype=torch.float64)
    with torch.no_grad():
        apart = (network(image)[..., :36] - network(image[..., :220])).abs().amax((0, 1, 2))
    assert (apart[:21] < 1e-12).all()
    assert (apart[21:] > 1e-4).all()


def test_channels_last_gives_the_same_logits() -> None:
    torch.manual_seed(0)
    network, x = UNet(3, 2, width=4).eval(), torch.rand(2, 3, 33, 47)
    with torch.no_grad():
        plain = network(x)
        network.to(memory_format=torch.channels_last)
        other = network(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(plain, other, rtol=1e-4, atol=1e-5)


def test_channels_double_on_the_way_down() -> None:
    network = UNet(3, 2, width=4)
    convs = [part for part in network.down.modules() if isinstance(part, nn.Conv2d)]
    widths = [conv.out_channels for conv in convs[1::2]]
    assert all(b == 2 * a for a, b in pairwise(widths))
