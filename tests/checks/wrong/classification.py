"""Wrong softmax, cross-entropy and accuracy."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.wrong.bank import mistake


@mistake("softmax", "over the wrong axis")
def columns_sum_to_one(logits):
    exps = torch.exp(logits - logits.max(0).values)
    return exps / exps.sum(0)


@mistake("softmax", "over the whole batch")
def all_sum_to_one(logits):
    exps = (logits - logits.max()).exp()
    return exps / exps.sum()


@mistake("softmax", "exp overflows")
def textbook_formula(logits):
    out = torch.zeros_like(logits)
    for i in range(logits.shape[0]):
        for j in range(logits.shape[1]):
            out[i, j] = torch.exp(logits[i, j]) / torch.exp(logits[i]).sum()
    return out


@mistake("softmax", "exp overflows")
def textbook_formula_with_numpy(logits):
    with np.errstate(all="ignore"):
        exps = np.exp(logits.numpy().astype(float))
        return torch.tensor(exps / exps.sum(axis=1, keepdims=True))


@mistake("softmax", "exp overflows")
def cut_before_exp(logits):
    exps = torch.clamp(logits, max=50).exp()
    return exps / exps.sum(1, keepdim=True)


@mistake("softmax", "something else than the row's maximum subtracted")
def maximum_of_the_batch(logits):
    shifted = logits - torch.max(logits)
    return shifted.exp() / shifted.exp().sum(dim=1).unsqueeze(1)


@mistake("softmax", "something else than the row's maximum subtracted")
def mean_of_the_row(logits):
    exps = torch.exp(logits - torch.mean(logits, 1, True))
    return exps / torch.sum(exps, 1, True)


@mistake("softmax", "something else than the row's maximum subtracted")
def one_number_for_all(logits):
    exps = torch.exp(logits - 100)
    return exps / exps.sum(1, keepdim=True)


@mistake("softmax", "one row only")
def returns_the_first_row_and_zeros(logits):
    out = torch.zeros(logits.shape)
    for i in range(len(logits)):
        exps = torch.exp(logits[i] - logits[i].max())
        out[i] = exps / exps.sum()
        return out


@mistake("softmax", "no exponential")
def between_0_and_1(logits):
    low, high = logits.min(1, keepdim=True).values, logits.max(1, keepdim=True).values
    return (logits - low) / (high - low)


@mistake("softmax", "not divided by the sum")
def forgets_to_divide(logits):
    return torch.stack([torch.exp(row - row.max()) for row in logits])


@mistake("softmax", "sums without keepdim")
def loses_the_axis(logits):
    exps = logits.sub(logits.max(1, keepdim=True)[0]).exp()
    return exps / exps.sum(dim=1)


@mistake("softmax", "no exponential")
def shares_of_scores(logits):
    return torch.stack([row / row.sum() for row in logits])


@mistake("softmax", "each score alone")
def squashes_each(logits):
    return F.sigmoid(logits)


@mistake("softmax", "the logarithm of the probabilities")
def log_of_torch(logits):
    return F.log_softmax(logits, dim=-1)


@mistake("softmax", "a decision instead of probabilities")
def winner_takes_all(logits):
    out = torch.zeros(logits.shape)
    out[range(len(logits)), logits.argmax(1)] = 1
    return out


@mistake("softmax", "softmax twice")
def twice(logits):
    return F.softmax(F.softmax(logits, 1), 1)


@mistake("softmax", "the wrong base or temperature")
def powers_of_two(logits):
    powers = 2.0 ** (logits - logits.amax(1, keepdim=True))
    return powers / powers.sum(1, keepdim=True)


@mistake("softmax", "not a tensor")
def stays_in_numpy(logits):
    z = logits.numpy() - logits.numpy().max(1, keepdims=True)
    return np.exp(z) / np.exp(z).sum(1, keepdims=True)


@mistake("cross_entropy", "sum instead of mean")
def adds_up(logits, labels):
    total = 0.0
    for row, label in zip(logits, labels, strict=True):
        total = total + torch.logsumexp(row, 0) - row[label]
    return total


@mistake("cross_entropy", "minus forgotten")
def negative_loss(logits, labels):
    return F.log_softmax(logits, 1).gather(1, labels.unsqueeze(1)).mean()


@mistake("cross_entropy", "mean over images and classes")
def mean_of_the_table(logits, labels):
    one_hot = torch.zeros_like(logits)
    one_hot[torch.arange(len(labels)), labels] = 1
    return torch.mean(-one_hot * torch.log_softmax(logits, dim=1))


@mistake("cross_entropy", "log of a probability that became 0")
def log_of_softmax(logits, labels):
    probabilities = F.softmax(logits, dim=1)
    return -sum(torch.log(p[y]) for p, y in zip(probabilities, labels, strict=True)) / len(labels)


@mistake("cross_entropy", "log of a probability that became 0")
def log_of_textbook_softmax(logits, labels):
    p = logits.exp() / logits.exp().sum(1, keepdim=True)
    return F.nll_loss(p.log(), labels)


@mistake("cross_entropy", "log of a probability that became 0")
def log_with_epsilon(logits, labels):
    p = logits.softmax(1)[range(len(labels)), labels]
    return -(p + 1e-8).log().mean()


@mistake("cross_entropy", "softmax twice")
def probabilities_as_logits(logits, labels):
    return torch.nn.CrossEntropyLoss()(F.softmax(logits, dim=1), labels)


@mistake("cross_entropy", "softmax forgotten")
def scores_of_the_labels(logits, labels):
    return -logits.gather(1, labels[:, None]).mean()


@mistake("cross_entropy", "log forgotten")
def mean_missing_probability(logits, labels):
    p = logits.softmax(1)
    return torch.stack([1 - p[i, y] for i, y in enumerate(labels)]).mean()


@mistake("cross_entropy", "softmax over the wrong axis")
def classes_of_other_images(logits, labels):
    return F.nll_loss(F.log_softmax(logits, dim=0), labels)


@mistake("cross_entropy", "another logarithm")
def bits(logits, labels):
    return F.cross_entropy(logits, labels) / math.log(2)


@mistake("cross_entropy", "every class counted")
def labels_unused(logits, labels):
    return -F.log_softmax(logits, 1).mean()


@mistake("cross_entropy", "every label for every image")
def columns_of_all_labels(logits, labels):
    log_p = logits - torch.logsumexp(logits, 1, keepdim=True)
    return -log_p[:, labels].mean()


@mistake("cross_entropy", "another class than the label's")
def own_prediction(logits, labels):
    return F.cross_entropy(logits, logits.max(1).indices)


@mistake("cross_entropy", "one loss for each image")
def list_of_losses(logits, labels):
    return torch.logsumexp(logits, 1) - logits[torch.arange(len(labels)), labels]


@mistake("cross_entropy", "the maximum not put back")
def maximum_subtracted_once_more(logits, labels):
    m = logits.max(dim=1).values
    log_sums = torch.log(torch.exp(logits - m[:, None]).sum(dim=1)) - m
    return (log_sums - logits[torch.arange(len(labels)), labels]).mean()


@mistake("cross_entropy", "one image only")
def divides_inside_the_loop(logits, labels):
    total = 0
    for row, label in zip(logits, labels, strict=True):
        total = total + torch.logsumexp(row, 0) - row[label]
        return total / len(labels)


@mistake("cross_entropy", "another loss")
def distance_of_class_numbers(logits, labels):
    return ((logits.argmax(1) - labels).float() ** 2).mean()


@mistake("cross_entropy", "one image only")
def returns_inside_the_loop(logits, labels):
    for row, label in zip(logits, labels, strict=True):
        return torch.logsumexp(row, 0) - row[label]


@mistake("cross_entropy", "another loss")
def squared_difference(logits, labels):
    return ((logits.softmax(1) - torch.eye(logits.shape[1])[labels]) ** 2).mean()


@mistake("cross_entropy", "a number cut off from its graph")
def item_at_the_end(logits, labels):
    return F.cross_entropy(logits, labels).item()


@mistake("cross_entropy", "one number in a list")
def keeps_an_axis(logits, labels):
    return F.cross_entropy(logits, labels).reshape(1)


@mistake("accuracy", "percent instead of a share")
def in_percent(logits, labels):
    return 100.0 * (logits.argmax(1) == labels).sum().item() / len(labels)


@mistake("accuracy", "a count instead of a share")
def counts_hits(logits, labels):
    return sum(int(row.argmax() == label) for row, label in zip(logits, labels, strict=True))


@mistake("accuracy", "a tensor instead of a number")
def forgets_item(logits, labels):
    return torch.mean((torch.argmax(logits, 1) == labels).float())


@mistake("accuracy", "the error instead of the accuracy")
def share_of_misses(logits, labels):
    return (logits.argmax(1) != labels).float().mean().item()


@mistake("accuracy", "the largest along the wrong axis")
def best_image_of_each_class(logits, labels):
    hits = 0
    for i, best in enumerate(logits.argmax(dim=0)[: len(labels)]):
        hits += int(best == labels[i])
    return hits / len(labels)


@mistake("accuracy", "the smallest score")
def least_likely(logits, labels):
    return logits.min(1).indices.eq(labels).float().mean().item()


@mistake("accuracy", "the score compared with the label")
def values_of_max(logits, labels):
    best, _ = logits.max(1)
    return (best == labels).float().mean().item()


@mistake("accuracy", "divided by the wrong number")
def divides_by_classes(logits, labels):
    return (logits.argmax(1) == labels).float().sum().item() / logits.size(1)


@mistake("accuracy", "averaged over classes")
def balanced(logits, labels):
    hits = logits.argmax(1) == labels
    return float(np.mean([hits[labels == k].float().mean().item() for k in set(labels.tolist())]))


@mistake("accuracy", "averaged over unequal batches")
def in_batches_of_two(logits, labels):
    shares = []
    for start in range(0, len(labels), 2):
        part = logits[start : start + 2].argmax(1) == labels[start : start + 2]
        shares.append(part.float().mean().item())
    return sum(shares) / len(shares)


@mistake("accuracy", "probability instead of decision")
def mean_confidence(logits, labels):
    return F.softmax(logits, 1).gather(1, labels[:, None]).mean().item()


@mistake("accuracy", "all or nothing")
def whole_division(logits, labels):
    return float((logits.argmax(1) == labels).sum().item() // len(labels))


@mistake("accuracy", "one verdict for each image")
def list_of_verdicts(logits, labels):
    return [bool(row.argmax() == label) for row, label in zip(logits, labels, strict=True)]


@mistake("accuracy", "every image compared with every label")
def column_beside_a_row(logits, labels):
    predicted = logits.argmax(dim=1, keepdim=True)
    return (predicted == labels).float().mean().item()


@mistake("accuracy", "one image only")
def counts_within_the_loop(logits, labels):
    right = 0
    for row, label in zip(logits, labels, strict=True):
        if row.argmax() == label:
            right += 1
        return right / len(labels)


@mistake("accuracy", "probability instead of decision")
def only_the_sure_ones(logits, labels):
    best = logits.softmax(dim=1).max(dim=1)
    return ((best.indices == labels) & (best.values > 0.5)).float().mean().item()
