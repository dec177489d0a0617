"""Curves that grow while a cell trains, and the picture that is left of them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from ..hosting import Frozen, freeze
from .data import Record
from .film import as_url, small_picture, thinned

_STEP, _EPOCH = 0.2, 0.02  # seconds between two messages to the page, at least
_SHARE = 0.02  # of the time goes into messages, at most
_FILM = 2.0  # seconds after which the film is sent again: a page may have been opened late


def live_curves(
    loss: str | Sequence[str] = "loss", metrics: str | Sequence[str] = (), *, title: str = "Training"
) -> LiveCurves:
    """Draw loss and metrics while a cell trains.

    In a notebook the page draws; the kernel only sends numbers, a few times a second. However the run ends,
    by itself, by an error or by the Interrupt button, a picture of all that was reported stays in its place.
    Without a notebook one line of text is printed at the end.

    Parameters
    ----------
    loss : str or sequence of str
        Names of what belongs into the loss panel, where the lowest value is the best.
    metrics : str or sequence of str
        Names for the other panel, where the highest value is the best, in the order of the legend. Names
        that are announced nowhere join it with their first value.
    title : str

    Returns
    -------
    LiveCurves
        Displays itself. ``step``, ``epoch`` and ``film`` take what is reported; ``alt`` says it in words.

    Examples
    --------
    >>> with live_curves(metrics="val_accuracy") as curves:
    ...     for epoch in range(2):
    ...         for step in range(3):
    ...             curves.step(loss=2.0 / (1 + 3 * epoch + step))
    ...         curves.epoch(val_accuracy=0.5 + 0.3 * epoch)
    Training: loss fell from 2.00 to 0.333 in 6 steps; best val accuracy 0.800 in epoch 2.
    >>> curves
    <live_curves: 6 steps, 2 epochs>
    """
    return LiveCurves(_names(loss), _names(metrics), title)


class LiveCurves:
    """What `live_curves` returns."""

    def __init__(self, losses: list[str], metrics: list[str], title: str = "Training"):
        """Start without values; nothing is displayed yet."""
        self._record, self._title = Record(losses, metrics), title
        self._state = ""
        self._waiting: list[tuple[str, dict[str, Any]]] = []
        self._film: list[dict[str, Any]] = []
        self._view: _View | None = None

    def step(self, **values: Any) -> None:
        """Report a training step: ``curves.step(loss=loss)``.

        Parameters
        ----------
        **values : float or tensor with one element
            NaN and infinite values are marked. A tensor on a GPU is read when the page is next drawn, so
            that training need not wait for it at every step.

        Raises
        ------
        ValueError
            For anything that is not one number.
        """
        self._report("step", values)

    def epoch(self, **values: Any) -> None:
        """Report the end of an epoch, as ``curves.epoch(val_loss=0.4, val_accuracy=0.9)``; see `step`."""
        self._report("epoch", values)

    def film(self, picture: Any, palette: Sequence[str] | None = None) -> None:
        """Add a picture of the prediction to the film strip, as the one after the epoch that ended last.

        Before the first epoch ends it shows the untrained model.

        Parameters
        ----------
        picture : array or tensor [H, W] or [H, W, 3]
            Integers [H, W] are class numbers, 255 for "does not count"; other values are 0..1, or
            stretched to it.
        palette : sequence of "#rrggbb", optional
            One color for each class.

        Raises
        ------
        ValueError
            For another shape, colors outside 0..1 or a class without a color.
        """
        colors = small_picture(picture, palette)
        self._drain()
        height, width = colors.shape[:2]
        frame = {"caption": self._record.now(), "rows": height, "columns": width, "source": as_url(colors)}
        self._film = thinned([*self._film, {**frame, "colors": colors}])
        if self._view:
            self._view.show(_EPOCH, film=True)

    def scene(self) -> dict[str, Any]:
        """Return what the page draws, without the film."""
        self._drain()
        return {**self._record.scene(), "title": self._title, "state": self._state}

    @property
    def frames(self) -> list[dict[str, Any]]:
        """The film as the page draws it."""
        return [{key: frame[key] for key in ("caption", "rows", "columns", "source")} for frame in self._film]

    @property
    def alt(self) -> str:
        """What the curves show, in words."""
        self._drain()
        text = f"{self._title}: {self._record.summary()}."
        if self._state not in ("", "running", "finished"):
            text += f" {self._state[0].upper()}{self._state[1:]} after {self._record.where() or 'nothing'}."
        if self._film:
            pictures = ", ".join(frame["caption"] for frame in self._film)
            text += f" Film of the prediction: {pictures}."
        return text

    @property
    def frozen(self) -> Frozen:
        """The picture of what has been reported so far; it needs no kernel and no network."""
        scene, record = self.scene(), self._record
        film, alt = [frame["colors"] for frame in self._film], self.alt
        captions = [frame["caption"] for frame in self._film]
        drawn = [
            (title, [(curve.arrays(record.unit), curve) for curve in curves])
            for title, curves in record.panels()
        ]

        def draw() -> bytes:
            from .still import still  # matplotlib, only where a picture is wanted

            return still(scene, drawn, list(zip(captions, film, strict=True)))

        data = {"scene": scene, "film": self.frames, "key": ""}
        return Frozen("live_curves", data, name=repr(self)[1:-1], alt=alt, draw=draw)

    def __enter__(self) -> LiveCurves:
        """Display the curves, where there is a page."""
        from ..live import has_front_end

        self._state = "running"
        self._view = _View(self) if has_front_end() else None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        """Leave the picture in place of the live curves; what ended the run goes on its way."""
        self._state = "finished" if kind is None else f"stopped by {kind.__name__}"
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self._state = "interrupted"
        view, self._view = self._view, None
        if not view:
            print(self.alt)
            return
        try:
            view.finish()
        except KeyboardInterrupt:  # a second press of the button must not cost the picture
            view.finish()
            raise

    def __repr__(self) -> str:
        """Return how far the run has come, with no memory address."""
        self._drain()
        return f"<live_curves: {self._record.where() or 'nothing reported'}>"

    @property
    def html(self) -> str:
        """The picture as HTML."""
        return self.frozen.html

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.frozen._repr_mimebundle_()

    def _report(self, by: str, values: dict[str, Any]) -> None:
        self._waiting.append((by, {name: _number(name, value) for name, value in values.items()}))
        if self._view:
            self._view.show(_STEP if by == "step" else _EPOCH)
        elif len(self._waiting) >= 1000:
            self._drain()

    def _drain(self) -> None:
        """Enter what is waiting, with one transfer for all tensors of a GPU."""
        waiting, self._waiting = self._waiting, []
        tensors = [v for _, values in waiting for v in values.values() if not isinstance(v, float)]
        if tensors:
            import torch

            numbers = iter(torch.stack([t.to(tensors[0].device) for t in tensors]).tolist())
            waiting = [
                (by, {name: v if isinstance(v, float) else next(numbers) for name, v in values.items()})
                for by, values in waiting
            ]
        for by, values in waiting:
            (self._record.add_step if by == "step" else self._record.add_epoch)(values)


class _View:
    """The live curves in a page, and the output of the cell in which they stand."""

    def __init__(self, curves: LiveCurves):
        from IPython.display import display

        from ..live import Live, needs_view

        self._curves = curves
        self._ended = self._cost = self._sent_film = 0.0
        # Found by the page while it runs and gone afterwards, so it need not be the same in every run.
        key = f"curves-{secrets.token_hex(8)}"
        self._output = f"cnncourse-{key}"
        data = {"scene": curves.scene(), "film": curves.frames, "key": key}
        self._live = Live("live_curves", data, lambda wanted: ({}, []))
        static = files("cnncourse.viz") / "static"
        source, css = ((static / f"live_curves.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
        bundle: dict[str, Any] = {
            "text/html": freeze("live_curves", source, css, data),
            "text/plain": repr(curves),
        }
        if needs_view():
            view = self._live._repr_mimebundle_()
            bundle |= (view[0] if isinstance(view, tuple) else view) or {}
        display(bundle, raw=True, display_id=self._output)

    def show(self, pause: float, film: bool = False) -> None:
        """Send everything that is drawn, so that a message that nobody heard is not missed."""
        started = time.perf_counter()
        if film:
            self._sent_film = 0.0
        if pause and started - self._ended < max(pause, self._cost / _SHARE):
            return
        message: dict[str, Any] = {"scene": self._curves.scene()}
        if started - self._sent_film > _FILM:
            message["film"] = self._curves.frames
            self._sent_film = started
        self._live.send(message)
        self._ended = time.perf_counter()
        self._cost = self._ended - started

    def finish(self) -> None:
        """Put the picture in place of the live curves."""
        from IPython.display import update_display

        self.show(0, film=True)
        update_display(self._curves._repr_mimebundle_(), raw=True, display_id=self._output)
        self._live.close()


def _number(name: str, value: Any) -> Any:
    """Return a float, or for a tensor elsewhere a copy of it that is read later."""
    if hasattr(value, "detach"):
        if value.numel() != 1:
            shape = tuple(value.shape)
            raise ValueError(f"{name} is a tensor of shape {shape}; expected one number: use .mean()")
        value = value.detach()
        if value.device.type != "cpu":
            return value.float().reshape(()).clone()
    try:
        return float(value.item() if getattr(value, "size", 0) == 1 else value)
    except (TypeError, ValueError):
        got = f"shape {value.shape}" if hasattr(value, "shape") else f"type {type(value).__name__}"
        raise ValueError(f"{name} has {got}; expected one number") from None


def _names(names: str | Sequence[str]) -> list[str]:
    return list(dict.fromkeys([names] if isinstance(names, str) else map(str, names)))
