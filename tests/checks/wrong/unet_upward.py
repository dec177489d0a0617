"""Wrong blocks of the way up, as learners write them."""

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.models import center_crop
from tests.checks.wrong.bank import mistake

wrong = "up_block"


class Written(nn.Module):
    """A learner's block, right by itself; each mistake changes one method."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.upconv = self.make_up(in_channels, out_channels)
        self.conv1 = self.make_first(in_channels, out_channels)
        self.conv2 = self.make_second(in_channels, out_channels)

    def make_up(self, i, o):
        return nn.ConvTranspose2d(i, i // 2, kernel_size=2, stride=2)

    def make_first(self, i, o):
        return nn.Conv2d(i, o, kernel_size=3)

    def make_second(self, i, o):
        return nn.Conv2d(o, o, kernel_size=3)

    def crop(self, skip, h, w):
        top, left = (skip.shape[2] - h) // 2, (skip.shape[3] - w) // 2
        return skip[:, :, top : top + h, left : left + w]

    def join(self, skip, x):
        return torch.cat((skip, x), dim=1)

    def finish(self, x):
        x = F.relu(self.conv1(x))
        return F.relu(self.conv2(x))

    def forward(self, x, skip):
        x = self.upconv(x)
        skip = self.crop(skip, x.shape[2], x.shape[3])
        return self.finish(self.join(skip, x))


@mistake(wrong, "skip behind")
class BelowFirst(Written):
    def join(self, skip, x):
        return torch.cat([x, skip], dim=1)


@mistake(wrong, "skip added")
class Residual(Written):
    def make_first(self, i, o):
        return nn.Conv2d(i // 2, o, 3)

    def join(self, skip, x):
        return skip + x


@mistake(wrong, "skip left out")
class WithoutSkip(Written):
    def make_first(self, i, o):
        return nn.Conv2d(i // 2, o, 3)

    def forward(self, x, skip):
        return self.finish(self.upconv(x))


@mistake(wrong, "up-convolution does not halve the channels")
class KeepsChannels(Written):
    def make_up(self, i, o):
        return nn.ConvTranspose2d(i, i, 2, 2)

    def make_first(self, i, o):
        return nn.Conv2d(i + i // 2, o, 3)


@mistake(wrong, "up-convolution to out_channels")
class AsInManyTutorials(Written):
    def make_up(self, i, o):
        return nn.ConvTranspose2d(i, o, 2, stride=2)

    def make_first(self, i, o):
        return nn.Conv2d(2 * o, o, 3)


@mistake(wrong, "out_channels ignored")
class HalvesAgain(Written):
    def make_first(self, i, o):
        return nn.Conv2d(i, i // 2, 3)

    def make_second(self, i, o):
        return nn.Conv2d(i // 2, i // 2, 3)


@mistake(wrong, "first convolution takes another number of channels")
class TwiceOut(Written):
    def make_first(self, i, o):
        return nn.Conv2d(2 * o, o, 3)


@mistake(wrong, "channels between the convolutions")
class MiddleChannels(Written):
    def make_first(self, i, o):
        return nn.Conv2d(i, i // 2, 3)

    def make_second(self, i, o):
        return nn.Conv2d(i // 2, o, 3)


@mistake(wrong, "padded convolutions")
class SameSize(Written):
    def make_first(self, i, o):
        return nn.Conv2d(i, o, 3, padding="same")

    def make_second(self, i, o):
        return nn.Conv2d(o, o, 3, padding=1)


@mistake(wrong, "skip not cropped")
class NoCrop(Written):
    def crop(self, skip, h, w):
        return skip


@mistake(wrong, "skip cropped from a corner")
class FirstRows(Written):
    def crop(self, skip, h, w):
        return skip[..., :h, :w]


@mistake(wrong, "crop off by one")
class NegativePadding(Written):
    def crop(self, skip, h, w):
        dy, dx = h - skip.shape[2], w - skip.shape[3]
        return F.pad(skip, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])


@mistake(wrong, "crop off by one")
class HalfOnEachSide(Written):
    def crop(self, skip, h, w):
        dy, dx = (skip.shape[2] - h) // 2, (skip.shape[3] - w) // 2
        return skip[:, :, dy:-dy, dx:-dx]


@mistake(wrong, "skip resized")
class Squeezed(Written):
    def crop(self, skip, h, w):
        return F.interpolate(skip, (h, w), mode="bilinear", align_corners=False)


@mistake(wrong, "x enlarged instead")
class PadsWhatComesFromBelow(Written):
    def forward(self, x, skip):
        x = self.upconv(x)
        dy, dx = skip.size(2) - x.size(2), skip.size(3) - x.size(3)
        x = F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return self.finish(torch.cat([skip, x], dim=1))


@mistake(wrong, "a ReLU is missing")
class LinearEnd(Written):
    def finish(self, x):
        return self.conv2(torch.relu(self.conv1(x)))


@mistake(wrong, "a ReLU is missing")
class NoRelu(Written):
    def finish(self, x):
        return self.conv2(self.conv1(x))


@mistake(wrong, "a ReLU too many")
class ReluAfterUp(Written):
    def make_up(self, i, o):
        return nn.Sequential(super().make_up(i, o), nn.ReLU(inplace=True))


@mistake(wrong, "another activation")
class Leaky(Written):
    def finish(self, x):
        return F.leaky_relu(self.conv2(F.leaky_relu(self.conv1(x))))


@mistake(wrong, "another kernel in the up-convolution")
class ThreeByThreeUp(Written):
    def make_up(self, i, o):
        return nn.ConvTranspose2d(i, i // 2, 3, stride=2, padding=1, output_padding=1)


@mistake(wrong, "height and width not doubled")
class StrideForgotten(Written):
    def make_up(self, i, o):
        return nn.ConvTranspose2d(i, i // 2, 2)


@mistake(wrong, "interpolated")
class Bilinear(Written):
    def make_up(self, i, o):
        return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)

    def make_first(self, i, o):
        return nn.Conv2d(i + i // 2, o, 3)


@mistake(wrong, "interpolated")
class NearestAndTwoByTwo(Written):
    def make_up(self, i, o):
        return nn.Sequential(
            nn.UpsamplingNearest2d(scale_factor=2), nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(i, i // 2, 2)
        )


@mistake(wrong, "batch norm")
class Normed(Written):
    def __init__(self, in_channels, out_channels):
        super().__init__(in_channels, out_channels)
        self.bn1, self.bn2 = nn.BatchNorm2d(out_channels), nn.BatchNorm2d(out_channels)

    def finish(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)))


@mistake(wrong, "one convolution")
class Once(Written):
    def make_second(self, i, o):
        return nn.Identity()


@mistake(wrong, "more layers")
class Three(Written):
    def make_second(self, i, o):
        return nn.Sequential(nn.Conv2d(o, o, 3), nn.ReLU(), nn.Conv2d(o, o, 3))


@mistake(wrong, "layers made in forward")
class NewEachTime(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.i, self.o = in_channels, out_channels

    def forward(self, x, skip):
        return Written(self.i, self.o)(x, skip)


@mistake(wrong, "layers in a plain list")
class InADictionary(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.parts = {"block": Written(in_channels, out_channels)}

    def forward(self, x, skip):
        return self.parts["block"](x, skip)


@mistake(wrong, "forward does not take x and skip")
class OnePair(Written):
    def forward(self, maps):
        return super().forward(*maps)


@mistake(wrong, "skip taken first")
class SkipIsFirst(Written):
    def forward(self, skip, x):
        return super().forward(x, skip)


@mistake(wrong, "dropout")
class Dropping(Written):
    def finish(self, x):
        return F.dropout(super().finish(x), 0.5, self.training)


@mistake(wrong, "weights that cannot learn")
class NoGrad(Written):
    @torch.no_grad()
    def forward(self, x, skip):
        return super().forward(x, skip)


SHARED = {}


@mistake(wrong, "one block for all")
def from_a_dictionary(in_channels, out_channels):
    if (in_channels, out_channels) not in SHARED:
        SHARED[in_channels, out_channels] = Written(in_channels, out_channels)
    return SHARED[in_channels, out_channels]


@mistake(wrong, "not one tensor")
class BothMaps(Written):
    def forward(self, x, skip):
        return super().forward(x, skip), skip


@mistake(wrong, "skip joined last")
class SkipAtTheEnd(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.up = nn.ConvTranspose2d(c_in, c_in // 2, 2, 2)
        self.first, self.second = nn.Conv2d(c_in // 2, c_out, 3), nn.Conv2d(c_out, c_out, 3)

    def forward(self, x, skip):
        x = F.relu(self.second(F.relu(self.first(self.up(x)))))
        return torch.cat([center_crop(skip, *x.shape[2:]), x], 1)


@mistake(wrong, "up-convolution of other maps")
class ConvolutionsBeforeUp(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.first, self.second = nn.Conv2d(c_in, c_out, 3), nn.Conv2d(c_out, c_out, 3)
        self.up = nn.ConvTranspose2d(c_out, c_out, 2, 2)

    def forward(self, x, skip):
        return self.up(F.relu(self.second(F.relu(self.first(x)))))
