"""How people get Grad-CAM wrong."""

from __future__ import annotations

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from ..exercise import Misconception
from .capture_mistakes import _convolution, _neighbor
from .flawed_cams import (
    by_largest,
    cut_off,
    enlarged,
    flawed,
    in_one_list,
    in_one_list_per_model,
    logit_at,
    not_kept,
    of_two_passes,
    rescaled,
    right,
    saliency,
    summed,
    to_one,
    weighted_along,
    weights,
)

MISTAKES = (
    Misconception(
        "gradient of the predicted class",
        "You take the gradient of the largest logit. Wanted is that of class_index, whatever the network "
        "answers.",
        (flawed(score=lambda logits, _: logits.max()),),
    ),
    Misconception(
        "gradient of all classes",
        "You take the gradient of the sum of all logits, so every class gives the same map. Wanted is one "
        "logit: model(x)[0, class_index].",
        (
            flawed(score=lambda logits, _: logits.sum()),
            flawed(score=lambda logits, _: logits.mean()),
        ),
    ),
    Misconception(
        "always the same class",
        "You use the same class in every call. Wanted is the logit of class_index.",
        (
            *(flawed(score=logit_at(k)) for k in (0, 1, -1)),
            flawed(score=lambda logits, c: logits[0, c - 1]),
        ),
    ),
    Misconception(
        "gradient of the probability",
        "You take the gradient of a probability. Grad-CAM takes the logit: a probability also rises when "
        "the logits of other classes fall, and hardly moves where the network is sure.",
        (
            flawed(score=lambda logits, c: logits.softmax(1)[0, c]),
            flawed(score=lambda logits, c: logits.log_softmax(1)[0, c]),
            flawed(score=lambda logits, c: logits.sigmoid()[0, c]),
        ),
    ),
    Misconception(
        "gradient of the loss",
        "You take the gradient of the loss, which falls where the class gains. Grad-CAM takes the logit "
        "itself.",
        (
            flawed(score=lambda logits, c: F.cross_entropy(logits, torch.tensor([c]))),
            flawed(score=lambda logits, c: -logits[0, c]),
        ),
    ),
    Misconception(
        "ReLU forgotten",
        "Your map has negative cells. Equation 2 ends in a ReLU: only what speaks for the class stays.",
        (flawed(summed),),
    ),
    Misconception(
        "absolute value instead of ReLU",
        "A cell that speaks against the class must become 0. In yours it speaks for it: take ReLU, not the "
        "absolute value or the square.",
        (
            flawed(lambda maps, gradient: summed(maps, gradient).abs()),
            flawed(lambda maps, gradient: summed(maps, gradient) ** 2),
        ),
    ),
    Misconception(
        "ReLU too early",
        "Gradients and weights may be negative: such a map speaks against the class. In yours ReLU is "
        "applied before the sum; it belongs behind it, once.",
        (
            flawed(lambda maps, gradient: right(maps, gradient.relu())),
            flawed(lambda maps, gradient: summed(maps, gradient.relu())),
            flawed(lambda maps, gradient: (weights(gradient).relu() * maps).sum(1)[0].relu()),
            flawed(lambda maps, gradient: (weights(gradient).relu() * maps).sum(1)[0]),
            flawed(lambda maps, gradient: (weights(gradient) * maps).relu().sum(1)[0]),
            flawed(lambda maps, gradient: right(maps.relu(), gradient)),
            flawed(lambda maps, gradient: right(maps, gradient.abs())),
            flawed(lambda maps, gradient: (weights(gradient).abs() * maps).sum(1)[0].relu()),
        ),
    ),
    Misconception(
        "maps not weighted",
        "You add up the maps as they are, so the class plays no part. Each map first gets its weight: the "
        "mean of the logit's gradient over its cells.",
        (
            flawed(lambda maps, gradient: maps.mean(1)[0].relu()),
            flawed(lambda maps, gradient: maps.sum(1)[0].relu()),
            flawed(lambda maps, gradient: maps.mean(1)[0]),
            flawed(lambda maps, gradient: maps.sum(1)[0]),
        ),
    ),
    Misconception(
        "only the gradient",
        "Your map is made of the gradient alone. The gradient only gives the weights; what is added up are "
        "the maps.",
        (
            flawed(lambda maps, gradient: gradient.mean(1)[0].relu()),
            flawed(lambda maps, gradient: gradient.sum(1)[0].relu()),
            flawed(lambda maps, gradient: gradient.abs().sum(1)[0]),
            flawed(lambda maps, gradient: gradient.abs().mean(1)[0]),
            flawed(lambda maps, gradient: gradient.mean(1)[0]),
        ),
    ),
    Misconception(
        "a weight for each cell",
        "You multiply maps and gradient cell by cell. Equation 1 averages the gradient over all cells "
        "first: one weight for each map.",
        (
            flawed(lambda maps, gradient: (gradient * maps).sum(1)[0].relu()),
            flawed(lambda maps, gradient: (gradient * maps).mean(1)[0].relu()),
            flawed(lambda maps, gradient: (gradient * maps).sum(1)[0]),
            flawed(lambda maps, gradient: (gradient.mean(1, keepdim=True) * maps).sum(1)[0].relu()),
            flawed(lambda maps, gradient: (gradient.relu() * maps).sum(1)[0].relu()),
            *(flawed(partial(weighted_along, axis)) for axis in (2, 3)),
        ),
    ),
    Misconception(
        "one weight for all maps",
        "You average the gradient over the maps too, which leaves a single weight. The mean goes over rows "
        "and columns only.",
        (
            flawed(lambda maps, gradient: (gradient.mean() * maps).sum(1)[0].relu()),
            flawed(lambda maps, gradient: (gradient.mean() * maps).mean(1)[0].relu()),
        ),
    ),
    Misconception(
        "sum of the gradients",
        "Equation 1 divides by the number of cells: a weight is the mean of the gradient over the map, not "
        "the sum.",
        (flawed(lambda maps, gradient: (gradient.sum((2, 3), keepdim=True) * maps).sum(1)[0].relu()),),
    ),
    Misconception(
        "largest gradient instead of the mean",
        "A weight is the mean of the gradient over all cells of the map, not the gradient at one cell.",
        (
            flawed(lambda maps, gradient: (gradient.amax((2, 3), keepdim=True) * maps).sum(1)[0].relu()),
            flawed(lambda maps, gradient: (gradient[:, :, :1, :1] * maps).sum(1)[0].relu()),
        ),
    ),
    Misconception(
        "mean over the maps",
        "Equation 2 adds up the weighted maps. Yours divides by their number, or takes the largest.",
        (
            flawed(lambda maps, gradient: (weights(gradient) * maps).mean(1)[0].relu()),
            flawed(lambda maps, gradient: (weights(gradient) * maps).amax(1)[0].relu()),
        ),
    ),
    Misconception(
        "rescaled",
        "You rescale the map. Wanted is the sum as equation 2 gives it; dividing by the maximum hides how "
        "much there is, and makes a picture of nothing look like something.",
        (
            rescaled(to_one),
            rescaled(by_largest),
            flawed(lambda maps, gradient: right(maps, gradient / (gradient.norm() + 1e-8))),
            flawed(lambda maps, gradient: (F.normalize(weights(gradient), dim=1) * maps).sum(1)[0].relu()),
            rescaled(lambda cam: cam / cam.sum().clamp(min=1e-8)),
            rescaled(lambda cam: cam / cam.norm().clamp(min=1e-8)),
            rescaled(lambda cam: 255 * to_one(cam)),
            flawed(lambda maps, gradient: to_one(summed(maps, gradient))),
        ),
    ),
    Misconception(
        "enlarged",
        "You enlarge the map to the size of the picture. Wanted is one value for each cell of the layer.",
        (
            *(enlarged(mode) for mode in ("nearest", "bilinear")),
            *(enlarged("bilinear", before=change) for change in (to_one, by_largest)),
            enlarged("bilinear", after=to_one),
        ),
    ),
    Misconception(
        "axes left over",
        "The map has the shape [h, w]. Yours still has the axis of the batch or of the maps.",
        (
            rescaled(lambda cam: cam[None]),
            rescaled(lambda cam: cam[None, None]),
            flawed(lambda maps, gradient: (weights(gradient) * maps).relu()[0]),
            flawed(lambda maps, gradient: (weights(gradient) * maps)[0]),
            flawed(lambda maps, gradient: (weights(gradient) * maps).relu()),
        ),
    ),
    Misconception(
        "rows and columns exchanged",
        "Your map is transposed: rows come first.",
        (rescaled(lambda cam: cam.T),),
    ),
    Misconception(
        "gradient of the pixels",
        "You take the gradient with respect to the picture. Grad-CAM takes the maps of the named layer and "
        "the gradient with respect to them.",
        (saliency,),
    ),
    Misconception(
        "the maps cut off from the graph",
        "The gradient must find its way from the logit back to the very maps that you kept: no .detach(), "
        ".data or .numpy() in the hook, and no torch.no_grad() around the pass.",
        (cut_off,),
    ),
    Misconception(
        "maps and logits of two passes",
        "You run the model twice, and the logits of the second pass know nothing of the maps of the first. "
        "Take both from one pass: logits = model(x) while the hook is there.",
        (of_two_passes,),
    ),
    Misconception(
        "no gradient kept on the maps",
        "After backward() torch keeps .grad only for weights and inputs, so that of the maps is None. Call "
        "maps.retain_grad() before, or use torch.autograd.grad(score, maps).",
        (not_kept,),
    ),
    Misconception(
        "the layer's input",
        "You weigh what goes into the layer. Wanted are the maps that come out of it.",
        (flawed(of_input=True),),
    ),
    Misconception(
        "another layer",
        "You look at another layer than the named one. Find it by model.get_submodule(layer_name).",
        (*(flawed(pick=_convolution(index)) for index in (0, -1)), flawed(pick=_neighbor(1))),
    ),
    Misconception(
        "hook left behind",
        "Your hook stays on the model and runs at every later pass. Keep the handle that "
        "register_forward_hook returns, and call handle.remove().",
        (flawed(remove=False),),
    ),
    Misconception(
        "mode changed",
        "Your function leaves the model in another mode, train or eval, than it came in. Leave that to the "
        "caller.",
        (
            flawed(before=nn.Module.eval),
            flawed(before=nn.Module.train),
            flawed(before=nn.Module.eval, after=nn.Module.train),
            flawed(after=nn.Module.train),
        ),
    ),
    Misconception(
        "an old result",
        "The second call returns the map of the first picture. Make a new list in each call: one outside "
        "the function keeps what was appended before.",
        (in_one_list_per_model, in_one_list()),
    ),
)
