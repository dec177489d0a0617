"""Grad-CAM: which places in a layer's maps speak for a class, for a whole image, a pixel or a region."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...models.modes import evaluating
from ..picture import Picture
from ..untouched import as_image, prepare, untouched


@dataclass(frozen=True)
class CamResult:
    """What `grad_cam` draws: the map, and what it was computed for."""

    map: Tensor  # [h, w]
    layer: str
    target: int
    predicted: bool  # the class was not given
    region: np.ndarray | None  # bool [H', W'] over the scores of a segmentation model
    calls: int  # how often the layer ran; the last one counts


def grad_cam_map(
    model: nn.Module, image: Any, layer: str | nn.Module, target: int | None = None, *, region: Any = None
) -> Tensor:
    """Return the Grad-CAM map of a layer: its maps, weighted by their mean gradient, summed, negatives cut.

    The score of the class is its logit. For a segmentation model it is the sum of the logits over ``region``.

    Parameters
    ----------
    model : nn.Module
        Returns scores [1, K] or [1, K, H', W'], alone, first in a tuple, or in a dict (under "out").
        It runs once, in evaluation mode, and is left as it was: mode, buffers, gradients, hooks.
    image : array or tensor [C, H, W], [1, C, H, W] or [H, W]
        As the model takes it (normalized if it was trained so).
    layer : str or nn.Module
        A module of ``model`` or its name; of one that runs several times the last run counts.
    target : int, optional
        Class index; the predicted class (of the region: the most frequent one) when None.
    region : (y, x), (x1, y1, x2, y2), or bool array [H', W'], optional
        Only for segmentation: a pixel, a box whose far edges are not part of it, or any set of pixels,
        in pixels of the scores. All pixels when None.

    Returns
    -------
    Tensor [h, w]
        Of the size of the layer's maps, not rescaled, at least 0.

    Raises
    ------
    ValueError
        For an unknown layer, one without maps [1, C, h, w] or without influence on the score,
        a class or region out of range, or an output that is neither of the two forms.

    References
    ----------
    Selvaraju et al. 2017, Grad-CAM, equations 1 and 2; for regions Vinogradova, Dibrov & Myers 2020.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 3 * 4, 5))
    >>> grad_cam_map(model, torch.ones(1, 5, 6), "1", target=4).shape
    torch.Size([3, 4])
    """
    return compute_cam(model, image, layer, target, region).map


def grad_cam(
    model: nn.Module,
    image: Any,
    layer: str | nn.Module,
    target: int | None = None,
    *,
    region: Any = None,
    classes: Sequence[str] | None = None,
) -> Picture:
    """Draw the Grad-CAM map of a layer beside the image and over it; parameters as `grad_cam_map`.

    Parameters
    ----------
    classes : sequence of str, optional
        Names of the classes, for the titles.

    Returns
    -------
    Figure
        Image with the region outlined, map as it is, map enlarged over the image with a contour at half its
        maximum. The ``repr`` says where it is strongest.

    Raises
    ------
    ValueError
        As `grad_cam_map`.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.Flatten(), nn.Linear(2 * 3 * 4, 5))
    >>> for weight in model.parameters():
    ...     _ = nn.init.ones_(weight)
    >>> x = torch.zeros(1, 5, 6)
    >>> x[0, 4, 5] = 1
    >>> grad_cam(model, x, "0", target=1)
    <Figure: Grad-CAM of layer 0 for class 1: strongest at row 2, column 3 of its 3 × 4 map, lower right of \
the image>
    """
    from .pictures import draw_cam

    result = compute_cam(model, image, layer, target, region)
    return draw_cam(result, as_image(image)[0].detach().float().cpu().numpy(), classes)


def compute_cam(
    model: nn.Module, image: Any, layer: str | nn.Module, target: int | None, region: Any
) -> CamResult:
    """Run the model once and return the map with what it was computed for."""
    name, module = find_layer(model, layer)
    (x,) = prepare(model, (as_image(image),))
    with untouched(model), evaluating(model), torch.enable_grad():
        maps, scores = _run(model, module, name, x.requires_grad_())
        chosen, cells = _choose(scores, target, region)
        score = scores[0, chosen] if cells is None else scores[0, chosen][cells].sum()
        gradient = torch.autograd.grad(score, maps[-1], allow_unused=True)[0] if score.requires_grad else None
    if gradient is None:
        raise ValueError(
            f"the score of class {chosen} does not depend on layer {name!r}, or its gradient is cut off; "
            "choose a layer on the way to the output"
        )
    weights = gradient.mean((2, 3), keepdim=True)  # eq. 1
    cam = (weights * maps[-1].detach()).sum(1).relu()[0]  # eq. 2: [1, C, h, w] -> [h, w]
    area = None if cells is None else cells.cpu().numpy()
    return CamResult(cam.detach(), name, chosen, target is None, area, len(maps))


def find_layer(model: nn.Module, layer: str | nn.Module) -> tuple[str, nn.Module]:
    """Return name and module of a layer that is given by either."""
    modules = dict(model.named_modules())
    if isinstance(layer, nn.Module):
        for name, module in modules.items():
            if module is layer:
                return name, module
        raise ValueError(
            f"the {type(layer).__name__} that was given as layer is not part of the model; pass its name"
        )
    if layer in modules and layer:
        return layer, modules[layer]
    names = [name for name in modules if name]
    near = difflib.get_close_matches(str(layer), names, n=3, cutoff=0.5)
    near += [name for name in names if name.rpartition(".")[2] == str(layer) and name not in near][:3]
    convolutions = [name for name, module in modules.items() if isinstance(module, nn.Conv2d)]
    hint = (
        f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {_some(convolutions or names)}"
    )
    raise ValueError(f"the model has no layer {layer!r}; {hint}")


def _run(model: nn.Module, module: nn.Module, name: str, x: Tensor) -> tuple[list[Tensor], Tensor]:
    """Return what the layer gave at each call, attached to the scores."""
    seen: list[Any] = []

    def keep(_module: nn.Module, _inputs: Any, output: Any) -> Any:
        first = output[0] if isinstance(output, tuple | list) and output else output
        seen.append(first)
        if not isinstance(first, Tensor):
            return None
        # A copy goes on, since a later in-place ReLU would overwrite what was kept.
        return (
            type(output)([first.clone(), *output[1:]]) if isinstance(output, tuple | list) else first.clone()
        )

    handle = module.register_forward_hook(keep)
    try:
        scores = _scores(model(x))
    finally:
        handle.remove()
    if not seen:
        raise ValueError(f"layer {name!r} did not run for this image; choose one that does")
    last = seen[-1]
    if not isinstance(last, Tensor) or last.ndim != 4:
        shape = f"shape {list(last.shape)}" if isinstance(last, Tensor) else f"type {type(last).__name__}"
        raise ValueError(
            f"layer {name!r} gives {shape}; expected maps [1, C, h, w]: choose a convolutional layer"
        )
    return seen, scores


def _scores(output: Any) -> Tensor:
    if isinstance(output, dict):
        tensors = {key: value for key, value in output.items() if isinstance(value, Tensor)}
        if "out" not in tensors and len(tensors) != 1:
            raise ValueError(
                f"the model returns a dict with {_some(list(output))}; expected 'out', or one tensor"
            )
        output = tensors.get("out", next(iter(tensors.values()), None))
    elif isinstance(output, tuple | list) and output:
        output = output[0]
    if not isinstance(output, Tensor) or output.ndim not in (2, 4) or len(output) != 1:
        got = f"shape {list(output.shape)}" if isinstance(output, Tensor) else f"type {type(output).__name__}"
        raise ValueError(f"the model returns {got}; expected scores [1, K] or [1, K, H, W]")
    return output


def _choose(scores: Tensor, target: int | None, region: Any) -> tuple[int, Tensor | None]:
    """Return the class, and for a segmentation model the pixels [H', W'] whose scores count."""
    cells = None
    if scores.ndim == 4:
        cells = torch.as_tensor(region_mask(region, (scores.shape[2], scores.shape[3])), device=scores.device)
    elif region is not None:
        raise ValueError(
            "region was given, but the model returns one score for each class of the whole image"
        )
    if target is None:
        winners = scores.detach()[0].argmax(0)
        chosen = int(winners) if cells is None else int(winners[cells].bincount().argmax())
        return chosen, cells
    if isinstance(target, bool) or int(target) != target or not 0 <= target < scores.shape[1]:
        raise ValueError(
            f"got class {target}; expected 0..{scores.shape[1] - 1}: the model has {scores.shape[1]} classes"
        )
    return int(target), cells


def region_mask(region: Any, size: tuple[int, int]) -> np.ndarray:
    """Return a pixel (y, x), a box (x1, y1, x2, y2) or a mask as bool [H, W].

    Examples
    --------
    >>> int(region_mask((1, 0, 3, 2), (4, 5)).sum()), np.argwhere(region_mask((2, 4), (4, 5))).tolist()
    (4, [[2, 4]])
    """
    height, width = size
    mask = np.zeros(size, bool)
    array = region.detach().cpu().numpy() if isinstance(region, Tensor) else np.asarray(region)
    if region is None:
        return ~mask
    if array.dtype == bool and array.shape == size and array.any():
        return array
    if array.dtype.kind in "ui" and array.shape == (2,):
        y, x = array
        if 0 <= y < height and 0 <= x < width:
            mask[y, x] = True
            return mask
        raise ValueError(f"pixel (y, x) = ({y}, {x}) is outside the scores of {height} × {width}")
    if array.dtype.kind in "ui" and array.shape == (4,):
        x1, y1, x2, y2 = array
        if 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height:
            mask[y1:y2, x1:x2] = True
            return mask
        raise ValueError(
            f"box (x1, y1, x2, y2) = {tuple(map(int, array))} is empty or leaves the scores "
            f"of {height} × {width}"
        )
    got = (
        "a mask without any pixel"
        if array.dtype == bool and array.shape == size
        else f"{array.dtype} {array.shape}"
    )
    raise ValueError(
        f"region is {got}; expected a pixel (y, x), a box (x1, y1, x2, y2), or a bool mask "
        f"[{height}, {width}], which is the size of the model's scores"
    )


def _some(names: Sequence[Any]) -> str:
    shown = ", ".join(repr(name) for name in names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")
