"""Published weights on their way into a network: what fits goes in, all else is said."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from weight_files import as_pth, publish

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.learning.model import adapt, dump, load, new
from cnnseg_gui.learning.pretrained import Brought, check_weights, from_store, pretrained_state
from cnnseg_models.classifiers import build_classifier
from cnnseg_models.fcn_resnet import VOC_CLASSES
from cnnseg_models.registry import build


@pytest.fixture(scope="module")
def resnet18() -> dict[str, torch.Tensor]:
    torch.manual_seed(5)
    return build_classifier("resnet18").state_dict()


def test_a_u_net_begins_with_its_classifiers_weights(
    resnet18: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, tmp_path / "weights", "resnet18", resnet18)
    model = new("unet-resnet18", ("background", "cell"))
    own = model.network.state_dict()
    for key in ("conv1.weight", "layer4.1.conv2.weight", "bn1.running_var"):
        assert torch.equal(own[f"encoder.{key}"], resnet18[key])
    assert model.network.encoder_parameters()


def test_without_its_weights_a_network_says_how_large_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNSEG_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UserError, match=r"resnet50 are not downloaded, 97\.8 MiB") as caught:
        new("unet-resnet50", ("a", "b"))
    assert "--download" in caught.value.remedy
    random = new("unet-resnet50", ("a", "b"), 0, {"pretrained": False})
    assert random.network.encoder_parameters() == []


def test_everyday_objects_are_known_at_once_and_found_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(6)
    published = build("fcn-resnet50", classes=21).state_dict()
    published["aux_classifier.4.bias"] = torch.zeros(21)  # as in the published file
    publish(monkeypatch, tmp_path / "weights", "fcn-resnet50", published)
    whole = new("fcn-resnet50", None)
    assert whole.card.classes == VOC_CLASSES
    mine = adapt(whole, ("background", "Person", "tram"), {"tram": "train"})
    x = torch.rand(1, 3, 40, 40)
    with torch.no_grad():
        before, after = whole.network(x), mine.network(x)
    rows = [0, VOC_CLASSES.index("person"), VOC_CLASSES.index("train")]
    torch.testing.assert_close(after, before[:, rows], rtol=1e-4, atol=1e-4)
    assert adapt(whole, ("background", "dog"), {"dog": ""}).network.head.bias[1] == -2


def test_safetensors_of_the_same_network_are_as_good(
    resnet18: dict[str, torch.Tensor],
) -> None:
    state = pretrained_state("resnet18", lambda name: Brought(save(resnet18), "mine.safetensors"))
    assert state.keys() == resnet18.keys()
    check_weights("resnet18", Brought(save(resnet18)))


def test_a_file_with_another_hash_is_refused_and_named(
    resnet18: dict[str, torch.Tensor],
) -> None:
    data = as_pth(resnet18)
    with pytest.raises(UserError, match="damaged or others") as caught:
        pretrained_state("resnet18", lambda name: Brought(data, "/weights/resnet18.pth"))
    assert caught.value.path == "/weights/resnet18.pth"


class _Trap:
    """What a hostile pickle does when it is read by anything that trusts it."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.trace),)


def test_nothing_in_a_weight_file_is_ever_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "trace"
    publish(monkeypatch, tmp_path / "weights", "resnet18", {"trap": _Trap(trace)})  # type: ignore[dict-item]
    with pytest.raises(UserError, match="cannot be read"):
        pretrained_state("resnet18")
    assert not trace.exists()
    bare = pickle.dumps(_Trap(trace))
    with pytest.raises(UserError):
        pretrained_state("resnet18", lambda name: Brought(bare))
    assert not trace.exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fc.weight": torch.zeros(10, 512)}, r"fc\.weight is \[10, 512\]"),
        ({"conv1.weight": torch.full((64, 3, 7, 7), torch.nan)}, "no numbers"),
    ],
)
def test_a_persons_file_that_does_not_fit_is_refused(
    resnet18: dict[str, torch.Tensor], change: dict[str, torch.Tensor], reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        check_weights("resnet18", Brought(save({**resnet18, **change}), "mine.safetensors"))
    with pytest.raises(UserError, match="not the weights of resnet34"):
        check_weights("resnet34", Brought(save(resnet18)))
    with pytest.raises(UserError, match="no weights are published"):
        check_weights("lenet", Brought(b""))


def test_the_store_names_a_file_that_vanished(
    resnet18: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = publish(monkeypatch, tmp_path / "weights", "resnet18", resnet18)
    assert from_store("resnet18").path == str(path)
    path.unlink()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UserError, match="not downloaded"):
        from_store("resnet18")


@pytest.mark.parametrize("name", ["fcn8s-vgg16", "unet-alexnet", "fcn32s-googlenet"])
def test_classes_change_and_every_other_weight_stays(name: str) -> None:
    if name == "fcn8s-vgg16":
        pytest.importorskip("torch")
    model = new(name, ("background", "cell", "edge"), 0, {"pretrained": False})
    with torch.no_grad():
        for layer in model.network.class_layers():
            torch.nn.init.normal_(model.network.get_submodule(layer).weight)
    other = adapt(model, ("background", "edge", "debris", "cell"))
    before, after = model.network.state_dict(), other.network.state_dict()
    changed = {key for key in before if before[key].shape != after[key].shape}
    assert {key.rpartition(".")[0] for key in changed} == set(model.network.class_layers())
    assert all(torch.equal(before[key], after[key]) for key in before.keys() - changed)
    for key in changed:
        assert torch.equal(after[key][[0, 1, 3]], before[key][[0, 2, 1]])
    again = load(dump(other), other.card)
    with torch.no_grad():
        assert again.network(torch.rand(1, 3, 33, 33)).shape == (1, 4, 33, 33)
