"""Wrong conversions, losses over pixels, confusion matrices and IoU."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.checks.wrong.bank import mistake


def filled(conv, weight, bias):
    with torch.no_grad():
        conv.weight.copy_(weight)
        if bias is not None:
            conv.bias.copy_(bias)
    return conv


def empty(linear, in_shape, **options):
    channels, height, width = in_shape
    options = {"bias": linear.bias is not None, **options}
    return nn.Conv2d(channels, linear.out_features, (height, width), **options)


@mistake("linear_to_conv", "weights read channels last")
def as_numpy_images(linear, in_shape):
    c, h, w = in_shape
    weight = linear.weight.view(-1, h, w, c).permute(0, 3, 1, 2)
    return filled(empty(linear, in_shape), weight, linear.bias)


@mistake("linear_to_conv", "weights read channels last")
def as_numpy_images_without_bias(linear, in_shape):
    c, h, w = in_shape
    conv = nn.Conv2d(c, linear.out_features, (h, w), bias=False)
    conv.weight.data = linear.weight.data.reshape(-1, h, w, c).movedim(-1, 1).contiguous()
    return conv


@mistake("linear_to_conv", "rows and columns swapped")
def width_first(linear, in_shape):
    c, h, w = in_shape
    return filled(empty(linear, in_shape), linear.weight.view(-1, c, w, h).transpose(-1, -2), linear.bias)


@mistake("linear_to_conv", "kernel flipped")
def true_convolution(linear, in_shape):
    return filled(
        empty(linear, in_shape), torch.flip(linear.weight.view(-1, *in_shape), dims=(-2, -1)), linear.bias
    )


@mistake("linear_to_conv", "weights of the outputs mixed")
def transposed_first(linear, in_shape):
    return filled(empty(linear, in_shape), linear.weight.t().reshape(-1, *in_shape), linear.bias)


@mistake("linear_to_conv", "weights not copied")
def fresh_layer(linear, in_shape):
    return nn.Conv2d(in_shape[0], linear.out_features, in_shape[1:])


@mistake("linear_to_conv", "weights not copied")
def bias_alone_copied(linear, in_shape):
    conv = empty(linear, in_shape)
    nn.init.xavier_uniform_(conv.weight)
    if linear.bias is not None:
        conv.bias.data = linear.bias.data.clone()
    return conv


@mistake("linear_to_conv", "a kernel of one cell")
def as_for_flattened_maps(linear, in_shape):
    conv = nn.Conv2d(linear.in_features, linear.out_features, 1, bias=linear.bias is not None)
    return filled(conv, linear.weight.view(*linear.weight.shape, 1, 1), linear.bias)


@mistake("linear_to_conv", "a kernel of one cell")
def one_by_one_of_random_weights(linear, in_shape):
    return nn.Conv2d(in_shape[0], linear.out_features, kernel_size=1)


@mistake("linear_to_conv", "a kernel of another size")
def square_kernel(linear, in_shape):
    conv = nn.Conv2d(in_shape[0], linear.out_features, in_shape[1], bias=linear.bias is not None)
    return filled(conv, linear.weight.view(-1, in_shape[0], in_shape[1], in_shape[1]), linear.bias)


@mistake("linear_to_conv", "a kernel of another size")
def square_kernel_in_name_only(linear, in_shape):
    conv = nn.Conv2d(in_shape[0], linear.out_features, kernel_size=in_shape[2])
    conv.weight = nn.Parameter(linear.weight.detach().reshape(-1, *in_shape))
    conv.bias = linear.bias
    return conv


@mistake("linear_to_conv", "a kernel of another size")
def always_three_by_three(linear, in_shape):
    return nn.Conv2d(in_shape[0], linear.out_features, 3, padding=1)


@mistake("linear_to_conv", "input and output channels swapped")
def outputs_first(linear, in_shape):
    conv = nn.Conv2d(linear.out_features, in_shape[0], in_shape[1:], bias=False)
    conv.weight.data = linear.weight.data.view(-1, *in_shape).transpose(0, 1).contiguous()
    return conv


@mistake("linear_to_conv", "bias dropped")
def no_bias(linear, in_shape):
    return filled(empty(linear, in_shape, bias=False), linear.weight.view(-1, *in_shape), None)


@mistake("linear_to_conv", "bias not copied")
def bias_as_it_was_drawn(linear, in_shape):
    return filled(empty(linear, in_shape), linear.weight.view(-1, *in_shape), None)


@mistake("linear_to_conv", "a linear layer without bias forgotten")
def always_a_bias(linear, in_shape):
    return filled(empty(linear, in_shape, bias=True), linear.weight.view(-1, *in_shape), linear.bias)


@mistake("linear_to_conv", "a linear layer without bias forgotten")
def bias_of_none(linear, in_shape):
    conv = empty(linear, in_shape, bias=True)
    conv.weight.data.copy_(linear.weight.data.view(-1, *in_shape))
    conv.bias.data.copy_(linear.bias.data)
    return conv


@mistake("linear_to_conv", "padded")
def same_size(linear, in_shape):
    return filled(empty(linear, in_shape, padding="same"), linear.weight.view(-1, *in_shape), linear.bias)


@mistake("linear_to_conv", "stride as large as the kernel")
def windows_side_by_side(linear, in_shape):
    conv = empty(linear, in_shape, stride=in_shape[1:])
    return filled(conv, linear.weight.view(-1, *in_shape), linear.bias)


@mistake("linear_to_conv", "another layer than nn.Conv2d")
def with_a_flattening(linear, in_shape):
    conv = filled(empty(linear, in_shape), linear.weight.view(-1, *in_shape), linear.bias)
    return nn.Sequential(conv, nn.Flatten())


@mistake("linear_to_conv", "no layer")
def the_kernels(linear, in_shape):
    return linear.weight.reshape(-1, *in_shape)


@mistake("linear_to_conv", "the linear layer changed")
def reuses_the_matrix(linear, in_shape):
    conv = empty(linear, in_shape)
    linear.weight.data = linear.weight.data.view(-1, *in_shape)
    conv.weight.data, conv.bias = linear.weight.data, linear.bias
    return conv


@mistake("pixel_cross_entropy", "ignored pixels counted in the mean")
def mean_of_unreduced(logits, target, ignore_index=255):
    return F.cross_entropy(logits, target, ignore_index=ignore_index, reduction="none").mean()


@mistake("pixel_cross_entropy", "ignored pixels counted in the mean")
def masked_then_mean(logits, target, ignore_index=255):
    mask = (target != ignore_index).float()
    labels = (target * mask).long()
    picked = F.log_softmax(logits, dim=1).gather(1, labels.unsqueeze(1)).squeeze(1)
    return -(picked * mask).mean()


@mistake("pixel_cross_entropy", "ignored pixels counted as a class")
def background_instead(logits, target, ignore_index=255):
    labels = target.clone()
    labels[labels == ignore_index] = 0
    return F.cross_entropy(logits, labels)


@mistake("pixel_cross_entropy", "ignored pixels counted as a class")
def last_class_instead(logits, target, ignore_index=255):
    return F.cross_entropy(logits, torch.where(target == ignore_index, logits.shape[1] - 1, target))


@mistake("pixel_cross_entropy", "ignore_index not looked at")
def takes_all(logits, target, ignore_index=255):
    return nn.CrossEntropyLoss()(logits, target)


@mistake("pixel_cross_entropy", "ignore_index not looked at")
def takes_all_by_hand(logits, target, ignore_index=255):
    log_p = torch.log_softmax(logits, 1).permute(0, 2, 3, 1).reshape(-1, logits.shape[1])
    return -log_p[torch.arange(len(log_p)), target.flatten()].mean()


@mistake("pixel_cross_entropy", "a mark looked up as a class")
def looks_up_first(logits, target, ignore_index=255):
    losses = -torch.log_softmax(logits, 1).gather(1, target[:, None]).squeeze(1)
    return losses[target != ignore_index].mean()


@mistake("pixel_cross_entropy", "only 255 ignored")
def fixed_mark(logits, target, ignore_index=255):
    keep = target != 255
    return F.cross_entropy(logits.permute(0, 2, 3, 1)[keep], target[keep])


@mistake("pixel_cross_entropy", "whatever is no class ignored")
def valid_ones(logits, target, ignore_index=255):
    keep = (target >= 0) & (target < logits.size(1))
    return F.cross_entropy(logits.movedim(1, 3)[keep], target[keep])


@mistake("pixel_cross_entropy", "mean of the images' means")
def image_by_image(logits, target, ignore_index=255):
    losses = [
        F.cross_entropy(a[None], b[None], ignore_index=ignore_index)
        for a, b in zip(logits, target, strict=True)
    ]
    return sum(losses) / len(losses)


@mistake("pixel_cross_entropy", "mean of the images' means")
def image_by_image_but_empty_ones(logits, target, ignore_index=255):
    total = 0
    for image, mask in zip(logits, target, strict=True):
        keep = mask != ignore_index
        if keep.any():
            total = total + F.cross_entropy(image[:, keep].T, mask[keep])
    return total / len(logits)


@mistake("pixel_cross_entropy", "sum instead of mean")
def sum_of_all(logits, target, ignore_index=255):
    return F.cross_entropy(logits, target, ignore_index=ignore_index, reduction="sum")


@mistake("pixel_cross_entropy", "divided by the wrong number")
def sum_over_images(logits, target, ignore_index=255):
    return F.cross_entropy(logits, target, ignore_index=ignore_index, reduction="sum") / len(logits)


@mistake("pixel_cross_entropy", "minus forgotten")
def negative(logits, target, ignore_index=255):
    keep = target != ignore_index
    log_p = F.log_softmax(logits, 1).permute(0, 2, 3, 1)[keep]
    return log_p.gather(1, target[keep][:, None]).mean()


@mistake("pixel_cross_entropy", "softmax before cross-entropy")
def probabilities_first(logits, target, ignore_index=255):
    return F.cross_entropy(logits.softmax(dim=1), target, ignore_index=ignore_index)


@mistake("pixel_cross_entropy", "softmax over the wrong axis")
def over_columns(logits, target, ignore_index=255):
    return F.nll_loss(F.log_softmax(logits, dim=-1), target, ignore_index=ignore_index)


@mistake("pixel_cross_entropy", "softmax over the wrong axis")
def over_images(logits, target, ignore_index=255):
    return F.nll_loss(F.log_softmax(logits, dim=0), target, ignore_index=ignore_index)


@mistake("pixel_cross_entropy", "classes not moved to the end")
def reshaped_only(logits, target, ignore_index=255):
    rows = logits.reshape(-1, logits.shape[1])
    return F.cross_entropy(rows, target.reshape(-1), ignore_index=ignore_index)


@mistake("pixel_cross_entropy", "classes not moved to the end")
def columns_before_rows(logits, target, ignore_index=255):
    rows = logits.transpose(1, 3).flatten(0, 2)
    return F.cross_entropy(rows, target.flatten(), ignore_index=ignore_index)


@mistake("pixel_cross_entropy", "log of a probability that became 0")
def textbook(logits, target, ignore_index=255):
    keep = target != ignore_index
    exps = logits.permute(0, 2, 3, 1)[keep].exp()
    p = exps / exps.sum(-1, keepdim=True)
    return -torch.log(p[torch.arange(len(p)), target[keep]]).mean()


@mistake("pixel_cross_entropy", "log of a probability that became 0")
def with_a_small_number(logits, target, ignore_index=255):
    keep = target != ignore_index
    p = F.softmax(logits, 1).gather(1, torch.where(keep, target, 0)[:, None]).squeeze(1)
    return -torch.log(p[keep] + 1e-8).mean()


@mistake("pixel_cross_entropy", "softmax forgotten")
def scores_alone(logits, target, ignore_index=255):
    return F.nll_loss(logits, target, ignore_index=ignore_index)


@mistake("pixel_cross_entropy", "log forgotten")
def probabilities_alone(logits, target, ignore_index=255):
    return F.nll_loss(logits.softmax(1), target, ignore_index=ignore_index)


@mistake("pixel_cross_entropy", "a share of right pixels")
def pixel_accuracy(logits, target, ignore_index=255):
    keep = target != ignore_index
    return (logits.argmax(dim=1) == target)[keep].float().mean()


@mistake("pixel_cross_entropy", "one loss for each pixel")
def a_map_of_losses(logits, target, ignore_index=255):
    return F.cross_entropy(logits, target, ignore_index=ignore_index, reduction="none")


@mistake("pixel_cross_entropy", "a number cut off from its graph")
def a_python_number(logits, target, ignore_index=255):
    return float(F.cross_entropy(logits, target, ignore_index=ignore_index))


@mistake("confusion_matrix", "rows and columns swapped")
def columns_are_the_truth(prediction, target, num_classes, ignore_index=255):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    for p, t in zip(prediction.flatten(), target.flatten(), strict=True):
        if t != ignore_index:
            matrix[p, t] += 1
    return matrix


@mistake("confusion_matrix", "rows and columns swapped")
def columns_are_the_truth_in_floats(prediction, target, num_classes, ignore_index=255):
    matrix = torch.zeros(num_classes, num_classes)
    keep = target != ignore_index
    return matrix.index_put_((prediction[keep], target[keep]), torch.tensor(1.0), accumulate=True)


@mistake("confusion_matrix", "pixels of a cell counted once")
def fancy_indexing(prediction, target, num_classes, ignore_index=255):
    matrix = torch.zeros((num_classes, num_classes), dtype=torch.long)
    keep = target != ignore_index
    matrix[target[keep], prediction[keep]] += 1
    return matrix


@mistake("confusion_matrix", "pixels of a cell counted once")
def fancy_indexing_of_floats(prediction, target, num_classes, ignore_index=255):
    matrix = np.zeros((num_classes, num_classes))
    keep = (target != ignore_index).numpy()
    matrix[target.numpy()[keep], prediction.numpy()[keep]] += 1
    return torch.from_numpy(matrix)


@mistake("confusion_matrix", "pixels of a cell counted once")
def fancy_indexing_for_each_image(prediction, target, num_classes, ignore_index=255):
    matrix = torch.zeros((num_classes, num_classes), dtype=torch.long)
    for p, t in zip(prediction, target, strict=True):
        keep = t != ignore_index
        matrix[t[keep], p[keep]] += 1
    return matrix


@mistake("confusion_matrix", "ignored pixels counted as a class")
def ignored_is_background(prediction, target, num_classes, ignore_index=255):
    truth = target.masked_fill(target == ignore_index, 0)
    pairs = (truth * num_classes + prediction).flatten()
    return torch.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


@mistake("confusion_matrix", "ignored pixels counted as a class")
def ignored_is_the_last(prediction, target, num_classes, ignore_index=255):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    for p, t in zip(prediction.flatten().tolist(), target.flatten().tolist(), strict=True):
        matrix[-1 if t == ignore_index else t, p] += 1
    return matrix


@mistake("confusion_matrix", "a row for ignored pixels")
def one_class_more(prediction, target, num_classes, ignore_index=255):
    k = num_classes + 1
    truth = torch.where(target == ignore_index, num_classes, target)
    return torch.bincount((truth * k + prediction).flatten(), minlength=k * k).reshape(k, k)


@mistake("confusion_matrix", "ignore_index not looked at")
def counts_all(prediction, target, num_classes, ignore_index=255):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    for p, t in zip(prediction.flatten(), target.flatten(), strict=True):
        matrix[t, p] += 1
    return matrix


@mistake("confusion_matrix", "ignore_index not looked at")
def counts_all_at_once(prediction, target, num_classes, ignore_index=255):
    pairs = (target * num_classes + prediction).flatten()
    return torch.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


@mistake("confusion_matrix", "only 255 ignored")
def fixed_number(prediction, target, num_classes, ignore_index=255):
    keep = target != 255
    pairs = target[keep] * num_classes + prediction[keep]
    return torch.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


@mistake("confusion_matrix", "whatever is no class ignored")
def fast_hist(prediction, target, num_classes, ignore_index=255):
    p, t = prediction.numpy().ravel(), target.numpy().ravel()
    keep = (t >= 0) & (t < num_classes)
    counts = np.bincount(num_classes * t[keep] + p[keep], minlength=num_classes**2)
    return torch.from_numpy(counts.reshape(num_classes, num_classes))


@mistake("confusion_matrix", "predictions ignored")
def mask_of_the_prediction(prediction, target, num_classes, ignore_index=255):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    for p, t in zip(prediction.flatten().tolist(), target.flatten().tolist(), strict=True):
        if ignore_index not in (p, t):
            matrix[t, p] += 1
    return matrix


@mistake("confusion_matrix", "only wrong pixels counted")
def mistakes_alone(prediction, target, num_classes, ignore_index=255):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    for p, t in zip(prediction.flatten().tolist(), target.flatten().tolist(), strict=True):
        if t != ignore_index and p != t:
            matrix[t, p] += 1
    return matrix


@mistake("confusion_matrix", "shares instead of counts")
def shares_of_each_row(prediction, target, num_classes, ignore_index=255):
    matrix = torch.zeros(num_classes, num_classes)
    keep = target != ignore_index
    matrix.index_put_((target[keep], prediction[keep]), torch.tensor(1.0), accumulate=True)
    return matrix / matrix.sum(dim=1, keepdim=True)


@mistake("confusion_matrix", "floats instead of whole numbers")
def zeros_of_floats(prediction, target, num_classes, ignore_index=255):
    matrix = torch.zeros(num_classes, num_classes)
    for p, t in zip(prediction.flatten().tolist(), target.flatten().tolist(), strict=True):
        if t != ignore_index:
            matrix[t, p] += 1
    return matrix


@mistake("confusion_matrix", "as large as the classes that occur")
def bincount_as_long_as_it_likes(prediction, target, num_classes, ignore_index=255):
    keep = target != ignore_index
    return torch.bincount(target[keep] * num_classes + prediction[keep]).view(num_classes, num_classes)


@mistake("confusion_matrix", "as large as the classes that occur")
def size_of_the_data(prediction, target, num_classes, ignore_index=255):
    p, t = prediction[target != ignore_index], target[target != ignore_index]
    k = int(torch.cat([p, t]).max()) + 1
    return torch.bincount(t * k + p, minlength=k * k).reshape(k, k)


@mistake("confusion_matrix", "the images not added up")
def a_stack(prediction, target, num_classes, ignore_index=255):
    out = torch.zeros(len(target), num_classes, num_classes, dtype=torch.int64)
    for n, (p, t) in enumerate(zip(prediction, target, strict=True)):
        for i, j in zip(t.flatten().tolist(), p.flatten().tolist(), strict=True):
            if i != ignore_index:
                out[n, i, j] += 1
    return out


@mistake("confusion_matrix", "classes off by one")
def counts_from_one(prediction, target, num_classes, ignore_index=255):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    for p, t in zip(prediction.flatten().tolist(), target.flatten().tolist(), strict=True):
        if t != ignore_index:
            matrix[t - 1, p - 1] += 1
    return matrix


@mistake("iou_per_class", "precision instead of IoU")
def over_the_predicted(confusion):
    return confusion.diagonal() / confusion.sum(dim=0)


@mistake("iou_per_class", "recall instead of IoU")
def over_the_true(confusion):
    return torch.stack([confusion[k, k] / confusion[k].sum() for k in range(len(confusion))])


@mistake("iou_per_class", "recall instead of IoU")
def over_the_true_without_nan(confusion):
    return confusion.diagonal() / confusion.sum(dim=1).clamp(min=1)


@mistake("iou_per_class", "intersection counted twice")
def sum_of_both_areas(confusion):
    tp = confusion.diagonal().float()
    fp, fn = confusion.sum(0) - tp, confusion.sum(1) - tp
    return tp / (tp + fp + fn + tp)


@mistake("iou_per_class", "Dice instead of IoU")
def f1(confusion):
    tp = confusion.diagonal().float()
    fp, fn = confusion.sum(0) - tp, confusion.sum(1) - tp
    return 2 * tp / (2 * tp + fp + fn)


@mistake("iou_per_class", "one axis summed twice")
def rows_twice(confusion):
    inter = torch.diag(confusion)
    return inter / (confusion.sum(1) + confusion.sum(1) - inter)


@mistake("iou_per_class", "accuracy instead of IoU")
def share_right(confusion):
    return torch.trace(confusion) / confusion.sum()


@mistake("iou_per_class", "absent class as 0")
def union_at_least_one(confusion):
    inter = confusion.diag()
    return inter / (confusion.sum(0) + confusion.sum(1) - inter).clamp(min=1)


@mistake("iou_per_class", "absent class as 0")
def small_number_below(confusion):
    inter = confusion.diag()
    return inter / (confusion.sum(0) + confusion.sum(1) - inter + 1e-6)


@mistake("iou_per_class", "absent class as 1")
def small_number_in_both(confusion):
    inter = confusion.diag().double()
    return (inter + 1e-6) / (confusion.sum(0) + confusion.sum(1) - inter + 1e-6)


@mistake("iou_per_class", "absent class as 1")
def one_by_decree(confusion):
    inter = confusion.diag()
    return torch.nan_to_num(inter / (confusion.sum(0) + confusion.sum(1) - inter), nan=1.0)


@mistake("iou_per_class", "NaN for a class that was missed or invented")
def nan_without_truth(confusion):
    out = torch.full((len(confusion),), float("nan"))
    for k in range(len(confusion)):
        if confusion[k].sum() > 0:
            out[k] = confusion[k, k] / (confusion[k].sum() + confusion[:, k].sum() - confusion[k, k])
    return out


@mistake("iou_per_class", "mean instead of each class")
def mean_of_all(confusion):
    inter = confusion.diagonal()
    return torch.nanmean(inter / (confusion.sum(0) + confusion.sum(1) - inter))


@mistake("iou_per_class", "absent class left out")
def present_ones(confusion):
    union = confusion.sum(0) + confusion.sum(1) - confusion.diagonal()
    return confusion.diagonal()[union > 0] / union[union > 0]


@mistake("iou_per_class", "class 0 left out")
def without_background(confusion):
    inter = confusion.diagonal()
    return (inter / (confusion.sum(0) + confusion.sum(1) - inter))[1:]


@mistake("iou_per_class", "fractions cut off")
def whole_division(confusion):
    inter = confusion.diagonal()
    union = confusion.sum(0) + confusion.sum(1) - inter
    return torch.div(inter.float(), union, rounding_mode="floor")


@mistake("iou_per_class", "divided by Python's numbers")
def python_numbers(confusion):
    cm, scores = confusion.tolist(), []
    for k in range(len(cm)):
        union = sum(cm[k]) + sum(row[k] for row in cm) - cm[k][k]
        scores.append(cm[k][k] / union)
    return torch.tensor(scores)


@mistake("iou_per_class", "not a tensor")
def a_list(confusion):
    inter = confusion.diagonal()
    return (inter / (confusion.sum(0) + confusion.sum(1) - inter)).tolist()
