"""A Sequential for images of one size, which says so when another one comes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from torch import Tensor, nn

from .inputs import check_exact


class Classifier(nn.Sequential):
    """Layers one after another, for images of one size.

    It is indexed, sliced, traced and saved like any ``nn.Sequential``, but looks at the size of its input
    first: 29×29 pixels would also pass through a network for 28×28, since pooling leaves out what fills no
    window, and the last row and column would be lost without a word.

    Parameters
    ----------
    layers
        The layers by name.
    in_channels, size
        What an image has: channels, and (height, width) in pixels.

    Raises
    ------
    ValueError
        When the input is not [N, in_channels, height, width]: what was given, what is expected, what to do.

    Examples
    --------
    >>> import torch
    >>> layers = OrderedDict(flatten=nn.Flatten(), fc=nn.Linear(6, 10))
    >>> model = Classifier(layers, in_channels=1, size=(2, 3))
    >>> model(torch.zeros(4, 1, 2, 3)).shape
    torch.Size([4, 10])
    >>> model(torch.zeros(4, 1, 3, 3))
    Traceback (most recent call last):
    ValueError: the input is 4×1×3×3; expected N×1×2×3: resize or crop the images to 2×3, \
or build the network with size=(3, 3)
    """

    def __init__(self, layers: OrderedDict[str, nn.Module], in_channels: int, size: tuple[int, int]) -> None:
        """Take the layers by name, and the size that they are made for."""
        super().__init__(layers)
        self.in_channels = in_channels
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits [N, K] of images [N, C, H, W]."""
        check_exact(x, self.in_channels, self.size)
        return super().forward(x)

    def __getitem__(self, idx: Any) -> Any:
        """Return one layer, or a plain ``nn.Sequential`` of a slice of them."""
        if isinstance(idx, slice):
            return nn.Sequential(OrderedDict(list(self._modules.items())[idx]))
        return super().__getitem__(idx)
