# %% [markdown] id="title"
# # 8 · SegNet
#
# [Open this lesson in Colab](https://colab.research.google.com/github/${REPOSITORY}/blob/main/lessons/${LESSON}.ipynb)
#
# FCN-8s knows that there is a lamp post and cannot say in which column. Lesson 7 showed what is missing: the places that
# max pooling found and forgot. In this lesson you build the network that remembers them. **SegNet** (Badrinarayanan,
# Kendall and Cipolla 2017) has no skips that carry maps. All that its way up gets from its way down is the *index* of each
# maximum. You build its two stages, put the network together, train it on road scenes, and then take the indices away from
# it in every way you can think of, to see what they are worth.
#
# **What you will be able to do**
#
# - say what a pooling throws away, in pixels and in bits
# - build an encoder stage and a decoder stage, and a network of any depth from them, for pictures of any size
# - count SegNet's 29,449,355 parameters, and say why you do not train all of them here
# - weigh rare classes by median frequency, and say what that costs
# - test whether a part of a network matters: train without it, or take it away from the trained network
#
# **Time:** about two and a half hours of reading and doing; its cells run in about 80 s on two CPU cores; one cell at the
# end is for a GPU, and is left out where there is none.
#
# **You need:** lesson 6 (masks, IoU, boundary IoU, class weights) and lesson 7 (max-unpooling).

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
from itertools import islice, pairwise
from math import log2

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.transforms import v2

from cnncourse import check, comparison, datasets, metrics, models, training, viz

# %% [markdown] id="scenes"
# ## 1 · Where the FCNs left us
#
# The road scenes of lesson 6 again, generated, in CamVid's eleven classes. One line switches to the real ones, if you have
# CamVid's pictures on disk (in the SegNet tutorial's layout):
#
# `train, test = (datasets.camvid("folder", split, size=(96, 128)) for split in ("train", "test"))`

# %% id="scenes-data" tags=["nbval-check-output"]
train, test = datasets.road_scenes(250, seed=0), datasets.road_scenes(60, seed=0, split="test")
classes, K = train.classes, train.num_classes
POLE, SIGN = classes.index("Pole"), classes.index("SignSymbol")
print(train, test, sep="\n")

# %% id="scenes-look" alt="A street between houses with two cyclists, a green sign and lamp posts, and its mask, in which the posts are black lines one or two pixels wide."
SHOWN = 16
image, mask = test[SHOWN]
viz.segmentation(image, mask, None, classes, palette=test.palette, ignore_index=test.ignore_index)

# %% [markdown] id="scenes-table-why"
# And here is what lesson 6 ended with: the three FCNs, each trained three times with the full budget (500 scenes, eight
# epochs, other scenes and other weights each time). `thin` is the mean IoU of Pole and SignSymbol.

# %% id="scenes-table"
stored = comparison.load()
columns = {"mean_iou": "mean IoU", "boundary_iou": "boundary", "thin_iou": "thin", "parameters": "parameters"}


def stored_table(runs):
    """Print the mean over the seeds of each column, a line for each network."""
    print(f"{'':<24}", *(f"{title:>10}" for title in columns.values()))
    for name in dict.fromkeys(run.network for run in runs):
        line = [torch.tensor(comparison.scores(runs, c)[name]).double().mean() for c in columns]
        print(f"{name:<24}", *(f"{v:>10.3f}" if v < 1 else f"{v:>10,.0f}" for v in line))


stored_table([run for run in stored if run.network.startswith("FCN")])

# %% [markdown] id="scenes-read"
# Each finer skip helped, and still the best of them finds no more than a small part of what is thin. FCN-8s can place
# things to 8 pixels. What would a way up need to place them to *one*?
#
# ## 2 · Two bits for each window
#
# Take a feature map that you can read: how strongly the brightness changes at each pixel. It is computed by two fixed
# kernels, Sobel's of lesson 1 and its transpose; nothing is trained.


# %% id="bits-edges" alt="The street scene and its edge map, in which the outlines of houses, windows, cyclists and the two sides of each lamp post are bright lines."
def edges_of(image):
    """Return how strongly the brightness of an image [3, H, W] changes at each pixel: [1, 1, H, W]."""
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    kernels = torch.stack([sobel, sobel.T])[:, None]  # [2, 1, 3, 3]
    gray = F.pad(image.mean(dim=0)[None, None], (1, 1, 1, 1), mode="replicate")
    slopes = F.conv2d(gray, kernels)
    return slopes.square().sum(dim=1, keepdim=True).sqrt()


edges = edges_of(image)
street = image.movedim(0, -1)
viz.images([street, edges[0, 0]], ["street [96, 128]", "edges [96, 128]"])

# %% [markdown] id="bits-step-why"
# One of the lamp posts on the right is one pixel wide, so its two sides are two lines of edges with a dark column between
# them. Here are 6 × 8 pixels of them, times ten and rounded; counted from 0, columns 3 and 5 are its sides. Step through
# pooling and unpooling.
#
# **Predict before you step.** Pooling makes 3 × 4 cells of them. Looking at these cells alone, in how many different
# columns could a side of the post have been? And with the index of each maximum?
#
# <details><summary>Answer</summary>
#
# In two, and in one. A bright cell only says that the edge was in one of its two columns (and in one of its two rows). The
# index says in which: one of *four* positions. That is a choice among four, so it can be written with two binary digits,
# **2 bits**.
#
# </details>

# %% id="bits-stepper" alt="A stepper for unpooling: 6 by 8 whole numbers with two columns of about 10 beside a column of about 4, the 3 by 4 maxima with their indices, and the map in which each maximum stands in its old place among zeros."
post = (10 * edges[0, 0, 20:26, 92:100]).round().int()
viz.step_unpool(post, 2, code=False)

# %% [markdown] id="bits-place-why"
# Poolings follow each other, and each keeps its own two bits. The index of the second pooling says which *cell* of the
# first one had won, and the index of that one says which pixel. So after $k$ poolings a value came from one of $4^k$
# pixels, and $2k$ bits name it exactly.
#
# Whoever does not have the bits must guess. **Predict before you run.** After three poolings a cell stands for 8 × 8
# pixels. How far from the true pixel is the middle of the cell, on average? And its top-left pixel? (Think of the corner
# and the middle of a square with sides of 8.)

# %% id="bits-places"
x, side = edges, 1
pixel = torch.arange(96 * 128)  # the flat index of every pixel
print("poolings   pixels of a cell   bits   mean error in pixels: of the middle, of the top-left")
for poolings in (1, 2, 3, 4):
    x, indices = F.max_pool2d(x, 2, return_indices=True)
    pixel, side = pixel[indices.flatten()], 2 * side  # of each cell: the pixel that its value came from
    i, j = (n.flatten() for n in torch.meshgrid(*map(torch.arange, x.shape[2:]), indexing="ij"))
    down, right = pixel // 128 - side * i, pixel % 128 - side * j  # that pixel within its cell
    errors = [((down - at) ** 2 + (right - at) ** 2).float().sqrt().mean() for at in ((side - 1) / 2, 0)]
    print(f"{poolings:>8} {side**2:>18} {log2(side**2):>6.0f} {errors[0]:>28.1f} {errors[1]:>17.1f}")

# %% [markdown] id="bits-places-read"
# With the bits the error is 0, by construction. Without them it about doubles with each pooling, and after three even the
# better guess is wrong by more pixels than a lamp post is wide. Now look at what comes back after two poolings, with the
# bits and without.


# %% id="bits-back" alt="Three edge maps of the right part of the street. The first has thin bright outlines. The second, bilinear, is a blur in which single outlines cannot be told apart. The third, unpooled, is black with single bright dots that lie on the outlines of the first."
def there_and_back(x, poolings, how):
    """Pool by 2 several times, then enlarge as often: by unpooling ("indices") or by "bilinear" blending."""
    trail = []
    for _ in range(poolings):
        pooled, indices = F.max_pool2d(x, 2, return_indices=True)
        trail.append((indices, x.shape[-2:]))
        x = pooled
    while trail:
        indices, size = trail.pop()
        if how == "indices":
            x = F.max_unpool2d(x, indices, 2, output_size=size)
        else:
            x = F.interpolate(x, size=size, mode=how)
    return x


blended, unpooled = (there_and_back(edges, 2, how) for how in ("bilinear", "indices"))
came = unpooled != 0
print(f"unpooled: {came.sum()} values, at their own pixel: {(unpooled == edges)[came].sum()}")
panels = [maps[0, 0, 4:52, 64:124] for maps in (edges, blended, unpooled)]
viz.images(
    panels, ["edges", "pooled twice, bilinear", "pooled twice, unpooled"], columns=3, shared_scale=True
)

# %% [markdown] id="bits-back-read"
# Bilinear blending fills every pixel and says where nothing is. Unpooling fills one pixel in 16, each of them rightly, and
# leaves holes. Holes can be filled by convolutions that have learned what outlines look like; a place that is lost cannot
# be learned. (Lesson 7 measured both.) SegNet is this idea, at every pooling of a network.
#
# ### What it costs
#
# There is another way to have places: keep the whole maps from before each pooling, and hand *them* to the way up. That is
# the way of U-Net, lesson 9. Count what has to be kept.
#
# **Predict before you run.** A window of 2 × 2 cells holds four numbers of 32 bits. How many times more is that than the
# window's index? (torch keeps an index as a whole number of 64 bits, more than it needs: it says which cell of the map, not
# of the window.)


# %% id="bits-memory" tags=["nbval-check-output"]
height, width, maps_bits, index_bits = 360, 480, 0, 0  # CamVid at half its size, as in the paper
for channels in (64, 128, 256, 512, 512):  # of VGG-16's five stages
    maps_bits += channels * height * width * 32
    height, width = -(-height // 2), -(-width // 2)  # rounded up
    index_bits += channels * height * width * 2
print(f"all maps before the five poolings: {maps_bits / 8e6:6.1f} MB")
print(
    f"all indices, 2 bits each:          {index_bits / 8e6:6.1f} MB   {maps_bits / index_bits:.0f} times less"
)

# %% [markdown] id="bits-memory-read"
# That was the authors' point: a network for a car, with little memory (section 3 of the paper: 2 bits for each window). So
# the question of this lesson is: *how much of what the maps know is in those two bits?*
#
# ## 3 · The two stages
#
# ### One convolution, made safe to stack
#
# All of SegNet is made of one block: a 3 × 3 convolution with padding 1, which keeps the size; **batch normalization**;
# ReLU. The middle one has not been explained yet. When many layers are stacked, each must cope with whatever the one before
# it sends: values of size 0.01 today, 30 after some steps. Batch normalization (Ioffe and Szegedy 2015) makes every map
# standard: it takes all values of one channel, in all pictures of the batch, subtracts their mean and divides by their
# standard deviation,
#
# $$y = \gamma\, \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta .$$
#
# - $\mu$, $\sigma^2$: mean and variance of the channel over the batch and all its pixels
# - $\varepsilon$: a tiny number, so that nothing is divided by 0
# - $\gamma$, $\beta$: two learned numbers for each channel, which may undo it where that is better
#
# While training it uses the batch at hand, and keeps a running average of $\mu$ and $\sigma^2$. In `eval` mode it uses the
# averages, so that the answer to a picture does not depend on its neighbors. Like dropout it behaves differently in the two
# modes, so `model.eval()` matters.


# %% id="block"
def blocks(channels):
    """Return a block for each step of the list: 3×3 convolution, batch norm, ReLU."""
    layers = []
    for inputs, outputs in pairwise(channels):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


torch.manual_seed(0)
conv, norm, relu = blocks([3, 2])
x = next(train.batches(8))[0]  # [8, 3, 96, 128]
for name, maps in (("convolution", conv(x)), ("batch norm", norm(conv(x)))):
    mean, sd = maps.mean(dim=(0, 2, 3)), maps.std(dim=(0, 2, 3))
    print(f"{name:<12} mean of each channel {[f'{v:.1f}' for v in mean.abs().tolist()]}", end="")
    print(f"   sd {[f'{v:.1f}' for v in sd.tolist()]}")
print("blocks([3, 24, 24]):", [type(layer).__name__ for layer in blocks([3, 24, 24])])

# %% [markdown] id="ex-encoder"
# ### Exercise 8.1 · encoder_stage
#
# A stage of the encoder is a few blocks and a pooling. With `convs` blocks, the first goes from `in_channels` to
# `out_channels`, the others stay there; that part stands already. Write `forward`. It returns three things:
#
# - the pooled maps,
# - the indices of the maxima, as `F.max_pool2d(…, return_indices=True)` gives them,
# - the size `(H, W)` *before* pooling, which the way up will need: from 5 × 8 cells nobody can tell whether there were 10
#   or 11 rows.


# %% id="ex-encoder-code" tags=["exercise"]
class EncoderStage(nn.Module):
    def __init__(self, in_channels, out_channels, convs):
        super().__init__()
        self.blocks = blocks([in_channels] + convs * [out_channels])

    def forward(self, x):
        """Return pooled maps, indices, and the size (H, W) before pooling, for maps [N, in_channels, H, W]."""
        ### BEGIN SOLUTION
        x = self.blocks(x)
        pooled, indices = F.max_pool2d(x, 2, return_indices=True)
        return pooled, indices, x.shape[-2:]
        ### END SOLUTION


def encoder_stage(in_channels, out_channels, convs):
    """Return a module: (3×3 convolution, batch norm, ReLU) convs times, then 2×2 max pooling."""
    return EncoderStage(in_channels, out_channels, convs)


# %% id="ex-encoder-check" tags=["check"]
encoder_stage = check("encoder_stage", encoder_stage).use()

# %% id="encoder-shapes" tags=["nbval-check-output"]
pooled, indices, size = encoder_stage(3, 24, convs=2)(x)
print("pooled", tuple(pooled.shape), "  indices", tuple(indices.shape), "  size before", tuple(size))

# %% [markdown] id="decoder-why"
# ### The way up
#
# A stage of the decoder mirrors one of the encoder: first it makes the maps as large as they were before the pooling, then
# come its blocks. Here is one, finished, which does it *without* indices: by bilinear blending, as FCN begins. It will be a
# rival in section 7. Its `forward` takes the indices too, and does not look at them, so that both kinds fit into the same
# network.


# %% id="bilinear-stage" tags=["nbval-check-output"]
class BilinearStage(nn.Module):
    """A decoder stage with one block that blends instead of unpooling."""

    def __init__(self, in_channels, out_channels, convs=1):
        super().__init__()
        if convs != 1:
            raise ValueError(f"got convs={convs}; this example has one block")
        self.block = blocks([in_channels, out_channels])

    def forward(self, x, indices, size):
        larger = F.interpolate(x, size=size, mode="bilinear")
        return self.block(larger)


print("out", tuple(BilinearStage(24, 12)(pooled, indices, size).shape))

# %% [markdown] id="ex-decoder"
# ### Exercise 8.2 · decoder_stage
#
# Now yours, from an empty body, and with any number of blocks. It is a *function* that returns a module; define a class
# inside it or before it, as you like.
#
# - `forward(x, indices, size)` first puts each value back to where it was found, in maps of exactly `size`.
# - Then come `convs` blocks. The encoder changed the number of channels in its *first* block, so the mirror image changes
#   it in the *last*: all blocks keep `in_channels`, only the last goes to `out_channels`.
#
# **Predict.** Why is it not possible to change the number of channels *before* unpooling?
#
# <details><summary>Answer</summary>
#
# There is one index for each value of each channel. With 48 channels of indices, 24 channels of values would not know which
# of them to take.
#
# </details>


# %% id="ex-decoder-code" tags=["exercise"]
def decoder_stage(in_channels, out_channels, convs):
    """Return a module: unpool to size, then (3×3 convolution, batch norm, ReLU) convs times."""

    ### BEGIN SOLUTION
    class DecoderStage(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = blocks(convs * [in_channels] + [out_channels])

        def forward(self, x, indices, size):
            x = F.max_unpool2d(x, indices, 2, output_size=size)
            return self.blocks(x)

    return DecoderStage()
    ### END SOLUTION


# %% id="ex-decoder-check" tags=["check"]
decoder_stage = check("decoder_stage", decoder_stage).use()

# %% [markdown] id="decoder-look-why"
# What does a decoder stage see? Here are the same 40 × 56 pixels three times: of the street, of one channel from your
# encoder stage after unpooling, and of one channel behind your decoder stage. Nothing is trained yet, so do not look for
# meaning; look at the holes. **Predict before you run.** Which share of the unpooled values is not 0?

# %% id="decoder-look" alt="Three pictures of the same part of the street: the house with windows and a lamp post; the unpooled map, black with single gray dots that follow the outlines; the map behind a block, in which about half of all pixels are gray and the holes are mostly filled."
torch.manual_seed(1)
down, up = encoder_stage(3, 24, convs=1), decoder_stage(24, 4, convs=1)
with torch.no_grad():
    pooled, indices, size = down(image[None])
    sparse = F.max_unpool2d(pooled, indices, 2, output_size=size)[0]
    dense = up(pooled, indices, size)[0]
for name, maps in (("unpooled", sparse), ("after a block", dense)):
    print(f"{name:<14} {(maps != 0).float().mean():.0%} of the values are not 0")
clear = int(sparse.flatten(1).std(dim=1).argmax())
part = (slice(8, 48), slice(64, 120))
viz.images(
    [street[part], sparse[clear][part], dense[0][part]], ["street", "unpooled", "after a block"], columns=3
)

# %% [markdown] id="decoder-look-read"
# Not a quarter: some of the maxima were 0 after ReLU already. One block behind them about half of all values are filled.

# %% [markdown] id="network"
# ## 4 · The network
#
# Stages down, stages up, and in between a list that remembers. The last stage that went down is the first that comes up
# again, so the list is a **stack**: what was put on it last is taken off first. At the end a 1 × 1 convolution turns the 24
# maps of each pixel into scores for the classes.
#
# One line prepares for later. Before a stage gets its indices, a function `move` may change them. For now it is `kept`,
# which returns them as they are.


# %% id="network-code"
def kept(indices, size, level):
    """Return the indices as the pooling gave them."""
    return indices


class SegNet(nn.Module):
    """An encoder and its mirror image, joined by the indices of each pooling."""

    def __init__(self, widths=(24, 48, 96, 192), convs=(1, 1, 1, 1), up_stage=decoder_stage):
        super().__init__()
        steps = list(zip([3, *widths], widths, convs, strict=False))  # channels in, channels out, blocks
        self.encoder = nn.ModuleList(encoder_stage(a, b, n) for a, b, n in steps)
        steps[0] = (widths[0], widths[0], convs[0])  # the last stage up does not go back to 3 colors
        self.decoder = nn.ModuleList(up_stage(b, a, n) for a, b, n in reversed(steps))
        self.scores = nn.Conv2d(widths[0], K, 1)
        self.move = kept

    def forward(self, x):
        stack = []
        for stage in self.encoder:
            x, indices, size = stage(x)
            stack.append((indices, size))
        for stage in self.decoder:
            indices, size = stack.pop()
            x = stage(x, self.move(indices, size, level=len(stack)), size)
        return self.scores(x)  # [N, K, H, W]


# %% [markdown] id="network-predict"
# **Predict before you run.** How large are the deepest maps for a scene of 96 × 128? How many 3 × 3 convolutions has the
# network?
#
# <details><summary>Answer</summary>
#
# Four poolings: 6 × 8 cells, with 192 channels. Four stages down and four up with one convolution each: 8.
#
# </details>

# %% id="network-picture" alt="The network as a U: four stages of convolution and pooling go down on the left, four of unpooling and convolution come up on the right, and arcs labelled indices lead from each pooling to the unpooling of the same size."
torch.manual_seed(0)
viz.architecture(SegNet().eval(), (1, 3, 96, 128))

# %% [markdown] id="odd-why"
# The arcs carry indices, not maps. (The deepest pooling and unpooling are neighbors, so theirs has no arc.)
#
# ### Sizes that do not halve
#
# Photographs have all sizes. **Predict before you run.** Which sizes do the maps of a picture of 45 × 71 have on the way
# down, and on the way up?
#
# <details><summary>Answer</summary>
#
# Down, with incomplete windows left out: 22 × 35, 11 × 17, 5 × 8, 2 × 4. Up: the same backwards, 5 × 8, 11 × 17, 22 × 35,
# 45 × 71. Without the carried `size` the way up would double: 4 × 8, 8 × 16, 16 × 32, 32 × 64, and the indices, which count
# the cells of larger maps, would point somewhere else or nowhere.
#
# </details>


# %% id="odd-sizes" tags=["nbval-check-output"]
@torch.no_grad()
def sizes(network, picture):
    """Print the size of the maps after each stage."""
    found = []

    def see(stage, given, out):
        maps = out[0] if isinstance(out, tuple) else out
        found.append("{}×{}".format(*maps.shape[2:]))

    stages = [*network.encoder.children(), *network.decoder.children()]
    handles = [stage.register_forward_hook(see) for stage in stages]
    scores = network.eval()(picture)
    for handle in handles:
        handle.remove()
    print(" -> ".join(found), "  scores", tuple(scores.shape))


odd = torch.rand(1, 3, 45, 71)
sizes(SegNet(), odd)
sizes(models.SegNet(K, width=4), odd)

# %% [markdown] id="odd-read"
# The second line is the library's network, with the five stages of the paper. It differs in one more point: its poolings
# keep an *incomplete* last window (`ceil_mode=True`, as the authors' program does), so 45 rows become 23. In 22 rows the
# last row of the picture is in no window. Nobody pools it, its place after unpooling is always 0, and only the convolutions
# around can say something about it. For one row at each level that is no drama. What would be one is a wrong `size`: lesson
# 7 showed the sheared photograph.
#
# ### The faithful one
#
# The paper's network is VGG-16's thirteen convolutions, and their mirror image: 26. In the last block of the way up there
# is no batch norm and no ReLU: its 11 maps *are* the scores.
#
# **Predict before you run.** Which has more parameters: the two stages at full size, with 360 × 480 pixels, or the two
# deepest ones?


# %% id="faithful-count" tags=["nbval-check-output"]
def block_parameters(inputs, outputs):
    """Weights and bias of a 3×3 convolution, and the two numbers of batch norm for each channel."""
    return (9 * inputs + 1) * outputs + 2 * outputs


total = 0
plan = [(2, 3, 64), (2, 64, 128), (3, 128, 256), (3, 256, 512), (3, 512, 512)]
for stage, (convs, a, b) in enumerate(plan, start=1):
    inner = (convs - 1) * block_parameters(b, b)
    down = block_parameters(a, b) + inner
    up = inner + ((9 * b + 1) * 11 if stage == 1 else block_parameters(b, a))
    total += down + up
    print(f"stage {stage}: {convs} + {convs} convolutions   down {down:>9,}   up {up:>9,}")
faithful = models.SegNet(num_classes=11)
print(f"by hand {total:,}   the library's {sum(p.numel() for p in faithful.parameters()):,}")
print(f"convolutions: {sum(isinstance(layer, nn.Conv2d) for layer in faithful.modules())}")
print(f"yours, 8 convolutions: {sum(p.numel() for p in SegNet().parameters()):,}")
del faithful

# %% [markdown] id="faithful-read"
# The deepest stages, by far: a weight belongs to a pair of channels, however many pixels it is applied to. FCN-32s of
# lesson 6 has 136 million, most of them in fc6. SegNet throws the fully connected layers away, and is left with a fifth of
# that.
#
# ## 5 · Why not train all 26?
#
# Deeper should be better. So build 26 convolutions from your own stages, narrow enough to run here, and let them race
# against the 8: same scenes, same order, same 125 steps, no class weights yet. A fully convolutional network takes pictures
# of any size, so each training picture is a random *quarter* of a scene, 48 × 64 pixels: four times as many steps for the
# same work. (What does a network not learn that way? That the sky is above, for instance: there are quarters without a
# horizon.)
#
# **Predict before you run.** Which loss is lower after 125 steps?


# %% id="depth-race" alt="The training loss of both networks over five epochs of 25 steps: both lines fall from above 2. 26 convolutions are lower at first; from the third epoch on 8 convolutions are lower, and end well below."
few = train.subset(slice(100))
QUARTER = v2.Compose([v2.RandomCrop((48, 64)), v2.RandomHorizontalFlip()])  # moves image and mask together
gentle = {"lr": 0.003, "batch_size": 4, "one_cycle": True}
gentle |= {"optimizer": torch.optim.AdamW, "weight_decay": 0.001}
depths = {
    "8 convolutions": {"widths": (24, 48, 96, 192), "convs": (1, 1, 1, 1)},
    "26 convolutions": {"widths": (16, 32, 64, 128, 128), "convs": (2, 2, 3, 3, 3)},
}
races = {}
for name, shape in depths.items():
    torch.manual_seed(0)
    network = SegNet(**shape)
    print(f"{name:<16} {sum(p.numel() for p in network.parameters()):>9,} parameters")
    races[name] = training.fit(network, few, None, epochs=5, augment=QUARTER, progress=False, **gentle)
viz.learning_curves(races, columns=("train_loss",))

# %% [markdown] id="depth-read"
# The deep network, with four times as many parameters, is ahead at first; after some fifty steps the shallow one passes it,
# and at the end it is well ahead.
# What is learned first is where sky, road and houses are, and that can be said by the last few layers alone, whatever the
# first ones do. So a race that is too short would mislead. What comes later has to come from the first layers. Look at what
# they are told.
#
# The **gradient** of its weights says in which direction they should move to lower the loss of one batch. Take several
# batches, before any training, and compare their gradients: how long are they, and do they point the same way? The second
# is measured by the **cosine** of the angle between two of them: 1 for the same direction, 0 for directions that have
# nothing to do with each other.
#
# **Predict before you run.** In which of the two networks do the batches agree more?


# %% id="depth-gradient"
def first_gradients(network, batches=4):
    """Return what each of several batches says to the first layer: its gradients, [batches, weights]."""
    found = []
    for images, target in islice(train.batches(4), batches):
        network.zero_grad()
        F.cross_entropy(network(images), target.long(), ignore_index=255).backward()
        found.append(next(network.parameters()).grad.flatten().clone())
    return torch.stack(found)


pairs = ~torch.eye(4, dtype=torch.bool)
for name, shape in depths.items():
    lengths, cosines = [], []
    for seed in range(3):
        torch.manual_seed(seed)
        gradients = first_gradients(SegNet(**shape))
        directions = F.normalize(gradients, dim=1)
        lengths.append(gradients.norm(dim=1).mean())
        cosines.append((directions @ directions.T)[pairs].mean())
    print(
        f"{name:<16} length of a gradient {sum(lengths) / 3:5.2f}   cosine of two batches {sum(cosines) / 3:5.2f}"
    )

# %% [markdown] id="depth-gradient-read"
# The gradients of the deep network are many times as long, and they agree less: more of what one batch asks for is noise to
# the next. (Balduzzi et al. 2017 found that the gradients of deep networks come to resemble white noise, and called them
# *shattered*.) Steps along noise do not add up, so the first layers of a deep network learn slowly. And in SegNet it is the
# first layers, with their full resolution, whose indices should say where a pole is.
#
# What that costs in the end takes a longer training than a lesson has. Here are both with the full budget, three seeds:

# %% id="depth-stored"
ablations = comparison.load("ablations")
stored_table(
    [run for run in stored if run.network == "SegNet"]
    + [run for run in ablations if run.network == "SegNet, 26 convolutions"]
)

# %% [markdown] id="depth-stored-read"
# Same recipe, about as many parameters, a thousand steps: the deep one ends far behind. That is not because depth is bad:
# it needs many more steps, or a better start. The authors gave it both: 140,000 steps, and an encoder that was trained on a
# million photographs before (section 8). Networks with *skips around layers*, such as ResNet, were invented
# against this very trouble.
#
# So this lesson trains 8 convolutions. A comparison of indices by a network that has not learned to see would be a
# comparison of nothing.

# %% [markdown] id="rare"
# ## 6 · Rare classes
#
# Lesson 6 weighed the classes in the loss, with a promise that this lesson would do it properly. Here is how often each
# class occurs in your scenes, counted in two ways: among the pixels of *all* scenes, and among the pixels of those scenes
# in which the class occurs at all.

# %% id="rare-shares" tags=["nbval-check-output"]
print(f"{'':<11} {'in scenes':>9} {'of all':>8} {'of those':>9}")
for k, name in enumerate(classes):
    here = (train.targets == k).flatten(1).any(dim=1)  # the scenes that contain the class
    of_all, of_those = (
        (masks == k).sum() / (masks != train.ignore_index).sum()
        for masks in (train.targets, train.targets[here])
    )
    print(f"{name:<11} {here.sum():>9} {of_all:>8.2%} {of_those:>9.2%}")

# %% [markdown] id="rare-read"
# For most classes it makes little difference. Bicyclist is in 94 of the 250 scenes: of all pixels it has 0.34 %, less than
# any other class; of the pixels of its own scenes nearly three times as much, more than Pedestrian.
#
# Which of the two is "how small" a class is? Imagine a data set with one picture among a thousand that shows an elephant,
# and it fills the picture. Counted over all pixels it is as rare as a distant sign. But wherever there *is* an elephant it
# has no trouble to be heard: its picture is full of it. A sign is drowned in every single picture. So Eigen and Fergus
# (2015), whose weights SegNet takes (section 3.2 of its paper), count over the pictures with the class:
#
# $$f_k = \frac{\text{pixels of class } k}{\text{counted pixels of the pictures that contain class } k},
# \qquad w_k = \frac{m}{f_k}$$
#
# - $f_k$: the frequency of class $k$; pixels that are ignored count nowhere
# - $m$: the **median** of the frequencies of all classes that occur
# - $w_k$: the weight of class $k$ in the loss
#
# The class in the middle gets weight 1, common ones less, rare ones more.
#
# **Predict by hand.** Two masks of four pixels: `0 0 0 1` and `0 0 0 0`. What are the two frequencies, the median, the
# weights?
#
# <details><summary>Answer</summary>
#
# Class 0 is in both pictures: 7 of 8 pixels. Class 1 is in the first only: 1 of 4 (not of 8). The median of two numbers
# lies in the middle between them: (7/8 + 1/4) / 2 = 9/16. Weights: 9/16 ÷ 7/8 = 0.64 and 9/16 ÷ 1/4 = 2.25.
#
# </details>

# %% [markdown] id="ex-weights"
# ### Exercise 8.3 · median_frequency_weights
#
# `masks` is `[N, H, W]`, the result `[K]`. A class that occurs nowhere has no frequency: it takes no part in the median,
# and its weight is 0.
#
# Two things to know. `torch.median` takes the *lower* of two middle values; `values.quantile(0.5)` gives the point between
# them. And `(masks == k).flatten(1).any(dim=1)` says of each picture whether it contains class `k`.


# %% id="ex-weights-code" tags=["exercise"]
def median_frequency_weights(masks, num_classes, ignore_index=255):
    """Return median frequency / frequency for each class [K] of masks [N, H, W]; 0 for one that never occurs."""
    ### BEGIN SOLUTION
    frequency = torch.zeros(num_classes)
    for k in range(num_classes):
        having = masks[(masks == k).flatten(1).any(dim=1)]
        if len(having):
            frequency[k] = (having == k).sum() / (having != ignore_index).sum()
    occurs = frequency > 0
    weights = torch.zeros(num_classes)
    weights[occurs] = frequency[occurs].quantile(0.5) / frequency[occurs]
    return weights
    ### END SOLUTION


# %% id="ex-weights-check" tags=["check"]
median_frequency_weights = check("median_frequency_weights", median_frequency_weights).use()

# %% id="weights-look" tags=["nbval-check-output"]
median = median_frequency_weights(train.targets, K)
weightings = {"none": torch.ones(K), "root": median.sqrt(), "median": median}
shares = torch.bincount(train.targets.flatten().int(), minlength=256)[:K].double()
print(
    f"{'':<11}",
    *(f"{name:>8}" for name in weightings),
    "     part of the loss:",
    *(f"{n:>7}" for n in weightings),
)
for k in shares.argsort(descending=True).tolist():
    parts = [weights[k] * shares[k] / (weights @ shares.float()) for weights in weightings.values()]
    print(f"{classes[k]:<11}", *(f"{w[k]:>8.2f}" for w in weightings.values()), end=" " * 24)
    print(*(f"{part:>7.1%}" for part in parts))

# %% [markdown] id="weights-look-read"
# The square root is the compromise of lesson 6, and of the stored table. With the full weights every class that is in
# nearly all scenes has the same part of the loss. Look at the last two rows, too: counted over all pixels Bicyclist is the
# rarest class, but the largest weight goes to Pedestrian. Bicyclists are in fewer scenes, and where they are, there is more
# of them. (The loss is a weighted *mean*: torch divides by the sum of the weights of all pixels, so that only the ratios
# matter.)
#
# ### Three trainings
#
# The recipe is that of lesson 6, on quarters of scenes as in section 5. How many steps, and at which learning rate, was
# tried out on these same test scenes when the lesson was written, so expect a little less elsewhere. The stored table is
# about scenes that nothing was chosen by.
#
# Now measure. Three times the same network from the same start, the same scenes in the same order; only the weights differ.
# To see what each does to a class, IoU is not enough:
#
# - **recall**: which share of the class's pixels was found?
# - **precision**: which share of the pixels that were given to the class belong to it?
#
# **Predict before you run.** Compare the full weights with none. What happens to the recall of poles, and to their
# precision?
#
# <details><summary>Answer</summary>
#
# With large weights a missed pole pixel is expensive and a false one is cheap: a pixel of the wall behind weighs little. So
# whoever is in doubt says "pole". Recall rises, and precision falls.
#
# </details>


# %% id="train-recipe"
recipe = gentle | {"epochs": 8, "lr": 0.005, "augment": QUARTER}


def trained(weights=weightings["root"], up_stage=decoder_stage, move=kept, **settings):
    """Return a network, trained from the same start as all others."""
    torch.manual_seed(0)
    network = SegNet(up_stage=up_stage)
    network.move = move
    training.fit(network, train, None, class_weights=weights, **{"progress": False} | recipe | settings)
    return network


def scored(network, data=test):
    """Return the scores of a network, with boundaries of 2 pixels."""
    torch.manual_seed(0)  # for those that draw lots when they are used
    scores = metrics.Scores(K, band=2)
    for start in range(0, len(data), 20):
        part = data.subset(slice(start, start + 20))
        scores.update(training.predict(network, part, batch_size=10).argmax(dim=1), part.targets)
    return scores


# %% id="train-root" alt="The training loss of each step: a steep fall in the first epoch, then a slow one to the end."
with viz.live_curves(title="SegNet, root weights") as curves:
    segnet = trained(curves=curves)

# %% id="train-others"
by_weights = {
    "none": trained(weightings["none"]),
    "root": segnet,
    "median": trained(weightings["median"]),
}
found = {name: scored(network) for name, network in by_weights.items()}

# %% id="weights-table"
print(f"{'':<15}", *(f"{name:>18}" for name in found))
print(f"{'':<15}", *(f"{'recall  prec.   IoU':>18}" for _ in found))
for name in ("Road", "Building", "Fence", "Pole", "SignSymbol", "Pedestrian", "Bicyclist"):
    k, cells = classes.index(name), []
    for scores in found.values():
        right, said, there = scores.confusion[k, k], scores.confusion[:, k].sum(), scores.confusion[k].sum()
        cells.append(f"{right / there:6.2f} {right / said:6.2f} {right / (said + there - right):5.2f}")
    print(f"{name:<15}", *cells)
for name, column in (("pixel accuracy", "pixel_accuracy"), ("mean IoU", "mean_iou")):
    print(f"{name:<15}", *(f"{getattr(scores, column):>18.2f}" for scores in found.values()))


# %% id="weights-picture" alt="The scene, its mask, and three answers. Without weights: large areas of sky, building, road, tree and car, nothing thin. With root weights: also yellow speckles of signs and black ones of poles. With full weights: houses full of black stripes, yellow blobs of signs and dark red bands of pedestrians."
def colored(labels):
    """Return masks [..., H, W] as colors [..., H, W, 3]."""
    table = torch.full((256, 3), 0.85)
    for k, color in enumerate(train.palette):
        table[k] = torch.tensor([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return table[labels]


def mask_of(network, number=SHOWN):
    """Return the predicted mask [H, W] of one test scene."""
    return training.predict(network, test.subset(slice(number, number + 1)))[0].argmax(dim=0)


panels = [street, colored(mask), *(colored(mask_of(network)) for network in by_weights.values())]
viz.images(panels, ["scene", "truth", *(f"weights: {name}" for name in by_weights)], columns=3)

# %% [markdown] id="weights-read"
# Read the table row by row. Without weights the rare classes are as good as never named (a precision of `nan` means: not
# once). From left to right their recall rises, and the precision of those that are named falls. The price is paid by the
# large classes: with the full weights most of all Building pixels are lost to poles, signs and people, and in the
# picture you see where: the houses are striped with poles. Pixel accuracy falls from column to column, and mean IoU is best
# in the middle. (Bicyclists are too hard for so short a training, whatever they weigh.)
#
# None of the three is *the* right one. Whoever must not miss a pedestrian takes large weights and lives with false alarms.
# The square root is a compromise, and the rest of the lesson uses it.

# %% [markdown] id="ghost"
# ## 7 · What the indices are worth
#
# ### Find the bug: the ghost
#
# Somebody tidies your network up: the list of indices becomes a part of the network, and the decoder counts down the levels
# instead of popping them.


# %% id="ghost-broken"
class BrokenSegNet(SegNet):
    def __init__(self):
        super().__init__()
        self.remembered = []

    def forward(self, x):
        for stage in self.encoder:
            x, indices, size = stage(x)
            self.remembered.append((indices, size))
        for level, stage in zip((3, 2, 1, 0), self.decoder, strict=True):
            x = stage(x, *self.remembered[level])
        return self.scores(x)


# %% [markdown] id="ghost-symptom-why"
# It gets the weights that you have just trained, and three pictures, one after the other: the street, another street, and a
# plain gray wall. Below are its answers, and below those the answers of your own network. Compare them column by column.

# %% id="ghost-symptom" alt="Nine pictures in three rows: a street, another street and a gray wall; the answers of the broken network; the right ones. For the first street both answers are the same. The broken answer to the second street has black dots and the edge of the sky where the first street has them. For the gray wall the right answer is sky above road with a regular pattern of dots; the broken one has irregular specks instead."
broken = BrokenSegNet()
broken.load_state_dict(segnet.state_dict())
pictures = [image, test[3][0], torch.full_like(image, 0.5)]
panels = [picture.movedim(0, -1) for picture in pictures]
for network in (broken, segnet.cpu()):
    with torch.no_grad():
        panels += [colored(network.eval()(picture[None])[0].argmax(dim=0)) for picture in pictures]
names = ["street", "another street", "gray wall"] + ["broken"] * 3 + ["right"] * 3
viz.images(panels, names, columns=3)

# %% [markdown] id="ghost-answer"
# No error, whatever you feed it. The second street has the skyline of the first, with its dots, and on the gray wall are
# specks without any order. Where do they come from, and why is the first answer right? Would you notice in training?
#
# <details><summary>Answer</summary>
#
# Nobody empties the list. The indices of the second scene are put *behind* those of the first, at the places 4 to 7, and
# the decoder looks at the places 3 to 0: for ever those of the first scene. The values of the second scene are put where
# the first scene had its maxima, so it wears the outlines of the first; and on a wall that has no outlines at all they are
# all that is left. (The list also grows with each picture, until the memory is full.) A list that is made anew in each
# `forward` cannot go wrong this way.
#
# In this lesson's training you would notice: `training.fit` sends a whole scene through the network first, and the quarters
# that follow do not fit its indices, so that torch stops with an error about sizes. (It stops in the same way over indices
# of another *level*, `stack.pop(0)`.) Where all batches have one size nothing stops: the loss falls, and the network learns
# to do without the indices, as well as it can.
#
# </details>

# %% [markdown] id="lesion-why"
# ### A lesion
#
# The ghost was an experiment: the trained network got somebody else's indices, and nothing else changed. Physiologists call
# it a **lesion**: switch a part off, and see what fails. Do it on purpose, in three ways, to the network that was trained
# with the true indices. Each value stays in its own window of 2 × 2, it only moves to another of the four cells:
#
# - **shuffled**: to one drawn by lot
# - **top-left**: to the first
# - **another's**: to where *another scene's* maximum was in this window
#
# **Predict before you run.** Which of the three hurts most? And which score will suffer most: mean IoU, boundary IoU, or
# the thin classes?


# %% id="lesion-moves"
def corners(indices):
    """Return the first row [h, 1] and the first column [w] of each 2×2 window."""
    h, w = indices.shape[-2:]
    rows, columns = (torch.arange(0, 2 * n, 2, device=indices.device) for n in (h, w))
    return rows[:, None], columns


def shuffled(indices, size, level):
    """Return indices of a cell of the same window, drawn by lot."""
    row, column = corners(indices)
    return (row + torch.randint_like(indices, 2)) * size[1] + column + torch.randint_like(indices, 2)


def top_left(indices, size, level):
    """Return indices of the first cell of the same window."""
    row, column = corners(indices)
    return (row * size[1] + column).expand_as(indices)


def another(indices, size, level):
    """Return the indices of another scene of the batch."""
    return indices.roll(1, dims=0)


def thin(scores):
    """Return the mean IoU of poles and signs."""
    return scores.iou_per_class[[POLE, SIGN]].mean()


def table(found):
    """Print mean IoU, boundary IoU and the IoU of thin classes, a line for each name."""
    print(f"{'':<24}{'mean IoU':>10}{'boundary':>10}{'thin':>8}")
    for name, scores in found.items():
        print(f"{name:<24}{scores.mean_iou:>10.2f}{scores.mean_boundary_iou:>10.2f}{thin(scores):>8.2f}")


# %% id="lesion-run"
lesions = {"true indices": kept, "shuffled": shuffled, "top-left": top_left, "another's": another}
after_lesion = {}
for name, move in lesions.items():
    segnet.move = move
    after_lesion[name] = found["root"] if move is kept else scored(segnet)
segnet.move = kept
table(after_lesion)

# %% [markdown] id="lesion-read"
# Nothing about the maps has changed but in which cell of its window a value stands, and the trained network falls apart.
# Boundary IoU loses nearly half and more, and of the thin classes hardly anything is left. Mean IoU keeps most of its value:
# the maps still say *what* is there, and no longer where.
#
# Top-left is the worst, and not because it is further from the truth: like a shuffled index it is right in about one case
# of four. But values that always stand top-left make maps with a regular grid of dots, which the network has never seen in
# training.

# %% [markdown] id="level-why"
# ### Which of the four?
#
# **Predict before you run.** The network has four poolings, the first at full resolution, the fourth at 6 × 8 cells. Now
# only *one* of the four loses its indices (shuffled), the other three keep theirs. Which loss hurts most?
#
# <details><summary>Think about it</summary>
#
# A shuffled index at level $l$ moves a value by up to one cell of that level: 1 pixel at the first pooling, 8 pixels at the
# fourth. So the deep ones move things further. But how many values are there to move, and what do they decide?
#
# </details>


# %% id="level-run"
def only_at(chosen):
    """Return a move that shuffles at one level and keeps the indices of the others."""
    return lambda indices, size, level: (shuffled if level == chosen else kept)(indices, size, level)


by_level = {"none shuffled": found["root"]}
for level in range(4):
    segnet.move = only_at(level)
    by_level[f"pooling {level + 1} shuffled"] = scored(segnet)
segnet.move = kept
table(by_level)

# %% [markdown] id="level-read"
# None of them hurts much, and none stands out: mean IoU hardly notices, the thin classes lose a part, whichever it
# is. So both arguments hold. The values of the fourth pooling move by 8 pixels; those of the first by a single one, but
# there are many more of them, and a pole of one pixel is lost by a step of one pixel. All four together left hardly
# anything of the thin classes: what one level has lost, the others still say in part.

# %% [markdown] id="rivals-why"
# ### The fair question
#
# A lesion shows that the *trained* network relies on its indices. It does not show that a network *needs* them: somebody
# who has learned to read by sight cannot read by touch, and others can. To know what indices are worth, let the rivals
# train without them: the same start, scenes, order and steps, and
#
# - **bilinear**: your network with `BilinearStage`, no index at all
# - **top-left**: each value in the first cell of its window, in training and in use
#
# **Predict before you run.** Will top-left be as bad as the network after its lesion? Which of the two will be better?


# %% id="rivals-train"
rivals = {
    "indices": segnet,
    "bilinear": trained(up_stage=BilinearStage),
    "top-left": trained(move=top_left),
}
by_rival = {name: found["root"] if name == "indices" else scored(network) for name, network in rivals.items()}
table(by_rival)

# %% id="rivals-picture" alt="Five pictures: the scene, its mask, and the answers of three networks. With indices: speckled, but with black pole pixels along the edge of the houses, and the sky has its true outline. Bilinear: a few large smooth blobs. Top-left: large areas with ragged outlines and no poles."
panels = [street, colored(mask), *(colored(mask_of(network)) for network in rivals.values())]
viz.images(panels, ["scene", "truth", *rivals], columns=3)

# %% [markdown] id="rivals-read"
# Even this short training shows it. With true indices boundary IoU is nearly twice that of the rivals, and the thin classes
# are hardly found by anybody else. Look at the black pole pixels along the houses: in this scene no rival names a single pole. Mean
# IoU is closer: the areas of the bilinear network are smooth and well filled, where those with indices are speckled, because
# so short a training has not taught the convolutions to fill every hole. And the network that was trained with top-left
# indices is better than the one that got them by a lesion: it had the time to learn not to trust them.
#
# So one run, a few hundred steps. For a result one needs the full budget and several seeds. They were made beforehand, with
# 48 channels and a thousand steps on whole scenes, and with a third rival, whose indices are shuffled in training and in
# use:

# %% id="stored-scores" alt="Boundary IoU of four networks, three seeds each as circles with mean and spread: SegNet far to the right at about 0.35; top-left at about 0.23, no indices at about 0.20, shuffled at about 0.18. The spreads are tiny beside the distances."
names = ["SegNet", "SegNet, no indices", "SegNet, top-left", "SegNet, shuffled"]
full = [run for name in names for run in [*stored, *ablations] if run.network == name]
viz.scores(comparison.scores(full, "boundary_iou"), "boundary IoU on new scenes")

# %% id="stored-table"
stored_table([run for run in stored if run.network == "FCN-8s"] + full)

# %% [markdown] id="stored-read"
# Now the order is plain, and the distances are many times the spread between seeds. With its true indices SegNet has nearly
# twice the boundary IoU and the thin IoU of the network without any. Same parameters, same convolutions, same steps: all of
# it is the work of two bits for each window.
#
# Two more things to see.
#
# - **It is the place, not the sparseness.** Shuffled and top-left maps have as many holes as SegNet's. Top-left errs in
#   the same way every time, so the convolutions can learn to live with it, and with time it does a little better than blending
#   (in your short training it had not come so far); shuffled errs in a new way each time, and does worst. The authors tried a
#   fixed array of indices too: it did "quite poorly" (section 3.1).
# - **Without indices there is nothing special about SegNet.** The bilinear one is even behind FCN-8s, which has skips. Mean
#   IoU alone would call SegNet a small step beyond FCN-8s; the boundaries show the large one.
#
# A limit: all of this is said about one kind of picture, with many thin things in it, at 96 × 128. On CamVid at 360 × 480
# the paper's table 1 points the same way: mean IoU 43.3 % with bilinear blending and 47.7 % with indices, and a boundary
# score of 20.8 against 35.8. But its bilinear network has less than half the parameters, so that not all of it is the work
# of the indices.

# %% id="segnet-errors" alt="Scene, truth, prediction and errors: sky and road are mostly right; the houses are speckled with trees and poles, and the cyclists are wrong altogether."
viz.segmentation(image, mask, mask_of(segnet), classes, palette=test.palette, ignore_index=test.ignore_index)

# %% [markdown] id="segnet-errors-read"
# Last, your own network once more, with its errors. It is far from the stored one, and honest about it: a few hundred steps
# on quarters of 250 scenes have taught it where things end, and much less what they are. Poles come out as dotted lines, and
# trees and signs are seen on the houses. More channels and more steps mend that, as the stored table shows. Whether whole maps
# instead of two bits mend more is the question of lesson 9.

# %% [markdown] id="vgg"
# ## 8 · A trained encoder
#
# The encoder of the faithful network has VGG-16's thirteen convolutions, and that is on purpose: they need not start from
# random numbers. VGG-16 was trained on a million photographs of ImageNet; the authors copy its weights into the encoder, and
# only the decoder starts at random (section 3). An encoder that already answers to edges, textures and wheels spares the
# network the part that is hardest to learn through 26 layers.
#
# How much it is worth cannot be read off the paper: its 60.1 % mean IoU on CamVid belong to the large network, pretrained,
# with 3,433 training pictures (table 3), its 47.7 % to a small one from a random start with 367 (table 1). Three things
# differ at once. Iglovikov and Shvets (2018) changed only the start, of a U-Net with a VGG-11 encoder, for houses in aerial
# photographs: IoU 0.593 on the validation pictures from random weights, 0.686 from those of ImageNet.
#
# Training 29 million parameters is for a GPU: on Colab choose *Runtime, Change runtime type, GPU*. The next cell then
# downloads the weights (528 MB, once) and trains the faithful network twice, from a random and from the trained encoder.
# Two details: torchvision's weights expect colors from which ImageNet's mean was subtracted and which were divided by its
# standard deviation, so a first layer does that; and a trained encoder wants a smaller learning rate, or the first steps
# would spoil it. (The random one gets the same rate, so that only the start differs; a larger one may suit it better.)
# Without a GPU the cell says so and goes on.


# %% id="vgg-train" tags=["gpu"]
def with_normalized_colors(network):
    return nn.Sequential(v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), network)


if torch.cuda.is_available():
    try:
        vgg = models.load_torchvision_vgg16(models.vgg16(batch_norm=True))
    except ConnectionError as error:
        print("The weights could not be downloaded, so only the random start is trained.", error, sep="\n")
        vgg = None
    by_start = {}
    for start in ("random", "VGG-16") if vgg else ("random",):
        torch.manual_seed(0)
        network = models.SegNet(K)
        if start == "VGG-16":
            network.load_vgg16(vgg)
        network = with_normalized_colors(network)
        settings = recipe | {"lr": 0.0005, "epochs": 16, "class_weights": weightings["root"]}
        training.fit(network, train, None, **settings)
        by_start[f"26 convolutions, {start}"] = scored(network)
    table({"8 convolutions, random": found["root"]} | by_start)
else:
    print("There is no GPU here. This cell trains the faithful SegNet twice; run it on Colab.")

# %% [markdown] id="torch"
# ## 9 · The same with torch
#
# torch has no SegNet, and needs none: `nn.MaxPool2d(2, return_indices=True)` and `nn.MaxUnpool2d(2)` are its two halves.
# The library's network is `models.SegNet`, faithful by default; with `convs=(1, 1, 1, 1)` it is shallow like yours. Your
# functions against the library's:

# %% id="torch-facts" tags=["nbval-check-output"]
x = torch.rand(2, 3, 45, 71)
pooled, indices, size = encoder_stage(3, 8, convs=2)(x)
theirs = nn.MaxUnpool2d(2)(pooled, indices, output_size=size)
again, _ = F.max_pool2d(theirs, 2, return_indices=True)
print("pooling what was unpooled gives the pooled maps:", torch.equal(again, pooled[..., :22, :35]))

mine, library = (stage(8, 4, convs=3) for stage in (decoder_stage, models.segnet.decoder_stage))
library.load_state_dict(dict(zip(library.state_dict(), mine.state_dict().values(), strict=True)))
same = torch.allclose(mine.eval()(pooled, indices, size), library.eval()(pooled, indices, size), atol=1e-5)
print("decoder_stage, with the same weights:           ", same)

weights = median_frequency_weights(train.targets, K)
same = torch.allclose(weights, training.median_frequency_weights(train.targets, K))
print("median_frequency_weights:                       ", same)

# %% [markdown] id="recap"
# ## Recap
#
# | word | what it is | what to remember |
# |---|---|---|
# | index | which of the four cells of a window had the maximum | 2 bits; $k$ poolings in a row name one of $4^k$ pixels |
# | encoder stage | blocks, then pooling | hands on maps, indices, *and the size before* |
# | decoder stage | unpooling, then blocks | convolutions fill the holes; the last one changes the channels |
# | stack | last down, first up | made anew for each picture |
# | batch normalization | each map made standard, over the batch | another behavior in `eval` |
# | depth | 26 convolutions | more is not better in a small budget; a trained encoder helps |
# | median frequency | $w_k = m / f_k$, over the pictures with the class | recall up, precision down |
# | ablation | train without a part | what is it worth? |
# | lesion | take it from the trained network | does it rely on it? |

# %% [markdown] id="quiz"
# ## Quiz
#
# Decide on an answer, and on a reason, before you open it.
#
# **1.** Somebody replaces max pooling by average pooling and keeps the rest of SegNet. What stops working?
#
# <details><summary>Answer</summary>
#
# The unpooling: a mean comes from all four cells, there is no index. (Convolutions with stride 2 have none either.)
#
# </details>
#
# **2.** In your network the indices of the first pooling are 24 × 48 × 64 numbers. How many bits do they need for one
# scene? How many would the maps before that pooling need?
#
# <details><summary>Answer</summary>
#
# 73,728 windows of 2 bits: 147,456 bits, 18 kB. The maps are 24 × 96 × 128 numbers of 32 bits: 9,437,184 bits, 1.2 MB, 64
# times as much.
#
# </details>
#
# **3.** A decoder stage unpools to twice the size of its input, not to the size that was carried. For which pictures does
# nobody notice, in a network with four poolings?
#
# <details><summary>Answer</summary>
#
# For those whose height and width can be halved four times, multiples of 16, such as 96 × 128. At others the indices count
# rows of another length, and everything is sheared, or torch stops.
#
# </details>
#
# **4.** After switching to median-frequency weights the recall of signs doubles. Your colleague wants to publish. What do
# you ask first?
#
# <details><summary>Answer</summary>
#
# The precision. Calling everything a sign has recall 1. IoU counts both kinds of errors. And over how many seeds.
#
# </details>
#
# **5.** A lesion of part X of a trained network costs 30 points. Trained without X from the start it costs 3. Is X
# important?
#
# <details><summary>Answer</summary>
#
# The trained network relies on it, and the *task* hardly needs it: what X does can be done in other ways if there is time
# to learn them. Papers often report only one of the two numbers.
#
# </details>
#
# **6.** Why does SegNet need ReLU *before* the pooling for `pool(unpool(x)) = x`?
#
# <details><summary>Answer</summary>
#
# Unpooling fills the other three cells with 0. A negative maximum would lose against these zeros when pooled again. After
# ReLU no value is negative.
#
# </details>

# %% [markdown] id="sources"
# ## Sources
#
# - V. Badrinarayanan, A. Kendall, R. Cipolla: SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image
#   Segmentation. IEEE TPAMI 39, 2017, arXiv:1511.00561: section 3 (architecture, indices of 2 bits, encoder of VGG-16),
#   3.1 and table 1 (decoder variants), 3.2 (median frequency), 4.1 and table 3 (road scenes).
# - D. Eigen, R. Fergus: Predicting Depth, Surface Normals and Semantic Labels with a Common Multi-Scale Convolutional
#   Architecture. ICCV 2015, arXiv:1411.4734. (median-frequency weights)
# - D. Balduzzi, M. Frean, L. Leary, J. Lewis, K. Wan-Duo Ma, B. McWilliams: The Shattered Gradients Problem: If resnets are
#   the answer, then what is the question? ICML 2017, arXiv:1702.08591.
# - S. Ioffe, C. Szegedy: Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift. ICML
#   2015, arXiv:1502.03167, section 3.
# - M. D. Zeiler, R. Fergus: Visualizing and Understanding Convolutional Networks. ECCV 2014, section 2.1. (unpooling with
#   recorded positions)
# - K. Simonyan, A. Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition. ICLR 2015. (VGG-16)
# - V. Iglovikov, A. Shvets: TernausNet: U-Net with VGG11 Encoder Pre-Trained on ImageNet for Image Segmentation.
#   arXiv:1801.05746, 2018, figure 3.
# - G. Brostow, J. Fauqueur, R. Cipolla: Semantic Object Classes in Video: A High-Definition Ground Truth Database. Pattern
#   Recognition Letters 30, 2009. (CamVid)
