"""Weights that others have trained: torchvision's VGG-16, given to ours."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .classifier import Classifier


def load_torchvision_vgg16(
    model: Classifier, source: Mapping[str, Tensor] | str | os.PathLike[str] | None = None
) -> Classifier:
    """Copy the weights of torchvision's VGG-16 into ours and return it.

    They were trained on ImageNet's 1,000 classes, on images in 0..1 from which the mean (0.485, 0.456,
    0.406) was subtracted and which were then divided by (0.229, 0.224, 0.225), in the order red, green,
    blue: give the network such images. For other classes load first, then replace the last layer:
    ``model.fc8 = nn.Linear(4096, num_classes)``.

    Parameters
    ----------
    model
        ``vgg16()``, or ``vgg16(batch_norm=True)`` for the weights of torchvision's ``vgg16_bn``.
    source
        A state dict of torchvision's model, the path of a file that holds one, or None to download the file
        (528 MB, once: torch keeps it for the next time).

    Returns
    -------
    Classifier
        ``model`` itself.

    Raises
    ------
    ConnectionError
        When the file cannot be downloaded; the message says where a copy of it can be put.
    FileNotFoundError
        When there is no file at the path.
    ValueError
        When it holds something else, or weights of other shapes than the model's.

    Examples
    --------
    >>> from torchvision.models import vgg16 as theirs
    >>> from cnncourse.models import vgg16
    >>> with torch.device("meta"):  # shapes without numbers, so that the example is quick
    ...     model = load_torchvision_vgg16(vgg16(), theirs(init_weights=False).state_dict())
    """
    if source is None:
        source = _download(any(isinstance(layer, nn.BatchNorm2d) for layer in model.modules()))
    elif not isinstance(source, Mapping):
        source = _read(Path(source))
    names, own = torchvision_names(model), model.state_dict()
    keys = {key: names[key.rpartition(".")[0]] + "." + key.rpartition(".")[2] for key in own}
    for key, theirs in keys.items():
        if theirs not in source:
            raise ValueError(
                f"the weights have no {theirs!r} for {key!r}; expected a state dict of torchvision's vgg16 "
                f"(for vgg16()) or vgg16_bn (for vgg16(batch_norm=True)); it begins with {list(source)[:3]}"
            )
        if source[theirs].shape != own[key].shape:
            raise ValueError(
                f"{theirs!r} is {_size(source[theirs])}, but {key!r} is {_size(own[key])}: load the weights "
                f"into vgg16() with its 1,000 classes, width 64 and size 224×224 (and batch_norm=True for "
                f"vgg16_bn), then replace what shall differ"
            )
    model.load_state_dict({key: source[theirs] for key, theirs in keys.items()})
    return model


def torchvision_names(model: Classifier) -> dict[str, str]:
    """Return torchvision's name for each layer of our VGG: both have the same layers in the same order.

    Examples
    --------
    >>> from cnncourse.models import vgg16
    >>> names = torchvision_names(vgg16(width=1, size=32))
    >>> names["stage1.conv1_2"], names["fc8"]
    ('features.2', 'classifier.6')
    """
    leaves = [name for name, layer in model.named_modules() if not any(layer.children())]
    cut = leaves.index("flatten")
    features = {name: f"features.{i}" for i, name in enumerate(leaves[:cut])}
    return features | {name: f"classifier.{i}" for i, name in enumerate(leaves[cut + 1 :])}


def _download(batch_norm: bool) -> Mapping[str, Tensor]:
    from torchvision.models import VGG16_BN_Weights, VGG16_Weights

    weights: Any = VGG16_BN_Weights.IMAGENET1K_V1 if batch_norm else VGG16_Weights.IMAGENET1K_V1
    place = Path(torch.hub.get_dir(), "checkpoints", weights.url.rpartition("/")[2])
    if place.exists():
        return _read(place)
    try:
        return weights.get_state_dict(progress=True, check_hash=True, weights_only=True, map_location="cpu")
    except (OSError, RuntimeError) as error:  # no network; or what arrived is not what was announced
        raise ConnectionError(
            f"the weights could not be downloaded from {weights.url} ({error}). Go on without them: "
            f"the network trains from its random start. Or get that file where there is a network, and put "
            f"it at {place}, or pass its path: load_torchvision_vgg16(model, path)"
        ) from error


def _read(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file {path}; expected the weights of torchvision's VGG-16: check the path, or "
            f"leave it out to download them"
        )
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError) as error:
        raise ValueError(
            f"{path} holds no weights that torch can read; expected a state dict of torchvision's VGG-16: "
            f"the file may be cut short ({path.stat().st_size:,} bytes), so delete it and download it again"
        ) from error
    if not isinstance(weights, Mapping):
        raise ValueError(
            f"{path} holds a {type(weights).__name__}; expected a state dict of torchvision's VGG-16: save "
            f"model.state_dict(), not the model"
        )
    return weights


def _size(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a number"
