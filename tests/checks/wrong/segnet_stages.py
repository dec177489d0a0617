"""Wrong stages of SegNet, written as learners write them."""

import torch.nn.functional as F
from torch import nn

from tests.checks.wrong.bank import mistake


def conv_block(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


class Encoder(nn.Module):
    """Right unless a method is replaced."""

    def __init__(self, in_channels, out_channels, convs):
        super().__init__()
        channels = [in_channels] + [out_channels] * convs
        self.blocks = nn.ModuleList(map(conv_block, channels, channels[1:]))

    def convolve(self, x):
        for block in self.blocks:
            x = block(x)
        return x

    def forward(self, x):
        x = self.convolve(x)
        pooled, indices = F.max_pool2d(x, 2, return_indices=True)
        return pooled, indices, x.shape[-2:]


class Decoder(nn.Module):
    """Right unless a method is replaced."""

    def __init__(self, in_channels, out_channels, convs):
        super().__init__()
        channels = [in_channels] * convs + [out_channels]
        self.blocks = nn.ModuleList(map(conv_block, channels, channels[1:]))

    def unpool(self, x, indices, size):
        return F.max_unpool2d(x, indices, 2, output_size=size)

    def forward(self, x, indices, size):
        x = self.unpool(x, indices, size)
        for block in self.blocks:
            x = block(x)
        return x


@mistake("encoder_stage", "size after pooling")
class SizeTooLate(Encoder):
    def forward(self, x):
        x, indices = F.max_pool2d(self.convolve(x), 2, return_indices=True)
        return x, indices, x.shape[-2:]


@mistake("encoder_stage", "pooled before the convolutions")
class PoolsTheInput(Encoder):
    def forward(self, x):
        size = x.shape[-2:]
        x, indices = F.max_pool2d(x, 2, return_indices=True)
        return self.convolve(x), indices, size


@mistake("decoder_stage", "size ignored")
class AlwaysDoubles(Decoder):
    def unpool(self, x, indices, size):
        return nn.MaxUnpool2d(2)(x, indices)


@mistake("decoder_stage", "interpolated instead of unpooled")
class Bilinear(Decoder):
    def unpool(self, x, indices, size):
        return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
