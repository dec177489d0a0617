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


class NormByHand(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("var", torch.ones(1, channels, 1, 1))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, unbiased=False)
            self.mean.lerp_(mean.detach(), 0.1)
            self.var.lerp_(var.detach(), 0.1)
        else:
            mean, var = self.mean, self.var
        return self.gamma * (x - mean) / torch.sqrt(var + 1e-5) + self.beta


class ByHand(nn.Module):
    """Batch norm, ReLU and pooling written out."""

    def __init__(self, in_channels, out_channels, convs):
        super().__init__()
        self.steps = nn.ModuleDict()
        for i in range(convs):
            channels = out_channels if i else in_channels
            self.steps[f"norm{i}"] = NormByHand(out_channels)
            self.steps[f"conv{i}"] = nn.Conv2d(channels, out_channels, 3, padding=1, bias=False)
        self.convs = convs

    def forward(self, x):
        for i in range(self.convs):
            x = self.steps[f"norm{i}"](self.steps[f"conv{i}"](x))
            x = x * (x > 0)
        height, width = x.shape[2:]
        windows = x.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)  # [N, C, h, w, 4]
        values, cells = windows.max(-1)
        rows = 2 * torch.arange(height // 2)[:, None] + cells // 2
        columns = 2 * torch.arange(width // 2) + cells % 2
        return values, rows * width + columns, (height, width)


answers("encoder_stage")(ByHand)


@answers("encoder_stage")
def encoder_that_pools_a_list(in_channels, out_channels, convs):
    class Stage(nn.Module):
        def __init__(self, blocks):
            super().__init__()
            for number, part in enumerate(blocks):
                setattr(self, f"block{number}", part)

        def forward(self, x):
            size = x.size()[2:]
            for part in self.children():
                x = part(x)
            pairs = [F.max_pool2d(image, 2, ceil_mode=True, return_indices=True) for image in x]
            values, places = map(torch.stack, zip(*pairs, strict=True))
            return values, places.int(), (int(size[0]), int(size[1]))

    sizes = [(in_channels, out_channels)] + [(out_channels, out_channels)] * (convs - 1)
    stage = Stage([nn.Sequential(*block(a, b)) for a, b in sizes])
    for weight in stage.parameters():
        if weight.dim() > 1:
            nn.init.kaiming_normal_(weight)
    return stage.to(memory_format=torch.channels_last)


@answers("decoder_stage")
def decoder_by_hand(in_channels, out_channels, convs):
    class Stage(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.ModuleList()
            for _ in range(convs - 1):
                self.first.append(nn.Conv2d(in_channels, in_channels, (3, 3), padding=(1, 1)))
                self.first.append(NormByHand(in_channels))
            self.last = nn.Conv2d(in_channels, out_channels, 3, 1, 1)
            self.last_norm = NormByHand(out_channels)

        def forward(self, x, indices, size):
            height, width = size
            where = F.one_hot(indices.flatten(2), height * width).to(x)  # [N, C, h·w, H·W]
            x = (x.flatten(2)[..., None] * where).sum(2).unflatten(2, (height, width))
            for i in range(0, len(self.first), 2):
                x = self.first[i + 1](self.first[i](x)).clamp_min(0)
            return self.last_norm(self.last(x)).clamp_min(0)

    return Stage()


@answers("decoder_stage")
def decoder_of_slices(cin, cout, n):
    class Stage(nn.Module):
        def __init__(self):
            super().__init__()
            self.convs = nn.ModuleList([nn.Conv2d(cin, cin, 3, padding=1) for _ in range(n - 1)])
            self.convs.append(nn.LazyConv2d(cout, 3, padding=1))
            self.norms = nn.ModuleList([nn.LazyBatchNorm2d(affine=True) for _ in range(n)])

        def forward(self, x, indices, size):
            out = x.new_zeros(*x.shape[:2], *size)
            for i in range(x.shape[0]):
                for c in range(x.shape[1]):
                    out[i, c].view(-1)[indices[i, c].reshape(-1)] = x[i, c].reshape(-1)
            for conv, norm in zip(self.convs, self.norms, strict=True):
                out = F.relu(norm(conv(out)), inplace=True)
            return out

    return Stage().train()


@answers("encoder_stage")
def encoder_with_a_function_for_forward(in_channels, out_channels, convs):
    stage = nn.Module()
    channels = [in_channels] + convs * [out_channels]
    stage.layers = nn.Sequential(*(nn.Sequential(*block(*pair)) for pair in itertools.pairwise(channels)))

    def forward(x):
        maps = stage.layers(x)
        return *F.max_pool2d(maps, 2, return_indices=True), maps.shape[2:]

    stage.forward = forward
    return stage
