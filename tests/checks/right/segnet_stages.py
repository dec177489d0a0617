"""Right answers of lesson 08: stages of SegNet as classes, rows and lists, with weights of their own."""

import copy
import itertools
from collections import OrderedDict
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from tests.checks.right_answers import answers


def block(inputs, outputs, **options):
    return [nn.Conv2d(inputs, outputs, 3, padding=1, **options), nn.BatchNorm2d(outputs), nn.ReLU(True)]


class PlainEncoder(nn.Module):
    def __init__(self, in_channels, out_channels, convs):
        super().__init__()
        layers = []
        for i in range(convs):
            layers += block(in_channels if i == 0 else out_channels, out_channels)
        self.layers = nn.Sequential(*layers)
        self.pool = nn.MaxPool2d(2, stride=2, return_indices=True)

    def forward(self, x):
        x = self.layers(x)
        size = x.shape[-2:]
        x, indices = self.pool(x)
        return x, indices, size


answers("encoder_stage")(PlainEncoder)


@answers("encoder_stage")
def encoder_of_module_lists(cin, cout, n):
    class Stage(nn.Module):
        def __init__(self):
            super().__init__()
            self.norms = nn.ModuleList(nn.BatchNorm2d(cout) for _ in range(n))
            self.convs = nn.ModuleList(
                nn.Conv2d(cin if not i else cout, cout, kernel_size=(3, 3), padding="same", bias=False)
                for i in range(n)
            )

        def forward(self, image):
            for conv, norm in zip(self.convs, self.norms, strict=True):
                image = torch.relu(norm(conv(image)))
            values, where = F.max_pool2d(image, (2, 2), return_indices=True, ceil_mode=True)
            return [values, where, list(image.shape[2:])]

    return Stage().eval()


class RowOfLayers(nn.Sequential):
    def forward(self, x):
        for layer in self:
            size = tuple(x.shape[-2:]) if isinstance(layer, nn.MaxPool2d) else None
            x = layer(x)
        return (*x, size)


@answers("encoder_stage")
def encoder_as_a_row(in_channels, out_channels, convs):
    row = OrderedDict()
    channels = in_channels
    for i in range(convs):
        row[f"c{i}"] = nn.Conv2d(channels, out_channels, 3, 1, 1, bias=i % 2 == 0)
        row[f"n{i}"] = nn.BatchNorm2d(channels := out_channels, momentum=0.01, eps=1e-3)
        row[f"a{i}"] = nn.ReLU()
    row["pool"] = nn.MaxPool2d(2, 2, ceil_mode=True, return_indices=True)
    return RowOfLayers(row).double()


class Result(NamedTuple):
    pooled: torch.Tensor
    indices: torch.Tensor
    size: torch.Size


class OwnWeights(nn.Module):
    def __init__(self, inputs, outputs, convs):
        super().__init__()
        kernels = [torch.randn(outputs, outputs if i else inputs, 3, 3) * 0.1 for i in range(convs)]
        self.kernels = nn.ParameterList(kernels)
        self.scales = nn.ParameterList([torch.ones(outputs) for _ in kernels])
        self.shifts = nn.ParameterList([torch.zeros(outputs) for _ in kernels])
        for i in range(convs):
            self.register_buffer(f"mean{i}", torch.zeros(outputs))
            self.register_buffer(f"variance{i}", torch.ones(outputs))

    def forward(self, x):
        for i, (kernel, scale, shift) in enumerate(zip(self.kernels, self.scales, self.shifts, strict=True)):
            x = F.conv2d(F.pad(x, (1, 1, 1, 1)), kernel)
            mean, variance = getattr(self, f"mean{i}"), getattr(self, f"variance{i}")
            x = F.batch_norm(x, mean, variance, scale, shift, self.training).clamp(min=0)
        return Result(*F.max_pool2d_with_indices(x, 2), x.shape[-2:])


answers("encoder_stage")(OwnWeights)


@answers("encoder_stage")
def encoder_with_lazy_layers(in_channels, out_channels, convs):
    class Lazy(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential()
            for _ in range(convs):
                self.body.append(nn.LazyConv2d(out_channels, 3, padding=1))
                self.body.append(nn.LazyBatchNorm2d())
                self.body.append(nn.Threshold(0, 0))

        def forward(self, x):
            h = self.body(x)
            return (*nn.MaxPool2d(2, return_indices=True)(h), h.size()[2:])

    return Lazy()


class PlainDecoder(nn.Module):
    def __init__(self, in_channels, out_channels, convs):
        super().__init__()
        self.unpool = nn.MaxUnpool2d(2, stride=2)
        layers = []
        for i in range(convs):
            layers += block(in_channels, out_channels if i == convs - 1 else in_channels)
        self.layers = nn.Sequential(*layers)

    def forward(self, x, indices, size):
        return self.layers(self.unpool(x, indices, output_size=size))


answers("decoder_stage")(PlainDecoder)


@answers("decoder_stage")
def decoder_that_scatters(cin, cout, n):
    class Stage(nn.Module):
        def __init__(self):
            super().__init__()
            channels = [cin] * n + [cout]
            pairs = list(itertools.pairwise(channels))
            self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding="same", bias=False) for a, b in pairs)
            self.bns = nn.ModuleList(nn.BatchNorm2d(b) for _, b in pairs)

        def forward(self, pooled, where, shape):
            n, c, h, w = pooled.shape
            out = torch.zeros(n, c, shape[0] * shape[1], dtype=pooled.dtype)
            out.scatter_(2, where.reshape(n, c, h * w), pooled.reshape(n, c, h * w))
            out = out.reshape(n, c, *shape)
            for conv, bn in zip(self.convs, self.bns, strict=True):
                out = bn(conv(out)).relu()
            return out

    return Stage().eval()


class RowAfterUnpooling(nn.Sequential):
    def forward(self, x, indices, size):
        x = F.max_unpool2d(x, indices, kernel_size=2, stride=2, output_size=(*x.shape[:2], *size))
        return super().forward(x)


@answers("decoder_stage")
def decoder_as_a_row(in_channels, out_channels, convs):
    layers = [layer for _ in range(convs - 1) for layer in block(in_channels, in_channels)]
    return RowAfterUnpooling(*layers, *block(in_channels, out_channels, bias=False)).double()


@answers("decoder_stage")
def decoder_with_own_weights(in_channels, out_channels, convs):
    class Own(OwnWeights):
        def __init__(self):
            super().__init__(in_channels, in_channels, convs)
            for parts in (self.kernels, self.scales, self.shifts):
                parts[-1] = nn.Parameter(torch.ones(out_channels, *parts[-1].shape[1:]))
            last = convs - 1
            self.register_buffer(f"mean{last}", torch.zeros(out_channels))
            self.register_buffer(f"variance{last}", torch.ones(out_channels))

        def forward(self, x, indices, size):
            flat = x.new_zeros(x.shape[0] * x.shape[1], size[0] * size[1])
            rows = torch.arange(len(flat))[:, None]
            flat[rows, indices.flatten(0, 1).flatten(1)] = x.flatten(0, 1).flatten(1)
            x = flat.view(*x.shape[:2], *size)
            for i, kernel in enumerate(self.kernels):
                x = F.conv2d(x, kernel, stride=1, padding=1)
                stored = getattr(self, f"mean{i}"), getattr(self, f"variance{i}")
                x = F.batch_norm(x, *stored, self.scales[i], self.shifts[i], training=self.training)
                x = torch.maximum(x, torch.zeros_like(x))
            return x

    return Own()


@answers("decoder_stage")
def decoder_of_copied_blocks(in_channels, out_channels, convs):
    class Stage(nn.Module):
        def __init__(self):
            super().__init__()
            inner = nn.Sequential(*block(in_channels, in_channels))
            self.inner = nn.ModuleList(copy.deepcopy(inner) for _ in range(convs - 1))
            self.last = nn.Sequential(*block(in_channels, out_channels))

        def forward(self, x, indices, size):
            x = nn.MaxUnpool2d((2, 2))(x, indices, size)
            for part in self.inner:
                x = part(x)
            return self.last(x)

    return Stage()
