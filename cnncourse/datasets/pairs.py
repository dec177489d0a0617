"""Pictures with a mask each, from files: matched by name, checked, and stacked into tensors.

Whatever is wrong with a file is said with its name. Nothing is skipped, and nothing resized unless asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageSequence
from torch import Tensor

from cnncourse.ops.sizes import pair

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
MASKS = (".png", ".tif", ".tiff", ".bmp")  # JPEG changes values, so no mask can be stored in it
IGNORED = 255


class Pair(NamedTuple):
    """A picture and its mask, each with the name that messages call it by."""

    image: Image.Image
    mask: Image.Image
    image_name: str
    mask_name: str


def match(images: Path, masks: Path) -> list[tuple[Path, Path]]:
    """Return the pictures of one folder with the masks of the same name in another, by number.

    Raises
    ------
    FileNotFoundError
        When a folder or a partner is missing, or there is no picture at all.
    ValueError
        When two files have the same name but for the suffix.
    """
    pictures, labels = _by_name(images, PICTURES), _by_name(masks, MASKS)
    for found, others, folder, what in (
        (pictures, labels, masks, "a mask {}.png"),
        (labels, pictures, images, "a picture {0}.png or {0}.jpg"),
    ):
        alone = sorted(found.keys() - others.keys(), key=_natural)
        if alone:
            more = f"; {len(alone) - 1} more lack theirs" if len(alone) > 1 else ""
            raise FileNotFoundError(
                f"{found[alone[0]]} has no partner: expected {what.format(alone[0])} in {folder}{more}; "
                "add what is missing or take this file away"
            )
    return [(pictures[name], labels[name]) for name in sorted(pictures, key=_natural)]


def opened(paths: Iterable[tuple[Path, Path]]) -> Iterator[Pair]:
    """Yield the pictures and masks of these files, decoded."""
    for image, mask in paths:
        yield Pair(frames(image)[0], frames(mask)[0], str(image), str(mask))


def frames(path: Path) -> list[Image.Image]:
    """Return the pictures in a file, decoded: one, or more in a TIFF stack.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When it is truncated or no picture.
    """
    try:
        with Image.open(path) as file:
            return [frame.copy() for frame in ImageSequence.Iterator(file)]
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"{path} cannot be read as a picture ({error}); it is truncated or another kind of file: "
            "get it again"
        ) from error


def stack(
    pairs: Iterable[Pair],
    *,
    mode: str,
    labels: Mapping[int, int],
    size: int | tuple[int, int] | None = None,
) -> tuple[Tensor, Tensor]:
    """Return images uint8 [N, C, H, W] and masks [N, H, W], uint8 or, for targets above 255, int32.

    Parameters
    ----------
    pairs : iterable of Pair
        Pictures with their masks.
    mode : str
        "RGB" or "L" (gray): what images are converted to.
    labels : mapping
        The target for each value that may stand in a mask.
    size : int or (int, int), optional
        (height, width) to resize to, or an int for a square. Images are smoothed first where they get
        smaller (Pillow's bilinear filter, widened to the step); in masks the nearest label is taken.

    Raises
    ------
    ValueError
        When a mask is in color, holds another value, or differs in size from its image, or when images
        differ among each other and no size is given.
    """
    shape = None if size is None else pair(size, "size")
    images, masks = [], []
    first = None
    for image, mask, image_name, mask_name in pairs:
        pixels, targets = _pixels(image, image_name, mode), _targets(mask, mask_name, labels)
        if image.size != mask.size:
            raise ValueError(
                f"{mask_name} is {_measures(mask)}, its picture {image_name} is {_measures(image)}; expected "
                "a mask of the picture's own height and width: export it again in that size"
            )
        first = first or (image.size, image_name)
        if shape is None and image.size != first[0]:
            raise ValueError(
                f"{image_name} is {_measures(image)}, unlike {first[1]}; "
                "pass size=(height, width) to resize all of them"
            )
        if shape is not None:
            pixels = pixels.resize(shape[::-1], Image.Resampling.BILINEAR)
            targets = targets.resize(shape[::-1], Image.Resampling.NEAREST)
        images.append(np.array(pixels, dtype=np.uint8))
        masks.append(np.array(targets))
    stacked = torch.from_numpy(np.stack(images))
    # [N, H, W, C] or, in gray, [N, H, W] -> [N, C, H, W]
    planes = stacked.permute(0, 3, 1, 2).contiguous() if stacked.ndim == 4 else stacked.unsqueeze(1)
    return planes, torch.from_numpy(np.stack(masks))


def _by_name(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in suffixes or path.name.startswith("."):
            continue
        if path.stem in files:
            raise ValueError(f"{files[path.stem]} and {path.name} have one name; keep one of them")
        files[path.stem] = path
    if not files:
        raise FileNotFoundError(f"there are no pictures ({', '.join(suffixes)}) in {folder}")
    return files


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key that puts slice 9 before slice 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _pixels(image: Image.Image, name: str, mode: str) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        raise ValueError(f"{name} has more than 8 bits per pixel ({image.mode}); convert it to 8 bits")
    return image if image.mode == mode else image.convert(mode)


def _targets(mask: Image.Image, name: str, labels: Mapping[int, int]) -> Image.Image:
    if mask.mode not in ("1", "L", "P", "I", "I;16"):
        raise ValueError(
            f"{name} is a picture in {mask.mode}; expected a mask with one label per pixel, "
            f"{_listed(labels)}: turn its colors into label numbers first"
        )
    values = np.array(mask).astype(np.int64)
    table = np.full(max(labels) + 2, -1, np.int32)
    table[list(labels)] = list(labels.values())
    targets = table[np.clip(values, -1, len(table) - 1)]
    if targets.min() < 0:
        y, x = np.argwhere(targets < 0)[0]
        raise ValueError(
            f"{name} holds the label {values[y, x]} in row {y}, column {x} "
            f"({(targets < 0).sum():,} pixels hold an unknown label); expected {_listed(labels)}"
        )
    return Image.fromarray(targets.astype(np.uint8 if max(labels.values()) < 256 else np.int32))


def _listed(labels: Mapping[int, int]) -> str:
    """Say which labels may stand in a mask: "0 to 10, or 11 (ignored)"."""
    counted = sorted(value for value, target in labels.items() if target != IGNORED)
    ignored = "".join(f", or {value} (ignored)" for value, target in labels.items() if target == IGNORED)
    consecutive = len(counted) > 2 and counted[-1] - counted[0] == len(counted) - 1
    text = f"{counted[0]} to {counted[-1]}" if consecutive else " or ".join(map(str, counted))
    return text + ignored


def _measures(image: Image.Image) -> str:
    return f"{image.height}×{image.width}"
