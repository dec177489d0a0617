# %% [markdown] id="title"
# # 2 · Pooling
#
# [Open this lesson in Colab](https://colab.research.google.com/github/${REPOSITORY}/blob/main/lessons/${LESSON}.ipynb)
#
# In lesson 1 a kernel slid over a photograph and left a feature map: one number per place, large where the kernel's
# pattern is. Two small operations turn such maps into a network. **ReLU** keeps the evidence *for* a pattern and drops
# the evidence against it. **Pooling** asks of each neighborhood "was it there?" and makes the map smaller. Then you stack
# layers, and measure how much of the photograph a single cell can see.
#
# **What you will be able to do**
#
# - say what ReLU does, and why two convolutions without it are only one
# - compute max and average pooling by hand, with the *index* of each maximum (SegNet will need it)
# - find and mend a bug in an average pooling
# - measure how far pooling forgives a small shift, and say where that ends
# - trace the receptive field of any stack of layers, confirm it by a gradient, and design a stack for a given field
#
# **Time:** about 70 minutes of reading and doing; its cells run in about 12 s on two CPU cores; nothing here needs
# a GPU.
#
# **You need:** lesson 1: kernel, feature map, stride, output size.

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
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from cnncourse import check, datasets, ops, viz

# %% [markdown] id="signed-why"
# ## 1 · A feature map has signs
#
# Here is where lesson 1 ended: a photograph, and the map of a Sobel kernel that looks for edges from dark (left) to
# bright (right). `ops.conv2d` is the library's version of the `conv2d` that you built there.

# %% id="signed-photo" alt="A gray photograph of a photographer who bends over a camera on a tripod, in a meadow with buildings behind."
photo = datasets.photograph("camera", size=(256, 256))
viz.images(photo, "photo [256, 256]")

# %% id="signed-demo" alt="The Sobel map of the photograph: blue along edges from dark to bright, orange along edges from bright to dark, white on flat areas. The legs of the tripod are blue on one side and orange on the other."
sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
edges = ops.conv2d(photo, sobel)
viz.images(edges, "edges [254, 254]", signed=True)

# %% [markdown] id="signed-reading"
# Blue cells are positive: the kernel's pattern is there. Orange cells are negative: the *opposite* pattern is there, an
# edge from bright to dark. White cells, near 0, say nothing either way.
#
# A network that asks "is there a dark-to-bright edge here?" wants a one-sided answer: how much evidence, or none. That
# is the **rectified linear unit**, ReLU (Nair & Hinton 2010). For a single number $x$,
#
# $$\operatorname{relu}(x) = \begin{cases} x & \text{if } x > 0, \\ 0 & \text{otherwise.} \end{cases}$$
#
# It works on each cell alone: no window, no weights, and the shape stays.

# %% [markdown] id="relu-exercise"
# ### Exercise 2.1 · relu
#
# Write `relu(x)` for a NumPy array of *any* shape. It returns a new array of the same shape and leaves `x` as it was,
# since other layers may still need `x`. One line is enough; no loop is needed.


# %% id="relu" tags=["exercise"]
def relu(x):
    """Return x with every negative value replaced by 0; any shape."""
    ### BEGIN SOLUTION
    return np.maximum(x, 0)
    ### END SOLUTION


# %% id="relu-check" tags=["check"]
relu = check("relu", relu).use()

# %% [markdown] id="relu-predict"
# **Predict before you run.** Below, `relu` is applied to the map and to its negative. Which edges of the photograph
# will each of the two keep? And is anything lost if you keep both?
#
# <details><summary>Answer</summary>
#
# `relu(edges)` keeps the edges from dark to bright, `relu(-edges)` those from bright to dark. Alone, each throws the other
# half away for good. Together they lose nothing: the first minus the second is the map itself, as the printed line
# confirms. A network that needs both directions learns two kernels, one the negative of the other.
#
# </details>

# %% id="relu-demo" alt="Two maps of the photograph, both blue on white with no orange: the left one shows edges from dark to bright, the right one edges from bright to dark."
rising, falling = relu(edges), relu(-edges)
viz.images([rising, falling], ["relu(edges)", "relu(-edges)"], signed=True)

# %% id="relu-facts" tags=["nbval-check-output"]
print("rising - falling is the map again:", np.array_equal(rising - falling, edges))
print(f"cells that are 0: {np.mean(edges == 0):.1%} before ReLU, {np.mean(rising == 0):.1%} after")

# %% [markdown] id="collapse-why"
# ## 2 · Why a network needs it at all
#
# Stack two convolutions, say a blur and then Sobel, and you might hope for something richer than one convolution. You
# get none. Both are weighted sums, and a weighted sum of weighted sums is again a weighted sum: somewhere there is *one*
# larger kernel that does the same.
#
# It can be computed from the two. Pad the first kernel with zeros and slide the second, turned by 180°, over it.

# %% id="collapse-kernels" alt="Three matrices: the 3 by 3 blur kernel with 0.11 in each cell, the 3 by 3 Sobel kernel, and the 5 by 5 kernel that combines them, negative in its left two columns, 0 in the middle one, positive in the right two."
blur = np.full((3, 3), 1 / 9, np.float32)
combined = ops.conv2d(np.pad(blur, 2), sobel[::-1, ::-1])
viz.matrices([blur, sobel, combined], ["blur", "Sobel", "both in one"])

# %% id="collapse-facts" tags=["nbval-check-output"]
two_layers = ops.conv2d(ops.conv2d(photo, blur), sobel)
one_layer = ops.conv2d(photo, combined)
print("two layers:", two_layers.shape, " one layer:", one_layer.shape)
print("equal:", np.allclose(two_layers, one_layer, atol=1e-5))

# %% [markdown] id="collapse-relu"
# A hundred layers without anything between them would still be one convolution. With a ReLU between the two, no single
# kernel can do the same, and there is a short proof. Give a convolution without bias the negative photograph: every
# product changes its sign, so the whole map does, and $f(x) + f(-x) = 0$. This holds for *every* kernel. So if a pair of
# layers breaks it anywhere, no kernel can replace the pair.


# %% id="collapse-proof" tags=["nbval-check-output"]
def linear(x):
    return ops.conv2d(ops.conv2d(x, sobel), blur)


def with_relu(x):
    return ops.conv2d(relu(ops.conv2d(x, sobel)), blur)


for name, f in (("without ReLU", linear), ("with ReLU", with_relu)):
    print(f"{name:<12}  largest |f(x) + f(-x)| = {np.abs(f(photo) + f(-photo)).max():.2f}")

# %% [markdown] id="max-why"
# ## 3 · Max pooling
#
# After ReLU a cell says how much of the pattern stands *exactly here*. Often that is more than the next layer needs. An
# eye is an eye, one pixel to the left or not. **Max pooling** lays windows over the map and keeps the largest value of
# each: was the pattern anywhere in this window, and how clearly? With 2×2 windows that do not overlap, height and width
# halve, and the next layer has a quarter of the cells to look at.
#
# **Predict before you run.** This grid is cut into four 2×2 windows. Write down the four values that remain.
#
# | | | | |
# |---|---|---|---|
# | 1 | 3 | 0 | 2 |
# | 4 | 2 | 1 | 1 |
# | 0 | 0 | 5 | 6 |
# | 7 | 1 | 6 | 2 |
#
# <details><summary>Answer</summary>
#
# Top left 4, top right 2, bottom left 7, bottom right 6. The last window holds two sixes; for the value it makes no
# difference which of them wins.
#
# </details>
#
# Then step through it: press ▶, or click the picture and use the arrow keys.

# %% id="max-stepper" alt="A stepper for 2 by 2 max pooling of a 4 by 4 grid: the window lies on four cells, the largest of them is marked and written into the 2 by 2 output."
grid = np.array([[1, 3, 0, 2], [4, 2, 1, 1], [0, 0, 5, 6], [7, 1, 6, 2]])
viz.step_pool(grid, 2, code=False)

# %% [markdown] id="max-sizes"
# ### Whole windows only, and the stride
#
# How far the window moves is its **stride**. Pooling differs from convolution in one habit: when nothing is said, the
# stride equals the window's size, so that windows touch and never overlap. A window that would stick out over the border
# is left out. So the output size is the formula of lesson 1, without padding,
#
# $$n' = \left\lfloor \frac{n - k}{s} \right\rfloor + 1,$$
#
# where $n$ is the height (or width) of the map, $k$ that of the window, $s$ the stride, $n'$ the height (or width) of
# the output, and $\lfloor\cdot\rfloor$ rounds down.
#
# **Predict before you run.** A map has 5 rows and 7 columns. What is the output's shape for (a) size 2, and (b) size 3
# with stride 2? Which rows and columns does no window look at?
#
# <details><summary>Answer</summary>
#
# Both give 2 rows and 3 columns. (a) Rows: ⌊(5 − 2) / 2⌋ + 1 = 2, columns: ⌊(7 − 2) / 2⌋ + 1 = 3. The last row and the
# last column are in no window: whatever stands there is lost. (b) Rows: ⌊(5 − 3) / 2⌋ + 1 = 2, columns:
# ⌊(7 − 3) / 2⌋ + 1 = 3. Now windows overlap by one row or column, and every cell is in at least one. If you said 3 rows
# and 4 columns for (a), you rounded up and counted windows that stick out.
#
# </details>

# %% id="max-overlap-stepper" alt="A stepper for max pooling with 3 by 3 windows and stride 2 on a 5 by 7 grid of small whole numbers; neighboring windows share one row or column, and the output has 2 rows and 3 columns."
larger = np.random.default_rng(3).integers(0, 10, (5, 7))
viz.step_pool(larger, 3, stride=2, code=False)

# %% [markdown] id="index-why"
# ### Where was it?
#
# Max pooling throws a position away. Sometimes you want it back: SegNet, in lesson 8, puts each maximum back exactly
# where it came from. So pooling can return, beside each value, its **flat index**: number the cells of the map in
# reading order, row after row, from 0.
#
# In a map with $W$ columns the cell at row $r$ and column $c$ has the index
#
# $$r \cdot W + c,$$
#
# since $r$ full rows of $W$ cells come before its own row. Here it is done once by hand, for the last window of `grid`.

# %% id="index-demo" tags=["nbval-check-output"]
window = grid[2:4, 2:4]
print("largest value:", window.max())
print("its number within the window:", window.argmax(), "-> window row 0, window column 1")
row, column = 2 + 0, 2 + 1
print("in the grid: row", row, "column", column, "-> flat index", row * 4 + column)
print("and back:", divmod(11, 4), "  the cell there:", grid.flat[11])

# %% [markdown] id="index-reading"
# Note the two steps. `argmax` counts *within the window*; the index must count *within the map*, so the window's own
# corner has to be added before the cells are numbered. And of the two sixes `argmax` takes the first in reading order,
# which is torch's rule too.
#
# **Predict.** In a map of 5 rows and 7 columns, where is the cell with flat index 23?
#
# <details><summary>Answer</summary>
#
# 23 = 3 · 7 + 2, so row 3, column 2. If you said row 4, column 3, you divided by the 5 rows; only the number of columns
# counts, since that is how many cells a full row has.
#
# </details>

# %% [markdown] id="max-exercise"
# ### Exercise 2.2 · max_pool2d
#
# The loops stand already. Fill the gap: from `window`, set `values[i, j]` and `indices[i, j]`, the flat index into `x`.
# Everything you need is there: `down` and `right` are the strides, so the window's corner is at row `i * down` and column
# `j * right`.
#
# `size` and `stride` are whole numbers or pairs (rows, columns); `np.broadcast_to(2, 2)` makes the pair 2, 2, and
# `np.broadcast_to((2, 3), 2)` leaves 2, 3. `np.unravel_index` or `divmod` turns a number within the window into a row and
# a column. Mind that a window may have more columns than rows.


# %% id="max-pool" tags=["exercise"]
def max_pool2d(x, size, stride=None):
    """Return the largest value of each whole window of x [H, W], and its flat index into x."""
    stride = size if stride is None else stride
    (high, wide), (down, right) = np.broadcast_to(size, 2), np.broadcast_to(stride, 2)
    shape = ops.conv_output_size(x.shape[0], high, down), ops.conv_output_size(x.shape[1], wide, right)
    values, indices = np.empty(shape, x.dtype), np.empty(shape, np.int64)
    for i, j in np.ndindex(shape):
        window = x[i * down : i * down + high, j * right : j * right + wide]
        ### BEGIN SOLUTION
        row, column = divmod(window.argmax(), wide)
        values[i, j] = window[row, column]
        indices[i, j] = (i * down + row) * x.shape[1] + (j * right + column)
        ### END SOLUTION
    return values, indices


# %% id="max-pool-check" tags=["check"]
max_pool2d = check("max_pool2d", max_pool2d).use()

# %% [markdown] id="unpool-why"
# With the indices you can put the maxima back. The map that comes out is the old one with all the losers erased: sparse,
# but with every survivor in its place. Remember this picture; lesson 7 turns it into a layer, and lesson 8 into SegNet.

# %% id="unpool-demo" alt="Four matrices: the 4 by 4 grid; its four maxima 4, 2, 7 and 6; their flat indices 4, 3, 12 and 11; and a 4 by 4 grid of zeros with only those four maxima in their old places."
values, indices = max_pool2d(grid, 2)
back = np.zeros(grid.size, grid.dtype)
back[indices.ravel()] = values.ravel()
back = back.reshape(grid.shape)
viz.matrices([grid, values, indices, back], ["map", "values", "indices", "put back"], signed=False)

# %% [markdown] id="average-why"
# ## 4 · Average pooling, and a bug to find
#
# **Average pooling** moves the same windows, but returns the mean of all cells in each. For a window of $k_y \times k_x$
# cells that is their sum divided by $k_y \cdot k_x$: a convolution with equal weights, whose stride is the window's size.
#
# Somebody wrote the block below for square windows. It runs, the shape is right, and on many inputs so are the numbers.


# %% id="average-broken"
def broken_avg_pool2d(x, size):
    means = np.empty((x.shape[0] // size, x.shape[1] // size))
    for i, j in np.ndindex(means.shape):
        cells = x[i * size : (i + 1) * size, j * size : (j + 1) * size]
        means[i, j] = cells.sum() / max(1, np.count_nonzero(cells))
    return means


# %% [markdown] id="average-symptom-why"
# **Find the bug.** First look at the symptom. When the windows cover a map completely, the mean of the window means must
# be the mean of the map. On the photograph that holds; on the photograph's feature map after ReLU it does not.

# %% id="average-symptom" tags=["nbval-check-output"]
features = relu(edges)[:252, :252]
for name, x in (("photograph", photo), ("feature map", features)):
    print(f"{name:<12} mean {x.mean():.3f}   mean of the broken means {broken_avg_pool2d(x, 4).mean():.3f}")

# %% id="average-symptom-picture" alt="Three maps on one gray scale: the feature map with thin bright edges; its right 4 by 4 window means, dim; and the broken means, whose outlines are as bright as the edges themselves."
viz.images(
    [features, ops.avg_pool2d(features, 4), broken_avg_pool2d(features, 4)],
    ["feature map", "right 4×4 means", "broken 4×4 means"],
    shared_scale=True,
)

# %% [markdown] id="average-bug"
# Which cells does the broken block forget, and why did the photograph not show it?
#
# <details><summary>Answer</summary>
#
# It divides by the number of cells that are *not zero*. A zero is a measurement like any other: it says that the pattern
# is absent, and it belongs into the mean. A photograph has hardly a pixel that is exactly 0; a map after ReLU has many,
# so a lonely edge pixel in an empty window keeps its full value instead of a sixteenth of it.
#
# Code that is tested on dense inputs only is not tested for what comes after a ReLU.
#
# </details>

# %% [markdown] id="average-exercise"
# ### Exercise 2.3 · avg_pool2d
#
# Write the mended version. It takes size and stride as `max_pool2d` does: whole numbers or pairs (rows, columns), the
# stride equal to the size when it is None, and only whole windows. Loops are welcome.


# %% id="avg-pool" tags=["exercise"]
def avg_pool2d(x, size, stride=None):
    """Return the mean of each whole window of x [H, W]."""
    stride = size if stride is None else stride
    ### BEGIN SOLUTION
    down, right = np.broadcast_to(stride, 2)
    windows = np.lib.stride_tricks.sliding_window_view(x, np.broadcast_to(size, 2))
    # All windows with stride 1 are a view, [H', W', rows, columns]; taking every stride-th costs nothing.
    return windows[::down, ::right].mean(axis=(2, 3))
    ### END SOLUTION


# %% id="avg-pool-check" tags=["check"]
avg_pool2d = check("avg_pool2d", avg_pool2d).use()

# %% id="average-stepper" alt="A stepper for 2 by 2 average pooling of the 4 by 4 grid: the four cells of a window, their sum divided by 4, and the 2 by 2 output."
viz.step_pool(grid, 2, mode="average")

# %% [markdown] id="compare-why"
# ## 5 · Maximum or mean?
#
# Both make the map smaller. Here they are on the same feature map and one gray scale, with 4×4 windows so that the
# difference is easy to see.

# %% id="compare-demo" alt="Three maps on one gray scale: the feature map after ReLU with thin bright edges; its 4 by 4 max pooling, with bright thick outlines; its 4 by 4 average pooling, the same outlines but much darker."
largest, _ = max_pool2d(features, 4)
mean = avg_pool2d(features, 4)
viz.images([features, largest, mean], ["feature map", "max 4×4", "average 4×4"], shared_scale=True)

# %% [markdown] id="compare-predict"
# **Predict before you run.** Two extreme maps, each 64×64, both pooled three times with 2×2 windows.
#
# - `line`: all 0, but one column of 1, a line one pixel wide. How bright is it after three max poolings, after three
#   average poolings?
# - `noise`: independent random numbers with mean 0 and standard deviation 1, no pattern at all. What is the mean of the
#   map after three max poolings, after three average poolings?
#
# <details><summary>Answer</summary>
#
# The line stays at 1 under max pooling. Average pooling halves it each time, 1/2, 1/4, 1/8: of the four cells of a window
# two lie on the line, not one, so a quarter each time is not right.
#
# Noise is the other way round. Its average stays at 0 (up to chance), while the maximum of 64 random numbers, three 2×2
# poolings deep, is large nearly everywhere: max pooling "finds" a pattern where none is.
#
# </details>

# %% id="compare-facts" tags=["nbval-check-output"]
line = np.zeros((64, 64))
line[:, 30] = 1
noise = np.random.default_rng(0).normal(size=(64, 64))
line_max = line_mean = line
noise_max = noise_mean = noise
for _ in range(3):
    line_max, noise_max = max_pool2d(line_max, 2)[0], max_pool2d(noise_max, 2)[0]
    line_mean, noise_mean = avg_pool2d(line_mean, 2), avg_pool2d(noise_mean, 2)
print(f"line, brightest cell:    max {line_max.max():.3f}   average {line_mean.max():.3f}")
print(f"noise, mean of the map:  max {noise_max.mean():.2f}    average {noise_mean.mean():.2f}")

# %% [markdown] id="compare-when"
# So use the maximum where evidence is sparse and one strong answer is enough, which is the rule between the layers of a
# classifier; and the mean where every cell should count, for instance at a network's end, where one mean per map replaces
# a large fully connected layer (global average pooling; Lin, Chen & Yan 2014).

# %% [markdown] id="shift-why"
# ## 6 · What a small shift changes
#
# Convolution is *equivariant*: shift the photograph, and the map shifts along. Pooling should add some *invariance*: shift
# the photograph a little, and the pooled map stays as it is. Does it?
#
# **Predict before you run.** A row of 12 cells holds a single 1, in column 4, and is pooled by windows of 4 (columns 0–3,
# 4–7, 8–11). It is shifted to the right by 0, 1, 2, 3 and 4 cells. At which shifts does the pooled row change? And if
# the 1 had started in column 7?
#
# <details><summary>Answer</summary>
#
# From column 4 it can move by 1, 2 and 3 cells unnoticed; at 4 it enters the next window. From column 7, the last of
# its window, a shift by 1 changes the pooled row already. So pooling forgives a shift *within* a window, and how much
# that is depends on where the pattern happens to lie.
#
# </details>

# %% id="shift-toy" alt="Two matrices with one row for each shift from 0 to 4. Left, 12 columns: a single 1 that moves from column 4 to column 8. Right, the three window maxima: 0 1 0 for the first four shifts, 0 0 1 for the last."
row = np.zeros(12, int)
row[4] = 1
shifted = np.stack([np.roll(row, shift) for shift in range(5)])
viz.matrices([shifted, max_pool2d(shifted, (1, 4))[0]], ["shifted by 0 to 4", "pooled by 4"], signed=False)

# %% [markdown] id="shift-measure"
# Now the photograph. The view moves to the right by 0 to 4 pixels, so the scene moves to the left, and new scene enters
# at the border, as with a camera. For each shift we compare the map with the unshifted one, cell by cell, by their
# **correlation**: 1 means the same pattern, 0 means nothing in common. It does not depend on how bright a map is, so
# that maxima and means can be compared.
#
# "Every 4th" keeps one cell of each 4×4 block and drops the others, as a convolution with stride 4 does.

# %% id="shift-facts" tags=["nbval-check-output"]
whole = relu(edges)
kinds = {
    "no pooling": lambda x: x,
    "every 4th": lambda x: x[::4, ::4],
    "max 2×2": lambda x: max_pool2d(x, 2)[0],
    "average 2×2": lambda x: avg_pool2d(x, 2),
    "max 4×4": lambda x: max_pool2d(x, 4)[0],
    "average 4×4": lambda x: avg_pool2d(x, 4),
}
print(f"{'shift':<12}", *(f"{shift:>5}" for shift in range(5)))
for name, pool in kinds.items():
    maps = [pool(whole[:248, shift : shift + 248]) for shift in range(5)]
    same = [np.corrcoef(maps[0].ravel(), m.ravel())[0, 1] for m in maps]
    print(f"{name:<12}", *(f"{s:5.2f}" for s in same))

# %% [markdown] id="shift-reading"
# Read the table row by row.
#
# - Dropping cells gains next to nothing. The map is as brittle as before: being smaller is not the same as being tolerant.
# - Pooling helps, and the window sets how far. At a shift of 1 pixel, 2×2 windows help some and 4×4 windows a good deal.
# - On these edges, and at larger shifts, maxima hold on longer than means.
# - All of it is **partial**. At a shift by the window's own size less than half of the agreement is left, and at that very
#   shift the pooled map is not *unchanged* but has *moved*, by exactly one cell.
#
# So "pooling makes a network shift-invariant" is at most half true. Zhang (2019) measured whole networks and found what
# is to blame: taking only every second cell of a map with fine detail. The mend is a small blur in between: maxima with
# stride 1, blur, then every second cell. In our numbers:

# %% id="shift-blur" tags=["nbval-check-output"]
binomial = np.outer([1, 2, 1], [1, 2, 1]) / 16


def blurred_max(x):
    return ops.conv2d(max_pool2d(x, 2, stride=1)[0], binomial, stride=2)


maps = [blurred_max(whole[:248, shift : shift + 248]) for shift in range(5)]
same = [np.corrcoef(maps[0].ravel(), m.ravel())[0, 1] for m in maps]
print("max 2×2, blurred: ", *(f"{s:5.2f}" for s in same))

# %% [markdown] id="field-why"
# ## 7 · Stacking: how far does one cell see?
#
# A cell of the first feature map is computed from 3×3 pixels and knows nothing else. A cell of the second map is computed
# from 3×3 cells of the first. The pixels that can reach a cell at all are its **receptive field**. A network can only
# recognize a face in a cell whose field holds a face.
#
# **Predict.** Two 3×3 convolutions with stride 1. How many pixels high is the field of one cell of the second map: 3,
# 5, 6 or 9?
#
# <details><summary>Answer</summary>
#
# 5. Three neighboring cells of the first map stand one pixel apart. The first sees rows 0–2, the second 1–3, the third
# 2–4: together five rows. The fields overlap, so they neither add up (6) nor multiply (9); and a cell that saw only 3
# would be reading a single cell of the first map.
#
# </details>
#
# The step that people forget is the distance between neighbors. Call it the **jump**: moving one cell along a map moves
# this many pixels on the photograph. It starts at 1, and every stride multiplies it. A layer whose window has $k$ cells
# reaches $k - 1$ cells beyond the first, and each of those lies one jump further:
#
# $$r_l = r_{l-1} + (k_l - 1)\, j_{l-1}, \qquad j_l = j_{l-1}\, s_l .$$
#
# Here $l = 1, 2, \dots$ counts the layers; $r_l$ is the field of a cell after layer $l$ in pixels, along one axis; $j_l$
# is the jump after it; $k_l$ and $s_l$ are the layer's kernel (or window) size and stride. Before the first layer
# $r_0 = 1$ and $j_0 = 1$: a pixel sees itself. Note $j_{l-1}$, the jump *before* the layer: its own stride moves its
# outputs apart, not the cells that it reads.
#
# Traced by hand for two rounds of "two 3×3 convolutions, one 2×2 pooling", the first layers of VGG:
#
# | layer | $k$ | $s$ | jump before | field | jump after |
# |---|---|---|---|---|---|
# | photograph | | | | 1 | 1 |
# | convolution | 3 | 1 | 1 | 1 + 2 · 1 = 3 | 1 |
# | convolution | 3 | 1 | 1 | 3 + 2 · 1 = 5 | 1 |
# | max pooling | 2 | 2 | 1 | 5 + 1 · 1 = 6 | 2 |
# | convolution | 3 | 1 | 2 | 6 + 2 · 2 = 10 | 2 |
# | convolution | 3 | 1 | ? | ? | ? |
# | max pooling | 2 | 2 | ? | ? | ? |
#
# **Predict** the last two rows.
#
# <details><summary>Answer</summary>
#
# Convolution: jump before 2, field 10 + 2 · 2 = 14, jump after 2. Max pooling: jump before 2, field 14 + 1 · 2 = 16, jump
# after 4. After the first pooling each 3×3 convolution adds twice as much as before it. That is the second use of
# pooling: every layer behind it sees further, for free.
#
# </details>

# %% [markdown] id="field-exercise"
# ### Exercise 2.4 · receptive_field
#
# Write the formula as a function. `layers` is a list of pairs (kernel, stride), the first layer first; the answer is a
# whole number of pixels. An empty list is a photograph that nothing was done to: 1.


# %% id="receptive-field" tags=["exercise"]
def receptive_field(layers):
    """Return how many pixels, along one axis, a cell after all layers can see."""
    ### BEGIN SOLUTION
    field, jump = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field
    ### END SOLUTION


# %% id="receptive-field-check" tags=["check"]
receptive_field = check("receptive_field", receptive_field).use()

# %% [markdown] id="probe-why"
# ### Measured by gradient
#
# A formula is easy to get wrong, so measure what it claims. The derivative (gradient) of one output cell with respect to
# every pixel says how much the cell changes when that pixel changes. Pixels outside the field have exactly 0. So build
# the stack, take the gradient of one cell, and count the rows that are not 0.
#
# One care is needed: positive and negative weights could cancel to 0 inside the field. So make every weight 1. A 2×2
# kernel of ones with stride 2 sums each window, which is average pooling times 4, so the same line of code does for
# convolutions and for poolings. torch computes the gradient: `requires_grad_()` asks for it, `backward()` works it out.


# %% id="probe"
def field_gradient(layers, picture, row=None, column=None):
    """Return the gradient of one cell (the central one by default) with respect to each pixel."""
    x = torch.tensor(picture, dtype=torch.float64)[None, None].requires_grad_()  # [1, 1, H, W]
    y = x
    for kernel, stride in layers:
        y = F.conv2d(y, torch.ones(1, 1, kernel, kernel, dtype=x.dtype), stride=stride)
    row = y.shape[2] // 2 if row is None else row
    column = y.shape[3] // 2 if column is None else column
    y[0, 0, row, column].backward()
    return x.grad[0, 0].numpy()


# %% id="probe-facts" tags=["nbval-check-output"]
two_rounds = [(3, 1), (3, 1), (2, 2), (3, 1), (3, 1), (2, 2)]
for layers in ([(3, 1)], [(3, 1), (3, 1)], two_rounds, [(5, 2), (3, 2), (3, 1)]):
    gradient = field_gradient(layers, photo)
    seen = np.flatnonzero(gradient.any(axis=1))
    print(f"formula {receptive_field(layers):>2}   gradient {len(seen):>2}   {layers}")

# %% [markdown] id="vgg-why"
# They agree. Now a real network: VGG-16 has thirteen 3×3 convolutions and five 2×2 poolings, in rounds of 2, 2, 3, 3 and
# 3 convolutions (Simonyan & Zisserman 2015, table 1, column D). Before its classifier begins, how much of its 224×224
# input does one cell see?

# %% id="vgg-facts" tags=["nbval-check-output"]
vgg16 = [layer for convolutions in (2, 2, 3, 3, 3) for layer in [(3, 1)] * convolutions + [(2, 2)]]
gradient = field_gradient(vgg16, photo)
seen = np.flatnonzero(gradient.any(axis=1))
print(f"{len(vgg16)} layers   formula {receptive_field(vgg16)}   gradient {len(seen)}")

# %% [markdown] id="outline-why"
# And on the photograph: one cell after two rounds sees the small square, one after all of VGG-16 the large one.


# %% id="outline-demo" alt="The photograph twice, with an amber square around what a cell sees: left a square of 16 pixels on the camera before the photographer's eye, right a square of 212 pixels that holds nearly the whole picture."
def outlined(picture, gradient):
    """Return the picture [H, W] in color [H, W, 3], with a frame around the pixels whose gradient is not 0."""
    rows, columns = np.flatnonzero(gradient.any(axis=1)), np.flatnonzero(gradient.any(axis=0))
    framed = np.stack([picture] * 3, axis=-1)
    frame = np.zeros(picture.shape, bool)
    frame[rows[0] - 2 : rows[-1] + 3, columns[0] - 2 : columns[-1] + 3] = True
    frame[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = False
    framed[frame] = 0.95, 0.6, 0.0
    return framed


small = field_gradient(two_rounds, photo, row=18, column=35)
viz.images([outlined(photo, small), outlined(photo, gradient)], ["two rounds: 16×16", "VGG-16: 212×212"])

# %% [markdown] id="effective-why"
# ### What it can see is not what it listens to
#
# All weights are 1, so the gradient has a plain meaning: it counts the **paths** from a pixel to the cell. A pixel in
# the middle is read by many windows, each of which is read by many others; a pixel in the corner is read by one window,
# once. Here is the first row of the 16×16 gradient, which counts the paths along one axis.

# %% id="effective-profile" alt="One row of 16 numbers: 1 at both ends, rising to the largest in the middle, the same from left and right."
rows, columns = np.flatnonzero(small.any(axis=1)), np.flatnonzero(small.any(axis=0))
paths = small[rows[0], columns[0] : columns[-1] + 1].astype(int)
viz.matrices([paths[None]], ["paths from each pixel of a row to the cell"], signed=False)

# %% id="effective-demo" alt="Two pictures of gradients, white in the middle and fading to black: the 16 by 16 one in coarse squares, the 212 by 212 one a smooth round spot that fills only the central part of its square."
inside = np.flatnonzero(gradient.any(axis=1))
large = gradient[inside[0] : inside[-1] + 1, inside[0] : inside[-1] + 1]
viz.images([small[rows][:, columns] / small.max(), large / large.max()], ["two rounds", "VGG-16"])

# %% id="effective-facts" tags=["nbval-check-output"]
for name, g in (("two rounds", small[rows][:, columns]), ("VGG-16", large)):
    quarter = len(g) // 4
    share = g[quarter:-quarter, quarter:-quarter].sum() / g.sum()
    print(f"{name:<10}  the central quarter of the area holds {share:.0%} of the gradient")

# %% [markdown] id="effective-reading"
# The bell shape is no accident of our weights. Luo et al. (2016) show it for random weights too, call the bright part
# the **effective receptive field**, and find that it fills only a fraction of the theoretical one, a smaller fraction the
# deeper the stack. So when you design a network, ask for a field clearly *larger* than the object. Lesson 5 measures the
# effective field of a trained network.

# %% [markdown] id="design-exercise"
# ### Exercise 2.5 · design_layers
#
# Design a stack. Each cell of your last map must see at least **40** pixels along each axis. The budget:
#
# - at most 6 layers, each a pair (kernel, stride);
# - kernels 2 or 3, strides 1 or 2;
# - the product of all strides is at most 8, since the maps must not become too coarse to point at things.
#
# Return the list. There are many right answers; `receptive_field(...)` tells you in a scratch cell how far you are.
#
# **Think before you try.** Six layers of (3, 1) see 13 pixels. Where does a stride help most: early or late?
#
# <details><summary>A thought</summary>
#
# A stride multiplies the jump for all layers *behind* it. In the last layer it changes nothing about the field.
#
# </details>


# %% id="design" tags=["exercise"]
def design_layers():
    """Return at most 6 layers (kernel, stride) that see at least 40 pixels, with strides whose product is at most 8."""
    ### BEGIN SOLUTION
    return [(3, 2), (3, 2), (3, 2), (3, 1), (3, 1), (3, 1)]
    ### END SOLUTION


# %% id="design-check" tags=["check"]
design_layers = check("design_layers", design_layers).use()

# %% id="design-facts" tags=["nbval-check-output"]
late = [(3, 1), (3, 1), (3, 2)]
early = [(3, 2), (3, 1), (3, 1)]
print(
    "stride in the last layer:",
    receptive_field(late),
    "pixels   in the first:",
    receptive_field(early),
    "pixels",
)

# %% [markdown] id="design-price"
# Those two stacks have the same layers in opposite order, hence the same number of weights and the same final size. The
# early stride wins in reach, and since the maps are small from the first layer on, it is faster too. The price: whatever
# fine detail the first layers drop, no later layer can bring back. Lessons 6 to 9 are about paying less for it.

# %% [markdown] id="torch-why"
# ## 8 · The same with torch
#
# torch has all of it as layers. They take a batch of images with channels, `[N, C, H, W]`: here 1 image with 1 channel.

# %% id="torch-facts" tags=["nbval-check-output"]
x = torch.tensor(edges)[None, None]  # [1, 1, 254, 254]
active = nn.ReLU()(x)
pooled, where = nn.MaxPool2d(3, stride=2, return_indices=True)(active)
means = nn.AvgPool2d(3, stride=2)(active)

my_active = relu(edges)
my_pooled, my_where = max_pool2d(my_active, 3, stride=2)
print("shapes: ", tuple(x.shape), "->", tuple(pooled.shape))
print("ReLU:   ", np.array_equal(active[0, 0].numpy(), my_active))
print("maxima: ", np.array_equal(pooled[0, 0].numpy(), my_pooled))
print("indices:", np.array_equal(where[0, 0].numpy(), my_where))
print("means:  ", np.allclose(means[0, 0].numpy(), avg_pool2d(my_active, 3, stride=2), atol=1e-6))

# %% [markdown] id="torch-reading"
# Where the exercise cards say *passed*, the right-hand side of these lines is your own code. Pooling works on each channel
# alone and has no weights at all: there is nothing in it to train.

# %% [markdown] id="browse-why"
# ### Look inside
#
# Chained, the layers are a small network: Sobel's two kernels, ReLU, max pooling. Open it. Choose a layer in the strip,
# click one of its maps, and move over the large map: you read the exact value of each cell, and the picture on the left
# shows which pixels it comes from. It works for any network you will build.
#
# **Predict before you move.** How many pixels does one cell of the last layer see?
#
# <details><summary>After you have decided, open this.</summary>
#
# 4×4. The convolution sees 3 pixels along each axis, and its stride is 1, so the second cell of the pooling window lies one
# pixel further: 3 + (2 − 1) · 1 = 4.
#
# </details>

# %% id="browse" alt="A card with the layers of the network as a strip, the two maps of its last layer in a grid, one of them enlarged with a cell marked, and a square of 4 by 4 pixels outlined on the photograph."
from collections import OrderedDict

steps = OrderedDict(conv=nn.Conv2d(1, 2, kernel_size=3, bias=False), relu=nn.ReLU(), pool=nn.MaxPool2d(2))
network = nn.Sequential(steps)
network.conv.weight.data = torch.tensor(np.stack([sobel, sobel.T]), dtype=torch.float32)[:, None]
viz.feature_maps(network, datasets.photograph("camera", size=(72, 72)), layer="pool")

# %% [markdown] id="recap"
# ## Recap
#
# | | what it computes | weights | output size | what it is for |
# |---|---|---|---|---|
# | ReLU | $x$ where $x > 0$, else 0 | none | as before | keeps evidence for, drops evidence against; stops layers from collapsing into one |
# | max pooling | largest cell of each window, and its flat index | none | $\lfloor (n-k)/s \rfloor + 1$ | "was it there?"; smaller maps; some tolerance to shifts |
# | average pooling | mean of each window, zeros counted | none | $\lfloor (n-k)/s \rfloor + 1$ | every cell counts; noise cancels, so do thin lines |
# | receptive field | $r_l = r_{l-1} + (k_l - 1)\,j_{l-1}$ with $j_l = j_{l-1}\,s_l$ | | | the pixels a cell *can* see; the effective field is smaller |

# %% [markdown] id="quiz"
# ## Quiz
#
# Decide on an answer, and on a reason, before you open it.
#
# **1.** Somebody swaps two layers: max pooling first, then ReLU. Does the result change? Would it with average pooling?
#
# <details><summary>Answer</summary>
#
# With max pooling nothing changes. ReLU never turns a larger value into a smaller one, so the largest cell of a window
# stays the largest, and it makes no difference whether it is cut at 0 before or after. (Pooling first is cheaper: ReLU then
# has a quarter of the cells.) With average pooling it changes: without ReLU negative cells pull the mean down, with ReLU
# they count as 0.
#
# </details>
#
# **2.** A thin bright line on a dark ground gives, under Sobel, a positive stripe with a negative stripe beside it. What
# remains after average pooling with a window that covers both? What should be done first?
#
# <details><summary>Answer</summary>
#
# The stripes cancel to about 0, and the line has vanished. ReLU first: then only the positive stripe enters the mean.
#
# </details>
#
# **3.** `return_indices=True` gave 1530 for a map of 30 rows and 60 columns. Which cell is it? And which one if the
# function had counted as if the map had 30 columns?
#
# <details><summary>Answer</summary>
#
# 1530 = 25 · 60 + 30: row 25, column 30. Divided by 30 instead, it would be row 51, column 0, and the map has no row 51.
# With rows and columns mixed up you are lucky when it crashes; on a square map the mistake would not show at all.
#
# </details>
#
# **4.** "My network uses max pooling, so it does not matter where the object is." What would you answer?
#
# <details><summary>Answer</summary>
#
# One pooling forgives shifts within a window, and only those: from the last column of a window a shift by one pixel is
# enough to change the result. Several poolings forgive more, but the table of section 6 shows how soon agreement falls.
# Where the object is still decides which cell of the last map it lands in.
#
# </details>
#
# **5.** The objects in your photographs are 60 pixels wide, and your network's receptive field is 61. Is that enough?
# Somebody suggests one more 3×3 convolution at the end, somebody else the same convolution right at the beginning. Which of
# the two makes the field larger?
#
# <details><summary>Answer</summary>
#
# 61 covers the object, and yet it is too little: near the border of the field hardly a path leads to the cell, so the
# effective field is much smaller. At the end the convolution adds two jumps (16 pixels when the jump is 8), at the beginning
# only two pixels.
#
# </details>

# %% [markdown] id="sources"
# ## Sources
#
# - V. Nair, G. Hinton: Rectified Linear Units Improve Restricted Boltzmann Machines. ICML 2010. (ReLU)
# - V. Dumoulin, F. Visin: A guide to convolution arithmetic for deep learning. arXiv 1603.07285, 2016, chapter 3. (sizes of
#   pooled maps)
# - V. Badrinarayanan, A. Kendall, R. Cipolla: SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image
#   Segmentation. IEEE TPAMI 39, 2017, section 3. (indices of the maxima)
# - M. Lin, Q. Chen, S. Yan: Network in Network. ICLR 2014, section 3.2. (global average pooling)
# - R. Zhang: Making Convolutional Networks Shift-Invariant Again. ICML 2019. (blur before taking every second cell)
# - A. Araujo, W. Norris, J. Sim: Computing Receptive Fields of Convolutional Neural Networks. Distill 2019, "Single-path
#   networks", equation 2. (the closed form of our recurrence; VGG-16's 212 pixels are in its table)
# - W. Luo, Y. Li, R. Urtasun, R. Zemel: Understanding the Effective Receptive Field in Deep Convolutional Neural Networks.
#   NIPS 2016. (the bell shape)
# - K. Simonyan, A. Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition. ICLR 2015, table 1 and
#   section 2.3. (VGG-16; two 3×3 layers see 5×5)
#
# Photograph: "camera" by Lav Varshney, CC0, from scikit-image (`skimage.data.camera`).
