"""SegNet: VGG-16's stages, and their mirror image that puts every value back to where pooling found it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from .inputs import check_at_least
from .unpooling import Unpooling
from .vgg import CONVS, conv_stage, stage_plan, start_like_he


class EncoderStage(nn.Sequential):
    """Convolutions, then a 2×2 pool that also says where it found each maximum.

    The pool keeps a last window that is cut off (``ceil_mode``, as in the authors' Caffe), so that the last
    row and column of an odd size count like the others.

    Parameters
    ----------
    layers
        What comes before the pool, by name.

    Examples
    --------
    >>> stage = EncoderStage(conv_stage(1, 2, 3, 8, batch_norm=True))
    >>> pooled, indices, size = stage(torch.rand(1, 3, 9, 14))
    >>> pooled.shape, indices.shape, size
    (torch.Size([1, 8, 5, 7]), torch.Size([1, 8, 5, 7]), torch.Size([9, 14]))
    """

    def __init__(self, layers: OrderedDict[str, nn.Module]) -> None:
        """Add the pool to the layers."""
        super().__init__(layers | {"pool": nn.MaxPool2d(2, ceil_mode=True, return_indices=True)})

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, torch.Size]:  # type: ignore[override]
        """Return what was pooled, its indices [N, C, h, w] into the map before, and that map's (H, W)."""
        *layers, pool = self
        for layer in layers:
            x = layer(x)
        pooled, indices = pool(x)
        return pooled, indices, x.shape[-2:]


class DecoderStage(nn.Sequential):
    """Unpooling to the size before the pool, then convolutions that fill the gaps.

    Parameters
    ----------
    layers
        What comes after the unpooling, by name.
    unpool
        See :class:`cnncourse.models.unpooling.Unpooling`.

    Examples
    --------
    >>> stage = DecoderStage(OrderedDict(conv=nn.Conv2d(8, 4, 3, padding=1)))
    >>> pooled, indices = nn.functional.max_pool2d(torch.rand(1, 8, 9, 14), 2, return_indices=True)
    >>> stage(pooled, indices, (9, 14)).shape
    torch.Size([1, 4, 9, 14])
    """

    def __init__(self, layers: OrderedDict[str, nn.Module], unpool: str = "indices") -> None:
        """Put the unpooling before the layers."""
        super().__init__(OrderedDict(unpool=Unpooling(unpool)) | layers)

    def forward(self, x: Tensor, indices: Tensor, size: Sequence[int]) -> Tensor:  # type: ignore[override]
        """Return maps [N, C, *size] for values and indices [N, C', h, w]."""
        unpool, *layers = self
        x = unpool(x, indices, size)
        for layer in layers:
            x = layer(x)
        return x


class _EncoderDecoder(nn.Module):
    """What both SegNets do: the last stage that went down is the first that comes up again."""

    def __init__(
        self, in_channels: int, encoder: dict[str, EncoderStage], decoder: dict[str, DecoderStage]
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.encoder = nn.ModuleDict(encoder)
        self.decoder = nn.ModuleDict({name: decoder[name] for name in reversed(encoder)})
        self.apply(start_like_he)

    @property
    def unpool(self) -> str:
        """Where values are put on the way up; assigning another way changes a trained network."""
        return self._unpoolings()[0].how

    @unpool.setter
    def unpool(self, how: str) -> None:
        for unpooling in self._unpoolings():
            unpooling.how = how

    def _unpoolings(self) -> list[Unpooling]:
        return [module for module in self.decoder.modules() if isinstance(module, Unpooling)]

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, K, H, W] for images [N, C, H, W] of any size."""
        check_at_least(x, self.in_channels, (1, 1))
        recorded = []
        for stage in self.encoder.values():
            x, *where = stage(x)
            recorded.append(where)
        for stage in self.decoder.values():
            x = stage(x, *recorded.pop())
        return x


class SegNet(_EncoderDecoder):
    """SegNet: 13 convolutions of VGG-16 down, 13 up, and of every pool the places of its maxima.

    ===============  ============================================  ==================  ==========
    stage            what it does                                  output for 360×480  parameters
    ===============  ============================================  ==================  ==========
    encoder.stage1   2 × (3×3 convolution, batch norm, ReLU),      64 × 180 × 240          38,976
                     pool
    encoder.stage2   the same                                      128 × 90 × 120         221,952
    encoder.stage3   3 ×                                           256 × 45 × 60        1,476,864
    encoder.stage4   3 ×                                           512 × 23 × 30        5,902,848
    encoder.stage5   3 ×                                           512 × 12 × 15        7,082,496
    decoder.stage5   unpool, then 3 × (3×3 convolution, batch      512 × 23 × 30        7,082,496
                     norm, ReLU)
    decoder.stage4   the same, the last to 256 maps                256 × 45 × 60        5,902,080
    decoder.stage3   3 ×, the last to 128 maps                     128 × 90 × 120       1,476,480
    decoder.stage2   2 ×, the last to 64 maps                      64 × 180 × 240         221,760
    decoder.stage1   2 ×, the last to the scores of the classes,   11 × 360 × 480          43,403
                     without batch norm and ReLU
    ===============  ============================================  ==================  ==========

    29,449,355 parameters with 11 classes, a bias in each convolution counted. No skip carries maps to the
    decoder: it gets 1 of 4 positions for each value that was pooled, 2 bits. Images of any size go in, and
    the scores have their size: the size before each pool is carried to the unpooling.

    Parameters
    ----------
    num_classes
        Classes of a pixel.
    width
        Maps of the first stage; all others grow with it.
    in_channels
        Channels of an image.
    convs
        Convolutions of each stage, from the first on; the decoder has as many. (1, 1, 1, 1) is a SegNet of 8
        convolutions that trains in a minute on two CPU cores, where 26 would need far more steps.
    unpool
        Where a pooled value is put: "indices", or for comparison "shuffled", "top_left" or "bilinear". See
        :class:`cnncourse.models.unpooling.Unpooling`. ``model.unpool = "shuffled"`` changes it later.

    Source: Badrinarayanan, Kendall & Cipolla 2017, *SegNet: A deep convolutional encoder-decoder architecture
    for image segmentation*, section 3. Departure: the softmax is part of the loss. All convolutions start
    from He's initialization; the paper's encoder starts from a trained VGG-16: see :meth:`load_vgg16`.

    Examples
    --------
    >>> model = SegNet(num_classes=11, width=2).eval()
    >>> model(torch.rand(1, 3, 45, 71)).shape
    torch.Size([1, 11, 45, 71])
    """

    def __init__(
        self,
        num_classes: int = 11,
        width: int = 64,
        *,
        in_channels: int = 3,
        convs: Sequence[int] = CONVS,
        unpool: str = "indices",
    ) -> None:
        """Build the layers, from a random start."""
        if not convs or min(convs) < 1:
            raise ValueError(f"got convs={tuple(convs)}; expected at least 1 for each of at least one stage")
        encoder, decoder = {}, {}
        for number, (count, inputs, outputs) in enumerate(stage_plan(in_channels, width, convs), start=1):
            last = number == 1
            encoder[f"stage{number}"] = EncoderStage(conv_stage(number, count, inputs, outputs, True))
            layers = _mirrored(number, count, outputs, num_classes if last else inputs)
            if last:
                del layers["bn1_1"], layers["relu1_1"]
            decoder[f"stage{number}"] = DecoderStage(layers, unpool)
        super().__init__(in_channels, encoder, decoder)

    def load_vgg16(self, vgg: nn.Module) -> Self:
        """Copy the convolutions of a trained ``vgg16`` of this width into the encoder; return the network.

        Batch norm is copied where the classifier has it. Its dense layers are left out, and the decoder stays
        as it is: the paper trains it from a random start.

        Raises
        ------
        ValueError
            When a convolution there has another size, or is missing.
        """
        theirs, own = vgg.state_dict(), self.encoder.state_dict()
        for key, value in own.items():
            if key not in theirs and ".conv" not in key:
                continue  # a classifier without batch norm
            got, expected = tuple(theirs[key].shape) if key in theirs else "missing", tuple(value.shape)
            if got != expected:
                raise ValueError(
                    f"{key} is {got} in the classifier; expected {expected}: build both with the same width "
                    f"and in_channels, and the SegNet with the {len(CONVS)} stages of VGG-16"
                )
        self.encoder.load_state_dict({key: theirs[key] for key in own.keys() & theirs.keys()}, strict=False)
        return self


class SegNetBasic(_EncoderDecoder):
    """SegNet-Basic: four 7×7 convolutions down and four up, 64 maps all the way.

    Each stage is one convolution with batch norm; those of the encoder have a ReLU and a pool, those of the
    decoder begin with the unpooling and have no ReLU. A 1×1 convolution makes the scores of the classes.
    1,416,587 parameters with 11 classes. By wide kernels a cell of the deepest maps sees 106×106 pixels.

    Parameters
    ----------
    num_classes, in_channels, unpool
        See :class:`SegNet`.
    width
        Maps of every stage.

    Source: Badrinarayanan et al. 2017, section 3.1. It states that convolutions have no bias; the authors'
    released network has one, and so has this.

    Examples
    --------
    >>> model = SegNetBasic(num_classes=11, width=2).eval()
    >>> model(torch.rand(1, 3, 45, 71)).shape
    torch.Size([1, 11, 45, 71])
    """

    def __init__(
        self, num_classes: int = 11, width: int = 64, *, in_channels: int = 3, unpool: str = "indices"
    ) -> None:
        """Build the layers, from a random start."""
        encoder, decoder = {}, {}
        for number in (1, 2, 3, 4):
            down = OrderedDict(
                conv=nn.Conv2d(in_channels if number == 1 else width, width, 7, padding=3),
                bn=nn.BatchNorm2d(width),
                relu=nn.ReLU(),
            )
            up = OrderedDict(conv=nn.Conv2d(width, width, 7, padding=3), bn=nn.BatchNorm2d(width))
            if number == 1:
                up["classifier"] = nn.Conv2d(width, num_classes, 1)
            encoder[f"stage{number}"], decoder[f"stage{number}"] = (
                EncoderStage(down),
                DecoderStage(up, unpool),
            )
        super().__init__(in_channels, encoder, decoder)


def encoder_stage(in_channels: int, out_channels: int, convs: int) -> EncoderStage:
    """Return a stage of SegNet's encoder: (3×3 convolution, batch norm, ReLU) ``convs`` times, then a pool.

    Examples
    --------
    >>> pooled, indices, size = encoder_stage(3, 8, convs=2)(torch.rand(1, 3, 10, 14))
    >>> pooled.shape, size
    (torch.Size([1, 8, 5, 7]), torch.Size([10, 14]))
    """
    return EncoderStage(conv_stage(1, convs, in_channels, out_channels, True))


def decoder_stage(in_channels: int, out_channels: int, convs: int) -> DecoderStage:
    """Return a stage of SegNet's decoder: unpooling, then (3×3 convolution, batch norm, ReLU) a few times.

    The last convolution goes to ``out_channels``, those before keep ``in_channels``.

    Examples
    --------
    >>> pooled, indices, size = encoder_stage(3, 8, convs=1)(torch.rand(1, 3, 9, 14))
    >>> decoder_stage(8, 4, convs=2)(pooled, indices, size).shape
    torch.Size([1, 4, 9, 14])
    """
    return DecoderStage(_mirrored(1, convs, in_channels, out_channels))


def _mirrored(number: int, convs: int, in_channels: int, out_channels: int) -> OrderedDict[str, nn.Module]:
    """Return the layers of a stage in the order of the decoder: the last one changes the channels."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i in range(convs, 0, -1):
        outputs = out_channels if i == 1 else in_channels
        layers[f"conv{number}_{i}"] = nn.Conv2d(in_channels, outputs, 3, padding=1)
        layers[f"bn{number}_{i}"] = nn.BatchNorm2d(outputs)
        layers[f"relu{number}_{i}"] = nn.ReLU()
    return layers
