"""Wrong answers of lesson 04, as learners write them."""

import random

import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.wrong.bank import mistake


@mistake("dropout", "not rescaled")
def zeros_by_random_module(x, p, training):
    if training:
        x = x.clone()
        flat = x.view(-1)
        for i in range(len(flat)):
            if random.random() < p:
                flat[i] = 0
    return x


@mistake("dropout", "rescaled at test time")
def the_paper_s_way(x, p, training):
    if training:
        return x * torch.bernoulli(torch.full(x.shape, 1 - p))
    return (1 - p) * x


@mistake("dropout", "rescaled at test time")
def test_scaling_with_numpy(x, p, training):
    if training:
        return x * torch.tensor(np.random.binomial(1, 1 - p, x.shape))  # noqa: NPY002
    return x * (1 - p)


@mistake("dropout", "rescaled by the wrong factor")
def divided_by_p(x, p, training):
    if not training or p == 0:
        return x
    return x * torch.bernoulli(torch.full_like(x, 1 - p)) / p


@mistake("dropout", "active at test time")
def torch_always_on(x, p, training):
    return F.dropout(x, p)


@mistake("dropout", "training and test swapped")
def torch_not_training(x, p, training):
    return F.dropout(x, p, not training)


@mistake("dropout", "kept with probability p")
def bernoulli_of_p(x, p, training):
    if not training:
        return x
    mask = torch.tensor(
        [[random.random() < p for _ in range(x.shape[-1])] for _ in range(x.numel() // x.shape[-1])]
    )
    return x * mask.reshape(x.shape) / (1 - p)


@mistake("dropout", "p not used")
def normal_numbers(x, p, training):
    if not training:
        return x
    mask = torch.from_numpy(np.random.randn(*x.shape)) > p  # noqa: NPY002
    return x * mask / (1 - p)


@mistake("dropout", "one decision for many values")
def a_mask_for_one_sample(x, p, training):
    if not training:
        return x
    mask = F.dropout(torch.ones(x.shape[1:]), p)
    return x * mask


@mistake("dropout", "one decision for many values")
def torch_feature_dropout(x, p, training):
    if x.ndim == 4:
        return F.dropout2d(x, p, training)
    return F.dropout(x, p, training)


@mistake("dropout", "one decision for many values")
def all_or_nothing(x, p, training):
    if training:
        return torch.zeros_like(x) if random.random() < p else x / (1 - p)
    return x


@mistake("dropout", "the same places each time")
def reproducible(x, p, training):
    if not training:
        return x
    rng = np.random.default_rng(42)
    return x * torch.tensor(rng.random(x.shape) >= p) / (1 - p)


@mistake("dropout", "always the same number dropped")
def sampled_without_replacement(x, p, training):
    if not training:
        return x
    out = (x / (1 - p)).flatten()
    out[random.sample(range(x.numel()), round(p * x.numel()))] = 0
    return out.reshape(x.shape)


@mistake("dropout", "noise instead of zeros")
def gaussian_noise(x, p, training):
    return x + torch.from_numpy(np.random.normal(0, 0.1 + p, x.shape)) if training else x  # noqa: NPY002


@mistake("dropout", "nothing dropped")
def forgets_the_result(x, p, training):
    if training:
        torch.dropout(x, p, True)
    return x


@mistake("dropout", "another shape")
def keeps_a_list(x, p, training):
    return x if not training else x.masked_select(torch.rand(x.shape) >= p) / (1 - p)


@mistake("dropout", "kept with probability p")
def p_as_the_share_that_is_kept(x, p, training):
    if not training or p == 0:
        return x
    return x * (torch.rand(x.shape) < p) / p


@mistake("dropout", "dropped values do not become 0")
def forgets_the_parentheses(x, p, training):
    if training:
        return torch.bernoulli(torch.ones_like(x) * (1 - p)) * x / 1 - p
    return x


@mistake("dropout", "dropped values do not become 0")
def marks_what_is_dropped(x, p, training):
    return (x / (1 - p)).masked_fill(torch.rand_like(x) < p, -1) if training else x


@mistake("dropout", "the mask instead of the values")
def returns_the_mask(x, p, training):
    if not training:
        return x
    mask = (torch.rand(x.size()) > p).float()
    return mask / (1 - p)


@mistake("dropout", "the same places each time")
def numpy_with_a_fixed_seed(x, p, training):
    if not training:
        return x
    mask = np.random.RandomState(3).rand(*x.shape) >= p
    return x * torch.from_numpy(mask) / (1 - p)


@mistake("l2_penalty", "one kind of layer only")
def kernels_only(model):
    return sum(m.weight.pow(2).sum() for m in model.modules() if isinstance(m, torch.nn.Conv2d))


@mistake("l2_penalty", "layers inside of layers missed")
def children_with_weights(model):
    layers = [layer for layer in model.children() if hasattr(layer, "weight") and layer.weight.ndim > 1]
    return sum(layer.weight.square().sum() for layer in layers)


@mistake("l2_penalty", "the largest instead of the sum")
def the_heaviest_layer(model):
    return max((p**2).sum() for p in model.parameters() if p.ndim > 1)


@mistake("l2_penalty", "biases counted")
def everything(model):
    total = 0.0
    for parameter in model.parameters():
        total += torch.sum(parameter**2)
    return total


@mistake("l2_penalty", "norm parameters counted")
def by_name(model):
    return sum(p.pow(2).sum() for n, p in model.named_parameters() if n.endswith("weight"))


@mistake("l2_penalty", "norm parameters counted")
def any_layer_with_a_weight(model):
    return sum((m.weight**2).sum() for m in model.modules() if hasattr(m, "weight"))


@mistake("l2_penalty", "a root too many")
def norm_of_all(model):
    return torch.norm(torch.cat([p.flatten() for p in model.parameters() if p.ndim > 1]))


@mistake("l2_penalty", "a root too many")
def sum_of_norms(model):
    return sum(p.norm() for p in model.parameters() if p.ndim > 1)


@mistake("l2_penalty", "absolute values instead of squares")
def lasso(model):
    return sum(p.norm(1) for p in model.parameters() if p.ndim > 1)


@mistake("l2_penalty", "mean instead of sum")
def means(model):
    return sum((p**2).mean() for p in model.parameters() if p.ndim > 1)


@mistake("l2_penalty", "halved or scaled")
def half(model):
    return sum((p**2).sum() / 2 for p in model.parameters() if p.ndim > 1)


@mistake("l2_penalty", "no gradient")
def items(model):
    return sum((p**2).sum().item() for p in model.parameters() if p.ndim > 1)


@mistake("l2_penalty", "no gradient")
def data(model):
    return sum((p.data**2).sum() for p in model.parameters() if p.ndim > 1)


@mistake("l2_penalty", "a part of the layers")
def returns_in_the_loop(model):
    for p in model.parameters():
        if p.ndim > 1:
            return (p**2).sum()


@mistake("l2_penalty", "a part of the layers")
def overwrites(model):
    for p in model.parameters():
        if p.ndim > 1:
            total = (p**2).sum()
    return total


@mistake("l2_penalty", "one kind of layer only")
def matrices_only(model):
    return sum((p**2).sum() for p in model.parameters() if p.dim() == 2)


@mistake("l2_penalty", "the square of the sum")
def squares_too_late(model):
    return sum(p.sum() ** 2 for p in model.parameters() if p.ndim > 1)


class Base:
    def __init__(self, patience):
        self.patience = patience
        self.best = float("inf")
        self.counter = 0


@mistake("EarlyStopping", "one epoch too late")
class TooLate(Base):
    def step(self, validation_loss):
        if validation_loss < self.best:
            self.best, self.counter = validation_loss, 0
        else:
            self.counter += 1
        return self.counter > self.patience


@mistake("EarlyStopping", "one epoch too late")
class ChecksFirst(Base):
    def step(self, validation_loss):
        stop = self.counter >= self.patience
        if validation_loss < self.best:
            self.best, self.counter = validation_loss, 0
            return False
        self.counter += 1
        return stop


@mistake("EarlyStopping", "compared with the previous epoch")
class Previous(Base):
    def step(self, validation_loss):
        if validation_loss < self.best:
            self.counter = 0
        else:
            self.counter += 1
        self.best = validation_loss
        return self.counter >= self.patience


@mistake("EarlyStopping", "never set back")
class NeverReset(Base):
    def step(self, validation_loss):
        if validation_loss < self.best:
            self.best = validation_loss
            return False
        self.counter += 1
        return self.counter >= self.patience


@mistake("EarlyStopping", "an equal loss counts as a new best")
class OrEqual(Base):
    def step(self, validation_loss):
        if validation_loss > self.best:
            self.counter += 1
        else:
            self.best, self.counter = validation_loss, 0
        return self.counter >= self.patience


@mistake("EarlyStopping", "no new best is ever seen")
class StartsAtZero(Base):
    def __init__(self, patience):
        super().__init__(patience)
        self.best = 0

    def step(self, validation_loss):
        if validation_loss < self.best:
            self.best, self.counter = validation_loss, 0
        else:
            self.counter += 1
        return self.counter >= self.patience


@mistake("EarlyStopping", "waits for a higher loss")
class LikeAccuracy(Base):
    def __init__(self, patience):
        super().__init__(patience)
        self.best = 0

    def step(self, validation_loss):
        if validation_loss > self.best:
            self.best, self.counter = validation_loss, 0
        else:
            self.counter += 1
        return self.counter >= self.patience


@mistake("EarlyStopping", "nothing returned")
class SetsAFlag(Base):
    def step(self, validation_loss):
        self.counter = 0 if validation_loss < self.best else self.counter + 1
        self.best = min(self.best, validation_loss)
        self.stop = self.counter >= self.patience


@mistake("EarlyStopping", "nothing returned")
class ReturnsOnlyTrue(Base):
    def step(self, validation_loss):
        self.counter = 0 if validation_loss < self.best else self.counter + 1
        self.best = min(self.best, validation_loss)
        if self.counter >= self.patience:
            return True


@mistake("EarlyStopping", "the patience ignored")
class Impatient(Base):
    def step(self, validation_loss):
        worse = validation_loss >= self.best
        self.best = min(self.best, validation_loss)
        return worse


@mistake("EarlyStopping", "neither True nor False")
class ReturnsTheCounter(Base):
    def step(self, validation_loss):
        self.counter = 0 if validation_loss < self.best else self.counter + 1
        self.best = min(self.best, validation_loss)
        return self.counter


@mistake("EarlyStopping", "small improvements ignored")
class LeastStep(Base):
    def step(self, validation_loss):
        if self.best - validation_loss > 1e-3:
            self.best, self.counter = validation_loss, 0
        else:
            self.counter += 1
        return self.counter >= self.patience


@mistake("EarlyStopping", "a best of 0 taken for none")
class AsksWhetherThereIsABest:
    def __init__(self, patience):
        self.patience, self.best, self.waited = patience, None, 0

    def step(self, validation_loss):
        if not self.best or validation_loss < self.best:
            self.best, self.waited = validation_loss, 0
        else:
            self.waited += 1
        return self.waited >= self.patience


@mistake("EarlyStopping", "small improvements ignored")
class WithADelta(AsksWhetherThereIsABest):
    def step(self, validation_loss):
        if self.best is None or self.best - validation_loss > 1e-4:
            self.best, self.waited = validation_loss, 0
        else:
            self.waited += 1
        return self.waited >= self.patience


@mistake("EarlyStopping", "one epoch too early")
class CountsTheFirstEpoch(AsksWhetherThereIsABest):
    def step(self, validation_loss):
        if self.best is None:
            self.best, self.waited = validation_loss, 1
        elif validation_loss < self.best:
            self.best, self.waited = validation_loss, 0
        else:
            self.waited += 1
        return self.waited >= self.patience


@mistake("EarlyStopping", "only some epochs ago")
class LooksIntoAWindow:
    def __init__(self, patience):
        self.patience, self.losses = patience, []

    def step(self, validation_loss):
        before, self.losses = self.losses[-self.patience :], [*self.losses, validation_loss]
        return len(before) == self.patience and validation_loss >= min(before)


@mistake("flip_pair", "the mask not flipped")
def only_the_image(image, mask):
    return torch.fliplr(image.permute(1, 2, 0)).permute(2, 0, 1), mask


@mistake("flip_pair", "the channels flipped")
def fliplr_of_three_axes(image, mask):
    return image[[*range(len(image))][::-1]], torch.fliplr(mask)


@mistake("flip_pair", "the same axis number for both")
def fliplr_of_both(image, mask):
    return torch.fliplr(image), torch.fliplr(mask)


@mistake("flip_pair", "flipped top to bottom")
def flipud(image, mask):
    return torch.stack([c.flipud() for c in image]), torch.flipud(mask)


@mistake("flip_pair", "flipped both ways")
def half_a_turn(image, mask):
    return torch.rot90(image, 2, [1, 2]), torch.rot90(mask, 2, [0, 1])


@mistake("flip_pair", "rows and columns swapped")
def transposed(image, mask):
    return image.mT, mask.mT


@mistake("flip_pair", "the left half written over")
def in_the_same_tensor(image, mask):
    image, mask = image.clone(), mask.clone()
    width = mask.shape[1]
    for c in range(width):
        image[:, :, c] = image[:, :, width - c - 1]
        mask[:, c] = mask[:, width - c - 1]
    return image, mask


@mistake("flip_pair", "flipped by chance")
def sometimes(image, mask):
    if random.random() < 0.5:
        return image.flip(-1), mask.flip(-1)
    return image, mask


@mistake("flip_pair", "nothing flipped")
def result_forgotten(image, mask):
    image.flip(-1)
    mask.flip(-1)
    return image, mask


@mistake("flip_pair", "only one returned")
def image_alone(image, mask):
    mask = mask.flip(-1)
    return image.flip(-1)


@mistake("flip_pair", "the mask no longer whole numbers")
def mask_as_floats(image, mask):
    return image.flip(-1), mask.float().flip(-1)


@mistake("flip_pair", "only a part flipped")
def mirrors_one_channel(image, mask):
    result = image.clone()
    result[0] = torch.fliplr(image[0])
    return result, torch.fliplr(mask)


@mistake("flip_pair", "one column off")
def starts_at_the_second_column(image, mask):
    width = mask.shape[1]
    new_image, new_mask = torch.zeros_like(image), torch.zeros_like(mask)
    for x in range(1, width):
        new_image[:, :, width - x] = image[:, :, x]
        new_mask[:, width - x] = mask[:, x]
    return new_image, new_mask
