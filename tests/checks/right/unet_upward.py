"""Right blocks of the way up: classes, functions of weights, layers under any name and in any form."""

import types

import torch
import torch.nn.functional as F
from torch import nn

from tests.checks.right_answers import answers


@answers("up_block")
class UpBySequential(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, 2, 2)
        self.convs = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3),
            nn.ReLU(inplace=True),
        )

    def forward(self, x, skip):
        x = self.up(x)
        dy, dx = (a - b for a, b in zip(skip.shape[-2:], x.shape[-2:], strict=True))
        skip = skip[:, :, dy // 2 : dy // 2 + x.shape[2], dx // 2 : dx // 2 + x.shape[3]]
        return self.convs(torch.cat((skip, x), dim=1))


class Expanding(nn.Module):
    def __init__(self, c, k):
        super().__init__()
        # In another order than they are used, and without biases.
        self.b = nn.Conv2d(k, k, kernel_size=(3, 3), bias=False)
        self.a = nn.Conv2d(c, k, kernel_size=(3, 3), bias=False)
        self.t = nn.ConvTranspose2d(c, c // 2, kernel_size=2, stride=2, bias=False)

    def forward(self, below, beside):
        below = self.t(below)
        more = [int((n - m) / 2) for n, m in zip(beside.shape[2:], below.shape[2:], strict=True)]
        middle = beside.narrow(2, more[0], below.size(2)).narrow(3, more[1], below.size(3))
        return F.relu(self.b(F.relu(self.a(torch.cat([middle, below], -3)))))


@answers("up_block")
def up_without_biases(c, k):
    return Expanding(c, k)


@answers("up_block")
def up_of_functions(in_channels, out_channels):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            half = in_channels // 2
            self.w = nn.ParameterList(
                nn.Parameter(torch.randn(shape) / 10)
                for shape in (
                    (in_channels, half, 2, 2),
                    (half,),
                    (out_channels, in_channels, 3, 3),
                    (out_channels,),
                    (out_channels, out_channels, 3, 3),
                    (out_channels,),
                )
            )

        def forward(self, x, skip):
            x = F.conv_transpose2d(x, self.w[0], self.w[1], stride=2)
            rows, columns = skip.size(2) - x.size(2), skip.size(3) - x.size(3)
            crop = (-(columns // 2), -(columns - columns // 2), -(rows // 2), -(rows - rows // 2))
            x = torch.cat([F.pad(skip, crop), x], 1)
            x = F.conv2d(x, self.w[2], self.w[3]).clamp(min=0)
            return F.conv2d(x, self.w[4], self.w[5]).clamp_min(0)

    return Block()


@answers("up_block")
def up_in_double_precision_from_a_module_dict(in_channels, out_channels):
    class Block(nn.ModuleDict):
        def forward(self, x, skip):
            x = self["up"](x)
            corner = [(a - b) // 2 for a, b in zip(skip.shape[2:], x.shape[2:], strict=True)]
            skip = skip[(..., *(slice(c, c + n) for c, n in zip(corner, x.shape[2:], strict=True)))]
            x = torch.cat([skip, x], dim=1)
            for name in ("first", "second"):
                x = torch.maximum(self[name](x), torch.zeros(()).to(x))
            return x

    return Block(
        {
            "up": nn.ConvTranspose2d(in_channels, in_channels // 2, 2, stride=2),
            "first": nn.Conv2d(in_channels, out_channels, 3),
            "second": nn.Conv2d(out_channels, out_channels, 3),
        }
    ).double()


@answers("up_block")
def up_of_lazy_layers(in_channels, out_channels):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(
                [
                    nn.LazyConvTranspose2d(in_channels // 2, 2, 2),
                    nn.LazyConv2d(out_channels, 3),
                    nn.LazyConv2d(out_channels, 3),
                ]
            )

        def forward(self, x, skip):
            up, *convs = self.layers
            x = up(x)
            height, width = x.shape[-2:]
            y, z = (skip.shape[-2] - height) // 2, (skip.shape[-1] - width) // 2
            x = torch.concat([skip[..., y:, z:][..., :height, :width], x], dim=1)
            for conv in convs:
                x = conv(x).relu_()
            return x

    return Block()


@answers("up_block")
def up_by_pixel_shuffle(in_channels, out_channels):
    """A convolution 1×1 to four times the channels, then each four of them side by side."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.spread = nn.Conv2d(in_channels, 2 * in_channels, 1)
            self.convs = nn.Sequential(
                nn.Sequential(nn.Conv2d(in_channels, out_channels, 3), nn.ReLU()),
                nn.Sequential(nn.Conv2d(out_channels, out_channels, 3), nn.ReLU()),
            )

        def forward(self, x, skip):
            x = F.pixel_shuffle(self.spread(x), 2)
            y, z = (skip.shape[-2] - x.shape[-2]) // 2, (skip.shape[-1] - x.shape[-1]) // 2
            return self.convs(torch.cat([skip[..., y : y + x.shape[-2], z : z + x.shape[-1]], x], 1))

    return Block()


@answers("up_block")
def up_by_matrices(in_channels, out_channels):
    """Windows as rows of a matrix, and the 2×2 blocks by einsum."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.up = nn.Parameter(torch.randn(2, 2, in_channels, in_channels // 2) * 0.1)
            self.first = nn.Linear(9 * in_channels, out_channels)
            self.second = nn.Linear(9 * out_channels, out_channels)

        def conv(self, x, linear):
            n, _, height, width = x.shape
            return linear(F.unfold(x, 3).transpose(1, 2)).transpose(1, 2).view(n, -1, height - 2, width - 2)

        def forward(self, x, skip):
            n, _, height, width = x.shape
            x = torch.einsum("nchw,abcd->ndhawb", x, self.up).reshape(n, -1, 2 * height, 2 * width)
            y, z = (skip.shape[-2] - x.shape[-2]) // 2, (skip.shape[-1] - x.shape[-1]) // 2
            x = torch.cat([skip[..., y : y + x.shape[-2], z : z + x.shape[-1]], x], 1)
            return self.conv(self.conv(x, self.first).relu(), self.second).relu()

    return Block()


@answers("up_block")
class UpAsSubclassOfSequential(nn.Sequential):
    def __init__(self, in_channels, out_channels):
        relu = nn.ReLU()
        super().__init__(
            nn.ConvTranspose2d(in_channels, in_channels // 2, (2, 2), (2, 2)),
            nn.Conv2d(in_channels, out_channels, 3, padding="valid"),
            relu,
            nn.Conv2d(out_channels, out_channels, 3),
            relu,
        )

    def forward(self, *maps):
        x, skip = self[0](maps[0]), maps[1]
        for axis in (2, 3):
            start = (skip.shape[axis] - x.shape[axis]) // 2
            skip = skip.index_select(axis, torch.arange(start, start + x.shape[axis]))
        x = torch.cat([skip, x], 1)
        for layer in list(self)[1:]:
            x = layer(x)
        return x


@answers("up_block")
def up_by_forward_given_later(in_channels, out_channels):
    block = nn.Module()
    block.grow = nn.ConvTranspose2d(in_channels, in_channels // 2, 2, 2)
    block.one = nn.Conv2d(in_channels, out_channels, 3)
    block.two = nn.Conv2d(out_channels, out_channels, 3)

    def forward(self, x, skip):
        x = self.grow(x)
        y, z = (skip.shape[-2] - x.shape[-2]) // 2, (skip.shape[-1] - x.shape[-1]) // 2
        x = torch.cat([skip[..., y : y + x.shape[-2], z : z + x.shape[-1]], x], 1)
        return self.two(self.one(x).relu()).relu()

    block.forward = types.MethodType(forward, block)
    return block


@answers("up_block")
class UpByTorchvisionsCrop(nn.Module):
    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.upconv = nn.ConvTranspose2d(in_channels, in_channels >> 1, kernel_size=2, stride=2)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, bias=False)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3)
        self.act = F.relu

    def forward(self, x, skip):
        from torchvision.transforms.functional import center_crop

        x = self.upconv(x)
        x = torch.hstack([center_crop(skip, list(x.shape[-2:])), x])
        return self.act(self.conv2(self.act(self.conv1(x))))
