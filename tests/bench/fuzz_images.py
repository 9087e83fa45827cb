"""What the image readers make of damaged files: thousands of seeded mutations of valid ones.

    python tests/bench/fuzz_images.py [--json] [--count 2000] [--seed 0] [--formats png webp]
                                      [--keep FOLDER]

Files are read in child processes, each file within 10 s and 1 GB (child and decoder each), and
end as one of: opened; refused (one `UserError` of one line); decoder_crashed and decoder_slow
(refused, after the decoder's process died of it); and what must not be: crashed (another exception,
or the process died), hung, over_memory, padded (a truncated file that opened with other pixels than
the whole one), lied (the header read another size than the image has). Returns 1 where there is any
of these. `--keep` keeps their files.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnseg_gui.core.decoder_process import SHARED
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import page_count, read_header, read_image

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
from valid_images import valid_images

BAD = ("crashed", "hung", "over_memory", "padded", "lied")
OUTCOMES = ("opened", "refused", "decoder_crashed", "decoder_slow", *BAD)
_SECONDS = 10.0
_BYTES = 10**9
_EXTREMES = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF)


@dataclass(frozen=True)
class Mutation:
    """A damaged file."""

    kind: str
    """truncated, flipped, header or spliced."""
    data: bytes


def mutations(files: Sequence[bytes], count: int, seed: str) -> Iterator[Mutation]:
    """Damaged files made from valid ones of one format, the same for the same seed."""
    chance = random.Random(seed)
    for number in range(count):
        data = bytearray(files[number % len(files)])
        kind = ("flipped", "truncated", "header", "spliced")[number // len(files) % 4]
        if kind == "flipped":
            for _ in range(chance.choice((1, 1, 2, 8, 40))):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        elif kind == "truncated":
            del data[chance.randrange(len(data)) :]
        elif kind == "header":
            _edit_header(data, chance)
        else:
            other = chance.choice(files)
            start, end = sorted(chance.randrange(len(other) + 1) for _ in range(2))
            place = chance.randrange(len(data) + 1)
            data[place : place + chance.choice((0, end - start))] = other[start:end]
        if data.startswith(b"\x89PNG") and chance.random() < 0.5:
            mend_checksums(data)  # else none of them would come further than that
        yield Mutation(kind, bytes(data))


def mend_checksums(data: bytearray) -> None:
    """Of all chunks of a PNG file that can be found."""
    place = 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        if end + 4 > len(data):
            return
        data[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        place = end + 4


def _edit_header(data: bytearray, chance: random.Random) -> None:
    """Numbers at the limits, near the beginning or the end (where TIFF may have its header)."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        size = chance.choice((1, 2, 4))
        order = chance.choice(("little", "big"))
        value = chance.choice(_EXTREMES) & (1 << 8 * size) - 1
        edge = min(len(data) - size, 300)
        place = chance.randrange(edge)
        place = place if chance.random() < 0.7 else len(data) - size - place
        data[place : place + size] = value.to_bytes(size, "little" if order == "little" else "big")


# ---------------------------------------------------------------------- the child


def child(folder: Path) -> None:
    """Reads the files named on stdin; says after each what came of it."""
    for line in sys.stdin:
        original, name = line.split()
        _forget_peak("self")
        _forget_peak(SHARED.process_id)
        began = time.monotonic()
        outcome = _outcome(folder / name, folder / original)
        seconds, peak = time.monotonic() - began, max(_peak("self"), _peak(SHARED.process_id))
        if outcome not in BAD:
            outcome = "hung" if seconds > _SECONDS else outcome
            outcome = "over_memory" if peak > _BYTES else outcome
        print(outcome, f"{seconds:.3f}", peak, flush=True)


def _outcome(path: Path, original: Path) -> str:
    try:
        image = read_image(path)
        shape = read_header(path)
        page_count(path)
    except UserError as error:
        if "\n" in str(error) or not error.what or not error.remedy or error.path != str(path):
            return "crashed"
        if "decoder of this format crashed" in error.what:
            return "decoder_crashed"
        return "decoder_slow" if "took too long" in error.what else "refused"
    except Exception:  # noqa: BLE001 - this is what is looked for
        return "crashed"
    if shape != image.pixels.shape[:2]:
        return "lied"
    if path.stem.endswith("truncated"):
        whole = read_image(original)
        if whole.pixels.shape != image.pixels.shape or (whole.pixels != image.pixels).any():
            return "padded"
    return "opened"


def _peak(process: str | int) -> int:
    """Bytes of memory a process has had at once; 0 where that cannot be known."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 if "VmHWM" in status else 0


def _forget_peak(process: str | int) -> None:
    try:
        Path(f"/proc/{process}/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


# ---------------------------------------------------------------------- the parent


class Reader:
    """A child that reads files, started anew after one that it did not survive."""

    def __init__(self, folder: Path) -> None:
        self._command = [sys.executable, __file__, "--child", str(folder)]
        self._process: subprocess.Popen[str] | None = None

    def read(self, original: str, name: str) -> tuple[str, float, int]:
        """The outcome, seconds and bytes."""
        process = self._process = self._process or subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        assert process.stdout is not None
        killed = threading.Event()
        # Three readings, each of which the decoder's own limit may end
        watch = threading.Timer(6 * _SECONDS, lambda: (killed.set(), process.kill()))
        watch.start()
        try:
            process.stdin.write(f"{original} {name}\n")
            process.stdin.flush()
            words = process.stdout.readline().split()
        except BrokenPipeError:
            words = []
        finally:
            watch.cancel()
        if len(words) == 3:
            return words[0], float(words[1]), int(words[2])
        self.close()
        return ("hung" if killed.is_set() else "crashed"), 0.0, 0

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def main(argv: Sequence[str] | None = None) -> int:
    """Prints what came of the files; returns 1 where something came that must not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="mutations of each format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--formats", nargs="*", help="only these")
    parser.add_argument("--keep", type=Path, help="where to keep the files that must not be")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.child is not None:
        child(options.child)
        return 0

    files = valid_images()
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(Path(folder))
        try:
            for name in options.formats or files:
                figures[name] = fuzz(reader, Path(folder), name, files[name], options)
        finally:
            reader.close()
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        print(f"{'':14}" + "".join(f"{key:>16}" for key in (*OUTCOMES, "slowest_s", "peak_mb")))
        for name, row in figures.items():
            print(f"{name:14}" + "".join(f"{value:16g}" for value in row.values()))
    return int(any(row[bad] for row in figures.values() for bad in BAD))


def fuzz(
    reader: Reader, folder: Path, name: str, files: Sequence[bytes], options: argparse.Namespace
) -> dict[str, float]:
    """How many files of a format came to which end, the longest time and the most memory."""
    for number, data in enumerate(files):
        (folder / f"{name}-{number}").write_bytes(data)
        outcome, _, _ = reader.read(f"{name}-{number}", f"{name}-{number}")
        assert outcome == "opened", f"{name} {number} is not valid: {outcome}"
    counts: collections.Counter[str] = collections.Counter()
    slowest, most = 0.0, 0
    seed = f"{options.seed} {name}"
    for number, mutation in enumerate(mutations(files, options.count, seed)):
        path = folder / f"{name}-{number}-{mutation.kind}"
        path.write_bytes(mutation.data)
        outcome, seconds, peak = reader.read(f"{name}-{number % len(files)}", path.name)
        counts[outcome] += 1
        slowest, most = max(slowest, seconds), max(most, peak)
        if options.keep and (outcome in BAD or outcome.startswith("decoder")):
            options.keep.mkdir(exist_ok=True)
            (options.keep / f"{outcome}-{path.name}").write_bytes(mutation.data)
        path.unlink()
    figures = {outcome: float(counts[outcome]) for outcome in OUTCOMES}
    return {**figures, "slowest_s": slowest, "peak_mb": round(most / 1e6, 1)}


if __name__ == "__main__":
    sys.exit(main())
