# %% [markdown] id="title"
# # 4 · Generalization
#
# [Open this lesson in Colab](https://colab.research.google.com/github/${REPOSITORY}/blob/main/lessons/${LESSON}.ipynb)
#
# A network that gets every training picture right has proved nothing. It may have understood digits, or learned two
# hundred pictures by heart. Only new pictures can tell. In this lesson you make a network learn nonsense by heart, on
# purpose, and then you build the four usual remedies, use each of them alone, and measure what it is worth.
#
# **What you will be able to do**
#
# - say what training, validation and test data are for, and show what goes wrong without three parts
# - recognize underfitting and overfitting in learning curves
# - build dropout, weight decay, early stopping and a mirror for image and mask
# - choose augmentation that fits the data, and show that another one harms
# - compare methods over several seeds, and tell an effect from luck
#
# **Time:** about two hours of reading and doing; its cells run in about 50 s on two CPU cores; nothing here needs a GPU.
#
# **You need:** lesson 3 (cross-entropy, a training step, learning curves).

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
import copy
from dataclasses import replace
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.transforms import v2

from cnncourse import check, datasets, training, viz

torch.set_num_threads(1)  # the networks are so small that sharing the work costs more than it saves

# %% [markdown] id="data-why"
# **The data.** Scikit-learn's handwritten digits again. To try MNIST, replace `datasets.digits` by `datasets.mnist`, or by
# `datasets.fashion_mnist` for clothing; the line after it keeps everything else as small as it is.

# %% id="data" tags=["nbval-check-output"]
source = datasets.digits
pool, val, test = source("train"), source("val").subset(slice(150)), source("test").subset(slice(1000))
print(len(pool), "to draw training pictures from,", len(val), "for validation,", len(test), "for the test")

# %% [markdown] id="parts"
# ## 1 · Why three parts?
#
# That training pictures cannot be the judge is clear: they can be learned by heart. But why is *one* set of new pictures
# not enough? Because whoever chooses by a score makes that score too good. Here are a thousand "classifiers" that know
# nothing: each says a random digit for every picture. Take the one with the best accuracy on the validation pictures.
#
# **Predict before you run.** An honest guesser is right in a tenth of all cases. What accuracy has the best of a thousand
# on the 150 validation pictures? And the same guesser on the test pictures?
#
# <details><summary>Answer</summary>
#
# Nearly twice the honest tenth, about 0.18: among a thousand there is always somebody with luck. On the test pictures the
# luck is gone, and it is near 0.10 again.
#
# </details>

# %% id="parts-guessers"
chance = torch.Generator().manual_seed(0)
guesses_on_val = torch.randint(10, (1000, len(val)), generator=chance)
guesses_on_test = torch.randint(10, (1000, len(test)), generator=chance)
val_scores = (guesses_on_val == val.targets).float().mean(dim=1)  # [1000]: one accuracy for each guesser
winner = val_scores.argmax()
print(f"the winner on validation: {val_scores[winner]:.3f}")
print(f"the same guesser on test: {(guesses_on_test[winner] == test.targets).float().mean():.3f}")

# %% [markdown] id="parts-read"
# You do the same whenever you try ten learning rates and keep the best. So there are three parts:
#
# - **training** pictures change the weights
# - **validation** pictures decide everything that *you* choose: when to stop, how strong a remedy is, which network
# - **test** pictures are not used for any choice; their score is the one to report
#
# How well a network does on pictures that had no part in making it is called **generalization**.

# %% [markdown] id="memory"
# ## 2 · Learning by heart
#
# How would you *see* that a network learns by heart? Give it something that can be learned in no other way: wrong labels.
# So draw 200 training pictures, and give a fifth of them wrong labels, at random. A 3 that is called 8 teaches nothing
# about digits. Who reproduces it has memorized it.
#
# This is less artificial than it sounds. Labels are made by people, in a hurry: Northcutt et al. (2021) estimate that in
# ten well-known data sets on average at least 3.3 % of the *test* labels are wrong. With a fifth wrong, all effects of this
# lesson become large enough to be seen with little data and in seconds. How large they are with right labels you can find
# out yourself: every training below takes `wrong=0`.


# %% id="memory-draw" alt="Ten handwritten digits in two rows, each titled with its label; the labels of all ten are wrong, such as a 6 that is called 3."
def draw(seed, wrong=40):
    """Return 200 training pictures; the first `wrong` of them have a wrong label."""
    chance = torch.Generator().manual_seed(seed)
    data = pool.subset(torch.randperm(len(pool), generator=chance)[:200])
    labels = data.targets.clone()
    labels[:wrong] = (labels[:wrong] + torch.randint(1, 10, (wrong,), generator=chance)) % 10
    return replace(data, targets=labels)


some = [draw(seed=0)[i] for i in range(10)]
viz.images([image[0] for image, _ in some], [f'called "{int(label)}"' for _, label in some], columns=5)

# %% [markdown] id="memory-network"
# The network has two convolutions, the first with stride 2 (lesson 1), one pooling, and two fully connected layers.
# `nn.Identity` is a layer that does nothing: it keeps a place free for section 3.


# %% id="memory-network-code" tags=["nbval-check-output"]
def network(width=8, hidden=64, drop=nn.Identity):
    """Return a classifier of 28 × 28 digits."""
    return nn.Sequential(
        nn.Conv2d(1, width, 5, stride=2, padding=2),  # [N, 1, 28, 28] -> [N, width, 14, 14]
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # -> [N, 2 width, 7, 7]
        nn.Flatten(),
        drop(),
        nn.Linear(2 * width * 7 * 7, hidden),
        nn.ReLU(),
        drop(),
        nn.Linear(hidden, 10),
    )


print("parameters:", sum(parameter.numel() for parameter in network().parameters()), "for 200 pictures")

# %% [markdown] id="memory-train-why"
# `train` is used for every training of this lesson. It calls the library's `fit` (lesson 3) with Adam, 40 epochs, batches
# of 20. The four remedies will enter through the arguments that are `None` for now. The seed decides which 200 pictures are
# drawn, which labels are wrong, the initial weights and the order. So a seed is *one complete repetition* of the
# experiment, and with the same seed two methods get the same pictures and the same wrong labels.


# %% id="memory-train"
def train(seed, make=network, wrong=40, epochs=40, penalty=None, augment=None, stopping=None, curves=None):
    """Draw pictures, make a network, train it; return network, history and the pictures."""
    data = draw(seed, wrong)
    torch.manual_seed(seed)
    model = make()

    def loss(logits, labels):
        value = F.cross_entropy(logits, labels)
        if penalty is not None and model.training:  # a penalty steers training; it is no part of the score
            value = value + penalty(model)
        return value

    history = training.fit(
        model,
        data,
        val,
        epochs,
        lr=0.003,
        batch_size=20,
        loss=loss,
        augment=augment,
        stopping=stopping() if stopping else None,
        seed=seed,
        curves=curves,
        device="cpu",  # so small a network gains nothing from a GPU
        precision=torch.float32,
        progress=False,
    )
    return model, history, data


# %% [markdown] id="memory-run-why"
# **Predict before you run.** 160 of 200 labels are right. How far will the training loss fall in 40 epochs? What will the
# validation loss do?

# %% id="memory-run" alt="Two panels over the steps of the training. The loss of each step falls to about 0.1; the validation loss falls to about 0.5 until the middle of the training and then rises unevenly. The validation accuracy rises to nearly 0.9 and then sinks to less than 0.8."
with viz.live_curves(["loss", "val_loss"], "val_accuracy") as curves:
    model, history, data = train(seed=0, curves=curves)

# %% id="memory-score"
right, wrong = data.subset(slice(40, 200)), data.subset(slice(40))
print(f"training pictures with right labels, accuracy: {training.evaluate(model, right).accuracy:.2f}")
print(f"wrong labels, share learned by heart:          {training.evaluate(model, wrong).accuracy:.2f}")
print(f"validation accuracy, at its best:              {max(history['val_accuracy']):.2f}")
print(f"validation accuracy, in the end:               {history['val_accuracy'][-1]:.2f}")

# %% [markdown] id="memory-read"
# Read the curves in two halves. At first both losses fall together: what the network learns holds for new pictures too. (Why is
# the validation loss even the *lower* one? Its labels are right. On the training pictures whoever knows digits still fails at
# a fifth.) Then they part. The training loss goes on toward 0, the validation loss turns and rises. In this half the network learns the
# wrong labels, one by one, and it has to bend its rules for that: a 3 that looks much like *this* one is now an 8. The
# new pictures pay.
#
# This is **overfitting**: getting better on the training pictures and worse on others. With enough parameters a network
# can learn *any* labels: Zhang et al. (2017) trained usual networks on the 50,000 pictures of CIFAR-10 with completely random
# labels, and the training error went to 0.
#
# The opposite exists too. **Underfitting**: the network is bad even on the training pictures, since it is too small for
# the task, or has not been trained long enough.
#
# **Predict before you run.** Two more trainings with the same pictures: a tiny network (2 kernels, then 4, and 4 hidden
# numbers), and the network from above for 4 epochs only. Where do their two losses end, compared with the curves above?

# %% id="memory-extremes" alt="Two panels, training loss and validation loss over 40 epochs for three trainings. Tiny network: both losses fall slowly and end well above 1, close to each other. Four epochs: both losses are still high when it ends. Large network: the training loss falls to about 0.1, the validation loss falls to about 0.5 and then rises."
extremes = {
    "tiny network": train(seed=0, make=partial(network, width=2, hidden=4))[1],
    "four epochs": train(seed=0, epochs=4)[1],
    "large network, 40 epochs": history,
}
viz.learning_curves(extremes)

# %% [markdown] id="memory-extremes-read"
# | | training loss | validation loss | what to do |
# |---|---|---|---|
# | underfitting | high | high, much like it | a larger network, longer training, a higher learning rate |
# | good | low | low | report it |
# | overfitting | low | much higher, rising | the rest of this lesson, or more data |
#
# The first remedy is not in this lesson: **more pictures**. We tried it, a fifth of the labels wrong again. The same training
# with 400 pictures ended with a test accuracy of 0.81, with all 1,198 of 0.86, and on its way the latter reached 0.99 on
# validation; compare with 200 below. What follows is for the time when there are no more pictures.
#
# ### A yardstick
#
# One training is one throw of dice. So `measure` trains with three seeds, and notes two numbers for each: the test accuracy,
# and the share of wrong labels learned by heart. The test pictures may be looked at here, because we do not choose by them:
# the comparison itself is the result. How strong each remedy is was chosen when the lesson was written, with a few trials; so
# expect a little less of them elsewhere.


# %% id="memory-measure"
scores, hearts, runs = {}, {}, {}


def measure(name, wrong=40, **settings):
    """Train with three seeds; keep the test accuracies, and what was learned by heart, under a name."""
    runs[name] = [train(seed, wrong=wrong, **settings) for seed in range(3)]
    scores[name] = [training.evaluate(model, test).accuracy for model, _, _ in runs[name]]
    print(f"{name}: test accuracy", [f"{score:.2f}" for score in scores[name]])
    if wrong:
        hearts[name] = [
            training.evaluate(model, data.subset(slice(wrong))).accuracy for model, _, data in runs[name]
        ]
        print("   learned by heart", [f"{heart:.2f}" for heart in hearts[name]])


measure("nothing")

# %% [markdown] id="dropout"
# ## 3 · Dropout
#
# To remember that *this* picture is called 8, a network relies on a few numbers that are high for just this picture. So make
# every number unreliable. **Dropout** (Srivastava et al. 2014) sets each value of a layer to 0 with probability $p$ in each
# training step, at random, each value of each sample on its own. What is only known to one value is lost; what many values
# know together gets through.
#
# One detail decides whether it works. The next layer adds up its inputs. If half of them are 0, its sums are half as large
# as they will be later, when nothing is dropped any more. So the values that are kept are made larger.
#
# **Predict before you run.** A value $v$ is 0 with probability $p$, else it is $c \cdot v$. For which $c$ is its average over
# many steps exactly $v$? With $p = 0.2$?
#
# <details><summary>Answer</summary>
#
# The average is $p \cdot 0 + (1-p) \cdot c\, v$, and it is $v$ for $c = 1/(1-p)$. With $p = 0.2$: 1.25.
#
# </details>
#
# When the network is *used*, nothing is dropped and nothing scaled. This form is called inverted dropout. (The original
# article keeps values as they are in training, and multiplies the weights afterward: the same idea, less handy.)

# %% [markdown] id="ex-dropout"
# ### Exercise 4.1 · dropout
#
# `x` is a tensor of any shape, `p` the probability to be dropped (0 or more, less than 1), `training` says whether the network
# is being trained. Return a tensor like `x`, and leave `x` itself as it is.
#
# `torch.rand_like(x)` draws a number between 0 and 1 for each value of `x`. The check calls your function many times and looks
# at how often, where and by how much it changes values; which random numbers you use does not matter.


# %% id="ex-dropout-code" tags=["exercise"]
def dropout(x, p, training):
    """Set values to 0 with probability p and scale the others, while training; else return x."""
    ### BEGIN SOLUTION
    if not training:
        return x
    survives = torch.rand_like(x) >= p
    return x * survives / (1 - p)
    ### END SOLUTION


# %% id="ex-dropout-check" tags=["check"]
dropout = check("dropout", dropout).use()

# %% [markdown] id="dropout-layer"
# A layer that behaves differently in training and in use must know which it is. That is what `model.train()` and
# `model.eval()` are for: they set `training` in every layer. Your function as a layer:


# %% id="dropout-layer-code"
class Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return dropout(x, self.p, self.training)


# %% [markdown] id="dropout-torch"
# torch's own layer is called `nn.Dropout`. It draws its own random numbers, so compare what does not depend on them.

# %% id="dropout-same" tags=["nbval-check-output"]
torch.manual_seed(0)
ones = torch.ones(200_000)
for name, layer in [("yours", Dropout(0.2)), ("torch", nn.Dropout(0.2))]:
    out = layer.train()(ones)
    kept = out[out != 0]
    print(
        f"{name}: dropped {(out == 0).float().mean():.2f}, the others times {kept.mean():.2f}, "
        f"mean {out.mean():.2f}; in eval mode unchanged: {torch.equal(layer.eval()(ones), ones)}"
    )

# %% id="dropout-measure"
measure("dropout", make=partial(network, drop=partial(Dropout, 0.5)))

# %% [markdown] id="dropout-read"
# Compare with "nothing" above. With half of all values missing in each step, only a few of the forty wrong labels were learned by
# heart, and the test accuracy is more than ten points higher.

# %% [markdown] id="bug"
# ### Find the bug
#
# Somebody measures the trained network with dropout, and gets another accuracy each time.


# %% id="bug-broken"
def accuracy_of(model, data):
    right = 0
    with torch.no_grad():
        for images, labels in data.batches(100):
            right += int((model(images).argmax(dim=1) == labels).sum())
    return right / len(data)


model = runs["dropout"][0][0]
print("three times the same network and pictures:", [f"{accuracy_of(model, test):.3f}" for _ in range(3)])
print("the library's measurement:                ", f"{training.evaluate(model, test).accuracy:.3f}")

# %% [markdown] id="bug-answer"
# Which line is missing?
#
# <details><summary>Answer</summary>
#
# `model.eval()` before the loop. After training the model is still in training mode, so half of all values are dropped
# while it is being tested: the answers change from call to call, and they are worse. `torch.no_grad()` does not help, it only
# switches off the bookkeeping for gradients. Go back to training mode afterward, or the next epoch trains without dropout.
#
# Two measurements of the same network that differ are the sure sign of this bug.
#
# </details>

# %% id="bug-mended"
model.eval()
print("in eval mode:", [f"{accuracy_of(model, test):.3f}" for _ in range(3)])

# %% [markdown] id="decay"
# ## 4 · Weight decay
#
# A function that makes an exception for one picture must change steeply around it, and steep functions need large weights.
# So charge for large weights: add the sum of their squares to the loss.
#
# $$\ell' = \ell + \lambda \sum_i w_i^2$$
#
# - $\ell$: the loss so far, the mean cross-entropy of the batch
# - $w_i$: every weight of every layer, but **not** the biases: a bias only shifts, it makes nothing steeper. The scale and
#   the shift of a norm layer are left out as well.
# - $\lambda$ ("lambda"): how expensive weights are; you choose it
#
# **Predict before you run.** What is the derivative of $\lambda \sum_i w_i^2$ with respect to one weight $w$? What does plain
# gradient descent with learning rate $\eta$ then do to a weight for which the data has nothing to say ($\partial\ell/\partial w = 0$)?
#
# <details><summary>Answer</summary>
#
# $2\lambda w$. The step is $w \leftarrow w - \eta \cdot 2\lambda w = (1 - 2\eta\lambda)\, w$: in each step the weight loses the
# same small share of itself. It decays, hence **weight decay**. Only weights that the data keeps asking for stay large.
#
# </details>

# %% [markdown] id="ex-penalty"
# ### Exercise 4.2 · l2_penalty
#
# Return the sum of the squares of all weights of `model`, as a tensor from which gradients can flow back. `model.parameters()`
# gives all parameters, wherever they stand. Weights are told by their axes: `parameter.ndim` is 4 for the kernels of a
# convolution, 2 for a fully connected layer, 1 for biases and for the parameters of norm layers.


# %% id="ex-penalty-code" tags=["exercise"]
def l2_penalty(model):
    """Return the sum of the squares of all weights, without biases and norm parameters."""
    ### BEGIN SOLUTION
    return sum(parameter.square().sum() for parameter in model.parameters() if parameter.ndim > 1)
    ### END SOLUTION


# %% id="ex-penalty-check" tags=["check"]
l2_penalty = check("l2_penalty", l2_penalty).use()

# %% [markdown] id="decay-torch"
# ### The same in torch
#
# torch's optimizers take `weight_decay`. It adds `weight_decay` times the weight to its gradient. Your penalty adds $2\lambda w$. So
# `weight_decay` $= 2\lambda$ must do the same. Two copies of a network, five steps each:

# %% id="decay-same" tags=["nbval-check-output"]
price = 0.01
torch.manual_seed(0)
mine = network()
theirs = copy.deepcopy(mine)
sgd_mine = torch.optim.SGD(mine.parameters(), lr=0.05)
weights = [parameter for parameter in theirs.parameters() if parameter.ndim > 1]
biases = [parameter for parameter in theirs.parameters() if parameter.ndim == 1]
sgd_theirs = torch.optim.SGD([{"params": weights, "weight_decay": 2 * price}, {"params": biases}], lr=0.05)

for images, labels in draw(seed=0).subset(slice(100)).batches(20):
    sgd_mine.zero_grad()
    (F.cross_entropy(mine(images), labels) + price * l2_penalty(mine)).backward()
    sgd_mine.step()

    sgd_theirs.zero_grad()
    F.cross_entropy(theirs(images), labels).backward()
    sgd_theirs.step()

pairs = zip(mine.parameters(), theirs.parameters(), strict=True)
print("equal after five steps:", all(torch.allclose(a, b, atol=1e-6) for a, b in pairs))

# %% [markdown] id="decay-adam"
# ### Not so with Adam
#
# Adam divides each gradient by its own usual size (lesson 3). The penalty is part of the gradient, so it is divided too.
#
# **Predict before you run.** Two weights, both 1. The gradient of the loss is 0.01 for the first and 1 for the second.
# $2\lambda = 0.1$. Adam takes its first step with learning rate 0.001, once without penalty, once with it. How far do the two
# weights move in each case?
#
# <details><summary>Answer</summary>
#
# By 0.001 each, in both cases. Adam's first step is the learning rate times the *sign* of the gradient, whatever is added to
# it. Later the penalty does count, but less where gradients are large.
#
# </details>
#
# **AdamW** (Loshchilov & Hutter 2019) keeps the decay out of the gradient: it multiplies the weight by $1 - \eta\delta$,
# where $\delta$ is `weight_decay`, and then takes Adam's step. With plain gradient descent the two are the same thing; with Adam they are not.

# %% id="decay-adam-facts" tags=["nbval-check-output"]
slopes = torch.tensor([0.01, 1.0])
for name, make, options in [
    ("Adam", torch.optim.Adam, {}),
    ("Adam + penalty", torch.optim.Adam, {"weight_decay": 0.1}),
    ("AdamW", torch.optim.AdamW, {"weight_decay": 0.1}),
]:
    w = torch.ones(2, requires_grad=True)
    optimizer = make([w], lr=0.001, **options)
    (slopes * w).sum().backward()
    optimizer.step()
    print(f"{name:<15} moves by", [f"{moved:.4f}" for moved in (1 - w).tolist()])

# %% [markdown] id="decay-measure-why"
# Now in a real training, with your penalty and $\lambda = 0.003$. Look at two things: are the weights really smaller? And does it help?

# %% id="decay-measure"
measure("weight decay", penalty=lambda model: 0.003 * l2_penalty(model))
for name in ["nothing", "weight decay"]:
    sums = [l2_penalty(model).item() for model, _, _ in runs[name]]
    print(f"sum of squared weights, {name}:", [f"{value:.0f}" for value in sums])

# %% [markdown] id="decay-read"
# The weights became far smaller, fewer wrong labels were learned by heart, and the test accuracy is a few points better with
# every seed. So weight decay does something, but much less than dropout. Would a larger $\lambda$ do more? A little. With ten seeds
# the gain over "nothing" was 0.035 on average for $\lambda = 0.003$, and 0.05 for 0.01, with a loss for one of the ten. With five
# seeds it was 0.06 for 0.02; for 0.03 three of the five networks learned nothing at all, and for 0.05 none did. Textbooks name
# weight decay first; it is part of nearly every recipe for long trainings of large networks. In the few hundred steps of this
# one it is the weakest of the four.

# %% [markdown] id="stopping"
# ## 5 · Early stopping
#
# You have seen when the trouble begins: where the validation loss turns. So stop there. But the curve is ragged, and one bad
# epoch may be followed by a better one. **Early stopping** waits: it stops after `patience` epochs *in a row* without a new
# best, and takes the weights of the best epoch.
#
# **Predict before you run.** Validation losses 0.9, 0.5, 0.6, 0.55, 0.4, 0.45, 0.42, 0.41, and patience 3. After which epoch does
# it stop? Which epoch's weights are kept?
#
# <details><summary>Answer</summary>
#
# 0.5 is a new best; 0.6 and 0.55 are two epochs without one (that 0.55 is better than 0.6 does not count). 0.4 is a new best, and
# the counting starts again: 0.45, 0.42, 0.41 are three in a row. It stops after epoch 8 and keeps the weights of epoch 5.
#
# </details>

# %% [markdown] id="ex-stopping"
# ### Exercise 4.3 · EarlyStopping
#
# A new best is a loss *below* all before it; an equal one is none (a network whose loss stays the same has stopped learning).
# `__init__` is called once with the patience, `step` after each epoch with its validation loss. `float("inf")` is a number larger than
# every other.


# %% id="ex-stopping-code" tags=["exercise"]
class EarlyStopping:
    """Says when to stop: after `patience` epochs in a row without a new lowest validation loss."""

    def __init__(self, patience):
        ### BEGIN SOLUTION
        self.patience = patience
        self.best = float("inf")
        self.waited = 0
        ### END SOLUTION

    def step(self, validation_loss):
        """Return True to stop now, else False."""
        ### BEGIN SOLUTION
        if validation_loss < self.best:
            self.best = validation_loss
            self.waited = 0
        else:
            self.waited += 1
        return self.waited >= self.patience
        ### END SOLUTION


# %% id="ex-stopping-check" tags=["check"]
EarlyStopping = check("EarlyStopping", EarlyStopping).use()

# %% [markdown] id="stopping-replay-why"
# The trainings without any remedy are recorded. Replay their validation losses: when would you have stopped them?

# %% id="stopping-replay"
for seed, (_, history, _) in enumerate(runs["nothing"]):
    stopping = EarlyStopping(patience=5)
    epoch = next((n for n, loss in enumerate(history["val_loss"], 1) if stopping.step(loss)), len(history))
    print(f"seed {seed}: stop after epoch {epoch} of {len(history)}; the best was epoch {history.best_epoch}")

# %% [markdown] id="stopping-measure-why"
# `fit` takes your object as `stopping`, asks it after each epoch, and puts the best weights back in the end.

# %% id="stopping-measure"
measure("early stopping", stopping=partial(EarlyStopping, 5))

# %% [markdown] id="stopping-read"
# Much better than "nothing", and in half the time: the network is caught after it has learned digits and before it has
# learned the list of mistakes. Early stopping needs validation pictures, though, here 150 with right labels. What would they be worth
# as training pictures? We added them to the 200 of each seed and trained for 40 epochs with no remedy: 0.90, 0.88 and 0.86. So when
# pictures are scarce, this price is as high as the gain.

# %% [markdown] id="augment"
# ## 6 · Augmentation
#
# More pictures help, and some can be had for nothing: a 3 that is moved by two pixels or turned by five degrees is still a
# 3. **Augmentation** shows the network another version of each picture in every epoch. A picture that never comes twice is hard to
# learn by heart.
#
# torchvision's transforms do such things. This one turns by up to 10 degrees and moves by up to 8 % of the width:

# %% id="augment-look" alt="Eight versions of the same handwritten digit, each turned and moved a little."
move = v2.RandomAffine(degrees=10, translate=(0.08, 0.08), interpolation=v2.InterpolationMode.BILINEAR)
torch.manual_seed(0)
image, label = pool[2]
viz.images([move(image)[0] for _ in range(8)], columns=8)

# %% [markdown] id="augment-where"
# `fit` calls `augment` for each training sample when a batch is made. Validation and test pictures stay as they are: they stand for the
# pictures that will come, and those come as they come. Changing them would make the measurement noisier, and harder than reality.
#
# **Predict before you run.** Dropout left few wrong labels in memory. And this?

# %% id="augment-measure"
measure("augmentation", augment=move)

# %% [markdown] id="augment-labels"
# ### A change must keep the label true
#
# Mirroring left–right is the most popular augmentation for photographs: a mirrored cat is a cat. Try it with digits. This time all
# labels are right, so that nothing but the mirror is to blame. 25 epochs suffice.
#
# **Predict before you run.** Better or worse than without? Which digits will suffer?

# %% id="augment-flip"
measure("right labels", wrong=0, epochs=25)
measure("right labels, mirrored", wrong=0, epochs=25, augment=v2.RandomHorizontalFlip())

# %% id="augment-flip-digits"
recalls = []
for name in ["right labels", "right labels, mirrored"]:
    confusion = sum(training.evaluate(model, test).confusion for model, _, _ in runs[name])
    recalls.append(confusion.diag() / confusion.sum(dim=1))  # of each digit, the share that was recognized
print("digit   recognized without and with mirror")
for digit, (without, mirrored) in enumerate(zip(*recalls, strict=True)):
    print(f"  {digit}     {without:.2f}   {mirrored:.2f}")

# %% [markdown] id="augment-flip-read"
# Worse, with every seed. Half of the time the network is shown a digit as it never occurs, and must call it by the same name: a mirrored 2
# comes close to a 5. The 0, its own mirror image, hardly minds. But look at the 8. It is nearly its own mirror image, too, and still it is
# among those that lose most. Handwriting leans, so that a mirrored 8 leans the wrong way, and mirror images of *other* digits may crowd into its
# neighborhood; which of the two it is, we have not measured. Anyway: "it looks the same to me" is a guess. Measure.
#
# So ask of each change: *could this picture occur, and is its label still the same?* Letters and digits: small shifts and turns. Road scenes:
# left–right yes, upside down no. Pictures from a microscope: all of them, since there is no above and below.

# %% [markdown] id="flip"
# ### With masks
#
# From lesson 6 on each pixel has a class, and the target is a **mask** of the size of the image. If the image is mirrored, its mask must be
# mirrored with it. Forget it, and the network is taught that the sky is where the houses are.

# %% [markdown] id="ex-flip"
# ### Exercise 4.4 · flip_pair
#
# `image` is `[C, H, W]`, `mask` is `[H, W]`. Mirror both left–right and return both. `torch.flip(x, dims=[…])` reverses the axes that you name.


# %% id="ex-flip-code" tags=["exercise"]
def flip_pair(image, mask):
    """Return image [C, H, W] and mask [H, W], both mirrored left–right."""
    ### BEGIN SOLUTION
    return torch.flip(image, dims=[-1]), torch.flip(mask, dims=[-1])
    ### END SOLUTION


# %% id="ex-flip-check" tags=["check"]
flip_pair = check("flip_pair", flip_pair).use()

# %% [markdown] id="flip-look-why"
# A road scene, mirrored by your function. Beside its mask stands the one that somebody forgot to mirror, as if it were a prediction:
# everything that is hatched would be taught wrongly.

# %% id="flip-look" alt="A mirrored road scene with its mirrored mask, and the mask that was not mirrored compared with it: large parts of the houses, trees, cars and poles do not match."
streets = datasets.road_scenes(3, seed=4)
image, mask = streets[1]
mirrored, mirrored_mask = flip_pair(image, mask)
no_class = mask == streets.ignore_index
forgotten = torch.where(no_class, mirrored_mask, mask)  # pixels without a class do not count
viz.segmentation(mirrored, mirrored_mask, forgotten, streets.classes, palette=streets.palette)

# %% id="flip-same" tags=["nbval-check-output"]
from torchvision import tv_tensors

theirs = v2.RandomHorizontalFlip(p=1)(tv_tensors.Image(image), tv_tensors.Mask(mask))
print("as torchvision does it:", torch.equal(theirs[0], mirrored), torch.equal(theirs[1], mirrored_mask))
images, masks = next(streets.batches(3, augment=flip_pair))
print("a whole batch:", tuple(images.shape), tuple(masks.shape))

# %% [markdown] id="compare"
# ## 7 · What each of them is worth
#
# All numbers side by side, every seed a dot, and its mean with one standard deviation to each side.

# %% id="compare-scores" alt="Dots for three seeds, with mean and standard deviation, for five methods: the test accuracy is lowest for nothing, a little higher for weight decay, and near 0.9 for dropout, early stopping and augmentation, whose bars overlap."
noisy = list(hearts)
viz.scores({name: scores[name] for name in noisy}, "test accuracy")

# %% id="compare-hearts" alt="Dots for three seeds, with mean and standard deviation, for the share of wrong labels learned by heart: near 0.9 for nothing, about half for weight decay, and low for dropout, early stopping and augmentation."
viz.scores(hearts, "share of wrong labels learned by heart")

# %% [markdown] id="compare-pairs"
# How sure is a difference? Means with three dots each are shaky. But two methods with the same seed had the same pictures and the same wrong
# labels, so compare *within* each seed. If a method wins with every seed, and by more than these differences vary, believe it.

# %% id="compare-differences"
for name in noisy[1:]:
    gains = torch.tensor(scores[name]) - torch.tensor(scores["nothing"])
    told = "   ".join(f"{gain:+.2f}" for gain in gains.tolist())
    print(f"{name:<15} against nothing, seed by seed: {told}   mean {gains.mean():+.2f} ± {gains.std():.2f}")

# %% [markdown] id="compare-read"
# - **Dropout, early stopping and augmentation work**: ten points and more with every seed, several times the spread. They do so in the way
#   that we wanted: the wrong labels are no longer learned.
# - **Weight decay works a little.** In the picture its bar overlaps with that of "nothing". Within each seed it is ahead. That is what comparing
#   within seeds is good for: whether a seed drew easy pictures no longer matters.
# - **Which of the three is best?** These numbers cannot say. The differences between them are as large as the spread, and there are only about
#   300 test pictures: one of them is a third of a point.
#
# What this does not show: the same effects elsewhere. Our wrong labels make learning by heart expensive, and so every remedy against it looks good.
# We repeated the table with `wrong=0`: nothing 0.953 ± 0.012, dropout 0.943 ± 0.015, weight decay 0.938 ± 0.020, early stopping
# 0.943 ± 0.017, augmentation 0.954 ± 0.017. With right labels, on these digits, *none* of the four was worth anything on the test pictures.

# %% [markdown] id="together"
# ## 8 · Together
#
# If each of three remedies wins ten points, do all of them win thirty?
#
# **Predict before you run.** Dropout with $p = 0.5$, weight decay, augmentation, early stopping with patience 8, all at full strength. Which of the
# two diseases of section 2 do you expect?

# %% id="together-full"
everything = {
    "make": partial(network, drop=partial(Dropout, 0.5)),
    "penalty": lambda model: 0.003 * l2_penalty(model),
    "augment": move,
    "stopping": partial(EarlyStopping, 8),
}
measure("all four", **everything)
for name in ["dropout", "all four"]:
    known = [training.evaluate(model, data.subset(slice(40, 200))).accuracy for model, _, data in runs[name]]
    print(f"training pictures with right labels, {name}: accuracy", [f"{score:.2f}" for score in known])

# %% [markdown] id="together-read"
# Underfitting. The wrong labels are not learned, but of the *right* ones, too, more is missing than with dropout alone; and the test accuracy, which
# varies more from seed to seed than before, is on average below that of dropout, early stopping or augmentation alone. Each remedy makes learning by
# heart harder, and each makes *learning* harder too. Together they are too much for a network of this size in 40 epochs. With right labels
# (`wrong=0`) we measured 0.892 ± 0.012 for all four, six points *less* than with nothing.
#
# So strength is something to choose, on validation pictures, and whoever adds a remedy should ask whether the network may now be larger, or trained
# for longer.

# %% [markdown] id="ex-design"
# ### Design: the best of all
#
# Now you. Choose settings for `train`: the mean validation accuracy over three seeds must be **at least 0.89**, which no remedy alone reached when we
# tried, with the same 200 pictures, 40 wrong labels and at most 40 epochs. Think about what was too much, and what the network could use instead. You
# may change `width` (1 to 16) and `hidden` (up to 128) of the network, the `p` of `Dropout`, `move`, the price of weights and the patience, and leave
# out what you like.
#
# Choose by the validation accuracy, which the next cell prints. The cell after that opens the test set: run it when you have chosen, once.


# %% id="ex-design-code" tags=["exercise"]
def design():
    """Return the settings for `train`, such as {"augment": move, "epochs": 30}."""
    ### BEGIN SOLUTION
    larger = partial(network, width=16, hidden=128, drop=partial(Dropout, 0.3))
    return {"make": larger, "augment": move, "stopping": partial(EarlyStopping, 8)}
    ### END SOLUTION


# %% id="ex-design-measure"
try:
    settings = design()
except NotImplementedError:
    print("Still open: until you have your own design, a training without any remedy runs here.")
    settings = {}
designed = [train(seed, **settings)[0] for seed in range(3)]
reached = sum(training.evaluate(model, val).accuracy for model in designed) / 3
print(f"mean validation accuracy {reached:.3f}:", "reached" if reached >= 0.89 else "not yet 0.89")

# %% id="ex-design-scores" alt="Dots for three seeds, with mean and standard deviation, of the test accuracy of seven methods; all four remedies together lie between weight decay and early stopping, with the widest bar; your design comes last."
scores["your design"] = [training.evaluate(model, test).accuracy for model in designed]
viz.scores({name: scores[name] for name in [*hearts, "your design"]}, "test accuracy")

# %% [markdown] id="ex-design-read"
# Is the combined design better than the best single remedy? Look at the spread, and compare seed by seed, before you say yes.

# %% [markdown] id="recap"
# ## Recap
#
# | remedy | what it does | when | its price |
# |---|---|---|---|
# | more pictures | less can be learned by heart | always first | work |
# | dropout | makes every single value unreliable, scaled by $1/(1-p)$; off in eval mode | fully connected layers, little data | slower learning |
# | weight decay | large weights cost; AdamW keeps it apart from the gradient | long trainings, large networks | one more number to choose |
# | early stopping | ends when validation no longer improves, keeps the best weights | nearly always | needs validation pictures |
# | augmentation | another version of each picture in every epoch | when changes are known that keep the label true | time; harm, if they do not |
#
# - Underfitting: bad on training pictures too. Overfitting: better there, worse on new ones.
# - Training pictures change weights, validation pictures make choices, test pictures report.
# - One training is one throw: repeat with seeds, compare within a seed, and look at differences beside their spread.
#
# ## Quiz
#
# **1.** Training accuracy 0.62, validation accuracy 0.61. Somebody adds dropout. Is that wise?
#
# <details><summary>Answer</summary>
#
# No. The network underfits: it is bad on what it was trained with. Dropout makes that worse. Use a larger network, or train longer.
#
# </details>
#
# **2.** You try 50 settings, and the best has 0.94 on validation. What will it have on test?
#
# <details><summary>Answer</summary>
#
# Probably less: the winner of fifty was partly lucky on just these validation pictures, as the best guesser in section 1.
#
# </details>
#
# **3.** A layer with dropout $p = 0.75$ gets the value 2 in training. What can come out? And in eval mode?
#
# <details><summary>Answer</summary>
#
# 0, with probability 0.75, or $2 / 0.25 = 8$. In eval mode 2.
#
# </details>
#
# **4.** With SGD, you replace `loss + 0.001 * l2_penalty(model)` by the optimizer's `weight_decay`. Which value?
#
# <details><summary>Answer</summary>
#
# 0.002, since the derivative of $0.001\,w^2$ is $0.002\,w$ (and for weights only, so that biases stay free).
#
# </details>
#
# **5.** Losses 0.7, 0.6, 0.6, 0.65, 0.59 and patience 2. What happens?
#
# <details><summary>Answer</summary>
#
# It stops after epoch 4: the second 0.6 is no new best, 0.65 is none either. It never sees the 0.59.
#
# </details>
#
# **6.** Method A has 0.91 ± 0.02, method B 0.90 ± 0.02, three seeds each. Which one is better?
#
# <details><summary>Answer</summary>
#
# Nobody knows. Compare within seeds, take more seeds and more test pictures, or take the simpler one.
#
# </details>
#
# ## Sources
#
# - Goodfellow, Bengio & Courville 2016, *Deep Learning*: sections 5.2 (underfitting, overfitting), 5.3 (validation sets), 7.1.1 (L2), 7.4
#   (augmentation), 7.8 (early stopping, algorithm 7.1), 7.12 (dropout)
# - Zhang, Bengio, Hardt, Recht & Vinyals 2017, *Understanding deep learning requires rethinking generalization*, ICLR, section 2 (random labels)
# - Northcutt, Athalye & Mueller 2021, *Pervasive label errors in test sets destabilize machine learning benchmarks*, NeurIPS Datasets and Benchmarks
# - Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014, *Dropout: A simple way to prevent neural networks from overfitting*, JMLR 15,
#   sections 4 and 10 (scaling in training)
# - Krogh & Hertz 1992, *A simple weight decay can improve generalization*, NIPS 4
# - Loshchilov & Hutter 2019, *Decoupled weight decay regularization*, ICLR, section 2 (AdamW)
# - Prechelt 1998, *Early stopping — but when?*, in *Neural Networks: Tricks of the Trade*
# - Simard, Steinkraus & Platt 2003, *Best practices for convolutional neural networks applied to visual document analysis*, ICDAR (augmentation of digits)
