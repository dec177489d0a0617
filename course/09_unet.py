# %% [markdown] id="title"
# # 9 · U-Net: carry the maps across
#
# [Open this lesson in Colab](https://colab.research.google.com/github/${REPOSITORY}/blob/main/lessons/${LESSON}.ipynb)
#
# SegNet remembers *where* each maximum was. U-Net remembers everything: it carries whole maps across, from each level of the
# way down to the same level of the way up. It was made to outline cells under a microscope, with a few dozen pictures to
# learn from, and is still a usual first choice for a new segmentation task. In this lesson you build it piece by piece,
# teach it to keep touching cells apart, run it on a picture that is too large for it, and measure on road scenes what its
# skips are worth.
#
# **What you will be able to do**
#
# - say what a skip carries that an index cannot, and what it costs
# - follow a size through unpadded convolutions, poolings and up-convolutions, and name the sizes that fit
# - build the U-Net of the paper, with its 23 convolutions and 31,030,658 parameters, and train a small one
# - make the narrow gaps between cells count, and count what that gains
# - predict a large picture tile by tile so that no seam shows
# - measure what skips do, for the masks and for the gradients
#
# **Time:** about two and a half hours of reading and doing; its cells run in little more than a minute on two CPU cores;
# nothing here needs a GPU.
#
# **You need:** lesson 7 (transposed convolution, unpooling) and lesson 6 (masks, IoU, the road scenes). Lesson 8 builds SegNet,
# to which this one compares.

# %% id="setup" tags=["setup"]
import sys
from importlib.util import find_spec

from IPython import get_ipython

if find_spec("cnncourse") is None:
    if "google.colab" not in sys.modules:
        raise SystemExit(
            "cnncourse is not installed here: run `make lab` in the project's folder, and open the lesson there."
        )
    get_ipython().run_line_magic("pip", "install --quiet git+https://github.com/${REPOSITORY}")

# %% id="imports"
from itertools import pairwise

import numpy as np
import torch
from scipy import ndimage
from torch import nn
from torch.nn import functional as F

from cnncourse import check, comparison, datasets, metrics, models, training, viz

# %% [markdown] id="bits-why"
# ## 1 · What two bits cannot carry
#
# Where SegNet pools, it keeps for each 2×2 window the place of the maximum: one of four, so **two bits**. Lessons 7 and 8
# measured how much these two bits are worth. Now look at what they leave out.
#
# Below are two windows. In one a single bright dot stands on dark ground. The other is bright all over. Both are pooled,
# and unpooled with their own indices.
#
# **Predict before you run.** How do the two unpooled windows differ?
#
# <details><summary>Answer</summary>
#
# Not at all. Both have the maximum 9, both have it in the upper left, and that is all that is passed on. What the other
# three pixels were, 1 or 8, cannot be found out any more, by no decoder.
#
# </details>

# %% id="bits-windows" alt="Four 2 by 2 matrices: a dot, 9 and three ones; a bright area, 9 and three eights; and for both the same unpooled window, 9 in the upper left and three zeros."
dot, area = torch.tensor([[9.0, 1.0], [1.0, 1.0]]), torch.tensor([[9.0, 8.0], [8.0, 8.0]])


def there_and_back(x):
    """Pool maps [H, W] by 2, and unpool them with their own indices."""
    values, indices = F.max_pool2d(x[None, None], 2, return_indices=True)
    return F.max_unpool2d(values, indices, 2, output_size=x.shape)[0, 0]


viz.matrices(
    [dot, area, there_and_back(dot), there_and_back(area)],
    ["a dot", "an area", "the dot, back", "the area, back"],
    signed=False,
)

# %% [markdown] id="bits-scene-why"
# The same on a scene. Of its brightness a quarter of the pixels comes back; what is dark beside something bright
# is lost, and a thin dark line on bright ground is never a maximum.

# %% id="bits-scene" alt="A part of a street in gray, with a sign and a cyclist, and the same after pooling and unpooling: three of four pixels are black, like a screen print, and the dark bicycle is hardly there."
train = datasets.road_scenes(250, seed=0)
test = datasets.road_scenes(60, seed=0, split="test")
classes, K = train.classes, train.num_classes
SHOWN = 16
image, mask = test[SHOWN]
gray = image.mean(dim=0)[32:80, :64]  # [3, 96, 128] -> [96, 128], and of it a part
viz.images([gray, there_and_back(gray)], ["brightness", "pooled and unpooled"])

# %% [markdown] id="bits-count-why"
# U-Net's answer is simple: carry the maps themselves. At each level the maps from before the pooling are laid beside the
# enlarged maps, as further channels. Such a path is a **skip**, and laying side by side along the channel axis is
# **concatenation**, `torch.cat(…, dim=1)`.
#
# That is not free. Count it for 64 maps of a road scene.
#
# **Predict before you run.** How many times as much does a skip carry as the indices do, if a number has 32 bits?

# %% id="bits-count" tags=["nbval-check-output"]
numbers = 64 * 96 * 128
windows = numbers // 4
print(f"SegNet: {windows:,} windows,  2 bits each: {windows * 2 / 8 / 1024:6,.0f} KiB")
print(f"U-Net:  {numbers:,} numbers, 32 bits each: {numbers * 32 / 8 / 1024:6,.0f} KiB")
print(f"{numbers * 32 / (windows * 2):.0f} times as much")

# %% [markdown] id="bits-read"
# Four numbers of 32 bits instead of one index of 2: a factor of 64. (torch stores an index in 64 bits, and then a factor of 2
# is left. The authors of SegNet counted 2 bits; a small memory was one of their aims.) While you train, the maps are kept
# in any case, since the gradients need them. It is in *use* that the skips cost memory.
#
# What do you get for it? That is the question of this lesson. First, how it is built.

# %% [markdown] id="border-why"
# ## 2 · Only true pixels
#
# The networks of the last lessons padded their 3×3 convolutions with zeros, so that no map shrinks. What does such a network
# see at the border, then? A black frame that is not in the world. How far into the picture does this reach?
#
# Measure it. A padded U-Net with random weights looks at a large photograph, and at a part of it that is cut out. Inside
# the part both should give the same scores. Where they differ, the frame has been at work.
#
# **Predict before you run.** The network has 3×3 convolutions, each of which reaches one pixel far. How many pixels from
# the border of the part will scores still differ: about 2, about 20, or about 90?

# %% id="border-depth" alt="A square of 30 by 30 gray blocks: bright at its upper, right and lower border, gray at the left one, darker inward, black in the middle."
photo = torch.tensor(datasets.photograph("camera", size=(368, 368)))[None, None].float()
part = photo[..., 64:304, 64:304]  # 240 × 240; it begins at a multiple of 16
torch.manual_seed(0)
padded = models.UNet(1, 2, width=8, padded=True).eval()
with torch.no_grad():
    whole = padded(photo)[..., 64:304, 64:304]
    differences = (whole - padded(part)).abs().amax(dim=1)[0] / whole.std()  # [240, 240]

for depth in (0, 10, 20, 40, 60, 80, 90, 100):
    ring = differences[depth : 240 - depth, depth : 240 - depth]
    ring = torch.cat([ring[0], ring[-1], ring[:, 0], ring[:, -1]])
    print(f"{depth:>3} pixels from the border: up to {ring.max():.4f} standard deviations")
blocks = F.avg_pool2d(differences[None], 8)[0]  # the mean of each 8 × 8 pixels
viz.images(blocks.sqrt(), "differences (the root of their mean in blocks of 8 × 8)")

# %% [markdown] id="border-read"
# About 90, though the outer 40 are hit hardest. One convolution reaches one pixel far; but at the lowest level a cell of the
# maps is 16 pixels wide, and two convolutions there reach 32 pixels. Added up over all levels it is 92 (and a few
# more, depending on where a pixel lies in the grid of the poolings).
#
# Ronneberger, Fischer and Brox (2015) decided against it. **Their convolutions do not pad.** Each score is computed from
# true pixels only, and the picture loses its border instead. They needed that: their pictures were cut into tiles, and at
# the border of a tile there is no end of the world but the next tile (section 6).
#
# So the maps shrink, by how much? Build the way down and look. This is the block that is repeated, two convolutions, each
# with its ReLU:


# %% id="two-convs"
def two_convs(in_channels, out_channels):
    """Return two unpadded 3×3 convolutions, each with its ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 3),
        nn.ReLU(),
    )


# %% [markdown] id="down-why"
# Two of torch's tools save time. The device `"meta"` makes tensors that have a shape and no numbers: one can send them
# through a large network at no cost. And `pairwise([1, 64, 128])` gives the neighbors (1, 64), (64, 128).
#
# The paper's network has 64 maps at first, and with each 2×2 pooling twice as many.
#
# **Predict before you run.** A picture of 572 × 572. How large are the maps before the first pooling, after it, and at
# the bottom, after four poolings and the last two convolutions?
#
# <details><summary>Answer</summary>
#
# Each convolution takes 2 away: 568, then 284. On it goes: 280, 140; 136, 68; 64, 32; and the last two convolutions leave
# 28.
#
# </details>

# %% id="down" tags=["nbval-check-output"]
maps = [64, 128, 256, 512, 1024]
down = [two_convs(inputs, outputs).to("meta") for inputs, outputs in pairwise([1, *maps])]

x = torch.zeros(1, 1, 572, 572, device="meta")
print("picture     ", tuple(x.shape[1:]))
skips = []
for level, block in enumerate(down, start=1):
    if level > 1:
        x = F.max_pool2d(x, 2)
        print("  pooled    ", tuple(x.shape[1:]))
    x = block(x)
    print(f"level {level}     ", tuple(x.shape[1:]))
    skips.append(x)
numbers = sum(skip.numel() for skip in skips[:-1])  # the last one is no skip: nothing lies below it
print(f"the four skips: {numbers:,} numbers, {numbers * 4 / 1e6:.0f} MB for one picture")

# %% [markdown] id="crop-why"
# The four skips have to wait until the way up needs them: that is the memory of section 1.
#
# This is the **contracting path**: 1024 maps of 28 × 28. Going up, maps are doubled in size, from 28 to 56. But the skip
# of that level, level 4, is 64 × 64. They cannot be laid side by side.
#
# So the skip is **cropped**. Which 56 of its 64 rows? The convolutions below have taken rows away at *both* sides, equally
# many. So the middle ones: 8 rows are too many, 4 of them above, 4 below.

# %% [markdown] id="ex-crop"
# ### Exercise 9.1 · center_crop
#
# Write it for any maps `x` [N, C, H, W] and any size. The first row that is kept has number $\lfloor (H - h)/2 \rfloor$, the
# first column $\lfloor (W - w)/2 \rfloor$, where $h$ and $w$ are the wanted height and width and $\lfloor\cdot\rfloor$ rounds
# down. Of an odd difference, the larger half is cut off below and at the right.
#
# The refusal stands already. What is missing is the cutting.


# %% id="ex-crop-code" tags=["exercise"]
def center_crop(x, height, width):
    """Return the middle [N, C, height, width] of maps [N, C, H, W]."""
    if height > x.shape[2] or width > x.shape[3]:
        raise ValueError(f"a crop of {height} × {width} is larger than the maps, {tuple(x.shape[2:])}")
    ### BEGIN SOLUTION
    top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
    return x[:, :, top : top + height, left : left + width]
    ### END SOLUTION


# %% id="ex-crop-check" tags=["check"]
center_crop = check("center_crop", center_crop).use()

# %% [markdown] id="ruler-why"
# ### Find the bug: a crop that fits
#
# Somebody wrote this crop, and their network runs:


# %% id="ruler-broken"
def broken_crop(x, height, width):
    return x[:, :, :height, :width]


# %% [markdown] id="ruler-how"
# To see what it does, send a picture through the network that says at each pixel *which column it is*: 0, 1, 2, …, 571. If
# every convolution is a plain mean over its 3×3 window, if pooling takes the mean and if doubling repeats, then each pixel
# of each map still says which column it stands for. A network full of rulers. Where a skip is laid beside the enlarged
# maps, the two rulers must agree.

# %% id="ruler" tags=["nbval-check-output"]


def two_means(x):
    """Two unpadded 3×3 convolutions whose weights are all 1/9: what they return still says the column."""
    return F.avg_pool2d(F.avg_pool2d(x, 3, stride=1), 3, stride=1)


def rulers(n, crop):
    """Send the column numbers of an n × n picture through a U-Net; print how far skips are off; return the end."""
    x, skips = two_means(torch.arange(float(n)).expand(1, 1, n, n)), []
    for _ in range(4):
        skips.append(x)
        x = two_means(F.avg_pool2d(x, 2))
    for skip in reversed(skips):
        x = F.interpolate(x, scale_factor=2)
        off = (crop(skip, *x.shape[-2:]) - x).mean().round().int()
        print(f"  {x.shape[-1]:>3} columns and a skip of {skip.shape[-1]:>3}: off by {off:>3} pixels")
        x = two_means(x)
    return x


for name, crop in (("your crop", center_crop), ("the broken crop", broken_crop)):
    print(name)
    out = rulers(572, crop)
print(f"scores: {out.shape[-1]} columns, the first is column {out[0, 0, 0, 0]:.0f} of the picture")

# %% [markdown] id="ruler-answer"
# What has happened, and why did nothing crash? Why does the error *grow* upwards?
#
# <details><summary>Answer</summary>
#
# It keeps the upper left corner, so the skip shows what lies further left and further up than the maps beside it, at the
# finest level by 88 pixels. The shapes fit, and a network can even be trained with it: it then has to do without
# true skips. At each level more of the border has been lost below it, so the middle lies further in.
#
# </details>
#
# The last line tells another thing. The first score belongs to column 92. So that is what the network loses, **92 pixels
# at each side**: the same 92 as above. Where a padded network sees its black frame, this one gives no answer.

# %% [markdown] id="sizes-why"
# ## 3 · Which sizes fit
#
# 572 was chosen with care. **Predict before you run.** What happens with a picture of 570 × 570? Follow it down: which
# pooling gets into trouble?
#
# <details><summary>Answer</summary>
#
# 570 − 4 = 566, pooled 283; 283 − 4 = 279, an odd number, and the second pooling would drop its last column without a word.
# The maps would no longer be the middle: everything below lies half a pixel too far to the left. A good program refuses.
#
# </details>
#
# There is a pattern behind it. Let $n_l$ be the size at level $l$, before its convolutions, so that
# $n_{l+1} = (n_l - 4)/2$. That looks messy, until you add 4:
#
# $$n_{l+1} + 4 = \frac{n_l - 4}{2} + 4 = \frac{n_l + 4}{2}$$
#
# The number $n + 4$ is simply halved by each pooling. On the way up a size $m$ becomes $2m - 4$, and there $m - 4$ is
# doubled. So a size fits when $n + 4$ can be halved as often as there are poolings: 576 = 36 · 16 can.

# %% [markdown] id="ex-sizes"
# ### Exercise 9.2 · unet_output_size
#
# Given the rows $n$ of a picture (columns alike) and `depth`, the number of poolings, return the rows of scores. For 572 and
# depth 4 that is 388. When a pooling would meet an odd size, raise a `ValueError` whose text names the nearest sizes that
# work, the one below and the one above: a message that helps. (What happens when nothing is left is up to you.)
#
# The first line stands. Follow the number as you followed the maps.


# %% id="ex-sizes-code" tags=["exercise"]
def unet_output_size(n, depth=4):
    """Return how many rows of scores an unpadded U-Net gives for n rows of pixels."""
    size = n  # follow it down, to the bottom, and up again
    ### BEGIN SOLUTION
    for _ in range(depth):
        size -= 4
        if size % 2:
            below = n - (n + 4) % 2**depth
            raise ValueError(f"n = {n} does not fit {depth} poolings; try {below} or {below + 2**depth}")
        size //= 2
    size -= 4
    for _ in range(depth):
        size = 2 * size - 4
    return size
    ### END SOLUTION


# %% id="ex-sizes-check" tags=["check"]
unet_output_size = check("unet_output_size", unet_output_size).use()

# %% id="sizes-facts" tags=["nbval-check-output"]
for n in (188, 300, 572, 1004):
    out = unet_output_size(n)
    print(
        f"{n:>4} -> {out:>3}   lost at each side: {(n - out) // 2}   kept: {out**2 / n**2:4.0%} of the pixels"
    )
works = [n for n in range(100, 700) if (n + 4) % 16 == 0]
print("between 500 and 600 fit:", [n for n in works if 500 <= n <= 600])
for depth in (1, 2, 3, 4, 5):
    n = 12 * 2**depth * 3 - 4
    print(f"depth {depth}: {(n - unet_output_size(n, depth)) // 2:>3} pixels at each side")

# %% id="sizes-message"
try:
    unet_output_size(570)
except ValueError as error:
    print("ValueError:", error)

# %% [markdown] id="sizes-read"
# Whatever the size, 92 pixels are lost at each side, so small pictures lose nearly everything. In general
# $n - n' = 12 \cdot 2^{d} - 8$ for depth $d$ and $n'$ rows of scores: nearly twice as much with each further pooling. (Put the two
# rules above together, if you like to derive it.)
#
# The other side of the coin: each score sees far. Its **receptive field** (lesson 2) is 188 or 204 pixels wide, depending on
# where the score lies in the grid of the poolings. Here is one of the large ones, and where 90 % of its gradient lies, in a
# network with random weights (`viz.receptive_field` draws it, if you like to see it):


# %% id="sizes-field"
def field_in_words():
    torch.manual_seed(0)
    seen = datasets.cells(1, (204, 204), seed=0).images / 255  # cells under a microscope: section 5
    return repr(viz.receptive_field(models.UNet(1, 2, width=4).eval(), "", seen))


print(field_in_words())

# %% [markdown] id="up-why"
# ## 4 · Build it
#
# Now the way up, the **expanding path**. At each level three things happen (section 2 of the paper):
#
# 1. An **up-convolution** doubles the size and halves the number of maps. It is a transposed convolution with kernel 2 and
#    stride 2. Lesson 7 told why that is a good choice: its stamps lie side by side, one on each cell.
# 2. The skip, cropped to the same size, is laid beside it: `torch.cat([skip, x], dim=1)`, **the skip first**. Now there
#    are as many maps again as before step 1.
# 3. Two unpadded 3×3 convolutions, each with ReLU, halve the number of maps again.
#
# **Predict.** The first up block gets 1024 maps of 28 × 28, and a skip of 512 maps of 64 × 64. How many maps of which size are
# there after each of the three steps? How many weights has the up-convolution?
#
# <details><summary>Answer</summary>
#
# 512 maps of 56 × 56; 1024 of 56 × 56; 512 of 52 × 52. The up-convolution has 1024 · 512 · 2 · 2 = 2,097,152 weights, and 512
# biases.
#
# </details>

# %% [markdown] id="ex-up"
# ### Exercise 9.3 · up_block
#
# Write it, from an empty body. `up_block(in_channels, out_channels)` returns an `nn.Module`. Its `forward(x, skip)` gets maps
# `x` with `in_channels` channels from below and a `skip` with half as many, which is at least as large as `x` will become.
#
# Reuse what you have: `two_convs` and `center_crop`. A class inside of the function is fine, or a class outside of it.


# %% id="ex-up-code" tags=["exercise"]
def up_block(in_channels, out_channels):
    """Return a module with forward(x, skip): up-convolution, skip beside it, two convolutions."""
    ### BEGIN SOLUTION

    class UpBlock(nn.Module):
        def __init__(self):
            super().__init__()
            self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, kernel_size=2, stride=2)
            self.convs = two_convs(in_channels, out_channels)

        def forward(self, x, skip):
            x = self.up(x)
            skip = center_crop(skip, *x.shape[2:])
            return self.convs(torch.cat([skip, x], dim=1))

    return UpBlock()
    ### END SOLUTION


# %% id="ex-up-check" tags=["check"]
up_block = check("up_block", up_block).use()

# %% [markdown] id="up-path-why"
# Your block, four times, on the maps from the bottom and the skips of section 2:

# %% id="up-path" tags=["nbval-check-output"]
up = [up_block(inputs, outputs).to("meta") for outputs, inputs in pairwise(maps)][::-1]  # deepest first
x = skips[-1]
print("level 5     ", tuple(x.shape[1:]))
for level, block, skip in zip((4, 3, 2, 1), up, reversed(skips[:-1]), strict=True):
    x = block(x, skip)
    print(f"level {level}     ", tuple(x.shape[1:]), "  beside it was a skip of", tuple(skip.shape[1:]))
head = nn.Conv2d(64, 2, kernel_size=1).to("meta")
print("scores      ", tuple(head(x).shape[1:]))

# %% [markdown] id="whole-why"
# The last line was the **head**: a 1×1 convolution that makes, at each pixel, a score for each class of the 64 numbers
# there. All pieces are there. Put together, down and up, they are the network:


# %% id="whole"
class MyUNet(nn.Module):
    """The U-Net of 2015, out of two_convs and your up_block."""

    padded = False

    def __init__(self, in_channels=1, num_classes=2, width=64, depth=4):
        super().__init__()
        self.depth = depth
        maps = [width * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(two_convs(a, b) for a, b in pairwise([in_channels, *maps]))
        self.up = nn.ModuleList([up_block(b, a) for a, b in pairwise(maps)][::-1])
        self.head = nn.Conv2d(width, num_classes, kernel_size=1)
        for p in self.parameters():  # section 3 of the paper: a normal distribution, variance 2 / inputs
            up = p.shape[2:] == (2, 2)  # the stamps do not overlap: one input for each map
            inputs = len(p) if up else p[0].numel()
            nn.init.normal_(p, std=(2 / inputs) ** 0.5) if p.ndim == 4 else nn.init.zeros_(p)

    def forward(self, x):
        unet_output_size(x.shape[2], self.depth)  # refuses sizes that do not fit
        unet_output_size(x.shape[3], self.depth)
        skips = []
        for block in self.down[:-1]:
            skips.append(block(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.down[-1](x)
        for block, skip in zip(self.up, reversed(skips), strict=True):
            x = block(x, skip)
        return self.head(x)


# %% [markdown] id="count-why"
# **Predict before you run.** Figure 1 of the paper has many arrows, and its text says "in total the network has 23
# convolutional layers". Count them: five levels on the way down, four on the way up, and what else?
#
# <details><summary>Answer</summary>
#
# 2 on each of 9 levels are 18, 4 up-convolutions, and the head: 23.
#
# </details>

# %% id="count" tags=["nbval-check-output"]
mine = MyUNet().to("meta")
layers = [m for m in mine.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
print("convolutions:", len(layers))


def parameters(module):
    return sum(p.numel() for p in module.parameters())


for name, blocks in (("down", mine.down), ("up  ", mine.up)):
    print(f"{name}:", *(f"{parameters(block):>12,}" for block in blocks))
print(f"head: {parameters(mine.head):>12,}")
print(f"all:  {parameters(mine):>12,}   the library's models.UNet(1, 2): {parameters(models.UNet(1, 2)):,}")

# %% [markdown] id="count-read"
# Nearly half of the 31 million lie in the block at the bottom, where the maps are smallest: many channels, few pixels. And
# now you see where the name comes from:

# %% id="count-picture" alt="The network as a U: on the left four pairs of convolutions going down with poolings between them, at the bottom the pair with 1024 maps of 28 by 28, on the right four up-convolutions, concatenations and pairs going up to 388 by 388; four orange arrows lead across, each labeled with its shape and cropped."
viz.architecture(mine, torch.zeros(1, 1, 572, 572, device="meta"))

# %% [markdown] id="library-why"
# Blocks to scale: left the way down, right the way up, and across it the four skips, each cropped. The library has the
# same network as `models.UNet`. To show that it is the same, copy the weights of a narrow one into yours, block by block,
# and let both look at one picture.


# %% id="library" tags=["nbval-check-output"]
def copy_weights(blocks, into):
    """Copy the parameters of blocks into others of the same shapes: kernels by shape, then biases in order."""
    for block, other in zip(blocks, into, strict=True):
        in_order = [sorted(b.parameters(), key=lambda p: (-p.ndim, *p.shape)) for b in (block, other)]
        for source, target in zip(*in_order, strict=False):  # a block may have no biases
            target.data.copy_(source.data)


torch.manual_seed(0)
narrow, library = MyUNet(1, 2, width=4), models.UNet(1, 2, width=4)
names = [f"down{level}" for level in (1, 2, 3, 4, 5)] + [f"up{level}" for level in (4, 3, 2, 1)] + ["head"]
copy_weights([library.get_submodule(name) for name in names], [*narrow.down, *narrow.up, narrow.head])
picture = torch.rand(1, 1, 204, 188)
with torch.no_grad():
    same = torch.allclose(narrow(picture), library(picture), atol=1e-5)
    print("scores", tuple(narrow(picture).shape), "  equal to the library's:", same)
try:
    library(torch.rand(1, 1, 200, 188))
except ValueError as error:
    print("ValueError:", error)

# %% [markdown] id="cells-why"
# ## 5 · Cells that touch
#
# U-Net was made for pictures like these: cells under a microscope. Ours are generated, with a mask that is exact to the
# pixel. Cells are 14 to 25 pixels across, and in colonies they touch. Between two touching cells the mask keeps a gap of
# **one pixel** of background. In the picture that gap is faint, and sometimes hardly there.
#
# One line switches to real ones, the 670 pictures of the Data Science Bowl 2018, if you have them on disk:
#
# `datasets.dsb2018("folder", "train", size=(124, 124), target="instances")`
#
# (They are in color: take one channel, `[:, :1]`. And nuclei that touch have no gap in their masks: one has to be cut first.)
#
# `target="instances"` gives each cell its own number. We need the numbers to count cells; the network is taught only
# *cell* or *background*.

# %% id="cells-data" alt="Two pictures with cells in gray, many of which touch, and below each the mask in which every cell has its own color and dark lines run between neighbors."
TILE = 124
learned = datasets.cells(120, TILE, seed=0, target="instances")
unseen = datasets.cells(40, TILE, seed=0, split="test", target="instances")
print("pictures", tuple(learned.images.shape), "  and to test", tuple(unseen.images.shape))
print("cells in the first eight:", learned.targets[:8].amax(dim=(1, 2)).tolist())


def in_colors(numbers):
    """Return numbered cells [H, W] in one of seven colors each: [H, W, 3]."""
    codes = learned.palette[:8]
    table = np.array([[int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in codes], np.uint8)
    numbers = np.asarray(numbers).astype(int)
    return table[np.where(numbers > 0, 1 + numbers % 7, 0)]


some = [0, 3]
viz.images([*(learned.images[k, 0] for k in some), *(in_colors(learned.targets[k]) for k in some)], columns=2)

# %% [markdown] id="crop-target-why"
# A network of depth 2 is enough here, since it sees as far as a cell and its neighbors reach. 124 is a size that fits, and
# 84 rows of scores come out.
#
# **Predict.** The mask has 124 × 124 pixels, the scores have 84 × 84. What do you do with the mask: shrink it to 84 × 84, or
# crop it? And where?
#
# <details><summary>Answer</summary>
#
# Crop, in the middle: the scores are for the middle pixels of the picture, at their own scale. A shrunken mask would show
# other cells at other places. `center_crop` does it, with a channel axis put in and taken out.
#
# </details>
#
# Here is the training. A batch has pictures, masks, and a **weight** for each pixel of the mask, by which its loss is
# multiplied. For now all weights are 1. (`hardware` only says where and in which number format the network computes.)


# %% id="loop"
hardware = training.choose_hardware()  # a GPU where there is one; else this processor, in its fastest format


def middle(masks, size=84):
    """Crop masks or weights [N, H, W] to what the scores cover."""
    return center_crop(masks[:, None], size, size)[:, 0]


def train_on_cells(images, masks, weights, seed=0, steps=130, change=None, curves=None):
    """Return a narrow U-Net, trained on random batches of pictures, masks and weights of pixels."""
    torch.manual_seed(seed)
    model = hardware.put_model(MyUNet(1, 2, width=8, depth=2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=steps)
    with hardware.quick_steps(model):
        for _ in range(steps):
            chosen = torch.randint(len(images), (4,))
            batch = images[chosen].float() / 255, masks[chosen], weights[chosen]
            axes = [axis for axis in (-1, -2) if torch.rand(()) < 0.5]
            x, y, w = (t.flip(axes) for t in batch)  # all three together
            if change:
                x, y, w = map(torch.stack, zip(*map(change, x, y, w), strict=True))
            with hardware.precision():
                logits = model(hardware.put(x)).float().cpu()
            losses = F.cross_entropy(logits, middle(y), reduction="none")  # [4, 84, 84]
            loss = (middle(w) * losses).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if curves:
                curves.step(loss=loss.item())
    return model.eval()


# %% id="train-plain" alt="The training loss over 130 steps, all pixels equal: it falls quickly from 0.7, then slowly to about 0.1."
masks = (learned.targets > 0).long()
ones = torch.ones(masks.shape)
with viz.live_curves(title="All pixels equal") as curves:
    plain = train_on_cells(learned.images, masks, ones, curves=curves)

# %% [markdown] id="count-cells-why"
# How good is it? IoU says something about pixels. But whoever looks through a microscope wants to *count*: how many cells are
# there? Take the predicted mask, and number its **connected components**: pieces of cell pixels that hang together.
# `ndimage.label` does it (lesson 10 builds it). A true cell belongs to the piece that covers more than half of it. So a
# cell is
#
# - **alone** in its piece: right;
# - **merged**: its piece is also the piece of another cell;
# - **missed**: no piece covers half of it.


# %% id="count-cells"
def count_cells(predicted, numbers):
    """Return how many true cells are alone in their piece, merged, and missed; both arguments [N, H, W]."""
    counts = np.zeros(3, int)
    for mask, cells in zip(np.asarray(predicted), np.asarray(numbers), strict=True):
        pieces, _ = ndimage.label(mask)
        owners = []
        for cell in np.unique(cells)[1:]:
            inside = pieces[cells == cell]
            if len(inside) >= 16:  # the crop leaves slivers of cells
                piece = np.bincount(inside).argmax()
                owners.append(piece if 2 * (inside == piece).sum() > len(inside) else 0)
        shared = np.bincount(owners, minlength=1)[owners] > 1
        missed = np.array(owners) == 0
        counts += [(~shared & ~missed).sum(), (shared & ~missed).sum(), missed.sum()]
    return counts


@torch.no_grad()
def cell_masks(model, images):
    """Return the predicted masks [N, h, w] of pictures [N, 1, H, W]."""
    parts = [model(hardware.put(part.float() / 255)).argmax(dim=1).cpu() for part in images.split(10)]
    return torch.cat(parts)


def cell_iou(predicted, numbers):
    return metrics.iou_per_class(metrics.confusion_matrix(predicted, (numbers > 0).long(), 2))[1]


truth = middle(unseen.targets)
found = cell_masks(plain, unseen.images)
print("true masks, counted:", *count_cells(truth > 0, truth), "(alone, merged, missed)")
print("predicted, counted: ", *count_cells(found, truth), f"  IoU of cell {cell_iou(found, truth):.2f}")

# %% id="count-picture-plain" alt="Two rows, each a picture, its true cells in colors and the predicted pieces in colors. Lonely cells are right; where cells touch, whole groups have one color."
LOOK = [1, 4]


def pieces_in_colors(mask):
    """Number the pieces of a mask, and return them in one color each."""
    return in_colors(ndimage.label(mask)[0])


shots = middle(unseen.images[:, 0])
panels = [(shots[k], in_colors(truth[k]), pieces_in_colors(found[k])) for k in LOOK]
viz.images(sum(panels, ()), ["picture", "true cells", "predicted pieces"] + [""] * 3, columns=3)

# %% [markdown] id="merged-why"
# Look at the right column. The IoU is fine, and yet whole colonies have become one piece. **Why is a network that knows so
# well which pixels are cell so bad at counting?**
#
# <details><summary>Answer</summary>
#
# A single bridge of one pixel joins two cells. The pixels of the gaps are few, so they count little in the mean of the
# loss, and they are the hardest: faint, and one pixel wide. Leaving them out costs next to nothing.
#
# </details>

# %% [markdown] id="weights-why"
# ### Let the gaps count
#
# The remedy of the paper (section 3, equation 2): give pixels of the background a larger weight the closer they are to *two*
# cells,
#
# $$w(\mathbf{x}) = w_0 \cdot \exp\left(-\frac{\left(d_1(\mathbf{x}) + d_2(\mathbf{x})\right)^2}{2\sigma^2}\right)$$
#
# - $\mathbf{x}$: a pixel of the background
# - $d_1$: its distance to the nearest cell, $d_2$: to the second nearest one, in pixels; a cell is as near as the nearest of
#   its pixels
# - $w_0$: how much a gap may count at most (10 in the paper); $\sigma$: how fast it fades (about 5 pixels)
#
# The paper adds a term $w_c$ that balances the classes. Our two classes are about equally frequent, so it is 1 here: the
# loss of each pixel is multiplied by $1 + w(\mathbf{x})$.
#
# **Predict.** A pixel lies in a gap one pixel wide, so both distances are 1. With $w_0 = 10$ and $\sigma = 5$, what is $w$?
# And beside a lonely cell, with the next one 30 pixels away?
#
# <details><summary>Answer</summary>
#
# $10 \cdot e^{-4/50} = 9.23$. And $10 \cdot e^{-31^2/50}$, which is nothing. It takes two.
#
# </details>

# %% [markdown] id="ex-weights"
# ### Exercise 9.4 · border_weight_map
#
# `instances` is a NumPy array [H, W]: 0 in the background, $k$ in cell $k$; numbers may be missing. Return the weights [H, W],
# without the 1: 0 inside cells, and 0 everywhere when there are fewer than two cells.
#
# `ndimage.distance_transform_edt(a)` gives for each pixel of `a` the distance to the nearest pixel where `a` is 0 (or False).
# Nothing is begun this time.


# %% id="ex-weights-code" tags=["exercise"]
def border_weight_map(instances, w0=10, sigma=5):
    """Return how much more each pixel of the background [H, W] counts, the closer it is to two cells."""
    ### BEGIN SOLUTION
    cells = [k for k in np.unique(instances) if k != 0]
    if len(cells) < 2:
        return np.zeros(instances.shape)
    distances = np.stack([ndimage.distance_transform_edt(instances != k) for k in cells])  # [cells, H, W]
    nearest, second = np.sort(distances, axis=0)[:2]
    weights = w0 * np.exp(-((nearest + second) ** 2) / (2 * sigma**2))
    return np.where(instances == 0, weights, 0)
    ### END SOLUTION


# %% id="ex-weights-check" tags=["check"]
border_weight_map = check("border_weight_map", border_weight_map).use()

# %% id="weights-demo" alt="Cells in colors, and their weights: black inside cells and far from them, white lines of one pixel where cells touch, gray haze between cells that are near each other."
weights = torch.stack([torch.as_tensor(border_weight_map(n.numpy())) for n in learned.targets]).float()
print(f"mean weight of a pixel: {(1 + weights).mean():.2f}   in the gaps up to {(1 + weights).max():.2f}")
k = some[1]
viz.images([in_colors(learned.targets[k]), weights[k]], ["cells", "weights"])

# %% [markdown] id="weights-train-why"
# The gaps glow, corners between three cells a little less, and the outer rims hardly. Now train the same network, from
# the same start, on the same batches, with these weights.
#
# **Predict before you run.** Will the IoU rise or fall? And the count?

# %% id="train-weighted" alt="The training loss over 130 steps, gaps weighted: it begins above 1, falls, and ends at about 0.2."
with viz.live_curves(title="Gaps weighted") as curves:
    weighted = train_on_cells(learned.images, masks, 1 + weights, curves=curves)


# %% id="weighted-counts"
def report(name, model):
    """Print how a model counts the unseen cells, its IoU, and how much it calls cell."""
    found = cell_masks(model, unseen.images)
    counts = "".join(f"{n:>8}" for n in count_cells(found, truth))
    print(f"{name:<26}{counts}{cell_iou(found, truth):>7.2f}{(found == 1).float().mean():>10.0%}")


print(f"{'':<26}{'alone':>8}{'merged':>8}{'missed':>8}{'IoU':>7}{'is cell':>10}")
report("all pixels equal", plain)
report("gaps weighted", weighted)
print(f"{'truth':<26}{count_cells(truth > 0, truth)[0]:>8}{'':>23}{(truth > 0).float().mean():>10.0%}")

# %% id="weighted-picture" alt="Two rows, each the true cells; all pixels equal, where groups of touching cells have one color; gaps weighted, where nearly every cell has a color of its own, with broad dark gaps between them and a few holes in cells."
both = [cell_masks(model, unseen.images[LOOK]) for model in (plain, weighted)]
panels = [(in_colors(truth[k]), *(pieces_in_colors(m[i]) for m in both)) for i, k in enumerate(LOOK)]
viz.images(sum(panels, ()), ["true cells", "all pixels equal", "gaps weighted"] + [""] * 3, columns=3)

# %% [markdown] id="weighted-read"
# The count is turned upside down: from little more than a third of the cells alone to nine of ten. And the IoU *falls*, by some
# hundredths. The last column says why. The weighted network calls fewer pixels cell than there are: it cuts gaps broader than
# one pixel, and takes the rims of cells away. It was paid for not joining, and it pays with rims.
#
# So the two scores disagree about which network is better. If you want to know the *area* of the cells, take the first. If you
# want to count them, or to follow each one, take the second.
#
# One training each could be luck. Two more starts, with other batches:

# %% id="weighted-seeds"
for seed in (1, 2):
    report(f"all pixels equal, start {seed}", train_on_cells(learned.images, masks, ones, seed))
    report(f"gaps weighted, start {seed}", train_on_cells(learned.images, masks, 1 + weights, seed))

# %% [markdown] id="weighted-seeds-read"
# With equal pixels, how many are alone varies from start to start, by nearly two hundred. What the weights gain is more than
# that, each time. The IoU, too, is lower with weights each time.
#
# ### Find the bug: weights that fit
#
# Somebody has written a U-Net of their own and loads the weights of your trained network into it. Every shape fits, and
# nothing complains. Their block:


# %% id="order-broken"
class TheirBlock(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, 2, stride=2)
        self.convs = two_convs(in_channels, out_channels)

    def forward(self, x, skip):
        x = self.up(x)
        height, width = x.shape[2:]
        return self.convs(torch.cat([x, center_crop(skip, height, width)], dim=1))


# %% id="order-symptom" alt="Two masks of one picture: that of the trained network with clear separate cells, and that of the network into which its weights were loaded, a torn pattern of stripes and specks."
loaded = MyUNet(1, 2, width=8, depth=2)
loaded.up = nn.ModuleList([TheirBlock(32, 16), TheirBlock(16, 8)])
copy_weights([*weighted.down, *weighted.up, weighted.head], [*loaded.down, *loaded.up, loaded.head])
hardware.put_model(loaded)
for name, model in (("trained", weighted), ("loaded", loaded)):
    print(f"{name}: IoU of cell {cell_iou(cell_masks(model, unseen.images), truth):.2f}")
viz.images(
    [cell_masks(m, unseen.images[1:2])[0].float() for m in (weighted, loaded)],
    ["trained", "loaded into theirs"],
)

# %% [markdown] id="order-answer"
# Which line is it? Would their network work if it were *trained* as it is?
#
# <details><summary>Answer</summary>
#
# They lay the skip *behind* the enlarged maps. The next convolution has equally many input channels for both, so its kernels
# fit, and each looks at the other half. Trained from the start it would be as good as yours: the order means nothing,
# as long as it stays. It is a convention, and weights are only worth something together with it.
#
# </details>

# %% [markdown] id="elastic-why"
# ### Few pictures: bend them
#
# Whoever outlines cells by hand does not do 120 pictures. The authors had 30 of one kind, 35 and 20 of others, and they call
# **elastic deformation** the key to training with so few (section 3.1): a cell that is bent a little is still a cell. Over
# the picture lies a grid of 3 × 3 points. Each gets a random displacement (in the paper normally distributed, with a standard
# deviation of 10 pixels), and in between it is interpolated smoothly.
#
# As with the flip of lesson 4, picture and mask are bent *together*, by the same field. Of the picture, pixels are
# blended; of the mask the nearest is taken. (Why? Lesson 6, "half the size".)
#
# **Predict before you run.** Taking the nearest pixel is safe for large areas. What can it do to a gap one pixel wide?

# %% id="elastic-demo" alt="Two rows: a straight grid, the picture and its cells in colors; then the same bent: grid lines wave, cells are longer or rounder, and cells and colors still fit each other."
bend = datasets.ElasticDeformation(deviation=6)
cell_picture, cell_numbers = learned.images[some[1]].float() / 255, learned.targets[some[1]].long()
lines = torch.zeros(1, TILE, TILE)
lines[:, ::12], lines[:, :, ::12] = 1, 1
panels = [lines[0], cell_picture[0], in_colors(cell_numbers)]
torch.manual_seed(1)
bent_lines, _ = bend(lines, cell_numbers)
torch.manual_seed(1)  # the same field again
bent_picture, bent_numbers = bend(cell_picture, cell_numbers)
panels += [bent_lines[0].clamp(0, 1), bent_picture[0], in_colors(bent_numbers)]


def cut_apart(numbers):
    """Return the mask of numbered cells [H, W], with a gap of one pixel wherever two of them touch."""
    mask = numbers > 0
    for axis in (0, 1):
        beside = numbers.roll(-1, axis)  # what lies below, or to the right
        mask = mask & ((beside == numbers) | (beside == 0))
    return mask


for name, bent_mask in (("as bent", bent_numbers > 0), ("cut apart", cut_apart(bent_numbers))):
    print(f"bent mask, {name}:", *count_cells(bent_mask[None], bent_numbers[None]), "(alone, merged, missed)")
viz.images(panels, ["grid", "picture", "cells", "bent", "", ""], columns=3)

# %% [markdown] id="elastic-train-why"
# Where the field squeezes, a gap can fall between the pixels that are taken, and two cells hang together. Such a mask
# would teach the very mistake that the weights are there to prevent. So the *numbers* are bent, and wherever two different
# ones touch, they are cut apart again.
#
# Does it pay? Give the network no more than **two** pictures, and train with flips only, and with flips and bending. The
# weights of the pixels belong to the mask and are bent with the picture, as a second channel.
#
# **Predict before you run.** The network has about 30,000 weights, and the middles of the two pictures, where its loss is
# counted, hold some 30 cells. How many of the unseen cells will it find alone, compared with the one that has learned from
# 120 pictures: a tenth, a half, or most of them?


# %% id="elastic-train"
bend_a_little = datasets.ElasticDeformation(deviation=4)


def bent(picture, numbers, weight):
    """Bend a picture [1, H, W], its cells [H, W] and the weights of its pixels [H, W] by one field."""
    both, numbers = bend_a_little(torch.cat([picture, weight[None]]), numbers)
    return both[:1], cut_apart(numbers).long(), both[1]


two, two_weights = learned.images[:2], (1 + weights)[:2]
two_numbers = learned.targets[:2].long()
print(f"{'':<26}{'alone':>8}{'merged':>8}{'missed':>8}{'IoU':>7}{'is cell':>10}")
for seed in (0, 1):
    report(f"two pictures, start {seed}", train_on_cells(two, masks[:2], two_weights, seed))
    report(f"two pictures, bent, {seed}", train_on_cells(two, two_numbers, two_weights, seed, change=bent))
report("120 pictures", weighted)

# %% [markdown] id="elastic-read"
# First, the surprise: two pictures teach most of what 120 pictures teach. Then look at both starts. When this was written,
# bending gained about a hundred cells from the first start, and lost nearly a hundred from the second; the IoU went the same
# way. Had we shown you only one of them, you would have believed it.
#
# So these four trainings cannot tell: the spread between starts is as large as what we want to see. Bending is meant to keep
# a network from learning its few pictures by heart, and the authors trained for ten hours, not for 130 steps. To find out,
# you would need more steps and more starts, and then the mean and its spread, as in the table of section 8.

# %% [markdown] id="tiles-why"
# ## 6 · A picture that is too large
#
# A whole slide under a microscope can have a hundred thousand pixels each way, and no memory holds a U-Net's maps of it. So it is
# cut into **tiles**. The obvious way: cut it into pieces, predict each by itself, and put the results together. Ours loses
# 20 pixels at each side; to get scores for all of a piece, its border is **mirrored** first, which looks more like cells
# than zeros do:

# %% id="tiles-mirror" alt="The upper left corner of a picture of cells with an amber frame near its border; outside the frame the cells next to it are repeated mirrored."
LOST = (124 - unet_output_size(124, depth=2)) // 2
large = datasets.cells(1, (252, 420), seed=3, split="test", target="instances")
slide = large.images.float() / 255  # [1, 1, 252, 420]


def mirrored(picture):
    """Enlarge pictures [N, C, H, W] by what the network loses, by mirroring."""
    return F.pad(picture, [LOST] * 4, mode="reflect")


framed = mirrored(slide)[0, 0].expand(3, -1, -1).permute(1, 2, 0).clone()  # [292, 460, 3]
amber = torch.tensor([1.0, 0.65, 0.0])
framed[LOST - 1, LOST:-LOST] = framed[-LOST, LOST:-LOST] = amber
framed[LOST:-LOST, LOST - 1] = framed[LOST:-LOST, -LOST] = amber
viz.images(framed[:90, :150], "its upper left corner; outside the frame the mirror image")

# %% [markdown] id="tiles-naive-why"
# This slide is still small enough to be predicted at once, so that we can compare.
#
# **Predict before you run.** Where will the pieces differ from the whole?

# %% id="tiles-naive" alt="The left part of the mask of the slide in gray, with amber specks where the answer differs: they lie along the straight lines of a grid of three by three pieces."
weighted.cpu()
with torch.no_grad():
    whole = weighted(mirrored(slide))  # [1, 2, 252, 420]
    naive = torch.zeros_like(whole)
    for top in range(0, 252, 84):
        for left in range(0, 420, 84):
            piece = slide[..., top : top + 84, left : left + 84]
            naive[..., top : top + 84, left : left + 84] = weighted(mirrored(piece))

wrong = (naive.argmax(dim=1) != whole.argmax(dim=1))[0]  # [252, 420]
rows, columns = torch.arange(252)[:, None] % 84, torch.arange(420) % 84
from_cut = torch.minimum(torch.minimum(rows, 83 - rows), torch.minimum(columns, 83 - columns))
for low, high in ((0, 1), (2, 4), (5, 9), (10, 19), (20, 41)):
    ring = (from_cut >= low) & (from_cut <= high)
    print(
        f"{low:>2} to {high:>2} pixels from the edge of a piece: {wrong[ring].float().mean():6.2%} answered otherwise"
    )
print("cells (alone, merged, missed), at once:", *count_cells(whole.argmax(1), large.targets), end="")
print("   in pieces:", *count_cells(naive.argmax(1), large.targets))
shown = 0.5 * whole.argmax(dim=1)[0][..., None].expand(-1, -1, 3)
seams = torch.where(wrong[..., None], amber, shown)[:, :252]
viz.images(seams, "left part of the mask; amber: answered otherwise")

# %% [markdown] id="tiles-overlap-why"
# A grid of **seams**. Near a cut the network sees a mirror image where there really are more cells, and cells that are cut
# are judged by their halves.
#
# The remedy is in the architecture already. The network loses its border anyway, so give each piece its *true* surroundings:
# tiles of 124 × 124 that **overlap** by 40 pixels, so that the 84 × 84 results touch. Mirroring is left for the border of the
# slide alone. The paper calls it the **overlap-tile strategy** (sections 1 and 2, figure 2).
#
# **Predict.** How large is the largest difference to the whole now?

# %% id="tiles-overlap" tags=["nbval-check-output"]
for tile in (124, (76, 188)):
    tiled = training.predict_tiled(weighted, slide, tile)
    print(
        f"tiles of {tile}: scores {tuple(tiled.shape)}, as at once: {torch.allclose(tiled, whole, atol=1e-4)}"
    )

# %% [markdown] id="tiles-read"
# None, but for the rounding of the last digits. A score depends on the pixels of its receptive field only, and those are the
# same. One more condition hides here: tiles must begin at multiples of 4, so that poolings form the same windows. At depth
# 4 they begin at multiples of 16, and the 388 rows that a tile of 572 gives are no such multiple: `predict_tiled` moves on by
# 384.
#
# **Predict.** At depth 4 with tiles of 220, how many pixels are put in for each score that comes out? And with 572?
#
# <details><summary>Answer</summary>
#
# 220 leaves 36, so 220² / 36², about 37. With 572 it is 572² / 388², about 2.2. Large tiles are cheaper; memory is the limit.
#
# </details>

# %% [markdown] id="design-why"
# ### Design: a tile
#
# You are to segment slides on which things are large: the network must lose at least 80 pixels at each side, that is, see at
# least as far. A tile may have at most 900 × 900 pixels, since memory ends there. And at least 60 % of a tile's
# pixels must get a score, so that not too much is computed for nothing. Choose a depth and a size that fits.


# %% id="design" tags=["exercise"]
def design_tile():
    """Return depth, tile: how many poolings, and the height and width of a tile."""
    ### BEGIN SOLUTION
    return 4, 828
    ### END SOLUTION


# %% id="design-score"
try:
    depth, tile = design_tile()
    out = unet_output_size(tile, depth)
    print(f"sees {(tile - out) // 2} pixels at each side (wanted: at least 80)")
    print(f"tile of {tile} (wanted: at most 900), scores for {out**2 / tile**2:.1%} (wanted: at least 60 %)")
except NotImplementedError:
    print("Still open; the lesson goes on without it.")
except ValueError as error:
    print("This size does not fit:", error)

# %% [markdown] id="roads-why"
# ## 7 · What skips are worth
#
# Back to the road scenes, to the question of section 1. The same idea, with two changes that have become usual since 2015:
# convolutions are **padded**, so that no border is lost and any size fits, and each is followed by **batch normalization**,
# with which it learns faster from a random start. In the library that is `models.UNet(…, padded=True, batch_norm=True)`.
#
# To measure skips, take them away. But a block without a skip has half as many input channels, so half as many weights, and
# the comparison would be unfair. So in the network without skips, the enlarged maps stand in the skip's place, **twice**:
# equally many weights, equally much to compute, nothing carried across.
#
# **Predict before you run.** Which classes will suffer most without skips?

# %% id="roads-train" alt="The training loss of U-Net over 252 steps, falling from about 3 to about 1."
class_weights = training.median_frequency_weights(train.targets, K).sqrt().float()


def maybe_flip(image, target):
    """Mirror image and mask together, every second time."""
    return (image.flip(-1), target.flip(-1)) if torch.rand(()) < 0.5 else (image, target)


recipe = {"lr": 0.003, "batch_size": 4, "one_cycle": True, "augment": maybe_flip}
recipe |= {"optimizer": torch.optim.AdamW, "weight_decay": 0.001, "class_weights": class_weights}


def road_unet(skips):
    torch.manual_seed(0)
    return models.UNet(3, K, width=8, padded=True, batch_norm=True, skips=skips)


with_skips, without = road_unet(True), road_unet(False)
print("weights:", parameters(with_skips), "and", parameters(without))
with viz.live_curves(title="U-Net") as curves:
    training.fit(with_skips, train, None, 4, curves=curves, **recipe)

# %% id="roads-train-without" alt="The training loss of U-Net without skips over 252 steps, falling from about 3, and ending higher than with skips."
with viz.live_curves(title="U-Net, no skips") as curves:
    training.fit(without, train, None, 4, curves=curves, **recipe)


# %% id="roads-scores"
def colored(labels):
    """Return masks [..., H, W] as colors [..., H, W, 3]."""
    table = torch.full((256, 3), 0.85)
    for k, color in enumerate(train.palette):
        table[k] = torch.tensor([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return table[labels]


def scored(network):
    """Return the scores and the masks [N, H, W] of a network on the test scenes."""
    found = training.predict(network, test, batch_size=10).argmax(dim=1)
    scores = metrics.Scores(K, test.ignore_index, band=2)
    scores.update(found, test.targets)
    return scores, found


def row(name, scores):
    iou = scores.iou_per_class
    thin = iou[[classes.index("Pole"), classes.index("SignSymbol")]].mean()
    print(
        f"{name:<22}{scores.mean_iou:>8.2f}{scores.mean_boundary_iou:>10.2f}{thin:>12.2f}{iou[classes.index('Road')]:>7.2f}"
    )


print(f"{'':<22}{'mIoU':>8}{'boundary':>10}{'pole+sign':>12}{'Road':>7}")
found = {}
for name, network in (("U-Net", with_skips), ("no skips", without)):
    scores, found[name] = scored(network)
    row(name, scores)

# %% id="roads-look" alt="The true mask of a scene and two predictions. U-Net: jagged shapes with much detail, where windows of a house are taken for trees and cyclists for a car. Without skips: smooth large areas only, a bowl of sky, houses left and right, a hill of road."
viz.images(
    [colored(mask), *(colored(m[SHOWN]) for m in found.values())],
    ["truth", *found],
)

# %% [markdown] id="roads-read"
# Road hardly notices. Mean IoU falls by a third without skips, and the boundary IoU to less than half: the blobs are in the right
# places and have no outline. Poles and signs have an IoU of about 0 in *both*: 250 steps of so narrow a network are too
# few for them. Section 8 shows what a longer training makes of it.
#
# ### Which skip?
#
# There are four, from level 1, the finest, to level 4. Cut one at a time, *after* training: a hook puts the mean of the
# skip's maps in the place of the maps, so that the block learns nothing of the scene from there. Such a **lesion** costs no
# training.
#
# **Predict before you run.** Which one will the boundaries miss most? And what would it mean if the network did not
# miss one at all?


# %% id="lesion"
def cut(module, arguments):
    """Put each map's mean in the place of the skip."""
    x, skip, *others = arguments
    return x, skip.mean(dim=(2, 3), keepdim=True).expand_as(skip), *others


print(f"{'':<22}{'mIoU':>8}{'boundary':>10}{'pole+sign':>12}{'Road':>7}")
row("all skips", scored(with_skips)[0])
for level in (1, 2, 3, 4):
    hook = with_skips.get_submodule(f"up{level}").register_forward_pre_hook(cut)
    row(f"without skip {level}", scored(with_skips)[0])
    hook.remove()

# %% [markdown] id="lesion-read"
# Skips 1 and 2, the two finest, are what this network leans on, and most of all at boundaries. Skip 4 it hardly uses.
#
# A lesion tells what *this* network relies on. It does not tell what a network could do that had grown up without the skip:
# that one would have learned another way. For that, each must be trained anew. It was done beforehand, with three seeds
# and with the full budget: 500 scenes, eight epochs, width 15.

# %% id="ablations" alt="A table of six rows with mean IoU, boundary IoU and the IoU of poles and signs: the complete U-Net and the four that lack one skip lie close together on the right, the one without any skip far to the left. Beside it weights, seconds per epoch and memory."
runs = [run for run in comparison.load() + comparison.load("ablations") if run.network.startswith("U-Net")]
viz.score_table(*comparison.columns(runs))

# %% [markdown] id="ablations-read"
# A network that grows up without one skip loses little: up to .02 of mean IoU. The others stand in for it. It matters which one
# is missing: without skip 1 or 2, the fine ones, about .02 are lost at boundaries and .03 at poles and signs; without 3 or 4
# less than that, near the spread between seeds. Without *all four* the loss is .15, and more than half of what was right at
# boundaries.
#
# Lesion and retraining answer two questions, "what does this network lean on?" and "what can such a network not do without?",
# and the answers differ. Papers are not always clear about which one they asked.

# %% [markdown] id="gradients-why"
# ### A road for gradients, too
#
# A skip is a road in both directions. Forwards it carries maps. Backwards, in training, it carries **gradients**: from the
# loss to the first layers, without the detour through the bottom. One often reads that this is *why* U-Net trains well. Is
# it?
#
# It can be measured without changing a single score. `skip.detach()` has the same numbers, but no gradient passes. From the
# loss back to the very first convolution there are five roads: through skip 1, 2, 3 or 4, or through the bottom. Close all
# but one, and you get its part of the gradient. The five parts add up to the whole. How much a part contributes is how
# far it goes in the direction of the whole gradient $g$:
#
# $$\text{share}_r = \frac{\langle g_r, g \rangle}{\langle g, g \rangle}, \qquad g = \sum_r g_r$$
#
# - $g_r$: the gradient at the first convolution by road $r$
# - $\langle a, b \rangle$: the sum of the products of equal places (lesson 7)
#
# The shares add up to 1; one that pulls against the others is negative. We measure at the start of training, for three
# kinds of start: torch's default random weights; the paper's, with variance 2 / inputs (He et al. 2015); and the latter with
# batch normalization. Three networks each.
#
# **Predict before you run.** Which road brings most? And what does the start have to do with it?


# %% id="gradients"
def gradient_by(road, network, images, targets):
    """Return the gradient at the first convolution that comes by one road: skip 1, 2, 3, 4, or 0, the bottom."""
    hooks = []
    for k in (1, 2, 3, 4):

        def close(module, arguments, k=k):
            x, skip, *others = arguments
            x = x.detach() if k == 4 and road != 0 else x  # what comes from the bottom
            return x, skip if k == road else skip.detach(), *others

        hooks.append(network.get_submodule(f"up{k}").register_forward_pre_hook(close))
    network.zero_grad()
    F.cross_entropy(network(images), targets, class_weights.to(images.device), ignore_index=255).backward()
    for hook in hooks:
        hook.remove()
    return network.down1.conv1.weight.grad.clone()


def shares(network):
    """Return the size of the gradient at the first convolution, and the share of each road."""
    network.train()
    images, targets = (t.to(next(network.parameters()).device) for t in next(train.batches(4)))
    parts = torch.stack([gradient_by(road, network, images, targets) for road in (1, 2, 3, 4, 0)])
    whole = parts.sum(dim=0)
    return torch.stack([whole.norm(), *((part * whole).sum() / (whole * whole).sum() for part in parts)])


def default_start(network):
    """Draw the weights anew, in torch's default way."""
    for module in network.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return network


def fresh(seed, batch_norm):
    torch.manual_seed(seed)
    return models.UNet(3, K, width=8, padded=True, batch_norm=batch_norm)


kinds = {
    "default start": lambda seed: default_start(fresh(seed, batch_norm=False)),
    "He's start": lambda seed: fresh(seed, batch_norm=False),
    "He's start, batch norm": lambda seed: fresh(seed, batch_norm=True),
}
print(f"{'share of the gradient':<24}  skip 1  skip 2  skip 3  skip 4  bottom    size of the whole")
for name, kind in kinds.items():
    size, *parts = torch.stack([shares(kind(seed)) for seed in range(3)]).mean(dim=0).tolist()
    print(f"{name:<24}" + "".join(f"{part:>8.2f}" for part in parts) + f"{size:>13.3f}")

# %% [markdown] id="gradients-read"
# It depends on the start, and that is worth knowing.
#
# - With torch's **default** weights the signal fades from layer to layer, forwards and backwards. Everything that the first
#   layer gets comes through skip 1, and even that is little (last column); the long road through the bottom is as good as
#   closed. Here it is the skips that bring the gradient.
# - With **He's** weights, which the paper used, the long road is open: the bottom brings about a third, more than any single
#   skip.
# - With **batch normalization** as well it is much the same. (Shares of single starts scatter widely, so do not trust the second
#   digit.)
#
# So the well-known sentence "skips let the gradients through" is true for a network that was started badly. In one that was
# started well they come through the bottom, too. But this is one moment, the first step, of one small network. It does not
# say that depth is no trouble later on; see the next section.
#
# ## 8 · The table
#
# Lessons 6 to 9 went down one road: FCN-32s, 16s and 8s, SegNet without and with indices, U-Net without and with skips. Here
# they are all, trained beforehand on the same scenes, each with three seeds (for each seed other scenes and other weights):
#
# **Predict before you look.** Write down the order that you expect.

# %% id="table" alt="A table of seven networks with mean IoU, boundary IoU and the IoU of poles and signs, three seeds each as circles with their mean: FCN-32s lowest, FCN-16s and 8s rising, SegNet without indices between them, SegNet with indices and U-Net with skips far to the right and close together, U-Net without skips between FCN-32s and FCN-16s. Beside it trained weights, about 1.7 million each, seconds per epoch and memory."
viz.score_table(*comparison.columns(comparison.load()))

# %% [markdown] id="table-read"
# Read it row by row.
#
# - **From FCN-32s to 8s** each halving of the last stride gains, in all three scores.
# - **Indices** (SegNet without and with them) bring the boundary IoU from about .20 to .35, and nearly double that of poles and
#   signs.
# - **Skips** bring it from about .16 to .36.
# - **SegNet or U-Net?** Their mean IoU is the same, within the spread of three seeds. At boundaries U-Net is a little ahead,
#   and at poles and signs by about .03 with every seed. Two bits for each window go a long way; whole maps go a
#   little further.
# - "U-Net, no skips" is even worse than "SegNet, no indices", though in both nothing is carried across. It has 23 convolutions
#   instead of 8, and lesson 8 showed what depth costs in 1,000 steps. So part of what skips seem to gain may be that a deep
#   network *with* them is easier to train.
#
# **What is matched:** the scenes, the recipe (batches of 4, AdamW, one cycle of the learning rate up to 0.003, class weights,
# flips), the 1,000 steps, and the number of trained weights, 1.71 to 1.75 million. Nothing was chosen by these test scenes.
#
# **What is not matched:** seconds and memory, the last columns. SegNet and U-Net compute with many channels at full size, and
# took about twice the time of FCN-8s; given the same *time*, FCN-8s could train longer. Nor the depth: 16 to 18 convolutions in
# FCN, 8 in SegNet, since its 26 do not get off the ground in 1,000 steps (lesson 8), and 23 in U-Net. Nor the recipe: it
# suits all of them, and another one might suit one of them better.
#
# You can repeat it, on the real CamVid too:
#
# `python -m cnncourse compare` and `python -m cnncourse compare --data camvid --root folder`

# %% [markdown] id="masks-why"
# ## 9 · One mask for each class
#
# What you mostly need in the end is not a picture in eleven colors, but the answer to "where is the road?", "where are
# people?": one mask of yes and no for each class. Each pixel has eleven scores. It gets the class with the largest, so it
# belongs to *exactly one* of the masks.
#
# **Predict.** Why not simply take, for each class, the pixels with a probability over one half?
#
# <details><summary>Answer</summary>
#
# Then a pixel with 0.4, 0.35 and 0.25 would belong to no mask. With a threshold for each class separately, pixels can
# be in none or (with low thresholds) in several. That may be what you want, for instance to rather see too many people than
# too few; it is a decision about costs, and the largest score is only one way to decide.
#
# </details>

# %% id="masks" alt="Black and white masks of one scene, one for each class that the network says somewhere; together they cover the picture, each pixel once."
with torch.no_grad():
    scores_here = with_skips.eval()(image[None])[0]  # [11, 96, 128]
answer = scores_here.argmax(dim=0)  # [96, 128]
class_masks = torch.stack([answer == k for k in range(K)])  # [11, 96, 128] of True and False
print(
    "masks",
    tuple(class_masks.shape),
    class_masks.dtype,
    "  classes of a pixel:",
    class_masks.sum(dim=0).unique().tolist(),
)
over_half = scores_here.softmax(dim=0) > 0.5
print(f"by 'over one half', pixels in no mask: {(over_half.sum(dim=0) == 0).float().mean():.0%}")
wanted = [k for k in range(K) if class_masks[k].any()]
viz.images([class_masks[k].float() for k in wanted], [classes[k] for k in wanted], columns=4)

# %% [markdown] id="masks-read"
# These are masks of *classes*. Two cyclists side by side are one mask. Telling them apart is the subject of lesson 10, where
# the borders of section 5 come back.

# %% [markdown] id="recap"
# ## Recap
#
# | | what it is | what to remember |
# |---|---|---|
# | skip | maps of the way down, laid beside those of the way up | 64 times the bits of indices; needs memory in use |
# | unpadded convolution | only true pixels | −4 for each pair; 92 pixels at each side at depth 4 |
# | size that fits | $n + 4$ divisible by $2^d$ | $n' = n - 12 \cdot 2^d + 8$; 572 → 388 |
# | center crop | offset $\lfloor (H-h)/2 \rfloor$ | for skips *and* for the target |
# | up block | up-convolution, concatenation, two convolutions | skip first; the order is part of the weights |
# | the network | 9 pairs of convolutions, 4 up-convolutions, head | 23 convolutions, 31,030,658 parameters |
# | border weights | $w_0 \exp(-(d_1 + d_2)^2 / 2\sigma^2)$ | separate touching cells; count cells, not pixels |
# | elastic deformation | one smooth field for picture and mask | masks by nearest; open the gaps again |
# | overlap-tile | tiles with true surroundings | equal to the whole; begin at multiples of $2^d$ |

# %% [markdown] id="quiz"
# ## Quiz
#
# Decide on an answer, and on a reason, before you open it.
#
# **1.** A picture of 1000 × 1000 for the unpadded network of depth 4. Does it fit? What would you do?
#
# <details><summary>Answer</summary>
#
# 1004 / 16 is 62.75: no. 988 and 1004 fit. Mirror the border: to get scores for all 1000 rows you need at least 1000 + 184 =
# 1184, and the next size that fits is 1196. Or use overlapping tiles.
#
# </details>
#
# **2.** Somebody replaces each `torch.cat([skip, x])` by `skip + x`. What changes in the number of channels and of
# weights? What can the next convolution no longer do?
#
# <details><summary>Answer</summary>
#
# Half as many input channels for the first convolution of each up block, so half as many weights there. It gets the sum and
# can no longer weigh the two differently. FCN adds *scores*, which mean the same on both sides; here they are maps that mean
# different things.
#
# </details>
#
# **3.** You train with border weights, $w_0 = 100$. What do you expect of the masks?
#
# <details><summary>Answer</summary>
#
# The background near two cells counts so much that the network rather gives away rims of cells than risk a gap: gaps grow
# wide, cells shrink, IoU falls, small cells may vanish. The number of merged cells may still be low. Watch both scores.
#
# </details>
#
# **4.** Your tiled prediction shows faint lines every 388 pixels, although the tiles overlap by 184. The network has depth 4
# and is unpadded. Where do you look?
#
# <details><summary>Answer</summary>
#
# 388 is not a multiple of 16. Each tile's poolings form other windows than its neighbor's, so the results differ slightly
# from tile to tile. Move on by 384.
#
# </details>
#
# **5.** "Without skips, U-Net is much worse. So skips are the reason for U-Net's success." What else changes when you remove
# them, and how could you tell?
#
# <details><summary>Answer</summary>
#
# The forward information *and* the road for gradients. A network without skips is also harder to train, so that part
# of the gap may close with more steps. Train longer and see whether the gap stays; look at the training loss, too; or keep
# the maps and stop only the gradients (`detach`) while you train.
#
# </details>

# %% [markdown] id="sources"
# ## Sources
#
# - O. Ronneberger, P. Fischer, T. Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation. MICCAI 2015,
#   arXiv:1505.04597: section 2 and figure 1 (the network, 23 convolutions, sizes), sections 1 and 2 and figure 2
#   (overlap-tile), section 3 (loss, equation 2, initial weights), section 3.1 (elastic deformation), section 4 (data).
# - V. Badrinarayanan, A. Kendall, R. Cipolla: SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image Segmentation.
#   IEEE TPAMI 39, 2017, section 3. (2 bits for each window)
# - J. Long, E. Shelhamer, T. Darrell: Fully Convolutional Networks for Semantic Segmentation. CVPR 2015.
# - M. Drozdzal, E. Vorontsov, G. Chartrand, S. Kadoury, C. Pal: The Importance of Skip Connections in Biomedical Image
#   Segmentation. DLMIA 2016, arXiv:1608.04117. (skips, short and long, and gradients)
# - K. He, X. Zhang, S. Ren, J. Sun: Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet
#   Classification. ICCV 2015, arXiv:1502.01852. (initial weights)
# - S. Ioffe, C. Szegedy: Batch Normalization. ICML 2015, arXiv:1502.03167.
# - J. C. Caicedo et al.: Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl. Nature Methods 16, 2019.
#   (real nuclei)
#
# Photograph: "camera" by Lav Varshney, CC0, from scikit-image. Cells and streets are generated.
