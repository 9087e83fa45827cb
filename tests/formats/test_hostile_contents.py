"""A data set from anyone: what would run, never ends or lies is refused with its name."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from painted_masks import rings
from written_sets import with_image, write_set

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import read_header
from cnnseg_gui.formats.dataset import DataSet
from cnnseg_gui.formats.registry import FORMATS


@pytest.mark.parametrize("kind", ["png", "voc", "cityscapes", "hf", "rootpainter", "cellpose"])
def test_a_mask_that_links_out_or_is_a_bomb_is_refused(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    mask = np.zeros((6, 5), np.uint8)
    if kind == "cellpose":
        with_image(folder, "a.png")
        masks = [folder / "a_cp_masks.png"]
    elif kind == "rootpainter":
        with_image(folder, "images/a.png")
        masks = [folder / "annotations" / "train" / "a.png"]
        masks[0].parent.mkdir(parents=True)
    else:
        write_set(FORMATS[kind], folder, {"a.png": mask})
        masks = [
            p
            for p in folder.rglob("*.png")
            if p.parent.name in ("masks", "SegmentationClass") or "labelIds" in p.name
        ]
    (path,) = masks
    for content in (bomb(60_000, 60_000), bomb(5, 7), b"\x89PNG\r\n\x1a\nnothing", b"", b"GIF89a"):
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        refuses_all(FORMATS[kind].read(folder), path.name)
    path.unlink()
    path.symlink_to(with_image(tmp_path, "secret.png") / "secret.png")
    refuses_all(FORMATS[kind].read(folder), path.name)


def refuses_all(data: DataSet, name: str) -> None:
    """Either when it is opened, or when the mask is read; the message names the file."""
    errors = list(data.refused)
    for image in data.images:
        if image.read_mask is not None:
            with pytest.raises(UserError) as caught:
                image.read_mask(read_header(image.image))
            errors.append(caught.value)
    assert all(name in str(error) for error in errors)
    if not errors:  # a link is passed over: it is no mask then
        assert [image.read_mask for image in data.images] in ([None], [])


def bomb(height: int, width: int) -> bytes:
    """A PNG that says it has so many grey pixels, and holds a few bytes."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(1000))),
        (b"IEND", b""),
    ]
    packed = [
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


ENTITIES = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">
<!ENTITY file SYSTEM "file:///etc/passwd">]>
<annotations><image id="0" name="&c;&file;" width="5" height="6"/></annotations>"""


@pytest.mark.parametrize(
    "content",
    [
        ENTITIES,
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><annotations/>',
        "<annotations>",
        "",
        "\0\0",
        '<?xml version="1.0" encoding="no-such"?><a/>',
        "<a>" * 300_000,
    ],
)
def test_xml_with_entities_or_broken_is_refused(tmp_path: Path, content: str) -> None:
    folder = with_image(tmp_path)
    (folder / "annotations.xml").write_text(content)
    with pytest.raises(UserError, match=r"annotations\.xml: this (is no XML|XML)"):
        FORMATS["cvat"].read(folder)


def test_vocs_xml_with_entities_is_refused_and_named(tmp_path: Path) -> None:
    write_set(FORMATS["voc"], tmp_path, {"a.png": rings()})
    (tmp_path / "Annotations" / "a.xml").write_text(ENTITIES)
    (image,) = FORMATS["voc"].read(tmp_path).images
    assert image.read_mask is not None
    with pytest.raises(UserError, match=r"a\.xml: this XML declares"):
        image.read_mask((60, 50))


@pytest.mark.parametrize(
    "shape",
    [
        '<mask label="a" rle="30" left="inf" top="0" width="5" height="6"/>',
        '<mask label="a" rle="30" left="0" top="nan" width="5" height="6"/>',
        '<mask label="a" rle="0, 9999999999999999999999" left="0" top="0" width="5" height="6"/>',
        '<mask label="a" rle="0, 3600000000" left="0" top="0" width="60000" height="60000"/>',
        '<mask label="a" rle="-5, 35" left="0" top="0" width="5" height="6"/>',
        '<mask label="a" rle="" left="0" top="0" width="0" height="0"/>',
        '<mask label="a" left="0" top="0" width="5" height="6"/>',
        '<polygon label="a" points="0,0;1e300,0;0,1e300"/>',
        '<polygon label="a" points="0,0;nan,0;0,1"/>',
        '<polygon label="a" points="0,0,0;1"/>',
        '<ellipse label="a" cx="inf" cy="0" rx="1" ry="1"/>',
        '<box label="a" xtl="0" ytl="0" xbr="1" ybr="1" z_order="x"/>',
    ],
)
def test_shapes_of_cvat_that_lie_are_refused_with_the_images_name(
    tmp_path: Path, shape: str
) -> None:
    folder = with_image(tmp_path)
    (folder / "annotations.xml").write_text(
        f'<annotations><image id="0" name="a.png" width="5" height="6">{shape}</image>'
        "</annotations>"
    )
    (image,) = FORMATS["cvat"].read(folder).images
    assert image.read_mask is not None
    with pytest.raises(UserError, match=r"annotations\.xml: a shape of a\.png is damaged"):
        image.read_mask((6, 5))


def counts(text: object) -> dict[str, Any]:
    return {"segmentation": {"size": [6, 5], "counts": text}}


@pytest.mark.parametrize(
    "annotation",
    [
        counts("0" * 5000),
        counts([10**18, 5]),
        counts([0] * 100_000 + [30]),
        counts([-4, 34]),
        counts([29]),
        counts("é"),
        counts("oooooooooooooooo0"),
        {"segmentation": {"size": [60_000, 60_000], "counts": [3_600_000_000]}},
        {"segmentation": [[0, 0, 1e300, 0, 0, 1e300]]},
        {"segmentation": [[0, 0, 1]]},
        {"segmentation": [[0, 0, 1, 1, 3, 4]], "category_id": 77},
    ],
    ids=range(11),
)
def test_runs_and_polygons_that_lie_are_refused_with_the_images_name(
    tmp_path: Path, annotation: dict[str, Any]
) -> None:
    folder = with_image(tmp_path)
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": 6, "width": 5}],
        "annotations": [{"image_id": 1, "category_id": 1, "iscrowd": 0} | annotation],
        "categories": [{"id": 1, "name": "cell"}],
    }
    (folder / "annotations.json").write_text(json.dumps(content))
    (image,) = FORMATS["coco"].read(folder).images
    assert image.read_mask is not None
    with pytest.raises(UserError, match=r"annotations\.json: the mask of a\.png is damaged"):
        image.read_mask((6, 5))


@pytest.mark.parametrize("name", ["coco", "cvat", "labelme", "voc"])
def test_a_data_set_of_images_of_another_size_is_refused(tmp_path: Path, name: str) -> None:
    write_set(FORMATS[name], tmp_path, {"a.png": rings()})
    (image,) = FORMATS[name].read(tmp_path).images
    assert image.read_mask is not None
    with pytest.raises(UserError, match="its image of 9 × 8"):
        image.read_mask((8, 9))


@pytest.mark.parametrize(
    "content",
    [
        "a: &x [*x, *x]\n",
        "!!python/object/apply:os.system ['echo']",
        "- 1",
        "names: " + "[" * 5000,
        "\0",
        "{",
    ],
)
def test_yaml_that_would_run_or_never_ends_is_refused(tmp_path: Path, content: str) -> None:
    folder = with_image(tmp_path)
    (folder / "data.yaml").write_text(content)
    if content.startswith("a:"):
        assert not FORMATS["yolo"].read(folder).classes[1:]
    else:
        with pytest.raises(UserError, match=r"data\.yaml: this"):
            FORMATS["yolo"].read(folder)


class Trace:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (Trace.path,)

    path = ""


def test_cellposes_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    folder = with_image(tmp_path, "a.png")
    Trace.path = str(tmp_path / "trace")
    buffer = io.BytesIO()
    np.save(buffer, np.array([Trace()], object), allow_pickle=True)
    (folder / "a_seg.npy").write_bytes(buffer.getvalue())
    data = FORMATS["cellpose"].read(folder)
    assert not data.images
    (error,) = data.refused
    assert "a_seg.npy: this is a pickle" in str(error)
    assert not (tmp_path / "trace").exists()
    pickle.loads(pickle.dumps(Trace()))
    assert (tmp_path / "trace").exists()  # it would have run


def test_a_list_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    folder = with_image(tmp_path)
    with (folder / "annotations.json").open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(UserError, match=r"annotations\.json: the file has 1,073,741,825 bytes"):
        FORMATS["coco"].read(folder)


@pytest.mark.parametrize(
    "name", ["coco", "cvat", "labelme", "yolo", "hf", "voc", "cityscapes", "png"]
)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_damage_is_said_and_nothing_else_is_raised(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    """Bytes of any file of a data set are flipped, cut or repeated."""
    folder = tmp_path_factory.mktemp(name)
    write_set(FORMATS[name], folder, {"a.png": rings(30, 20), "b.png": rings(20, 30)})
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.parent.name != "JPEGImages")
    path = data.draw(st.sampled_from(files))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, max(0, len(content) - 1)))
        piece = data.draw(
            st.binary(max_size=4) | st.sampled_from([b"[", b'"', b"-1", b"1e9", b"<"])
        )
        content[place : place + data.draw(st.sampled_from([0, 1, 9]))] = piece
    path.write_bytes(content)
    try:
        found = FORMATS[name].read(folder)
    except UserError:
        return
    for image in found.images:
        if image.read_mask is not None:
            try:
                mask = image.read_mask((30, 20))
            except UserError:
                continue
            assert mask.shape == (30, 20)
            assert mask.dtype == np.uint8
            assert set(np.unique(mask)) <= {255, *(cls.index for cls in found.classes)}
