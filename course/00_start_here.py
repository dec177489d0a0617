# %% [markdown] id="title"
# # 0 · Start here
#
# [Open this lesson in Colab](https://colab.research.google.com/github/${REPOSITORY}/blob/main/lessons/${LESSON}.ipynb)
#
# Welcome. In this course you build convolutional networks by hand, from one sliding window up to networks that color every
# pixel of a street scene by what it shows. Nothing stays a black box: you see every array on the way.
#
# **What you will be able to do**
#
# - run the cells of a lesson, and get out of trouble when they misbehave
# - read a photograph as an array of numbers, and cut a window out of it
# - solve an exercise, read its card, and open a hint
# - see your progress, and find out whether there is a GPU
#
# **Time:** about 10 minutes of reading and doing; its cells run in about 10 s on two CPU cores; nothing here needs
# a GPU.
#
# **You need:** a little Python: variables, functions, lists.

# %% [markdown] id="run-why"
# ## Running a cell
#
# A notebook is made of cells. This one holds text. The next one holds Python code, with `[ ]` at its left edge. Click into
# it and press **Shift + Enter**: the cell runs, `[ ]` becomes `[1]`, and you land in the cell below. While a cell is still
# running you see `[*]`.
#
# Each lesson begins with the next two cells. The first makes sure that the course's package is installed, the second
# imports what the lesson uses. Neither shows anything when all is well.

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

from cnncourse import check, datasets, viz

# %% [markdown] id="run-rules"
# Two habits spare you most trouble.
#
# - **Run from top to bottom.** Cells share their variables, so a cell may need one that stands above it. A `NameError` nearly
#   always means that a cell above has not been run.
# - **When in doubt, restart.** *Kernel ▸ Restart Kernel and Run up to Selected Cell* (in Colab: *Runtime ▸ Restart session*,
#   then *Runtime ▸ Run before*) forgets everything and starts clean. Your text and code stay.

# %% [markdown] id="array-why"
# ## A photograph is an array
#
# Here is a cat called Chelsea. To the computer the picture is a table of numbers, one per pixel: 0 is black, 1 is white,
# 0.5 a medium gray.

# %% id="array-photo" alt="A gray photograph of a cat's face, looking at the viewer; its left eye in the picture is wide open, and the nose is at the bottom."
photo = datasets.photograph("chelsea", gray=True)
viz.images(photo, "photo")

# %% id="array-shape" tags=["nbval-check-output"]
print("shape:", photo.shape, "-> 300 rows, 451 columns,", photo.size, "numbers")
print(f"darkest {photo.min():.2f}   brightest {photo.max():.2f}   mean {photo.mean():.2f}")

# %% [markdown] id="array-order"
# `photo.shape` names the **rows first**, then the columns: 300 high, 451 wide. A pixel is picked in the same order,
# `photo[row, column]`. Rows are counted downward, columns to the right, and both begin with **0**: the pixel in the top
# left corner is `photo[0, 0]`.
#
# In school it was $x$ first (to the right), then $y$ (upward). Here it is down first, then right. Mixing the two up is
# the most frequent mistake with images, so it pays to settle it now.
#
# **Predict before you run.** The dark slit of the pupil passes through row 115 and column 170. Is `photo[115, 170]` nearer
# to 0 or nearer to 1? And does `photo[170, 115]` show the pupil too?
#
# <details><summary>Answer</summary>
#
# The pupil is black, so its number is near 0. `photo[170, 115]` is another place, further down and further to the left, on
# the gray fur of the cheek. If you thought of it as the same pixel, you are in good company, and now you are warned.
#
# </details>

# %% id="array-pixels" tags=["nbval-check-output"]
print(f"photo[115, 170] = {photo[115, 170]:.2f}")
print(f"photo[170, 115] = {photo[170, 115]:.2f}")

# %% [markdown] id="slice-why"
# ## Cutting out a window
#
# Convolution, pooling, everything in this course looks at an image through small windows. A window is cut out by two
# **slices** `start:end`, one for the rows and one for the columns. A slice leaves its end out: `2:5` is 2, 3 and 4, which
# makes 5 − 2 = 3.

# %% id="slice-demo" alt="The eye of the cat, cut out of the photograph: 65 rows and 76 columns, a black slit in a gray iris with a dark rim."
eye = photo[85:150, 130:206]
print("rows 85 to 149, columns 130 to 205 -> shape", eye.shape)
viz.images(eye, "photo[85:150, 130:206]")

# %% [markdown] id="slice-numbers"
# And these are the numbers themselves: 8 rows and 14 columns inside the eye, in percent. You can see the place where the
# iris (about 40) ends and the pupil (3 or 4) begins, without seeing the picture.

# %% id="slice-matrix" alt="A table of 8 rows and 14 columns of whole numbers, tinted by size: about 40 on the left, 3 or 4 on the right, and a slanted border between them."
viz.matrices(np.round(100 * photo[116:124, 154:168]), "photo[116:124, 154:168] in percent")

# %% [markdown] id="slice-gap"
# **Predict before you run.** The other eye lies in a window of 65 rows and 60 columns, whose top left pixel is
# `photo[105, 288]`. Which number belongs in the gap?
#
# ```python
# photo[105:170, 288:___]
# ```
#
# <details><summary>Answer</summary>
#
# 348. The window begins at column 288 and is 60 columns wide, so it ends *before* column 288 + 60 = 348; the rows end before
# 105 + 65 = 170. If you said 347, you counted the last column in: that is where the window's last pixel lies, but a slice
# names the first column it leaves out. If you said 60, you gave the width; a slice wants a position.
#
# </details>

# %% id="slice-other" alt="The other eye of the cat, 65 rows and 60 columns."
other = photo[105:170, 288:348]
print("shape", other.shape)
viz.images(other, "photo[105:170, 288:348]")

# %% [markdown] id="exercise-why"
# ## Your first exercise
#
# An exercise is a function with a gap: `raise NotImplementedError("your turn")` stands where your code belongs. Replace that
# line, run the cell, and run the **check** cell below it. The check calls your function with small arrays and shows a card.
#
# ### Exercise 0.1 · crop
#
# Write `crop`, which cuts the window whose top left pixel is `image[top, left]`, `height` rows high and `width` columns
# wide. You have done it twice above with numbers; now the four numbers have names. One line is enough.


# %% id="crop" tags=["exercise"]
def crop(image, top, left, height, width):
    """Return the window of image [H, W] that begins at (top, left): [height, width]."""
    ### BEGIN SOLUTION
    return image[top : top + height, left : left + width]
    ### END SOLUTION


# %% id="crop-check" tags=["check"]
crop = check("crop", crop).use()

# %% [markdown] id="card-why"
# ## Reading the card
#
# A card is in one of three states.
#
# | sign | means | what to do |
# |---|---|---|
# | ○ open | the `raise` line still stands there | nothing is wrong: solve it now, or later |
# | ✗ not yet | your function ran, and some result differs | read the sentence; compare *expected* and *got* |
# | ✓ passed | every probe agrees | go on; from here the lesson runs on your code |
#
# A **probe** is one call with fixed arguments. The card shows the first probe that fails: what went in, what should have come
# out, and what came out, with the cells that differ marked.
#
# Some mistakes are so common that the card knows them by name. Here is one of them, made on purpose: `first_try` takes the
# height and the width for the ends of the two slices. `hint=1` opens the first hint as well.

# %% id="card-demo"
from contextlib import suppress


def first_try(image, top, left, height, width):
    return image[:height, :width]


with suppress(AssertionError):  # when a class is graded, a wrong answer raises; this one is meant to be wrong
    check("crop", first_try, hint=1)

# %% [markdown] id="hint-why"
# Hints go from a nudge to nearly the answer. Open them one at a time, by a number in the check cell:
#
# ```python
# crop = check("crop", crop, hint=1).use()
# ```
#
# ### What `.use()` does
#
# A check returns a result, and `.use()` picks a function from it: **yours if it passed, the library's until then**. So the
# lesson always runs to its end, whatever you leave open, and from the moment an exercise passes, the pictures below it come
# from your own code. The next cell cuts out the nose with whatever `crop` is now.

# %% id="use-demo" alt="The nose of the cat, cut out of the photograph: 55 rows and 80 columns."
viz.images(crop(photo, 218, 220, 55, 80), "crop(photo, 218, 220, 55, 80)")

# %% [markdown] id="progress-why"
# ## Your progress
#
# Each check notes whether the exercise has passed and how often you tried. (The try above that was wrong on purpose counts
# as one.) The note is a small file in your home folder; in a terminal, `python -m cnncourse progress` shows the same table and
# says where the file is. On Colab the file lasts only as long as the session.

# %% id="progress"
from cnncourse.checks import progress

print(progress.report().rpartition("\n")[0])  # without the last line, the place of the file

# %% [markdown] id="gpu-why"
# ## Is there a GPU?
#
# Training a network is many multiplications, and a graphics processor does them faster. Lessons 0, 1 and 2 do not need one. This
# cell says what you have.

# %% id="gpu"
if torch.cuda.is_available():
    print("There is a GPU:", torch.cuda.get_device_name())
else:
    print("There is no GPU that torch can use; everything runs on the CPU.")

# %% [markdown] id="gpu-colab"
# In Colab you can ask for one: *Runtime ▸ Change runtime type ▸ T4 GPU*. That restarts the session, so run the cells
# from the top again.

# %% [markdown] id="stepper-why"
# ## A look ahead
#
# This is what you will build in lesson 1. A 3×3 window slides over a small patch of the photograph. At each place the nine
# numbers under the window are multiplied by the nine weights of the **kernel** and summed; the sum is one number of the
# output. Press the buttons, or click on the picture and use the arrow keys.
#
# The patch lies where the dark rim of the eye, on the left, meets the bright iris, on the right. Its numbers are tenths: 0
# is black, 10 is white.
#
# **Predict before you step.** The kernel subtracts what lies on the left from what lies on the right. Where will the output
# be largest: in the dark part, in the bright part, or at the edge between them?
#
# <details><summary>Answer</summary>
#
# At the edge. In an even part, dark or bright, left and right are about equal, and the difference is near 0; "in the bright
# part" would be right for a kernel that only adds. This one *detects edges*, and nobody trained it.
#
# </details>

# %% id="stepper" alt="A stepper for convolution: a patch of 5 rows and 8 columns, about 1 on the left and about 5 on the right, a 3 by 3 kernel with -1 in its left and 1 in its right column, and the output of 3 rows and 6 columns, which is largest at the edge."
patch = np.round(10 * photo[108:113, 137:145])
kernel = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])
viz.step_conv(patch, kernel, code=False)

# %% [markdown] id="map"
# ## The course
#
# | lesson | what you build by hand |
# |---|---|
# | **0 Start here** | a window cut out of a photograph |
# | **1 Convolution** | output sizes, `conv2d` for one and for many channels, an edge kernel |
# | **2 Pooling** | ReLU, max pooling with indices, average pooling, the receptive field |
# | 3 Classification | softmax, cross-entropy, a small CNN and its training step |
# | 4 Generalization | dropout, weight decay, early stopping, flipping an image with its mask |
# | 5 Feature maps | a hook that looks inside any network, Grad-CAM |
# | 6 FCN | a classifier turned into a network that labels pixels; its loss and its IoU |
# | 7 Upsampling | nearest, bilinear, transposed convolution, unpooling |
# | 8 SegNet | an encoder and a decoder that remembers where the maxima were |
# | 9 U-Net | crop and concatenate, the up-convolution block, a weight map for borders |
# | 10 Instances and detection | box overlap, non-maximum suppression, region growing, components |
# | 11 Beyond images | convolution on sound and time series, an auto-encoder's loss |
# | 12 Capstone | your own project |
#
# Lessons 0 to 2 are ready. The others are being written, and the plan above is what they will hold.

# %% [markdown] id="how-to-work"
# ## How to get the most out of it
#
# - **Predictions.** *Predict before you run* asks for a number or a picture in your head. Write it down, then look. A
#   prediction that turns out wrong teaches you more than three that were right, and nobody keeps score.
# - **Exercises.** Try on your own first. A wrong card is part of the way, not a mark.
# - **Hints.** Open the first when you have been stuck for some minutes, the next only when that one did not help.
# - **Solutions.** The folder `solutions/` holds each lesson solved, with all its pictures. Best use: after your own version
#   has passed, to compare. Second best: when all hints are used up, read it, close it, and write it again from memory.
# - **Play.** Change a number and run the cell again. You cannot break anything that a restart does not mend.
#
# ### When you are stuck
#
# 1. Read the card's sentence once more, then its first differing cell, and compute that one cell on paper.
# 2. Open the next hint.
# 3. Call your function on a tiny array in a new cell (press **B** beside a cell to get one) and print what it does.
# 4. Something strange that is not about the exercise? Restart the kernel and run from the top. In a terminal in the project's
#    folder, `python -m cnncourse doctor` looks for problems with Python, packages, GPU and widgets, and says what to do.
# 5. A mistake in the course itself? Please tell us: [open an issue](https://github.com/${REPOSITORY}/issues).

# %% [markdown] id="recap"
# ## Recap
#
# - An image is an array; `image[row, column]`, down first, then right, counted from 0.
# - `image[a:b, c:d]` is a window of b − a rows and d − c columns. The ends are left out.
# - A check shows a card: open, not yet, or passed. `.use()` gives you your own function once it has passed.

# %% [markdown] id="quiz"
# ## Quiz
#
# Decide, and find a reason, before you open an answer.
#
# **1.** What is the shape of `photo[10:20, 100:]`? (The photograph has 300 rows and 451 columns; a slice without an end goes to
# the last column.)
#
# <details><summary>Answer</summary>
#
# (10, 351): rows 10 to 19 are ten rows, and columns 100 to 450 are 451 − 100 = 351 columns.
#
# </details>
#
# **2.** A friend's `crop` has rows and columns mixed up, and passes a test with a 5×5 window at row 3, column 3. Why did the
# test not notice?
#
# <details><summary>Answer</summary>
#
# In that window top equals left and height equals width, so exchanging them changes nothing. A good probe is not square
# and not on the diagonal; those of this course never are for that reason.
#
# </details>
#
# **3.** You pass an exercise, and later restart the kernel and run only the check cell. What does `.use()` give you?
#
# <details><summary>Answer</summary>
#
# Nothing yet: after a restart your function is forgotten, and the check cell ends with a `NameError`. Run the exercise cell
# first, then the check. Your progress is not lost, since it lies in a file.
#
# </details>

# %% [markdown] id="sources"
# ## Sources
#
# - Photograph "Chelsea" by Stéfan van der Walt, CC0, from scikit-image (`skimage.data.chelsea`).
# - S. van der Walt et al.: scikit-image: image processing in Python. PeerJ 2:e453, 2014. (the library with the photographs)
# - C. R. Harris et al.: Array programming with NumPy. Nature 585, 2020. (arrays, indexing and slices)
#
# Next: **lesson 1, Convolution**.
