"""U-Net and SegNet as one writes them at first: straightforward modules, with nothing done for speed."""

import itertools

import torch
from torch import nn


def conv(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return a 3×3 convolution with batch norm and ReLU."""
    layers = nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.BatchNorm2d(out_channels), nn.ReLU()
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Padded, batch-normed U-Net with four pools."""

    def __init__(self, num_classes: int, width: int) -> None:
        super().__init__()
        maps = [width * 2**level for level in range(5)]
        self.down = nn.ModuleList(
            nn.Sequential(conv(a, b), conv(b, b)) for a, b in zip([3, *maps], maps, strict=False)
        )
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * m, m, 2, stride=2) for m in maps[3::-1])
        self.convs = nn.ModuleList(nn.Sequential(conv(2 * m, m), conv(m, m)) for m in maps[3::-1])
        self.head = nn.Conv2d(width, num_classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits of the size of the images, a multiple of 16."""
        skips = []
        for block in self.down[:-1]:
            x = block(x)
            skips.append(x)
            x = self.pool(x)
        x = self.down[-1](x)
        for up, convs in zip(self.up, self.convs, strict=True):
            x = convs(torch.cat([skips.pop(), up(x)], 1))
        return self.head(x)


class SegNet(nn.Module):
    """SegNet with 13 + 13 convolutions, torch's own pooling and unpooling."""

    def __init__(self, num_classes: int, width: int) -> None:
        super().__init__()
        stages, inputs = [], 3
        for count, factor in zip((2, 2, 3, 3, 3), (1, 2, 4, 8, 8), strict=True):
            stages.append([inputs] + count * [factor * width])
            inputs = factor * width

        def chain(maps: list[int]) -> nn.Sequential:
            return nn.Sequential(*(conv(a, b) for a, b in itertools.pairwise(maps)))

        self.down = nn.ModuleList(chain(maps) for maps in stages)
        self.up = nn.ModuleList(chain(maps[::-1]) for maps in stages[:0:-1])
        self.last = nn.Sequential(conv(width, width), nn.Conv2d(width, num_classes, 3, padding=1))
        self.pool, self.unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits of the size of the images, a multiple of 32."""
        recorded = []
        for stage in self.down:
            x, indices = self.pool(stage(x))
            recorded.append(indices)
        for stage in [*self.up, self.last]:
            x = stage(self.unpool(x, recorded.pop()))
        return x
