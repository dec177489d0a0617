"""How people get their first network wrong."""

from __future__ import annotations

from torch import Tensor, nn

from ..exercise import Misconception
from .flawed_networks import (
    apply,
    dense,
    fitting,
    frozen,
    half_frozen,
    hidden,
    in_order,
    listed,
    made_in_forward,
    network,
    once,
    partly_listed,
    pool,
    softmax,
    turned_around,
    with_second_convolution,
)

_BEFORE = "A convolution without padding makes 26×26 of 28×28, pooling 13×13"

MISTAKES = (
    Misconception(
        "linear layer of the wrong size",
        "The linear layer needs a weight for each number that arrives, here 32 · 13 · 13 = 5,408. "
        + _BEFORE
        + ".",
        (
            *(network(features) for features in (32 * 14 * 14, 32 * 26 * 26, 32 * 12 * 12, 13 * 13, 784)),
            network(between=(nn.ReLU,)),
            network(conv={"padding": 1}),
        ),
    ),
    Misconception(
        "a padded convolution",
        "Yours pads, so that 28×28 stays 28×28. Here the convolution has no padding and makes 26×26.",
        (
            fitting(conv={"padding": 1}),
            fitting(conv={"padding": 1}, between=(nn.ReLU,)),
        ),
    ),
    Misconception(
        "no pooling",
        "Between ReLU and flatten stands nn.MaxPool2d(2). Without it four times as many numbers arrive at "
        "the linear layer.",
        (fitting(between=(nn.ReLU,)), fitting(between=())),
    ),
    Misconception(
        "maps of another size",
        _BEFORE
        + ". Yours makes maps of another size: look at stride, padding and the window of the pooling.",
        (
            fitting(between=(nn.ReLU, lambda: nn.MaxPool2d(3))),
            fitting(between=(nn.ReLU, lambda: nn.AdaptiveAvgPool2d(1))),
        ),
    ),
    Misconception(
        "another kernel",
        "The kernels of the convolution have 3×3 cells: kernel_size=3.",
        (fitting(conv={"kernel_size": 5}), network(conv={"kernel_size": 5})),
    ),
    Misconception(
        "another number of maps",
        "The convolution makes 32 maps: out_channels=32.",
        (fitting(conv={"out_channels": 16}), network(conv={"out_channels": 64})),
    ),
    Misconception(
        "another number of input channels",
        "The images are gray, [N, 1, 28, 28]: the convolution takes 1 channel.",
        (network(conv={"in_channels": 3}),),
    ),
    Misconception(
        "more than one convolution",
        "One convolution only, here; deeper networks come in lesson 04.",
        (
            fitting(between=with_second_convolution()),
            network(between=with_second_convolution()),
        ),
    ),
    Misconception(
        "no convolution",
        "Yours has linear layers only. A convolution looks at neighborhoods of the image: nn.Conv2d(1, 32, "
        "3).",
        (dense(), dense(32), dense(128, 64)),
    ),
    Misconception(
        "a hidden layer too many",
        "One linear layer leads from the flat maps to the classes. Yours has another one before it.",
        (hidden(128), hidden(64, features=32 * 14 * 14)),
    ),
    Misconception(
        "num_classes ignored",
        "The last layer has num_classes outputs, whatever the caller asks for: not always 10.",
        (network(classes=10),),
    ),
    Misconception(
        "another number of classes",
        "The last layer has num_classes outputs, 10 if nothing else is asked for.",
        (lambda num_classes=10: network(classes=num_classes + 1)(), network(classes=2), network(classes=1)),
    ),
    Misconception(
        "not flattened",
        "The linear layer takes one row of numbers for each image: put nn.Flatten() before it.",
        (
            network(flatten=nn.Identity),
            network(flatten=nn.Identity, features=13),
            network(flatten=lambda: nn.Flatten(2), features=13 * 13),
            network(flatten=lambda: nn.Flatten(2)),
            network(flatten=nn.Identity, features=26, between=(nn.ReLU,)),
        ),
    ),
    Misconception(
        "flattened too early",
        "Convolution and pooling work on maps, [N, C, H, W]: flatten after them, just before the linear "
        "layer.",
        (
            in_order("flatten", "conv", "relu", "pool", "linear"),
            in_order("conv", "relu", "flatten", "pool", "linear"),
            in_order("conv", "flatten", "relu", "pool", "linear"),
        ),
    ),
    Misconception(
        "inputs and outputs turned around",
        "A linear layer is told the number of its inputs first: nn.Linear(5408, num_classes).",
        (turned_around,),
    ),
    Misconception(
        "the batch flattened too",
        "The images of a batch must stay apart: flatten from axis 1 on, as nn.Flatten() and x.flatten(1) do. "
        "Yours puts several images into one row, or one image into several.",
        (
            network(flatten=lambda: nn.Flatten(0)),
            network(flatten=apply(lambda x: x.reshape(1, -1))),
            network(flatten=apply(lambda x: x.reshape(-1, 32 * 13 * 13)), between=(nn.ReLU,)),
        ),
    ),
    Misconception(
        "no ReLU",
        "Between convolution and linear layer stands a ReLU. Without it the network can only weigh and add "
        "(and take the largest of four).",
        (network(between=(pool,)),),
    ),
    Misconception(
        "another activation",
        "The activation after the convolution is ReLU: negative values become 0, positive ones pass as they "
        "are.",
        tuple(
            network(between=(activation, pool))
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
        (network(after=(nn.ReLU,)), network(between=(pool,), after=(nn.ReLU,))),
    ),
    Misconception(
        "softmax inside the network",
        "The network returns logits. The loss applies softmax itself, stably; a softmax inside would be "
        "applied twice.",
        tuple(
            network(after=(last,))
            for last in (
                softmax,
                lambda: nn.LogSoftmax(dim=1),
                nn.Sigmoid,
                nn.Tanh,
                lambda: nn.Softmax(dim=0),
                nn.LogSigmoid,
            )
        ),
    ),
    Misconception(
        "a decision instead of logits",
        "The network returns a score for each class, [N, K]. Which one is the largest is asked later, and "
        "nothing can be learned through that question.",
        (
            network(after=(apply(lambda x: x.argmax(1)),)),
            network(after=(apply(lambda x: x.amax(1)),)),
            network(after=(apply(lambda x: x.softmax(1).argmax(1)),)),
        ),
    ),
    Misconception(
        "average instead of maximum",
        "Pooling takes the largest value of each 2×2 window here: nn.MaxPool2d(2).",
        (
            network(between=(nn.ReLU, lambda: nn.AvgPool2d(2))),
            network(between=(lambda: nn.AvgPool2d(2), nn.ReLU)),
            network(between=(nn.ReLU, lambda: nn.LPPool2d(2, 2))),
        ),
    ),
    Misconception(
        "another window or stride",
        "Each pooling window has 2×2 cells, and the windows lie side by side; the convolution moves by one "
        "cell. Yours makes maps of 13×13 in another way.",
        (
            network(between=(nn.ReLU, lambda: nn.MaxPool2d(3, 2, padding=1))),
            network(between=(nn.ReLU, lambda: nn.MaxPool2d(1, 2))),
            network(conv={"stride": 2}, between=(nn.ReLU,)),
            network(between=(nn.ReLU, apply(lambda x: x[..., :13, :13]))),
        ),
    ),
    Misconception(
        "no bias",
        "Both layers have a bias: leave bias=True, as it is by default.",
        (network(bias=False), network(conv={"bias": False}), network(conv={"bias": False}, bias=False)),
    ),
    Misconception(
        "a layer that was not asked for",
        "Your network has other layers with weights too. Five layers are wanted: convolution, ReLU, pooling, "
        "flatten, linear.",
        (network(between=(lambda: nn.BatchNorm2d(32), nn.ReLU, pool)), network(between=(nn.PReLU, pool))),
    ),
    Misconception(
        "dropout",
        "Yours drops values at random, so that the same images get other logits. Dropout comes in lesson 04.",
        (
            network(between=(nn.ReLU, pool, nn.Dropout)),
            network(between=(nn.ReLU, pool, lambda: nn.Dropout(0.25))),
            network(between=(nn.ReLU, pool, nn.Dropout2d)),
            network(between=(nn.ReLU, pool, apply(nn.functional.dropout))),
            network(between=(nn.ReLU, pool), after=(nn.Dropout,)),
        ),
    ),
    Misconception(
        "weights that cannot learn",
        "No gradient reaches some of the weights: nothing may cut the way back, and requires_grad must stay "
        "True.",
        (
            frozen,
            half_frozen,
            network(after=(apply(Tensor.detach),)),
            network(between=(apply(Tensor.detach), nn.ReLU, pool)),
        ),
    ),
    Misconception(
        "layers unknown to the network",
        "The network knows a layer that is an attribute set in __init__, or stands in nn.Sequential or "
        "nn.ModuleList. Layers in a plain Python list, or made anew inside forward, are not among its "
        "parameters and never learn.",
        (listed, partly_listed, made_in_forward),
    ),
    Misconception(
        "one network for all",
        "Each call builds a new network: yours hands out the same one again, with what it has already "
        "learned.",
        (once,),
    ),
)
