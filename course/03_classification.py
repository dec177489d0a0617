# %% [markdown] id="title"
# # 3 · Classification
#
# [Open this lesson in Colab](https://colab.research.google.com/github/${REPOSITORY}/blob/main/lessons/${LESSON}.ipynb)
#
# Convolution and pooling turn a picture into maps of evidence: an edge here, none there. A classifier must turn
# these maps into one answer, "this is a 3", and say how sure it is. And nobody designs its kernels: it finds them
# itself, from examples. In this lesson you build every part of that, train a network with it, and look at what it
# gets wrong.
#
# **What you will be able to do**
#
# - follow one picture from its feature maps to ten probabilities, and count the parameters on the way
# - write softmax and cross-entropy so that no large number breaks them, and derive the gradient of the two
# - do one training step by hand: forward, loss, backward, update
# - read a training loop, and find the two bugs that everybody makes in it once
# - say what SGD, RMSProp and Adam do, and compare them fairly
# - read learning curves, a confusion matrix, and a probability of 0.98
#
# **Time:** about two and a half hours of reading and doing; its cells run in about 30 s on two CPU cores; nothing
# here needs a GPU.
#
# **You need:** lessons 1 and 2 (convolution, ReLU, pooling); what a derivative is; that $\log(ab) = \log a + \log b$.

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
import inspect
import math

import torch
from torch import nn
from torch.nn import functional as F

from cnncourse import check, datasets, models, training, viz

# %% [markdown] id="data-why"
# **The data.** One line decides what this lesson trains on. As it stands it takes 1,797 real handwritten digits that
# come with scikit-learn, so that nothing needs the network. Two other lines to try, now or later:
#
# - `source, epochs = datasets.mnist, 5` downloads MNIST, 70,000 digits (12 MB, once). Training takes about a minute.
# - `source, epochs = datasets.fashion_mnist, 5` downloads pictures of clothing instead (31 MB, once).
#
# The numbers in the text are those of scikit-learn's digits; with other pictures, read your own.

# %% id="data" tags=["nbval-check-output"]
source, epochs = datasets.digits, 15
train, val, test = source("train"), source("val"), source("test")
print(train, val, test, sep="\n")

# %% id="data-pictures" alt="Ten handwritten digits in two rows, white on black and blurred, each with its label above."
some = [train[i] for i in range(10)]
viz.images([image[0] for image, _ in some], [train.classes[label] for _, label in some], columns=5)

# %% [markdown] id="data-parts"
# The offline digits are blurred because they were measured on 8 × 8 squares and enlarged to 28 × 28, the size of MNIST.
#
# There are three parts, and no picture is in two of them. The network learns from **train**. Whatever *you* decide
# by looking at results (a learning rate, when to stop), you decide on **val**, short for validation. **test** is
# opened once, at the end. A score on pictures that helped to make a decision is too good, like an exam whose
# questions were known.

# %% [markdown] id="row"
# ## 1 · From maps to one row of numbers
#
# Lesson 2 ended here: convolve, ReLU, max pooling. With Sobel's two kernels, a digit becomes two small maps, one for
# edges from dark to bright across, one for edges downward.

# %% id="row-maps" alt="A handwritten digit, and two small maps of 13 by 13 cells: bright where the stroke begins from the left, and bright where it begins from above."
sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
kernels = torch.stack([sobel, sobel.T])[:, None]  # [2, 1, 3, 3]: two output channels, one input channel
image, label = train[3]
maps = F.max_pool2d(F.relu(F.conv2d(image[None], kernels)), 2)
print("image", tuple(image.shape), " maps", tuple(maps.shape))
viz.images([image[0], maps[0, 0], maps[0, 1]], [f"a {train.classes[label]}", "across", "downward"])

# %% [markdown] id="row-flatten"
# The sizes are those of lessons 1 and 2: 28 − 3 + 1 = 26, and half of it 13.
#
# A decision needs evidence from everywhere at once: a 3 is open on the left *and* round on the right. So lay all
# cells in one row, map after map, in reading order within a map. This is called **flatten**. It computes nothing.
#
# **Predict before you run.** How long is the row? At which position, counted from 0, does the cell of map 1, row 2,
# column 5 stand?
#
# <details><summary>Answer</summary>
#
# $2 \cdot 13 \cdot 13 = 338$. Map 0 takes the first 169 positions. In map 1, two full rows of 13 come first, then five
# cells: $169 + 2\cdot13 + 5 = 200$. It is the flat index of lesson 2 with one more axis.
#
# </details>

# %% id="row-flatten-facts" tags=["nbval-check-output"]
row = maps.flatten(1)  # all axes from axis 1 on become one; axis 0 counts the images
print(tuple(maps.shape), "->", tuple(row.shape))
print("the same number:", bool(row[0, 200] == maps[0, 1, 2, 5]))

# %% [markdown] id="fc"
# ### A weighted sum for each class
#
# For each class, weigh the evidence: an edge here speaks for a 3, an edge there against it. A **fully connected** layer
# does this. With $h_i$ for the numbers of the row, it computes for each class $k$
#
# $$z_k = \sum_i w_{k,i}\, h_i + b_k$$
#
# - $w_{k,i}$: how much number $i$ speaks for class $k$ (negative: against it)
# - $b_k$: the bias, where class $k$ starts before any evidence is seen
# - $z_k$: the **logit** of class $k$: its score, any number, positive or negative
#
# torch calls the layer `nn.Linear`.
#
# **Predict before you run.** How many parameters has a fully connected layer from 338 numbers to 10 classes?
#
# <details><summary>Answer</summary>
#
# A weight for every pair, $338 \cdot 10 = 3{,}380$, and 10 biases: 3,390.
#
# </details>

# %% id="fc-facts" tags=["nbval-check-output"]
torch.manual_seed(0)
scores_of = nn.Linear(338, 10)
z = scores_of(row)
for name, tensor in [("weight", scores_of.weight), ("bias", scores_of.bias), ("logits", z)]:
    print(name, tuple(tensor.shape))
print("parameters:", sum(p.numel() for p in scores_of.parameters()))
by_hand = (scores_of.weight[3] * row[0]).sum() + scores_of.bias[3]
print("logit 3 by hand is the same:", torch.allclose(by_hand, z[0, 3]))

# %% [markdown] id="fc-price"
# Lesson 1 warned of fully connected layers: many weights, and blind to neighborhood. Here it comes last, when the
# maps are small and the local work is done. Two prices remain. It has a weight for each *position*, so it must
# learn a 3 anew for every place where a 3 may stand. And it takes rows of exactly 338 numbers: the network now works for
# one size of picture. Lesson 6 gets rid of both.

# %% [markdown] id="softmax"
# ## 2 · From scores to probabilities
#
# Logits are hard to read. Is a score of 2 much? You want **probabilities**: ten numbers, none negative, with the sum 1.
# Two steps make them: raise $e$ to each logit, which makes it positive, then divide by the sum.
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# - $z_k$: the logit of class $k$; $j$ runs over all classes
# - $p_k$: the probability of class $k$
#
# This is **softmax**. Here it is for three classes:

# %% id="softmax-steps" alt="Three rows of numbers: the logits 2, 1 and 0; their exponentials 7.39, 2.72 and 1; the probabilities 0.67, 0.24 and 0.09."
z = torch.tensor([2.0, 1.0, 0.0])
powers = torch.exp(z)
rows = [z[None], powers[None], (powers / powers.sum())[None]]  # [3] -> [1, 3]: a matrix of one row
viz.matrices(rows, ["logits", "e to the logit", "probabilities"])

# %% [markdown] id="softmax-why"
# Why $e^z$, and not, say, $z^2$? The order must stay: a larger logit is a larger probability. And look at the ratio of two
# probabilities. The sum cancels, and
#
# $$\frac{p_i}{p_k} = e^{z_i - z_k}.$$
#
# So only **differences** of logits count. One more point makes a class $e \approx 2.7$ times as likely, compared with the
# others, wherever it started.
#
# **Predict before you run.** What happens to the probabilities when you add 5 to all three logits? When you double all
# three?
#
# <details><summary>Answer</summary>
#
# Adding 5 changes nothing: no difference changes. Doubling doubles all differences, so the first is now $e^2$ times as
# likely as the second: the favorite becomes surer, although the ranking is the same. How sure a network sounds depends on
# the *size* of its logits. Remember this for section 9.
#
# </details>

# %% id="softmax-facts" tags=["nbval-check-output"]
for name, values in [("z", z), ("z + 5", z + 5), ("2 z", 2 * z)]:
    powers = torch.exp(values)
    print(f"{name:<6}", [f"{p:.3f}" for p in powers / powers.sum()])

# %% [markdown] id="softmax-overflow"
# ### When $e^z$ is too large to write down
#
# The formula is right and the code above is not safe. torch computes with 32-bit numbers, and the largest of them is about
# $3.4 \cdot 10^{38}$.

# %% id="softmax-overflow-facts" tags=["nbval-check-output"]
print("e^88, e^89:", torch.exp(torch.tensor([88.0, 89.0])))
powers = torch.exp(torch.tensor([1000.0, 999.0, 0.0]))
print("probabilities:", powers / powers.sum())

# %% [markdown] id="softmax-mend"
# $e^{89}$ overflows to infinity, infinity divided by infinity is "not a number" (nan), and one nan spoils everything it
# touches: after one training step all weights are nan. Logits of that size do occur when training goes wild: you
# will see a loss above 100 in section 5.
#
# You know the remedy already: adding the same number to all logits changes nothing. So **subtract the largest logit** first.
# Then the largest exponent is 0, and no power is above 1. The others may become 0, which is harmless: that class has a
# probability too small to write down.

# %% [markdown] id="ex-softmax"
# ### Exercise 3.1 · softmax
#
# Write softmax for a batch: `logits` is `[N, K]`, one row of $K$ logits for each of $N$ images. Each row becomes
# probabilities on its own.
#
# Rows need care. For `x` of shape `[N, K]`, `x.sum(dim=1)` adds up each row, but its shape is `[N]`, which does not line
# up with `[N, K]`; `x.sum(dim=1, keepdim=True)` has shape `[N, 1]`, which does. `torch.amax` takes the same arguments and
# returns the largest of each row. Leave `logits` itself as it is.


# %% id="ex-softmax-code" tags=["exercise"]
def softmax(logits):
    """Return the probabilities [N, K] of logits [N, K], however large they are."""
    ### BEGIN SOLUTION
    powers = torch.exp(logits - logits.amax(dim=1, keepdim=True))
    return powers / powers.sum(dim=1, keepdim=True)
    ### END SOLUTION


# %% id="ex-softmax-check" tags=["check"]
softmax = check("softmax", softmax).use()

# %% [markdown] id="loss"
# ## 3 · How wrong is an answer?
#
# Training needs one number that says how bad the network's answers are, so that it can be made smaller: the **loss**. Where
# does a good one come from?
#
# The network says how probable it thinks each label is. So ask: how probable are *the labels that really occurred*, if the
# network is right? Each picture is an independent case, so multiply:
#
# $$L = \prod_{n=1}^{N} p_{n,y_n}$$
#
# - $N$: number of pictures; $n$ counts them
# - $y_n$: the true class of picture $n$; $p_{n,y_n}$: the probability that the network gave to it
# - $\prod$: the product over all pictures
#
# $L$ is the **likelihood**. A network that makes it large has learned. But such a product cannot be computed:

# %% id="loss-underflow" tags=["nbval-check-output"]
one_good_answer = torch.tensor(0.9)
print("0.9 to the power of", len(train), "is", (one_good_answer ** len(train)).item())
print("its logarithm:", round(len(train) * math.log(0.9), 1))

# %% [markdown] id="loss-log"
# Even with 90 % for each right label the product is 0 in 32 bits. The logarithm turns the product into a sum, and grows
# whenever $L$ grows, so the best network stays the best. Two cosmetic changes follow: a minus sign, so that smaller is
# better, and a mean, so that the number does not depend on how many pictures there are.
#
# $$\ell = -\frac1N \log L = -\frac1N \sum_{n=1}^{N} \log p_{n,y_n}$$
#
# $\log$ is the natural logarithm. This loss is called **cross-entropy**. For one picture it is $-\log$ of the probability of
# the true class; what the network says about the other nine counts only because the ten share a sum of 1.
#
# **Predict before you run.** A network knows nothing and gives each of ten classes 0.1. What is its loss? Another is right
# about 99 pictures with $p = 1$, and gives 0 to the label of the hundredth. What is *its* loss?
#
# <details><summary>Answer</summary>
#
# $-\log 0.1 = \log 10 \approx 2.303$. Keep this number: an untrained ten-class network should start near it.
#
# The other one: infinite. One certain mistake outweighs everything. Cross-entropy forgives doubt, and never forgives false
# certainty. (Softmax does not give an exact 0 on paper, so on paper it stays finite.)
#
# </details>

# %% id="loss-table" tags=["nbval-check-output"]
for p in [1, 0.9, 0.5, 0.1, 0.01, 0.001]:
    print(f"probability of the true class {p:<6} loss {abs(math.log(p)):.3f}")

# %% [markdown] id="loss-accuracy"
# Why not simply use the share of right answers, the **accuracy**? Because it hardly ever moves. Nudge a weight a little, and
# every answer stays as it was: the accuracy is flat, its slope is 0, and nothing says in which direction to go. Cross-entropy
# notices when 0.40 becomes 0.41.
#
# ### The logarithm of softmax, safely
#
# Softmax is safe now; its logarithm is not. Take two logits, 200 and 0, where the second class is the true one.

# %% id="loss-unsafe" tags=["nbval-check-output"]
p = softmax(torch.tensor([[200.0, 0.0]]))
print("probabilities:", p.tolist(), " loss of class 1:", -torch.log(p[0, 1]).item())

# %% [markdown] id="loss-lse"
# The loss should be 200: a bad answer, and a finite one, from which one can learn. But $e^{-200}$ is rounded to 0 first, and
# then the logarithm is taken. Do it on paper *before* computing:
#
# $$-\log p_y = -\log \frac{e^{z_y}}{\sum_j e^{z_j}} = \log \sum_j e^{z_j} - z_y$$
#
# The first term is the **log-sum-exp** of the logits. It can overflow too, so again take out the largest logit $m$:
#
# $$\log \sum_j e^{z_j} = m + \log \sum_j e^{z_j - m}$$
#
# The sum on the right is at least 1 (the largest contributes $e^0$), so its logarithm is never that of 0. Worked for one row:

# %% id="loss-lse-row" tags=["nbval-check-output"]
one_row = torch.tensor([1000.0, 999.0, 0.0])
top = one_row.max()
log_sum_exp = top + torch.log(torch.exp(one_row - top).sum())
print("the loss, if the true class is 0, 1 or 2:", [f"{loss:.3f}" for loss in log_sum_exp - one_row])

# %% [markdown] id="ex-loss"
# ### Exercise 3.2 · cross_entropy
#
# Now for a batch. `logits` is `[N, K]`, `labels` holds $N$ class numbers. Return the *mean* loss as a tensor without axes,
# safe for large logits: the logarithm of softmax as a whole, not `softmax` and then a logarithm.
#
# To pick from each row the logit of its own label, index with two lists, rows and columns:
# `x[torch.tensor([0, 1]), torch.tensor([2, 0])]` is the pair `x[0, 2]`, `x[1, 0]`, and `torch.arange(N)` is 0, 1, … N − 1.
# Use torch functions all the way, and no `.item()`: torch must be able to follow the computation backward.


# %% id="ex-loss-code" tags=["exercise"]
def cross_entropy(logits, labels):
    """Return the mean of -log p over a batch: logits [N, K], labels [N]."""
    ### BEGIN SOLUTION
    largest = logits.amax(dim=1, keepdim=True)
    log_sums = largest[:, 0] + torch.log(torch.exp(logits - largest).sum(dim=1))
    return (log_sums - logits[torch.arange(len(labels)), labels]).mean()
    ### END SOLUTION


# %% id="ex-loss-check" tags=["check"]
cross_entropy = check("cross_entropy", cross_entropy).use()

# %% [markdown] id="gradient"
# ### Its gradient is simpler than itself
#
# Training asks: if a logit grew a little, by how much would the loss change? That is the derivative of the loss with
# respect to the logit; all of them together are the **gradient**. For one picture,
#
# $$\ell = \log \sum_j e^{z_j} - z_y.$$
#
# The first term: the derivative of $\log s$ is $1/s$ times that of $s$, and of the sum only $e^{z_k}$ depends on $z_k$. That
# gives $e^{z_k} / \sum_j e^{z_j}$, which is $p_k$. The second term contributes $-1$ if $k$ is the true class, else 0. So
#
# $$\frac{\partial \ell}{\partial z_k} = p_k - q_k, \qquad q_k = \begin{cases} 1 & \text{if } k = y, \\ 0 & \text{otherwise.} \end{cases}$$
#
# What the network said, minus what it should have said. ($q$, a 1 for the true class and zeros elsewhere, is called
# **one-hot**.) Over a batch of $N$ the loss is a mean, so each row is divided by $N$.
#
# **Predict before you run.** Three classes, $p = (0.7, 0.2, 0.1)$, and the second is the true one. What is the gradient?
# Which logits would training raise, which lower? What is the sum of the gradient?
#
# <details><summary>Answer</summary>
#
# $(0.7, -0.8, 0.1)$. Training goes *against* the gradient: it raises the second logit and lowers the others, most of all the
# one that was wrongly favored. The sum is 0, since both $p$ and $q$ add up to 1.
#
# </details>
#
# Do not believe a derivation; check it. **Finite differences** need no theory: move one logit up and down by a tiny
# $\varepsilon$, and divide the change of the loss by $2\varepsilon$. **Autograd** is torch's machinery: it notes every operation,
# and `backward()` applies the chain rule from the loss back to whatever asked for gradients.

# %% id="gradient-facts" tags=["nbval-check-output"]
z = torch.log(torch.tensor([[0.7, 0.2, 0.1]], dtype=torch.float64))  # softmax undoes the logarithm
true_class, tiny = torch.tensor([1]), 1e-5

formula = softmax(z)[0] - torch.tensor([0.0, 1.0, 0.0])
nudges = tiny * torch.eye(3, dtype=z.dtype)
differences = [
    (cross_entropy(z + nudge, true_class) - cross_entropy(z - nudge, true_class)) / (2 * tiny)
    for nudge in nudges
]
followed = z.clone().requires_grad_()
cross_entropy(followed, true_class).backward()
for name, values in [("p - q", formula), ("differences", differences), ("autograd", followed.grad[0])]:
    print(f"{name:<12}", [f"{float(value):+.4f}" for value in values])

# %% [markdown] id="network"
# ## 4 · The network
#
# Put the parts in a row, and replace Sobel's two kernels by 32 that the network will find itself:
#
# | layer | output | parameters |
# |---|---|---|
# | picture | 1 × 28 × 28 | |
# | convolution 3 × 3, 32 kernels, no padding | 32 × 26 × 26 | ? |
# | ReLU | 32 × 26 × 26 | ? |
# | max pooling 2 × 2 | ? | ? |
# | flatten | ? | ? |
# | fully connected, 10 classes | 10 | ? |
#
# **Predict before you run.** Fill in the question marks, and add up the parameters.
#
# <details><summary>Answer</summary>
#
# Convolution: $32 \cdot (1\cdot 9 + 1) = 320$. ReLU, pooling and flatten have none. Pooling leaves 32 × 13 × 13, flatten
# $32 \cdot 169 = 5{,}408$ numbers, and the fully connected layer has $5{,}408 \cdot 10 + 10 = 54{,}090$ parameters. Together
# 54,410, of which more than 99 % are in the last layer.
#
# </details>
#
# There is no softmax at the end: the network returns *logits*. The loss takes logits, because only from them can it be
# computed safely. A softmax inside the network and the loss on top of it would apply softmax twice.

# %% [markdown] id="ex-cnn"
# ### Exercise 3.3 · simple_cnn
#
# Two layers stand already; add the other three. torch calls them `nn.MaxPool2d(size)`, `nn.Flatten()` and
# `nn.Linear(inputs, outputs)`. `nn.Sequential` applies its layers one after another.


# %% id="ex-cnn-code" tags=["exercise"]
def simple_cnn(num_classes=10):
    """Return the network: pictures [N, 1, 28, 28] in, logits [N, num_classes] out."""
    layers = [nn.Conv2d(1, 32, kernel_size=3), nn.ReLU()]
    ### BEGIN SOLUTION
    layers += [nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 13 * 13, num_classes)]
    ### END SOLUTION
    return nn.Sequential(*layers)


# %% id="ex-cnn-check" tags=["check"]
simple_cnn = check("simple_cnn", simple_cnn).use()

# %% [markdown] id="network-look"
# This is your network, run once with a batch of 32 pictures. The axis in front counts the pictures of the batch.

# %% id="network-table" alt="A table of the network's layers: convolution, ReLU, max pooling, flatten, fully connected, with the shape after each and its parameters, 54,410 in all."
torch.manual_seed(0)
network = simple_cnn()
viz.explain_shapes(network, (32, 1, 28, 28))

# %% id="network-picture" alt="The network from left to right: a gray bar for the input of 1 by 28 by 28, a tall blue box for the convolution, a lower yellow one for the pooling, a small pink one for the fully connected layer, and the output of 10 numbers; the arrows between them carry the shapes."
viz.architecture(network, (1, 1, 28, 28))

# %% [markdown] id="step"
# ## 5 · One training step, by hand
#
# The kernels and weights of `network` are random, so its answers are worthless. Training changes them in small steps. One
# step has four parts: **forward** (from pictures to logits), **loss**, **backward** (the gradient), **update**. Do each
# of them once without help.
#
# **Forward**, layer by layer, for a **batch** of 32 pictures drawn at random:

# %% id="step-forward" tags=["nbval-check-output"]
images, labels = next(train.batches(32, shuffle=True, seed=0))
conv = next(layer for layer in network.modules() if isinstance(layer, nn.Conv2d))
fc = next(layer for layer in network.modules() if isinstance(layer, nn.Linear))

maps = F.max_pool2d(F.relu(conv(images)), 2)
rows = maps.flatten(1)
logits = fc(rows)
print(
    "images",
    tuple(images.shape),
    " maps",
    tuple(maps.shape),
    " rows",
    tuple(rows.shape),
    " logits",
    tuple(logits.shape),
)
print("as the network does it:", torch.allclose(logits, network(images), atol=1e-6))

# %% [markdown] id="step-loss-why"
# **Loss.** Compare it with the number you kept, $\log 10 \approx 2.303$.

# %% id="step-loss"
loss = cross_entropy(logits, labels)
print(f"loss {loss.item():.3f}")
print(
    "first picture: a", train.classes[labels[0]], " probabilities", [f"{p:.2f}" for p in softmax(logits)[0]]
)

# %% [markdown] id="step-backward-why"
# **Backward.** `loss.backward()` computes how the loss changes with each of the 54,410 parameters, and stores the result
# beside each parameter, in `.grad`.
#
# For the last layer you can do it yourself. You know how the loss changes with a logit: $p_k - q_k$. And logit $k$ changes
# with the weight $w_{k,i}$ as fast as $h_i$ says, since $z_k = \sum_i w_{k,i} h_i + b_k$. The **chain rule** multiplies the two:
#
# $$\frac{\partial \ell}{\partial w_{k,i}} = (p_k - q_k)\, h_i$$
#
# averaged over the batch. In words: a weight changes when its class was judged wrongly *and* its input was there.

# %% id="step-backward" tags=["nbval-check-output"]
loss.backward()
p, q = softmax(logits.detach()), F.one_hot(labels, 10)  # detach: plain numbers, nothing to follow back
by_hand = (p - q).T @ rows.detach() / len(labels)  # [10, 32] @ [32, 5408] -> [10, 5408]
print("gradient of the last layer's weights:", tuple(fc.weight.grad.shape))
print("by hand the same:", torch.allclose(by_hand, fc.weight.grad, atol=1e-6))
print("gradient of the kernels:", tuple(conv.weight.grad.shape))

# %% [markdown] id="step-back-further"
# Autograd goes on to the kernels by the same rule: back through the pooling, where only the largest cell of each window
# gets anything; back through ReLU, where only positive cells do; back through the convolution, by the transposed matrix of
# lesson 1.
#
# **Update.** Follow one weight: the one with the largest gradient in the last layer. Its gradient is a slope, so predict
# with it. If the weight grows by a tiny amount, the loss changes by the slope times that amount.

# %% id="step-slope"
most = fc.weight.grad.abs().argmax()
weight, slope = fc.weight.view(-1)[most].item(), fc.weight.grad.view(-1)[most].item()


def loss_if_the_weight_is(value):
    with torch.no_grad():  # no need to note operations here: nothing will go backward
        fc.weight.view(-1)[most] = value
        found = cross_entropy(network(images), labels).item()
        fc.weight.view(-1)[most] = weight
    return found


up, down = loss_if_the_weight_is(weight + 0.01), loss_if_the_weight_is(weight - 0.01)
print(f"weight {weight:+.4f}   slope by backward {slope:+.4f}   slope by nudging {(up - down) / 0.02:+.4f}")

# %% [markdown] id="step-update-why"
# To make the loss smaller, move *against* the slope. How far? In proportion to it, times a small number that you
# choose, the **learning rate** $\eta$:
#
# $$w \leftarrow w - \eta\, \frac{\partial \ell}{\partial w}$$
#
# for every parameter $w$ at once. This is **gradient descent**.

# %% id="step-update"
rate, start = 0.1, [parameter.detach().clone() for parameter in network.parameters()]
with torch.no_grad():
    for parameter in network.parameters():
        parameter -= rate * parameter.grad
print(f"weight {weight:+.4f} - {rate} · {slope:+.4f} = {fc.weight.view(-1)[most].item():+.4f}")
print(
    f"loss of the batch before {loss.item():.3f}, after {cross_entropy(network(images), labels).item():.3f}"
)

# %% [markdown] id="step-rate"
# Downhill it went. But a slope is only true *here*.
#
# **Predict before you run.** The same step from the same place with learning rates of 0.01, 0.1, 1 and 10. Does a larger
# rate always give a lower loss?
#
# <details><summary>Answer</summary>
#
# No. Small rates gain in proportion; beyond some size the step overshoots the valley and lands higher up on the other side.
# With 10 the loss is far worse than before training. Which rate is too large, only a trial tells.
#
# </details>

# %% id="step-rates"
with torch.no_grad():
    for other in [0, 0.01, 0.1, 1, 10]:
        for parameter, value in zip(network.parameters(), start, strict=True):
            parameter.copy_(value - other * parameter.grad)
        print(f"learning rate {other:<5} loss {cross_entropy(network(images), labels).item():.3f}")

# %% [markdown] id="bug"
# ### Find the bug
#
# In practice an **optimizer** object does the updates: `torch.optim.SGD(model.parameters(), lr=0.1)` holds the parameters and
# the learning rate; its `step()` does what you have just done, and its `zero_grad()` clears the gradients.
#
# Somebody wrote a training step with it. All needed lines are there, and nothing fails.


# %% id="bug-broken"
def broken_step(net, batch, answers, optimizer):
    net.train()
    error = cross_entropy(net(batch), answers)
    error.backward()
    optimizer.zero_grad()
    optimizer.step()
    return error.item()


# %% id="bug-symptom"
torch.manual_seed(0)
net = simple_cnn()
sgd = torch.optim.SGD(net.parameters(), lr=0.1)
before = [parameter.detach().clone() for parameter in net.parameters()]
few = train.subset(slice(320))
for epoch in range(1, 4):
    errors = [broken_step(net, batch, answers, sgd) for batch, answers in few.batches(32)]
    print(f"after round {epoch}: loss {sum(errors) / len(errors):.4f}")
unchanged = [torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True)]
print("parameters that are exactly as before:", sum(unchanged), "of", len(unchanged))

# %% [markdown] id="bug-answer"
# Three rounds over ten batches, and the loss does not move at all: not a slow training, none. Which line is it?
#
# <details><summary>Answer</summary>
#
# `zero_grad()` stands between `backward()` and `step()`: the gradients are computed, thrown away, and then the optimizer
# takes a step along nothing. Clear them *before* the backward pass. A loss that stays the same in all digits means that
# no update arrives; a learning rate that is too small would still change the last digits.
#
# </details>
#
# Then why clear them at all? Because `backward()` does not *set* `.grad`, it *adds* to it.
#
# **Predict before you run.** Two backward passes for the same batch, without clearing. How long is the gradient, compared
# with one pass?
#
# <details><summary>Answer</summary>
#
# Twice as long: the two are added. In training each step would drag along the gradients of all batches before it, computed
# with weights that no longer exist. Such a loss falls at first, then swings wider and wider.
#
# </details>

# %% id="bug-adding" tags=["nbval-check-output"]
net = simple_cnn()
last = list(net.parameters())[-1]
for passes in [1, 2]:
    cross_entropy(net(images), labels).backward()
    if passes == 1:
        once = last.grad.clone()
print("after two passes, the gradient is twice the first:", torch.allclose(last.grad, 2 * once))

# %% [markdown] id="ex-step"
# ### Exercise 3.4 · train_step
#
# Write the training step, mended. In training mode (`model.train()`; some layers of lesson 4 behave differently in it), take
# **one** step with the optimizer on the mean cross-entropy of the batch. Return the loss *before* the update as a plain
# number: `.item()` makes a Python float of a tensor without axes.


# %% id="ex-step-code" tags=["exercise"]
def train_step(model, images, labels, optimizer):
    """Take one training step; return the loss of the batch as a float."""
    ### BEGIN SOLUTION
    model.train()
    optimizer.zero_grad()
    loss = cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()
    ### END SOLUTION


# %% id="ex-step-check" tags=["check"]
train_step = check("train_step", train_step).use()

# %% [markdown] id="loop"
# ## 6 · Many steps
#
# Why a batch of 32, and not all pictures? All pictures would give the exact gradient of the training loss. A batch gives an
# *estimate* of it, from a sample, for a fraction of the work. How good is it? Compare directions: the cosine of the angle
# between two gradients is 1 when they point the same way, 0 when they have nothing in common. (Here 1,024 pictures stand
# for "all".)


# %% id="loop-estimate"
def gradient_of(model, batch, answers):
    model.zero_grad()
    cross_entropy(model(batch), answers).backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


torch.manual_seed(0)
model = simple_cnn()
many = train.subset(slice(1024))
exact = gradient_of(model, *next(many.batches(1024)))
for size in [1, 8, 32, 128]:
    estimates = [gradient_of(model, *next(many.batches(size, shuffle=True, seed=seed))) for seed in range(10)]
    cosines = [F.cosine_similarity(exact, estimate, dim=0).item() for estimate in estimates]
    print(f"batch of {size:>3}: cosine {sum(cosines) / len(cosines):.2f} on average of 10 batches")

# %% [markdown] id="loop-estimate-read"
# More pictures, a better direction. But look at the price: 128 pictures cost four times as much as 32, and the cosine does
# not even double. What is better, four cheap steps in roughly the right direction or one expensive step in a better one?
# You measure that below. To step along such estimates is **stochastic** gradient descent, SGD: *stochastic* because each
# batch is drawn by chance.
#
# Some words that every paper uses:
#
# - **batch size**: pictures in one step
# - **step**: one batch, one update
# - **epoch**: as many steps as it takes to see every training picture once. The pictures are **shuffled** anew in each
#   epoch, so that batches differ.
#
# **Predict before you run.** 1,198 pictures, batches of 32. How many steps make an epoch? How many pictures has the last
# batch?
#
# <details><summary>Answer</summary>
#
# $1198 / 32 = 37.4$, so 38 steps: 37 full batches and one of $1198 - 37\cdot32 = 14$.
#
# </details>

# %% id="loop-sizes" tags=["nbval-check-output"]
sizes = [len(images) for images, labels in train.batches(32, shuffle=True, seed=1)]
print("steps:", len(sizes), " last batch:", sizes[-1])

# %% [markdown] id="ex-accuracy"
# ### Exercise 3.5 · accuracy
#
# The loss is for the machine. People ask for the **accuracy**: the share of pictures whose class is right, where the
# network's answer is the class with the largest logit. (Softmax keeps the order, so it is not needed here.)
#
# Write it for a batch: `logits` is `[N, K]`, `labels` is `[N]`; return a Python float between 0 and 1.


# %% id="ex-accuracy-code" tags=["exercise"]
def accuracy(logits, labels):
    """Return the share of rows whose largest logit is at the label: a float in 0..1."""
    ### BEGIN SOLUTION
    return (logits.argmax(dim=1) == labels).float().mean().item()
    ### END SOLUTION


# %% id="ex-accuracy-check" tags=["check"]
accuracy = check("accuracy", accuracy).use()

# %% [markdown] id="loop-first"
# Everything is yours now: the network, the loss, the step, the score. The loop itself is two lines. After each epoch,
# measure on pictures that the network has not trained on: in evaluation mode, without noting operations, and on all of
# them *together*. (A mean of the accuracies of batches would count a picture of a short last batch more than others.)


# %% id="loop-run"
@torch.no_grad()
def measure(model, data):
    """Return loss and accuracy of a model on a data set."""
    model.eval()
    logits = torch.cat([model(images) for images, _ in data.batches(500)])
    return cross_entropy(logits, data.targets).item(), accuracy(logits, data.targets)


torch.manual_seed(0)
model = simple_cnn()
sgd = torch.optim.SGD(model.parameters(), lr=0.1)
small, judges = train.subset(slice(1198)), val.subset(slice(302))  # sections 6 and 7 stay as quick with MNIST
print("untrained: val loss {:.3f}, val accuracy {:.3f}".format(*measure(model, judges)))
for epoch in range(1, 4):
    for images, labels in small.batches(32, shuffle=True, seed=epoch):
        loss = train_step(model, images, labels, sgd)
    print("epoch {}: val loss {:.3f}, val accuracy {:.3f}".format(epoch, *measure(model, judges)))

# %% [markdown] id="loop-first-read"
# It learns. After 114 steps, a network that guessed reads most digits.
#
# Now the open question. **Predict before you run.** One epoch from the same start with the same learning rate, in batches of
# 8, 32, 128 or all pictures at once. Every picture is seen once in each case. Which validation loss is the lowest, which the
# highest?
#
# <details><summary>Answer</summary>
#
# The smaller the batch, the more steps, and up to a point the lower the loss. A single step with the exact gradient has
# hardly begun. (Too small is no good either: a batch of 1 jumps about, and a processor computes 32 pictures in much less
# than 32 times the time of one.)
#
# Is one rate for all sizes fair? Larger batches may bear a larger one. We tried five rates from 0.03 to 0.5 for each size:
# the best losses were 0.25, 0.60, 1.36 and 2.01, in the same order.
#
# </details>

# %% id="loop-batches"
for size in [8, 32, 128, 1198]:
    torch.manual_seed(0)
    model = simple_cnn()
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    steps = [
        train_step(model, images, labels, sgd) for images, labels in small.batches(size, shuffle=True, seed=1)
    ]
    print(f"batches of {size:>4}: {len(steps):>3} steps, val loss {measure(model, judges)[0]:.3f}")

# %% [markdown] id="loop-library-why"
# ### The library's loop, to read
#
# From here on you may use `training.fit`. It is no magic: here is the heart of it, `train_epoch`, and below it `fit`. Find
# your five lines in the first.


# %% id="loop-library"
def body(function):
    """Return the code of a function without its description."""
    return inspect.getsource(function).split('"""')[-1].strip("\n")


print(body(training.train_epoch))

# %% [markdown] id="loop-library-read"
# Beyond your `train_step` it puts the pictures where the model lies (`hardware`: a GPU, if there is one), stops with a
# message when the loss is no longer a number, and adds up the losses for the report.


# %% id="loop-fit"
print(body(training.fit))

# %% [markdown] id="loop-fit-read"
# Look for four things, and skip the rest for now:
#
# - `for epoch in …`: train on shuffled batches, with another seed in each epoch; then `_validate`, your `measure`.
# - `history.add(…)`: one number per epoch in each column, which the learning curves are drawn from.
# - `torch.manual_seed(seed)`: the same seed, the same training.
# - `except KeyboardInterrupt`: press the Interrupt button, and the best weights so far are kept.
#
# Early stopping and weight decay belong to lesson 4.

# %% [markdown] id="optimizers"
# ## 7 · Three optimizers
#
# Plain SGD uses one learning rate for all parameters. Is that reasonable? Measure how large gradients are in the two layers
# of an untrained network.

# %% id="optimizers-sizes"
torch.manual_seed(0)
model = simple_cnn()
gradient_of(model, *next(train.batches(128, shuffle=True, seed=0)))
for parameter in model.parameters():
    sizes = parameter.grad.abs()
    print(
        f"{tuple(parameter.shape)!s:<15} median |gradient| {sizes.median():.5f}   largest {sizes.max():.5f}"
    )

# %% [markdown] id="optimizers-valley"
# The medians differ by a factor of more than ten, and within a layer the largest gradient is many times the median. Picture
# the loss as a valley that is steep across and nearly flat along. The smallest such valley has two parameters:
#
# $$f(a, b) = \tfrac12 (a^2 + 50\, b^2), \qquad \text{gradient } (a,\; 50\, b)$$
#
# It is 50 times as steep in $b$ as in $a$. A rate that is good for $a$ makes $b$ swing from wall to wall, and a rate that is
# safe for $b$ hardly moves $a$.
#
# **RMSProp** (Tieleman & Hinton 2012) gives each parameter its own rate. It keeps a running mean of each squared gradient,
# and divides by the root of it:
#
# $$v \leftarrow \rho\, v + (1-\rho)\, g^2, \qquad w \leftarrow w - \eta\, \frac{g}{\sqrt{v} + \varepsilon}$$
#
# - $g$: the gradient of parameter $w$ in this step; $\eta$: the learning rate
# - $v$: the running mean of $g^2$, from 0 on; $\rho = 0.99$, as in torch: how much of the old mean is kept (the lecture has 0.9)
# - $\varepsilon = 10^{-8}$: so that nothing is divided by 0
#
# What counts is no longer how large a gradient *is*, but how large it is compared with its own past.
#
# **Adam** (Kingma & Ba 2015) does two more things. It also averages the gradient itself, so that swings cancel and steady
# directions add up (**momentum**). And it corrects both averages for having started at 0:
#
# $$m \leftarrow \beta_1 m + (1-\beta_1)\, g, \qquad v \leftarrow \beta_2 v + (1-\beta_2)\, g^2, \qquad w \leftarrow w - \eta\, \frac{\hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# with $\hat m = m / (1 - \beta_1^t)$ and $\hat v = v / (1 - \beta_2^t)$ in step $t = 1, 2, \dots$; $\beta_1 = 0.9$,
# $\beta_2 = 0.999$.
#
# **Predict before you run.** The very first step, $\eta = 0.001$, and a weight has the gradient 0.003. How far does each
# optimizer move it? And one with the gradient 3?
#
# <details><summary>Answer</summary>
#
# SGD: $\eta g$, so 0.000003 and 0.003.
#
# RMSProp: $v = 0.01\, g^2$, its root is $0.1\,|g|$, so both move by $\eta / 0.1 = 0.01$. Ten times the learning rate: the
# first steps are large, because $v$ has only begun to fill.
#
# Adam: the correction makes $\hat m = g$ and $\hat v = g^2$, so both move by $\eta = 0.001$. It mends exactly that.
#
# </details>


# %% id="optimizers-by-hand" tags=["nbval-check-output"]
def sgd_step(w, g, state, rate):
    return w - rate * g


def rmsprop_step(w, g, state, rate):
    state["v"] = 0.99 * state.get("v", 0) + 0.01 * g**2
    return w - rate * g / (state["v"].sqrt() + 1e-8)


def adam_step(w, g, state, rate):
    state["t"] = state.get("t", 0) + 1
    state["m"] = 0.9 * state.get("m", 0) + 0.1 * g
    state["v"] = 0.999 * state.get("v", 0) + 0.001 * g**2
    m, v = state["m"] / (1 - 0.9 ** state["t"]), state["v"] / (1 - 0.999 ** state["t"])
    return w - rate * m / (v.sqrt() + 1e-8)


g = torch.tensor([0.003, 3.0])
for name, step in [("SGD", sgd_step), ("RMSProp", rmsprop_step), ("Adam", adam_step)]:
    print(f"{name:<8} first step:", [f"{moved:.6f}" for moved in -step(torch.zeros(2), g, {}, rate=0.001)])

# %% [markdown] id="optimizers-walk-why"
# Let all three walk through the valley from the same place, and torch's own optimizers beside them.

# %% id="optimizers-walk" tags=["nbval-check-output"]
steepness, start = (
    torch.tensor([1.0, 50.0], dtype=torch.float64),
    torch.tensor([-4.0, 1.0], dtype=torch.float64),
)
walks = {
    "SGD": (sgd_step, torch.optim.SGD, 0.038),
    "RMSProp": (rmsprop_step, torch.optim.RMSprop, 0.05),
    "Adam": (adam_step, torch.optim.Adam, 0.3),
}
paths = {}
for name, (step, theirs, rate) in walks.items():
    w, state, path = start, {}, [start]
    place = start.clone().requires_grad_()
    optimizer = theirs([place], lr=rate)
    for _ in range(40):
        w = step(w, steepness * w, state, rate)
        path.append(w)
        optimizer.zero_grad()
        (0.5 * steepness * place**2).sum().backward()
        optimizer.step()
    paths[name] = torch.stack(path)
    print(f"{name:<8} as torch.optim does it: {torch.allclose(w, place.detach())}")

# %% id="optimizers-picture" alt="Three panels with the same narrow valley as long flat ellipses and a path of 40 steps from its left end: SGD jumps from wall to wall while it creeps to the right; RMSProp leaves the wall in a curve and then moves straight along the floor; Adam dips below the floor, passes the middle, and curls back to it."
import matplotlib.pyplot as plt

a, b = torch.meshgrid(torch.linspace(-4.6, 2, 90), torch.linspace(-1.6, 1.6, 90), indexing="xy")
with viz.style.apply():
    figure, panels = plt.subplots(1, 3, figsize=(8, 2.9), sharey=True, layout="constrained")
    for panel, (name, path) in zip(panels, paths.items(), strict=True):
        panel.contour(
            a, b, 0.5 * (a**2 + 50 * b**2), levels=[0.3, 1.5, 4, 8, 16, 32], colors="#B4BAC1", linewidths=0.8
        )
        panel.plot(path[:, 0], path[:, 1], "o-", markersize=3, linewidth=1.2)
        panel.plot(0, 0, "k+", markersize=9)
        panel.set(
            title=f"{name}, learning rate {walks[name][2]}", xlabel="a", xlim=(-4.6, 2), ylim=(-1.6, 1.6)
        )
    panels[0].set_ylabel("b")
    plt.show()

# %% [markdown] id="optimizers-fair"
# SGD is slow along the valley because its walls forbid a larger rate. RMSProp and Adam make the walls as flat as the floor;
# Adam's momentum carries it past the middle, and back.
#
# ### A fair comparison
#
# A toy proves nothing about your network. And whoever compares optimizers at *one* learning rate compares how well that rate
# happens to suit each. So:
#
# 1. The same network, the same seeds, batches and number of steps for all.
# 2. For each optimizer try four learning rates, about three times apart, and take the one with the lowest *validation* loss.
#    If it is the first or last of the list, the list was too short.
# 3. One run is luck, so average over two seeds. And a winner of a search was partly lucky, so compare the winners with three
#    *new* seeds.


# %% id="optimizers-search"
def run(optimizer, rate, epochs, seed):
    """Train a new network by your own train_step; return its history."""
    torch.manual_seed(seed)
    model = simple_cnn()
    chosen = optimizer(model.parameters(), lr=rate)
    history = training.History()
    for epoch in range(1, epochs + 1):
        batches = small.batches(32, shuffle=True, seed=100 * seed + epoch)
        losses = [train_step(model, images, labels, chosen) for images, labels in batches]
        val_loss, val_accuracy = measure(model, judges)
        history.add(train_loss=sum(losses) / len(losses), val_loss=val_loss, val_accuracy=val_accuracy)
    return history


tried = {
    "SGD": (torch.optim.SGD, [0.03, 0.1, 0.3, 1]),
    "RMSProp": (torch.optim.RMSprop, [0.001, 0.003, 0.01, 0.03]),
    "Adam": (torch.optim.Adam, [0.001, 0.003, 0.01, 0.03]),
}
best_rate = {}
for name, (optimizer, rates) in tried.items():
    ends = [[run(optimizer, rate, epochs=2, seed=seed)["val_loss"][-1] for seed in [0, 1]] for rate in rates]
    found = torch.tensor(ends).mean(dim=1)  # [4 rates, 2 seeds] -> [4]
    best_rate[name] = rates[found.nan_to_num(torch.inf).argmin()]
    print(f"{name:<8}", "   ".join(f"{rate:g}: {loss:.2f}" for rate, loss in zip(rates, found, strict=True)))
print("chosen:", best_rate)

# %% id="optimizers-compare" alt="Two panels over four epochs, training loss and validation loss, for SGD, RMSProp and Adam at their chosen rates, three seeds each: RMSProp starts with by far the highest training loss, SGD has the highest validation loss, Adam has the lowest validation loss in every epoch."
histories = {
    f"{name}, {best_rate[name]:g}": [
        run(optimizer, best_rate[name], epochs=4, seed=seed) for seed in [2, 3, 4]
    ]
    for name, (optimizer, _) in tried.items()
}
viz.learning_curves(histories)

# %% [markdown] id="optimizers-read"
# Read the table first, then the curves.
#
# - **Adam forgives.** Its four rates span a factor of thirty, and their losses lie within a factor of two to three. SGD has
#   one good rate in its list: a third of it is slow, and three times as much ruins at least one of the two runs. This, more
#   than speed, is why Adam is the usual first choice.
# - **Too much is visible.** SGD at 1 ends near 2.31, close to $\log 10$, the loss of somebody who gives every digit a tenth.
#   Its first steps threw the weights so far that two epochs did not bring them back.
# - **RMSProp stumbles at the start.** Its first epoch has a training loss far above 2.3, worse than guessing. You computed
#   why: its first steps are ten times the learning rate.
# - **In this short run Adam is ahead of both** at its own best rate, with seeds that had no part in the choice.
#
# What it does not show: that Adam finds better networks when all have time. Wilson et al. (2017) found that well-tuned SGD
# often ends as well or better on new data. A comparison holds for its budget.

# %% [markdown] id="train"
# ## 8 · The classifier
#
# Now in earnest: your `simple_cnn`, your `cross_entropy`, all training pictures, and Adam. Its learning rate is 0.001, the
# value that its authors propose: the search above was for the best rate in *two* epochs, and a longer training can afford
# smaller steps. The curves grow while it trains. The first line says on which processor and in which number format it
# computes, whatever is fastest here; `bfloat16` keeps fewer digits of each number.

# %% id="train-run" alt="Two panels over the steps of the training: the loss of each step, ragged and falling steeply and then slowly, with the validation loss close to it; and the validation accuracy, which rises steeply to about 0.96 and then slowly and unevenly."
torch.manual_seed(0)
model = simple_cnn()
with viz.live_curves(["loss", "val_loss"], "val_accuracy") as curves:
    history = training.fit(model, train, val, epochs, lr=0.001, loss=cross_entropy, curves=curves)

# %% id="train-curves" alt="Learning curves by epoch: training and validation loss fall steeply and then slowly, close to each other; validation accuracy rises steeply to about 0.96 and then slowly and unevenly."
viz.learning_curves(history, columns=["train_loss", "val_loss", "val_accuracy"])

# %% [markdown] id="train-read"
# Read such curves from left to right with three questions. Does the **training loss** still fall? Then more epochs may
# help. Does the **validation loss** fall along with it? Then what is learned holds for new pictures too. When it turns and
# rises while the training loss goes on falling, the network begins to learn the training pictures by heart; lesson 4 is
# about that. And is the validation loss *below* the training loss in the first epochs? No miracle: training loss is
# averaged *during* the epoch, while the network is still worse, and validation is measured at its end.
#
# Now open the test set: once.

# %% id="test-run"
model = model.cpu()  # back from the GPU, if there was one
logits = training.predict(model, test)  # [N, 10]: eval mode, all pictures in order
answers = logits.argmax(dim=1)
right = int((answers == test.targets).sum())
score = accuracy(logits, test.targets)
print(f"test accuracy {score:.3f}: {right} of {len(test)} right")
print(f"standard error from the number of pictures: {math.sqrt(score * (1 - score) / len(test)):.3f}")

# %% [markdown] id="test-read"
# How sure is this number? Had other digits been drawn for the test, it would come out a little different. With $N$ pictures
# of which a share $a$ is right, the **standard error** is $\sqrt{a(1-a)/N}$; two of them to each side are a fair guess of
# where the truth lies. With a few hundred pictures, differences of 1 % mean little. Another seed changes the number as
# well: when we tried, seeds gave between 0.96 and 0.98. And it is a score for new digits of the same people: thirteen
# wrote them, and their digits were dealt out to all three parts. How the network reads a new hand, it does not say.
#
# **On MNIST**, the line at the top replaced by `source, epochs = datasets.mnist, 5`, we measured 0.981, 0.979 and 0.983 with
# three seeds (10,000 test pictures, standard error 0.0014). **Fashion-MNIST** is much harder: about 0.91 is usual for small
# networks like this one. We have not run it for this lesson; change the line, and see what you get.

# %% [markdown] id="mistakes"
# ## 9 · What it gets wrong
#
# One number hides *which* mistakes were made. A **confusion matrix** has a row for each true class and a column for each
# answer; the right answers stand on the diagonal. Here each number is the percentage of its row.

# %% id="mistakes-confusion" alt="A confusion matrix of ten digits: 90 to 100 percent of each row on the diagonal, and a few percent scattered beside it."
viz.confusion(training.evaluate(model, test).confusion, test.classes)

# %% [markdown] id="mistakes-look"
# Always look at mistakes. Here are those of which the network was most certain: the label, what it said, and the probability
# it gave to that.
#
# **Predict before you run.** Will they be digits that you can read without effort?

# %% id="mistakes-pictures" alt="The mistakes of which the network was most certain, as pictures, each titled with its label, the answer and its probability: mostly blurred eights, fours and sevens, some of which a person would hesitate at too."
p = softmax(logits)
confidence = p.amax(dim=1)
wrong = (answers != test.targets).nonzero()[:, 0]
worst = wrong[confidence[wrong].argsort(descending=True)][:8]
titles = []
for i in worst:
    truth, answer = test.classes[test.targets[i]], test.classes[answers[i]]
    titles.append(f"{truth}, says {answer} ({confidence[i]:.2f})")
viz.images([test[int(i)].image[0] for i in worst], titles, columns=4)

# %% [markdown] id="calibration-why"
# Some you would have read; with others you would hesitate too. Looking tells more than a score: are they odd shapes, cut
# off, wrongly labeled? Each cause has its own remedy, and none of them is "train longer".
#
# ### What is a probability of 0.98 worth?
#
# If it means what it says, then of all answers given with about 0.98, about 98 % are right. A network of which this is
# true is **calibrated**. Sort the test answers by their probability, and compare what was said with what was right.

# %% id="calibration"
for low, high in [(0, 0.8), (0.8, 0.98), (0.98, 1.01)]:
    of_these = (confidence >= low) & (confidence < high)
    said, was = confidence[of_these].mean(), (answers == test.targets)[of_these].float().mean()
    print(
        f"p from {low:<4} to {min(high, 1):<4}: {int(of_these.sum()):>5} answers, said {said:.3f}, right {was:.3f}"
    )

# %% [markdown] id="calibration-read"
# A network's 0.98 is worth a good deal here: nearly all of the answers given with so much certainty are right. Only some
# dozens of answers stand behind each of the other two lines, and two of their standard errors are 5 to 20 percent: do not
# read more into them.
#
# MNIST has 10,000 test pictures. With the first of the three seeds above we measured there: 8,998 answers from 0.98 on, 99.86 %
# said, 99.87 % right; 705 answers between 0.8 and 0.98, 93 % said, 91 % right; 297 answers below 0.8, 64 % said, 62 % right.
# This small network knows well what it does not know. That is not a law: Guo et al. (2017) found large networks far too
# certain.
#
# **Predict before you run.** Multiply all logits of the test set by 2, or by 5. What becomes of the accuracy, of the
# probabilities, of the loss?
#
# <details><summary>Answer</summary>
#
# The accuracy stays: the largest logit stays the largest. The probabilities move toward 0 and 1. The loss grows in the end,
# since every mistake is now made with more certainty, and $-\log p$ punishes that. Turning this knob the other way, dividing
# the logits by one number chosen on validation, is how overconfident networks are mended (*temperature scaling*).
#
# </details>

# %% id="calibration-scaled"
for factor in [0.5, 1, 2, 5]:
    scaled = factor * logits
    print(
        f"logits · {factor:<4} accuracy {accuracy(scaled, test.targets):.3f}   "
        f"mean p of the answers {softmax(scaled).amax(dim=1).mean():.3f}   "
        f"loss {cross_entropy(scaled, test.targets):.3f}"
    )

# %% [markdown] id="strangers-why"
# Every number so far was about digits. Softmax divides one whole among ten classes, and there is no "none of these".
#
# **Predict before you run.** What does the network say to random noise, to the photograph of lesson 1, to a 3 upside down?
# How certain will it be?
#
# <details><summary>Answer</summary>
#
# It names a digit each time, what else, and often with high certainty. Noise is full of edges, so the rows of numbers are
# large and so are the differences of the logits. A probability from softmax means: *if* this is a picture like those of the
# training set, which of the ten is it? Whether the "if" holds, it does not say.
#
# </details>

# %% id="strangers" alt="Three pictures that are no digits: random noise, a photograph of a man with a camera, and a digit upside down; above each the answer of the network and its probability."
noise = torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0))
photo = torch.tensor(datasets.photograph("camera", size=(28, 28)))[None]
turned = train[3].image.flip(1)
strangers = torch.stack([noise, photo, turned])
with torch.no_grad():
    p = softmax(model(strangers))
titles = [f"says {train.classes[q.argmax()]} ({q.max():.2f})" for q in p]
viz.images(strangers[:, 0], titles)

# %% [markdown] id="design"
# ## 10 · Design: a tenth of the parameters
#
# Nearly all of the 54,410 parameters are in the last layer. Are they needed? **Your goal:** a network with at most **6,000**
# parameters whose validation loss after eight epochs is at most **0.12**. (Your `simple_cnn` comes to about 0.08 to 0.10
# with the same training.)
#
# Below is a first try that fails twice. Change the layers in `my_network`; any layers that you know will do. Before you
# train, count the parameters by hand, and where a shape does not fit, ask `viz.explain_shapes(my_network(), (1, 1, 28, 28))`.
#
# <details><summary>A thought</summary>
#
# The last layer has ten weights for every number of the row. What makes the row shorter: fewer maps, or smaller ones? What
# makes maps smaller, and at the same time lets a cell see more of the picture?
#
# </details>


# %% id="design-try"
def my_network():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 13 * 13, 10)
    )


torch.manual_seed(0)
mine = my_network()
record = training.fit(mine, small, val, epochs=8, lr=0.003, loss=cross_entropy, progress=False)
print(f"{sum(p.numel() for p in mine.parameters()):,} parameters, val loss {record['val_loss'][-1]:.3f}")

# %% [markdown] id="design-answer"
# <details><summary>One answer</summary>
#
# A second round of convolution and pooling: `nn.Conv2d(1, 8, 3)`, ReLU, `nn.MaxPool2d(2)`, `nn.Conv2d(8, 16, 3)`, ReLU,
# `nn.MaxPool2d(2)`, flatten, `nn.Linear(400, 10)`. The maps shrink from 28 to 26, 13, 11 and 5 cells, so the row has
# $16\cdot 25 = 400$ numbers. Parameters: $80 + 1{,}168 + 4{,}010 = 5{,}258$. With three seeds we measured a validation loss of
# 0.08, 0.08 and 0.11: a tenth of the parameters, and no worse than the large one. Depth instead of width: the idea behind
# VGG, which has thirteen such convolutions.
#
# </details>

# %% [markdown] id="torch"
# ## 11 · The same with torch
#
# torch has softmax and cross-entropy ready, in the form that you derived: `F.cross_entropy` takes logits, not probabilities.
# The library's network has your layers; built in the same order from the same seed, it even starts from the same numbers.

# %% id="torch-facts" tags=["nbval-check-output"]
x, y = torch.randn(50, 10, generator=torch.Generator().manual_seed(0)) * 100, torch.arange(50) % 10
print("softmax:      ", torch.allclose(softmax(x), F.softmax(x, dim=1)))
print("cross-entropy:", torch.allclose(cross_entropy(x, y), F.cross_entropy(x, y)))
torch.manual_seed(0)
one = simple_cnn()
torch.manual_seed(0)
two = models.simple_cnn()
images = train[0].image[None]
print("same network: ", torch.allclose(one(images), two(images)))
certain = torch.eye(10)  # row k gives class k the probability 1
print(f"perfect probabilities taken for logits: loss {F.cross_entropy(certain, torch.arange(10)):.3f}")

# %% [markdown] id="torch-read"
# The last line is a mistake that runs without a message: a loss that is fed with *probabilities*. It takes them for logits,
# which here lie between 0 and 1 and so can never differ by more than 1. Even perfect answers then cost
# $-\log \frac{e}{e + 9} \approx 1.461$. A training that stalls a little above 1.46 with ten classes most likely has a softmax
# too many.

# %% [markdown] id="recap"
# ## Recap
#
# | word | what it is | what to remember |
# |---|---|---|
# | flatten | all cells of all maps in one row | computes nothing; fixes the size of the picture |
# | fully connected | $z_k = \sum_i w_{k,i} h_i + b_k$ | inputs · outputs weights, and outputs biases |
# | logits $z$ | scores, one for each class | only their differences count |
# | softmax | $p_k = e^{z_k} / \sum_j e^{z_j}$ | subtract the largest logit first |
# | cross-entropy | mean of $-\log p_y$ | log-sum-exp minus $z_y$; starts near $\log K$ for $K$ classes |
# | its gradient | $p - q$, with $q$ one-hot | what was said minus what should have been said |
# | training step | clear, forward, loss, backward, update | clear *before* backward |
# | SGD | $w \leftarrow w - \eta g$ | one rate for all |
# | RMSProp | divides $g$ by the root of its mean square | a rate for each parameter; long first steps |
# | Adam | RMSProp, momentum, and a corrected start | forgives the choice of the rate |
#
# Decide on validation, report on test, and say how many pictures and seeds stand behind a number.

# %% [markdown] id="quiz"
# ## Quiz
#
# Answer each before you open it.
#
# **1.** Your network shall read 26 letters instead of 10 digits. How many parameters has `simple_cnn(26)`? Near which loss
# should it start?
#
# <details><summary>Answer</summary>
#
# $320 + 5{,}408\cdot 26 + 26 = 140{,}954$, and $\log 26 \approx 3.26$. A start far from that says that something is wrong
# before any training: labels, or logits that are too large.
#
# </details>
#
# **2.** Somebody's loss takes the *sum* over the batch instead of the mean, and everything else is as yours, with SGD and
# batches of 32. What happens, and what would mend it without touching the loss? Does it matter for Adam?
#
# <details><summary>Answer</summary>
#
# All gradients are 32 times as large, so SGD takes steps 32 times as long and most likely diverges. A learning rate 32 times
# smaller gives exactly the old training (except for a shorter last batch). Adam divides by the size of the gradients, so
# it hardly notices.
#
# </details>
#
# **3.** The loss is 2.3026 in the first step and, to the last digit, in the thousandth. Ten classes. What do you suspect, and
# what would you print?
#
# <details><summary>Answer</summary>
#
# No update arrives: gradients cleared after the backward pass, or an optimizer that holds the parameters of *another* model,
# because the model was built anew after it. Print the sizes of the gradients right before `step()`, and whether the
# model's weights differ after it.
#
# </details>
#
# **4.** 37 batches of 32 pictures are all right, the last batch of 14 is all wrong. What is the accuracy? What does the mean
# of the 38 accuracies say?
#
# <details><summary>Answer</summary>
#
# $1184 / 1198 = 98.8\,\%$, and the mean says $37/38 = 97.4\,\%$: each of the 14 counted more than twice.
#
# </details>
#
# **5.** For one picture the gradient with respect to the logits is $(0.02, -0.05, 0.03)$. Which class is the true one, and
# what does the network give it? And for $(0, 0, 0)$?
#
# <details><summary>Answer</summary>
#
# The second, the only negative entry: $p - 1 = -0.05$, so 0.95. All zeros: the network gives the true class the probability
# 1 (as far as 32 bits tell), and there is nothing to learn from this picture.
#
# </details>
#
# **6.** "Our network is 99.9 % sure that this X-ray shows no fracture." Name two questions that you would ask.
#
# <details><summary>Answer</summary>
#
# Is it calibrated: of the pictures about which it said so, how many had none? And is this picture like those that it was
# trained and tested on: the same kind of device, of patient, of body part? Softmax answers neither.
#
# </details>

# %% [markdown] id="sources"
# ## Sources
#
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, MIT Press 2016: §5.5 for likelihood and cross-entropy; §4.1 for
#   overflow and underflow; §6.2.2.3 for softmax; §8.1.3 for batches; §8.3.1, §8.5.2 and §8.5.3 for SGD, RMSProp and Adam.
# - H. Robbins, S. Monro, *A stochastic approximation method*, Annals of Mathematical Statistics 22, 1951.
# - T. Tieleman, G. Hinton, *Lecture 6.5: RMSProp*, Coursera, Neural Networks for Machine Learning, 2012.
# - D. Kingma, J. Ba, *Adam: a method for stochastic optimization*, ICLR 2015, arXiv:1412.6980: algorithm 1, with the values
#   of its constants.
# - A. Wilson, R. Roelofs, M. Stern, N. Srebro, B. Recht, *The marginal value of adaptive gradient methods in machine
#   learning*, NIPS 2017.
# - C. Guo, G. Pleiss, Y. Sun, K. Weinberger, *On calibration of modern neural networks*, ICML 2017, arXiv:1706.04599.
# - Digits: E. Alpaydin, C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning Repository, 1998, as
#   they come with scikit-learn. MNIST: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to
#   document recognition*, Proceedings of the IEEE 86 (11), 1998, §III.A. Fashion-MNIST: H. Xiao, K. Rasul, R. Vollgraf,
#   *Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms*, 2017, arXiv:1708.07747.
# - The photograph "camera" by Lav Varshney, CC0, from scikit-image.
