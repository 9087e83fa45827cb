"""What the engine has at hand: decoded images and loaded models, by key. Imports torch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qsl

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.engine.cache import ByteCache
from cnnseg_gui.engine.turnstile import Turnstile
from cnnseg_gui.engine.wants import Supplied, Wants
from cnnseg_gui.learning.card import Card, Option
from cnnseg_gui.learning.model import Model, adapt, known_classes, load, new, staged, starter
from cnnseg_gui.learning.pretrained import Bring, Brought

MAX_PIXELS = 2**29
"""Bytes of decoded images kept."""

MAX_WEIGHTS = 2**29
"""Bytes of models kept, as float32 parameters."""


class Images:
    """Decoded images by the content hash of their file; asked from the window where missing.

    Args:
        wants: where to ask.
        turnstile: what runs in the background stands aside while a file is decoded, too.
    """

    def __init__(self, wants: Wants, turnstile: Turnstile) -> None:
        self._wants, self._turnstile = wants, turnstile
        self._cache: ByteCache[Pixels] = ByteCache(MAX_PIXELS)

    def load(self, key: str, stopped: Callable[[], bool]) -> Pixels:
        """The pixels of an image, uint8[H, W, 3], not to be written to.

        Args:
            key: the file's hash; behind it `#` and a page's number, where that is not the first.

        Raises:
            Stopped: the job was cancelled while it waited.
            UserError: the window cannot supply it, it is another file, or it cannot be decoded.
        """
        pixels = self._cache.get(key)
        if pixels is None:
            supplied = self._wants.fetch(key, stopped)
            (data,) = checked_blocks(supplied, 1)
            with self._turnstile.overtaking():
                if "#" not in key:  # a page comes as its pixels, not as the file's bytes
                    check_hash(data, key, supplied.path)
                pixels = read_image(data, name=supplied.path or "").pixels
            self._cache.put(key, pixels, pixels.nbytes)
        return pixels

    def forget(self) -> None:
        """Frees what is kept."""
        self._cache.clear()


class Models:
    """Models by key (see `messages.Propose.model`), adapted to the project's classes."""

    def __init__(self, wants: Wants) -> None:
        self._wants = wants
        self._cache: ByteCache[Model] = ByteCache(MAX_WEIGHTS)

    def load(
        self,
        key: str,
        classes: Sequence[str],
        stopped: Callable[[], bool],
        mapping: Mapping[str, str] | None = None,
    ) -> Model:
        """The model whose class i is the project's class i.

        Args:
            mapping: as for `learning.model.adapt`.

        Raises:
            Stopped: the job was cancelled while it waited.
            UserError: there is none, or its files are damaged or others.
        """
        mapped = "&".join(f"{new}={old}" for new, old in sorted((mapping or {}).items()))
        adapted_key = f"{key} {'|'.join(classes)} {mapped}"
        model = self._cache.get(adapted_key)
        if model is None:
            model = self._cache.get(key) or self._find(key, classes, stopped)
            model = adapt(model, classes, mapping)
            self._keep(adapted_key, model)
        return model

    def keep(self, weights: bytes, model: Model) -> None:
        """Remembers a model under its weights' key: the window asks for it next."""
        self._keep(f"weights:{hashlib.sha256(weights).hexdigest()}", model)

    def forget(self) -> None:
        """Frees what is kept, on the device too."""
        self._cache.clear()

    def _keep(self, key: str, model: Model) -> None:
        self._cache.put(key, model, sum(p.nbytes for p in model.network.parameters()))

    def _find(self, key: str, classes: Sequence[str], stopped: Callable[[], bool]) -> Model:
        kind, _, name = key.partition(":")
        match kind:
            case "starter":
                return starter(name)
            case "new":
                return self._begin(name, classes, stopped)
            case "weights":
                supplied = self._wants.fetch(key, stopped)
                card, weights = checked_blocks(supplied, 2)
                check_hash(weights, name, supplied.path)
                return load(weights, Card.from_json(card, supplied.path), supplied.path)
            case _:
                raise UserError(f"“{key}” names no model", remedy="Choose another model.")

    def _begin(self, name: str, classes: Sequence[str], stopped: Callable[[], bool]) -> Model:
        """A fresh network, or one that goes on from a coarser one."""
        network, _, query = name.partition("?")
        options = _options(query)
        coarser = options.pop("from", None)
        if coarser is not None:
            return staged(self._find(f"weights:{coarser}", classes, stopped), network, options)
        wanted = None if known_classes(network, options) else classes
        return new(network, wanted, 0, options, bring=bringer(self._wants, stopped))


def bringer(wants: Wants, stopped: Callable[[], bool], kind: str = "pretrained") -> Bring:
    """Asks the window for published weights, or for a `candidate` to become them."""

    def bring(name: str) -> Brought:
        supplied = wants.fetch(f"{kind}:{name}", stopped)
        (data,) = checked_blocks(supplied, 1)
        return Brought(data, supplied.path)

    return bring


def _options(query: str) -> dict[str, Option]:
    """Options written as `width=8&norm=group`: numbers, true, false, or text."""
    options: dict[str, Option] = {}
    for name, text in parse_qsl(query):
        if text in ("true", "false"):
            options[name] = text == "true"
        else:
            options[name] = int(text) if text.isdecimal() else text
    return options


def checked_blocks(supplied: Supplied, count: int) -> Sequence[bytes]:
    """The blocks of an answer.

    Raises:
        UserError: there are not `count`.
    """
    if len(supplied.blocks) != count:
        raise UserError(
            f"the window sent {len(supplied.blocks)} blocks instead of {count}", path=supplied.path
        )
    return supplied.blocks


def check_hash(data: bytes, sha256: str, path: str | None) -> None:
    """Refuses bytes that are not those asked for.

    Raises:
        UserError: their sha256 is another.
    """
    if hashlib.sha256(data).hexdigest() != sha256:
        raise UserError(
            "the file is not the one that was asked for: its content hash differs",
            path=path,
            remedy="It was changed or replaced: put the original back, or add it as a new image.",
        )
