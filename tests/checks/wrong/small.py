"""Wrong activations, receptive fields and designs."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.wrong.bank import mistake


@mistake("relu", "absolute value")
def turns_negatives_around(x):
    return np.where(x < 0, -x, x)


@mistake("relu", "negative part kept")
def wrong_mask(x):
    return x * (x < 0)


@mistake("relu", "clipped above")
def relu6(x):
    return F.relu6(torch.from_numpy(x)).numpy()


@mistake("relu", "clipped above")
def between_zero_and_one(x):
    return np.minimum(np.maximum(x, 0.0), 1.0)


@mistake("relu", "a step instead of a ramp")
def ones_for_positive(x):
    out = np.zeros_like(x)
    out[x > 0] = 1
    return out


@mistake("relu", "negative values shrunk")
def torch_leaky(x):
    return F.leaky_relu(torch.from_numpy(x)).numpy()


@mistake("relu", "negative values shrunk")
def maximum_of_tenth(x):
    return np.maximum(x, 0.1 * x)


@mistake("relu", "smooth instead of a corner")
def torch_softplus(x):
    return F.softplus(torch.from_numpy(x)).numpy()


@mistake("relu", "smooth instead of a corner")
def torch_sigmoid(x):
    return torch.sigmoid(torch.from_numpy(x)).numpy()


@mistake("relu", "threshold at the wrong place")
def one_and_more(x):
    out = x.copy()
    out[out < 1] = 0
    return out


@mistake("relu", "np.max instead of np.maximum")
def max_along_rows(x):
    return np.max(x, axis=0)


@mistake("relu", "negative values removed")
def only_positive(x):
    return np.array([v for v in x.ravel() if v > 0])


@mistake("relu", "nothing cut")
def forgets_to_cut(x):
    for value in x.ravel():
        value = max(value, 0)
    return x.copy()


@mistake("receptive_field", "multiplied instead of added")
def product_of_kernels(layers):
    field = 1
    for kernel, _ in layers:
        field *= kernel
    return field


@mistake("receptive_field", "jump ignored")
def kernels_only(layers):
    field = 1
    for kernel, _stride in layers:
        field = field + kernel - 1
    return field


@mistake("receptive_field", "a layer's own stride counted too early")
def stride_before_kernel(layers):
    field = jump = 1
    for kernel, stride in layers:
        jump *= stride
        field += jump * (kernel - 1)
    return field


@mistake("receptive_field", "last layer first")
def backward_formula_forward(layers):
    field = 1
    for kernel, stride in layers:
        field = stride * (field - 1) + kernel
    return field


@mistake("receptive_field", "strides added instead of multiplied")
def jumps_add_up(layers):
    field, jump = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump += stride - 1
    return field


@mistake("receptive_field", "kernel instead of kernel − 1")
def whole_kernels(layers):
    field, jump = 1, 1
    for kernel, stride in layers:
        field += kernel * jump
        jump *= stride
    return field


@mistake("receptive_field", "+1 forgotten")
def starts_at_zero(layers):
    return sum((k - 1) * math.prod([s for _, s in layers[:i]]) for i, (k, _) in enumerate(layers))


@mistake("receptive_field", "only the previous stride")
def last_stride_only(layers):
    field, previous = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * previous
        previous = stride
    return field


@mistake("receptive_field", "jump returned instead of the field")
def total_stride(layers):
    return int(np.prod([stride for _, stride in layers]))


@mistake("receptive_field", "more than the field returned")
def field_and_jump(layers):
    field, jump = 1, 1
    for kernel, stride in layers:
        field, jump = field + (kernel - 1) * jump, jump * stride
    return field, jump


@mistake("design_layers", "field too small")
def convolve_then_pool():
    return [(3, 1), (2, 2), (3, 1), (2, 2), (3, 1), (2, 2)]


@mistake("design_layers", "field too small")
def strides_late():
    return [(3, 1), (3, 1), (3, 1), (3, 2), (3, 2), (3, 2)]


@mistake("design_layers", "map too coarse")
def four_strides():
    return [(3, 2), (3, 2), (3, 2), (3, 2), (3, 1)]


@mistake("design_layers", "kernel too large")
def brute_force():
    return ((11, 2), (9, 2), (7, 1))


@mistake("design_layers", "too many layers")
def seven():
    return [(3, 2)] * 3 + [(3, 1)] * 4


@mistake("design_layers", "pairs the wrong way round")
def stride_first():
    return [(2, 3), (2, 3), (2, 3), (1, 3), (1, 3), (1, 3)]


@mistake("design_layers", "stride not allowed")
def stride_of_four():
    return [(3, 1), (3, 4), (3, 2), (3, 1)]


@mistake("design_layers", "kernel smaller than 2")
def one_by_one():
    return [(1, 1), (3, 2), (3, 2), (3, 2), (3, 1), (3, 1)]
