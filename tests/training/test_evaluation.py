"""Loss, confusion and scores of a model, against scikit-learn and one big batch in torch."""

import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, jaccard_score
from torch import nn
from torch.nn import functional as F

from cnncourse.training import evaluate, predict
from cnncourse.training.evaluation import cross_entropy_for

from .tiny import classes_data, classifier, masks_data, segmenter


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("batch_size", [1, 4, 250])
def test_a_classifier_is_scored_as_scikit_learn_scores_it(seed, batch_size):
    data, model = classes_data(count=23, seed=seed), classifier(seed=seed).eval()
    found = evaluate(model, data, batch_size=batch_size)
    logits = model(data.images / 255).detach()
    guess = logits.argmax(1)
    assert found.loss == pytest.approx(F.cross_entropy(logits, data.targets).item(), rel=1e-5)
    assert found.confusion.dtype == torch.int64
    assert found.confusion.tolist() == confusion_matrix(data.targets, guess, labels=range(3)).tolist()
    assert found.accuracy == pytest.approx(accuracy_score(data.targets, guess))


@pytest.mark.parametrize("ignore_index", [255, 7, None])
@pytest.mark.parametrize("batch_size", [1, 3, 5])
@pytest.mark.parametrize("weighted", [False, True])
def test_masks_count_by_pixel_without_the_ignored_ones(ignore_index, batch_size, weighted):
    data, model = masks_data(ignore_index=ignore_index), segmenter().eval()
    weights = torch.tensor([0.25, 1.0, 3.0]) if weighted else None
    found = evaluate(model, data, batch_size=batch_size, loss=cross_entropy_for(data, weights))

    logits, targets = model(data.images / 255).detach(), data.targets.long()
    kept = torch.ones_like(targets, dtype=torch.bool) if ignore_index is None else targets != ignore_index
    flat, truth = logits.movedim(1, -1)[kept], targets[kept]
    guess = flat.argmax(1)
    expected = nn.CrossEntropyLoss(weight=weights)(flat, truth).item()
    assert found.loss == pytest.approx(expected, rel=1e-5)  # whatever the batch size, weights too
    assert found.confusion.tolist() == confusion_matrix(truth, guess, labels=range(3)).tolist()
    assert found.accuracy == pytest.approx(accuracy_score(truth, guess))
    iou = jaccard_score(truth, guess, labels=range(3), average=None)
    assert found.iou_per_class.tolist() == pytest.approx(iou.tolist())
    assert found.mean_iou == pytest.approx(iou.mean())


def test_an_image_in_which_nothing_counts_changes_nothing():
    data = masks_data()
    data.targets[1] = 255
    found = evaluate(segmenter(), data, batch_size=1)
    others = evaluate(segmenter(), data.subset([0, 2, 3, 4]), batch_size=4)
    assert found.loss == pytest.approx(others.loss, rel=1e-6)
    assert torch.equal(found.confusion, others.confusion)


def test_where_nothing_counts_there_is_no_loss():
    data = masks_data()
    data.targets[:] = 255
    found = evaluate(segmenter(), data)
    assert found.loss != found.loss
    assert found.confusion.sum() == 0


def test_a_loss_of_ones_own_is_averaged_over_the_samples():
    data, model = classes_data(count=10), classifier().eval()

    def absolute(logits, targets):
        return (logits[:, 0] - targets).abs().mean()

    whole = absolute(model(data.images / 255), data.targets).item()
    assert evaluate(model, data, batch_size=3, loss=absolute).loss == pytest.approx(whole, rel=1e-6)


def test_predictions_come_in_order():
    data, model = classes_data(count=10), classifier(dropout=0.5)
    found = predict(model, data, batch_size=3)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, model.eval()(data.images / 255).detach())
    assert predict(segmenter(), masks_data()).shape == (5, 3, 6, 9)


@pytest.mark.parametrize("fails", [False, True])
def test_every_module_gets_back_the_mode_it_had(fails):
    """Also where part of a model is frozen in eval mode, and where the model raises."""
    model = segmenter().train()
    model[1].eval()
    before = [module.training for module in model.modules()]
    data = masks_data(classes=2 if fails else 3)
    if fails:
        with pytest.raises(ValueError, match=r"expected logits \[5, 2, 6, 9\]"):
            evaluate(model, data)
    else:
        evaluate(model, data)
    assert [module.training for module in model.modules()] == before


def test_evaluation_neither_drops_nor_learns():
    data, model = masks_data(), segmenter().train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    first, second = evaluate(model, data), evaluate(model, data)
    assert first.loss == second.loss
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            nn.Sequential(nn.Flatten(), nn.Linear(35, 4)),
            r"returned \[21, 4\], expected logits \[21, 3\]: .* 3 classes, one class for each image of tiny",
        ),
        (nn.Conv2d(1, 3, 1), r"returned \[21, 3, 5, 7\], expected logits \[21, 3\]"),
    ],
)
def test_a_model_that_does_not_fit_the_data_is_told_so(model, message):
    with pytest.raises(ValueError, match=message):
        evaluate(model, classes_data())


def test_it_says_what_it_found():
    assert repr(evaluate(classifier(), classes_data())).startswith("Evaluation(loss=1.")
