"""Weight decay concerns weights only."""

import pytest
import torch
from torch import nn

from cnncourse.training import decay_weights_only, fit, l2_penalty

from .tiny import classes_data, segmenter


def test_the_penalty_is_the_sum_of_squared_weights_without_biases_and_norms():
    model = segmenter()
    nn.init.constant_(model[1].weight, 7.0)
    expected = sum((layer.weight.detach().double() ** 2).sum().item() for layer in (model[0], model[3]))
    assert l2_penalty(model).item() == pytest.approx(expected, rel=1e-6)
    assert l2_penalty(nn.BatchNorm2d(3)).item() == 0


def test_its_gradient_is_twice_the_weight():
    model = segmenter()
    l2_penalty(model).backward()
    torch.testing.assert_close(model[0].weight.grad, 2 * model[0].weight.detach())
    assert model[0].bias.grad is None


def test_groups_hold_every_trained_parameter_once():
    model = segmenter()
    model[0].weight.requires_grad_(False)
    decayed, kept = decay_weights_only(model, 0.3)
    assert decayed["weight_decay"] == 0.3
    assert kept["weight_decay"] == 0.0
    assert [id(p) for p in decayed["params"]] == [id(model[3].weight)]
    expected = [model[0].bias, model[1].weight, model[1].bias, model[3].bias]
    assert [id(p) for p in kept["params"]] == [id(p) for p in expected]


def test_one_step_of_fit_subtracts_the_decay_from_weights_only():
    """Plain gradient descent, by hand: w − lr · (gradient + decay · w); biases without the second part."""
    data = classes_data(count=6)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(35, 3))
    weight, bias = model[1].weight.detach().clone(), model[1].bias.detach().clone()
    x, y = data.images.flatten(1) / 255, nn.functional.one_hot(data.targets, 3)
    residual = ((x @ weight.T + bias).softmax(1) - y) / len(
        data
    )  # the gradient of cross-entropy at the logits
    options = {"lr": 0.5, "weight_decay": 0.1, "batch_size": 6, "progress": False, "precision": torch.float32}
    fit(model, data, None, 1, optimizer=torch.optim.SGD, **options)
    torch.testing.assert_close(model[1].weight.detach(), weight - 0.5 * (residual.T @ x + 0.1 * weight))
    torch.testing.assert_close(model[1].bias.detach(), bias - 0.5 * residual.sum(0))
