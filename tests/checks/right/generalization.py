"""Right answers of lesson 04: dropout from any source of random numbers, penalties, stoppings, mirrors."""

import math
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.transforms.v2 import functional as transforms

from tests.checks.right_answers import answers


@answers("dropout")
def dropout_by_comparison(x, p, training):
    if not training:
        return x
    return torch.where(torch.rand(x.shape) < p, torch.zeros_like(x), x / (1 - p))


@answers("dropout")
def dropout_by_bernoulli(values, rate, train):
    if train:
        return values * torch.bernoulli(torch.full_like(values, 1 - rate)) / (1 - rate)
    return values.clone()


@answers("dropout")
def dropout_of_torch(x, p, training):
    return F.dropout(x, p, training)


@answers("dropout")
def dropout_module_of_torch(x, p, training):
    return nn.Dropout(p).train(training)(x)


@answers("dropout")
def dropout_in_place_on_a_copy(x, p, training):
    out = x.clone()
    if training:
        out[torch.rand_like(x) <= p] = 0
        out /= 1 - p
    return out


@answers("dropout")
def dropout_by_masked_fill(x, p=0.5, training=True):
    mask = torch.empty(x.shape).uniform_(0, 1).lt(p)
    return x.masked_fill(mask, 0.0).div(1 - p) if training else x


@answers("dropout")
def dropout_by_loops_and_random(x, p, training):
    if not training:
        return x
    values = [0.0 if random.random() < p else v / (1 - p) for v in x.flatten().tolist()]
    return torch.tensor(values).reshape(x.shape)


@answers("dropout")
def dropout_by_numpy(x, p, training):
    if not training:
        return x
    kept = np.random.rand(*x.shape) > p  # noqa: NPY002
    return torch.from_numpy(np.where(kept, x.numpy() / (1 - p), 0))


@answers("dropout")
def dropout_by_an_unseeded_generator(x, p, training):
    mask = np.random.default_rng().choice([0.0, 1 / (1 - p)], size=tuple(x.shape), p=[p, 1 - p])
    return x * torch.tensor(mask, dtype=x.dtype) if training else x


@answers("dropout")
def dropout_by_a_normal_threshold(x, p, training):
    """A value of a normal distribution lies below its p-quantile with probability p."""
    if not training or p == 0:
        return x
    limit = math.sqrt(2) * torch.erfinv(torch.tensor(2 * p - 1))
    return x * (torch.randn_like(x) > limit) / (1 - p)


@answers("dropout")
def dropout_by_the_sampled_class(x, p, training):
    if not training:
        return x
    kept = torch.distributions.Bernoulli(probs=1 - p).sample(x.shape)
    return kept * x * (1 / (1 - p))


@answers("l2_penalty")
def penalty_by_axes(model):
    total = 0
    for weight in model.parameters():
        if len(weight.shape) >= 2:
            total = total + (weight * weight).sum()
    return total


@answers("l2_penalty")
def penalty_by_kinds_of_layers(net):
    total = torch.zeros(1)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            total = total + torch.sum(layer.weight**2)
    return total


@answers("l2_penalty")
def penalty_by_leaving_out(model):
    left_out = {
        id(tensor)
        for part in model.modules()
        for name, tensor in part.named_parameters(recurse=False)
        if name == "bias" or isinstance(part, nn.BatchNorm2d)
    }
    return sum(w.pow(2).sum() for w in model.parameters() if id(w) not in left_out)


@answers("l2_penalty")
def penalty_by_one_long_vector(model):
    weights = torch.cat([w.reshape(-1) for w in model.parameters() if w.dim() > 1])
    return weights @ weights


@answers("l2_penalty")
def penalty_by_norms(model):
    return torch.stack([w.norm() ** 2 for w in model.parameters() if w.ndim != 1]).sum()


@answers("l2_penalty")
def penalty_in_float64_by_recursion(model):
    own = [p for n, p in model.named_parameters(recurse=False) if n == "weight" and p.ndim > 1]
    return sum((p.double() ** 2).sum() for p in own) + sum(
        map(penalty_in_float64_by_recursion, model.children())
    )


@answers("EarlyStopping")
class Counts:
    def __init__(self, patience):
        self.patience = patience
        self.best = math.inf
        self.bad = 0

    def step(self, validation_loss):
        if validation_loss < self.best:
            self.best = validation_loss
            self.bad = 0
            return False
        self.bad += 1
        return self.bad == self.patience


@answers("EarlyStopping")
class RemembersAll:
    def __init__(self, patience):
        self.patience, self.losses = patience, []

    def step(self, loss):
        self.losses.append(loss)
        return len(self.losses) - 1 - self.losses.index(min(self.losses)) >= self.patience


@answers("EarlyStopping")
class StartsWithNone:
    def __init__(self, epochs_to_wait):
        self.left = self.patience = epochs_to_wait
        self.best = None

    def step(self, value):
        if self.best is None or value < self.best:
            self.best, self.left = value, self.patience
        else:
            self.left -= 1
        return not self.left > 0


@answers("EarlyStopping")
class RemembersEpochs:
    best_epoch = 0
    epoch = 0
    best = float("inf")

    def __init__(self, patience: int = 5):
        self.patience = patience

    def step(self, validation_loss: float) -> bool:
        self.epoch += 1
        if self.best > validation_loss:
            self.best, self.best_epoch = validation_loss, self.epoch
        return np.bool_(self.epoch - self.best_epoch >= self.patience)


@answers("EarlyStopping")
def early_stopping_as_a_closure(patience):
    losses = []

    def step(loss):
        losses.append(loss)
        return len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience])

    step.step = step
    return step


@answers("flip_pair")
def flip_by_torch(image, mask):
    return torch.flip(image, [-1]), torch.flip(mask, [-1])


@answers("flip_pair")
def flip_by_index(picture, labels):
    columns = torch.arange(picture.shape[2] - 1, -1, -1)
    return [picture[:, :, columns], labels[:, columns]]


@answers("flip_pair")
def flip_by_loops(image, mask):
    flipped, labels = torch.zeros_like(image), torch.zeros_like(mask)
    width = image.shape[-1]
    for column in range(width):
        flipped[:, :, column] = image[:, :, width - 1 - column]
        labels[:, column] = mask[:, width - 1 - column]
    return flipped, labels


@answers("flip_pair")
def flip_by_numpy(image, mask):
    return tuple(torch.from_numpy(np.flip(a.numpy(), axis=-1).copy()) for a in (image, mask))


@answers("flip_pair")
def flip_by_fliplr(image, mask):
    return torch.stack([torch.fliplr(channel) for channel in image]), mask.fliplr()


@answers("flip_pair")
def flip_together(image, mask):
    both = torch.cat([image.double(), mask.double()[None]]).flip(2)
    return both[:-1], both[-1].long()


@answers("flip_pair")
def flip_by_torchvision(image, mask):
    return transforms.hflip(image), transforms.hflip(mask)
