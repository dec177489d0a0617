# %% [markdown] id="title"
# # 7 · Upsampling
#
# [Open this lesson in Colab](https://colab.research.google.com/github/${REPOSITORY}/blob/main/lessons/${LESSON}.ipynb)
#
# Pooling and strides made every map smaller, and for a single answer to a whole photograph that was right. A
# segmentation needs an answer for **every pixel**: somewhere on its way a small map has to become large again. There are
# four ways up. You will build each of them by hand, see what it can know and what it cannot, and measure on road scenes
# which of them brings a thin pole back.
#
# **What you will be able to do**
#
# - enlarge a map by repeating its cells, and by blending them, and say where an output pixel lies among the input cells
# - compute a transposed convolution by hand, in three ways that agree, and say why it is no inverse
# - predict every output size, also for sizes that do not divide
# - tell from kernel and stride whether checkerboards will appear, and design a layer without them
# - put maxima back to where pooling found them, and find the bug in somebody else's unpooling
#
# **Time:** about 90 minutes of reading and doing; its cells run in about 25 s on two CPU cores; nothing here needs
# a GPU.
#
# **You need:** lesson 1 (stride, padding, output size) and lesson 2 (pooling with indices). Lesson 6 ends with the coarse
# scores that this lesson begins with, but you need not have done it.

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
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from cnncourse import check, comparison, datasets, ops, viz

# %% [markdown] id="coarse-why"
# ## 1 · What a coarse map still knows
#
# Here is a street with its **mask**: one class for every pixel. The scenes are generated, and their masks are exact. To
# work on real streets instead, put the pictures of CamVid in a folder and use
# `datasets.camvid("path/to/CamVid", size=(96, 128))` in place of the first line.

# %% id="coarse-scene" alt="A generated street seen from a car, with houses, trees, a car and thin lamp posts, and beside it the mask of the same scene in eleven colors."
scenes = datasets.road_scenes(60)
ROAD, POLE = scenes.classes.index("Road"), scenes.classes.index("Pole")
codes = [*scenes.palette, viz.style.IGNORE]  # gray for pixels of no class
colors = np.array([[int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in codes], np.uint8)
image, mask = scenes[5]
image, mask = image.permute(1, 2, 0).numpy(), mask.numpy()
viz.images([image, colors[np.minimum(mask, 11)]], ["street [96, 128, 3]", "mask [96, 128]"])

# %% [markdown] id="coarse-shares"
# After three poolings by 2 a network has one cell for each block of 8×8 pixels. Suppose it were perfect, and gave for
# each block exactly the share of every class in it. Let it name the class with the largest share, paint the whole block in
# that class, and compare with the mask. No answer with one class for each block gets more pixels right.
#
# The measure is the **intersection over union** of a class: the pixels that both the mask and the answer give to it,
# divided by the pixels that at least one of them gives to it. 1 is perfect, 0 means no pixel in common.
#
# **Predict before you run.** How much of the road will survive? How much of the poles?
#
# <details><summary>Answer</summary>
#
# Nearly all of the road: only its border blocks are mixed. None of the poles: they are one or two pixels wide, so in no block do
# they have the largest share.
#
# </details>

# %% id="coarse-demo" alt="Two masks of the street: the exact one, and one of 8 by 8 blocks in which road, sky and houses are still in their places while all posts are gone."
shares = np.stack([ops.avg_pool2d((mask == c).astype(float), 8) for c in range(11)])  # [11, 12, 16]
coarse = shares.argmax(0)
blocks = coarse[np.arange(96) // 8][:, np.arange(128) // 8]
viz.images([colors[np.minimum(mask, 11)], colors[blocks]], ["mask", "the best answer at 1/8"])

# %% id="coarse-facts" tags=["nbval-check-output"]


def iou(answer, truth):
    """Return intersection over union of two sets of pixels."""
    return (answer & truth).sum() / (answer | truth).sum()


for name, c in (("Road", ROAD), ("Pole", POLE)):
    print(f"{name}: {(mask == c).sum():>5} pixels   IoU {iou(blocks == c, mask == c):.2f}")

# %% [markdown] id="coarse-reading"
# The road hardly notices. The poles are gone: one pixel wide, a pole holds an eighth of each block, and the houses behind it
# win every vote. Painting blocks also gives stairs where the mask has smooth borders.
#
# So there are two questions about every way up. How does it fill the pixels between two cells? And where does it take the
# positions from that the small map has lost? Nearest and bilinear upsampling, and the transposed convolution, answer the
# first. Only unpooling answers the second.

# %% [markdown] id="nearest-why"
# ## 2 · Nearest: repeat each cell
#
# The simplest way fills the block with the cell's value. With **scale** $s$, output cell $(i, j)$ repeats the input cell
#
# $$\left(\lfloor i / s \rfloor,\ \lfloor j / s \rfloor\right),$$
#
# where $\lfloor\cdot\rfloor$ rounds down. So a map of $H \times W$ cells becomes one of $sH \times sW$.
#
# **Predict before you run.** A row `[5, 8]` is enlarged by 3. Somebody rounds $i / 3$ to the *nearest* whole number instead
# of down. What is the row then, and where does the error come from?
#
# <details><summary>Answer</summary>
#
# Right is 5 5 5 8 8 8. With rounding: i / 3 is 0, 0.33, 0.67, 1, 1.33, 1.67, which rounds to 0, 0, 1, 1, 1, 2. The row begins
# 5 5 8 8 8, and the last cell would be number 2, which does not exist. The second block begins one cell too early; with a
# large scale it is half a block. The name "nearest" misleads here: nearest to the *center* of the output cell, as section 3
# shows, is the cell that rounding down gives.
#
# </details>

# %% [markdown] id="nearest-exercise"
# ### Exercise 7.1 · upsample_nearest
#
# Write `upsample_nearest(x, scale)` for a map `x` [H, W] and a whole number `scale`. One line is enough. `np.repeat` repeats
# the rows or the columns of an array; its argument `axis` says which. Loops are fine too.


# %% id="nearest" tags=["exercise"]
def upsample_nearest(x, scale):
    """Return x [H, W] enlarged to [H·scale, W·scale], each cell repeated."""
    ### BEGIN SOLUTION
    return x.repeat(scale, axis=0).repeat(scale, axis=1)
    ### END SOLUTION


# %% id="nearest-check" tags=["check"]
upsample_nearest = check("upsample_nearest", upsample_nearest).use()

# %% id="nearest-demo" alt="A 2 by 3 matrix of small numbers and its enlargement by 2: a 4 by 6 matrix in which each number fills a block of four equal cells."
small = np.array([[1, 5, 3], [4, 2, 9]])
viz.matrices([small, upsample_nearest(small, 2)], ["x", "enlarged by 2"], signed=False)

# %% [markdown] id="bilinear-why"
# ## 3 · Bilinear: blend the four around
#
# Between a cell of 0 and a cell of 4 one would expect 1, 2, 3 rather than a jump. **Bilinear** upsampling draws a straight
# line from each cell to its neighbor, first along the rows, then along the columns, and reads the values off.
#
# Reading off needs a place. Where, among the input cells, does output cell $i$ lie? This is where most mistakes happen, and
# there are two rules in use.
#
# **Cells are areas** (torch: `align_corners=False`, the default). Both maps cover the same area. With $n$ input and $m = sn$
# output cells, an output cell is $1/s$ of an input cell wide. The center of output cell $i$ lies $i + \tfrac12$ output cells
# from the left border, hence $(i + \tfrac12)/s$ input cells. The center of input cell $k$ lies at $k + \tfrac12$. So measured in
# cell numbers the place is
#
# $$p_i = \frac{i + \tfrac12}{s} - \tfrac12 .$$
#
# **Cells are points** (`align_corners=True`). The first and the last cells of both maps lie on top of each other, and
# the other output cells are spread evenly between:
#
# $$p_i = i \cdot \frac{n - 1}{m - 1} .$$
#
# In the picture each output cell drops a line onto the input cells. Where it lands is its place.


# %% id="places-picture" alt="Two panels, each with a row of three input cells numbered 0 to 2 and above it a row of six output cells; lines drop from the output centers. Left, cells are areas: the lines land at minus one quarter, one quarter, three quarters and so on, the first and last beyond the outer centers. Right, cells are points: the first and last lines land exactly on cells 0 and 2."
def draw_places(axes, n, m, corners):
    """Draw n input cells below m output cells, and where the centers of the output cells land."""
    for y, count in ((0, n), (1, m)):
        step = (n - 1) / (count - 1) if corners else n / count
        centers = np.arange(count) * step - (0 if corners else 0.5 - step / 2)
        if not corners:
            axes.hlines([y - 0.16, y + 0.16], -0.5, n - 0.5, "#B4BAC1", linewidth=1)
            axes.vlines(np.linspace(-0.5, n - 0.5, count + 1), y - 0.16, y + 0.16, "#B4BAC1", linewidth=1)
        axes.plot(centers, [y] * count, "o", color=viz.style.PALETTE[0] if y == 0 else viz.style.PALETTE[1])
        for k, center in enumerate(centers):
            axes.text(center, y + 0.24 if y else y - 0.38, str(k), ha="center", va="bottom")
    axes.vlines(centers, 0.0, 1, "#B4BAC1", linewidth=0.8, linestyle=":")
    for center in centers:
        axes.text(center, -0.55, viz.style.number(center), ha="center", va="top", rotation=60)
    axes.text(-1.05, 0, "input", va="center", ha="right")
    axes.text(-1.05, 1, "output", va="center", ha="right")
    axes.text(-1.05, -0.7, "place", va="center", ha="right")
    axes.set(
        title="cells are points" if corners else "cells are areas", xlim=(-1.8, n - 0.3), ylim=(-1.1, 1.5)
    )
    axes.set_axis_off()


with viz.style.apply():
    figure, panels = plt.subplots(1, 2, figsize=(8, 2.6), layout="constrained")
    draw_places(panels[0], 3, 6, corners=False)
    draw_places(panels[1], 3, 6, corners=True)
    plt.show()

# %% [markdown] id="places-reading"
# Two things to take from the left panel.
#
# - The half pixels matter. Without them $p_i = i/s$, and every output cell reads too far to the left.
# - The first place is $-\tfrac14$, the last one $2\tfrac14$: beyond the centers of the outer cells there is nothing to blend
#   with. So such a place is moved back onto the outer center: the edge value is repeated. The place is **clamped** to
#   $0 \dots n - 1$.
#
# **Predict before you run.** A row `[0, 4]` is enlarged by 2. Which four numbers come out under each rule?
#
# <details><summary>Answer</summary>
#
# Areas: the places are −¼ (clamped to 0), ¼, ¾, 1¼ (clamped to 1), so 0, 1, 3, 4. Points: the places are 0, ⅓, ⅔, 1, so 0,
# 1.33, 2.67, 4.
#
# </details>

# %% id="places-facts" tags=["nbval-check-output"]
row = torch.tensor([[[0.0, 4.0]]])  # [N, C, W]: torch enlarges rows by mode="linear"
for corners in (False, True):
    out = F.interpolate(row, scale_factor=2, mode="linear", align_corners=corners)
    print(f"align_corners={corners!s:<5} ", *(f"{v:.2f}" for v in out.flatten()))

# %% [markdown] id="places-which"
# Which one is right? A network that halves a map three times and doubles it three times should end with every object
# where it was. Under "areas" it does, at every size. Under "points" the picture is stretched: nothing moves in the middle,
# but the border moves outward by $(s - 1)/2$ pixels. How much one step stretches even depends on the map: doubling 4 cells
# means steps of 3/7 cell, doubling 100 cells steps of 99/199. Keep to areas, unless you must match a network that was
# trained otherwise.

# %% [markdown] id="bilinear-exercise"
# ### Exercise 7.2 · upsample_bilinear
#
# The blending stands already: it takes, for all columns at once, the row `low` above each place and the row `high` below it,
# with the shares $1 - t$ and $t$. Then `.T` turns the map, and the second round does the same with what were the columns.
#
# Fill the gap. For the `n * scale` output rows, work out
#
# - their places by the first rule, clamped to 0 … n − 1 (`np.clip`);
# - `low`, the whole number below each place, as integers, and `high`, the next row, which must not leave the map;
# - `t`, how far the place is beyond `low`, as a column of shape [n · scale, 1].


# %% id="bilinear" tags=["exercise"]
def upsample_bilinear(x, scale):
    """Return x [H, W] enlarged to [H·scale, W·scale] by blending; cells are areas, edges are repeated."""
    for _ in range(2):
        n = x.shape[0]
        ### BEGIN SOLUTION
        places = ((np.arange(n * scale) + 0.5) / scale - 0.5).clip(0, n - 1)
        low = places.astype(int)
        high = np.minimum(low + 1, n - 1)
        t = (places - low)[:, None]
        ### END SOLUTION
        x = (x[low] * (1 - t) + x[high] * t).T
    return x


# %% id="bilinear-check" tags=["check"]
upsample_bilinear = check("upsample_bilinear", upsample_bilinear).use()

# %% [markdown] id="bilinear-look"
# Here is the share of road in each 8×8 block, enlarged in both ways.

# %% id="bilinear-demo" alt="Two gray pictures of the share of road, white at the bottom, black at the top: enlarged by repeating, with stairs of 8 by 8 pixels, and by blending, with a soft border."
road = shares[ROAD]
viz.images(
    [upsample_nearest(road, 8), upsample_bilinear(road, 8)], ["nearest [96, 128]", "bilinear [96, 128]"]
)

# %% [markdown] id="shift-why"
# How large is the error when the half pixels are forgotten? Put a round blob in the middle of a map, enlarge it 8 times,
# and measure where its center of mass lies. It should stay in the middle.


# %% id="shift-facts" tags=["nbval-check-output"]
def forgetful(x, scale):
    """Blend like your function, but at the places i / scale."""
    for _ in range(2):
        places = np.minimum(np.arange(len(x) * scale) / scale, len(x) - 1)
        x = np.stack([np.interp(places, np.arange(len(x)), column) for column in x.T])
    return x


yy, xx = np.mgrid[:15, :15]
blob = np.exp(-((yy - 7) ** 2 + (xx - 7) ** 2) / 4)
for name, up in (("yours", upsample_bilinear), ("half pixels forgotten", forgetful)):
    large = up(blob, 8)
    center = (large.sum(1) @ np.arange(120) / large.sum(), large.sum(0) @ np.arange(120) / large.sum())
    print(f"{name:<22} center at row {center[0]:.2f}, column {center[1]:.2f}")
print(f"{'the middle':<22}           row {119 / 2:.2f}, column {119 / 2:.2f}")

# %% [markdown] id="shift-reading"
# $(s - 1)/2 = 3.5$ pixels, along both axes. Nothing crashes, the picture looks fine, and a pole one pixel wide is missed
# every time.

# %% [markdown] id="stamp-why"
# ## 4 · Transposed convolution: stamp and add
#
# Nearest and bilinear have no weights: what lies between two cells is decided before any training. A **transposed
# convolution** has a kernel that can be learned. Each input cell takes the kernel, multiplies it by its own value, and stamps
# the result onto the output. The next cell stamps one **stride** further. Where stamps overlap they **add up**.
#
# A convolution reads a window and writes one cell. Here one cell is read and a window is written. It is a convolution run
# backwards, and section 5 will say in which sense.
#
# **Predict before you run.** The row `[1, 2, 3]`, the kernel `[1, 10, 100]`, stride 2. How long is the output, and which
# numbers are in it?
#
# <details><summary>Answer</summary>
#
# Three stamps, 2 apart, of length 3: the last one begins at 4 and ends at 6, so 7 cells. 1 10 **102** 20 **203** 30 300. At
# 102 the end of the first stamp, 1 · 100, meets the beginning of the second, 2 · 1.
#
# </details>
#
# Then step through it in two dimensions.

# %% id="stamp-stepper" alt="A stepper for a transposed convolution with stride 2: one cell of the 2 by 3 input is marked, its multiple of the 3 by 3 kernel lies on the 5 by 7 output, and where stamps overlap the sums are shown."
pattern = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]])
viz.step_conv_transpose(np.array([[1, 0, 2], [3, -1, 2]]), pattern, stride=2, code=False)

# %% [markdown] id="stamp-size"
# ### The size, and what padding means here
#
# $n$ input cells make $n$ stamps. The first begins at 0, the last at $(n - 1)\,s$, and it is $k$ long. So the stamps cover
# $(n - 1)\,s + k$ cells. Then **padding** $p$ is taken away on both sides:
#
# $$n' = (n - 1)\,s + k - 2p ,$$
#
# where $n$ and $n'$ are the heights (or widths) of input and output, $k$ that of the kernel, and $s$ the stride.
#
# Padding *removes* cells here, which surprises everybody once. The reason is that all settings are named after the
# convolution that is being transposed. That one adds a border of $p$ cells before it reads; going back, the border is cut
# off.
#
# **Predict.** A map of 5 cells, kernel 4, stride 2, padding 1: how large is the output? And kernel 3, stride 2, padding 1?
#
# <details><summary>Answer</summary>
#
# (5 − 1) · 2 + 4 − 2 = 10, exactly twice. (5 − 1) · 2 + 3 − 2 = 9, one short of twice. Remember that one.
#
# </details>

# %% [markdown] id="transpose-exercise"
# ### Exercise 7.3 · conv_transpose2d
#
# Write it, this time from an empty body. `stride` and `padding` are whole numbers or pairs (rows, columns);
# `np.broadcast_to(stride, 2)` makes a pair of either. A good order: a canvas of zeros that holds all stamps, the stamps, and
# only then the cropping.


# %% id="transpose" tags=["exercise"]
def conv_transpose2d(x, kernel, stride=1, padding=0):
    """Return the sum of the stamps x[i, j] · kernel, a stride apart, without `padding` cells at each side."""
    ### BEGIN SOLUTION
    (down, right), (top, left) = np.broadcast_to(stride, 2), np.broadcast_to(padding, 2)
    (height, width), (kh, kw) = x.shape, kernel.shape
    canvas = np.zeros(((height - 1) * down + kh, (width - 1) * right + kw))
    for i, j in np.ndindex(height, width):
        canvas[i * down : i * down + kh, j * right : j * right + kw] += x[i, j] * kernel
    return canvas[top : canvas.shape[0] - top, left : canvas.shape[1] - left]
    ### END SOLUTION


# %% id="transpose-check" tags=["check"]
conv_transpose2d = check("conv_transpose2d", conv_transpose2d).use()

# %% [markdown] id="matrix-why"
# ## 5 · Why "transposed"
#
# Write an image as one long column of its pixels. A convolution is then a multiplication by a matrix $C$: one row for each
# output cell, one column for each pixel, the kernel's weights where they meet, and 0 elsewhere. Here it is for a
# 2×2 kernel on a 3×4 image.

# %% id="matrix-demo" alt="The 2 by 2 kernel with weights 1, 2, 3, 4; the 6 by 12 matrix of the convolution, each row with the four weights in the same pattern, moved to the right from row to row; and its 12 by 6 transpose, each column with the four weights."
kernel = np.array([[1, 2], [3, 4]])
matrix = ops.conv_matrix(kernel, in_shape=(3, 4)).toarray()
viz.matrices([kernel, matrix, matrix.T], ["kernel", "C", "C transposed"])

# %% [markdown] id="matrix-reading"
# Read $C$ by rows: row 0 says which pixels output cell 0 reads. Read the transpose $C^\top$ by columns: column 0 says where
# *input* cell 0 writes, and it writes the kernel. That is a stamp. So multiplying by $C^\top$ is stamping and adding, and
# the operation has its name from there.
#
# There is a third road to it. When a network is trained, the gradient has to pass backwards through each convolution. If
# $y = Cx$, and $g$ holds the derivative of the loss with respect to each cell of $y$, then the derivative with respect to $x$ is
# $C^\top g$. So the backward step of *every* convolution that you have trained was a transposed convolution.
#
# Three ways, one result? Your stamps, the matrix, and torch's gradient, on your own numbers. Change them.

# %% id="three-ways" tags=["nbval-check-output"]
rng = np.random.default_rng(0)
y = rng.normal(size=(4, 5))
kernel = rng.normal(size=(3, 2))
stride, padding = (2, 3), (1, 0)

stamps = conv_transpose2d(y, kernel, stride, padding)
matrix = ops.conv_matrix(kernel, stamps.shape, stride, padding)
by_matrix = (matrix.T @ y.ravel()).reshape(stamps.shape)

x = torch.zeros(1, 1, *stamps.shape, dtype=torch.float64, requires_grad=True)
out = F.conv2d(x, torch.tensor(kernel)[None, None], stride=stride, padding=padding)
(by_gradient,) = torch.autograd.grad(out, x, grad_outputs=torch.tensor(y)[None, None])

print("input", y.shape, " output", stamps.shape)
print("stamps = matrix:  ", np.allclose(stamps, by_matrix))
print("stamps = gradient:", np.allclose(stamps, by_gradient[0, 0]))

# %% [markdown] id="adjoint-why"
# ### A test that needs no expected numbers
#
# Write $\langle a, b \rangle$ for the sum of the products of equal places of two maps. For every matrix
# $\langle Cx, y \rangle = \langle x, C^\top y \rangle$. So for *all* maps $x$ and $y$ of fitting shapes
#
# $$\langle \operatorname{conv}(x),\, y \rangle = \langle x,\, \operatorname{convT}(y) \rangle ,$$
#
# which is called the **adjoint** identity. It tells at once whether two pieces of code belong together: no kernel has been
# flipped, no padding forgotten.

# %% id="adjoint-facts" tags=["nbval-check-output"]
for stride, padding in ((1, 0), (2, 1), ((3, 2), (0, 1))):
    y = rng.normal(size=(4, 5))
    down, right = np.broadcast_to(stride, 2)
    top, left = np.broadcast_to(padding, 2)
    x = rng.normal(size=(3 * down + 3 - 2 * top, 4 * right + 2 - 2 * left))
    one = (ops.conv2d(x, kernel, stride, padding) * y).sum()
    other = (x * conv_transpose2d(y, kernel, stride, padding)).sum()
    print(f"stride {stride!s:<6} padding {padding!s:<6}  {one:8.4f} = {other:8.4f}")

# %% [markdown] id="inverse-why"
# ### Not an inverse
#
# Older papers and libraries say "deconvolution". In mathematics that word means undoing a convolution. **Predict:** does a
# transposed convolution undo the convolution with the same kernel?
#
# <details><summary>Answer</summary>
#
# No. $C$ has fewer rows than columns as soon as the map gets smaller, so two images can have the same convolution, and
# nothing can tell them apart afterwards. $C^\top$ brings back the *shape*, not the values. Here it does not even bring
# back the average.
#
# </details>

# %% id="inverse-demo" alt="Three matrices: a 4 by 4 grid of small whole numbers; its convolution by a 2 by 2 kernel with stride 2, 2 by 2 with much larger numbers; the transposed convolution of that, 4 by 4 again, with numbers up to about 200 that have nothing in common with the first grid."
grid = np.array([[1, 3, 0, 2], [4, 2, 1, 1], [0, 0, 5, 6], [7, 1, 6, 2]])
kernel = np.array([[1, 2], [3, 4]])
down_again = ops.conv2d(grid, kernel, stride=2)
up_again = conv_transpose2d(down_again, kernel, stride=2)
viz.matrices([grid, down_again, up_again], ["x", "conv(x)", "convT(conv(x))"], signed=False)

# %% [markdown] id="divide-why"
# ## 6 · Sizes that do not divide
#
# A convolution with kernel 3, stride 2 and padding 1 makes 4 cells of 7. Of 8 cells too:
# $\lfloor (n + 2p - k)/s \rfloor + 1$ rounds down. So coming from 4 cells nobody can tell what the map was before, and
# the formula of section 4 gives the smallest possibility. The others, up to $s - 1$ cells more, have to be asked for.

# %% id="divide-facts" tags=["nbval-check-output"]
for n in (7, 8):
    print(f"{n} cells -> {ops.conv_output_size(n, 3, stride=2, padding=1)}")

layer = nn.ConvTranspose2d(1, 1, kernel_size=3, stride=2, padding=1, bias=False)
x = torch.ones(1, 1, 4, 4)
print("4 cells ->", layer(x).shape[-1], " by default")
print("4 cells ->", layer(x, output_size=(8, 8)).shape[-1], " with output_size=(8, 8)")
more = nn.ConvTranspose2d(1, 1, kernel_size=3, stride=2, padding=1, output_padding=1)
print("4 cells ->", more(x).shape[-1], " with output_padding=1")

# %% [markdown] id="divide-reading"
# `output_size` says what you want, and torch refuses what is impossible. `output_padding` adds a fixed number of rows and
# columns at the bottom and at the right, by cropping less of the stamps there. (With nothing to crop, it adds cells that no
# stamp reaches.) When the result must fit another map, pass `output_size=other.shape[-2:]`: that is right for every size,
# while a fixed `output_padding` is right for every second one.

# %% [markdown] id="checker-why"
# ## 7 · Checkerboards
#
# Networks that paint images have a notorious flaw: a fine pattern like a checkerboard in flat areas (Odena et al. 2016). You
# can work out the cause yourself. Let all inputs be 1 and all weights be 1. Then each output cell simply counts the stamps
# that lie on it, its **coverage**.
#
# **Predict before you run.** In one dimension, kernel 3 and stride 2: how many stamps lie on each cell in the middle? And for
# kernel 4 and stride 2, and kernel 2 and stride 2?
#
# <details><summary>Answer</summary>
#
# Kernel 3: 1 and 2 in turn, since every second cell is the end of one stamp and the beginning of the next. Kernel 4: 2
# everywhere. Kernel 2: 1 everywhere, the stamps lie side by side.
#
# </details>

# %% id="checker-rows" tags=["nbval-check-output"]
for k in (3, 4, 2):
    coverage = conv_transpose2d(np.ones((1, 6)), np.ones((1, k)), stride=(1, 2))
    print(f"kernel {k}, stride 2: ", *(f"{v:.0f}" for v in coverage[0]))

# %% id="checker-maps" alt="Three gray maps of coverage: kernel 3 with stride 2 shows a regular pattern of bright dots and dark squares; kernel 4 and kernel 2 are uniform in the middle, kernel 4 with a darker frame."
ones = np.ones((8, 8))
viz.images(
    [conv_transpose2d(ones, np.ones((k, k)), stride=2) for k in (3, 4, 2)],
    ["kernel 3, stride 2", "kernel 4, stride 2", "kernel 2, stride 2"],
    shared_scale=True,
)

# %% [markdown] id="checker-reading"
# With kernel 3 and stride 2 the coverage alternates: 1, 2, 1, 2 along a row, and 1, 2, 4 in two dimensions. It is even in the
# middle exactly when the **stride divides the kernel**. (A frame of fewer stamps is left at the border; padding crops it.)
#
# Real layers have unequal weights, and training can make up for uneven coverage. Does it? And is even coverage enough?
# Measure it. A layer gets a flat gray map, whose perfect enlargement is flat too. The output cells fall into four groups, by
# even and odd row and column. The **pattern** is the standard deviation of the four group means, divided by the root of
# their mean square: 0 % when all are equal, at most 100 %.
#
# Four layers with one input and one output channel: kernels 3, 4 and 2, and **resize-convolution**, the remedy that
# Odena et al. propose: nearest upsampling first, then an ordinary 3×3 convolution. Each is measured as it is drawn at
# random, and after 40 and 160 steps of learning to turn a half-size photograph back into the full one.

# %% id="checker-train"
photo = torch.tensor(datasets.photograph("camera", size=(64, 64)))[None, None]  # [1, 1, 64, 64]
half = F.avg_pool2d(photo, 2)
flat = torch.full((1, 1, 16, 16), 0.5)
layers = {
    "kernel 3": lambda: nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1, output_padding=1),
    "kernel 4": lambda: nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1),
    "kernel 2": lambda: nn.ConvTranspose2d(1, 1, 2, stride=2),
    "resize-convolution": lambda: nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 3, padding=1)),
}


def on_flat(layer):
    """Return the middle of what the layer makes of a flat map."""
    with torch.no_grad():
        return layer(flat)[0, 0, 8:-8, 8:-8]


def pattern(layer):
    """Return the spread of the four group means on a flat map, as a share of their size."""
    means = torch.stack([on_flat(layer)[i::2, j::2].mean() for i in (0, 1) for j in (0, 1)])
    return (means.std(correction=0) / means.square().mean().sqrt()).item()


def learn(layer, steps):
    """Train the layer to enlarge the photograph."""
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)
    for _ in range(steps):
        loss = F.mse_loss(layer(half), photo)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return layer


torch.manual_seed(0)
looks = {}
print(f"{'mean of 3 layers each':<24}{'random':>8}{'40 steps':>10}{'160 steps':>11}")
for name, make in layers.items():
    drawn = [make() for _ in range(3)]
    looks[name] = [on_flat(drawn[0])]
    found = [np.mean([pattern(layer) for layer in drawn])]
    for steps in (40, 120):
        found.append(np.mean([pattern(learn(layer, steps)) for layer in drawn]))
        looks[name].append(on_flat(drawn[0]))
    print(f"{name:<24}{found[0]:>8.1%}{found[1]:>10.1%}{found[2]:>11.1%}")

# %% id="checker-looks" alt="Eight maps of deviations from the mean. First row, drawn at random: kernels 3, 4 and 2 show strong regular patterns of orange and blue cells, resize-convolution is plain white. Second row, after 40 steps: the same patterns, pale for kernels 3 and 4, still clear for kernel 2; resize-convolution is white."
viz.images(
    [looks[name][when] - looks[name][when].mean() for when in (0, 1) for name in layers],
    [f"{name}, {when}" for when in ("random", "step 40") for name in layers],
    signed=True,
    shared_scale=True,
    columns=4,
)

# %% [markdown] id="checker-result"
# Each map is shown as its deviation from its own mean, blue above and orange below, all on one scale. What the numbers say, and
# what they do not:
#
# - Drawn at random, *every* transposed convolution paints a pattern, also the ones with even coverage: the four groups of output
#   cells use different weights of the kernel. Even coverage only means that equal weights would paint none.
# - Training on this easy task nearly removes it, for kernel 3 too. So kernel 3 *can* do without; it has to learn it, in every
#   layer. Kernel 4 is quickest. Kernel 2 is as evenly covered, and yet no quicker than kernel 3: each of its groups hangs on
#   a single weight.
# - Resize-convolution has no pattern at any time: all output cells use the same weights on equal inputs.
#
# So where a pattern would hurt, choose resize-convolution; among transposed convolutions, a kernel that the stride divides and
# whose stamps overlap. Or let the groups start equal: Aitken et al. (2017) draw random weights for one group only, and copy
# them to the others.

# %% [markdown] id="design-exercise"
# ### Exercise 7.4 · design_doubling
#
# Design a transposed convolution for the way up in a network. Return `kernel, stride, padding` such that
#
# - a map of $n$ cells becomes one of exactly $2n$, for **every** $n$, without `output_padding`;
# - all cells in the middle lie under equally many stamps;
# - stamps overlap, so that output cells mix neighboring input cells;
# - the kernel is 6 at most.
#
# **Think before you try.** The formula of section 4 has to give $2n$ for $n = 5$ and for $n = 6$. What does that say about
# the stride? And then about the kernel: can it be odd?


# %% id="design" tags=["exercise"]
def design_doubling():
    """Return kernel, stride, padding of a transposed convolution that doubles every map, evenly, with overlap."""
    ### BEGIN SOLUTION
    return 4, 2, 1
    ### END SOLUTION


# %% id="design-check" tags=["check"]
design_doubling = check("design_doubling", design_doubling).use()

# %% id="design-facts" tags=["nbval-check-output"]
k, s, p = design_doubling()
for n in (4, 5, 9):
    out = conv_transpose2d(np.ones((1, n)), np.ones((1, k)), stride=(1, s), padding=(0, p))
    print(f"{n} -> {out.shape[1]:>2}   stamps on each cell:", *(f"{v:.0f}" for v in out[0]))

# %% [markdown] id="design-reading"
# Each further input cell must add exactly two output cells, so the stride is 2. Then $k - 2p = 2$, so the kernel is *even*,
# and a stride of 2 divides it. With overlap, that leaves kernel 4 with padding 1 and kernel 6 with padding 2. Whoever doubles
# sizes exactly gets even coverage for free; kernel 3 needs `output_padding=1` to get there, and its coverage is uneven.

# %% [markdown] id="hat-why"
# ## 8 · Bilinear is a transposed convolution
#
# Weights that can be learned must start somewhere. Long et al. (2015) start from a layer that works already: with the
# right kernel a transposed convolution *is* bilinear upsampling. Look at it from the input cell's side. A cell of value 1
# among zeros becomes, bilinearly, a little tent: full at its center, falling in a straight line to 0 at the centers of its
# neighbors. That tent is the stamp. For an even scale $s$ it has $k = 2s$ weights
#
# $$w_u = 1 - \frac{\left|u - \tfrac{k-1}{2}\right|}{s}, \qquad u = 0, \dots, k - 1,$$
#
# and in two dimensions the product of one for the row and one for the column.


# %% id="hat-demo" alt="The row of weights 0.25, 0.75, 0.75, 0.25 and the 4 by 4 kernel of its products, from 0.06 in the corners to 0.56 in the middle."
def tent(scale):
    """Return the bilinear kernel for an even scale, [2·scale, 2·scale]."""
    k = 2 * scale
    weights = 1 - np.abs(np.arange(k) - (k - 1) / 2) / scale
    return np.outer(weights, weights)


row_weights = tent(2).sum(0, keepdims=True) / 2  # the column's weights add up to 2
viz.matrices([row_weights, tent(2)], ["weights of a row", "their products"], signed=False)

# %% [markdown] id="hat-predict"
# For scale 2 that is kernel 4, stride 2, padding 1: a design from above.
#
# **Predict before you run.** Will the result equal your `upsample_bilinear` everywhere?
#
# <details><summary>Answer</summary>
#
# Everywhere but in a frame at the border. There `upsample_bilinear` repeats the edge cell, while the transposed convolution
# knows no cell beyond the edge: no stamp comes from there, which counts as 0. So the frame is darker.
#
# </details>

# %% id="hat-facts" tags=["nbval-check-output"]
for scale in (2, 4, 8):
    stamped = conv_transpose2d(road, tent(scale), stride=scale, padding=scale // 2)
    blended = upsample_bilinear(road, scale)
    inner = (slice(scale // 2, -scale // 2),) * 2
    print(
        f"scale {scale}: {stamped.shape}   equal inside: {np.allclose(stamped[inner], blended[inner])}"
        f"   equal at the border: {np.allclose(stamped, blended)}"
    )

# %% [markdown] id="hat-reading"
# FCN's last layer keeps these weights fixed, and its earlier ones start from them and learn on (Long et al. 2015, section
# 4.3). Lesson 6 builds it.

# %% [markdown] id="unpool-why"
# ## 9 · Unpooling: put it back where it was
#
# All ways so far spread a value evenly over its block, for lack of better knowledge. But max pooling *knew* better: in
# lesson 2 your `max_pool2d` returned, beside each value, its flat index in the large map. **Max-unpooling** keeps the
# indices until the way up, and puts each value back exactly there. All other cells are 0.
#
# **Predict** before you step: of a 4×6 map pooled by 2×2 windows, how many cells of the unpooled map are not 0?
#
# <details><summary>Answer</summary>
#
# Six of the 24: one for each window, always at most a quarter.
#
# </details>

# %% id="unpool-stepper" alt="A stepper for unpooling: the 4 by 6 map before pooling, the 2 by 3 maxima with their flat indices, and the 4 by 6 unpooled map in which each maximum stands in its old place among zeros."
before = np.array([[1, 5, 2, 0, 3, 4], [3, 1, 8, 6, 7, 0], [4, 2, 9, 1, 3, 5], [6, 0, 2, 4, 1, 2]])
viz.step_unpool(before, 2, code=False)

# %% [markdown] id="unpool-exercise"
# ### Exercise 7.5 · max_unpool2d
#
# Write `max_unpool2d(values, indices, output_shape)`. `values` and `indices` have the same shape; `output_shape` is the pair
# (H, W) of the map before pooling, which cannot be guessed: a 5×7 map and a 4×6 map are both pooled to 2×3. The indices are
# flat, row after row.
#
# You may count on each index occurring once. (When windows overlap, two of them can share a maximum. Then the same value is
# written twice to the same cell, which does no harm; only *adding* it up would.)


# %% id="unpool" tags=["exercise"]
def max_unpool2d(values, indices, output_shape):
    """Return a map of zeros [H, W] with each value at its flat index."""
    ### BEGIN SOLUTION
    out = np.zeros(output_shape, values.dtype)
    out.flat[indices] = values
    return out
    ### END SOLUTION


# %% id="unpool-check" tags=["check"]
max_unpool2d = check("max_unpool2d", max_unpool2d).use()

# %% [markdown] id="bug-why"
# ### Find the bug
#
# Somebody wrote the block below, tested it on a photograph of 190×254 pixels, and was content. Then came one of 191×255.


# %% id="bug-broken"
def broken_unpool2d(values, indices, output_shape):
    rows, columns = np.divmod(indices, 2 * values.shape[1])
    out = np.zeros(output_shape)
    out[rows, columns] = values
    return out


# %% id="bug-symptom" alt="Two unpooled photographs on black, both dotted: the left one shows the photographer with his camera, in the right one the picture is sheared along a diagonal so that everything leans and wraps around."
pictures = []
for shape in ((190, 254), (191, 255)):
    camera = datasets.photograph("camera", size=shape)
    values, indices = ops.max_pool2d(camera, 2)
    pictures.append(broken_unpool2d(values, indices, camera.shape))
viz.images(pictures, ["190×254", "191×255"])

# %% [markdown] id="bug-answer"
# What does the block assume, and why does the picture lean? Mend it in your head, then open the answer.
#
# <details><summary>Answer</summary>
#
# It takes twice the pooled width for the width of the map. With 254 columns that is right. With 255 it is one too few: pooling
# left the last column out, but the indices still count it, since they count the cells of the map *before* pooling. So each
# row begins one cell too late, and after 190 rows the picture is off by 190 columns. Divide by `output_shape[1]`.
#
# </details>
#
# torch's own layer has the same trap. Left alone it assumes twice the size; `output_size` tells it.

# %% id="bug-torch" tags=["nbval-check-output"]
odd = torch.tensor([[0.0, 9, 0, 8, 0], [0, 0, 0, 0, 0], [7, 0, 6, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]])[
    None
]
values, indices = F.max_pool2d(odd, 2, return_indices=True)
alone = nn.MaxUnpool2d(2)(values, indices)
told = nn.MaxUnpool2d(2)(values, indices, output_size=odd.shape[1:])
print("before", tuple(odd.shape[1:]), " alone", tuple(alone.shape[1:]), " told", tuple(told.shape[1:]))
print("told equals the map before:", torch.equal(told, odd))
print("alone, where the 7 and the 6 are:", *(tuple((alone[0] == v).nonzero()[0].tolist()) for v in (7, 6)))
print("before:                          ", *(tuple((odd[0] == v).nonzero()[0].tolist()) for v in (7, 6)))

# %% [markdown] id="bug-torch-reading"
# The pooled values are right, the shape is plausible, and no error is raised as long as no index is beyond the smaller map. Always pass
# `output_size`.

# %% [markdown] id="pole-why"
# ## 10 · Who brings the pole back?
#
# Now the measurement. Take the mask of one class as a feature map: 1 on the class, 0 elsewhere, perfect evidence. Halve it
# by max pooling once, twice or three times, bring it back by each of the ways, and compare with the start. No weights
# anywhere.
#
# Unpooling gets two rivals that use the same sparse map but not the true positions: indices **shuffled** within each window, and
# the **top-left** cell of each window. They tell whether it is the *positions* that help, or just the sparseness.
#
# Beside IoU, two numbers say in which way an answer is wrong: **precision** is the share of the answer's pixels that are right,
# **recall** the share of the class's pixels that were found.
#
# **Predict before you run.** For poles after two halvings (windows of 4×4 in all): which way has the best recall, and which
# the best precision?
#
# <details><summary>Answer</summary>
#
# Recall: nearest, which paints every block that has a pole pixel in it. Precision: unpooling, which only writes where a pole pixel
# was. The table says at what price.
#
# </details>


# %% id="pole-measure"
def pooled_down(x, rounds):
    """Halve a map by max pooling; return the small map and, for each round, the indices and the shape before."""
    trail = []
    for _ in range(rounds):
        values, indices = ops.max_pool2d(x, 2)
        trail.append((indices, x.shape))
        x = values
    return x, trail


def moved(indices, shape, where):
    """Return indices of other cells in the same 2×2 windows: random ones, or the top-left ones."""
    i, j = np.indices(indices.shape[-2:])
    row, column = rng.integers(0, 2, (2, *indices.shape)) if where == "shuffled" else (0, 0)
    return np.broadcast_to((2 * i + row) * shape[1] + 2 * j + column, indices.shape)


ways = {
    "nearest": lambda x, indices, shape: upsample_nearest(x, 2),
    "bilinear": lambda x, indices, shape: upsample_bilinear(x, 2),
    "transposed, tent": lambda x, indices, shape: conv_transpose2d(x, tent(2), stride=2, padding=1),
    "unpooling": lambda x, indices, shape: max_unpool2d(x, indices, shape),
    "  shuffled": lambda x, indices, shape: max_unpool2d(x, moved(indices, shape, "shuffled"), shape),
    "  top-left": lambda x, indices, shape: max_unpool2d(x, moved(indices, shape, "top-left"), shape),
}


def brought_back(truth, rounds, way):
    """Return the pixels that come back above one half after so many halvings and doublings."""
    x, trail = pooled_down(truth.astype(float), rounds)
    for indices, shape in reversed(trail):
        x = way(x, indices, shape)
    return x > 0.5


# %% id="pole-table" tags=["nbval-check-output"]
rng = np.random.default_rng(0)
masks = scenes.targets[:8].numpy()
for name, c in (("Road", ROAD), ("Pole", POLE)):
    print(f"{name:<18}" + "".join(f"   1/{2**rounds}: IoU  prec.  recall" for rounds in (1, 2, 3)))
    for label, way in ways.items():
        line = f"{label:<18}"
        for rounds in (1, 2, 3):
            answers = np.stack([brought_back(m == c, rounds, way) for m in masks])
            found, answered, there = (answers & (masks == c)).sum(), answers.sum(), (masks == c).sum()
            line += (
                f"   {found / (answered + there - found):8.2f}  {found / answered:5.2f}  {found / there:6.2f}"
            )
        print(line)
    print()

# %% id="pole-picture" alt="Seven small black pictures. The poles are thin white lines. Nearest, bilinear and the transposed convolution with the tent show bars four pixels wide in the same places; unpooling shows rows of single dots on the lines; shuffled, dots scattered around them; top-left, straight rows of dots beside them."
crop = slice(8, 56), slice(40, 104)
street = scenes.targets[5].numpy() == POLE
viz.images(
    [
        street[crop].astype(float),
        *(brought_back(street, 2, way)[crop].astype(float) for way in ways.values()),
    ],
    ["the poles", *(name.strip() for name in ways)],
    columns=4,
)

# %% [markdown] id="pole-reading"
# Read it slowly; it is the heart of this lesson.
#
# - **The road** comes back with every way that fills its blocks. An average over all pixels, where road counts far more than
#   poles, would call those ways good and stop there.
# - **Nearest and bilinear** find every pole (recall 1 or nearly) and paint it as thick as their block: precision is about one in
#   two, one in four, one in eight. They know *that* there is a pole and not *where*.
# - **Unpooling** is never wrong (precision 1) and leaves most of the pole out: a window of 4×4 has one maximum, the pole has
#   four pixels in it. It knows *where* and has holes.
# - With **shuffled or top-left** indices the map is as sparse, and wrong besides. So it is the positions that count.
#
# By IoU alone nothing is won: unpooling and nearest are about equal on poles, and on the road unpooling is hopeless. The two
# fail in opposite ways. Thick is hard to mend, since the position is gone for good. Holes are easy to mend: a small
# **convolution after unpooling** can connect the dots. That is the way up in SegNet.

# %% [markdown] id="learned-why"
# ### With something to learn
#
# So give every way the same chance: after each doubling two 3×3 convolutions with 8 channels in between, which add a
# correction and are trained to return the poles. The transposed convolution also learns its kernel, starting from the tent.
# The small map is the same for all, and only unpooling gets the true indices.
#
# What comes out is one logit for each pixel, positive for "pole". The loss is the cross-entropy of lesson 3 for these two
# answers, the mean over the pixels. Poles are rare, so a pole pixel counts four times in it (lesson 8 says how to choose such
# weights). Training uses tiles from 40 scenes; the test tiles come from 20 others.
#
# **Predict before you run.** At 1/8 both nearest and unpooling start from an IoU of little more than 0.1. Where will each of
# them end?
#
# <details><summary>Answer</summary>
#
# Unpooling at about one half, although it starts with seven of eight pole pixels missing: what has its position can be
# joined. Nearest does not gain, it even ends near 0. Why it gives up instead, you can read below the table.
#
# </details>


# %% id="learned-train"
class Doubling(nn.Module):
    """Double a map [N, 1, h, w] in one of the ways, then add what two small convolutions say is missing."""

    def __init__(self, way):
        super().__init__()
        self.way = way
        self.stamp = nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1, bias=False)
        self.stamp.weight.data[0, 0] = torch.tensor(tent(2))
        self.tidy = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))

    def forward(self, x, indices, size):
        if self.way == "transposed":
            x = self.stamp(x, output_size=size)
        elif self.way in ("nearest", "bilinear"):
            x = F.interpolate(x, size=size, mode=self.way)
        else:
            x = F.max_unpool2d(x, indices, 2, output_size=size)
        return x + self.tidy(x)


def there_and_back(stages, x):
    """Halve the maps as often as there are stages, then let the stages double them."""
    trail = []
    for stage in stages:
        shape = x.shape[-2:]
        x, indices = F.max_pool2d(x, 2, return_indices=True)
        if stage.way in ("shuffled", "top-left"):
            indices = torch.tensor(moved(indices, shape, stage.way))
        trail.append((indices, shape))
    for stage, (indices, shape) in zip(stages, reversed(trail), strict=True):
        x = stage(x, indices, shape)
    return x


def trained(way, rounds, steps=100):
    """Return stages trained on the tiles."""
    torch.manual_seed(0)
    stages = nn.ModuleList(Doubling(way) for _ in range(rounds))
    optimizer = torch.optim.Adam(stages.parameters(), lr=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.02, total_steps=steps)
    for _ in range(steps):
        batch = train_tiles[torch.randint(len(train_tiles), (8,))]
        loss = F.binary_cross_entropy_with_logits(
            there_and_back(stages, batch), batch, pos_weight=torch.tensor(4.0)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return stages


poles = (scenes.targets == POLE).float()[:, None]  # [60, 1, 96, 128]
tiles = poles.unfold(2, 32, 32).unfold(3, 64, 64).reshape(60, 6, 1, 32, 64)
train_tiles, test_tiles = (part.flatten(0, 1) for part in (tiles[:40], tiles[40:]))
train_tiles = train_tiles[train_tiles.sum((1, 2, 3)) >= 16]  # tiles with hardly a pole teach nothing
rng = np.random.default_rng(0)
answers = {}
print(f"{'IoU of poles':<14}{'1/2':>6}{'1/4':>6}{'1/8':>6}")
for way in ("nearest", "bilinear", "transposed", "unpooling", "shuffled", "top-left"):
    line = f"{way:<14}"
    for rounds in (1, 2, 3):
        stages = trained(way, rounds)
        with torch.no_grad():
            answers[way, rounds] = there_and_back(stages, test_tiles) > 0
        line += f"{iou(answers[way, rounds], test_tiles > 0).item():6.2f}"
    print(line)


# %% id="learned-picture" alt="Seven small black pictures of a test tile. The poles are thin white lines, some with arms. Nearest, bilinear and the transposed convolution show bars about four pixels wide. Unpooling shows mostly single lines in the right places, with gaps at the arms. Shuffled shows ragged thick bars, top-left smooth thick bars."
tile = 33  # lamps with arms
names = list(dict.fromkeys(way for way, _ in answers))
viz.images(
    [test_tiles[tile, 0], *(answers[way, 2][tile, 0].float() for way in names)],
    ["the poles", *(f"{way}, 1/4" for way in names)],
    columns=4,
)

# %% [markdown] id="learned-reading"
# One training each, so do not trust the last digit. The order is plain all the same.
#
# - Convolutions behind **unpooling** connect the dots. IoU rises from about 0.5, 0.2 and 0.1 without them to about 0.75, 0.65
#   and 0.5.
# - Behind **nearest and bilinear** they gain nothing. They cannot: in which column of its block the pole stood is not in their
#   input any more. At 1/8 only one pixel in eight of a bar would be a hit. Even with the weighted loss the best answer is
#   then "no pole", and that is nearly what they learn.
# - The **learned transposed convolution** fares no better. Its kernel is the same everywhere: it can learn a texture, but no
#   position.
# - **Shuffled and top-left** indices give equally sparse maps to the same convolutions, and end where nearest ends, or below.
#   So it is the positions.
#
# And the limits of this measurement: the evidence was perfect, and positions were all that got lost. In a whole network the
# evidence is uncertain, there are hundreds of channels, and positions can come back by other roads too: the skips of FCN
# (lesson 6) and of U-Net (lesson 9). So here is the same question asked of a whole network, trained beforehand on the road
# scenes of lesson 6 with the same budget: SegNet, with unpooling or with bilinear enlarging and the same convolutions behind
# it. Lesson 8 builds it. Three scores: **mIoU** is the mean of the IoU of all classes, **boundary IoU** compares only pixels
# near outlines, and the last is the mean IoU of the two thin classes.

# %% id="ahead" alt="Three panels, mean IoU, boundary IoU and the IoU of poles and signs, three seeds each as circles with their mean: SegNet with indices is far to the right of SegNet without them in all three. Beside them weights, seconds per epoch and memory."
runs = [run for run in comparison.load() if run.network.startswith("SegNet")]
viz.score_table(*comparison.columns(runs))

# %% [markdown] id="ahead-reading"
# Both networks have equally many weights, in the same convolutions. The indices are worth about 0.08 of mIoU, and nearly
# double the two scores that depend on exact places. They must be kept until the way up: about 0.1 GB of memory here.

# %% [markdown] id="torch-why"
# ## 11 · The same with torch
#
# Each way up is a layer or a function of torch, on batches of images with channels, `[N, C, H, W]`.

# %% id="torch-facts" tags=["nbval-check-output"]
x = torch.tensor(rng.normal(size=(1, 1, 5, 7)))  # [N, C, H, W], float64
mine = x[0, 0].numpy()
kernel = rng.normal(size=(4, 3))
layer = nn.ConvTranspose2d(1, 1, (4, 3), stride=(2, 3), padding=(1, 0), bias=False, dtype=torch.float64)
layer.weight.data = torch.tensor(kernel)[None, None]
values, indices = F.max_pool2d(x, 2, return_indices=True)

pairs = {
    "nearest": (nn.Upsample(scale_factor=3)(x), upsample_nearest(mine, 3)),
    "bilinear": (nn.Upsample(scale_factor=3, mode="bilinear")(x), upsample_bilinear(mine, 3)),
    "transposed": (layer(x), conv_transpose2d(mine, kernel, (2, 3), (1, 0))),
    "unpooling": (
        nn.MaxUnpool2d(2)(values, indices, output_size=(5, 7)),
        max_unpool2d(values[0, 0].numpy(), indices[0, 0].numpy(), (5, 7)),
    ),
}
for name, (theirs, own) in pairs.items():
    theirs = theirs[0, 0].detach().numpy()
    print(f"{name:<11} {theirs.shape!s:<9} equal: {np.allclose(theirs, own)}")

# %% [markdown] id="torch-reading"
# Where the cards say *passed*, one side of each line is your own code. Two notes for practice. A transposed convolution mixes
# channels like any convolution, but its weight is stored as [in, out, kh, kw], the other way round than `Conv2d`'s, since it
# is the transpose. And the other three ways treat each channel alone and have no weights at all.

# %% [markdown] id="last-why"
# ## 12 · There and back, side by side
#
# Last, a photograph. Its edge map is pooled by 4×4 windows, and brought back. Look at the tripod's legs.

# %% id="last-demo" alt="Four maps of the photographer's camera and tripod: the thin edges; nearest and bilinear, the same shapes four pixels thick, in squares and blurred; unpooled, black with bright dots along the edges."
camera = datasets.photograph("camera", size=(192, 192))
sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
edges = np.abs(ops.conv2d(camera, sobel, padding=1))[92:188, 60:188]
values, indices = ops.max_pool2d(edges, 4)
viz.images(
    [
        edges,
        upsample_nearest(values, 4),
        upsample_bilinear(values, 4),
        max_unpool2d(values, indices, edges.shape),
    ],
    ["edges", "pooled by 4, nearest", "pooled by 4, bilinear", "pooled by 4, unpooled"],
    columns=2,
    shared_scale=True,
)

# %% [markdown] id="last-reading"
# Nearest and bilinear give a full picture with edges four pixels thick. Unpooling gives sharp dots, exactly on the edges, and
# nothing between them.
#
# What you need next is a network that pools with indices on the way down, unpools with them on the way up, and learns
# convolutions that connect the dots. That is **SegNet**, and lesson 8 builds it.

# %% [markdown] id="recap"
# ## Recap
#
# | | what it computes | weights | output size | positions | mind |
# |---|---|---|---|---|---|
# | nearest | each cell repeated | none | $sn$ | lost | round down, not to the nearest |
# | bilinear | straight lines between cells | none | $sn$ | lost | half pixels; edges clamped; `align_corners=False` |
# | transposed convolution | stamps, added | $k^2$ per pair of channels | $(n-1)s + k - 2p$, up to $s - 1$ more | lost, learns a texture | adjoint, not inverse; checkerboards unless $s$ divides $k$ |
# | max-unpooling | maxima where they were, zeros elsewhere | none | that of the map before | **kept** | pass `output_size`; needs convolutions behind it |

# %% [markdown] id="quiz"
# ## Quiz
#
# Decide on an answer, and on a reason, before you open it.
#
# **1.** A segmentation network gives every object half a block too far to the upper left, at each size of the image. Which line
# do you look at first?
#
# <details><summary>Answer</summary>
#
# At the places of the upsampling: the half pixels are missing, $i / s$ instead of $(i + \tfrac12)/s - \tfrac12$. The error is
# $(s - 1)/2$ output pixels, about half a block, and does not depend on the size of the image. With `align_corners=True` the
# error would be zero in the middle, and point outward at every border.
#
# </details>
#
# **2.** `ConvTranspose2d(64, 32, kernel_size=5, stride=3, padding=1)` gets 10×10 maps. How large is the output? Will it have
# even coverage?
#
# <details><summary>Answer</summary>
#
# (10 − 1) · 3 + 5 − 2 = 30 rows and columns. No: 3 does not divide 5, so along each axis cells lie under 2, 2, 1 stamps in turn.
#
# </details>
#
# **3.** Somebody checks a hand-written transposed convolution with a symmetric kernel, and it agrees with torch. Is it right?
#
# <details><summary>Answer</summary>
#
# Perhaps. A flipped kernel could not show, since it is the same flipped. Test with unequal weights, with a kernel that is not
# square, and with unequal strides; or by the adjoint identity, with random numbers.
#
# </details>
#
# **4.** Max pooling, then unpooling with its indices, then the same max pooling again. What comes out? And unpooling after
# *average* pooling?
#
# <details><summary>Answer</summary>
#
# The pooled map, if its values are not negative: each window of the unpooled map holds its maximum and zeros. (A negative
# maximum would lose against a zero; after a ReLU there are none.) Average pooling has no index, since no single cell was
# chosen: there is nothing to put back to one place.
#
# </details>
#
# **5.** By the first table of section 10 unpooling is no better than nearest, by the second it is much better. What changed?
#
# <details><summary>Answer</summary>
#
# The convolutions behind it. Unpooling had right positions and holes, and a convolution can fill holes between right
# positions. Nearest had no holes and no positions, and no convolution can make up positions that are not in its input.
#
# </details>

# %% [markdown] id="sources"
# ## Sources
#
# - V. Dumoulin, F. Visin: A guide to convolution arithmetic for deep learning. arXiv 1603.07285, 2016, chapter 4. (transposed
#   convolution, its sizes, and the matrix)
# - M. D. Zeiler, D. Krishnan, G. W. Taylor, R. Fergus: Deconvolutional Networks. CVPR 2010. (the name that confuses)
# - J. Long, E. Shelhamer, T. Darrell: Fully Convolutional Networks for Semantic Segmentation. CVPR 2015, sections 3.3 and 4.3.
#   (upsampling as backwards convolution; bilinear weights)
# - A. Odena, V. Dumoulin, C. Olah: Deconvolution and Checkerboard Artifacts. Distill 2016. (uneven coverage, and
#   resize-convolution)
# - A. Aitken, C. Ledig, L. Theis, J. Caballero, Z. Wang, W. Shi: Checkerboard artifact free sub-pixel convolution. arXiv
#   1707.02937, 2017. (random weights as a cause of their own; equal groups at the start)
# - M. D. Zeiler, R. Fergus: Visualizing and Understanding Convolutional Networks. ECCV 2014, section 2.1. (unpooling with
#   recorded positions)
# - V. Badrinarayanan, A. Kendall, R. Cipolla: SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image
#   Segmentation. IEEE TPAMI 39, 2017, section 3. (unpooling, then convolutions)
#
# Photograph: "camera" by Lav Varshney, CC0, from scikit-image (`skimage.data.camera`). The streets are generated.
