"""What a segmentation's page shows: masks, picture, scores and sentences, as plain data."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from .. import style
from ..arrays import as_array
from .masks import (
    VOID,
    check_pair,
    class_scores,
    confusion_sentence,
    count,
    count_pairs,
    largest_regions,
    percent,
    read_mask,
    score,
)

_MOST_PIXELS = 512 * 512  # of a picture in the page; larger ones are thinned out, and say so
_LOSSLESS = 20_000  # bytes: a larger picture is stored as JPEG


def segmentation_scene(
    image: Any, truth: Any, prediction: Any, classes: Sequence[str], palette: Any, ignore_index: int | None
) -> tuple[dict[str, Any], dict[str, np.ndarray], np.ndarray]:
    """Return what the page shows, the masks and the picture (uint8) at the size that is drawn."""
    names = _names(classes)
    given = {"truth": truth, "prediction": prediction}
    masks = {what: read_mask(m, what, names, ignore_index) for what, m in given.items() if m is not None}
    if not masks:
        raise ValueError("got neither truth nor prediction; expected at least one of them")
    size = next(iter(masks.values())).shape
    if len(masks) == 2:
        check_pair(masks["truth"], masks["prediction"], names, ignore_index)
    picture = _read_image(image, size, next(iter(masks)))
    scene: dict[str, Any] = {"size": list(size), "classes": _classes(names, _colors(palette, len(names)))}
    if len(masks) == 2:
        matrix = count_pairs(masks["truth"], masks["prediction"], len(names))
        scene |= _scores(matrix, scene["classes"], masks["truth"])
    else:
        _only_counts(next(iter(masks.values())), scene)
    step = math.ceil(math.sqrt(size[0] * size[1] / _MOST_PIXELS))
    if step > 1:
        masks = {what: mask[::step, ::step] for what, mask in masks.items()}
        picture = picture[::step, ::step]
        nth = {2: "2nd", 3: "3rd"}.get(step, f"{step}th")
        scene["note"] = (
            f"Drawn from every {nth} pixel; all numbers are counted on all {count(size[0] * size[1])}."
        )
    scene |= {
        "step": step,
        "drawn": list(picture.shape[:2]),
        "image": _as_url(picture),
        "masks": {what: pack(mask) for what, mask in masks.items()},
        "labels": {what: largest_regions(mask, len(names)) for what, mask in masks.items()},
        "ignore": style.IGNORE,
        "tones": {"missed": style.NEGATIVE, "extra": style.POSITIVE, "both": "#6B3F7A"},
    }
    return scene, masks, picture


def describe(scene: dict[str, Any]) -> str:
    """Say size, summary and scores in plain text."""
    rows, columns = scene["size"]
    panels = " and ".join(scene["masks"])
    text = f"Segmentation of a {rows} × {columns} image: {panels}"
    text += " with errors. " if "mean" in scene else ". "
    text += " ".join(scene["summary"])
    if "mean" in scene:
        listed = ", ".join(f"{c['name']} {c['iou']}" for c in scene["classes"] if c["iou"] != "–")
        text += f" IoU by class: {listed}."
    return text


def pack(mask: np.ndarray) -> dict[str, str]:
    """Return a mask as base64: runs (label, length in base-128 digits, low first) or bytes, what is shorter.

    Examples
    --------
    >>> packed = pack(np.zeros((20, 10), np.uint8))
    >>> packed["form"], list(base64.b64decode(packed["data"]))
    ('runs', [0, 200, 1])
    """
    flat = np.ascontiguousarray(mask).ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=-1 - flat[:1].astype(int)))
    lengths = np.diff(starts, append=flat.size)
    runs = bytearray()
    for label, length in zip(flat[starts].tolist(), lengths.tolist(), strict=True):
        runs.append(label)
        while length >= 128:
            runs.append(length % 128 + 128)
            length //= 128
        runs.append(length)
    form, data = ("runs", bytes(runs)) if len(runs) < flat.size else ("bytes", flat.tobytes())
    return {"form": form, "data": base64.b64encode(data).decode()}


def _names(classes: Sequence[str]) -> list[str]:
    if isinstance(classes, str) or not 1 <= len(classes) <= VOID:
        got = "one string" if isinstance(classes, str) else f"{len(classes)} names"
        raise ValueError(f"got {got} as classes; expected a list of 1 to {VOID} names")
    return [str(name) for name in classes]


def _read_image(image: Any, size: tuple[int, ...], what: str) -> np.ndarray:
    """Return the image as uint8 [H, W, 3], of the size that the masks have."""
    array = as_array(image, "image")
    if array.ndim == 3 and array.shape[0] in (1, 3) and array.shape[1:] == size:
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] not in (1, 3) or array.size == 0:
        raise ValueError(f"image has shape {array.shape}; expected [H, W, 3], [3, H, W] or [H, W]")
    if array.shape[:2] != size:
        raise ValueError(
            f"image is {array.shape[0]} × {array.shape[1]}, {what} {size[0]} × {size[1]}; expected one size: "
            "resize the image, or the mask by nearest neighbor"
        )
    if array.dtype.kind != "f":
        if array.min() < 0 or array.max() > 255:
            raise ValueError(f"image has integers from {array.min()} to {array.max()}; expected 0..255")
        array = array.astype(np.uint8) * (255 if array.dtype == bool else 1)
    else:
        low, high = float(array.min()), float(array.max())
        if not (low >= -1e-6 and high <= 1 + 1e-6):
            raise ValueError(
                f"image has values from {low:.3g} to {high:.3g}; expected 0..1 (or 0..255 as integers): "
                "undo the normalization, image * std + mean"
            )
        array = np.round(np.clip(array, 0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(array, (*size, 3)))


def _colors(palette: Any, num_classes: int) -> np.ndarray:
    """Return one color for each class, uint8 [K, 3]."""
    from matplotlib.colors import to_rgb

    if palette is None:
        base = np.array([to_rgb(color) for color in style.PALETTE])
        # Beyond the palette the same hues, lighter and then darker; the numbers tell them apart.
        cycles = [base, 0.45 * base + 0.55, 0.5 * base + 0.12]
        rounds = math.ceil(num_classes / len(base))
        colors = np.concatenate([cycles[n % 3] for n in range(rounds)])
    else:
        if len(palette) < num_classes:
            raise ValueError(f"got {len(palette)} colors for {num_classes} classes; expected one for each")
        if any(isinstance(color, str) for color in palette):
            colors = np.array([to_rgb(color) for color in palette])
        else:
            colors = as_array(palette, "palette")
            colors = colors / 255 if colors.dtype.kind in "ui" else colors
            if colors.ndim != 2 or colors.shape[1] != 3 or not 0 <= colors.min() <= colors.max() <= 1:
                raise ValueError(
                    f"palette has shape {colors.shape}; expected [K, 3] in 0..1, or 0..255 as integers"
                )
    return np.round(colors[:num_classes] * 255).astype(np.uint8)


def _classes(names: list[str], colors: np.ndarray) -> list[dict[str, Any]]:
    light = np.where((colors / 255) <= 0.04045, colors / 255 / 12.92, ((colors / 255 + 0.055) / 1.055) ** 2.4)
    dark = light @ [0.2126, 0.7152, 0.0722] < 0.18
    return [
        {"name": name, "color": f"#{r:02x}{g:02x}{b:02x}", "ink": "#ffffff" if is_dark else "#000000"}
        for name, (r, g, b), is_dark in zip(names, colors.tolist(), dark.tolist(), strict=True)
    ]


def _scores(matrix: np.ndarray, classes: list[dict[str, Any]], truth: np.ndarray) -> dict[str, Any]:
    """Add each class's scores to it; return mean IoU, the summary and how many are wrong."""
    scores = class_scores(matrix)
    names = [c["name"] for c in classes]
    for k, entry in enumerate(classes):
        right, real, said = int(matrix[k, k]), int(matrix[k].sum()), int(matrix[:, k].sum())
        entry |= {key: score(float(scores[key][k])) for key in scores}
        entry |= {
            "pixels": count(real),
            "share": 0.0 if math.isnan(scores["iou"][k]) else round(float(scores["iou"][k]), 3),
            "errors": f"{count(real - right)} missed, {_alarms(said - right)}",
            "sentence": _about(matrix, names, k),
        }
    total, wrong = int(matrix.sum()), int(matrix.sum() - np.trace(matrix))
    if not total:
        return {
            "mean": "–",
            "summary": ["No pixel counts: the truth is ignored everywhere."],
            "errors": "nothing counted",
        }
    present = int((~np.isnan(scores["iou"])).sum())
    ignored = truth.size - total
    correct = f"{percent(1 - wrong / total)} of {count(total)} pixels are right"
    correct += f" ({percent(ignored / truth.size)} of the image is ignored)" if ignored else ""
    sentence = confusion_sentence(matrix, names)
    mean = score(float(np.nanmean(scores["iou"])))
    occur = (
        "the one class that occurs" if present == 1 else f"the {present} of {len(names)} classes that occur"
    )
    return {
        "mean": mean,
        "summary": [
            f"Mean IoU {mean} over {occur}; {correct}.",
            f"Largest confusion: {sentence}." if wrong else "No class is taken for another.",
        ],
        "errors": f"{count(wrong)} pixels wrong ({percent(wrong / total)})",
    }


def _alarms(number: int) -> str:
    return f"{count(number)} false alarm{'s' * (number != 1)}"


def _about(matrix: np.ndarray, names: list[str], k: int) -> str:
    """Say what becomes of a class, and what is mistaken for it."""
    real, said, right = matrix[k].sum(), matrix[:, k].sum(), matrix[k, k]
    name = names[k]
    if not real and not said:
        return f"{name} occurs neither in the truth nor in the prediction."
    parts = [f"{name} does not occur."]
    if real:
        order = np.argsort(-matrix[k], kind="stable")
        lost = [
            f"{percent(matrix[k, j] / real)} taken for {names[j]}" for j in order if matrix[k, j] and j != k
        ]
        fate = ", ".join([f"{percent(right / real)} found", *lost[:2]])
        parts = [f"{name}, {count(real)} pixel{'s' * bool(real > 1)}: {fate}."]
    if said > right:
        wrongly = matrix[:, k].copy()
        wrongly[k] = 0
        share = percent(wrongly.max() / said)
        parts.append(f"Of {count(said)} called {name}, {share} are {names[int(wrongly.argmax())]}.")
    return " ".join(parts)


def _only_counts(mask: np.ndarray, scene: dict[str, Any]) -> None:
    classes = scene["classes"]
    amounts = np.bincount(mask.ravel(), minlength=VOID + 1)
    total = int(mask.size - amounts[VOID])
    for entry, amount in zip(classes, amounts.tolist(), strict=False):
        share = amount / total if total else 0.0
        entry |= {"pixels": count(amount) if amount else "–", "share": round(share, 3)}
        entry |= {"part": percent(share) if amount else "–"}
        entry["sentence"] = f"{entry['name']}: {count(amount)} pixels, {percent(share)} of those that count."
    present = int((amounts[: len(classes)] > 0).sum())
    summary = f"{present} of {len(classes)} classes occur in {count(total)} pixels"
    if total:
        most = int(amounts[: len(classes)].argmax())
        summary += f"; the largest is {classes[most]['name']} with {percent(amounts[most] / total)}"
    ignored = percent(amounts[VOID] / mask.size)
    scene["summary"] = [summary + (f"; {ignored} of the image is ignored." if amounts[VOID] else ".")]


def _as_url(picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    gray = (picture == picture[..., :1]).all()
    image = Image.fromarray(picture[..., 0] if gray else picture)
    image.save(buffer, "png", optimize=True)
    form = "png"
    if buffer.tell() > _LOSSLESS:
        buffer = io.BytesIO()
        image.save(buffer, "jpeg", quality=85, subsampling=0)
        form = "jpeg"
    return f"data:image/{form};base64,{base64.b64encode(buffer.getvalue()).decode()}"
