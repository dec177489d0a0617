"""The feature-map browser: every layer of a model, every map of a layer, every cell of a map."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cached_property
from typing import Any

import numpy as np
from torch import nn

from ..hosting import Frozen
from . import pages
from .capture import Capture, Layer, as_images, collect, see
from .pages import Page, make_page

FROZEN = 400_000  # characters of maps in a frozen copy


def feature_maps(
    model: nn.Module, image: Any, *, layer: str | None = None, titles: Any = None
) -> FeatureMaps:
    """Look at what every layer of a model computes from an image, down to a single cell.

    In a notebook the display asks the kernel for a layer when it is chosen; steps through maps and cells need
    nobody. Saved, exported or committed, it shows the layers that fit into a page and still steps.

    Parameters
    ----------
    model : nn.Module
        Any model; it is left as it was. See `capture.collect`.
    image : array or tensor [H, W], [H, W, 3], [C, H, W] or [1, C, H, W], or a list or dictionary of them
        uint8 becomes 0..1. Normalize as the model expects. With two or more, two are shown side by side.
    layer : str, optional
        The layer to open with; the first one when None.
    titles : list of str, optional
        One name for each image.

    Returns
    -------
    FeatureMaps
        Displays itself. ``values(layer)`` are the maps, ``freeze()`` the copy that needs no kernel.

    Raises
    ------
    TypeError
        When ``model`` is not an nn.Module.
    ValueError
        For an image of another shape, or a layer that is not there.
    TraceFailed
        When the model cannot take the image; the message names the layer that failed.

    Examples
    --------
    >>> import torch
    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten())
    >>> seen = feature_maps(model, torch.rand(9, 7))
    >>> seen
    <feature_maps: Sequential, 4 layers, 1 image>
    >>> seen.values("1").shape
    (4, 7, 5)
    """
    images, names = as_images(image, titles)
    captures = [collect(model, one) for one in images]
    return FeatureMaps(captures, names, layer)


class FeatureMaps:
    """What `feature_maps` returns."""

    def __init__(self, captures: list[Capture], names: list[str], layer: str | None = None):
        """Keep what was captured; nothing is drawn yet."""
        self._captures, self._names = captures, names
        self._start = self._index(layer) if layer is not None else min(1, len(self.layers) - 1)
        self._fields: dict[tuple, Any] = {}

    @property
    def layers(self) -> list[str]:
        """The layers' names, the input first."""
        return [layer.name for layer in self._captures[0].layers]

    def values(self, layer: str, image: int = 0) -> np.ndarray:
        """Return a layer's maps, float32 [maps, rows, columns].

        Examples
        --------
        >>> import torch
        >>> feature_maps(nn.MaxPool2d(2), torch.arange(6.0).reshape(2, 3)).values("MaxPool2d").tolist()
        [[[4.0]]]
        """
        return self._captures[image].values(self._index(layer, image))

    def page(self, image: int, layer: int, page: int = 0, **options: Any) -> Page:
        """Return some maps of a layer, as `pages.make_page`, and the receptive fields of their cells."""
        capture = self._captures[image]
        made = make_page(capture.values(layer), page, capture.layers[layer].kind, **options)
        made.header.update(image=image, layer=layer, page=page, fields=self._field(image, layer))
        return made

    def answer(self, wanted: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Answer the page: some maps of a layer, or with ``map`` the exact values of one."""
        image, layer = int(wanted["image"]), int(wanted["layer"])
        if "map" in wanted:
            values = self._captures[image].values(layer)[int(wanted["map"])]
            return {}, [np.ascontiguousarray(values, "<f4").tobytes()]
        page = self.page(image, layer, int(wanted["page"]))
        return page.header, [page.body]

    def freeze(self, layers: list[str] | None = None, page: int = 0, limit: int = FROZEN) -> Frozen:
        """Return a copy that needs no kernel and no network.

        Parameters
        ----------
        layers : list of str, optional
            The layers it holds, the first one opened. By default all: the one that is opened gets most of
            the room, the others share the rest.
        page : int
            Which 64 maps of each layer (512 units of a vector); the last where there are fewer.
        limit : int
            Characters that the maps may take; script, style and pictures add up to 200,000. Maps are exact
            (float32) where they fit, else uint8, which reads within 1/510 of a map's range, else fewer of
            them, and the copy says so.

        Examples
        --------
        >>> import torch
        >>> seen = feature_maps(nn.Conv2d(1, 2, 3), torch.rand(9, 7))
        >>> "<script" in seen.freeze().html
        True
        """
        chosen = [self._index(name) for name in layers] if layers else self._order()
        wanted = [(image, layer) for layer in chosen for image in range(min(2, len(self._captures)))]
        held, room = {}, limit
        for n, (image, layer) in enumerate(wanted):
            # What is seen first gets most of the room, the others equal parts of what is left, but no crumbs.
            share = 0.75 * room if layer == chosen[0] and len(chosen) > 1 else room / (len(wanted) - n)
            packed = self._packed(image, layer, page, min(room, max(share, 12_000)))
            if packed is not None:
                held[f"{image}/{layer}/{packed['page']}"] = packed
                room -= len(json.dumps(packed))
        scene = {**self._scene(chosen[0]), "pages": held}

        def draw() -> bytes:
            from .still import still  # matplotlib, only where a picture is wanted

            return still(self._captures[0], chosen[0], self._field(0, chosen[0]), self.alt)

        return Frozen(
            "feature_maps", {"scene": scene, "key": self.key}, name=repr(self)[1:-1], alt=self.alt, draw=draw
        )

    @cached_property
    def key(self) -> str:
        """A name made from what is shown, by which a frozen copy in a page finds the kernel."""
        digest = hashlib.sha256(repr([self._names, self._start]).encode())
        for capture in self._captures:
            for layer in capture.layers:
                digest.update(repr(layer).encode())
            for values in capture.kept.values():
                digest.update(np.array([values.sum(dtype=float), np.abs(values).sum(dtype=float)]).tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def alt(self) -> str:
        """What the first view shows, in words."""
        capture = self._captures[0]
        layer = capture.layers[self._start]
        first = self.page(0, self._start).header
        count, rows, columns = layer.maps
        said = first["sentences"][0 if layer.is_vector else first["best"]]
        what = f"{count} units" if layer.is_vector else f"{_count(count, 'map')} of {rows} × {columns}"
        return (
            f"Feature maps of {type(capture.model).__name__}, {len(capture.layers)} layers. "
            f"Layer {layer.name} ({layer.kind}) gives {what}. {said}"
        )

    @cached_property
    def frozen(self) -> Frozen:
        """The copy that is displayed, and stored in the notebook."""
        return self.freeze()

    @cached_property
    def widget(self) -> Any:
        """The same visual as a widget, for layouts with other widgets."""
        from ..live import Live

        size = sum(values.nbytes for capture in self._captures for values in capture.kept.values())
        scene = {**self._scene(self._start), "pages": {}}
        return Live("feature_maps", {"scene": scene, "key": self.key}, self.answer, size)

    @property
    def html(self) -> str:
        """The frozen copy as HTML."""
        return self.frozen.html

    def __repr__(self) -> str:
        """Return what is shown, with no memory address."""
        name = type(self._captures[0].model).__name__
        layers, images = _count(len(self.layers), "layer"), _count(len(self._captures), "image")
        return f"<feature_maps: {name}, {layers}, {images}>"

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from ..live import has_front_end, needs_view

        bundle: dict[str, Any] = dict(self.frozen._repr_mimebundle_())
        if has_front_end():
            widget = self.widget
            if needs_view():
                view = widget._repr_mimebundle_()
                bundle |= view[0] if isinstance(view, tuple) else view
                bundle["text/plain"] = self.alt
        return bundle

    def _index(self, layer: str, image: int = 0) -> int:
        names = [one.name for one in self._captures[image].layers]
        if layer not in names:
            raise ValueError(f"got layer {layer!r}; expected one of {', '.join(names)}")
        return names.index(layer)

    def _order(self) -> list[int]:
        """The opened layer first, then the others from the input on, the input itself last."""
        return [self._start, *(n for n in [*range(1, len(self.layers)), 0] if n != self._start)]

    def _packed(self, image: int, layer: int, page: int, room: float) -> dict[str, Any] | None:
        """Return a page of at most ``room`` characters: exact, else uint8, else with fewer maps, or None."""
        if layer >= len(self._captures[image].layers):
            return None
        count, rows, columns = self._captures[image].layers[layer].maps
        size = pages.UNITS if rows * columns == 1 else pages.MAPS
        page = min(page, -(-count // size) - 1)
        full = held = min(size, count - page * size)
        while held:
            for exact, least in ((True, 1.2), (False, 0.2)):  # characters a cell, however well it compresses
                if held * rows * columns * least > room:
                    continue
                packed = self.page(image, layer, page, exact=exact, most=held).packed()
                if len(json.dumps(packed)) <= room:
                    return {**packed, "cut": held < full}
            held //= 2
        return None

    def _field(self, image: int, layer: int) -> dict[str, Any] | None:
        capture = self._captures[image]
        shape = tuple(capture.inputs.shape)
        if shape not in self._fields:
            self._fields[shape] = see(capture)
        found = self._fields[shape]
        if layer >= len(found):
            return None
        field = found[layer]
        return {
            "rows": field.rows.tolist(),
            "columns": field.columns.tolist(),
            "heights": (np.diff(field.unclipped_rows).ravel() + 1).tolist(),
            "widths": (np.diff(field.unclipped_columns).ravel() + 1).tolist(),
            "exact": field.exact,
        }

    def _scene(self, start: int) -> dict[str, Any]:
        model = type(self._captures[0].model).__name__
        lists = [[_described(layer) for layer in capture.layers] for capture in self._captures]
        distinct = [entry for n, entry in enumerate(lists) if entry not in lists[:n]]
        images = []
        for name, capture, entry in zip(self._names, self._captures, lists, strict=True):
            media, data = pages.picture(capture.values(0))
            images.append(
                {
                    "name": name,
                    "rows": capture.inputs.shape[-2],
                    "columns": capture.inputs.shape[-1],
                    "source": f"data:{media};base64,{base64.b64encode(data).decode()}",
                    "layers": distinct.index(entry),
                }
            )
        return {
            "title": f"Feature maps of {model}",
            "images": images,
            "layers": distinct,
            "start": start,
            "colors": pages.color_tables(),
        }


def _described(layer: Layer) -> dict[str, Any]:
    count, rows, columns = layer.maps
    shape = layer.shape[1:] if len(layer.shape) > 1 and layer.shape[0] == 1 else layer.shape
    return {
        "name": layer.name,
        "kind": layer.kind,
        "shape": "×".join(map(str, shape)) or "1",
        "count": count,
        "rows": rows,
        "columns": columns,
        "vector": layer.is_vector,
        "size": pages.UNITS if layer.is_vector else pages.MAPS,
    }


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
