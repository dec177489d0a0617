"""Small networks, each with a way of connecting pixels that a receptive field must get right."""

import torch
import torch.nn.functional as F
from torch import nn


class Skip(nn.Module):
    """Two ways to the sum, of different reach."""

    def __init__(self):
        super().__init__()
        self.near, self.far = nn.Conv2d(2, 3, 1), nn.Conv2d(2, 3, (3, 5), padding=(1, 2))
        self.after = nn.ReLU(inplace=True)

    def forward(self, x):
        total = self.near(x)
        total += self.far(x)
        return self.after(total)


class Crop(nn.Module):
    """A U-Net of one step: unpadded, the skip cropped, both concatenated."""

    def __init__(self):
        super().__init__()
        self.down, self.pool, self.bottom = nn.Conv2d(2, 3, 3), nn.MaxPool2d(2), nn.Conv2d(3, 4, 3)
        self.up, self.out = nn.ConvTranspose2d(4, 3, 2, stride=2), nn.Conv2d(6, 2, 3)

    def forward(self, x):
        skip = F.relu(self.down(x))
        y = self.up(F.relu(self.bottom(self.pool(skip))))
        top, left = (skip.shape[2] - y.shape[2]) // 2, (skip.shape[3] - y.shape[3]) // 2
        return self.out(torch.cat([skip[:, :, top : top + y.shape[2], left : left + y.shape[3]], y], 1))


class Unpool(nn.Module):
    """SegNet of one step: the indices cross to the decoder; a dictionary comes out."""

    def __init__(self):
        super().__init__()
        self.pool, self.conv = nn.MaxPool2d(2, return_indices=True), nn.Conv2d(2, 2, 3, padding=1)
        self.unpool = nn.MaxUnpool2d(2)

    def forward(self, x):
        pooled, places = self.pool(x)
        return {"out": self.unpool(self.conv(pooled), places, output_size=x.shape), "aux": pooled}


class Reused(nn.Module):
    """One convolution called twice, one batch norm, one gate that looks at everything."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2)
        self.gate = nn.Conv2d(2, 2, 1)

    def forward(self, x):
        x = self.norm(self.conv(self.conv(x)))
        return x * torch.sigmoid(self.gate(x.mean((2, 3), keepdim=True)))


class Moves(nn.Module):
    """Cells carried to other places: steps, flips, padding, pixel shuffle, writes into a buffer."""

    def forward(self, x):
        x = F.pad(x[:, :, ::2, 1:], (1, 2, 0, 1)).flip(3).transpose(2, 3)
        a, b = torch.stack([x, x * 2], 1).flatten(1, 2).chunk(2, 1)
        canvas = torch.zeros(1, 2, x.shape[2] + 3, x.shape[3] + 2)
        canvas[:, :, 1:-2, 2:] = torch.maximum(a, b)
        return F.pixel_shuffle(torch.cat([canvas, canvas.roll(1, 2)], 1), 2)


NETS = {
    "plain chain": (
        lambda: nn.Sequential(nn.Conv2d(2, 3, (3, 5)), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Conv2d(3, 2, 3))
    ),
    "stride and padding": lambda: nn.Sequential(
        nn.Conv2d(2, 3, 3, 2, 1), nn.BatchNorm2d(3), nn.ReLU(True), nn.Conv2d(3, 2, (5, 3), (2, 1), 3)
    ),
    "dilation": lambda: nn.Sequential(
        nn.Conv2d(2, 2, 3, dilation=(1, 2)), nn.Conv2d(2, 2, 3, dilation=(3, 1), padding=2)
    ),
    "groups": lambda: nn.Sequential(
        nn.Conv2d(2, 4, 3, groups=2), nn.Conv2d(4, 4, 3, groups=4, padding="same")
    ),
    "average and overlapping pools": lambda: nn.Sequential(
        nn.AvgPool2d(3, 2, 1),
        nn.MaxPool2d(3, 1, 1, dilation=1),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.LPPool2d(2, 2, 1),
    ),
    "transposed": lambda: nn.Sequential(
        nn.Conv2d(2, 3, 3, 2),
        nn.ConvTranspose2d(3, 2, 3, 2, 1, output_padding=1),
        nn.ConvTranspose2d(2, 2, 2, 2),
    ),
    "transposed, dilated": lambda: nn.Sequential(
        nn.MaxPool2d(2), nn.ConvTranspose2d(2, 1, (2, 3), (2, 1), 1, dilation=2)
    ),
    "nearest": lambda: nn.Sequential(
        nn.Conv2d(2, 2, 3, 2), nn.Upsample(scale_factor=2), nn.Conv2d(2, 2, 3, padding=1)
    ),
    "bilinear": lambda: nn.Sequential(
        nn.AvgPool2d(2),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.Upsample((7, 19), mode="bilinear", align_corners=True),
    ),
    "adaptive": lambda: nn.Sequential(
        nn.Conv2d(2, 2, 3, padding=1), nn.AdaptiveAvgPool2d((4, 5)), nn.AdaptiveMaxPool2d(3)
    ),
    "reflection": lambda: nn.Sequential(
        nn.ReflectionPad2d((2, 1, 0, 3)), nn.Conv2d(2, 2, 3), nn.CircularPad2d(1), nn.Conv2d(2, 1, 3)
    ),
    "head": lambda: nn.Sequential(nn.Conv2d(2, 2, 3), nn.Flatten(), nn.LazyLinear(3)),
    "norms": lambda: nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4), nn.Softmax(1), nn.LocalResponseNorm(2)
    ),
    "channel softmax": lambda: nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.Softmax(1), nn.LocalResponseNorm(2), nn.PReLU()
    ),
    "skip": Skip,
    "crop": Crop,
    "unpool": Unpool,
    "reused": Reused,
    "moves": Moves,
}
SIZE = (13, 16)


def make(name, seed=0):
    """Return a network in evaluation mode and an image [1, 2, 13, 16] for it."""
    torch.manual_seed(seed)
    net = NETS[name]().eval()
    image = torch.randn(1, 2, *SIZE)
    with torch.no_grad():
        net(image)  # gives lazy layers their sizes
    return net, image
