"""Wrong stages of SegNet's decoder, written as learners write them."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.checks.wrong.bank import mistake


def conv_bn_relu(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]


class Right(nn.Module):
    """Right unless a method is replaced."""

    def __init__(self, in_channels, out_channels, convs):
        super().__init__()
        self.layers = self.build(in_channels, out_channels, convs)

    def build(self, in_channels, out_channels, convs):
        inner = [layer for _ in range(convs - 1) for layer in conv_bn_relu(in_channels, in_channels)]
        return nn.Sequential(*inner, *conv_bn_relu(in_channels, out_channels))

    def unpool(self, x, indices, size):
        return F.max_unpool2d(x, indices, 2, output_size=size)

    def forward(self, x, indices, size):
        return self.layers(self.unpool(x, indices, size))


@mistake("decoder_stage", "size ignored")
class AlwaysDoubles(Right):
    def unpool(self, x, indices, size):
        return nn.MaxUnpool2d(2, stride=2)(x, indices)


@mistake("decoder_stage", "size ignored")
class SizeOfTwiceTheMaps(Right):
    def unpool(self, x, indices, size):
        return F.max_unpool2d(x, indices, 2, output_size=(x.shape[2] * 2, x.shape[3] * 2))


@mistake("decoder_stage", "unpooled to another size first")
class CutAfterwards(Right):
    def unpool(self, x, indices, size):
        return F.max_unpool2d(x, indices, 2)[:, :, : size[0], : size[1]]


@mistake("decoder_stage", "unpooled to another size first")
class ResizedAfterwards(Right):
    def unpool(self, x, indices, size):
        return F.interpolate(F.max_unpool2d(x, indices, 2), size=size, mode="bilinear", align_corners=False)


@mistake("decoder_stage", "unpooled to another size first")
class PaddedAfterwards(Right):
    def unpool(self, x, indices, size):
        x = F.max_unpool2d(x, indices, 2)
        return F.pad(x, (0, size[1] - x.shape[3], 0, size[0] - x.shape[2]))


@mistake("decoder_stage", "interpolated instead of unpooled")
class Bilinear(Right):
    def unpool(self, x, indices, size):
        return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


@mistake("decoder_stage", "interpolated instead of unpooled")
class Nearest(Right):
    def unpool(self, x, indices, size):
        return nn.Upsample(size=tuple(size))(x)


@mistake("decoder_stage", "interpolated instead of unpooled")
class Upsampled(Right):
    def unpool(self, x, indices, size):
        return nn.Upsample(scale_factor=2, mode="bilinear")(x)


@mistake("decoder_stage", "interpolated instead of unpooled")
class Repeated(Right):
    def unpool(self, x, indices, size):
        x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        return x[:, :, : size[0], : size[1]] if x.shape[2] >= size[0] else F.pad(x, (0, 1, 0, 1))


@mistake("decoder_stage", "indices ignored")
class TopLeft(Right):
    def unpool(self, x, indices, size):
        out = torch.zeros(*x.shape[:2], *size)
        rows, columns = torch.arange(x.shape[2]) * 2, torch.arange(x.shape[3]) * 2
        out[:, :, rows[:, None], columns] = x
        return out


@mistake("decoder_stage", "indices ignored")
class IndicesOfTheFirstChannel(Right):
    def unpool(self, x, indices, size):
        return F.max_unpool2d(x, indices[:, :1].repeat(1, x.shape[1], 1, 1), 2, output_size=size)


@mistake("decoder_stage", "indices ignored")
class IndicesOfTheFirstImage(Right):
    def unpool(self, x, indices, size):
        return F.max_unpool2d(x, indices[:1].repeat(len(x), 1, 1, 1), 2, output_size=size)


@mistake("decoder_stage", "indices ignored")
class IndicesTurned(Right):
    def unpool(self, x, indices, size):
        height, width = size
        turned = indices % width * height + indices // width
        return F.max_unpool2d(x, turned, 2, output_size=size)


@mistake("decoder_stage", "indices ignored")
class IndicesShuffled(Right):
    def unpool(self, x, indices, size):
        return F.max_unpool2d(x, indices.flip(0).flip(1), 2, output_size=size)


@mistake("decoder_stage", "another window or size in the unpooling")
class ThreeByThree(Right):
    def unpool(self, x, indices, size):
        return nn.MaxUnpool2d(3, stride=3)(x, indices, output_size=size)


@mistake("decoder_stage", "another window or size in the unpooling")
class SizeOfTheIndices(Right):
    def unpool(self, x, indices, size):
        return nn.MaxUnpool2d(2)(x, indices, output_size=indices.shape)


@mistake("decoder_stage", "unpooled after the convolutions")
class UnpoolsLast(Right):
    def forward(self, x, indices, size):
        return self.unpool(self.layers(x), indices, size)


@mistake("decoder_stage", "unpooled after the convolutions")
class UnpoolsLastAnyChannels(Right):
    def forward(self, x, indices, size):
        x = self.layers(x)
        channels = torch.arange(x.shape[1]) % indices.shape[1]
        return self.unpool(x, indices[:, channels], size)


@mistake("decoder_stage", "unpooled after the convolutions")
class UnpoolsBeforeTheLast(Right):
    def forward(self, x, indices, size):
        for layer in self.layers[:-3]:
            x = layer(x)
        return self.layers[-3:](self.unpool(x, indices, size))


@mistake("decoder_stage", "not unpooled")
class ForgotToUnpool(Right):
    def forward(self, x, indices, size):
        return self.layers(x)


@mistake("decoder_stage", "transposed convolutions")
class LearnedUpsampling(Right):
    def build(self, in_channels, out_channels, convs):
        self.up = nn.ConvTranspose2d(in_channels, in_channels, 2, stride=2)
        return super().build(in_channels, out_channels, convs)

    def unpool(self, x, indices, size):
        return self.up(x, output_size=size)


@mistake("decoder_stage", "transposed convolutions")
class Deconvolutions(Right):
    def build(self, in_channels, out_channels, convs):
        layers = super().build(in_channels, out_channels, convs)
        for i in range(0, len(layers), 3):
            layers[i] = nn.ConvTranspose2d(layers[i].in_channels, layers[i].out_channels, 3, padding=1)
        return layers


@mistake("decoder_stage", "channels changed in the first convolution")
class LikeTheEncoder(Right):
    def build(self, in_channels, out_channels, convs):
        first = conv_bn_relu(in_channels, out_channels)
        others = [layer for _ in range(convs - 1) for layer in conv_bn_relu(out_channels, out_channels)]
        return nn.Sequential(*first, *others)


@mistake("decoder_stage", "every convolution goes to out_channels")
class AllToTheOutput(Right):
    def build(self, in_channels, out_channels, convs):
        blocks = [layer for _ in range(convs) for layer in conv_bn_relu(in_channels, out_channels)]
        return nn.Sequential(*blocks)


@mistake("decoder_stage", "other channels")
class Halving(Right):
    def build(self, in_channels, out_channels, convs):
        return super().build(in_channels, max(1, in_channels // 2), convs)


@mistake("decoder_stage", "other channels")
class InAndOutSwapped(Right):
    def build(self, in_channels, out_channels, convs):
        return super().build(out_channels, in_channels, convs)


@mistake("decoder_stage", "another number of convolutions")
class OneOnly(Right):
    def build(self, in_channels, out_channels, convs):
        return nn.Sequential(*conv_bn_relu(in_channels, out_channels))


@mistake("decoder_stage", "another number of convolutions")
class LastOneAdded(Right):
    def build(self, in_channels, out_channels, convs):
        return super().build(in_channels, out_channels, convs + 1)


@mistake("decoder_stage", "another number of convolutions")
class AtLeastTwo(Right):
    def build(self, in_channels, out_channels, convs):
        return super().build(in_channels, out_channels, max(2, convs))


@mistake("decoder_stage", "the same convolution again")
class OneInnerBlock(Right):
    def build(self, in_channels, out_channels, convs):
        inner = nn.Sequential(*conv_bn_relu(in_channels, in_channels))
        return nn.Sequential(*[inner for _ in range(convs - 1)], *conv_bn_relu(in_channels, out_channels))


@mistake("decoder_stage", "no ReLU after the last convolution")
class EndsWithNorm(Right):
    def build(self, in_channels, out_channels, convs):
        return super().build(in_channels, out_channels, convs)[:-1]


@mistake("decoder_stage", "ReLU before the first convolution")
class ReluAfterUnpooling(Right):
    def build(self, in_channels, out_channels, convs):
        layers = super().build(in_channels, out_channels, convs)
        return nn.Sequential(nn.ReLU(), *layers[:-1])


@mistake("decoder_stage", "ReLU before the first convolution")
class ReluBeforeUnpooling(Right):
    def forward(self, x, indices, size):
        return super().forward(torch.relu(x), indices, size)


class Ordered(Right):
    """The stage of a learner who writes down each layer; `block` is replaced."""

    def build(self, in_channels, out_channels, convs):
        layers = []
        for i in range(convs):
            outputs = in_channels if i < convs - 1 else out_channels
            layers.extend(self.block(in_channels, outputs, i == convs - 1))
        return nn.Sequential(*layers)


@mistake("decoder_stage", "no batch norm")
class WithoutNorm(Ordered):
    def block(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.ReLU(inplace=True)


@mistake("decoder_stage", "batch norm not after each convolution")
class LastWithoutNorm(Ordered):
    def block(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), *([] if last else [nn.BatchNorm2d(b)]), nn.ReLU(inplace=True)


@mistake("decoder_stage", "no ReLU")
class AsInSegNetBasic(Ordered):
    def block(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b)


@mistake("decoder_stage", "ReLU before batch norm")
class NormLast(Ordered):
    def block(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(b)


@mistake("decoder_stage", "batch norm before the convolution")
class NormFirst(Ordered):
    def block(self, a, b, last):
        return nn.BatchNorm2d(a), nn.Conv2d(a, b, 3, padding=1), nn.ReLU()


@mistake("decoder_stage", "batch norm of other channels")
class NormOfTheOutput(Right):
    def build(self, in_channels, out_channels, convs):
        layers = super().build(in_channels, out_channels, convs)
        for i in range(1, len(layers), 3):
            layers[i] = nn.BatchNorm2d(out_channels)
        return layers


@mistake("decoder_stage", "padding")
class Unpadded(Ordered):
    def block(self, a, b, last):
        return nn.Conv2d(a, b, 3), nn.BatchNorm2d(b), nn.ReLU()


@mistake("decoder_stage", "padding")
class PaddedByTwo(Ordered):
    def block(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=2), nn.BatchNorm2d(b), nn.ReLU()


@mistake("decoder_stage", "another kernel")
class FiveByFive(Ordered):
    def block(self, a, b, last):
        return nn.Conv2d(a, b, 5, padding="same"), nn.BatchNorm2d(b), nn.ReLU()


@mistake("decoder_stage", "another activation")
class Silu(Ordered):
    def block(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.SiLU()


@mistake("decoder_stage", "another activation")
class EndsWithSigmoid(Ordered):
    def block(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.Sigmoid() if last else nn.ReLU()


@mistake("decoder_stage", "another normalization")
class Groups(Ordered):
    def block(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.GroupNorm(1, b), nn.ReLU()


@mistake("decoder_stage", "something else computed")
class Residual(Right):
    def forward(self, x, indices, size):
        x = self.unpool(x, indices, size)
        return self.layers(x) + x.mean(1, keepdim=True)


@mistake("decoder_stage", "layers made anew in each pass")
class BuiltInForward(nn.Module):
    def __init__(self, in_channels, out_channels, convs):
        super().__init__()
        self.sizes = in_channels, out_channels, convs

    def forward(self, x, indices, size):
        return Right(*self.sizes)(x, indices, size)


@mistake("decoder_stage", "layers in a plain list")
class PlainList(nn.Module):
    def __init__(self, in_channels, out_channels, convs):
        super().__init__()
        self.parts = list(Right(in_channels, out_channels, convs).layers)

    def forward(self, x, indices, size):
        x = F.max_unpool2d(x, indices, 2, output_size=size)
        for part in self.parts:
            x = part(x)
        return x


@mistake("decoder_stage", "weights that cannot learn")
class CutOff(Right):
    def unpool(self, x, indices, size):
        return super().unpool(x.detach(), indices, size)


@mistake("decoder_stage", "weights that cannot learn")
class DataOnly(Right):
    def unpool(self, x, indices, size):
        with torch.no_grad():
            return super().unpool(x, indices, size)


@mistake("decoder_stage", "nothing returned")
class ForgotReturn(Right):
    def forward(self, x, indices, size):
        super().forward(x, indices, size)


@mistake("decoder_stage", "not the maps alone")
class ReturnsIndicesToo(Right):
    def forward(self, x, indices, size):
        return super().forward(x, indices, size), indices


@mistake("decoder_stage", "a forward with other arguments")
def row_of_layers(in_channels, out_channels, convs):
    return nn.Sequential(nn.MaxUnpool2d(2), *Right(in_channels, out_channels, convs).layers)


@mistake("decoder_stage", "a forward with other arguments")
class WithoutSize(Right):
    def forward(self, x, indices):
        return self.layers(F.max_unpool2d(x, indices, 2))


@mistake("decoder_stage", "a forward with other arguments")
class OneTuple(Right):
    def forward(self, inputs):
        return super().forward(*inputs)


@mistake("decoder_stage", "a class instead of a stage")
def the_class(in_channels, out_channels, convs):
    return Right


@mistake("decoder_stage", "no stage")
def list_of_layers(in_channels, out_channels, convs):
    return list(Right(in_channels, out_channels, convs).layers)


@mistake("decoder_stage", "no stage")
def module_list(in_channels, out_channels, convs):
    return nn.ModuleList([nn.MaxUnpool2d(2), *Right(in_channels, out_channels, convs).layers])


@mistake("decoder_stage", "the input changed")
class InPlace(Right):
    def forward(self, x, indices, size):
        result = super().forward(x, indices, size)
        indices.zero_()
        return result


KEPT = {}


@mistake("decoder_stage", "one stage for all")
def built_once(in_channels, out_channels, convs):
    return KEPT.setdefault((in_channels, out_channels, convs), Right(in_channels, out_channels, convs))


OUT = {}


@mistake("decoder_stage", "a result that changes later")
class WritesToOnePlace(Right):
    def forward(self, x, indices, size):
        result = super().forward(x, indices, size)
        place = OUT.setdefault(tuple(result.shape), result)
        if place is not result:
            place.data.copy_(result.data)
            OUT[tuple(result.shape)] = result
        return result


@mistake("decoder_stage", "another window or size in the unpooling")
class ColumnsFirst(Right):
    def unpool(self, x, indices, size):
        height, width = size
        return F.max_unpool2d(x, indices, 2, output_size=(width, height))


@mistake("decoder_stage", "weights that cannot learn")
class LayersForgotten(Right):
    def forward(self, x, indices, size):
        return self.unpool(x, indices, size)
