"""Ten photographs that come with Python packages, named by EfficientNet-Lite0.

    pip install scikit-image scikit-learn ultralytics --no-deps
    python tests/bench/photos.py --json

A photograph counts as named where a right label is among the first five. Packages that are not
installed leave theirs out; `--folder` names a folder that holds unpacked packages instead.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from pathlib import Path

from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.learning.classify import classify, published
from cnnseg_gui.learning.device import choose

PHOTOS = {
    "skimage/data/coffee.png": {"espresso", "cup", "coffee mug"},
    "skimage/data/chelsea.png": {"tabby", "tiger cat", "Egyptian cat"},
    "skimage/data/camera.png": {"tripod", "reflex camera"},
    "skimage/data/clock_motion.png": {"wall clock", "analog clock"},
    "skimage/data/motorcycle_left.png": {"moped", "motor scooter"},
    "skimage/data/rocket.jpg": {"missile", "projectile", "space shuttle"},
    "skimage/data/horse.png": {"sorrel"},
    "sklearn/datasets/images/china.jpg": {"palace", "stupa", "monastery"},
    "sklearn/datasets/images/flower.jpg": {"daisy"},
    "ultralytics/assets/bus.jpg": {"minibus", "trolleybus", "streetcar"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, help="where unpacked packages lie")
    options = parser.parse_args()
    compute = choose("cpu", 2)
    model = published("efficientnet-lite0")
    results = []
    for name, right in PHOTOS.items():
        path = _find(name, options.folder)
        if path is None:
            continue
        pixels = read_image(path).pixels
        start = time.perf_counter()
        said = [label.name for label in classify(model, pixels, compute)]
        seconds = time.perf_counter() - start
        results.append(
            {"photo": name, "named": bool(right & set(said)), "said": said, "seconds": seconds}
        )
    named = sum(bool(result["named"]) for result in results)
    outcome = {"named": named, "of": len(results), "ratio": named / max(1, len(results))}
    if options.json:
        print(json.dumps({**outcome, "photos": results}, indent=2))
    else:
        for result in results:
            print("named " if result["named"] else "missed", result["photo"], result["said"])
        print(f"{named} of {len(results)}")


def _find(name: str, folder: Path | None) -> Path | None:
    if folder is not None:
        path = folder / name
        return path if path.is_file() else None
    package, _, rest = name.partition("/")
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / rest).is_file():
            return Path(place) / rest
    return None


if __name__ == "__main__":
    main()
