"""One epoch is what a loop written by hand in plain torch does, no more and no less."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cnncourse.training import train_epoch

from .tiny import classes_data, classifier, copy_of, masks_data, same, segmenter

OPTIMIZERS = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
    "rmsprop": lambda parameters: torch.optim.RMSprop(parameters, lr=0.01),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01),
}


@pytest.mark.parametrize("size", [4, 7, 21, 50])
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_epoch_equals_a_loop_written_by_hand(make, size):
    data = classes_data()
    ours, theirs = classifier(), classifier()
    found = train_epoch(ours, data.batches(size, shuffle=True, seed=3), make(ours.parameters()))

    optimizer, losses = make(theirs.parameters()), []
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(3))
    for start in range(0, len(data), size):
        chosen = order[start : start + size]
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(theirs(data.images[chosen] / 255), data.targets[chosen])
        loss.backward()
        optimizer.step()
        losses += [loss.item()] * len(chosen)

    assert found == pytest.approx(sum(losses) / len(losses), rel=1e-6)
    for ours_now, theirs_now in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(ours_now, theirs_now, rtol=1e-6, atol=1e-7)


def test_a_short_last_batch_counts_by_its_samples():
    """Without learning, the mean over unequal batches is the loss of the whole set."""
    data, model = classes_data(count=10), classifier()
    still = torch.optim.SGD(model.parameters(), lr=0.0)
    whole = F.cross_entropy(model(data.images / 255), data.targets).item()
    for size in (1, 3, 9, 10):
        assert train_epoch(model, data.batches(size), still) == pytest.approx(whole, rel=1e-6)


def test_gradients_from_before_do_not_count():
    data = classes_data()
    clean, dirty = classifier(), classifier()
    for parameter in dirty.parameters():
        parameter.grad = torch.full_like(parameter, 100.0)
    for model in (clean, dirty):
        train_epoch(model, data.batches(7), torch.optim.SGD(model.parameters(), lr=0.1))
    assert same(copy_of(clean), copy_of(dirty))


def test_dropout_and_batch_norm_are_in_training_mode():
    model = segmenter().eval()
    before = model[1].running_mean.clone()
    train_epoch(model, masks_data().batches(2), torch.optim.SGD(model.parameters(), lr=0.0), _mask_loss)
    assert all(module.training for module in model.modules())
    assert not torch.equal(model[1].running_mean, before)


def _mask_loss(logits, targets):
    return F.cross_entropy(logits, targets, ignore_index=255)


def test_the_loss_of_each_batch_is_handed_out():
    data, model, seen = classes_data(count=10), classifier(), []
    mean = train_epoch(
        model, data.batches(4), torch.optim.SGD(model.parameters(), lr=0.1), after_step=seen.append
    )
    assert len(seen) == 3
    assert mean == pytest.approx((4 * seen[0] + 4 * seen[1] + 2 * seen[2]) / 10)


def test_a_loss_of_ones_own_is_minimized():
    data, model = classes_data(), classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)

    def squared(logits, targets):
        return (logits.softmax(1) - F.one_hot(targets, 3)).square().mean()

    losses = [train_epoch(model, data.batches(7, seed=k), optimizer, squared) for k in range(15)]
    assert losses[-1] < 0.5 * losses[0]
    assert losses[0] < 1  # cross-entropy would start at ln 3


def test_no_batch_is_told_with_the_usual_reason():
    model = classifier()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = classes_data().batches(7)
    train_epoch(model, batches, optimizer)
    with pytest.raises(ValueError, match="an iterator gives its batches once"):
        train_epoch(model, batches, optimizer)


def spoiled(where):
    """Return a model, a loss and batches of which the third one goes wrong."""
    model = classifier()
    batches = [(images.clone(), targets) for images, targets in classes_data().batches(7)]
    loss = F.cross_entropy
    if where == "images":
        batches[2][0][0, 0, 0, 0] = float("nan")
    elif where == "logits":
        batches[2][0][:] = 3e38
        batches[2][0][:, :, ::2] = -3e38
    else:
        calls = iter([1.0, 1.0, float("inf")])

        def loss(logits, targets):
            return F.cross_entropy(logits, targets) * next(calls)

    return model, loss, batches


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("images", "batch 3: the loss is nan. The images of this batch already hold NaN"),
        ("logits", "batch 3: the loss is nan. The logits are not finite.* smaller learning rate"),
        ("loss", "batch 3: the loss is inf. The logits are finite, so the loss makes it"),
    ],
)
def test_a_lost_loss_says_where_it_began(where, message):
    model, loss, batches = spoiled(where)
    weights = []
    with pytest.raises(FloatingPointError, match=message):
        train_epoch(
            model,
            batches,
            torch.optim.SGD(model.parameters(), lr=0.1),
            loss,
            after_step=lambda _: weights.append(copy_of(model)),
        )
    assert len(weights) == 2
    assert same(copy_of(model), weights[-1])  # those from before the lost batch


def test_a_batch_in_which_nothing_counts_is_told():
    model = segmenter()
    images, targets = next(masks_data().batches(2))
    with pytest.raises(FloatingPointError, match="does at least one target of the batch count"):
        train_epoch(
            model,
            [(images, torch.full_like(targets, 255))],
            torch.optim.SGD(model.parameters(), lr=0.1),
            _mask_loss,
        )
