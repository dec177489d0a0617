"""Wrong stages of SegNet's encoder, written as learners write them."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.checks.wrong.bank import mistake


def conv_bn_relu(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


class Right(nn.Module):
    """Right unless a method is replaced."""

    def __init__(self, in_channels, out_channels, convs):
        super().__init__()
        self.blocks = self.build(in_channels, out_channels, convs)
        self.pool = nn.MaxPool2d(2, 2, return_indices=True)

    def build(self, in_channels, out_channels, convs):
        channels = [in_channels] + [out_channels] * convs
        return nn.Sequential(*map(conv_bn_relu, channels, channels[1:]))

    def forward(self, x):
        x = self.blocks(x)
        size = x.shape[-2:]
        x, indices = self.pool(x)
        return x, indices, size


@mistake("encoder_stage", "size after pooling")
class SizeTooLate(Right):
    def forward(self, x):
        x, indices = self.pool(self.blocks(x))
        return x, indices, x.shape[-2:]


@mistake("encoder_stage", "size after pooling")
class SizeOfTheIndices(Right):
    def forward(self, x):
        x, indices = self.pool(self.blocks(x))
        return x, indices, indices.size()


@mistake("encoder_stage", "the whole shape as size")
class AllFourSizes(Right):
    def forward(self, x):
        x = self.blocks(x)
        return *self.pool(x), x.size()


@mistake("encoder_stage", "the whole shape as size")
class ShapeOfTheImages(Right):
    def forward(self, x):
        size = x.shape
        return *self.pool(self.blocks(x)), size


@mistake("encoder_stage", "the whole shape as size")
class ChannelsToo(Right):
    def forward(self, x):
        x = self.blocks(x)
        return *self.pool(x), tuple(x.shape[1:])


@mistake("encoder_stage", "another size")
class WidthFirst(Right):
    def forward(self, x):
        height, width = x.shape[2:]
        return *self.pool(self.blocks(x)), (width, height)


@mistake("encoder_stage", "another size")
class FirstTwoOfTheShape(Right):
    def forward(self, x):
        x = self.blocks(x)
        return *self.pool(x), x.shape[:2]


@mistake("encoder_stage", "another size")
class TwiceThePooled(Right):
    def forward(self, x):
        x, indices = self.pool(self.blocks(x))
        return x, indices, (x.shape[2] * 2, x.shape[3] * 2)


@mistake("encoder_stage", "another size")
class NumberOfCells(Right):
    def forward(self, x):
        x = self.blocks(x)
        return *self.pool(x), x.shape[2] * x.shape[3]


@mistake("encoder_stage", "another order of the results")
class IndicesFirst(Right):
    def forward(self, x):
        pooled, indices, size = super().forward(x)
        return indices, pooled, size


@mistake("encoder_stage", "another order of the results")
class SizeFirst(Right):
    def forward(self, x):
        pooled, indices, size = super().forward(x)
        return size, pooled, indices


@mistake("encoder_stage", "indices left out")
class IndicesForgotten(Right):
    def forward(self, x):
        x = self.blocks(x)
        return F.max_pool2d(x, 2), x.shape[-2:]


@mistake("encoder_stage", "indices left out")
class TwoImagesUnpacked(Right):
    def forward(self, x):
        x = self.blocks(x)
        pooled, indices = nn.MaxPool2d(2)(x)  # unpacks a batch of two
        return pooled, indices, x.shape[-2:]


@mistake("encoder_stage", "indices left out")
def only_layers(in_channels, out_channels, convs):
    blocks = [conv_bn_relu(in_channels if i == 0 else out_channels, out_channels) for i in range(convs)]
    return nn.Sequential(*blocks, nn.MaxPool2d(2))


@mistake("encoder_stage", "size left out")
def row_with_indices(in_channels, out_channels, convs):
    layers = nn.Sequential(conv_bn_relu(in_channels, out_channels))
    for _ in range(1, convs):
        layers.append(conv_bn_relu(out_channels, out_channels))
    layers.append(nn.MaxPool2d(kernel_size=2, stride=2, return_indices=True))
    return layers


@mistake("encoder_stage", "size left out")
class TwoResults(Right):
    def forward(self, x):
        return self.pool(self.blocks(x))


@mistake("encoder_stage", "not three results")
class PairInAPair(Right):
    def forward(self, x):
        x = self.blocks(x)
        return self.pool(x), x.shape[-2:]


@mistake("encoder_stage", "not three results")
class Unpacked(Right):
    def forward(self, x):
        pooled, indices, (height, width) = super().forward(x)
        return pooled, indices, height, width


@mistake("encoder_stage", "nothing returned")
class ForgotReturn(Right):
    def forward(self, x):
        _ = super().forward(x)


@mistake("encoder_stage", "pooled before the convolutions")
class PoolsTheInput(Right):
    def forward(self, x):
        size = x.shape[-2:]
        x, indices = self.pool(x)
        return self.blocks(x), indices, size


@mistake("encoder_stage", "pooled before the convolutions")
class PoolsAfterTheFirst(Right):
    def forward(self, x):
        x = self.blocks[0](x)
        size = x.shape[-2:]
        x, indices = self.pool(x)
        for block in self.blocks[1:]:
            x = block(x)
        return x, indices, size


@mistake("encoder_stage", "pooled after each convolution")
class PoolsInTheLoop(Right):
    def forward(self, x):
        for block in self.blocks:
            x = block(x)
            size = x.shape[-2:]
            x, indices = self.pool(x)
        return x, indices, size


@mistake("encoder_stage", "another window or stride")
class Overlapping(Right):
    def forward(self, x):
        x = self.blocks(x)
        return *F.max_pool2d(x, 3, 2, padding=1, return_indices=True), x.shape[-2:]


@mistake("encoder_stage", "another window or stride")
class StrideOne(Right):
    def forward(self, x):
        x = self.blocks(x)
        return *F.max_pool2d(x, kernel_size=2, stride=1, return_indices=True), x.shape[-2:]


@mistake("encoder_stage", "average instead of maximum")
class Averages(Right):
    def forward(self, x):
        x = self.blocks(x)
        _, indices = self.pool(x)
        return nn.AvgPool2d(2, ceil_mode=True)(x), indices[..., :, :], x.shape[-2:]


@mistake("encoder_stage", "not pooled")
class PoolsForTheIndicesOnly(Right):
    def forward(self, x):
        x = self.blocks(x)
        _, indices = self.pool(x)
        return x, indices, x.shape[-2:]


@mistake("encoder_stage", "convolutions with a stride")
class Strided(Right):
    def build(self, in_channels, out_channels, convs):
        blocks = super().build(in_channels, out_channels, convs)
        blocks[-1][0].stride = (2, 2)
        return blocks


@mistake("encoder_stage", "indices of something else")
class IndicesOfTheInput(Right):
    def forward(self, x):
        _, indices = self.pool(x)
        x = self.blocks(x)
        return F.max_pool2d(x, 2), indices, x.shape[-2:]


@mistake("encoder_stage", "indices of something else")
class IndicesOfTheFirstBlock(Right):
    def forward(self, x):
        first = self.blocks[0](x)
        x = self.blocks[1:](first)
        return F.max_pool2d(x, 2), self.pool(first.neg())[1], x.shape[-2:]


@mistake("encoder_stage", "indices of something else")
class IndicesOfOneMap(Right):
    def forward(self, x):
        x = self.blocks(x)
        _, indices = self.pool(x.sum(1, keepdim=True))
        return F.max_pool2d(x, 2), indices.repeat(1, x.shape[1], 1, 1), x.shape[-2:]


@mistake("encoder_stage", "indices counted in the window")
class ArgmaxOfTheWindow(Right):
    def forward(self, x):
        x = self.blocks(x)
        windows = x.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
        return windows.amax(-1), windows.argmax(-1), x.shape[-2:]


class Ordered(nn.Module):
    """The stage of a learner who writes down each layer; `layers` is replaced."""

    def __init__(self, in_channels, out_channels, convs):
        super().__init__()
        self.body = nn.Sequential()
        for i in range(convs):
            for layer in self.layers(in_channels if i == 0 else out_channels, out_channels, i == convs - 1):
                self.body.append(layer)

    def forward(self, x):
        x = self.body(x)
        pooled, indices = F.max_pool2d(x, 2, return_indices=True)
        return pooled, indices, x.shape[-2:]


@mistake("encoder_stage", "no batch norm")
class WithoutNorm(Ordered):
    def layers(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.ReLU()


@mistake("encoder_stage", "batch norm not after each convolution")
class NormAtTheEnd(Ordered):
    def layers(self, a, b, last):
        norm = [nn.BatchNorm2d(b)] if last else []
        return nn.Conv2d(a, b, 3, padding=1, bias=False), *norm, nn.ReLU()


@mistake("encoder_stage", "batch norm not after each convolution")
class NormAtTheEndWithBias(Ordered):
    def layers(self, a, b, last):
        norm = [nn.BatchNorm2d(b)] if last else []
        return nn.Conv2d(a, b, 3, padding=1), *norm, nn.ReLU()


@mistake("encoder_stage", "ReLU before batch norm")
class NormAfterRelu(Ordered):
    def layers(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.ReLU(inplace=True), nn.BatchNorm2d(b)


@mistake("encoder_stage", "batch norm before the convolution")
class PreActivation(Ordered):
    def layers(self, a, b, last):
        return nn.BatchNorm2d(a), nn.ReLU(), nn.Conv2d(a, b, 3, padding=1)


@mistake("encoder_stage", "no ReLU after the last convolution")
class LinearEnd(Ordered):
    def layers(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), *([] if last else [nn.ReLU()])


@mistake("encoder_stage", "no ReLU")
class OneReluAtTheEnd(Ordered):
    def layers(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), *([nn.ReLU()] if last else [])


@mistake("encoder_stage", "ReLU before the first convolution")
class ReluFirst(Ordered):
    def layers(self, a, b, last):
        return nn.ReLU(), nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b)


@mistake("encoder_stage", "another activation")
class Leaky(Ordered):
    def layers(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.LeakyReLU(0.1)


@mistake("encoder_stage", "another activation")
class Gelu(Ordered):
    def layers(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.GELU()


@mistake("encoder_stage", "another normalization")
class Instances(Ordered):
    def layers(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.InstanceNorm2d(b, affine=True), nn.ReLU()


@mistake("encoder_stage", "batch norm of other channels")
class NormOfTheInput(Ordered):
    def layers(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(a), nn.ReLU()


@mistake("encoder_stage", "padding")
class Unpadded(Ordered):
    def layers(self, a, b, last):
        return nn.Conv2d(a, b, 3), nn.BatchNorm2d(b), nn.ReLU()


@mistake("encoder_stage", "padding")
class FirstAlonePadded(Ordered):
    def layers(self, a, b, last):
        return nn.Conv2d(a, b, kernel_size=3, padding=0 if last else 1), nn.BatchNorm2d(b), nn.ReLU()


@mistake("encoder_stage", "padded with other values")
class Replicated(Ordered):
    def layers(self, a, b, last):
        return nn.ReplicationPad2d(1), nn.Conv2d(a, b, 3), nn.BatchNorm2d(b), nn.ReLU()


@mistake("encoder_stage", "another kernel")
class SevenBySeven(Ordered):
    def layers(self, a, b, last):
        return nn.Conv2d(a, b, 7, padding=3), nn.BatchNorm2d(b), nn.ReLU()


@mistake("encoder_stage", "another kernel")
class LastOneByOne(Ordered):
    def layers(self, a, b, last):
        size = 1 if last else 3
        return nn.Conv2d(a, b, size, padding=size // 2), nn.BatchNorm2d(b), nn.ReLU()


@mistake("encoder_stage", "something else computed")
class Dropped(Ordered):
    def layers(self, a, b, last):
        return nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(), nn.Dropout2d(0.5)


@mistake("encoder_stage", "other channels")
class Doubling(Right):
    def build(self, in_channels, out_channels, convs):
        channels = [in_channels, *(in_channels * 2 ** (i + 1) for i in range(convs - 1)), out_channels]
        return nn.Sequential(*map(conv_bn_relu, channels, channels[1:]))


@mistake("encoder_stage", "other channels")
class ThreeAndSixtyFour(Right):
    def build(self, in_channels, out_channels, convs):
        return super().build(3, 64, convs)


@mistake("encoder_stage", "other channels")
class Depthwise(Right):
    def build(self, in_channels, out_channels, convs):
        blocks = super().build(in_channels, out_channels, convs)
        for block in blocks[1:]:
            block[0] = nn.Conv2d(out_channels, out_channels, 3, padding=1, groups=out_channels)
        return blocks


@mistake("encoder_stage", "every convolution takes in_channels")
class AllFromTheInput(Right):
    def build(self, in_channels, out_channels, convs):
        return nn.Sequential(*[conv_bn_relu(in_channels, out_channels) for _ in range(convs)])


@mistake("encoder_stage", "channels changed in the last convolution")
class LikeTheDecoder(Right):
    def build(self, in_channels, out_channels, convs):
        channels = [in_channels] * convs + [out_channels]
        return nn.Sequential(*map(conv_bn_relu, channels, channels[1:]))


@mistake("encoder_stage", "another number of convolutions")
class OneMore(Right):
    def build(self, in_channels, out_channels, convs):
        return super().build(in_channels, out_channels, convs + 1)


@mistake("encoder_stage", "another number of convolutions")
class AlwaysTwo(Right):
    def build(self, in_channels, out_channels, convs):
        return nn.Sequential(
            conv_bn_relu(in_channels, out_channels), conv_bn_relu(out_channels, out_channels)
        )


@mistake("encoder_stage", "the same convolution again")
class RepeatedBlock(Right):
    def build(self, in_channels, out_channels, convs):
        again = conv_bn_relu(out_channels, out_channels)
        return nn.Sequential(conv_bn_relu(in_channels, out_channels), *[again] * (convs - 1))


@mistake("encoder_stage", "the same convolution again")
class ListTimesNumber(Right):
    def build(self, in_channels, out_channels, convs):
        return nn.Sequential(*[conv_bn_relu(in_channels, out_channels)] * convs)


@mistake("encoder_stage", "layers made anew in each pass")
class BuiltInForward(nn.Module):
    def __init__(self, in_channels, out_channels, convs):
        super().__init__()
        self.sizes = in_channels, out_channels, convs

    def forward(self, x):
        in_channels, out_channels, convs = self.sizes
        for i in range(convs):
            x = nn.Conv2d(out_channels if i else in_channels, out_channels, 3, padding=1)(x)
            x = F.relu(nn.BatchNorm2d(out_channels)(x))
        return *F.max_pool2d(x, 2, return_indices=True), x.shape[-2:]


@mistake("encoder_stage", "layers made anew in each pass")
class NormBuiltInForward(nn.Module):
    def __init__(self, in_channels, out_channels, convs):
        super().__init__()
        pairs = [(in_channels, out_channels)] + [(out_channels, out_channels)] * (convs - 1)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairs)

    def forward(self, x):
        for conv in self.convs:
            x = conv(x)
            x = nn.ReLU()(nn.BatchNorm2d(x.shape[1])(x))
        return *F.max_pool2d(x, 2, return_indices=True), x.shape[-2:]


@mistake("encoder_stage", "layers in a plain list")
class PlainList(Right):
    def build(self, in_channels, out_channels, convs):
        blocks = list(super().build(in_channels, out_channels, convs))

        def run(x):
            for block in blocks:
                x = block(x)
            return x

        return run


@mistake("encoder_stage", "the batch looked at in eval mode")
class AlwaysTraining(Right):
    def forward(self, x):
        self.blocks.train()
        return super().forward(x)


@mistake("encoder_stage", "something else computed")
class NeverTraining(Right):
    def forward(self, x):
        self.blocks.eval()
        return super().forward(x)


@mistake("encoder_stage", "weights that cannot learn")
class Detached(Right):
    def forward(self, x):
        pooled, indices, size = super().forward(x)
        return pooled.detach(), indices, size


@mistake("encoder_stage", "weights that cannot learn")
class FrozenAtFirst(Right):
    def build(self, in_channels, out_channels, convs):
        blocks = super().build(in_channels, out_channels, convs)
        blocks[0].requires_grad_(False)
        return blocks


@mistake("encoder_stage", "the input changed")
class InPlace(Right):
    def forward(self, x):
        result = super().forward(x)
        x.zero_()
        return result


@mistake("encoder_stage", "a class instead of a stage")
def the_class(in_channels, out_channels, convs):
    return Right


@mistake("encoder_stage", "no stage")
def list_of_layers(in_channels, out_channels, convs):
    return [conv_bn_relu(in_channels, out_channels), nn.MaxPool2d(2, return_indices=True)]


@mistake("encoder_stage", "no stage")
def plain_function(in_channels, out_channels, convs):
    stage = Right(in_channels, out_channels, convs)
    return stage.forward


@mistake("encoder_stage", "no stage")
def one_result(in_channels, out_channels, convs):
    return Right(in_channels, out_channels, convs)(torch.rand(1, in_channels, 8, 8))


@mistake("encoder_stage", "a forward with other arguments")
class AsksForMore(Right):
    def forward(self, x, indices, size):
        return super().forward(x)


KEPT = {}


@mistake("encoder_stage", "one stage for all")
def built_once(in_channels, out_channels, convs):
    key = in_channels, out_channels, convs
    if key not in KEPT:
        KEPT[key] = Right(*key)
    return KEPT[key]


NORMS = nn.ModuleDict()


@mistake("encoder_stage", "one stage for all")
def norms_kept_outside(in_channels, out_channels, convs):
    stage = Right(in_channels, out_channels, convs)
    for i, block in enumerate(stage.blocks):
        key = f"{out_channels} {i}"
        if key not in NORMS:
            NORMS[key] = nn.BatchNorm2d(out_channels)
        block[1] = NORMS[key]
    return stage


@mistake("encoder_stage", "another activation")
class CutAtSix(Right):
    def build(self, in_channels, out_channels, convs):
        layers = super().build(in_channels, out_channels, convs)
        for block in layers:
            block[2] = nn.ReLU6()
        return layers
