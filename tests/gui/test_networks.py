"""Choosing a network and its weights in the window."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.model_choice import DEFAULT_STARTER
from cnnseg_gui.core.unfinished import UnfinishedRun
from cnnseg_gui.engine.messages import Trained
from cnnseg_gui.ui.dialogs.network import NetworkDialog
from cnnseg_gui.ui.dialogs.weights import WeightsDialog
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.weights.catalogue import CATALOGUE, WeightFile
from cnnseg_models.classifiers import build_classifier

from .test_teaching import (
    PATIENCE_MS,
    live,  # noqa: F401 - a fixture
    paint_two_classes,
    proposal_of,
    teach,
    wait_for_proposal,
)


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNSEG_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def open_dialog(window: MainWindow, qtbot: QtBot) -> NetworkDialog:
    qtbot.waitUntil(lambda: bool(window.networks.all), timeout=PATIENCE_MS)
    qtbot.mouseClick(window.training_panel.change, Qt.MouseButton.LeftButton)
    (dialog,) = window.findChildren(NetworkDialog)
    return dialog


def use(window: MainWindow, qtbot: QtBot, title: str, **options: object) -> None:
    dialog = open_dialog(window, qtbot)
    dialog.select(title)
    for name, value in options.items():
        field = dialog.field(name)
        field.setCurrentIndex(field.findData(value))
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.findChildren(NetworkDialog))
    window.activateWindow()  # as a window manager does
    qtbot.waitUntil(window.isActiveWindow)


def test_a_fresh_network_is_taught_while_the_starter_goes_on_proposing(
    live: MainWindow,  # noqa: F811
    qtbot: QtBot,
) -> None:
    before = proposal_of(live)
    use(live, qtbot, "unet", width=16)
    assert live.choice.teaching == "new:unet?width=16"
    assert live.choice.proposing == f"starter:{DEFAULT_STARTER}"
    assert np.array_equal(proposal_of(live), before)
    paint_two_classes(live, qtbot)
    teach(live, qtbot, seconds=5)
    with qtbot.waitSignal(live.fine_tuning.finished, timeout=PATIENCE_MS):
        pass
    wait_for_proposal(live, qtbot)
    revision = live.choice.revision
    assert revision is not None
    assert '"network": "unet"' in revision.card
    assert live.choice.chosen == ""
    assert live.choice.proposing == f"weights:{revision.sha256}"


def test_another_starter_proposes_at_once_and_the_choice_is_kept(
    live: MainWindow,  # noqa: F811
    qtbot: QtBot,
) -> None:
    use(live, qtbot, "starter unet")
    wait_for_proposal(live, qtbot)
    assert live.choice.proposing == "starter:unet"
    project = live.workspace.project
    assert project is not None
    folder = project.folder
    live.workspace.close_project()
    live.workspace.open_project(folder)
    assert live.choice.proposing == "starter:unet"


def test_weights_that_are_not_here_cannot_be_begun_with(
    live: MainWindow,  # noqa: F811
    qtbot: QtBot,
) -> None:
    dialog = open_dialog(live, qtbot)
    dialog.select("unet-resnet18")
    assert not dialog.use.isEnabled()
    dialog.field("pretrained").setCurrentIndex(1)
    assert dialog.use.isEnabled()
    dialog.select("fcn8s-vgg16")
    field = dialog.field("at_once")
    dialog.field("pretrained").setCurrentIndex(1)
    field.setCurrentIndex(1)
    assert not dialog.use.isEnabled(), "there is no FCN-16s to go on from"
    dialog.close()


def test_the_classes_of_everyday_objects_are_matched_by_name_and_by_hand(
    live: MainWindow,  # noqa: F811
    qtbot: QtBot,
) -> None:
    dialog = open_dialog(live, qtbot)
    dialog.select("fcn-resnet50")
    assert dialog.field("background").currentData() == "background"
    assert dialog.field("nucleus").currentData() == ""
    assert dialog.field("nucleus").findData("person") > 0
    dialog.close()


def test_an_older_revision_proposes_again(live: MainWindow, qtbot: QtBot) -> None:  # noqa: F811
    project = live.workspace.project
    assert project is not None
    paint_two_classes(live, qtbot)
    for _ in range(2):
        teach(live, qtbot, seconds=5)
        with qtbot.waitSignal(live.fine_tuning.finished, timeout=PATIENCE_MS):
            pass
    first, second = project.revisions.all()
    wait_for_proposal(live, qtbot)
    assert live.choice.proposing == f"weights:{second.sha256}"
    use(live, qtbot, "revision r001")
    wait_for_proposal(live, qtbot)
    assert live.choice.proposing == f"weights:{first.sha256}"
    assert (proposal_of(live) != UNLABELLED).all()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WeightFile]:
    """ResNet-18's weights, of the right name, form and hash, on a server of this machine."""
    torch.manual_seed(0)
    buffer = io.BytesIO()
    torch.save(build_classifier("resnet18").state_dict(), buffer)
    data = buffer.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    folder = tmp_path / "server"
    folder.mkdir()
    (folder / f"resnet18-{digest[:8]}.pth").write_bytes(data)
    handler = partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/resnet18-{digest[:8]}.pth"
    entry = WeightFile("resnet18", url, len(data) / 2**20, "test", "none", top1=1.0, top5=2.0)
    monkeypatch.setitem(CATALOGUE, "resnet18", entry)
    yield entry
    server.shutdown()
    server.server_close()
    thread.join()


def open_weights(window: MainWindow, qtbot: QtBot) -> WeightsDialog:
    window.actions_by_name["weights"].trigger()
    (dialog,) = window.findChildren(WeightsDialog)
    dialog.select("resnet18")
    return dialog


def test_weights_are_downloaded_with_progress_and_then_offered_everywhere(
    window: MainWindow, qtbot: QtBot, published: WeightFile
) -> None:
    dialog = open_weights(window, qtbot)
    seen: list[int] = []
    window.networks.fetching.progressed.connect(lambda name, done, total: seen.append(done))
    assert "resnet18" in window.networks.missing()
    with qtbot.waitSignal(window.networks.fetching.arrived, timeout=PATIENCE_MS):
        qtbot.mouseClick(dialog.download, Qt.MouseButton.LeftButton)
    assert seen[0] == 0
    assert seen[-1] == published.bytes
    assert "resnet18" not in window.networks.missing()
    assert not dialog.download.isEnabled()
    assert dialog.said == "resnet18 is here now."
    qtbot.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    assert "resnet18" in window.networks.missing()
    dialog.close()


def test_without_a_connection_one_line_says_so(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, published: WeightFile
) -> None:
    dialog = open_weights(window, qtbot)
    dialog.mirror.setText("http://127.0.0.1:9")
    with qtbot.waitSignal(window.networks.fetching.failed, timeout=PATIENCE_MS):
        qtbot.mouseClick(dialog.download, Qt.MouseButton.LeftButton)
    assert "not downloaded" in dialog.said or "could not be downloaded" in dialog.said
    assert "mirror" in dialog.said
    assert dialog.download.isEnabled()
    dialog.close()


def test_a_file_of_another_network_is_refused_and_not_kept(
    live: MainWindow,  # noqa: F811
    qtbot: QtBot,
    tmp_path: Path,
) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "mine.safetensors"
    save_file({"fc.weight": torch.zeros(3, 3)}, path)
    with qtbot.waitSignal(live.networks.fetching.failed, timeout=PATIENCE_MS) as failed:
        live.networks.fetching.take_over("resnet34", path)
    assert "not the weights of resnet34" in str(failed.args[1])
    assert live.networks.fetching.store.find("resnet34") is None
    assert path.is_file()


def card_of(network: str, before: float, after: float, **more: float) -> bytes:
    metrics = {"iou_before": before, "iou": after, **more}
    return json.dumps({"network": network, "metrics": metrics}).encode()


def test_a_network_that_is_not_as_good_yet_is_kept_and_does_not_propose(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    """What a fine-tune brings back, without the fine-tune."""
    window, project = open_sample, open_sample.workspace.project
    assert project is not None
    good = project.revisions.add(b"good", card_of("unet-lite0", 0.2, 0.8))
    window.choice.choose("new:unet?width=16")

    def comes_back(after: float, weights: bytes, meanwhile: Callable[[], None] = int) -> None:
        teaching, choice = window.fine_tuning, window.choice
        teaching._request, teaching._project = 99, project
        teaching._run = UnfinishedRun(
            model=choice.teaching,
            proposing=choice.proposing,
            chosen=choice.chosen,
            classes=(),
            seconds=5.0,
        )
        meanwhile()
        card = card_of("unet", 0.1, after, iou_proposing=0.7)
        window.engine.trained.emit(Trained(request=99), card, weights)

    comes_back(0.5, b"first try")
    assert project.revisions.current == good
    assert window.choice.proposing == f"weights:{good.sha256}"
    kept = project.revisions.all()[-1]
    assert kept.name == "r002"
    assert window.choice.teaching == f"weights:{kept.sha256}"
    assert "kept as r002" in window.training_panel.outcome
    assert "0.70" in window.training_panel.outcome
    comes_back(0.75, b"second try")  # better than what proposes has just scored, card or not
    assert project.revisions.current is not None
    assert project.revisions.current.name == "r003"
    assert window.choice.chosen == ""
    window.choice.choose("new:unet?width=16")
    comes_back(0.9, b"third try", meanwhile=lambda: window.choice.go_back_to(good))
    assert project.revisions.current.sha256 == good.sha256, "the person went back meanwhile"
    assert "chosen meanwhile" in window.training_panel.outcome
    window.choice.choose("new:unet?width=16")
    comes_back(0.9, b"fourth try", meanwhile=lambda: window.choice.choose("new:unet?width=32"))
    assert project.revisions.current.name == "r005"
    assert window.choice.chosen == "new:unet?width=32", "the newer choice stays"


def test_a_wrong_file_leaves_the_good_download_where_it_is(
    live: MainWindow,  # noqa: F811
    qtbot: QtBot,
    tmp_path: Path,
    published: WeightFile,
) -> None:
    from safetensors.torch import save_file

    fetching = live.networks.fetching
    with qtbot.waitSignal(fetching.arrived, timeout=PATIENCE_MS):
        fetching.start("resnet18")
    good = fetching.store.require("resnet18")
    wrong = tmp_path / "mine.safetensors"
    save_file({"fc.weight": torch.zeros(3, 3)}, wrong)
    with qtbot.waitSignal(fetching.failed, timeout=PATIENCE_MS):
        fetching.take_over("resnet18", wrong)
    assert fetching.store.require("resnet18") == good
    own = tmp_path / "own.safetensors"
    save_file(build_classifier("resnet18").state_dict(), own)
    with qtbot.waitSignal(fetching.arrived, timeout=PATIENCE_MS):
        fetching.take_over("resnet18", own)
    assert fetching.store.require("resnet18").name == "resnet18.safetensors"
    with qtbot.waitSignal(fetching.failed, timeout=PATIENCE_MS) as refused:
        fetching.take_over("resnet18", own)
        fetching.take_over("resnet18", wrong)
    assert "being checked" in str(refused.args[1]), "one file at a time"
    with qtbot.waitSignal(fetching.arrived, timeout=PATIENCE_MS):
        pass
    with qtbot.waitSignal(fetching.failed, timeout=PATIENCE_MS):
        fetching.take_over("resnet18", wrong)
    assert fetching.store.require("resnet18").read_bytes() == own.read_bytes()
    left = {path.name for path in good.parent.iterdir() if not path.name.endswith(".lock")}
    assert left == {good.name, "resnet18.safetensors"}


def test_a_silent_server_does_not_keep_the_window_from_closing(
    window: MainWindow, qtbot: QtBot
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        window.networks.fetching.set_mirror(f"http://127.0.0.1:{silent.getsockname()[1]}")
        window.networks.fetching.start("resnet18")
        qtbot.wait(200)
        start = time.monotonic()
        window.close()
        assert time.monotonic() - start < 5
        assert not window.isVisible()


def test_a_download_may_end_after_its_dialog(
    window: MainWindow, qtbot: QtBot, published: WeightFile
) -> None:
    dialog = open_weights(window, qtbot)
    with qtbot.waitSignal(window.networks.fetching.arrived, timeout=PATIENCE_MS):
        qtbot.mouseClick(dialog.download, Qt.MouseButton.LeftButton)
        dialog.close()
    window.networks.fetching.remove("resnet18")
    assert "resnet18" in window.networks.missing()
