# %% [markdown] id="title"
# # 1 · Convolution
#
# [Open this lesson in Colab](https://colab.research.google.com/github/${REPOSITORY}/blob/main/lessons/${LESSON}.ipynb)
#
# A convolution looks at a picture through a small window, makes one number of what it sees, moves the window, and
# repeats. In this lesson you build that operation yourself, with padding, stride and channels, run it on
# photographs, and show that your version and torch's agree.
#
# **What you will be able to do**
#
# - compute any convolution by hand, and the size of its result before you run it
# - say what kernel, feature map, stride, padding, dilation, channel and bias are, and why each exists
# - write `conv2d` and its multi-channel form from loops
# - design a kernel that finds edges, and say what noise does to it
# - count the parameters of a layer, and explain why there are so few
# - show where moving the picture moves the result, and where it does not
#
# **Time:** about two hours of reading and doing; its cells run in about 15 s on two CPU cores; nothing here needs a
# GPU.
#
# **You need:** Python with loops and functions, NumPy arrays and slices such as `x[0:3, 1:4]`.

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

from cnncourse import check, datasets, ops, viz

# %% [markdown] id="why"
# ## 1 · Why look through a window
#
# A gray photograph is a grid of numbers: 0 is black, 1 is white. The little square below is cut out of it, seven
# pixels high and seven wide: the photographer's white collar, between his coat and his neck.

# %% id="why-photograph" alt="A gray photograph of a man with a film camera on a tripod, and beside it a piece of 7 by 7 pixels from it, enlarged: a bright diagonal stroke on a dark ground."
camera = datasets.photograph("camera", size=(128, 128))
piece = camera[36:43, 40:47]
viz.images([camera, piece], ["camera", "rows 36–42, columns 40–46"])

# %% id="why-numbers" alt="The same 7 by 7 piece as numbers from 4 to 90: a diagonal of values around 80 between values around 15."
viz.matrices(np.round(100 * piece), "brightness in percent")

# %% [markdown] id="why-cost"
# Suppose a layer of a network turns this photograph into another grid of the same size. The plainest layer is
# **fully connected**: each number that comes out is a weighted sum of *all* numbers that go in, with weights of its
# own.
#
# **Predict before you run.** The photograph has 128 × 128 pixels. How many weights does that layer have?
#
# <details><summary>Answer</summary>
#
# 16,384 × 16,384 = 268,435,456. If you said 16,384, you gave each output only one weight; it has one for every
# pixel. If you said 32,768, you added inputs and outputs; every *pair* needs a weight, so they multiply.
#
# </details>

# %% id="why-cost-count" tags=["nbval-check-output"]
print("shape:", camera.shape, " type:", camera.dtype)
print(f"fully connected, {camera.size:,} in and {camera.size:,} out: {camera.size**2:,} weights")
print(f"in memory, at 4 bytes each: {4 * camera.size**2 / 1e9:.2f} GB")
print(f"one 3 × 3 window that is used everywhere: {3 * 3} weights")

# %% [markdown] id="why-neighbors"
# Size is not the worst of it. Shuffle the pixels, the same way for every picture. A fully connected layer loses
# nothing: shuffle its weights along, and it computes what it computed before. So it cannot know that two pixels are
# neighbors. You do: you can read the photograph above, and not the one below.

# %% id="why-shuffle" tags=["nbval-check-output"] alt="The pixels of the photograph in random order: gray noise in which nothing can be recognized."
shuffled = np.random.default_rng(0).permutation(camera.ravel()).reshape(camera.shape)
for name, picture in [("camera", camera), ("shuffled", shuffled)]:
    difference = np.abs(picture[:, 1:] - picture[:, :-1]).mean()
    print(f"{name}: a pixel and the one to its right differ by {difference:.2f} on average")
viz.images(shuffled, "the same pixels, shuffled")

# %% [markdown] id="why-two-ideas"
# In a photograph, neighbors resemble each other; where they do not, there is an edge, and edges are what shapes are
# made of. That suggests two savings:
#
# 1. **Look locally.** Let each output see a small window instead of the whole picture.
# 2. **Share the weights.** An edge looks the same at the top left as at the bottom right, so use the same few
#    weights in every window.
#
# A layer with both is a **convolution**. Networks of such layers, trained on data, have read handwriting since the
# 1990s (LeCun et al. 1998, §II.A).

# %% [markdown] id="window"
# ## 2 · One window, one number
#
# Here is a picture small enough to do by hand, and a **kernel**: the small grid of weights. The part of the picture
# that lies under the kernel is the **window**.

# %% id="window-grids" alt="Two grids of numbers: the input x with 4 rows and 5 columns, and a kernel of 3 by 3 with 1, 2 and minus 1 on its diagonal and zeros elsewhere."
x = np.array([[3, 1, 0, 2, 4], [5, 2, 1, 0, 3], [0, 4, 6, 1, 2], [2, 1, 0, 3, 5]])
kernel = np.array([[1, 0, 0], [0, 2, 0], [0, 0, -1]])
viz.matrices([x, kernel], ["x", "kernel"])

# %% [markdown] id="window-rule"
# Put the kernel on the upper left corner. Multiply each number by the weight that lies on it, then add everything
# up.

# %% id="window-first" tags=["nbval-check-output"]
window = x[0:3, 0:3]
print(window * kernel)
print("sum:", (window * kernel).sum())

# %% [markdown] id="window-predict"
# That sum is the first number of the result. Move the window one column to the right for the second, and so on;
# then one row down. The grid of all these sums is the **feature map**: it says how strongly each place of the
# picture answers to this kernel.
#
# **Predict before you run.** Move the window to the upper *right* corner, `x[0:3, 2:5]`. Which number does it give?
# How many rows and columns does the feature map have?
#
# <details><summary>Answer</summary>
#
# $1\cdot0 + 2\cdot0 + (-1)\cdot2 = -2$: only the three weights on the diagonal count. If you multiplied the two as
# *matrices*, rows by columns, you got nine numbers; here each number meets one weight, and one sum comes out.
#
# The window fits at 2 heights and 3 widths, so the feature map is 2 × 3.
#
# </details>
# Step through it: press Play, or click the picture and use the arrow keys. Read the products and their sum with each
# step.

# %% id="window-stepper" alt="A stepper: the 4 by 5 input with the window outlined, the 3 by 3 kernel, the products of one window with their sum, and the 2 by 3 feature map filling up with 1, 2, -2, 13, 11, -2."
viz.step_conv(x, kernel, code=False)

# %% [markdown] id="window-formula"
# As a formula:
#
# $$y_{i,j} = \sum_{a=0}^{k_h-1} \sum_{b=0}^{k_w-1} x_{i+a,j+b} \cdot w_{a,b}$$
#
# - $y_{i,j}$: the feature map at row $i$, column $j$
# - $x$: the input; $x_{i+a,j+b}$ is its pixel $a$ rows below and $b$ columns right of the window's upper left
#   corner
# - $w_{a,b}$: the kernel's weight in row $a$, column $b$
# - $k_h, k_w$: the kernel's height and width
#
# Such a sum of products is a *dot product*. It is large when the window resembles the kernel, near 0 when the two
# have nothing to do with each other, and negative when the window resembles the kernel's opposite.
#
# ### Convolution or cross-correlation?
#
# In mathematics and signal processing, a *convolution* first turns the kernel by 180° (*flips* it). What you have
# just computed, without the flip, is called **cross-correlation** there. Deep learning libraries compute
# cross-correlation and call it convolution (Goodfellow et al. 2016, §9.1), and so does this course.
#
# **Predict before you run.** The input below is 0 everywhere but for a single 1 in the middle. What does the
# feature map of our kernel look like?
#
# <details><summary>Answer</summary>
#
# The kernel, flipped: the −1 is at the upper left. A window whose *lower right* cell covers the 1 stands up and
# left of it, and picks the weight at its own lower right. So weights come out in reverse order. The usual guess is
# "the kernel itself"; that is what a convolution with the flip gives, and it is why mathematicians flip it.
#
# </details>

# %% id="flip-impulse" tags=["nbval-check-output"] alt="Four grids: an input with a single 1 in the middle, the kernel with 1, 2, -1 on its diagonal, the cross-correlation with -1, 2, 1 on its diagonal, and the convolution, equal to the kernel."
from scipy.signal import convolve2d

impulse = np.zeros((5, 5))
impulse[2, 2] = 1
ours, theirs = ops.conv2d(impulse, kernel), convolve2d(impulse, kernel, "valid")
print("equal:", np.array_equal(ours, theirs))
print("equal when we flip the kernel first:", np.array_equal(ops.conv2d(impulse, kernel[::-1, ::-1]), theirs))
viz.matrices([impulse, kernel, ours, theirs], ["one 1", "kernel", "cross-correlation", "scipy's convolve2d"])

# %% [markdown] id="flip-matters"
# When a network *learns* its kernels, the flip makes no difference: it learns them the other way round. It matters
# when you carry a kernel from one program to another. A symmetric kernel survives; one that finds edges changes its
# sign.

# %% [markdown] id="size"
# ## 3 · How large is the feature map?
#
# Rows and columns do not influence each other, so think of one axis: $n$ cells, and a window of $k$ cells. The
# window's first cell can be cell 0, 1, … up to $n-k$, where its last cell touches the end. That makes
#
# $$n - k + 1$$
#
# positions: $4-3+1=2$ rows and $5-3+1=3$ columns above. Three options change the count. Each answers a problem.
#
# ### Padding: the border loses
#
# Each 3 × 3 convolution costs two rows and two columns; after ten of them a 28 × 28 picture is 8 × 8. And the
# border is underused. Count in how many windows each cell of a 5 × 6 input lies:

# %% id="padding-count" alt="A 5 by 6 grid of counts: 1 in the corners, 2 and 3 along the edges, 9 in the middle."
seen = np.zeros((5, 6))
for top in range(3):
    for left in range(4):
        seen[top : top + 3, left : left + 3] += 1
viz.matrices(seen, "windows that see this cell")

# %% [markdown] id="padding-text"
# **Padding** puts a frame of zeros around the input, $p$ cells wide. The axis grows to $n+2p$ cells, because the
# frame has two sides:
#
# $$n + 2p - k + 1$$
#
# **Predict before you run.** Which $p$ keeps the size for a 3 × 3 kernel? For 5 × 5? For 4 × 4?
#
# <details><summary>Answer</summary>
#
# The size stays when $2p = k-1$: $p=1$ for 3, $p=2$ for 5. For 4 it would be one and a half: no equal frame on both
# sides keeps the size. That is one reason why nearly all kernels have odd sizes. The other is that an even window
# has no middle cell, so its feature map is shifted by half a cell.
#
# </details>

# %% id="padding-stepper" alt="A stepper: the 4 by 5 input inside a hatched frame of zeros one cell wide, the 3 by 3 kernel, and a 4 by 5 feature map, as large as the input."
viz.step_conv(x, kernel, padding=1, code=False)

# %% [markdown] id="padding-price"
# Padding has a price: those zeros are invented. To the network, the photograph lies on black paper, and you will
# see the edge of that paper in section 5.
#
# ### Stride: neighbors say nearly the same
#
# Two windows side by side share six of their nine cells. Where the full detail is not needed, move the window by
# more than one cell: that is the **stride** $s$. With $s=2$ the map has about a quarter of the numbers, at a
# quarter of the cost.
#
# **Predict before you run.** An axis has $n=6$ cells, $k=3$, $s=2$, no padding. How many positions are there?
#
# <details><summary>Answer</summary>
#
# Two. The window starts at cell 0 and at cell 2; from cell 4 it would need cells 4, 5 and 6, and cell 6 does not
# exist. Dividing gives $(6-3)/2 + 1 = 2.5$, which people like to round up to 3. A half window is no window: round
# *down*. The last cell is then seen by nobody.
#
# </details>

# %% id="stride-stepper" alt="A stepper on an input of 7 rows and 6 columns with stride 2: the window jumps two cells at a time, and the feature map has 3 rows and 2 columns; the last column of the input is never covered."
grid = np.random.default_rng(4).integers(0, 10, (7, 6))
viz.step_conv(grid, kernel, stride=2, code=False)

# %% [markdown] id="stride-formula"
# Counting positions, now with stride $s$ and padding $p$:
#
# $$o = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1$$
#
# - $o$: cells of the feature map along this axis
# - $n$: cells of the input; $p$: zeros added on each side; $k$: cells of the kernel; $s$: step of the window
# - $\lfloor\dots\rfloor$: round down to a whole number
#
# Read it as a walk: $n+2p-k$ is how far the window can travel from its first position, dividing by $s$ gives the
# number of whole steps, and the $1$ is the first position itself (Dumoulin & Visin 2016, chapter 2). To trust a
# formula, count without it:


# %% id="stride-count" tags=["nbval-check-output"]
def count_positions(n, kernel, stride=1, padding=0):
    """Try every start, and count those where the window ends inside the padded axis."""
    starts = range(-padding, n + padding, stride)
    return sum(start + kernel <= n + padding for start in starts)


for n, k, s, p in [(5, 3, 1, 0), (5, 3, 1, 1), (6, 3, 2, 0), (7, 3, 2, 0), (7, 3, 2, 1)]:
    print(f"n={n}, k={k}, s={s}, p={p}: {count_positions(n, k, s, p)} positions")

# %% [markdown] id="dilation"
# ### Dilation: see farther with the same weights
#
# A 3 × 3 window sees little. A larger kernel sees more but costs more: 5 × 5 has 25 weights instead of 9.
# **Dilation** $d$ keeps the nine weights and pulls them apart, so that they lie on every $d$-th cell. $d=1$ is the
# kernel as you know it; $d=2$ leaves one cell free between two weights.
#
# **Predict before you run.** How many cells does a kernel of 3 with dilation 2 span, from its first to its last?
#
# <details><summary>Answer</summary>
#
# Five: weight, gap, weight, gap, weight. The tempting $k\cdot d = 6$ counts a gap behind the last weight. There are
# $k-1$ steps of $d$ cells between the first and the last weight, and one more cell for the first itself.
#
# </details>

# %% id="dilation-stepper" alt="A stepper on the 7 by 6 input with dilation 2: the window touches nine cells spread over 5 by 5, every second one, and the feature map has 3 rows and 2 columns."
viz.step_conv(grid, kernel, dilation=2, code=False)

# %% [markdown] id="dilation-text"
# A dilated kernel fits wherever a kernel of its *span* would fit. Everything else about the count stays as it was.
# Networks that label every pixel use dilation to see far without shrinking the map (Yu & Koltun 2016, §2).

# %% [markdown] id="ex-size"
# ### Exercise 1.1 · Output size
#
# Write `conv_output_size`: the number of window positions along one axis.
#
# - `n`: cells of the input; `kernel`: weights of the kernel along this axis
# - `stride`, `padding` (on each side), `dilation`: as above
# - when not even one window fits, raise a `ValueError` that says so
#
# Some values to try: `conv_output_size(28, 3)` is 26; `conv_output_size(6, 3, stride=2)` is 2;
# `conv_output_size(7, 3, dilation=2)` is 3; `conv_output_size(4, 3, dilation=2)` raises.


# %% id="ex-size-code" tags=["exercise"]
def conv_output_size(n, kernel, stride=1, padding=0, dilation=1):
    """Return how many positions the window has along an axis of ``n`` cells."""
    ### BEGIN SOLUTION
    span = dilation * (kernel - 1) + 1
    if span > n + 2 * padding:
        raise ValueError(f"the kernel spans {span} cells, the padded input has only {n + 2 * padding}")
    return (n + 2 * padding - span) // stride + 1
    ### END SOLUTION


# %% id="ex-size-check" tags=["check"]
conv_output_size = check("conv_output_size", conv_output_size).use()

# %% [markdown] id="ex-size-after"
# Stuck? `check("conv_output_size", conv_output_size, hint=1)` opens a hint. Until an exercise passes, the lesson
# goes on with the library's version, so you can come back later.
#
# Your function now answers questions about real networks. All of these read 224 × 224 pictures (VGG: Simonyan &
# Zisserman 2015, §2.1; ResNet: He et al. 2016, table 1):

# %% id="size-networks" tags=["nbval-check-output"]
layers = [
    ("VGG-16, first layer: 3 × 3, padding 1", dict(kernel=3, padding=1)),
    ("ResNet, first layer: 7 × 7, stride 2, padding 3", dict(kernel=7, stride=2, padding=3)),
    ("AlexNet in torchvision: 11 × 11, stride 4, padding 2", dict(kernel=11, stride=4, padding=2)),
    ("3 × 3, dilation 12, padding 12", dict(kernel=3, padding=12, dilation=12)),
]
for name, options in layers:
    print(f"{name}: 224 -> {conv_output_size(224, **options)}")

# %% [markdown] id="conv"
# ## 4 · Write it yourself
#
# First a worked example in one dimension: slide a kernel along a row. It is the whole idea in four lines.


# %% id="conv-row" tags=["nbval-check-output"]
def correlate_row(row, weights):
    out = np.zeros(conv_output_size(len(row), len(weights)))
    for i in range(len(out)):
        out[i] = row[i : i + len(weights)] @ weights  # @ of two vectors is their dot product
    return out


print(correlate_row(np.array([0, 0, 1, 1, 1, 0]), np.array([-1, 1])))

# %% [markdown] id="conv-row-read"
# The kernel `[-1, 1]` subtracts each cell from the one to its right: 1 where the row steps up, −1 where it steps
# down, 0 where nothing changes. Two options are missing. With a stride, output $i$ belongs to a window that starts
# elsewhere than at cell $i$. With padding, the row gets longer first; in two dimensions `np.pad` does that, and
# takes the zeros *before and after* for each axis:


# %% id="conv-pad" tags=["nbval-check-output"]
def pair(value):
    """Read 2 as (2, 2): the same for rows (y) and columns (x)."""
    return (value, value) if isinstance(value, int) else value


py, px = pair((1, 2))
print(np.pad(kernel, ((py, py), (px, px))))

# %% [markdown] id="ex-conv"
# ### Exercise 1.2 · conv2d
#
# Padding and output size are done; the loops are yours. For every cell `out[i, j]`, cut its window out of `padded`
# and combine it with the kernel, as the steppers did. They had one size and one stride each; your code must work
# for all of them.
#
# - `image` is `[H, W]`, `kernel` is `[kh, kw]`, and neither needs to be square
# - `sy` and `sx` are the strides along rows and columns; they may differ
#
# The stepper of section 2 found `[[1, 2, -2], [13, 11, -2]]` for `conv2d(x, kernel)`.


# %% id="ex-conv-code" tags=["exercise"]
def conv2d(image, kernel, stride=1, padding=0):
    """Slide ``kernel`` over ``image`` [H, W] and return the feature map [H', W']."""
    (sy, sx), (py, px) = pair(stride), pair(padding)
    (height, width), (kh, kw) = image.shape, kernel.shape
    padded = np.pad(image, ((py, py), (px, px)))
    out = np.zeros((conv_output_size(height, kh, sy, py), conv_output_size(width, kw, sx, px)))
    ### BEGIN SOLUTION
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            window = padded[i * sy : i * sy + kh, j * sx : j * sx + kw]
            out[i, j] = np.sum(window * kernel)
    ### END SOLUTION
    return out


# %% id="ex-conv-check" tags=["check"]
conv2d = check("conv2d", conv2d).use()

# %% [markdown] id="filters"
# ## 5 · Filters on a photograph
#
# Before anything was learned, people designed kernels by hand. Three questions tell you what a kernel does. Which
# pattern does it resemble? What is the sum of its weights? Are any of them negative?
#
# - **Blur**: 25 equal weights of 1/25 make each pixel the mean of its surroundings.
# - **Sharpen**: what a blur takes away is the detail. Add that detail to the picture once more: picture + (picture
#   − blurred). As kernels: twice the kernel that changes nothing, a single 1 in the middle, minus blur.
#
# **Predict before you run.** A wall in the photograph is evenly gray, 0.5 everywhere. What does the sharpening
# kernel make of it? It has a weight of 2 − 1/25 = 1.96 in the middle.
#
# <details><summary>Answer</summary>
#
# 0.5 again. On an even area every window gives *brightness × sum of the weights*, and the weights add up to
# $1.96 - 24\cdot 0.04 = 1$. The large weight in the middle brightens nothing on its own. A sum of 1 keeps the
# brightness, a sum of 0 turns even areas black.
#
# </details>

# %% id="filters-images" tags=["nbval-check-output"] alt="The head and camera of the photographer three times: as photographed, softer after blur, and crisper after sharpen, with light seams along dark outlines."
unchanged = np.zeros((5, 5))
unchanged[2, 2] = 1
blur = np.full((5, 5), 1 / 25)
sharpen = 2 * unchanged - blur
wall, head = np.full((7, 7), 0.5), camera[8:88, 20:100]
for name, weights in [("blur", blur), ("sharpen", sharpen)]:
    print(f"{name}: weights sum to {weights.sum():.2f}, the wall becomes {conv2d(wall, weights)[1, 1]:.2f}")
sharpened = np.clip(conv2d(head, sharpen), 0, 1)  # a screen shows nothing below 0 or above 1
viz.images([head, conv2d(head, blur), sharpened], ["camera[8:88, 20:100]", "blur", "sharpen"])

# %% [markdown] id="ex-edge"
# ### Exercise 1.3 · A kernel that finds vertical edges
#
# Design a 3 × 3 kernel with two properties:
#
# - where the picture goes from dark (left) to bright (right), it answers with a **positive** number
# - on even areas and on horizontal edges, however bright, it answers with exactly **0**
#
# Return it as an array, `np.array([[…], […], […]])`. Below are three pictures to think with.

# %% id="ex-edge-patterns" alt="Three 4 by 6 grids: a vertical edge with zeros on the left and ones on the right, an even area of ones, and a horizontal edge with zeros above and ones below."
vertical = np.array([[0, 0, 0, 1, 1, 1]] * 4)
even = np.ones((4, 6))
horizontal = np.repeat([[0], [0], [1], [1]], 6, axis=1)
viz.matrices([vertical, even, horizontal], ["vertical edge", "even area", "horizontal edge"])


# %% id="ex-edge-code" tags=["exercise"]
def vertical_edge_kernel():
    """Return a 3 × 3 kernel that answers a dark-to-bright vertical edge with a positive number."""
    ### BEGIN SOLUTION
    return np.array([[-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]])
    ### END SOLUTION


# %% id="ex-edge-check" tags=["check"]
vertical_edge_kernel = check("vertical_edge_kernel", vertical_edge_kernel).use()

# %% [markdown] id="edge-predict"
# **Predict before you run.** Your kernel on the photograph, with `padding=1`; blue will be positive, orange
# negative. The coat is dark, sky and grass are bright. Which color has the coat's outline on the left side of his
# back, and which on the right? And what happens along the left and right border of the picture?
#
# <details><summary>Answer</summary>
#
# Reading from left to right, the back goes from bright to dark: negative, orange. On the other side dark turns to
# bright: positive, blue. The border shows the price of padding: the invented zeros are dark, so the left border is
# a dark-to-bright edge (blue line) and the right border a bright-to-dark one (orange line). Neither is in the
# scene.
#
# </details>

# %% id="edge-map" alt="The edge map of the photographer in blue and orange: his back is outlined in orange, the opposite side of coat and legs in blue, the tripod legs in both; a blue line along the left border and an orange one along the right border."
edges = conv2d(camera, vertical_edge_kernel(), padding=1)
viz.images(edges, "vertical edges, padding 1", signed=True)

# %% [markdown] id="edge-noise"
# ### Design: which edge kernel is best?
#
# Many kernels pass the check. Photographs are noisy, so ask for more: a good kernel answers loudly to an edge and
# quietly to noise. If each pixel carries independent noise of standard deviation $\sigma$, the feature map carries
# noise of $\sigma\sqrt{\sum w^2}$, where $w$ runs over the nine weights. So score a kernel by
#
# $$\text{score} = \frac{\text{answer to a step from 0 to 1}}{\sqrt{\sum w^2}}$$
#
# and take the weaker answer of the two windows that straddle the step. Doubling all weights doubles both parts and
# gains nothing.
#
# **Your goal:** a score of at least 1.2 with nine weights. Change your kernel, run its check again, then this cell.


# %% id="edge-score" tags=["nbval-check-output"]
def edge_score(kernel):
    step = np.array([[0, 0, 1, 1]] * 3)  # two windows straddle the step: 0 0 1 and 0 1 1
    return conv2d(step, kernel).min() / np.sqrt((kernel**2).sum())


one_row = np.array([[0, 0, 0], [-1, 0, 1], [0, 0, 0]])
noise = np.random.default_rng(0).normal(size=(150, 150))
for name, weights in [("one row", one_row), ("yours", vertical_edge_kernel())]:
    formula, measured = np.sqrt((weights**2).sum()), conv2d(noise, weights).std()
    print(f"{name}: score {edge_score(weights):.2f}; noise {formula:.2f}, measured {measured:.2f}")

# %% [markdown] id="edge-noise-answer"
# <details><summary>What is the best score, and why?</summary>
#
# $3/\sqrt 6 \approx 1.22$, and the best kernel uses all three rows alike. Zero on horizontal edges forces every
# *row* of the kernel to add up to 0. Within a row, treating both windows alike makes the middle weight 0 and the
# outer two opposite. Then each row measures the step independently, and the mean of three equally noisy
# measurements is best when each counts the same. It is the reason why one row alone reaches only
# $1/\sqrt2 \approx 0.71$: averaging three measurements gains a factor $\sqrt3$.
#
# </details>
#
# ### Sobel's kernels
#
# The best-known edge kernels were proposed in a talk by Sobel and Feldman in 1968. `sobel_x` is a column times a
# row: smooth downward with 1 2 1, subtract across. Transposed, it finds horizontal edges. The middle row counts
# twice, which costs a little against noise. What it buys, you measure below.

# %% id="sobel-kernels" tags=["nbval-check-output"] alt="Two 3 by 3 grids: sobel_x with rows -1 0 1, -2 0 2, -1 0 1, and its transpose sobel_y."
sobel_x = np.outer([1, 2, 1], [-1, 0, 1])
sobel_y = sobel_x.T
print(f"score of sobel_x: {edge_score(sobel_x):.2f}")
viz.matrices([sobel_x, sobel_y], ["sobel_x", "sobel_y"])

# %% id="sobel-maps" alt="Two edge maps in blue and orange: sobel_x shows upright outlines such as coat and tripod legs, sobel_y shows level ones such as the horizon and the top of the head."
across, downward = conv2d(camera, sobel_x), conv2d(camera, sobel_y)
viz.images([across, downward], ["sobel_x: across", "sobel_y: downward"], signed=True, shared_scale=True)

# %% [markdown] id="sobel-magnitude"
# Together the two answers are an arrow at each pixel that points from dark to bright. With $g_x$ and $g_y$ for the
# two maps, its length $\sqrt{g_x^2 + g_y^2}$ says how strong the edge is, whatever its direction. It is a drawing
# of the photograph, made by 18 weights.

# %% id="sobel-length" alt="The strength of edges in gray: bright outlines of the photographer, his camera and the tripod on black, like a drawing in chalk."
viz.images(np.hypot(across, downward), "strength of the edge")

# %% [markdown] id="sobel-direction"
# And the arrow should point straight across the edge. Turn a sharp edge through all angles from 0° to 90°, and see
# by how much the arrow misses. Three equal rows win against noise; see who wins here.


# %% id="sobel-angles" tags=["nbval-check-output"]
def slanted_edge(angle):
    """A 3 × 3 picture of a sharp edge through its middle; a pixel is the mean of 40 × 40 points."""
    t = (np.arange(120) + 0.5) / 40 - 1.5
    bright = t * np.cos(angle) + t[:, None] * np.sin(angle) > 0  # [120, 120]
    return bright.reshape(3, 40, 3, 40).mean(axis=(1, 3))  # [3, 3]


for name, k in [("one row", one_row), ("yours", vertical_edge_kernel()), ("sobel_x", sobel_x)]:
    angles = np.radians(np.arange(0, 91, 5))
    arrows = [((k.T * slanted_edge(a)).sum(), (k * slanted_edge(a)).sum()) for a in angles]
    miss = [np.arctan2(*arrow) - a for arrow, a in zip(arrows, angles, strict=True)]
    print(f"{name}: the arrow misses by at most {np.degrees(np.abs(miss).max()):.0f}°")

# %% [markdown] id="channels"
# ## 6 · Channels
#
# A color photograph has three numbers per pixel: red, green, blue. Each of these three grids is a **channel**.
# Picture files keep them last, `[H, W, 3]`; torch wants them first, `[3, H, W]`: one whole grid after the other.

# %% id="channels-photo" alt="A color portrait of an astronaut in an orange suit, with a flag on the left and a model of a space shuttle on the right."
astronaut = datasets.photograph("astronaut", size=(96, 96))
viz.images(astronaut, f"astronaut, {astronaut.shape}")

# %% [markdown] id="channels-bug"
# ### Find the bug
#
# Someone moved the channels to the front. The shape is right, and nothing complains. But these should be three gray
# versions of the portrait:


# %% id="channels-bug-code" alt="Three scrambled pictures: each is full of fine stripes in which the left, middle and right thirds of a part of the portrait lie over one another."
def channels_first(photo):
    """[H, W, 3] -> [3, H, W]"""
    return photo.reshape(3, photo.shape[0], photo.shape[1])


planes = channels_first(astronaut)
mended = np.array_equal(planes[0], astronaut[:, :, 0])
print("mended" if mended else "not yet: the first grid is not the red channel")
viz.images(planes, ["red?", "green?", "blue?"])

# %% [markdown] id="channels-bug-answer"
# Mend `channels_first` and run its cell again.
#
# <details><summary>Answer</summary>
#
# `reshape` keeps the numbers in their order in memory, r g b r g b …, and only cuts them into rows anew. So the
# first "channel" is the first third of that list: the top of the picture, colors mixed. To *move* an axis, the
# numbers must change places: `return photo.transpose(2, 0, 1)`, or `np.moveaxis(photo, -1, 0)`. A right shape
# proves nothing; look at the picture.
#
# </details>

# %% id="channels-planes" alt="The red, green and blue channel of the portrait in gray: the orange suit is bright in red, darker in green and nearly black in blue."
rgb = np.moveaxis(astronaut, -1, 0)  # [H, W, 3] -> [3, H, W]
viz.images(rgb, ["red", "green", "blue"])

# %% [markdown] id="channels-sum"
# ### A kernel for every pair
#
# A kernel for a color picture needs weights for each color: it becomes a stack of three grids, one per input
# channel. Each slides over its own channel, and the three results are **added** into *one* feature map. Then a
# **bias** is added, one number for the whole map: it sets how strong an answer must be before it counts as
# positive.
#
# **Predict before you run.** Two channels, a 2 × 2 kernel for each, bias 10. The first window of channel 0 gives 5,
# that of channel 1 gives 3. What is the first number of the result, and how many feature maps come out?
#
# <details><summary>Answer</summary>
#
# $5 + 3 + 10 = 18$, in one map. "Two maps" is the common guess, because two went in. The number of maps that come
# out is the number of kernel *stacks*, whatever the number of channels. And the bias counts once, not once per
# channel: 28 would be wrong.
#
# </details>

# %% id="channels-stepper" alt="A stepper with two input channels of 3 by 4 cells and a 2 by 2 kernel for each: both windows are outlined at the same place, and their products and the bias of 10 add up to one number of a 2 by 3 feature map, which begins with 18."
two = np.array([[[1, 2, 0, 1], [0, 2, 3, 1], [2, 0, 1, 4]], [[4, 1, 2, 0], [1, 0, 3, 2], [0, 5, 1, 1]]])
weights = np.array([[[1, 1], [0, 1]], [[1, 0], [-1, 2]]])
viz.step_conv(two, weights, bias=10, code=False)

# %% [markdown] id="channels-formula"
# To make several feature maps, use several stacks. For output channel $o$:
#
# $$y_o = b_o + \sum_{c=0}^{C_{\text{in}}-1} x_c \star w_{o,c}$$
#
# - $x_c$: input channel $c$; $C_{\text{in}}$: how many there are
# - $w_{o,c}$: the kernel from input channel $c$ to output channel $o$; $\star$: what your `conv2d` does
# - $b_o$: the bias of output channel $o$
#
# | array | shape | for a 3 × 3 layer from RGB to 16 maps |
# |---|---|---|
# | input `x` | `[Cin, H, W]` | `[3, H, W]` |
# | `weight` | `[Cout, Cin, kh, kw]` | `[16, 3, 3, 3]` |
# | `bias` | `[Cout]` | `[16]` |
# | output | `[Cout, H', W']` | `[16, H', W']` |

# %% [markdown] id="ex-channels"
# ### Exercise 1.4 · conv2d_channels
#
# Now the body is empty. Build on your `conv2d`, which handles one channel and one kernel, with stride and padding.
#
# - `x` is `[Cin, H, W]`, `weight` is `[Cout, Cin, kh, kw]`, `bias` is `[Cout]`
# - `weight[o, c]` is the kernel from input channel `c` to output channel `o`
# - `np.stack` makes one array `[Cout, H', W']` of a list of feature maps


# %% id="ex-channels-code" tags=["exercise"]
def conv2d_channels(x, weight, bias, stride=1, padding=0):
    """Convolve ``x`` [Cin, H, W] with ``weight`` [Cout, Cin, kh, kw], add ``bias`` [Cout]: [Cout, H', W']."""
    ### BEGIN SOLUTION
    maps = []
    for stack, b in zip(weight, bias, strict=True):
        parts = [conv2d(plane, kernel, stride, padding) for plane, kernel in zip(x, stack, strict=True)]
        maps.append(sum(parts) + b)
    return np.stack(maps)
    ### END SOLUTION


# %% id="ex-channels-check" tags=["check"]
conv2d_channels = check("conv2d_channels", conv2d_channels).use()

# %% [markdown] id="channels-use"
# Three feature maps of the portrait, from three stacks written by hand:
#
# - map 0: `sobel_x` on each channel, averaged
# - map 1: red minus blue, pixel by pixel, with bias −0.4
# - map 2: the mean of all 27 numbers in the window
#
# **Predict before you run.** Where is map 1 positive (drawn blue, as before)? What would it be on a gray wall,
# whatever its brightness?
#
# <details><summary>Answer</summary>
#
# Positive where red exceeds blue by more than 0.4: the orange suit, and hardly anything else; a stripe of the flag
# just makes it. On gray, red equals blue, so the sum is 0 and the bias decides: −0.4 at any brightness. The bias is
# a threshold here: "red enough" or not.
#
# </details>

# %% id="channels-maps" alt="Three feature maps of the portrait in blue and orange: upright outlines; a map that is orange all over except on the astronaut's suit, where it is blue; and a blurred gray version in blue."
weight = np.zeros((3, 3, 3, 3))  # [Cout, Cin, kh, kw]
weight[0] = sobel_x / 3
weight[1, 0, 1, 1], weight[1, 2, 1, 1] = 1, -1
weight[2] = 1 / 27
bias = np.array([0, -0.4, 0])
maps = conv2d_channels(rgb, weight, bias, padding=1)
viz.images(maps, ["edges", "red minus blue", "blurred gray"], signed=True)

# %% [markdown] id="channels-one-by-one"
# Map 1 looked at a single pixel at a time: all its weights but the middle ones are 0. Such a kernel may as well be
# 1 × 1. A **1 × 1 convolution** sees no neighbors; it mixes channels, the same way at every pixel. You will meet it
# at the end of every segmentation network.

# %% [markdown] id="torch"
# ## 7 · The same with torch
#
# `torch.nn.functional.conv2d` takes the same arrays with one more axis in front, for the pictures of a batch:
# `[N, Cin, H, W]`. It computes in 32-bit numbers, which keep about seven digits, so "equal" means: equal up to
# rounding.

# %% id="torch-functional" tags=["nbval-check-output"]
from torch import nn
from torch.nn.functional import conv2d as torch_conv2d

batch = torch.tensor(rgb)[None]  # [3, H, W] -> [1, 3, H, W]
w, b = torch.tensor(weight, dtype=torch.float32), torch.tensor(bias, dtype=torch.float32)
for options in [dict(padding=1), dict(stride=2), dict(stride=(2, 3), padding=(0, 2))]:
    ours = conv2d_channels(rgb, weight, bias, **options)
    theirs = torch_conv2d(batch, w, b, **options)[0].numpy()
    print(options, ours.shape, "equal:", np.allclose(ours, theirs, atol=1e-5))

# %% [markdown] id="torch-layer"
# In a network, weights and biases live in a **layer**, `nn.Conv2d`, which starts with random ones and is trained
# later. (It also has options that this lesson leaves out, such as `groups` and `padding_mode`.) Put our weights in,
# and it computes our maps:

# %% id="torch-module" tags=["nbval-check-output"]
layer = nn.Conv2d(in_channels=3, out_channels=3, kernel_size=3, padding=1)
print("weight:", tuple(layer.weight.shape), " bias:", tuple(layer.bias.shape))
with torch.no_grad():  # set the parameters by hand, outside training
    layer.weight.copy_(w)
    layer.bias.copy_(b)
    print("equal:", np.allclose(maps, layer(batch)[0].numpy(), atol=1e-5))

# %% [markdown] id="parameters"
# ### Counting parameters
#
# One kernel per pair of channels, one bias per output channel:
#
# $$\text{parameters} = C_{\text{out}}(C_{\text{in}} k_h k_w + 1)$$
#
# with $C_{\text{in}}$ and $C_{\text{out}}$ for the numbers of input and output channels, and $k_h \times k_w$ for
# the kernel. The size of the picture is not in it.
#
# **Predict before you run.** How many parameters has `nn.Conv2d(64, 128, kernel_size=3)`?
#
# <details><summary>Answer</summary>
#
# 128 · (64 · 9 + 1) = 73,856. With 128 · 9 + 128 = 1,280 you forgot that each of the 128 stacks has a grid for each
# of 64 channels. With 73,728 you forgot the biases.
#
# </details>


# %% id="parameters-count" tags=["nbval-check-output"]
def count_parameters(module):
    return sum(p.numel() for p in module.parameters())


print(f"Conv2d(64, 128, 3): {count_parameters(nn.Conv2d(64, 128, 3)):,}")
print(f"Conv2d(3, 3, 3):    {count_parameters(layer):,}")
inputs, outputs = rgb.size, maps.size
print(f"fully connected, {inputs:,} in and {outputs:,} out: {outputs * (inputs + 1):,}")
print("another size:", tuple(layer(torch.zeros(1, 3, 40, 61)).shape))

# %% [markdown] id="parameters-any-size"
# The last line is worth a second look: the size of the picture is not in the formula, so the same layer accepts any
# size. The fully connected layer is made for one. Lesson 6 turns this into a whole idea.

# %% [markdown] id="matrix"
# ## 8 · Convolution is a matrix product
#
# Write the input as one long list of numbers, row after row. Every output is a weighted sum of that list, so there
# is a matrix $M$ with
#
# $$\operatorname{vec}(y) = M \operatorname{vec}(x)$$
#
# - $\operatorname{vec}(x)$: the input as a column of $H\cdot W$ numbers; $\operatorname{vec}(y)$: the output
#   likewise
# - $M$: one row per output cell, one column per input cell
#
# So a convolution *is* a fully connected layer, of a very special kind.
#
# **Predict before you run.** Our 4 × 5 grid, and a kernel with the weights 1 to 9. How many rows and columns has
# $M$? How many entries of each row are not 0? How many *different* numbers other than 0 does it hold?
#
# <details><summary>Answer</summary>
#
# $6 \times 20$: six windows, twenty cells. Nine entries per row, because a window sees nine cells; the zeros say
# *look locally*. Nine different numbers in the whole matrix, not 54: each row holds the same nine, moved to its own
# window. That is *share the weights*.
#
# </details>

# %% id="matrix-picture" tags=["nbval-check-output"] alt="A 6 by 20 matrix: in each row the numbers 1 to 9 in three groups of three, zeros elsewhere; from row to row they move one place to the right, and three places from the third row to the fourth."
one_to_nine = np.arange(1, 10).reshape(3, 3)
matrix = ops.conv_matrix(one_to_nine, x.shape)
product = (matrix @ x.ravel()).reshape(2, 3)  # [6] -> [2, 3]
print("M vec(x) equals conv2d:", np.array_equal(product, conv2d(x, one_to_nine)))
viz.matrices(matrix.toarray(), "M: a row for each window, a column for each cell")

# %% [markdown] id="matrix-read"
# Follow a 1 down the diagonal: from row to row it moves one place to the right, and between the third and the
# fourth row it moves three, because the window wraps to the next line. Now the same for the photograph, stored as a
# *sparse* matrix, which keeps only what is not 0:

# %% id="matrix-photograph" tags=["nbval-check-output"]
large = ops.conv_matrix(one_to_nine, camera.shape)
rows, columns = large.shape
print(f"M is {rows:,} × {columns:,} = {rows * columns:,} entries")
print(f"not zero: {large.nnz:,}, which is {100 * large.nnz / (rows * columns):.3f} %")
print(f"different values: {np.unique(large.data).size}")

# %% [markdown] id="matrix-why"
# Why care? Three things follow from $M$ at once:
#
# - Convolution is **linear**: the map of a sum is the sum of the maps. So two convolutions in a row are again a
#   single one, $M_2 M_1$, and depth gains nothing until something not linear stands between them. Lesson 2 begins
#   there.
# - Training asks how the six outputs depend on the twenty inputs. The way back is the transposed matrix $M^\top$,
#   which turns six numbers into twenty.
# - That way back is a layer of its own, the *transposed convolution*, with which networks enlarge their maps. You
#   build it in lesson 7.

# %% [markdown] id="shift"
# ## 9 · Move the picture, and the map moves along
#
# The same weights at every place mean: if an object moves by five pixels, its answer moves by five pixels and stays
# otherwise the same. This is **translation equivariance**:
#
# $$f(\text{shift}(x)) = \text{shift}(f(x))$$
#
# with $f$ for the convolution, $x$ for the picture, and *shift* for moving it. (*Invariant* would be
# $f(\text{shift}(x)) = f(x)$: an answer that does not change at all. That comes in lesson 2.)
#
# Measure it. Two photos of one scene are cut out, the second 3 pixels lower and 5 farther right. Where both show
# the same thing, compare the two maps.
#
# **Predict before you run.** With `padding=1`: is the difference 0 everywhere?
#
# <details><summary>Answer</summary>
#
# Everywhere except in a line one pixel wide around it. Inside, both windows see the same nine numbers and give the
# same sum. At the border of one of the photos, its window sees invented zeros where the other still sees the scene.
# So convolution is equivariant, and *padding* breaks it at the border.
#
# </details>

# %% id="shift-measure" tags=["nbval-check-output"] alt="Where two edge maps differ after shifting one onto the other: a white field, that is nowhere, inside a black frame one pixel wide."
scene = datasets.photograph("camera", size=(70, 70))
here = conv2d(scene[:64, :64], sobel_x, padding=1)
there = conv2d(scene[3:67, 5:69], sobel_x, padding=1)
difference = np.abs(here[3:, 5:] - there[:-3, :-5])
inside = difference[1:-1, 1:-1]
print(f"inside: {inside.size:,} cells, all differences below 1e-6: {inside.max() < 1e-6}")
print("in the frame, some difference above 0.5:", difference.max() > 0.5)
viz.images(difference < 1e-6, "black: the two maps differ")

# %% [markdown] id="shift-stride"
# ### Where it fails
#
# A stride of 2 looks at every second place only. Take stripes one pixel wide, a 1 × 1 kernel that copies, and
# stride 2.
#
# **Predict before you run.** What is the feature map? What is it when the stripes move by a single pixel?
#
# <details><summary>Answer</summary>
#
# First all 0: the window lands on dark stripes only. After the move all 1. No shift of the first map is the second:
# the stripes are gone in both, replaced by an even area of the wrong brightness. This is *aliasing*, the effect
# that makes wheels seem to turn backward in films.
#
# </details>

# %% id="shift-stripes" alt="Four grids: stripes of 0 and 1, their stride-2 map of all zeros, the stripes moved by one pixel, and their stride-2 map of all ones."
stripes = np.array([[0, 1, 0, 1]] * 4)
moved = 1 - stripes
copy = np.array([[1]])
before, after = conv2d(stripes, copy, stride=2), conv2d(moved, copy, stride=2)
viz.matrices([stripes, before, moved, after], ["stripes", "stride 2", "moved by 1", "stride 2"])

# %% [markdown] id="shift-stride-photo"
# And on the photograph: move the cut by 1 and by 2 pixels, and look for a shift of the strided map that fits.

# %% id="shift-stride-measure" tags=["nbval-check-output"]
still = conv2d(scene[:64, :64], sobel_x, stride=2)  # [31, 31]
for pixels in [1, 2]:
    other = conv2d(scene[:64, pixels : 64 + pixels], sobel_x, stride=2)
    fits = [s for s in range(6) if np.abs(still[:, s:] - other[:, : 31 - s]).max() < 1e-6]
    print(f"picture moved by {pixels}: moves of the map that fit: {fits or 'none'}")

# %% [markdown] id="shift-stride-read"
# A strided convolution is equivariant only to shifts by multiples of its stride. Real networks have many strides,
# and small shifts do change their answers (Zhang 2019, figure 1). In lesson 2 pooling meets the same problem,
# and softens it.

# %% [markdown] id="cost"
# ## 10 · What the loops cost
#
# A 3 × 3 kernel on the photograph takes 126 · 126 · 9 = 142,884 multiplications: one per non-zero entry of $M$.
# Your loops, NumPy without loops, and torch all do these same multiplications. Times differ from run to run and from
# machine to machine, so the cell prints only what is the same everywhere; look into `times` for yours.

# %% id="cost-time"
from time import perf_counter


def milliseconds(function, *arguments):
    start = perf_counter()
    function(*arguments)
    return 1000 * (perf_counter() - start)


image, edge = torch.tensor(camera)[None, None], torch.tensor(sobel_x).float()[None, None]
times = {
    "your conv2d": min(milliseconds(conv2d, camera, sobel_x) for _ in range(5)),
    "NumPy": min(milliseconds(ops.conv2d, camera, sobel_x) for _ in range(5)),
    "torch": min(milliseconds(torch_conv2d, image, edge) for _ in range(5)),
}
print("slowest:", max(times, key=times.get))
print("at least 20 times as slow as NumPy:", times["your conv2d"] > 20 * times["NumPy"])

# %% [markdown] id="cost-read"
# The multiplications are cheap; what your loops pay for is Python, which handles 15,876 windows one at a time. So
# from here on the lessons compute with torch, and you know what it computes.

# %% [markdown] id="recap"
# ## Recap
#
# | word | what it is | why it exists |
# |---|---|---|
# | kernel | a small grid of weights, used at every place | local, shared: few parameters |
# | feature map | one sum of products per window | says where the pattern is |
# | padding $p$ | a frame of zeros | keeps the size, uses the border; invents an edge |
# | stride $s$ | the step of the window | fewer numbers, less work; breaks small shifts |
# | dilation $d$ | the distance between weights | sees farther with the same weights |
# | channels | one kernel per (output, input) pair, added over inputs | colors, or the maps of the layer before |
# | bias $b$ | one number per output channel | a threshold |
#
# $$o = \left\lfloor \frac{n + 2p - d(k-1) - 1}{s} \right\rfloor + 1$$
#
# $$\text{parameters} = C_{\text{out}}(C_{\text{in}} k_h k_w + 1)$$
#
# Convolution is a matrix product with a sparse matrix of shared weights. It is linear, and moving the input moves
# the output, except at padded borders and between the steps of a stride.

# %% [markdown] id="quiz"
# ## Quiz
#
# Answer each before you open it.
#
# **1.** A 5 × 5 kernel, stride 1. Which padding keeps the size? And with dilation 2?
#
# <details><summary>Answer</summary>
#
# 2, then 4. The kernel spans 5 cells, with dilation 2 it spans 9, and padding must make up for half of span minus
# one. The padding for a 3 × 3 kernel equals its dilation, a rule worth keeping.
#
# </details>
#
# **2.** Two 3 × 3 convolutions follow each other with nothing between. Neither is padded. Which single kernel size
# does the same? Is it worth having two?
#
# <details><summary>Answer</summary>
#
# One 5 × 5: two steps of one cell to each side. Both together are linear, so they are one convolution. The pair has
# 18 weights instead of 25, but not every 5 × 5 kernel can be written as such a pair. Two become worth more than one
# when something not linear stands between them.
#
# </details>
#
# **3.** "`nn.Conv2d(3, 16, 3)` has 16 kernels of 9 weights and 16 biases: 160 parameters." What is wrong?
#
# <details><summary>Answer</summary>
#
# Each of the 16 kernels is a stack of three grids, one per input channel: 16 · (3 · 9 + 1) = 448.
#
# </details>
#
# **4.** In a hand-written multi-channel convolution, the first feature map is right; the second shows its own
# pattern with a ghost of the first behind it. Where do you look?
#
# <details><summary>Answer</summary>
#
# Where the running sum begins. It is set to 0 once, before the loop over output channels, instead of anew for each
# of them; so the second map starts from what the first left behind. The third map would show two ghosts.
#
# </details>
#
# **5.** You port blur, sharpen and `sobel_x` to a program that flips kernels. Which results change, and how?
#
# <details><summary>Answer</summary>
#
# Only Sobel's: flipped, `sobel_x` is its own negative, so every edge changes its sign. Blur and sharpen look the
# same after the flip. The strength $\sqrt{g_x^2+g_y^2}$ does not change either, which is why such a mistake can
# stay hidden for years.
#
# </details>
#
# **6.** A layer with stride 2 and a 1 × 1 kernel looks at a night sky with one star, one pixel large. How often is
# the star in the feature map? What would a 3 × 3 kernel change?
#
# <details><summary>Answer</summary>
#
# In one of four positions: its row and its column must both be even. With 3 × 3 windows and stride 2, neighboring
# windows overlap by one cell, so every star lies in at least one window, and in up to four (only the last row or
# column may go unseen). Overlapping windows soften what a stride loses.
#
# </details>

# %% [markdown] id="sources"
# ## Sources
#
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, MIT Press 2016: §9.1 for the operation, its names and
#   its matrix; §9.2 for locality, shared parameters and equivariance.
# - V. Dumoulin, F. Visin, *A guide to convolution arithmetic for deep learning*, 2016, arXiv:1603.07285: chapter 2
#   for output sizes (the formula with stride and padding is its relationship 6), §4.1 for the matrix, §5.1 for
#   dilation.
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document recognition*,
#   Proceedings of the IEEE 86 (11), 1998: §II.A, for local windows and shared weights in a network that is trained.
# - I. Sobel, G. Feldman, *A 3×3 isotropic gradient operator for image processing*, talk at the Stanford Artificial
#   Intelligence Project, 1968; Sobel's own account is *An isotropic 3×3 image gradient operator*, 2014.
# - F. Yu, V. Koltun, *Multi-scale context aggregation by dilated convolutions*, ICLR 2016, arXiv:1511.07122: §2.
# - K. He, X. Zhang, S. Ren, J. Sun, *Deep residual learning for image recognition*, CVPR 2016: table 1, for the
#   first layer of ResNet (its output of 112 × 112 leaves no other padding than 3).
# - K. Simonyan, A. Zisserman, *Very deep convolutional networks for large-scale image recognition*, ICLR 2015:
#   §2.1, for VGG's 3 × 3 kernels with padding 1.
# - R. Zhang, *Making convolutional networks shift-invariant again*, ICML 2019: figure 1.
# - Photographs: "camera" by Lav Varshney, CC0, and "astronaut" (Eileen Collins) by NASA, released into the public
#   domain; both from scikit-image (`skimage.data`).
