"""U-Net: down a contracting path, up an expanding one, and at every level a skip across."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .inputs import check_axes, check_sizes
from .vgg import start_like_he

LOST = 4  # pixels of height and width that two unpadded 3×3 convolutions take away


def center_crop(x: Tensor, height: int, width: int) -> Tensor:
    """Return the middle of maps, without copying them.

    Parameters
    ----------
    x : Tensor
        [N, C, H, W].
    height, width : int
        Of the middle: its first row is (H − height) // 2, its first column (W − width) // 2.

    Returns
    -------
    Tensor
        [N, C, height, width].

    Raises
    ------
    ValueError
        When the maps are smaller.

    Examples
    --------
    >>> center_crop(torch.arange(5.0).reshape(1, 1, 1, 5), 1, 2)
    tensor([[[[1., 2.]]]])
    """
    top, left = (x.shape[-2] - height) // 2, (x.shape[-1] - width) // 2
    if top < 0 or left < 0:
        raise ValueError(
            f"got maps of {x.shape[-2]}×{x.shape[-1]} and a crop of {height}×{width}; expected a crop that "
            "is no larger: swap the two if the smaller map should decide"
        )
    return _Crop.apply(x, top, left, height, width)


class _Crop(torch.autograd.Function):
    """Part of maps, with a way back that keeps the layout, which torch's own changes into another."""

    @staticmethod
    def forward(x: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
        return x[..., top : top + height, left : left + width]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, int, int, int, int], output: Tensor) -> None:
        x, top, left, height, width = inputs
        ctx.around = left, x.shape[-1] - left - width, top, x.shape[-2] - top - height

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        """What was cut off has no influence."""
        return F.pad(gradient, ctx.around), None, None, None, None


def unet_output_size(n: int, depth: int = 4) -> int:
    """Return how many rows of logits the unpadded U-Net gives for ``n`` rows of pixels; columns alike.

    Each pair of convolutions takes 4 away, a pool halves what is left, an up-convolution doubles it. Whatever
    ``n``, the result is n − 12 · 2^depth + 8: 184 less at depth 4.

    Parameters
    ----------
    n : int
        Height or width of the image, in pixels.
    depth : int
        How many pools.

    Raises
    ------
    ValueError
        When a pool would meet an odd size, or nothing would be left; the nearest sizes that work are named.

    Source: Ronneberger, Fischer & Brox 2015, *U-Net*, section 2 and figure 1.

    Examples
    --------
    >>> unet_output_size(572)
    388
    >>> unet_output_size(571)
    Traceback (most recent call last):
    ValueError: got n=571 with 4 pools; expected a size that every pool halves without remainder, \
the nearest that work are 556 and 572
    """
    below, above = nearest_sizes(n, depth)
    if below != n:
        near = (
            f"the nearest that works is {above}"
            if below is None
            else (f"the nearest that work are {below} and {above}")
        )
        raise ValueError(
            f"got n={n} with {depth} pools; expected a size that every pool halves without remainder, {near}"
        )
    return n - 2 * lost_border(depth)


def lost_border(depth: int) -> int:
    """Return how many pixels the unpadded U-Net loses at each side: 92 at depth 4.

    On the way down each level loses 2 of its own pixels, 2 · 2^level of the image's, at each side; on the way
    up again. The lowest level is passed once.

    Examples
    --------
    >>> lost_border(4), (572 - 388) // 2
    (92, 92)
    """
    return sum(2 * 2**level for level in range(depth + 1)) + sum(2 * 2**level for level in range(depth))


def nearest_sizes(n: int, depth: int) -> tuple[int | None, int]:
    """Return the largest size up to ``n``, or None, and the smallest from ``n`` on, that work unpadded.

    Examples
    --------
    >>> nearest_sizes(571, 4), nearest_sizes(572, 4), nearest_sizes(3, 4)
    ((556, 572), (572, 572), (None, 188))
    """
    step = 2**depth
    smallest = 2 * lost_border(depth) + 1
    smallest += (-LOST - smallest) % step  # sizes that work are 4 short of a multiple
    above = max(n + (-LOST - n) % step, smallest)
    below = n - (n + LOST) % step
    return (below if below >= smallest else None), above


class UpBlock(nn.Module):
    """One step up: an up-convolution that halves the channels, the skip beside it, two convolutions.

    Parameters
    ----------
    in_channels
        Maps from below, an even number.
    out_channels
        Maps that go on.
    padded, batch_norm
        See :class:`UNet`.

    Source: Ronneberger et al. 2015, section 2.

    Examples
    --------
    >>> block = UpBlock(64, 32)
    >>> block(torch.rand(1, 64, 10, 12), torch.rand(1, 32, 25, 24)).shape
    torch.Size([1, 32, 16, 20])
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, padded: bool = False, batch_norm: bool = False
    ) -> None:
        """Build the layers, from a random start."""
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, 2, stride=2)
        self.convs = nn.Sequential(two_convs(in_channels, out_channels, padded, batch_norm))

    def forward(self, x: Tensor, skip: Tensor, joined: bool = True) -> Tensor:
        """Return maps for those from below and a skip that is at least as large as they become.

        In a padded network maps can become a row or column larger than the skip, where a pool met an odd
        size: what reaches beyond the image is cut off. A skip that is not ``joined`` only says how large the
        image is there, and the maps from below take its place.
        """
        x = self.up(x)[..., : skip.shape[-2], : skip.shape[-1]]
        beside = center_crop(skip, *x.shape[-2:]) if joined else x
        return self.convs(torch.cat([beside, x], dim=1))


class UNet(nn.Module):
    """U-Net: pairs of 3×3 convolutions, four pools down, four up-convolutions up, and skips between them.

    =========  =====================================================  ====================  ==========
    block      what it does                                           output for 572×572    parameters
    =========  =====================================================  ====================  ==========
    down1      2 × (3×3 convolution without padding, ReLU)            64 × 568 × 568            37,568
    down2      2×2 max pool, then the same                            128 × 280 × 280          221,440
    down3      the same                                               256 × 136 × 136          885,248
    down4      the same                                               512 × 64 × 64          3,539,968
    down5      the same                                               1024 × 28 × 28        14,157,824
    up4        2×2 up-convolution to 512 maps, down4 cropped and      512 × 52 × 52          9,176,576
               put beside them, 2 × (3×3 convolution, ReLU)
    up3        the same with down3                                    256 × 100 × 100        2,294,528
    up2        the same with down2                                    128 × 196 × 196          573,824
    up1        the same with down1                                    64 × 388 × 388           143,552
    head       1×1 convolution, a score for each class                2 × 388 × 388                130
    =========  =====================================================  ====================  ==========

    23 convolutions with 31,030,658 parameters: 9 pairs of 3×3, 4 up-convolutions, the head. Unpadded
    convolutions compute every score from true pixels only, and lose 92 pixels at each side. The size must be
    such that every pool halves it without remainder; see :func:`unet_output_size`.

    Parameters
    ----------
    in_channels
        Channels of an image.
    num_classes
        Classes of a pixel.
    width
        Maps of the first block; they double with each pool.
    depth
        How many pools, and up-convolutions.
    padded
        Pad each 3×3 convolution by 1: the scores have the size of the image, any size. Pools keep a last
        window that is cut off. The weights fit both kinds.
    batch_norm
        Normalize after each 3×3 convolution, for faster training from a random start. The paper (2015) does
        not.
    skips
        Levels whose skip is kept: True for all, False for none, or numbers, 1 for the finest. Where there is
        none, the up-convolved maps stand in its place, twice: the weights are as many.
    dropout
        Probability of silencing a number at the end of the contracting path while training. The paper has
        such layers and does not say how strong.

    Source: Ronneberger, Fischer & Brox 2015, *U-Net: Convolutional networks for biomedical image
    segmentation*, section 2 and figure 1; initial weights: section 3, with variance 2 / inputs.

    Examples
    --------
    >>> UNet(1, 2, width=2)(torch.rand(1, 1, 188, 204)).shape
    torch.Size([1, 2, 4, 20])
    >>> UNet(3, 11, width=2, padded=True, batch_norm=True).eval()(torch.rand(1, 3, 45, 71)).shape
    torch.Size([1, 11, 45, 71])
    """

    def __init__(
        self,
        in_channels: int = 1,
        num_classes: int = 2,
        width: int = 64,
        *,
        depth: int = 4,
        padded: bool = False,
        batch_norm: bool = False,
        skips: bool | Iterable[int] = True,
        dropout: float = 0.0,
    ) -> None:
        """Build the layers, from a random start."""
        super().__init__()
        if depth < 1:
            raise ValueError(f"got depth={depth}; expected at least 1 pool")
        self.in_channels, self.depth, self.padded = in_channels, depth, padded
        self.skips = _levels(skips, depth)
        maps = [width * 2**level for level in range(depth + 1)]
        self.pool = nn.MaxPool2d(2, ceil_mode=padded)
        for level, (inputs, outputs) in enumerate(zip([in_channels, *maps], maps, strict=False), start=1):
            self.add_module(f"down{level}", nn.Sequential(two_convs(inputs, outputs, padded, batch_norm)))
        self.dropout = nn.Dropout(dropout)
        for level in range(depth, 0, -1):
            up = UpBlock(maps[level], maps[level - 1], padded=padded, batch_norm=batch_norm)
            self.add_module(f"up{level}", up)
        self.head = nn.Conv2d(width, num_classes, 1)
        self.apply(start_like_he)
        self.apply(_start_up_convolution)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, K, H', W'] for images [N, C, H, W]."""
        self._check(x)
        passed: list[Tensor] = []
        for level in range(1, self.depth + 2):
            x = self.get_submodule(f"down{level}")(self.pool(x) if passed else x)
            passed.append(x)
        x = self.dropout(passed.pop())
        for level in range(self.depth, 0, -1):
            x = self.get_submodule(f"up{level}")(x, passed.pop(), level in self.skips)
        return self.head(x)

    def _check(self, x: Tensor) -> None:
        if self.padded:
            check_axes(x, self.in_channels, f"N×{self.in_channels}×H×W")
        else:
            check_sizes(
                x,
                self.in_channels,
                lambda n: nearest_sizes(n, self.depth),
                f"that {self.depth} pools halve without remainder ({LOST} less than a multiple of "
                f"{2**self.depth})",
            )


def two_convs(
    in_channels: int, out_channels: int, padded: bool = False, batch_norm: bool = False
) -> OrderedDict[str, nn.Module]:
    """Return the named layers of a pair of 3×3 convolutions, each with its ReLU.

    Examples
    --------
    >>> list(two_convs(1, 64))
    ['conv1', 'relu1', 'conv2', 'relu2']
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i in (1, 2):
        layers[f"conv{i}"] = nn.Conv2d(in_channels, out_channels, 3, padding=int(padded))
        if batch_norm:
            layers[f"bn{i}"] = nn.BatchNorm2d(out_channels)
        layers[f"relu{i}"] = nn.ReLU()
        in_channels = out_channels
    return layers


def _levels(skips: bool | Iterable[int], depth: int) -> frozenset[int]:
    if isinstance(skips, bool):
        return frozenset(range(1, depth + 1) if skips else ())
    levels = frozenset(skips)
    unknown = sorted(levels - set(range(1, depth + 1)))
    if unknown:
        raise ValueError(
            f"got a skip at level {unknown[0]}; expected levels 1, the finest, to {depth}, or True or False"
        )
    return levels


def _start_up_convolution(layer: nn.Module) -> None:
    """As He's initialization: without overlap, an output of an up-convolution has one input for each map."""
    if isinstance(layer, nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, std=(2 / layer.in_channels) ** 0.5)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
