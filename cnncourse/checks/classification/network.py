"""Exercise 3.3: a first convolutional network. Its weights are what they may; its layers are looked at."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...models import simple_cnn
from ..exercise import Exercise, Probe
from ..observing import Seen
from .network_layers import Build, built, images_for, layers_of, logits_of, shape_of
from .network_mistakes import MISTAKES

PARAMETERS = 54_410


def _layers(build: Build, **options: Any) -> Seen:
    return layers_of(built(build, **options), classes=options.get("num_classes", 10))


def _shape(build: Build, images: int, **options: Any) -> Seen:
    model = built(build, **options)
    return shape_of(model, images_for(model, images), classes=options.get("num_classes", 10))


def _parameters(build: Build) -> Seen:
    count = sum(weight.numel() for weight in built(build).parameters())
    return Seen("right" if count == PARAMETERS else "other", f"{count:,} parameters")


def _logits(build: Build, seed: int, **options: Any) -> Tensor:
    """Return the logits of two images with weights that are the same in every network of this kind."""
    model = built(build, **options).eval()
    return logits_of(model, images_for(model, 2, seed), seed)


def _modes(build: Build) -> Seen:
    model = built(build)
    images = images_for(model, 2)
    with torch.no_grad():
        trains, evaluates = model.train()(images), model.eval()(images)
    same = torch.allclose(trains, evaluates, atol=1e-4)
    return Seen("same", "the same in both modes") if same else Seen("other", "other logits in train mode")


def _trainable(build: Build) -> Seen:
    """Say whether every weight can learn: a gradient reaches it."""
    model = built(build)
    with torch.enable_grad():
        out = model(images_for(model, 2))
        if not isinstance(out, Tensor) or not out.requires_grad:
            return Seen("cut", "a result without a way back to the weights")
        out.square().sum().backward()
    lacking = [name for name, weight in model.named_parameters() if weight.grad is None]
    if lacking:
        return Seen("frozen", f"no gradient for {', '.join(lacking)}")
    return Seen("all", "a gradient for every weight")


def _two_networks(build: Build) -> Seen:
    one, other = built(build), built(build)
    places = {weight.data_ptr() for weight in one.parameters()}
    shared = any(weight.data_ptr() in places for weight in other.parameters())
    return Seen("shared", "the same weights again") if shared else Seen("own", "new weights in each call")


def _probe(note: str, drive: Callable[..., Any], **options: Any) -> Probe:
    return Probe(options=tuple(options.items()), drive=drive, note=note)


EXERCISE = Exercise(
    name="simple_cnn",
    number="3.3",
    signature="simple_cnn(num_classes=10) -> nn.Module, for images [N,1,28,28]",
    reference=simple_cnn,
    probes=(
        _probe("the layers that have weights", _layers),
        _probe("what comes out for 3 images", partial(_shape, images=3)),
        _probe("the number of parameters", _parameters),
        _probe("3 classes", _layers, num_classes=3),
        _probe("what comes out for 1 image and 3 classes", partial(_shape, images=1), num_classes=3),
        _probe("logits of 2 images with given weights", partial(_logits, seed=1)),
        _probe("logits for 4 classes, with other weights", partial(_logits, seed=2), num_classes=4),
        _probe("train mode and eval mode", _modes),
        _probe("the way back to the weights", _trainable),
        _probe("two networks", _two_networks),
    ),
    misconceptions=MISTAKES,
    hints=(
        "Five layers one after another: nn.Sequential takes them in their order. Only two of them have "
        "weights.",
        "How many numbers does nn.Flatten make of one image? The convolution makes 28 − 3 + 1 = 26 rows and "
        "columns, pooling halves them, and there are 32 maps.",
        "The last layer is nn.Linear(32 * 13 * 13, num_classes), and nothing follows it: the loss works on "
        "logits.",
    ),
    seconds=10.0,
)

EXERCISES = (EXERCISE,)
