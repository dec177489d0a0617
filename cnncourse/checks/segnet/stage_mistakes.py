"""Mistakes that a stage of the encoder and one of the decoder share: layers, their weights, their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..exercise import Misconception
from .flawed_stages import Build, Layers, Plan, conv, counted, none_changes, turned

Builder = Callable[..., Build]


class _OfTheBatch(nn.Module):
    """Batch norm without what it stores: it never stops looking at the batch."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, None, None, self.norm.weight, self.norm.bias, training=True)


def _stored(channels: int) -> nn.Module:
    """Return a batch norm that never looks at the batch."""
    norm = nn.BatchNorm2d(channels)
    norm.train = lambda mode=True: norm  # type: ignore[method-assign]
    norm.training = False
    return norm


class _Apply(nn.Module):
    """Any function as a layer."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def _relu_and(*layers: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(nn.ReLU(), *(make() for make in layers))


def _one_for_all(stage: Builder, name: str, make: Callable[..., nn.Module], **options: Any) -> Build:
    """Return a builder that makes a layer of some channels once and uses it wherever it fits."""
    return lambda *sizes: stage(**{name: cache(make)}, **options)(*sizes)


def _with_layers(stage: Builder, plan: Plan, use: Callable[..., Any], keep: bool) -> Build:
    """Return a builder whose layers the model does not know: made in each pass, or kept in a list."""

    def build(*sizes: int) -> nn.Module:
        hidden = [Layers(plan(*sizes))]
        return stage(
            lambda _, *given: use(hidden[0] if keep else Layers(plan(*sizes)), *given), lambda *_: []
        )(*sizes)

    return build


def _frozen(stage: Builder) -> Build:
    return lambda *sizes: stage()(*sizes).requires_grad_(False)


def _without_gradients(stage: Builder, use: Callable[..., Any]) -> Build:
    return stage(torch.no_grad()(use))


def _with_changed_input(stage: Builder, use: Callable[..., Any]) -> Build:
    def function(layers: nn.Module, x: Tensor, *rest: Any) -> Any:
        result = use(layers, x.clone(), *rest)
        x.mul_(2)
        return result

    return stage(function)


def _with_one_result(stage: Builder, use: Callable[..., Any]) -> Build:
    """Return a builder of stages that write each result over the earlier ones."""
    earlier: deque[Tensor] = deque(maxlen=8)

    def function(*given: Any) -> Any:
        result = use(*given)
        maps = result if isinstance(result, Tensor) else result[0]
        for old in earlier:
            if old.shape == maps.shape:
                old.data.copy_(maps.data)
        earlier.append(maps)
        return result

    return stage(function)


def shared_mistakes(
    stage: Builder, plan: Plan, use: Callable[..., Any], same: Callable[..., Any]
) -> tuple[Misconception, ...]:
    """Return the mistakes for stages made by ``stage``.

    ``plan`` and ``use`` are what is right there, ``same`` is the kind of module that it makes.
    """
    return (
        Misconception(
            "no batch norm",
            "Batch norm follows each convolution: nn.BatchNorm2d, with as many channels as the convolution "
            "makes. Yours lacks it.",
            (stage(order="cr"), stage(order="cr", make=conv(bias=False))),
        ),
        Misconception(
            "batch norm not after each convolution",
            "Each convolution has a batch norm of its own. Yours has fewer, or uses one several times.",
            (
                stage(order="cr", last="cbr"),
                stage(order="cbr", last="cr"),
                _one_for_all(stage, "norm", nn.BatchNorm2d),
            ),
        ),
        Misconception(
            "another normalization",
            "The normalization is nn.BatchNorm2d: each map by its mean and variance over the whole batch.",
            (
                stage(norm=nn.InstanceNorm2d),
                stage(norm=lambda n: nn.GroupNorm(1, n)),
                stage(norm=nn.BatchNorm1d),
            ),
        ),
        Misconception(
            "batch norm of other channels",
            "Batch norm has as many channels as the convolution before it makes.",
            (stage(norm=lambda n: nn.BatchNorm2d(n + 1)),),
        ),
        Misconception(
            "batch norm without weights",
            "Batch norm learns a scale and a shift for each map: leave affine=True, as it is by default.",
            (stage(norm=lambda n: nn.BatchNorm2d(n, affine=False)),),
        ),
        Misconception(
            "the batch looked at in eval mode",
            "In eval mode batch norm uses the means and variances that it stored while training. Yours still "
            "looks at the batch, so that the result for an image depends on its neighbors there.",
            (stage(norm=_OfTheBatch), stage(norm=lambda n: nn.BatchNorm2d(n, track_running_stats=False))),
        ),
        Misconception(
            "no ReLU",
            "A ReLU follows each convolution and its batch norm. Without one between them several "
            "convolutions compute no more than a single one.",
            (stage(order="cb"), stage(order="cb", last="cbr")),
        ),
        Misconception(
            "no ReLU after the last convolution",
            "The last convolution of a stage has a ReLU too, as all others have. Yours leaves it out.",
            (stage(last="cb"),),
        ),
        Misconception(
            "ReLU before the first convolution",
            "ReLU follows each convolution and its batch norm. Yours comes before the first convolution, and "
            "cuts what comes in.",
            (stage(order="rcb"), stage(order="rcb", last="rcbr")),
        ),
        Misconception(
            "ReLU before batch norm",
            "The order is convolution, batch norm, ReLU. Yours normalizes what the ReLU has already cut.",
            (stage(order="crb"),),
        ),
        Misconception(
            "batch norm before the convolution",
            "Convolution first, then batch norm, then ReLU. Yours begins a block with batch norm.",
            (stage(order="brc"), stage(order="bcr")),
        ),
        Misconception(
            "another activation",
            "The activation is ReLU: negative values become 0, positive ones pass as they are.",
            (stage(activation=nn.LeakyReLU), stage(activation=nn.Sigmoid)),
        ),
        Misconception(
            "padding",
            "A 3×3 convolution with padding=1 keeps the size of the maps. Yours pads otherwise, and they "
            "shrink or grow.",
            (stage(make=conv(padding=0)), stage(make=conv(padding=2))),
        ),
        Misconception(
            "padded with other values",
            "Padding adds zeros around the maps: leave padding_mode as it is by default.",
            (stage(make=conv(padding_mode="reflect")),),
        ),
        Misconception(
            "another kernel",
            "All kernels have 3×3 cells: kernel_size=3.",
            (stage(make=conv(kernel_size=5, padding=2)), stage(make=conv(kernel_size=1, padding=0))),
        ),
        Misconception(
            "convolutions with a stride",
            "The convolutions keep the size of the maps: stride=1, as it is by default.",
            (stage(make=conv(stride=2)),),
        ),
        Misconception(
            "convolutions with gaps",
            "The cells of a kernel lie side by side: dilation=1, as it is by default.",
            (stage(make=conv(dilation=2)), stage(make=conv(dilation=2, padding=2))),
        ),
        Misconception(
            "transposed convolutions",
            "The layers of a stage are ordinary convolutions, nn.Conv2d; none of them changes the size.",
            (stage(make=lambda a, b: nn.ConvTranspose2d(a, b, 3, padding=1)),),
        ),
        Misconception(
            "another number of convolutions",
            "The stage has as many convolutions as `convs` says, the one that changes the channels counted.",
            tuple(
                stage(plan=counted(plan, count)) for count in (lambda n: 1, lambda n: 2, lambda n: min(n, 2))
            ),
        ),
        Misconception(
            "other channels",
            "The channels are not those asked for. They change once, from in_channels to out_channels, and "
            "each convolution takes all that the one before it makes.",
            (stage(plan=turned(plan)), stage(plan=lambda a, b, n: plan(a, 2 * a, n))),
        ),
        Misconception(
            "the same convolution again",
            "Each convolution has weights of its own. Yours builds a layer once and uses it several times: "
            "build a new one in each turn of the loop.",
            (
                _one_for_all(stage, "make", conv()),
                _one_for_all(stage, "make", conv(), plan=none_changes),
            ),
        ),
        Misconception(
            "layers made anew in each pass",
            "Build the layers in __init__, not in forward: layers that are made anew in each pass have "
            "random weights every time and never learn.",
            (_with_layers(stage, plan, use, keep=False),),
        ),
        Misconception(
            "layers in a plain list",
            "An nn.Module does not see layers in a plain list, so that no optimizer will change them. Keep "
            "them in nn.Sequential or nn.ModuleList.",
            (_with_layers(stage, plan, use, keep=True),),
        ),
        Misconception(
            "weights that cannot learn",
            "No gradient reaches some of the weights, or what came in: nothing may cut the way back, and "
            "each layer that is built must be used.",
            (_frozen(stage), _without_gradients(stage, use)),
        ),
        Misconception(
            "something else computed",
            "With the same weights, convolutions with batch norm and ReLU give other numbers. Does your "
            "stage do something besides, or leave something out?",
            (
                stage(activation=_relu_and(nn.Dropout)),
                stage(activation=_relu_and(lambda: _Apply(lambda x: 2 * x))),
                stage(norm=_stored),
            ),
        ),
        Misconception(
            "nothing returned",
            "The forward of your stage returns None. Is the `return` missing?",
            (stage(lambda *given: None),),
        ),
        Misconception(
            "the input changed",
            "Your stage changes the maps it is given, which others may still need. Work on a copy.",
            (_with_changed_input(stage, use),),
        ),
        Misconception(
            "a class instead of a stage",
            "Return a stage that is built, not its class: call the class with what it needs.",
            (lambda *sizes: same,),
        ),
        Misconception(
            "no stage",
            "Return an nn.Module with a forward method that does all the work: not a list of layers, not a "
            "function, not a result.",
            (
                lambda *sizes: [Layers(plan(*sizes))],
                lambda *sizes: nn.ModuleList([Layers(plan(*sizes))]),
                lambda *sizes: lambda *given: use(Layers(plan(*sizes)), *given),
            ),
        ),
        Misconception(
            "one stage for all",
            "Each call builds a new stage with weights of its own. Yours hands out the same again.",
            (cache(stage()),),
        ),
        Misconception(
            "a result that changes later",
            "A later pass through another stage changes what the first returned. Keep nothing in global "
            "variables, and make new tensors in each pass.",
            (_with_one_result(stage, use),),
        ),
    )
