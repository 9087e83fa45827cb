"""What can be asked of the engine: every request as a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QObject

from cnnseg_gui.core.rect import Rect
from cnnseg_gui.engine import messages
from cnnseg_gui.engine.packing import PackedImage, pack


class Requests(QObject):
    """Numbers the requests; who inherits it sends them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._requests = 0

    def propose(
        self,
        *,
        image: str,
        model: str,
        classes: Sequence[str],
        visible: Rect,
        mapping: Mapping[str, str] | None = None,
    ) -> int:
        """Asks for a proposal; a newer request replaces it. See `messages.Propose`.

        Returns:
            The request's number, which every answer to it carries.
        """
        message = messages.Propose(
            request=self._next(),
            image=image,
            model=model,
            classes=tuple(classes),
            visible=_corners(visible),
            mapping=tuple((mapping or {}).items()),
        )
        return self._request(message)

    def answer(
        self,
        *,
        image: str,
        model: str,
        classes: Sequence[str],
        visible: Rect,
        mapping: Mapping[str, str] | None = None,
        show: bool = True,
    ) -> int:
        """Asks for an answer to what was `painted`; a newer request replaces it.

        See `messages.Answer`.

        Returns:
            The request's number, which every answer to it carries.
        """
        message = messages.Answer(
            request=self._next(),
            image=image,
            model=model,
            classes=tuple(classes),
            visible=_corners(visible),
            mapping=tuple((mapping or {}).items()),
            show=show,
        )
        return self._request(message)

    def propose_beside(
        self,
        *,
        image: str,
        model: str,
        classes: Sequence[str],
        mapping: Mapping[str, str] | None = None,
        embed: bool = False,
    ) -> int:
        """Asks for a proposal for an image nobody looks at. See `messages.ProposeBeside`.

        Returns:
            The request's number, which every answer to it carries.
        """
        message = messages.ProposeBeside(
            request=self._next(),
            image=image,
            model=model,
            classes=tuple(classes),
            mapping=tuple((mapping or {}).items()),
            embed=embed,
        )
        return self._request(message)

    def look_for_slips(
        self,
        *,
        model: str,
        classes: Sequence[str],
        images: Sequence[PackedImage],
        values: bytes,
        accepted: bytes = b"",
        seconds: float,
        mapping: Mapping[str, str] | None = None,
        seed: int = 0,
    ) -> int:
        """Asks for what contradicts the masks. See `messages.LookForSlips`.

        Returns:
            The request's number, which every answer to it carries.
        """
        parts, blocks = pack(images)
        message = messages.LookForSlips(
            request=self._next(),
            model=model,
            classes=tuple(classes),
            mapping=tuple((mapping or {}).items()),
            images=parts,
            values=values,
            accepted=accepted,
            seconds=seconds,
            seed=seed,
        )
        return self._request(message, blocks)

    def train(
        self,
        *,
        model: str,
        classes: Sequence[str],
        images: Sequence[PackedImage],
        seconds: float | None = None,
        steps: int | None = None,
        seed: int = 0,
        borders: bool = False,
        mapping: Mapping[str, str] | None = None,
        proposing: str = "",
        values: bytes = b"",
        accepted: bytes = b"",
        keep_every: float = 0.0,
        unfinished: str = "",
    ) -> int:
        """Asks for a fine-tune, after those asked for before. See `messages.Train`.

        Returns:
            The request's number, which every answer to it carries.

        Raises:
            ValueError: neither or both of seconds and steps.
        """
        if (seconds is None) == (steps is None):
            raise ValueError("either seconds or steps")
        parts, blocks = pack(images)
        message = messages.Train(
            request=self._next(),
            model=model,
            classes=tuple(classes),
            images=parts,
            values=values,
            accepted=accepted,
            seconds=seconds,
            steps=steps,
            seed=seed,
            borders=borders,
            proposing=proposing,
            mapping=tuple((mapping or {}).items()),
            keep_every=keep_every,
            unfinished=unfinished,
        )
        return self._request(message, blocks)

    def classify(self, *, image: str, model: str, region: Rect | None = None, top: int = 5) -> int:
        """Asks what an image shows. See `messages.Classify`.

        Returns:
            The request's number, which the answer carries.
        """
        corners = _corners(region) if region is not None else None
        return self._request(
            messages.Classify(
                request=self._next(), image=image, model=model, region=corners, top=top
            )
        )

    def explain(self, *, image: str, model: str, label: str, region: Rect | None = None) -> int:
        """Asks where an image speaks for a label. See `messages.Explain`.

        Returns:
            The request's number, which the answer carries.
        """
        corners = _corners(region) if region is not None else None
        return self._request(
            messages.Explain(
                request=self._next(), image=image, model=model, label=label, region=corners
            )
        )

    def train_tags(
        self,
        *,
        network: str,
        pretrained: bool,
        labels: Sequence[str],
        images: Sequence[messages.TagImage],
        seconds: float,
        seed: int = 0,
    ) -> int:
        """Asks for a classifier that knows the project's tags. See `messages.TrainTags`.

        Returns:
            The request's number, which every answer to it carries.
        """
        return self._request(
            messages.TrainTags(
                request=self._next(),
                network=network,
                pretrained=pretrained,
                labels=tuple(labels),
                images=tuple(images),
                seconds=seconds,
                seed=seed,
            )
        )

    def check_weights(self, name: str) -> int:
        """Asks whether the weights that the supplier has fit. See `messages.CheckWeights`.

        Returns:
            The request's number, which the answer carries.
        """
        return self._request(messages.CheckWeights(request=self._next(), name=name))

    def describe(self, network: str = "", *, classifier: bool = False) -> int:
        """Asks what a network is made of, or which there are. See `messages.Describe`.

        Returns:
            The request's number, which the answer carries.
        """
        return self._request(
            messages.Describe(request=self._next(), network=network, classifier=classifier)
        )

    def look_inside(self, *, image: str, model: str, classes: Sequence[str], layer: str) -> int:
        """Asks what a layer makes of an image. See `messages.LookInside`.

        Returns:
            The request's number, which the answer carries.
        """
        return self._request(
            messages.LookInside(
                request=self._next(), image=image, model=model, classes=tuple(classes), layer=layer
            )
        )

    def _next(self) -> int:
        self._requests += 1
        return self._requests

    def _request(self, message: messages.Request, blocks: Sequence[bytes] = ()) -> int:
        """Sends it; returns its number."""
        raise NotImplementedError


def _corners(rect: Rect) -> tuple[int, int, int, int]:
    return rect.top, rect.left, rect.bottom, rect.right
