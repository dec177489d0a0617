"""Small models whose inside is looked at, and what an answer leaves behind in them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ..exercise import Probe
from ..modules import hooks_on
from ..observing import Seen


def blocks() -> nn.Sequential:
    """Return a model for [N, 2, 6, 5], its layers in blocks: names with dots."""
    first = OrderedDict(conv=nn.Conv2d(2, 2, 2), relu=nn.ReLU())
    second = OrderedDict(conv=nn.Conv2d(2, 2, 2), relu=nn.ReLU(), pool=nn.MaxPool2d((2, 1)))
    layers = OrderedDict(block1=nn.Sequential(first), block2=nn.Sequential(second), flatten=nn.Flatten())
    return _settled(nn.Sequential(layers | {"dropout": nn.Dropout(0.5), "fc": nn.Linear(12, 3)}))


def chain(seed: int = 0) -> nn.Sequential:
    """Return a model for [N, 2, 6, 5] without blocks; its layers have names."""
    layers = OrderedDict(
        conv1=nn.Conv2d(2, 3, (3, 2)),
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(3, 3, (2, 1)),
        relu2=nn.ReLU(),
        flatten=nn.Flatten(),
        fc=nn.Linear(36, 3),
    )
    return _settled(nn.Sequential(layers), seed)


def numbered() -> nn.Sequential:
    """Return a model for [N, 2, 6, 5] whose layers have numbers for names, and that ends in a mean."""
    layers = nn.Conv2d(2, 2, 2), nn.ReLU(), nn.Conv2d(2, 3, 2), nn.ReLU()
    return _settled(nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)), 1)


def alike() -> nn.Sequential:
    """Return a model for [N, 2, 6, 5] with a layer whose name begins and ends those of others."""
    layers = OrderedDict(
        pre_conv=nn.Conv2d(2, 3, 2), relu=nn.ReLU(), conv=nn.Conv2d(3, 2, 2), conv_post=nn.Conv2d(2, 2, 1)
    )
    return _settled(nn.Sequential(layers | {"flatten": nn.Flatten(), "fc": nn.Linear(24, 3)}), 2)


def pictures(number: int = 1, seed: int = 0) -> Tensor:
    """Return quarters between −2 and 2: [N, 2, 6, 5]."""
    return _quarters((number, 2, 6, 5), 8, torch.Generator().manual_seed(seed))


def _settled(model: nn.Sequential, seed: int = 0) -> nn.Sequential:
    """Give all weights fixed values between −1 and 1; return the model in eval mode."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            # A little more in the biases: no sum is exactly 0, where the slope of ReLU is anybody's choice.
            weight.copy_(_quarters(weight.shape, 4, random) + (0.01 if weight.ndim == 1 else 0))
    return model.eval()


def _quarters(shape: Any, most: int, random: torch.Generator) -> Tensor:
    return torch.randint(-most, most + 1, tuple(shape), generator=random) / 4


def probe(note: str, model: nn.Module, *rest: Any, drive: Callable[..., Any] | None = None) -> Probe:
    """Return a probe; what comes back is compared as a tensor."""
    return Probe((model, *rest), drive=drive, observe=None if drive else tensor_alone, note=note)


def tensor_alone(value: Any) -> Any:
    """Return a value as it is, but several of them, or one in a list, as what they are."""
    if isinstance(value, list | tuple | dict):
        return Seen("collection", f"a {type(value).__name__} of {len(value)}")
    return value


def nothing_noted(answer: Callable[..., Any], *arguments: Any) -> Any:
    """Return what comes back, or that a list to which no hook has appended yet is read."""
    try:
        return tensor_alone(answer(*arguments))
    except IndexError:
        return Seen("nothing", "an error: the list is still empty when it is read")


def joined_by_a_graph(answer: Callable[..., Any], *arguments: Any) -> Any:
    """Return what comes back, or why no gradient leads from the logit to the maps."""
    try:
        return tensor_alone(answer(*arguments))
    except (RuntimeError, AttributeError) as error:
        for words, why in _NOT_JOINED.items():
            if words in str(error):
                return Seen(words, f"an error: {why}")
        raise


_NOT_JOINED = {  # torch's words, and what they mean here
    "not require grad": "these maps or logits are cut off from the graph",
    "been used in the graph": "the logits come from another pass than the maps",
    "'NoneType' object has no attribute": "there is no gradient on the maps",
}


def hooks_left(answer: Callable[..., Any], model: nn.Module, *rest: Any) -> Seen:
    """Say how many hooks an answer leaves on the model."""
    answer(model, *rest)
    left = hooks_on(model)
    return Seen("hooks" if left else "none", f"{left} left on the model" if left else "no hook left")


def other_hook_kept(answer: Callable[..., Any], model: nn.Module, layer_name: str, *rest: Any) -> Seen:
    """Say whether a hook that was on the layer before an answer came is there afterwards."""
    layer, runs = model.get_submodule(layer_name), []
    layer.register_forward_hook(lambda *_: runs.append(True))
    answer(model, layer_name, *rest)
    runs.clear()
    with torch.no_grad():
        model(rest[0])
    return Seen("kept", "the other hook still there") if runs else Seen("gone", "the other hook is gone")


def mode_left(answer: Callable[..., Any], model: nn.Module, *rest: Any) -> Seen:
    """Say in which mode an answer leaves the model."""
    answer(model, *rest)
    modes = {module.training for module in model.modules()}
    return Seen("mixed", "some parts in train mode") if len(modes) > 1 else _MODES[modes.pop()]


_MODES = {True: Seen("train", "train mode"), False: Seen("eval", "eval mode")}


def second_call(answer: Callable[..., Any], model: nn.Module, layer_name: str, x: Tensor, *rest: Any) -> Any:
    """Return what a second call, with another picture, gives."""
    answer(model, layer_name, x, *rest)
    return tensor_alone(answer(model, layer_name, x.flip(-1), *rest))
