# %% [markdown] id="title"
# # 5 · Feature maps
#
# [Open this lesson in Colab](https://colab.research.google.com/github/${REPOSITORY}/blob/main/lessons/${LESSON}.ipynb)
#
# You can train a network, and measure how often it is right. In this lesson you open one and ask *why*: what each
# layer looks for, which pixels an answer rests on, and what is lost on the way. Every picture below is computed from a
# network that you train yourself in the first minutes, and every method is tested before you believe it.
#
# **What you will be able to do**
#
# - read any layer's output out of any torch model, with a forward hook that you write and remove
# - look at kernels and feature maps, and say what a channel answers to
# - find the pixels behind an answer by covering them, and by Grad-CAM, which you build
# - test whether such a picture says anything about the network at all
# - compare what a cell *can* see with what a trained network uses
# - measure how depth trades *where* for *what*, the problem that the rest of the course solves
#
# **Time:** about two hours of reading and doing; its cells run in about 30 s on two CPU cores; nothing here needs a
# GPU.
#
# **You need:** lessons 2 to 4: receptive field, logits, a training loop, validation data.

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
from collections import OrderedDict
from copy import deepcopy

import torch
from torch import nn
from torch.nn import functional as F

from cnncourse import check, datasets, training, viz

# %% [markdown] id="scene-why"
# ## 1 · A network worth looking into
#
# In lessons 3 and 4 the digit filled the picture, so "where does the network look?" had a dull answer. Here the digit is
# small, lies anywhere in a picture of 48×48 pixels, and is surrounded by **clutter**: five pieces of 8×8 pixels, cut out of
# other digits. Clutter is made of the same strokes as a digit. To be right, a network must tell a whole digit from
# fragments, and ignore the fragments. (The idea is Mnih et al.'s "cluttered translated MNIST", 2014.)
#
# Since we place every digit ourselves, we know exactly where it is and which pixels are its ink. No network is told; we
# keep it to test the pictures that claim to show where a network looks.

# %% id="scene-make"
SIZE, DIGIT, PIECE = 48, 20, 8  # pixels along each axis: picture, digit, piece of clutter


def scatter(digits, copies, seed):
    """Return pictures with one whole digit and clutter, the corner (row, column) of each digit, and its ink."""
    random = torch.Generator().manual_seed(seed)
    ink = digits.images[:, :, 4:24, 4:24]  # each digit without its empty border: [N, 1, 20, 20]
    owner = torch.arange(copies * len(ink)) % len(ink)
    n = len(owner)
    corners = torch.randint(SIZE - DIGIT + 1, (n, 2), generator=random)
    source = torch.randint(len(ink), (n, 5), generator=random)
    cut = torch.randint(DIGIT - PIECE + 1, (n, 5, 2), generator=random)
    place = torch.randint(SIZE - PIECE + 1, (n, 5, 2), generator=random)
    pictures = torch.zeros(n, 1, SIZE, SIZE, dtype=torch.uint8)
    masks = torch.zeros(n, SIZE, SIZE, dtype=torch.bool)

    def paste(picture, patch, row, column):
        size = patch.shape[-1]
        part = picture[..., row : row + size, column : column + size]
        part.copy_(torch.maximum(part, patch))

    for i in range(n):
        for k in range(5):
            row, column = cut[i, k].tolist()
            piece = ink[source[i, k], :, row : row + PIECE, column : column + PIECE]
            paste(pictures[i], piece, *place[i, k].tolist())
        paste(pictures[i], ink[owner[i]], *corners[i].tolist())
        paste(masks[i], ink[owner[i], 0] > 127, *corners[i].tolist())
    scenes = datasets.Dataset(pictures, digits.targets[owner], digits.classes, name="scenes")
    return scenes, corners, masks


def handwriting(split):
    return datasets.digits(split, size=28)  # or: datasets.mnist(split).subset(slice(1200))


train, train_corners, train_masks = scatter(handwriting("train"), copies=6, seed=0)
val, val_corners, val_masks = scatter(handwriting("val"), copies=3, seed=1)
print(train)
print(val)

# %% id="scene-look" alt="Eight black pictures of 48 by 48 pixels. Each holds one handwritten digit somewhere, and around it five small square fragments of strokes. The titles name the digit."
x, labels = next(val.batches(300))
viz.images(x[:8, 0], [f"a {label}" for label in labels[:8]], columns=4)

# %% [markdown] id="model-why"
# ### Four blocks and a vote
#
# The network has four **blocks**: convolution, ReLU, and in the first three a 2×2 max pooling. You know all of it. New is
# the end. After the last block there are 32 maps of 6×6 cells. A fully connected layer over all of them would have to
# learn every digit anew at every place. Instead we keep only the **largest value of each map**: 32 numbers that say "was
# this pattern anywhere?". A small fully connected layer turns them into ten logits (Oquab et al. 2015 use the same end to
# find objects without being told where they are).
#
# Blocks within blocks give names with dots: `block2.conv` is the convolution of the second block.
#
# One more line is new. torch starts convolutions with rather small weights. Through four layers the signal fades, and all
# pictures look alike at the end. Take the two lines with `nn.init` out, and the training below stays at the loss of guessing
# for all its four epochs. He et al. (2015) chose the start so that ReLU layers pass on signals of the same strength: weights
# drawn with standard deviation $\sqrt{2/n}$, where $n$ is the number of inputs that one output sums over (kernel height ×
# width × input channels).


# %% id="model-make"
def block(in_channels, out_channels, kernel, pool=True):
    conv = nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    nn.init.zeros_(conv.bias)
    layers = OrderedDict(conv=conv, relu=nn.ReLU())
    if pool:
        layers["pool"] = nn.MaxPool2d(2)
    return nn.Sequential(layers)


def make_model(seed):
    torch.manual_seed(seed)
    return nn.Sequential(
        OrderedDict(
            block1=block(1, 8, kernel=5),
            block2=block(8, 16, kernel=3),
            block3=block(16, 32, kernel=3),
            block4=block(32, 32, kernel=3, pool=False),
            largest=nn.AdaptiveMaxPool2d(1),
            flatten=nn.Flatten(),
            fc=nn.Linear(32, 10),
        )
    )


model = make_model(seed=0)
untrained = deepcopy(model).eval()

# %% [markdown] id="model-predict"
# **Predict before you run.** How large are the maps after each block, and how many weights and biases does the network
# have? (`models.classic_cnn()`, made for photographs of 224×224, has 44 million.)
#
# <details><summary>Answer</summary>
#
# The padding keeps the size, each pooling halves it: 24×24, 12×12, 6×6, and again 6×6 after the last block, which
# does not pool. Parameters: 8·(25 + 1) = 208, 16·(8·9 + 1) = 1,168, 32·(16·9 + 1) = 4,640, 32·(32·9 + 1) = 9,248 and
# 10·(32 + 1) = 330, together 15,594. Because only the largest value of each map goes on, the last layer stays tiny, and
# it would stay so for pictures of any size.
#
# </details>

# %% id="model-shapes" tags=["nbval-check-output"]
shape = x[:1]
for name, part in model.named_children():
    shape = part(shape)
    print(f"{name:<8} {list(shape.shape)}")
print(f"{sum(p.numel() for p in model.parameters()):,} parameters")

# %% id="train" alt="Two charts over four epochs. The training loss stays near 2.3 for about half an epoch, then it and the validation loss fall steeply and level off. The validation accuracy climbs to over 0.9."
with viz.live_curves(["loss", "val_loss"], "val_accuracy") as curves:
    training.fit(model, train, val, 4, lr=0.01, one_cycle=True, precision=torch.float32, curves=curves)
model.eval()
print(f"right on {training.evaluate(model, val).accuracy:.0%} of the validation pictures")

# %% [markdown] id="train-read"
# About nine in ten, where guessing gives one in ten. Good enough to be worth asking how. (In float32, since we will look at
# single numbers; `untrained` keeps the network as it was before the first step, and comes back several times.)

# %% [markdown] id="filters-why"
# ## 2 · The kernels
#
# The first thing to look at are the weights themselves. The first convolution has 8 kernels over one input channel,
# each 5×5.
#
# **Predict before you run.** In lesson 1 you designed an edge kernel: one side positive, the other negative. Which
# kernels will a network that must recognize strokes have found?

# %% id="filters-first" alt="Eight tiles of 5 by 5 weights in blue and orange, scattered with little order. In some, a blue and an orange side can be made out; most look like noise with one or two strong weights."
viz.filters(model.block1.conv)

# %% [markdown] id="filters-read"
# Be honest about what you see. Some have a positive and a negative side, like your Sobel kernel. Most do not look like
# anything. The beautiful kernels of textbooks, stripes in all directions, come from large networks trained on millions of
# photographs. Here nothing asks a kernel to be tidy, only to be useful, and 1,200 small digits leave many ways to be
# useful.
#
# It gets worse one layer on.
#
# **Predict.** How many 3×3 grids of weights does `block2.conv` hold, with 8 channels in and 16 out?
#
# <details><summary>Answer</summary>
#
# 8 · 16 = 128: each of its 16 filters is a stack of 8 grids, one for each map of the first block. If you said 16, you
# counted filters; if 8, channels.
#
# </details>

# %% id="filters-second" alt="A table of 3 by 3 weight grids in blue and orange: 16 rows, one for each filter, and 8 columns, one for each input channel. No pattern stands out."
viz.filters(model.block2.conv)

# %% [markdown] id="filters-limit"
# Nobody can read this, since each grid works on a map that is itself an answer. From the second layer on, look at what a
# layer *answers*, not at its weights.

# %% [markdown] id="maps-why"
# ## 3 · The maps
#
# Here is one picture, and what every layer makes of it. Choose a layer in the strip, click a map, move over its cells.
#
# **Predict before you open it.** The picture holds a digit and five fragments. In which block do the fragments vanish from
# most maps?

# %% id="maps-browse" alt="A card with the layers of the network in a strip, the eight maps of the first ReLU in a grid, one of them enlarged with a cell marked, and the outline of that cell's receptive field on the picture with digit and clutter."
viz.feature_maps(model, x[3], layer="block1.relu")

# %% [markdown] id="maps-read"
# In `block1` every stroke shows in some map, whether it belongs to the digit or not; you can still read the digit.
# In `block3` most cells are 0, a few are bright, and you can no longer read anything. What became of the fragments is hard
# to say by eye. So let us get the maps out as numbers, and count.

# %% [markdown] id="hook-why"
# ### How to get a map out
#
# A `Sequential` can be cut: `model[:2](x)`. But most networks are no plain chains, and their `forward` is written by
# somebody else. torch offers a way into any of them: a **forward hook**, a function of yours that torch calls each time
# a certain module has run. Watch one work.


# %% id="hook-demo" tags=["nbval-check-output"]
def tell(module, inputs, output):
    print(f"{type(module).__name__}: {list(inputs[0].shape)} -> {list(output.shape)}")


handle = model.get_submodule("block2.conv").register_forward_hook(tell)
print("first call")
model(x[:1])
handle.remove()
print("second call")
model(x[:1])
print("the model's answer is not changed by a hook that returns nothing")

# %% [markdown] id="hook-read"
# Four things to note.
#
# - `model.get_submodule("block2.conv")` finds a layer by its name, however deep it lies.
# - The hook gets the module, a tuple of its inputs, and its output. What it returns would *replace* the output; return
#   nothing.
# - `register_forward_hook` gives back a **handle**. `handle.remove()` takes the hook off. Until then torch calls it at
#   every pass, also in the middle of a training.
# - The hook cannot hand anything back to you. It must put what it sees into something that lives outside, such as a list.

# %% [markdown] id="bug-why"
# ### Find the bug
#
# Somebody wants one number for each picture: the mean over a layer's maps. The function below is called three times, with
# one picture each, and says how many numbers it has so far.


# %% id="bug" tags=["nbval-check-output"]
seen = []


def broken_collect(model, layer_name, x):
    def note(module, inputs, output):
        seen.append(output.mean())

    layer = model.get_submodule(layer_name)
    layer.register_forward_hook(note)
    model(x)
    return len(seen)


victim = deepcopy(model)
print([broken_collect(victim, "block1.relu", x[i : i + 1]) for i in range(3)])
victim(x[:1])
print("after a pass that has nothing to do with it:", len(seen))

# %% [markdown] id="bug-answer"
# One picture each, so one number each: 1, 2, 3 were expected. What happened, and how many numbers would there be after a
# fourth call of `broken_collect` instead?
#
# <details><summary>Answer</summary>
#
# No hook is ever removed. The first call leaves one, so the second runs two, the third three: 1, 3, 6. The pass that has
# nothing to do with it still runs all three: 9. A fourth call would add four: 10. Each value is right, there are just ever
# more of them, the model gets slower with every call, and if the hook kept the maps themselves, memory would fill up. And a
# colleague who loads your saved weights never sees the fault: hooks are not part of them.
#
# The mend is `handle.remove()`. Put it where it is reached even when `model(x)` raises an error: in the `finally` of a
# `try`.
#
# </details>

# %% [markdown] id="capture-exercise"
# ### Exercise 5.1 · capture
#
# Write `capture(model, layer_name, x)`: run the model on `x` and return what the layer with that name gave. The model must
# be afterwards as it was before: no hook left, and every part still in the mode (train or eval) that it had.
#
# Register a hook, run the model, remove the hook, return what it saw.


# %% id="capture" tags=["exercise"]
def capture(model, layer_name, x):
    """Return the output of the layer called layer_name, such as "block2.conv", when model runs on x."""
    ### BEGIN SOLUTION
    outputs = []

    def keep(module, inputs, output):
        outputs.append(output)

    hook = model.get_submodule(layer_name).register_forward_hook(keep)
    try:
        model(x)
    finally:
        hook.remove()
    return outputs[0]
    ### END SOLUTION


# %% id="capture-check" tags=["check"]
capture = check("capture", capture).use()

# %% [markdown] id="capture-inplace"
# A trap for later: `nn.ReLU(inplace=True)`, which torchvision's VGG uses, writes its result *over* its input to save memory.
# Capture the convolution before it, and what you hold is overwritten a moment after you took it. If a captured convolution
# has no negative values, this is why; keep `output.clone()` instead. Our network's ReLUs make new tensors.

# %% [markdown] id="same-torch"
# ### The same with torchvision
#
# torchvision can build a model that returns inner maps. It rewrites the model's `forward` instead of hooking into it.

# %% id="same-torch-facts" tags=["nbval-check-output"]
from torchvision.models.feature_extraction import create_feature_extractor

extractor = create_feature_extractor(model, return_nodes=["block2.conv", "block4.relu"])
for name, maps in extractor(x[:5]).items():
    print(f"{name} {list(maps.shape)}  equal to capture: {torch.allclose(maps, capture(model, name, x[:5]))}")

# %% [markdown] id="count-why"
# ### Do the fragments vanish?
#
# Now the question from above can be counted. On a black picture every layer gives constant maps (up to the border); what a
# digit or a fragment changes about them is the layer's answer to it. Add up these changes over all cells, and ask which
# share of them lies in the square of the digit.
#
# **Predict before you run.** About six tenths of a picture's brightness lie in that square, the rest is clutter. If a layer
# answered to digit and clutter alike, its share would be about the same. How will it change with depth, after training
# and before?


# %% id="count"
def digit_square(corners, cells):
    """Return for each picture which of cells × cells centers lie in the digit's square: bool [N, cells, cells]."""
    centers = (torch.arange(cells) + 0.5) * SIZE / cells
    inside = [(centers >= c[:, None]) & (centers < c[:, None] + DIGIT) for c in corners.T]
    return inside[0][:, :, None] & inside[1][:, None, :]


def share_on_digit(maps):
    """Return which share of the sum over maps [N, C, h, w] lies on the digit, the mean over the pictures."""
    square = digit_square(val_corners[: len(maps)], maps.shape[-1])[:, None]
    return ((maps * square).sum((1, 2, 3)) / maps.sum((1, 2, 3)).clamp(min=1e-6)).mean()


black = torch.zeros(1, 1, SIZE, SIZE)
relus = ["block1.relu", "block2.relu", "block3.relu", "block4.relu"]
with torch.no_grad():
    print(f"the picture  {share_on_digit(x):.0%} of its brightness lies on the digit")
    for name in relus:
        answers = [(capture(m, name, x) - capture(m, name, black)).abs() for m in (model, untrained)]
        print(
            f"{name}  {share_on_digit(answers[0]):.0%} after training, {share_on_digit(answers[1]):.0%} before"
        )

# %% [markdown] id="count-read"
# Read the columns apart. Before training the share *falls* with depth: a cell of `block4` sees a large field, so a stroke
# spreads over many cells, and the untrained network spreads digit and clutter alike. Training turned this around: of the
# late maps a much larger share belongs to the digit than of the early ones.
#
# But it hardly gets above the share that the digit has in the picture. So no, **the fragments do not vanish**. They are
# still answered, in all layers. What makes the network right all the same is that only the *largest* value of a map goes
# on: a fragment may excite a map, as long as the digit excites the right ones more.

# %% [markdown] id="excite-why"
# ## 4 · What a channel answers to
#
# A channel of `block3.relu` is a detector of something. Of what? Ask the data: go through 300 pictures, find the cells
# where the channel is strongest, and cut out what those cells see.
#
# **Predict before you run.** How many pixels does a cell of `block3.relu` see, and how far apart are the fields of two
# neighbors? Use your formula of lesson 2 on 5×5, pool, 3×3, pool, 3×3.
#
# <details><summary>Answer</summary>
#
# Field: 1 + 4 = 5, pool 5 + 1 = 6, convolution 6 + 2·2 = 10, pool 10 + 1·2 = 12, convolution 12 + 2·4 = 20. Jump: two
# poolings, 2·2 = 4. By luck of design the field is exactly as large as a digit.
#
# </details>


# %% id="excite-field" tags=["nbval-check-output"]
def field_of(network, layer, cell):
    return viz.receptive_field(network, layer, x[:32], cell=cell).data


field = field_of(model, "block3.relu", (0, 0))
print("field:", field.size, " jump:", field.jump)
print("rows and columns that cell (0, 0) sees:", field.unclipped)

# %% [markdown] id="excite-corner"
# The padding shifts the fields: cell (0, 0) begins 8 pixels above and left of the picture. So cell $(i, j)$ sees rows
# $4i - 8$ to $4i + 11$ and columns $4j - 8$ to $4j + 11$. With a frame of 8 black pixels around the picture, its patch begins
# at row $4i$ and column $4j$.

# %% id="excite-patches" alt="Eight rows of eight patches of 20 by 20 pixels. Within a row the patches are alike: the same bend of a stroke at the same place. In most rows they come from several digits, such as 3, 7 and 9; one row holds only fives."
with torch.no_grad():
    answers = capture(model, "block3.relu", x)  # [N, 32, 12, 12]


def best_patches(channel, count=8):
    """Return the pieces [count, 20, 20] of the pictures that excite a channel most, one from a picture."""
    strongest, cell = answers[:, channel].flatten(1).max(1)
    patches = []
    for n in strongest.topk(count).indices:
        row, column = divmod(cell[n].item(), answers.shape[-1])
        framed = F.pad(x[n, 0], (8, 8, 8, 8))
        patches.append(framed[4 * row : 4 * row + 20, 4 * column : 4 * column + 20])
    return torch.stack(patches)


channels = answers.amax((0, 2, 3)).topk(8).indices.tolist()
viz.images(torch.cat([best_patches(channel) for channel in channels]), columns=8)

# %% [markdown] id="excite-read"
# Each row belongs to one channel. Within a row you see variants of one thing: a certain bend, a corner, the end of a stroke
# over emptiness, at a certain place of the field. In most rows the digits differ: the channel does not say "a 3" but "a
# stroke that bends so, here", and several digits have one. A row or two may hold almost only one digit. The field is as
# large as a digit, so a channel of this layer can already come close to a digit's detector.
#
# Two cautions. Top patches show what excites a channel *most*, not what usually excites it. And you will see a name for
# each row whether the network has one or not.

# %% [markdown] id="ascend-why"
# ### Or ask the network itself
#
# Instead of searching the data, build the picture. Start from faint noise and climb: change the *pixels* along the
# gradient of one cell, as training changes weights, only uphill (Erhan et al. 2009).
#
# **Predict before you run.** The cell's answer to this picture can rise far above its answer to any real one. Will the
# picture look like the patches?


# %% id="ascend" alt="Two rows of six small pictures. Above, pixel by pixel: black and white speckle, in which strokes can be guessed. Below, made of coarse smooth pixels: soft strokes that bend, some of which resemble the patches above."
def ascend(chosen, cells=SIZE, steps=200):
    """Return what a cell of each channel would like to see in its field, and how much that excites it.

    The whole picture is made of cells × cells soft pixels.
    """
    start = 0.1 * torch.rand(1, 1, cells, cells, generator=torch.Generator().manual_seed(0))
    knobs = start.repeat(len(chosen), 1, 1, 1).requires_grad_()
    for _ in range(steps):
        pictures = F.interpolate(knobs, size=SIZE, mode="bilinear", align_corners=False)
        maps = model.block3.conv(model[:2](pictures))  # before the ReLU, whose slope may be 0
        excited = maps[range(len(chosen)), chosen, 6, 6]
        (slope,) = torch.autograd.grad(excited.sum(), knobs)
        with torch.no_grad():
            knobs += 0.1 * slope / slope.abs().amax((1, 2, 3), keepdim=True).clamp(min=1e-6)
            knobs.clamp_(0, 1)
    return pictures.detach()[:, 0, 16:36, 16:36], excited.detach()  # 4 · 6 − 8 = 16


six = channels[:6]
(speckled, high), (soft, lower) = ascend(six), ascend(six, cells=12)
for what, values in [
    ("single pixels", high),
    ("soft pixels", lower),
    ("best real patch", answers.amax((0, 2, 3))[six]),
]:
    print(f"{what:<16}", *(f"{value:5.1f}" for value in values))
viz.images(torch.cat([speckled, soft]), columns=6)

# %% [markdown] id="ascend-read"
# Pixel by pixel most answers climb far above that to the best real patch, and the picture is mostly speckle. Nothing in
# the training ever showed such pictures, so nothing keeps the network from liking them. With soft pixels the climb ends
# near what real patches reach, and you recognize strokes, some of them those of the patches.
#
# Note how much *we* added to get there: a picture without fine detail. The well-known dreamlike pictures of this kind rest
# on many such additions (Olah et al. 2017 list them). What you see is always the network *and* the rules of drawing.

# %% [markdown] id="cover-why"
# ## 5 · Which pixels did it need? Cover them
#
# The plainest way to find out whether a place matters is to take it away (Zeiler & Fergus 2014). Cover a square of 8×8
# pixels with black, run the network again, and note how far the logit of the class has fallen. Do so for every place, 4
# pixels apart.
#
# **Predict before you run.** Covering clutter: will the logit fall, stay, or rise?


# %% id="cover" alt="Four maps of 11 by 11 cells, white but for one dark blue stain each, as large as a digit and where the digit stands in the picture; a few cells around are pale orange."
@torch.no_grad()
def occlusion(picture, digit, size=8, step=4):
    """Return how far the logit of a digit falls when a square of picture [1, H, W] is covered: [11, 11]."""
    places = range(0, SIZE - size + 1, step)
    covered = picture.repeat(len(places) ** 2, 1, 1, 1)
    for n, (row, column) in enumerate((r, c) for r in places for c in places):
        covered[n, :, row : row + size, column : column + size] = 0
    fall = model(picture[None])[0, digit] - model(covered)[:, digit]
    return fall.reshape(len(places), len(places))


falls = [occlusion(x[n], labels[n]) for n in range(4)]
viz.images(falls, [f"fall of the logit of {digit}" for digit in labels[:4]], columns=4, signed=True)

# %% [markdown] id="cover-read"
# Compare with the first four pictures of section 1. The blue stain lies on the digit, has about its size, and says which
# part the network can least do without. Over most of the clutter the map is nearly white: covering it changes little, since
# such a place seldom holds the largest value of a map. Here and there it is orange: without this fragment the logit would be
# *higher*, so the fragment was in the way.
#
# Two cautions again. Black is what the ground is made of here; on a photograph a black square is itself a strange thing to
# see, and the network answers to it. And one square at a time cannot find what two places carry together.

# %% [markdown] id="cam-why"
# ## 6 · Grad-CAM: one pass instead of 121
#
# Covering asks the network once for every place. **Grad-CAM** (Selvaraju et al. 2017) gets a map from a single pass and a
# single gradient. Take the maps $A^1, \dots, A^K$ of a late layer, each with $h \times w$ cells, and the logit $y^c$ of the
# class $c$ that you ask about.
#
# First ask how much each *map* speaks for the class: how fast would the logit rise if the whole map grew? That is the mean
# of the gradient over its cells,
#
# $$\alpha_k^c = \frac{1}{h\,w}\sum_{i,j} \frac{\partial y^c}{\partial A^k_{ij}}. \qquad (1)$$
#
# Then add up the maps, each with its weight, and keep what speaks *for* the class:
#
# $$L^c = \operatorname{relu}\Big(\sum_k \alpha_k^c A^k\Big). \qquad (2)$$
#
# $\alpha_k^c$ is one number per map, $L^c$ is one map of $h \times w$ cells. Why the ReLU? A negative cell lies where maps are
# bright that speak *against* this class, most likely because they speak for another.
#
# **Predict.** Two maps of 2×2 cells, and the gradient of the logit with respect to each cell:
#
# | $A^1$ | $A^2$ | $\partial y^c/\partial A^1$ | $\partial y^c/\partial A^2$ |
# |---|---|---|---|
# | 4 0 | 0 2 | 2 0 | 0 −4 |
# | 0 0 | 0 2 | 0 2 | 0 0 |
#
# What are the two weights, and the map?
#
# <details><summary>Answer</summary>
#
# $\alpha_1 = (2 + 0 + 0 + 2)/4 = 1$ and $\alpha_2 = -4/4 = -1$. The sum is 4, −2 in the first row and 0, −2 in the second;
# after ReLU 4, 0 and 0, 0. Note that the 2 in the lower right of the first gradient counts although the map is 0 there: the
# gradient is averaged over the whole map. And the weights are not changed by where the map is bright.
#
# </details>

# %% [markdown] id="cam-exercise"
# ### Exercise 5.2 · grad_cam
#
# Write `grad_cam(model, layer_name, x, class_index)` for one picture `x` of shape `[1, C, H, W]`. Return $L^c$, a tensor
# `[h, w]` of the layer's own size, exactly as equation 2 gives it: not enlarged, not rescaled to 0…1.
#
# You need the maps *and* the logits of the same pass, still joined by the graph. `torch.autograd.grad(score, maps)` then
# returns a tuple with the gradient of the number `score` with respect to `maps`, and leaves the gradients of the parameters
# alone. The score is the logit, `model(x)[0, class_index]`, not a probability.


# %% id="grad-cam" tags=["exercise"]
def grad_cam(model, layer_name, x, class_index):
    """Return the maps of a layer, weighted by their mean gradient, summed, without what is negative: [h, w]."""
    ### BEGIN SOLUTION
    seen = []

    def keep(module, inputs, output):
        seen.append(output)

    hook = model.get_submodule(layer_name).register_forward_hook(keep)
    try:
        logits = model(x)
    finally:
        hook.remove()
    (gradient,) = torch.autograd.grad(logits[0, class_index], seen[0])
    weights = gradient.mean((2, 3), keepdim=True)  # eq. 1: [1, K, 1, 1]
    return (weights * seen[0]).sum(1).relu()[0].detach()  # eq. 2: [1, K, h, w] -> [h, w]
    ### END SOLUTION


# %% id="grad-cam-check" tags=["check"]
grad_cam = check("grad_cam", grad_cam).use()

# %% [markdown] id="cam-show-why"
# The library has one too, which also copes with segmentation models (lesson 6). First see that both agree, then look at its
# picture.


# %% id="cam-same" tags=["nbval-check-output"]
def library_map(n):
    return viz.grad_cam_map(model, x[n], "block4.relu", labels[n].item())


for n in range(3):
    mine = grad_cam(model, "block4.relu", x[n : n + 1], labels[n].item())
    print(list(mine.shape), "equal:", torch.allclose(mine, library_map(n), atol=1e-6))

# %% id="cam-show" alt="The picture with its digit and clutter; the Grad-CAM map of 6 by 6 cells, bright in a few cells; and the map enlarged over the picture, with a white outline around its bright part, at the foot of the digit 1."
viz.grad_cam(model, x[1], "block4.relu", labels[1].item(), classes=val.classes)

# %% [markdown] id="two-why"
# ### Does it know which class you asked about?
#
# A map that marks "the object" is no explanation of *this* answer. Put two digits into one picture, without clutter, and
# ask about each in turn.

# %% id="two-make" alt="A picture with two digits; the Grad-CAM map for the left digit's class, bright on the left; the map for the right digit's class, bright on the right."
digits = handwriting("val")


def pair(first, second, rows=(6, 22)):
    """Return a picture [1, 1, 48, 48] with one digit left and another right."""
    picture = torch.zeros(1, 1, SIZE, SIZE)
    for n, row, column in ((first, rows[0], 3), (second, rows[1], 25)):
        picture[..., row : row + DIGIT, column : column + DIGIT] = digits[n].image[:, 4:24, 4:24]
    return picture


both = pair(3, 4)
asked = [digits[3].target.item(), digits[4].target.item()]
maps = [grad_cam(model, "block4.relu", both, digit) for digit in asked]
viz.images(
    [both[0, 0], *(m / m.max() for m in maps)],
    ["the picture", *(f"Grad-CAM for {digit}" for digit in asked)],
)

# %% [markdown] id="point-why"
# One picture proves nothing. Take 60 such pairs, and play the **pointing game** (Zhang et al. 2016): a map wins when its
# strongest cell lies on the digit that it was asked about. Play it for three layers.
#
# **Predict before you run.** For which layer will the strongest cell lie on the *other* digit most often?


# %% id="point"
def strongest_pixel(cam):
    """Return the middle (row, column) of the strongest cell, in pixels."""
    row, column = divmod(cam.argmax().item(), cam.shape[1])
    return (row + 0.5) * SIZE / cam.shape[0], (column + 0.5) * SIZE / cam.shape[1]


def on_square(point, corner):
    return all(first <= p < first + DIGIT for p, first in zip(point, corner, strict=True))


random = torch.Generator().manual_seed(2)
games = []
while len(games) < 60:
    first, second = torch.randint(len(digits), (2,), generator=random).tolist()
    rows = torch.randint(SIZE - DIGIT + 1, (2,), generator=random).tolist()
    if digits[first].target != digits[second].target:
        games.append((first, second, rows))

print("layer        on the digit asked about   on the other one")
for name in relus[1:]:
    own = other = 0
    for first, second, rows in games:
        corners = [(rows[0], 3), (rows[1], 25)]
        for n, here, there in ((first, *corners), (second, *corners[::-1])):
            point = strongest_pixel(grad_cam(model, name, pair(first, second, rows), digits[n].target.item()))
            own, other = own + on_square(point, here), other + on_square(point, there)
    print(f"{name}  {own / 120:>12.0%} {other / 120:>24.0%}")

# %% [markdown] id="point-read"
# The late layers point to the digit that you asked about in about nine of ten games. So their maps depend on the class, and
# are more than markers of "something is here". In `block2` a cell sees 10 pixels, half a digit: its maps answer to
# strokes that many digits share, and in about a third of the games the strongest cell lies on the wrong digit.
#
# What the game does not show: how *well* the map outlines the digit. With cells of 8×8 pixels it cannot.

# %% [markdown] id="sanity-why"
# ## 7 · Would a nonsense network give the same picture?
#
# A map that lies on the digit looks convincing. But a digit is also where the *ink* is: a method that merely marks busy
# places would look just as good. Adebayo et al. (2018) propose a test that needs no opinion: **destroy the network, and see
# whether the map changes**. Replace the weights of one layer after the other by those of a stranger, a network with
# another random start, from the last layer down, and compare each map with the one of the whole network.
#
# **Predict before you run.** First only `fc` is made random. The network now answers nonsense. How alike (as a correlation: 1
# the same, 0 nothing in common) will the maps be?


# %% id="sanity" alt="Six maps of 6 by 6 cells for the first picture: the trained network's, with a group of bright cells in the lower left, where the digit is, and five of more and more random networks: a few bright cells each, most of them at the left edge."
def correlation(a, b):
    a, b = a.flatten() - a.mean(), b.flatten() - b.mean()
    return (a @ b / (a.norm() * b.norm()).clamp(min=1e-9)).item()


def cams(network, count=60):
    """Return the Grad-CAM maps of the first pictures, each for the class that the trained network answers."""
    return [grad_cam(network, "block4.relu", x[n : n + 1], answered[n].item()) for n in range(count)]


with torch.no_grad():
    answered = model(x).argmax(1)
true_maps = cams(model)
stranger, broken = make_model(seed=1), deepcopy(model)
film, titles = [true_maps[0]], ["trained"]
for name in ["fc", "block4.conv", "block3.conv", "block2.conv", "block1.conv"]:
    broken.get_submodule(name).load_state_dict(stranger.get_submodule(name).state_dict())
    made = cams(broken)
    with torch.no_grad():
        right = (broken(x).argmax(1) == labels).float().mean()
    likeness = sum(map(correlation, true_maps, made)) / len(made)
    print(f"random from {name:<12} right {right:4.0%}   correlation of the maps {likeness:5.2f}")
    film, titles = [*film, made[0]], [*titles, f"from {name.split('.')[0]}"]
viz.images([m / m.max().clamp(min=1e-9) for m in film], titles, columns=6)

# %% [markdown] id="sanity-read"
# The maps do change: the more of the network is destroyed, the less is left of them, down to nearly nothing. Grad-CAM
# passes, as it does in the paper. (Two other methods of that time, guided backpropagation and guided Grad-CAM, fail there:
# their pictures hardly change.)
#
# But look at the first line. The network with a random `fc` is right as often as by guessing, and still its maps are
# noticeably like the true ones. Their cells are the same, since the blocks are whole; only their *weights* are wrong, and
# any mixture of maps that are bright on the digit is bright on the digit. So a map that lies well on the object does not
# prove that the network decides well, and not even that it has learned to decide.

# %% [markdown] id="field-why"
# ## 8 · What a cell can see, and what it uses
#
# A cell of `block4.conv` sees 40×40 of the 48×48 pixels, twice the digit each way. Does it use them? The gradient of the cell
# with respect to the pixels tells, as in lesson 2, but now with the real weights instead of ones. The picture shows three
# answers for the same cell: the formula, the pixels that are connected at all, and the gradient, averaged over 32
# pictures.

# %% id="field-picture" alt="The receptive field of a cell of the fourth convolution three times: an amber square of 40 by 40 pixels on a picture, the same square enlarged and fully connected, and the gradient within it: strong in the middle, fading outward, with a dashed square around nine tenths of it."
viz.receptive_field(model, "block4.conv", x[:32], cell=(3, 3))

# %% [markdown] id="field-table-why"
# **Predict before you run.** Luo et al. (2016) report that training *enlarges* the effective field of their networks. Will
# you see it here?

# %% id="field-table"
print("side of the central square with half / nine tenths of the gradient")
for name, cell in (("block2.conv", (12, 12)), ("block3.conv", (6, 6)), ("block4.conv", (3, 3))):
    found = [field_of(network, name, cell) for network in (untrained, model)]
    sides = [f"{d.sizes[0.5][0]:>2} / {d.sizes[0.9][0]:>2} px" for d in found]
    print(f"{name}  field {found[0].size[0]:>2} px   untrained {sides[0]}   trained {sides[1]}")


# %% id="field-use"
def pixel_gradient(network, pictures):
    """Return the size of the gradient of each picture's winning logit with respect to its pixels."""
    pictures = pictures.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(pictures).amax(1).sum(), pictures)
    return gradient.abs()


for who, network in (("untrained", untrained), ("trained", model)):
    print(
        f"{who:<10} {share_on_digit(pixel_gradient(network, x)):.0%} of the winning logit's gradient on the digit"
    )

# %% [markdown] id="field-read"
# Half of the gradient of a `block4` cell lies in the central square of about 20 pixels, a quarter of the field's area, and
# nine tenths within 32. The field's rim is connected, but hardly listened to.
#
# Training has hardly changed these sizes here: what Luo et al. saw on their networks, we do not see on this one. Do not
# expect every finding to hold for every network; measure. What training did change is *which* pixels are used within the
# field: the last two lines. The winning logit of the trained network depends much more on the digit than that of the
# untrained one, whose gradient falls where it will (the square makes up 17 % of the picture, and strokes switch ReLUs on).

# %% [markdown] id="what-why"
# ## 9 · What, but not where
#
# What does each layer *know*? Ask it by a **linear read-out**: a weighted sum of its channels, with the weights that make
# the mean squared error of an answer smallest (Alain & Bengio 2017 train a linear classifier instead, and call it a probe).
# What a plain weighted sum can read, the layer has laid out openly. Two questions, answered on pictures that the fit has
# not seen:
#
# - **What?** Read the *digit* from the largest value of each channel. Measured as the share of right answers.
# - **Where?** Read for every *pixel* whether it is ink of the digit (clutter is not), from the channels of the cell that
#   lies over it; all pixels under one cell get the same answer. Measured as **intersection over union**: pixels that are
#   digit and called digit, divided by pixels that are either. 1 is perfect; lesson 6 builds it.


# %% id="read-out"
def fit_readout(features, targets):
    """Return weights [D + 1, K] for which features [N, D] and a constant come closest to targets [N, K]."""
    features = F.pad(features, (0, 1), value=1.0)
    products = (features.T @ features).double() / len(features)
    # A little more on the diagonal, or channels that never answer would have no weight at all.
    products += torch.diag(1e-3 * products.diagonal() + 1e-8)
    return torch.linalg.solve(products, (features.T @ targets.float()).double() / len(features))


def read(features, weights):
    return features @ weights[:-1].float() + weights[-1]


def per_pixel(maps):
    """Return the channels over each pixel: [N, C, h, w] -> [N · 48 · 48, C], cells repeated."""
    return F.interpolate(maps, size=SIZE).movedim(1, -1).reshape(-1, maps.shape[1])


def overlap(called, truth):
    return (called & truth).sum() / (called | truth).sum()


# %% [markdown] id="what-predict"
# **Predict before you run.** Which of the two will grow with depth, which will fall?
#
# Beside the two answers the table has a third column: the best that *anybody* could reach who knows the truth, but must give
# all pixels under one cell the same answer.


# %% id="what-where"
def maps_of(name, pictures):
    with torch.no_grad():
        return pictures if name == "the picture" else capture(model, name, pictures)


def knows_what(name):
    """Return how often the digit is read rightly from the largest value of each channel."""
    seen, new = (maps_of(name, pictures).amax((2, 3)) for pictures in (seen_pictures, x))
    weights = fit_readout(seen, F.one_hot(seen_labels, 10))
    return (read(new, weights).argmax(1) == labels).double().mean()


def knows_where(maps):
    """Return how well the digit's ink is read, pixel by pixel, from what maps(pictures) gives."""
    features, truth = per_pixel(maps(seen_pictures[:FEW])), seen_masks[:FEW].flatten()
    weights = fit_readout(features, truth[:, None])
    cut = best_cut(read(features, weights)[:, 0], truth)
    features, truth = per_pixel(maps(x[:FEW])), val_masks[:FEW].flatten()
    return overlap(read(features, weights)[:, 0] > cut, truth)


def best_cut(scores, truth):
    return max(torch.linspace(0, 0.6, 13), key=lambda cut: overlap(scores > cut, truth))


def limit(cells):
    """Return the best that anybody can do who must paint whole cells of a grid and knows the truth."""
    truth = val_masks[:FEW]
    share = per_pixel(F.adaptive_avg_pool2d(truth[:, None].float(), cells))[:, 0]
    return overlap(share > best_cut(share, truth.flatten()), truth.flatten())


FEW = 60  # pictures, 138,240 pixels, where every pixel is asked
seen_scenes, _, seen_masks = scatter(handwriting("train"), copies=1, seed=5)
seen_pictures, seen_labels = next(seen_scenes.batches(800))
print("read from      maps         what   where   where at best")
for name in ["the picture", *relus]:
    channels_here, _, cells = maps_of(name, x[:1]).shape[1:]
    size = f"{channels_here}×{cells}×{cells}"
    where = knows_where(lambda pictures, name=name: maps_of(name, pictures))
    print(f"{name:<13}  {size:<10}  {knows_what(name):5.2f}   {where:5.2f}   {limit(cells):5.2f}")

# %% [markdown] id="what-read"
# Here is the trade, in one table.
#
# *What* climbs from guessing to nearly all that the network can do. From `block1`, whose maps you could still read, the
# read-out is wrong about three times in four.
#
# *Where* starts at about one half: the picture knows what is ink, but a pixel of clutter looks like a pixel of digit, and
# there is much clutter. It ends at about three tenths. The last column says why. It paints whole cells, as every
# layer must, but with full knowledge of the truth, and so shows what the *grid* allows. The first layers could outline
# everything and lack the knowledge. `block4` has the knowledge, but with cells of 8×8 pixels nobody could do well: a
# stroke is narrower than a cell. In between, both effects work against each other.
#
# So it is not quite right that deep layers "do not know where". They know it coarsely; the outline is gone.
#
# **Predict before you run.** The picture knows outlines without meaning, `block4` meaning without outlines. What if one
# read-out gets both? Below, two ways: all four blocks, each enlarged to 48×48, in one long list of channels; and each
# channel of `block4` once alone, once multiplied by the ink of the pixel ("here is ink *and* a digit is around here").


# %% id="what-together"
def together(pictures):
    return torch.cat([F.interpolate(maps_of(name, pictures), size=SIZE) for name in relus], 1)  # 88 channels


def gated(pictures):
    deep = F.interpolate(maps_of("block4.relu", pictures), size=SIZE)
    return torch.cat([pictures, deep, pictures * deep], 1)  # 1 + 32 + 32 channels


print(f"all four blocks together     where {knows_where(together):.2f}")
print(f"block4, and block4 × ink     where {knows_where(gated):.2f}")

# %% [markdown] id="bridge"
# Both clearly beat every single layer, though nothing was trained for it but a weighted sum. **Deep maps say what, early
# maps say where, and a segmentation needs both.** Hariharan et al. (2015) built such lists of channels and called them
# *hypercolumns*; Long et al. (2015) name the tension in their introduction: global information resolves *what*, local
# information resolves *where*. The next lessons are three answers to it:
#
# | lesson | network | how *where* comes back |
# |---|---|---|
# | 6 | FCN | adds coarse scores of a deep layer to finer ones of earlier layers |
# | 8 | SegNet | remembers where each pooling found its maximum |
# | 9 | U-Net | hands whole early maps over to the way up |

# %% [markdown] id="shift-why"
# ### Does it forget where, or not?
#
# "Convolutional networks do not care where the object is" is only half true, as lesson 2 showed for a single pooling. Here
# is the whole network. The picture moves right by 1, 2, 4 and 8 pixels, in a black frame so that nothing falls off. The
# likeness (cosine: 1 for the same direction) of the maps before and after:
#
# **Predict before you run.** At which of the four shifts will the 32 largest values stay the same?
#
# <details><summary>Answer</summary>
#
# At 8. Three poolings have a joint stride of 8, so a shift by 8 moves the maps of `block4` by exactly one cell, and the
# largest value of a map that has moved is the same (but for cells at the picture's end, which see it move). At 1, 2 and 4 the windows of some pooling cut the strokes anew.
#
# </details>


# %% id="shift"
@torch.no_grad()
def shifted(name, pixels):
    """Return a layer's maps for 100 pictures that were moved right."""
    return capture(model, name, F.pad(x[:100], (8 + pixels, 16 - pixels, 8, 16)))


shifts = (1, 2, 4, 8)
print("pixels       ", *(f"{pixels:>5}" for pixels in shifts))
for name in [*relus, "largest"]:
    still = shifted(name, 0).flatten(1)
    alike = [F.cosine_similarity(still, shifted(name, pixels).flatten(1)).mean() for pixels in shifts]
    print(f"{name:<13}", *(f"{value:5.2f}" for value in alike))
still = shifted("fc", 0).argmax(1)
same = [(shifted("fc", pixels).argmax(1) == still).double().mean() for pixels in shifts]
print(f"{'same answer':<13}", *(f"{value:5.2f}" for value in same))

# %% [markdown] id="shift-read"
# The maps of all four blocks follow the shift and so become unlike their old selves: they *do* say where. The largest values
# stay alike, since the place is dropped there and nowhere else. But they are not equal, except at 8, and so for a few
# pictures in a hundred a shift by one pixel changes the answer.
#
# (The pictures are larger here than in training, 72×72. It works since no layer has a weight for each place, and it is the
# idea that lesson 6 begins with.)

# %% [markdown] id="hide-why"
# ## 10 · Design: hide it
#
# Your turn to use what you have. You may put **one** black square of 8×8 pixels on each of 100 pictures, and want the network
# to be *wrong* as often as possible. You may ask the network whatever you like. You may not look at where we placed the
# digit.
#
# Write `place(picture, digit)`: `picture` is `[1, 48, 48]`, `digit` what the network answers to it uncovered; return row
# and column of the square's upper left corner, each from 0 to 40. Now it covers the middle. Goals: right on less than
# **0.40** with one call of `grad_cam` per picture; less than **0.10** at any price.


# %% id="hide"
def place(picture, digit):
    return 20, 20  # your idea here


def accuracy_when_covered(place, count=100):
    covered = x[:count].clone()
    for n in range(count):
        row, column = place(x[n], answered[n].item())
        if not (0 <= row <= 40 and 0 <= column <= 40):
            raise ValueError(f"place gave {row, column} for picture {n}; row and column must be from 0 to 40")
        covered[n, :, row : row + 8, column : column + 8] = 0
    with torch.no_grad():
        return (model(covered).argmax(1) == labels[:count]).double().mean().item()


nowhere = (answered == labels)[:100].double().mean()
anywhere = accuracy_when_covered(lambda picture, digit: torch.randint(41, (2,), generator=random).tolist())
print(
    f"nothing covered {nowhere:.2f}   random place {anywhere:.2f}   yours {accuracy_when_covered(place):.2f}"
)

# %% [markdown] id="hide-ideas"
# <details><summary>Ideas, and what they reached for us</summary>
#
# The middle: about 0.75, better than a random place. The square around `strongest_pixel(...)` of your Grad-CAM map in
# `block4.relu`: about one half; in `block3.relu`: about 0.2. (Near the border, move the square back into the picture.)
# `block4` points to the digit as reliably, as the pointing game showed, but with cells of 8 pixels and fields of 40 it
# misses the *stroke* that matters; `block3` aims better. The place of the largest value of `occlusion`: about 0.05, for 122
# passes instead of one. That is no surprise, since it tries out the very thing that is being scored.
#
# Covering what a map marks, and seeing the score fall, is also how such maps are compared in earnest.
#
# </details>

# %% [markdown] id="recap"
# ## Recap
#
# | tool | what it shows | what it does not |
# |---|---|---|
# | kernels | what the first layer computes | anything from the second layer on |
# | feature maps (`capture`) | each answer of each layer to one picture | why the network needs it |
# | top patches | what excites a channel most | what it usually does |
# | climbing the gradient | what it would like best | without added rules: speckle |
# | occlusion | which place the answer needs | what two places do together; slow |
# | Grad-CAM | which cells speak for a class, in one pass | outlines; whether the decision is right |
# | randomized weights | whether a method depends on the network at all | that it is right |
#
# $$\alpha_k^c = \frac{1}{h\,w}\sum_{i,j} \frac{\partial y^c}{\partial A^k_{ij}}, \qquad
# L^c = \operatorname{relu}\Big(\sum_k \alpha_k^c A^k\Big)$$
#
# A hook gets any layer's output out of any model; remove it. A cell uses the middle of its field much more than the rim.
# Depth trades *where* for *what*, and reading both together beats either.

# %% [markdown] id="quiz"
# ## Quiz
#
# Decide on an answer, and on a reason, before you open it.
#
# **1.** You write `model.block2.relu.register_forward_hook(lambda m, i, o: o * 0)` to "look at" a layer. What happens?
#
# <details><summary>Answer</summary>
#
# The hook returns something, and torch puts it in the place of the output: all later layers get zeros. A hook that only
# looks returns nothing. And the handle was not kept, so you cannot remove the hook any more without digging.
#
# </details>
#
# **2.** Your Grad-CAM takes the gradient of the softmax probability instead of the logit. For a picture that the network
# knows with a probability of 0.9999, what is wrong with the map?
#
# <details><summary>Answer</summary>
#
# The slope of the softmax is nearly 0 there, so all weights and the whole map are nearly 0. Worse, a probability also rises when
# *other* logits fall, so the map mixes "speaks for this class" with "speaks against the others".
#
# </details>
#
# **3.** Somebody forgets the mean in equation 1 and multiplies the gradient with the maps cell by cell. For a network that ends
# in `AdaptiveMaxPool2d`, what does the map look like?
#
# <details><summary>Answer</summary>
#
# Each map gets a gradient only at its largest cell. So at most one cell per map is left: 32 dots, instead of the maps' whole
# extent.
#
# </details>
#
# **4.** A Grad-CAM map is 0 everywhere. Is it a bug?
#
# <details><summary>Answer</summary>
#
# Not necessarily. If in every cell the maps that speak against the class outweigh those that speak for it, ReLU leaves
# nothing. But that is rare: ask our network about the nine digits that are *not* in a picture, and you will hardly find an
# empty map. So suspect the code first, for example a gradient of the probability (question 2).
#
# </details>
#
# **5.** A colleague shows heat maps that lie perfectly on the tumor in every X-ray. "So the network has understood it." What
# would you ask for?
#
# <details><summary>Answer</summary>
#
# The same maps from the network with randomized weights, at least with a random last layer: ours were still like the true ones,
# at chance accuracy. Then occlusion of the marked place: does the answer change? And pictures on which it is wrong: where
# do the maps lie there?
#
# </details>
#
# **6.** To get sharper Grad-CAM maps, somebody takes the first block, with a map of 48×48. Why is that no good idea?
#
# <details><summary>Answer</summary>
#
# The table of section 9: these maps know hardly anything about *what*. A single weight per map cannot tell strokes of the
# digit from strokes of the clutter, since the map answers to both alike. The pointing game shows it for `block2` already.
#
# </details>

# %% [markdown] id="sources"
# ## Sources
#
# - V. Mnih, N. Heess, A. Graves, K. Kavukcuoglu: Recurrent Models of Visual Attention. NIPS 2014, section 4.1. (digits at
#   random places among 8×8 pieces of other digits)
# - M. Oquab, L. Bottou, I. Laptev, J. Sivic: Is object localization for free? Weakly-supervised learning with convolutional
#   neural networks. CVPR 2015, section 3. (the largest value of each map as the end of a classifier)
# - K. He, X. Zhang, S. Ren, J. Sun: Delving Deep into Rectifiers. ICCV 2015, section 2.2. (the standard deviation of the
#   first weights)
# - M. Zeiler, R. Fergus: Visualizing and Understanding Convolutional Networks. ECCV 2014. (top patches: figure 2; occlusion:
#   section 4.2)
# - D. Erhan, Y. Bengio, A. Courville, P. Vincent: Visualizing Higher-Layer Features of a Deep Network. Technical report
#   1341, Université de Montréal, 2009. (climbing the gradient)
# - C. Olah, A. Mordvintsev, L. Schubert: Feature Visualization. Distill 2017, "The Enemy of Feature Visualization". (why the
#   raw climb gives speckle, and what is done about it)
# - R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh, D. Batra: Grad-CAM: Visual Explanations from Deep Networks via
#   Gradient-based Localization. ICCV 2017, section 3, equations 1 and 2.
# - J. Zhang, Z. Lin, J. Brandt, X. Shen, S. Sclaroff: Top-down Neural Attention by Excitation Backprop. ECCV 2016. (the
#   pointing game)
# - J. Adebayo, J. Gilmer, M. Muelly, I. Goodfellow, M. Hardt, B. Kim: Sanity Checks for Saliency Maps. NeurIPS 2018. (the
#   test with random weights)
# - W. Luo, Y. Li, R. Urtasun, R. Zemel: Understanding the Effective Receptive Field in Deep Convolutional Neural Networks.
#   NIPS 2016.
# - G. Alain, Y. Bengio: Understanding intermediate layers using linear classifier probes. ICLR 2017 workshop,
#   arXiv 1610.01644.
# - B. Hariharan, P. Arbeláez, R. Girshick, J. Malik: Hypercolumns for Object Segmentation and Fine-grained Localization.
#   CVPR 2015.
# - J. Long, E. Shelhamer, T. Darrell: Fully Convolutional Networks for Semantic Segmentation. CVPR 2015, section 1.
#
# Digits: "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, CC BY
# 4.0, as shipped with scikit-learn.
