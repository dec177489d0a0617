"""FCN-32s, 16s and 8s: VGG-16 made fully convolutional, with skips from ever finer maps."""

from __future__ import annotations

from collections import OrderedDict
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .inputs import check_at_least
from .sharing import linear_to_conv
from .vgg import conv_stage, stage_plan, start_like_he


class BilinearUpsampling(nn.ConvTranspose2d):
    """A transposed convolution that begins as bilinear interpolation and may learn something better.

    Each class is enlarged by itself at first, but there is a kernel from every class to every class, as in
    the paper: channels² · (2 · stride)² parameters, no bias. The maps are continued by a copy of their
    border first; a transposed convolution alone would add zeros there, and the scores would fade towards
    the edge.

    Parameters
    ----------
    channels
        Maps in and out.
    stride
        How many times larger height and width become, an even number.

    Source: Long et al. 2015, section 3.3; section 4.3 says which kernels they start from.

    Examples
    --------
    >>> maps = torch.rand(1, 2, 3, 5)
    >>> larger = BilinearUpsampling(2, stride=8)(maps)
    >>> expected = F.interpolate(maps, scale_factor=8, mode="bilinear", align_corners=False)
    >>> torch.allclose(larger, expected, atol=1e-6)
    True
    """

    def __init__(self, channels: int, stride: int) -> None:
        """Set the kernels of each class to itself to bilinear weights, all others to 0."""
        kernel = 2 * stride
        # half a stride puts the center of each kernel on that of its cell; a whole one removes the border
        super().__init__(channels, channels, kernel, stride, padding=stride // 2 + stride, bias=False)
        distance = (torch.arange(kernel) - (kernel - 1) / 2).abs()
        weights = 1 - distance / stride
        with torch.no_grad():
            self.weight.zero_()
            self.weight[range(channels), range(channels)] = weights[:, None] * weights

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Return maps [N, C, stride · H, stride · W]."""
        return super().forward(F.pad(x, (1, 1, 1, 1), mode="replicate"))


class FCN(nn.Module):
    """What FCN-32s, 16s and 8s share: VGG-16's stages, fc6 and fc7 as convolutions, a score for each class.

    Parameters
    ----------
    num_classes
        Classes of a pixel.
    width
        Maps of the first stage; all others, and those of fc6 and fc7, grow with it.
    in_channels
        Channels of an image.
    hidden
        Maps of fc6 and fc7; 64 · ``width`` when None, 4,096 in the paper.
    batch_norm
        Normalize after each convolution of the encoder, fc6 and fc7, so that the network trains from a random
        start. The paper begins with a trained VGG-16 instead and has no batch norm.
    dropout
        Probability of silencing a number of fc6 and fc7 while training.
    """

    def __init__(
        self,
        num_classes: int = 21,
        width: int = 64,
        *,
        in_channels: int = 3,
        hidden: int | None = None,
        batch_norm: bool = False,
        dropout: float = 0.5,
    ) -> None:
        """Build the layers, from a random start."""
        super().__init__()
        self.in_channels = in_channels
        self.encoder = nn.Sequential(_stages(in_channels, width, batch_norm))
        self.head = nn.Sequential(_head(8 * width, hidden or 64 * width, batch_norm, dropout))
        self.apply(start_like_he)
        self.score = nn.Conv2d(hidden or 64 * width, num_classes, 1)
        self._add_upsampling(num_classes, width)

    def _add_upsampling(self, num_classes: int, width: int) -> None:
        raise NotImplementedError("use FCN32s, FCN16s or FCN8s")

    def _pools_and_score(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the output of each of the five stages, and the score for each cell of the last."""
        check_at_least(x, self.in_channels, (32, 32))
        pools = []
        for stage in self.encoder:
            x = stage(x)
            pools.append(x)
        return pools, self.score(self.head(x))

    def load_vgg16(self, vgg: nn.Module) -> Self:
        """Copy the weights of a trained ``vgg16`` of this width, for 224×224, and return the network.

        The five stages are the same layers; fc6 and fc7 become convolutions with the same numbers. fc8 is
        left out: the scores for other classes start anew.

        Raises
        ------
        ValueError
            When a layer there has another size, or there is none, as for batch norm on one side only.
        """
        theirs, own = vgg.state_dict(), self.state_dict()
        weights = {f"encoder.{key}": value for key, value in theirs.items() if key.startswith("stage")}
        for name in ("fc6", "fc7"):
            kernel = own[f"head.{name}.weight"].shape
            weights[f"head.{name}.bias"] = theirs[f"{name}.bias"]
            weights[f"head.{name}.weight"] = linear_to_conv(getattr(vgg, name), tuple(kernel[1:])).weight
        for key in own.keys() | weights.keys():
            if key.startswith("encoder.") or key in weights:
                got, expected = (tuple(d[key].shape) if key in d else "missing" for d in (weights, own))
                if got != expected:
                    raise ValueError(
                        f"{key} is {got} in the classifier; expected {expected}: build both with the same "
                        f"width, in_channels and batch_norm"
                    )
        self.load_state_dict(weights, strict=False)
        return self


class FCN32s(FCN):
    """FCN-32s: the scores of the coarsest maps, enlarged 32 times in one step.

    ==========  =============================================  ==================  ===========
    layer       what it does                                   output for 224×224  parameters
    ==========  =============================================  ==================  ===========
    encoder     five stages of VGG-16, each ends with a pool   512 × 7 × 7          14,714,688
    head.fc6    7×7 convolution: VGG's fc6, sliding            4096 × 7 × 7        102,764,544
    head.fc7    1×1 convolution: VGG's fc7, sliding            4096 × 7 × 7         16,781,312
    score       1×1 convolution, a score for each class        21 × 7 × 7               86,037
    upscore32   64×64 transposed convolution, stride 32        21 × 224 × 224        1,806,336
    ==========  =============================================  ==================  ===========

    136,152,917 parameters with 21 classes; ``upscore32`` has 21 · 21 · 64 · 64 of them, a kernel from each
    class to each class and no bias.

    **Where a score belongs.** After the last pool, cell k stands for the pixels 32k … 32k + 31, centered at
    32k + 15.5. The authors padded the image by 100 pixels, so that an image of any size leaves something
    after the unpadded fc6; there cell k is centered at pixel 32k + 12.5, its kernel in the enlarged scores
    at 32k + 31.5, and so they cropped the result at 19 (in FCN-16s at 27, in FCN-8s at 31, and the skips at
    5 and 9). Here fc6 is padded by 3, which keeps cells in place, and the enlarged scores are cropped by
    half a stride, which puts them at 32k + 15.5: no offset is left. Pools keep a last window that is cut
    off (``ceil_mode``, as in the authors' Caffe), so ⌈H / 32⌉ cells cover an image of any height H; what
    reaches beyond the image is cut off at the end. The output has the size of the input.

    Other departures: without a trained VGG-16 the convolutions start from He's initialization, and the
    scores from torch's, where the authors' start from 0. Their released networks keep the bilinear kernels
    as they are; ``model.upscore32.requires_grad_(False)`` does so here.

    Source: Long, Shelhamer & Darrell 2015, *Fully convolutional networks for semantic segmentation*,
    sections 3 and 4.

    Examples
    --------
    >>> model = FCN32s(num_classes=11, width=2)
    >>> model(torch.rand(1, 3, 50, 71)).shape
    torch.Size([1, 11, 50, 71])
    """

    def _add_upsampling(self, num_classes: int, width: int) -> None:
        self.upscore32 = BilinearUpsampling(num_classes, 32)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, K, H, W] for images [N, C, H, W] of at least 32×32."""
        _, score = self._pools_and_score(x)
        return self.upscore32(score)[:, :, : x.shape[2], : x.shape[3]]


class FCN16s(FCN):
    """FCN-16s: the coarse scores enlarged twice, a score from pool4 added, then 16 times.

    As :class:`FCN32s` up to ``score``, then

    ===========  ===========================================  ==================  ==========
    layer        what it does                                 output for 224×224  parameters
    ===========  ===========================================  ==================  ==========
    upscore2     4×4 transposed convolution, stride 2         21 × 14 × 14             7,056
    score_pool4  1×1 convolution on pool4, added to that      21 × 14 × 14            10,773
    upscore16    32×32 transposed convolution, stride 16      21 × 224 × 224         451,584
    ===========  ===========================================  ==================  ==========

    134,815,994 parameters with 21 classes. Cells of pool4 stand for 16 pixels, twice as fine; two of them
    lie in each cell of pool5, so that the sum needs no offset either.

    Source: Long, Shelhamer & Darrell 2015, section 4.2. There the new score starts from 0 and everything else
    from a trained FCN-32s: ``fcn16s.load_state_dict(fcn32s.state_dict(), strict=False)``, then
    ``nn.init.zeros_(fcn16s.score_pool4.weight)``.

    Examples
    --------
    >>> model = FCN16s(num_classes=11, width=2)
    >>> model(torch.rand(1, 3, 50, 71)).shape
    torch.Size([1, 11, 50, 71])
    """

    def _add_upsampling(self, num_classes: int, width: int) -> None:
        self.upscore2 = BilinearUpsampling(num_classes, 2)
        self.score_pool4 = nn.Conv2d(8 * width, num_classes, 1)
        self.upscore16 = BilinearUpsampling(num_classes, 16)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, K, H, W] for images [N, C, H, W] of at least 32×32."""
        pools, score = self._pools_and_score(x)
        score = _add(self.upscore2(score), self.score_pool4(pools[3]))
        return self.upscore16(score)[:, :, : x.shape[2], : x.shape[3]]


class FCN8s(FCN):
    """FCN-8s: enlarged twice, pool4 added, enlarged twice, pool3 added, then 8 times.

    As :class:`FCN32s` up to ``score``, then

    =============  ===========================================  ==================  ==========
    layer          what it does                                 output for 224×224  parameters
    =============  ===========================================  ==================  ==========
    upscore2       4×4 transposed convolution, stride 2         21 × 14 × 14             7,056
    score_pool4    1×1 convolution on pool4, added to that      21 × 14 × 14            10,773
    upscore_pool4  4×4 transposed convolution, stride 2         21 × 28 × 28             7,056
    score_pool3    1×1 convolution on pool3, added to that      21 × 28 × 28             5,397
    upscore8       16×16 transposed convolution, stride 8       21 × 224 × 224         112,896
    =============  ===========================================  ==================  ==========

    134,489,759 parameters with 21 classes: finer skips need smaller kernels, so it is the smallest of the
    three.

    Source: Long, Shelhamer & Darrell 2015, section 4.2.

    Examples
    --------
    >>> model = FCN8s(num_classes=11, width=2, batch_norm=True).eval()
    >>> model(torch.rand(1, 3, 50, 71)).shape
    torch.Size([1, 11, 50, 71])
    """

    def _add_upsampling(self, num_classes: int, width: int) -> None:
        self.upscore2 = BilinearUpsampling(num_classes, 2)
        self.score_pool4 = nn.Conv2d(8 * width, num_classes, 1)
        self.upscore_pool4 = BilinearUpsampling(num_classes, 2)
        self.score_pool3 = nn.Conv2d(4 * width, num_classes, 1)
        self.upscore8 = BilinearUpsampling(num_classes, 8)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, K, H, W] for images [N, C, H, W] of at least 32×32."""
        pools, score = self._pools_and_score(x)
        score = _add(self.upscore2(score), self.score_pool4(pools[3]))
        score = _add(self.upscore_pool4(score), self.score_pool3(pools[2]))
        return self.upscore8(score)[:, :, : x.shape[2], : x.shape[3]]


def _add(enlarged: Tensor, skip: Tensor) -> Tensor:
    """Add the skip; where its last cell is half of a coarse one, the other half lies outside the image."""
    return enlarged[:, :, : skip.shape[2], : skip.shape[3]] + skip


def _stages(in_channels: int, width: int, batch_norm: bool) -> OrderedDict[str, nn.Module]:
    stages: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (convs, inputs, outputs) in enumerate(stage_plan(in_channels, width), start=1):
        stage = conv_stage(number, convs, inputs, outputs, batch_norm)
        stage[f"pool{number}"] = nn.MaxPool2d(2, ceil_mode=True)
        stages[f"stage{number}"] = nn.Sequential(stage)
    return stages


def _head(inputs: int, hidden: int, batch_norm: bool, dropout: float) -> OrderedDict[str, nn.Module]:
    head: OrderedDict[str, nn.Module] = OrderedDict()
    convs = {6: nn.Conv2d(inputs, hidden, 7, padding=3), 7: nn.Conv2d(hidden, hidden, 1)}
    for number, conv in convs.items():
        head[f"fc{number}"] = conv
        if batch_norm:
            head[f"bn{number}"] = nn.BatchNorm2d(hidden)
        head[f"relu{number}"] = nn.ReLU()
        head[f"dropout{number}"] = nn.Dropout(dropout)
    return head
