"""How people get Grad-CAM wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..exercise import Misconception
from .capture_mistakes import Pick, _convolution, _named, _neighbor

Cam = Callable[[nn.Module, str, Tensor, int], Any]
Score = Callable[[Tensor, int], Tensor]
Combine = Callable[[Tensor, Tensor], Tensor]  # of maps and their gradient, [1, K, h, w] each


def _logit(logits: Tensor, class_index: int) -> Tensor:
    return logits[0, class_index]


def _logit_at(k: int) -> Score:
    return lambda logits, _: logits[0, k]


def _weights(gradient: Tensor) -> Tensor:
    return gradient.mean((2, 3), keepdim=True)


def _summed(maps: Tensor, gradient: Tensor) -> Tensor:
    """Return equation 2 before its ReLU: [h, w]."""
    return (_weights(gradient) * maps).sum(1)[0]


def _right(maps: Tensor, gradient: Tensor) -> Tensor:
    return _summed(maps, gradient).relu()


def _cam(
    combine: Combine = _right,
    score: Score = _logit,
    pick: Pick = _named,
    *,
    remove: bool = True,
    before: Callable[[nn.Module], Any] | None = None,
    after: Callable[[nn.Module], Any] | None = None,
    of_input: bool = False,
) -> Cam:
    """Return a Grad-CAM with one of its parts exchanged."""

    def cam(model: nn.Module, layer_name: str, x: Tensor, class_index: int) -> Tensor:
        x = x.clone().requires_grad_()
        seen: list[Tensor] = []
        handle = pick(model, layer_name).register_forward_hook(
            lambda module, given, output: seen.append(given[0] if of_input else output)
        )
        if before:
            before(model)
        logits = model(x)
        if remove:
            handle.remove()
        if after:
            after(model)
        (gradient,) = torch.autograd.grad(score(logits, class_index), seen[0])
        return combine(seen[0].detach(), gradient)

    return cam


def _saliency(model: nn.Module, layer_name: str, x: Tensor, class_index: int) -> Tensor:
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x)[0, class_index], x)
    return gradient.abs().amax(1)[0]


def _rescaled(how: Callable[[Tensor], Tensor]) -> Cam:
    return _cam(lambda maps, gradient: how(_right(maps, gradient)))


def _to_one(cam: Tensor) -> Tensor:
    return (cam - cam.min()) / (cam.max() - cam.min()).clamp(min=1e-8)


def _enlarged(model: nn.Module, layer_name: str, x: Tensor, class_index: int) -> Tensor:
    cam = _cam()(model, layer_name, x, class_index)
    return F.interpolate(cam[None, None], size=x.shape[2:], mode="bilinear", align_corners=False)[0, 0]


def _in_one_list_per_model(model: nn.Module, *rest: Any) -> Tensor:
    return _SEEN.setdefault(model, _cam()(model, *rest))


def _in_one_list() -> Cam:
    """Return a Grad-CAM that keeps the maps of all its calls in one list, and uses the first."""
    first: list[Tensor] = []

    def cam(*arguments: Any) -> Tensor:
        first.append(_cam()(*arguments))
        return first[0]

    return cam


_SEEN: WeakKeyDictionary[nn.Module, Tensor] = WeakKeyDictionary()


MISTAKES = (
    Misconception(
        "gradient of the predicted class",
        "You take the gradient of the largest logit. Wanted is that of class_index, whatever the network "
        "answers.",
        (_cam(score=lambda logits, _: logits.max()),),
    ),
    Misconception(
        "gradient of all classes",
        "You take the gradient of the sum of all logits, so every class gives the same map. Wanted is one "
        "logit: model(x)[0, class_index].",
        (
            _cam(score=lambda logits, _: logits.sum()),
            _cam(score=lambda logits, _: logits.mean()),
        ),
    ),
    Misconception(
        "always the same class",
        "You use the same class in every call. Wanted is the logit of class_index.",
        (
            *(_cam(score=_logit_at(k)) for k in (0, 1, -1)),
            _cam(score=lambda logits, c: logits[0, c - 1]),
        ),
    ),
    Misconception(
        "gradient of the probability",
        "You take the gradient of a probability. Grad-CAM takes the logit: a probability also rises when "
        "the logits of other classes fall, and hardly moves where the network is sure.",
        (
            _cam(score=lambda logits, c: logits.softmax(1)[0, c]),
            _cam(score=lambda logits, c: logits.log_softmax(1)[0, c]),
            _cam(score=lambda logits, c: logits.sigmoid()[0, c]),
        ),
    ),
    Misconception(
        "gradient of the loss",
        "You take the gradient of the loss, which falls where the class gains. Grad-CAM takes the logit "
        "itself.",
        (
            _cam(score=lambda logits, c: F.cross_entropy(logits, torch.tensor([c]))),
            _cam(score=lambda logits, c: -logits[0, c]),
        ),
    ),
    Misconception(
        "ReLU forgotten",
        "Your map has negative cells. Equation 2 ends in a ReLU: only what speaks for the class stays.",
        (_cam(_summed),),
    ),
    Misconception(
        "absolute value instead of ReLU",
        "A cell that speaks against the class must become 0. In yours it speaks for it: take ReLU, not the "
        "absolute value or the square.",
        (
            _cam(lambda maps, gradient: _summed(maps, gradient).abs()),
            _cam(lambda maps, gradient: _summed(maps, gradient) ** 2),
        ),
    ),
    Misconception(
        "ReLU too early",
        "Gradients and weights may be negative: such a map speaks against the class. In yours ReLU is "
        "applied before the sum; it belongs behind it, once.",
        (
            _cam(lambda maps, gradient: _right(maps, gradient.relu())),
            _cam(lambda maps, gradient: _summed(maps, gradient.relu())),
            _cam(lambda maps, gradient: (_weights(gradient).relu() * maps).sum(1)[0].relu()),
            _cam(lambda maps, gradient: (_weights(gradient).relu() * maps).sum(1)[0]),
            _cam(lambda maps, gradient: (_weights(gradient) * maps).relu().sum(1)[0]),
            _cam(lambda maps, gradient: _right(maps.relu(), gradient)),
            _cam(lambda maps, gradient: _right(maps, gradient.abs())),
            _cam(lambda maps, gradient: (_weights(gradient).abs() * maps).sum(1)[0].relu()),
        ),
    ),
    Misconception(
        "maps not weighted",
        "You add up the maps as they are, so the class plays no part. Each map first gets its weight: the "
        "mean of the logit's gradient over its cells.",
        (
            _cam(lambda maps, gradient: maps.mean(1)[0].relu()),
            _cam(lambda maps, gradient: maps.sum(1)[0].relu()),
            _cam(lambda maps, gradient: maps.mean(1)[0]),
            _cam(lambda maps, gradient: maps.sum(1)[0]),
        ),
    ),
    Misconception(
        "only the gradient",
        "Your map is made of the gradient alone. The gradient only gives the weights; what is added up are "
        "the maps.",
        (
            _cam(lambda maps, gradient: gradient.mean(1)[0].relu()),
            _cam(lambda maps, gradient: gradient.sum(1)[0].relu()),
            _cam(lambda maps, gradient: gradient.abs().sum(1)[0]),
            _cam(lambda maps, gradient: gradient.abs().mean(1)[0]),
            _cam(lambda maps, gradient: gradient.mean(1)[0]),
        ),
    ),
    Misconception(
        "a weight for each cell",
        "You multiply maps and gradient cell by cell. Equation 1 averages the gradient over all cells "
        "first: one weight for each map.",
        (
            _cam(lambda maps, gradient: (gradient * maps).sum(1)[0].relu()),
            _cam(lambda maps, gradient: (gradient * maps).mean(1)[0].relu()),
            _cam(lambda maps, gradient: (gradient * maps).sum(1)[0]),
            _cam(lambda maps, gradient: (gradient.mean(1, keepdim=True) * maps).sum(1)[0].relu()),
            _cam(lambda maps, gradient: (gradient.relu() * maps).sum(1)[0].relu()),
        ),
    ),
    Misconception(
        "one weight for all maps",
        "You average the gradient over the maps too, which leaves a single weight. The mean goes over rows "
        "and columns only.",
        (
            _cam(lambda maps, gradient: (gradient.mean() * maps).sum(1)[0].relu()),
            _cam(lambda maps, gradient: (gradient.mean() * maps).mean(1)[0].relu()),
        ),
    ),
    Misconception(
        "sum of the gradients",
        "Equation 1 divides by the number of cells: a weight is the mean of the gradient over the map, not "
        "the sum.",
        (_cam(lambda maps, gradient: (gradient.sum((2, 3), keepdim=True) * maps).sum(1)[0].relu()),),
    ),
    Misconception(
        "largest gradient instead of the mean",
        "A weight is the mean of the gradient over all cells of the map, not the gradient at one cell.",
        (
            _cam(lambda maps, gradient: (gradient.amax((2, 3), keepdim=True) * maps).sum(1)[0].relu()),
            _cam(lambda maps, gradient: (gradient[:, :, :1, :1] * maps).sum(1)[0].relu()),
        ),
    ),
    Misconception(
        "mean over the maps",
        "Equation 2 adds up the weighted maps. Yours divides by their number, or takes the largest.",
        (
            _cam(lambda maps, gradient: (_weights(gradient) * maps).mean(1)[0].relu()),
            _cam(lambda maps, gradient: (_weights(gradient) * maps).amax(1)[0].relu()),
        ),
    ),
    Misconception(
        "rescaled",
        "You rescale the map. Wanted is the sum as equation 2 gives it; dividing by the maximum hides how "
        "much there is, and makes a picture of nothing look like something.",
        (
            _rescaled(_to_one),
            _rescaled(lambda cam: cam / cam.max().clamp(min=1e-8)),
            _rescaled(lambda cam: cam / cam.sum().clamp(min=1e-8)),
            _rescaled(lambda cam: cam / cam.norm().clamp(min=1e-8)),
            _rescaled(lambda cam: 255 * _to_one(cam)),
            _cam(lambda maps, gradient: _to_one(_summed(maps, gradient))),
        ),
    ),
    Misconception(
        "enlarged",
        "You enlarge the map to the size of the picture. Wanted is one value for each cell of the layer.",
        (_enlarged,),
    ),
    Misconception(
        "axes left over",
        "The map has the shape [h, w]. Yours still has the axis of the batch or of the maps.",
        (
            _rescaled(lambda cam: cam[None]),
            _rescaled(lambda cam: cam[None, None]),
            _cam(lambda maps, gradient: (_weights(gradient) * maps).relu()[0]),
            _cam(lambda maps, gradient: (_weights(gradient) * maps)[0]),
            _cam(lambda maps, gradient: (_weights(gradient) * maps).relu()),
        ),
    ),
    Misconception(
        "rows and columns exchanged",
        "Your map is transposed: rows come first.",
        (_rescaled(lambda cam: cam.T),),
    ),
    Misconception(
        "gradient of the pixels",
        "You take the gradient with respect to the picture. Grad-CAM takes the maps of the named layer and "
        "the gradient with respect to them.",
        (_saliency,),
    ),
    Misconception(
        "the layer's input",
        "You weigh what goes into the layer. Wanted are the maps that come out of it.",
        (_cam(of_input=True),),
    ),
    Misconception(
        "another layer",
        "You look at another layer than the named one. Find it by model.get_submodule(layer_name).",
        (*(_cam(pick=_convolution(index)) for index in (0, -1)), _cam(pick=_neighbor(1))),
    ),
    Misconception(
        "hook left behind",
        "Your hook stays on the model and runs at every later pass. Keep the handle that "
        "register_forward_hook returns, and call handle.remove().",
        (_cam(remove=False),),
    ),
    Misconception(
        "mode changed",
        "Your function leaves the model in another mode, train or eval, than it came in. Leave that to the "
        "caller.",
        (
            _cam(before=nn.Module.eval),
            _cam(before=nn.Module.train),
            _cam(before=nn.Module.eval, after=nn.Module.train),
            _cam(after=nn.Module.train),
        ),
    ),
    Misconception(
        "an old result",
        "The second call returns the map of the first picture. Make a new list in each call: one outside "
        "the function keeps what was appended before.",
        (_in_one_list_per_model, _in_one_list()),
    ),
)
