"""Right answers of lesson 06: convolutions built in any way; loops, torch, NumPy, scikit-learn."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.checks.right_answers import answers


@answers("linear_to_conv")
def conv_with_copied_weights(linear, in_shape):
    c, h, w = in_shape
    conv = nn.Conv2d(c, linear.out_features, kernel_size=(h, w), bias=linear.bias is not None)
    with torch.no_grad():
        conv.weight.copy_(linear.weight.view(linear.out_features, c, h, w))
        if linear.bias is not None:
            conv.bias.copy_(linear.bias)
    return conv


@answers("linear_to_conv")
def conv_with_a_view_of_the_weights(fc, shape):
    conv = nn.Conv2d(shape[0], fc.out_features, shape[1:])
    conv.weight = nn.Parameter(fc.weight.view(-1, *shape))
    conv.bias = fc.bias
    return conv


@answers("linear_to_conv")
def conv_with_data_replaced(linear, in_shape):
    conv = nn.Conv2d(in_shape[0], linear.out_features, tuple(in_shape[1:]), bias=linear.bias is not None)
    conv.weight.data = linear.weight.data.reshape(-1, *in_shape).double()
    if conv.bias is not None:
        conv.bias.data = linear.bias.data.double()
    return conv.eval()


@answers("linear_to_conv")
def conv_from_a_state(linear, in_shape):
    channels, *kernel = in_shape
    state = {name: value.clone() for name, value in linear.state_dict().items()}
    state["weight"] = state["weight"].unflatten(1, in_shape)
    conv = nn.Conv2d(channels, linear.out_features, kernel, bias="bias" in state)
    conv.load_state_dict(state)
    return conv


@answers("linear_to_conv")
def conv_filled_cell_by_cell(linear, in_shape):
    channels, height, width = in_shape
    conv = nn.Conv2d(channels, linear.out_features, (height, width), padding="valid")
    for k in range(linear.out_features):
        for i, (c, y, x) in enumerate(np.ndindex(*in_shape)):
            conv.weight.data[k, c, y, x] = linear.weight[k, i].item()
        conv.bias.data[k] = 0.0 if linear.bias is None else linear.bias[k].item()
    return conv.requires_grad_(False)


class Sliding(nn.Conv2d):
    def __init__(self, linear, in_shape):
        super().__init__(in_shape[0], linear.out_features, in_shape[1:], bias=linear.bias is not None)
        self.load_state_dict({name: p.view(q.shape) for (name, p), q in self._pairs(linear)})

    def _pairs(self, linear):
        return zip(linear.named_parameters(), self.parameters(), strict=True)


answers("linear_to_conv")(Sliding)


@answers("linear_to_conv")
def lazy_conv(linear, in_shape):
    conv = nn.LazyConv2d(linear.out_features, in_shape[1:], bias=linear.bias is not None)
    conv(torch.zeros(1, *in_shape))
    for mine, theirs in zip(conv.parameters(), linear.parameters(), strict=True):
        nn.init.zeros_(mine)
        mine.data += theirs.detach().reshape(mine.shape)
    return conv


@answers("linear_to_conv")
def conv_from_answers_to_single_ones(linear, in_shape):
    with torch.no_grad():
        bias = linear(torch.zeros(linear.in_features))
        columns = linear(torch.eye(linear.in_features)) - bias
        conv = nn.Conv2d(in_shape[0], linear.out_features, in_shape[1:], stride=1)
        conv.weight[:] = columns.T.reshape(conv.weight.shape)
        conv.bias[:] = bias
    return conv


@answers("pixel_cross_entropy")
def loss_of_torch(logits, target, ignore_index=255):
    return F.cross_entropy(logits, target, ignore_index=ignore_index)


@answers("pixel_cross_entropy")
def loss_of_kept_pixels(scores, truth, ignore=255):
    keep = truth != ignore
    return nn.CrossEntropyLoss()(scores.permute(0, 2, 3, 1)[keep], truth[keep])


@answers("pixel_cross_entropy")
def loss_through_logsumexp(logits, target, *, ignore_index=255):
    counted = target != ignore_index
    safe = torch.where(counted, target, 0)
    picked = logits.gather(1, safe.unsqueeze(1)).squeeze(1)
    return ((torch.logsumexp(logits, 1) - picked) * counted).sum() / counted.sum()


@answers("pixel_cross_entropy")
def loss_of_unreduced(logits, target, ignore_index=255):
    each = F.cross_entropy(logits.double(), target, ignore_index=ignore_index, reduction="none")
    return each.sum() / (target != ignore_index).sum()


@answers("pixel_cross_entropy")
def loss_in_loops(logits, target, ignore_index=255):
    total, count = 0.0, 0
    images, _, height, width = logits.shape
    for n in range(images):
        for i in range(height):
            for j in range(width):
                label = target[n, i, j].item()
                if label == ignore_index:
                    continue
                z = logits[n, :, i, j].tolist()
                total += max(z) + math.log(sum(math.exp(v - max(z)) for v in z)) - z[label]
                count += 1
    return torch.tensor(total / count)


@answers("pixel_cross_entropy")
def loss_with_one_hot(logits, target, ignore_index=255):
    counted = target.ne(ignore_index)
    one_hot = F.one_hot(target.masked_fill(~counted, 0), logits.shape[1]).movedim(-1, 1)
    shifted = logits - logits.amax(1, keepdim=True)
    logs = shifted - shifted.exp().sum(1, keepdim=True).log()
    return -torch.einsum("nkhw,nkhw,nhw->", logs, one_hot.float(), counted.float()) / counted.sum()


@answers("pixel_cross_entropy")
def loss_by_nll_after_reshape(logits, target, ignore_index=255):
    rows = logits.clone().requires_grad_().moveaxis(1, 3).reshape(-1, logits.shape[1])
    return F.nll_loss(rows.log_softmax(-1), target.reshape(-1), ignore_index=ignore_index)


@answers("pixel_cross_entropy")
def loss_of_images_weighed_by_their_pixels(logits, target, ignore_index=255):
    parts = []
    for image, mask in zip(logits, target, strict=True):
        keep = mask != ignore_index
        log_p = torch.log_softmax(image, 0)[:, keep]
        parts.append(-log_p[mask[keep], torch.arange(log_p.shape[1])])
    return torch.cat(parts).mean()


@answers("pixel_cross_entropy")
def loss_through_numpy(logits, target, ignore_index=255):
    z, y = np.moveaxis(logits.numpy().astype(float), 1, -1), target.numpy()
    z, y = z[y != ignore_index], y[y != ignore_index]
    return torch.tensor(np.mean(np.logaddexp.reduce(z, 1) - z[np.arange(len(y)), y]))


@answers("confusion_matrix")
def confusion_by_bincount(prediction, target, num_classes, ignore_index=255):
    keep = target != ignore_index
    pairs = num_classes * target[keep] + prediction[keep]
    return torch.bincount(pairs, minlength=num_classes**2).view(num_classes, num_classes)


@answers("confusion_matrix")
def confusion_by_loop(said, truth, k, ignored=255):
    table = [[0] * k for _ in range(k)]
    for p, t in zip(said.flatten().tolist(), truth.flatten().tolist(), strict=True):
        if t != ignored:
            table[t][p] += 1
    return torch.tensor(table)


@answers("confusion_matrix")
def confusion_by_index_put(prediction, target, num_classes, *, ignore_index=255):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.long)
    keep = target != ignore_index
    ones = torch.ones(int(keep.sum()), dtype=torch.long)
    return matrix.index_put_((target[keep], prediction[keep]), ones, accumulate=True)


@answers("confusion_matrix")
def confusion_by_one_hot(prediction, target, num_classes, ignore_index=255):
    keep = (target != ignore_index).reshape(-1)
    truth = F.one_hot(target.reshape(-1)[keep], num_classes).double()
    said = F.one_hot(prediction.reshape(-1)[keep], num_classes).double()
    return torch.einsum("pi,pj->ij", truth, said).round().long()


@answers("confusion_matrix")
def confusion_by_comparing(prediction, target, num_classes, ignore_index=255):
    out = torch.empty((num_classes, num_classes), dtype=torch.int64)
    for i in range(num_classes):
        for j in range(num_classes):
            out[i, j] = ((target == i) & (prediction == j) & (target != ignore_index)).sum()
    return out


@answers("confusion_matrix")
def confusion_of_sklearn(prediction, target, num_classes, ignore_index=255):
    from sklearn.metrics import confusion_matrix

    keep = (target != ignore_index).numpy()
    matrix = confusion_matrix(target.numpy()[keep], prediction.numpy()[keep], labels=range(num_classes))
    return torch.from_numpy(matrix.astype(np.int64))


@answers("confusion_matrix")
def confusion_by_a_class_too_many(prediction, target, num_classes, ignore_index=255):
    truth = target.clone()
    truth[truth == ignore_index] = num_classes
    matrix = torch.zeros((num_classes + 1) * num_classes, dtype=torch.int64)
    places = (truth * num_classes + prediction).flatten()
    return matrix.scatter_add_(0, places, torch.ones_like(places)).reshape(-1, num_classes)[:num_classes]


@answers("confusion_matrix")
def confusion_with_numpy(prediction, target, num_classes, ignore_index=255):
    matrix = np.zeros((num_classes, num_classes), dtype=np.int64)
    keep = target.numpy() != ignore_index
    np.add.at(matrix, (target.numpy()[keep], prediction.numpy()[keep]), 1)
    return torch.as_tensor(matrix)


@answers("confusion_matrix")
def confusion_image_by_image(prediction, target, num_classes, ignore_index=255):
    total = torch.zeros(num_classes, num_classes)
    for p, t in zip(prediction, target, strict=True):
        for row in range(num_classes):
            if row != ignore_index:
                total[row] += torch.bincount(p[t == row], minlength=num_classes)
    return total.to(torch.int64)


@answers("iou_per_class")
def iou_in_one_line(confusion):
    return confusion.diagonal() / (confusion.sum(0) + confusion.sum(1) - confusion.diagonal())


@answers("iou_per_class")
def iou_from_errors(cm):
    tp = torch.diag(cm).float()
    fp, fn = cm.sum(dim=0) - tp, cm.sum(dim=1) - tp
    return tp / (tp + fp + fn)


@answers("iou_per_class")
def iou_in_a_loop(confusion):
    out = []
    for k in range(confusion.shape[0]):
        union = confusion[k].sum() + confusion[:, k].sum() - confusion[k, k]
        out.append(float(confusion[k, k]) / float(union) if union > 0 else float("nan"))
    return torch.tensor(out)


@answers("iou_per_class")
def iou_filled_where_defined(confusion):
    result = torch.full((len(confusion),), float("nan"), dtype=torch.float64)
    union = confusion.sum(0) + confusion.sum(1) - confusion.diagonal()
    there = union > 0
    result[there] = confusion.diagonal()[there].double() / union[there]
    return result


@answers("iou_per_class")
def iou_with_numpy(confusion):
    cm = confusion.numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        return torch.from_numpy(np.diag(cm) / (cm.sum(0) + cm.sum(1) - np.diag(cm)))


@answers("iou_per_class")
def iou_from_dice(confusion):
    dice = 2 * confusion.diagonal().double() / (confusion.sum(0) + confusion.sum(1))
    return dice / (2 - dice)


@answers("iou_per_class")
def iou_of_boolean_tables(confusion):
    k = torch.arange(len(confusion))
    row, column = k[None, :, None] == k[:, None, None], k[None, None, :] == k[:, None, None]
    both = ((row & column) * confusion).sum((1, 2))
    return torch.true_divide(both, ((row | column) * confusion).sum((1, 2)))
