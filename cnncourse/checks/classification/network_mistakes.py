"""How people get their first network wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from ..exercise import Misconception

Build = Callable[..., nn.Module]
Layer = Callable[[], nn.Module]


def _linear(inputs: int, outputs: int, bias: bool) -> nn.Linear:
    """Return a layer that starts with equal weights: to draw them takes the longest of all."""
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs, bias=bias)
    for weight in layer.parameters():
        nn.init.constant_(weight, 0.01)
    return layer


def _pool() -> nn.Module:
    return nn.MaxPool2d(2)


def _network(
    features: int | None = 32 * 13 * 13,
    conv: dict[str, Any] | None = None,
    between: tuple[Layer, ...] = (nn.ReLU, _pool),
    flatten: Layer = nn.Flatten,
    bias: bool = True,
    classes: int | None = None,
    after: tuple[Layer, ...] = (),
) -> Build:
    """Return a builder of networks: convolution, what stands between, flatten, linear, what follows.

    ``features=None`` gives the linear layer as many weights as numbers arrive.
    """

    def build(num_classes: int = 10) -> nn.Module:
        options = {"in_channels": 1, "out_channels": 32, "kernel_size": 3, **(conv or {})}
        body = nn.Sequential(nn.Conv2d(**options), *(make() for make in between), flatten())
        size = (
            body(torch.zeros(2, options["in_channels"], 28, 28)).shape[-1] if features is None else features
        )
        return nn.Sequential(*body, _linear(size, classes or num_classes, bias), *(make() for make in after))

    return build


def _fitting(**options: Any) -> Build:
    return _network(features=None, **options)


class _Apply(nn.Module):
    """Any function as a layer."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        """Keep the function."""
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """Call it."""
        return self.function(x)


def _apply(function: Callable[[Tensor], Tensor]) -> Layer:
    return lambda: _Apply(function)


def _softmax() -> nn.Module:
    return nn.Softmax(dim=1)


def _dense(*sizes: int) -> Build:
    """Return a builder of networks without a convolution."""

    def build(num_classes: int = 10) -> nn.Module:
        layers: list[nn.Module] = [nn.Flatten()]
        for inputs, outputs in zip((784, *sizes), sizes, strict=False):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear((784, *sizes)[-1], num_classes))

    return build


def _with_second_convolution() -> tuple[Layer, ...]:
    return nn.ReLU, _pool, lambda: nn.Conv2d(32, 64, 3), nn.ReLU, _pool


def _hidden(width: int, features: int = 32 * 13 * 13) -> Build:
    return _network(between=(nn.ReLU, _pool, nn.Flatten, lambda: nn.Linear(features, width)), features=width)


def _frozen(num_classes: int = 10) -> nn.Module:
    return _network()(num_classes).requires_grad_(False)


def _half_frozen(num_classes: int = 10) -> nn.Module:
    model = _network()(num_classes)
    model.get_submodule("0").requires_grad_(False)
    return model


def _in_order(*names: str) -> Build:
    """Return a builder of the right layers in another order."""

    def build(num_classes: int = 10) -> nn.Module:
        layers = {
            "conv": nn.Conv2d(1, 32, 3),
            "relu": nn.ReLU(),
            "pool": _pool(),
            "flatten": nn.Flatten(),
            "linear": _linear(32 * 13 * 13, num_classes, bias=True),
        }
        return nn.Sequential(*(layers[name] for name in names))

    return build


def _turned_around(num_classes: int = 10) -> nn.Module:
    body = _in_order("conv", "relu", "pool", "flatten")()
    return nn.Sequential(body, _linear(num_classes, 32 * 13 * 13, bias=True))


@cache
def _once(num_classes: int = 10) -> nn.Module:
    return _network()(num_classes)


_BEFORE = "A convolution without padding makes 26×26 of 28×28, pooling 13×13"

MISTAKES = (
    Misconception(
        "linear layer of the wrong size",
        "The linear layer needs a weight for each number that arrives, here 32 · 13 · 13 = 5,408: "
        + _BEFORE
        + ".",
        (
            *(_network(features) for features in (32 * 14 * 14, 32 * 26 * 26, 32 * 12 * 12, 13 * 13, 784)),
            _network(between=(nn.ReLU,)),
            _network(conv={"padding": 1}),
        ),
    ),
    Misconception(
        "a padded convolution",
        "Yours pads, so that 28×28 stays 28×28. Here the convolution has no padding and makes 26×26.",
        (
            _fitting(conv={"padding": 1}),
            _fitting(conv={"padding": 1}, between=(nn.ReLU,)),
        ),
    ),
    Misconception(
        "no pooling",
        "Between ReLU and flatten stands nn.MaxPool2d(2). Without it four times as many numbers arrive at "
        "the linear layer.",
        (_fitting(between=(nn.ReLU,)), _fitting(between=())),
    ),
    Misconception(
        "maps of another size",
        _BEFORE
        + ". Yours makes maps of another size: look at stride, padding and the window of the pooling.",
        (
            _fitting(between=(nn.ReLU, lambda: nn.MaxPool2d(3))),
            _fitting(between=(nn.ReLU, lambda: nn.AdaptiveAvgPool2d(1))),
        ),
    ),
    Misconception(
        "another kernel",
        "The kernels of the convolution have 3×3 cells: kernel_size=3.",
        (_fitting(conv={"kernel_size": 5}), _network(conv={"kernel_size": 5})),
    ),
    Misconception(
        "another number of maps",
        "The convolution makes 32 maps: out_channels=32.",
        (_fitting(conv={"out_channels": 16}), _network(conv={"out_channels": 64})),
    ),
    Misconception(
        "another number of input channels",
        "The images are gray, [N, 1, 28, 28]: the convolution takes 1 channel.",
        (_network(conv={"in_channels": 3}),),
    ),
    Misconception(
        "more than one convolution",
        "One convolution only, here; deeper networks come in lesson 04.",
        (
            _fitting(between=_with_second_convolution()),
            _network(between=_with_second_convolution()),
        ),
    ),
    Misconception(
        "no convolution",
        "Yours has linear layers only. A convolution looks at neighborhoods of the image: nn.Conv2d(1, 32, "
        "3).",
        (_dense(), _dense(32), _dense(128, 64)),
    ),
    Misconception(
        "a hidden layer too many",
        "One linear layer leads from the flat maps to the classes. Yours has another one before it.",
        (_hidden(128), _hidden(64, features=32 * 14 * 14)),
    ),
    Misconception(
        "num_classes ignored",
        "The last layer has num_classes outputs, whatever the caller asks for: not always 10.",
        (_network(classes=10),),
    ),
    Misconception(
        "another number of classes",
        "The last layer has num_classes outputs, 10 if nothing else is asked for.",
        (lambda num_classes=10: _network(classes=num_classes + 1)(), _network(classes=2)),
    ),
    Misconception(
        "not flattened",
        "The linear layer takes one row of numbers for each image: put nn.Flatten() before it.",
        (
            _network(flatten=nn.Identity),
            _network(flatten=nn.Identity, features=13),
            _network(flatten=lambda: nn.Flatten(2), features=13 * 13),
            _network(flatten=lambda: nn.Flatten(2)),
            _network(flatten=nn.Identity, features=26, between=(nn.ReLU,)),
        ),
    ),
    Misconception(
        "flattened too early",
        "Convolution and pooling work on maps, [N, C, H, W]: flatten after them, just before the linear "
        "layer.",
        (
            _in_order("flatten", "conv", "relu", "pool", "linear"),
            _in_order("conv", "relu", "flatten", "pool", "linear"),
            _in_order("conv", "flatten", "relu", "pool", "linear"),
        ),
    ),
    Misconception(
        "inputs and outputs turned around",
        "A linear layer is told the number of its inputs first: nn.Linear(5408, num_classes).",
        (_turned_around,),
    ),
    Misconception(
        "the batch flattened too",
        "The images of a batch must stay apart: flatten from axis 1 on, as nn.Flatten() and x.flatten(1) do. "
        "Yours puts several images into one row, or one image into several.",
        (
            _network(flatten=lambda: nn.Flatten(0)),
            _network(flatten=_apply(lambda x: x.reshape(1, -1))),
            _network(flatten=_apply(lambda x: x.reshape(-1, 32 * 13 * 13)), between=(nn.ReLU,)),
        ),
    ),
    Misconception(
        "no ReLU",
        "Between convolution and linear layer stands a ReLU. Without it the network can only weigh and add "
        "(and take the largest of four).",
        (_network(between=(_pool,)),),
    ),
    Misconception(
        "another activation",
        "The activation after the convolution is ReLU: negative values become 0, positive ones pass as they "
        "are.",
        tuple(
            _network(between=(activation, _pool))
            for activation in (
                nn.Sigmoid,
                nn.Tanh,
                nn.LeakyReLU,
                lambda: nn.LeakyReLU(0.1),
                lambda: nn.LeakyReLU(0.2),
                nn.ELU,
                nn.GELU,
                nn.SiLU,
                nn.Softplus,
                nn.ReLU6,
                nn.Hardswish,
                nn.SELU,
            )
        ),
    ),
    Misconception(
        "ReLU after the last layer",
        "Nothing follows the linear layer: logits may be negative. A ReLU there makes all bad classes look "
        "alike.",
        (_network(after=(nn.ReLU,)), _network(between=(_pool,), after=(nn.ReLU,))),
    ),
    Misconception(
        "softmax inside the network",
        "The network returns logits. The loss applies softmax itself, stably; a softmax inside would be "
        "applied twice.",
        tuple(
            _network(after=(last,))
            for last in (
                _softmax,
                lambda: nn.LogSoftmax(dim=1),
                nn.Sigmoid,
                nn.Tanh,
                lambda: nn.Softmax(dim=0),
                nn.LogSigmoid,
            )
        ),
    ),
    Misconception(
        "average instead of maximum",
        "Pooling takes the largest value of each 2×2 window here: nn.MaxPool2d(2).",
        (
            _network(between=(nn.ReLU, lambda: nn.AvgPool2d(2))),
            _network(between=(lambda: nn.AvgPool2d(2), nn.ReLU)),
            _network(between=(nn.ReLU, lambda: nn.LPPool2d(2, 2))),
        ),
    ),
    Misconception(
        "another window or stride",
        "Each pooling window has 2×2 cells, and the windows lie side by side; the convolution moves by one "
        "cell. Yours makes maps of 13×13 in another way.",
        (
            _network(between=(nn.ReLU, lambda: nn.MaxPool2d(3, 2, padding=1))),
            _network(between=(nn.ReLU, lambda: nn.MaxPool2d(1, 2))),
            _network(conv={"stride": 2}, between=(nn.ReLU,)),
            _network(between=(nn.ReLU, _apply(lambda x: x[..., :13, :13]))),
        ),
    ),
    Misconception(
        "no bias",
        "Both layers have a bias: leave bias=True, as it is by default.",
        (_network(bias=False), _network(conv={"bias": False}), _network(conv={"bias": False}, bias=False)),
    ),
    Misconception(
        "a layer that was not asked for",
        "Your network has other layers with weights too. Five layers are wanted: convolution, ReLU, pooling, "
        "flatten, linear.",
        (_network(between=(lambda: nn.BatchNorm2d(32), nn.ReLU, _pool)), _network(between=(nn.PReLU, _pool))),
    ),
    Misconception(
        "dropout",
        "Yours returns something else in train mode than in eval mode. Dropout comes in lesson 04.",
        (
            _network(between=(nn.ReLU, _pool, nn.Dropout)),
            _network(between=(nn.ReLU, _pool), after=(nn.Dropout,)),
        ),
    ),
    Misconception(
        "weights that cannot learn",
        "No gradient reaches some of the weights: nothing may cut the way back, and requires_grad must stay "
        "True.",
        (
            _frozen,
            _half_frozen,
            _network(after=(_apply(Tensor.detach),)),
            _network(between=(_apply(Tensor.detach), nn.ReLU, _pool)),
        ),
    ),
    Misconception(
        "one network for all",
        "Each call builds a new network: yours hands out the same one again, with what it has already "
        "learned.",
        (_once,),
    ),
)
