"""Turn maps into what a page can hold: bytes, ranges, the pictures' colors, and a sentence about each map."""

from __future__ import annotations

import base64
import io
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import style

MAPS, UNITS = 64, 512  # on one page: maps, or bars of a vector
EXACT_CELLS = 2**19  # up to here a page holds float32 (2 MB); above, uint8, and one map at a time exactly


@dataclass(frozen=True)
class Page:
    """Some maps of one layer: what is said about them, and their values as bytes."""

    header: dict[str, Any]
    body: bytes

    def packed(self) -> dict[str, Any]:
        """Return the page as JSON can hold it, compressed."""
        body = self.body
        if self.header["exact"]:  # bytes of equal weight beside each other compress better
            body = np.frombuffer(body, np.uint8).reshape(-1, 4).T.tobytes()
        return {**self.header, "body": base64.b64encode(zlib.compress(body, 9)).decode()}


def make_page(
    values: np.ndarray, page: int, kind: str = "", exact: bool | None = None, most: int | None = None
) -> Page:
    """Return one page of a layer's maps.

    Parameters
    ----------
    values : array [maps, rows, columns]
        All maps of the layer, float32.
    page : int
    kind : str
        The layer's kind, named in the sentences.
    exact : bool, optional
        Whether to hold float32 rather than uint8; by default up to ``EXACT_CELLS`` cells, and wherever there
        are numbers that are not finite, which uint8 cannot hold.
    most : int, optional
        Hold only so many of the page's maps.

    Raises
    ------
    ValueError
        When there is no such page.

    Examples
    --------
    >>> page = make_page(np.float32([[[0, 2, 0]]]), 0)
    >>> page.header["ranges"], page.header["sentences"]
    ([[0.0, 2.0]], ['Map 0 is strongest at row 0, column 1: 2. 67 % of its cells are 0.'])
    """
    vector = values.shape[1:] == (1, 1)
    size = UNITS if vector else MAPS
    pages = -(-len(values) // size)
    if not 0 <= page < pages:
        raise ValueError(f"got page {page}; expected 0 to {pages - 1}: the layer has {len(values)} maps")
    part = values[page * size : (page + 1) * size][:most]
    finite = np.isfinite(part)
    if exact is None:
        exact = part.size <= EXACT_CELLS or not finite.all()
    coded, ranges = quantize(part)
    header = {
        "first": page * size,
        "count": len(part),
        "pages": pages,
        "exact": bool(exact),
        "finite": bool(finite.all()),
        "range": list(_range(values)),
        "ranges": ranges.tolist(),
        "best": _liveliest(part),
        "sentences": [about_units(values)],
        "strongest": [],
    }
    if not vector:
        header["sentences"] = [about_map(m, page * size + n, kind) for n, m in enumerate(part)]
        header["strongest"] = [strongest(m) for m in part]
    return Page(header, np.ascontiguousarray(part, "<f4").tobytes() if exact else coded.tobytes())


def quantize(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return maps as uint8, each over its own range, and the ranges [maps, 2] as float64.

    A value comes back as ``low + code * (high - low) / 255``, at most ``(high - low) / 510`` off.

    Examples
    --------
    >>> codes, ranges = quantize(np.float32([[[-1, 0, 3]]]))
    >>> codes.tolist(), ranges.tolist()
    ([[[0, 64, 255]]], [[-1.0, 3.0]])
    """
    ranges = np.array([_range(m) for m in maps], dtype=float).reshape(-1, 2)
    low, high = ranges.T[:, :, None, None]
    with np.errstate(invalid="ignore"):
        share = (maps - low) / np.where(high > low, high - low, 1)
        codes = np.rint(255 * np.nan_to_num(share.clip(0, 1)))
    return codes.astype(np.uint8), ranges


def strongest(values: np.ndarray) -> list[int]:
    """Return row and column of the value farthest from zero, the first of several.

    Examples
    --------
    >>> strongest(np.float32([[1, -4], [2, 4]]))
    [0, 1]
    """
    size = np.where(np.isfinite(values), np.abs(values), -1)
    return [int(n) for n in np.unravel_index(size.argmax(), size.shape)]


def about_map(values: np.ndarray, index: int, kind: str = "") -> str:
    """Say where a map [rows, columns] is strongest, and how much of it is zero or negative.

    Examples
    --------
    >>> about_map(np.float32([[0, -3], [1, 0]]), 7)
    'Map 7 is strongest at row 0, column 1: −3. 50 % of its cells are 0, 25 % negative.'
    """
    broken = values.size - int(np.isfinite(values).sum())
    tail = f" {broken} of its cells hold no finite number." if broken else ""
    if not np.any(values):
        return f"Map {index} is 0 everywhere: nothing in this image answers to it."
    low, high = _range(values)
    if low == high and not broken:
        return f"Map {index} is {style.number(low)} everywhere."
    row, column = strongest(values)
    zero, negative = _share(values == 0), _share(values < 0)
    after = f" after {kind}" if kind.startswith("ReLU") else ""
    parts = [f"{zero} of its cells are 0{after}" if np.any(values == 0) else "None of its cells is 0"]
    if np.any(values < 0):
        parts.append(f"{negative} negative" if np.any(values == 0) else f"{negative} of them are negative")
    where = (
        f"Map {index} is strongest at row {row}, column {column}: {style.number(float(values[row, column]))}."
    )
    return f"{where} {', '.join(parts)}.{tail}"


def about_units(values: np.ndarray) -> str:
    """Say which unit of a vector [units, 1, 1] is largest, and how many are zero.

    Examples
    --------
    >>> about_units(np.float32([0, 4, -1]).reshape(3, 1, 1))
    'Unit 1 is the largest of 3: 4. 1 of them is 0, 1 negative.'
    """
    units = values.ravel()
    finite = np.where(np.isfinite(units), units, -np.inf)
    best, zeros, negative = int(finite.argmax()), int((units == 0).sum()), int((units < 0).sum())
    if not np.isfinite(units[best]):
        return f"None of the {units.size} units holds a finite number."
    if units.size == 1:
        return f"The only unit is {style.number(float(units[0]))}."
    are = "is" if zeros == 1 else "are"
    return (
        f"Unit {best} is the largest of {units.size}: {style.number(float(units[best]))}. "
        f"{zeros or 'None'} of them {are} 0, {negative or 'none'} negative."
    )


def picture(pixels: np.ndarray, largest: int = 512) -> tuple[str, bytes]:
    """Return an image [C, H, W] for the eye as media type and bytes: 1 or 3 channels, else their mean.

    Values outside 0..1 are stretched to their range. Small images are PNG; those larger than 128
    pixels a side are JPEG, since there the picture serves to see where a cell looks.
    """
    from PIL import Image

    channels = pixels if len(pixels) in (1, 3) else pixels.mean(axis=0, keepdims=True)
    low, high = _range(channels)
    if low < 0 or high > 1:
        channels = (channels - low) / max(high - low, 1e-30)
    codes = np.rint(255 * np.nan_to_num(channels.clip(0, 1))).astype(np.uint8)
    image = Image.fromarray(codes[0] if len(codes) == 1 else np.ascontiguousarray(np.moveaxis(codes, 0, -1)))
    if max(image.size) > largest:
        image.thumbnail((largest, largest))
    buffer = io.BytesIO()
    if max(image.size) <= 128:
        image.save(buffer, "png", optimize=True)
        return "image/png", buffer.getvalue()
    image.save(buffer, "jpeg", quality=90, subsampling=0)
    return "image/jpeg", buffer.getvalue()


def color_tables() -> dict[str, str]:
    """Return the two color maps as 256 colors of three bytes each, in base64."""
    import matplotlib

    tables = {"up": matplotlib.colormaps["viridis"], "signed": style.signed_map()}
    colors = {name: table(np.linspace(0, 1, 256 - (name == "signed"))) for name, table in tables.items()}
    colors["signed"] = np.concatenate([colors["signed"][:1], colors["signed"]])  # zero on entry 128
    return {
        name: base64.b64encode(np.rint(255 * table[:, :3]).astype(np.uint8).tobytes()).decode()
        for name, table in colors.items()
    }


def _range(values: np.ndarray) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _liveliest(maps: np.ndarray) -> int:
    """Return the map that varies most: a picture worth opening with."""
    with np.errstate(invalid="ignore"):
        spread = np.nan_to_num(np.where(np.isfinite(maps), maps, 0).std(axis=(1, 2)))
    return int(spread.argmax())


def _share(which: np.ndarray) -> str:
    share = 100 * float(which.mean())
    if 0 < share < 1:
        return "under 1 %"
    if 99 < share < 100:
        return "over 99 %"
    return f"{share:.0f} %"
