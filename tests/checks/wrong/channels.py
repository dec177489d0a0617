"""Wrong channels and biases."""

import numpy as np
from scipy import signal

from tests.checks.right_answers import two
from tests.checks.wrong.bank import mistake, padded, torch_channels, torch_conv


@mistake("conv2d_channels", "input channels not added up")
def broadcast_channels(x, weight, bias, stride=1, padding=0):
    return np.array(
        [
            [torch_conv(c, k, stride, padding) + b for c, k in zip(x, ks, strict=True)]
            for ks, b in zip(weight, bias, strict=True)
        ]
    )


@mistake("conv2d_channels", "only one input channel used")
def overwrites_instead_of_adding(x, weight, bias, stride=1, padding=0):
    out = []
    for o in range(len(weight)):
        for c in range(len(x)):
            total = torch_conv(x[c], weight[o, c], stride, padding)
        out.append(total + bias[o])
    return np.stack(out)


@mistake("conv2d_channels", "only one input channel used")
def first_channel(x, weight, bias, stride=1, padding=0):
    return torch_channels(x[:1], weight[:, :1], bias, stride, padding)


@mistake("conv2d_channels", "only one input channel used")
def returns_in_the_loop(x, weight, bias, stride=1, padding=0):
    def one(o):
        total = 0
        for c in range(x.shape[0]):
            total = total + torch_conv(x[c], weight[o, c], stride, padding)
            return total + bias[o]

    return np.array([one(o) for o in range(weight.shape[0])])


@mistake("conv2d_channels", "input channels averaged")
def mean_of_channels(x, weight, bias, stride=1, padding=0):
    maps = [[torch_conv(c, k, stride, padding) for c, k in zip(x, ks, strict=True)] for ks in weight]
    return np.mean(maps, axis=1) + bias[:, None, None]


@mistake("conv2d_channels", "input channels mixed before the kernels")
def gray_first(x, weight, bias, stride=1, padding=0):
    gray = x.mean(axis=0)
    return np.array(
        [
            sum(torch_conv(gray, k, stride, padding) for k in ks) + b
            for ks, b in zip(weight, bias, strict=True)
        ]
    )


@mistake("conv2d_channels", "one kernel for all input channels")
def first_kernel_for_all(x, weight, bias, stride=1, padding=0):
    return np.array(
        [sum(torch_conv(c, weight[o, 0], stride, padding) for c in x) + bias[o] for o in range(len(weight))]
    )


@mistake("conv2d_channels", "one filter for all output channels")
def first_filter_for_all(x, weight, bias, stride=1, padding=0):
    one = sum(torch_conv(x[c], weight[0, c], stride, padding) for c in range(len(x)))
    return np.stack([one + b for b in bias])


@mistake("conv2d_channels", "one filter for all output channels")
def only_one_output(x, weight, bias, stride=1, padding=0):
    return sum(torch_conv(x[c], weight[0, c], stride, padding) for c in range(len(x))) + bias[0]


@mistake("conv2d_channels", "weight's axes swapped")
def weight_c_o(x, weight, bias, stride=1, padding=0):
    out = []
    for o in range(weight.shape[0]):
        out.append(sum(torch_conv(x[c], weight[c, o], stride, padding) for c in range(len(x))) + bias[o])
    return np.array(out)


@mistake("conv2d_channels", "channels last")
def stacked_last(x, weight, bias, stride=1, padding=0):
    return np.stack(list(torch_channels(x, weight, bias, stride, padding)), axis=-1)


@mistake("conv2d_channels", "output channels added up")
def all_in_one_map(x, weight, bias, stride=1, padding=0):
    return np.sum(torch_channels(x, weight, bias, stride, padding), axis=0)


@mistake("conv2d_channels", "bias forgotten")
def no_bias(x, weight, bias, stride=1, padding=0):
    return torch_channels(x, weight, None, stride, padding)


@mistake("conv2d_channels", "bias added per row or column")
def bias_broadcast(x, weight, bias, stride=1, padding=0):
    return torch_channels(x, weight, None, stride, padding) + bias


@mistake("conv2d_channels", "bias added per row or column")
def bias_for_rows_in_a_loop(x, weight, bias, stride=1, padding=0):
    out = torch_channels(x, weight, None, stride, padding)
    for row in range(out.shape[1]):
        out[:, row, :] += bias[row % len(bias)]
    return out


@mistake("conv2d_channels", "bias added once per input channel")
def bias_inside_the_sum(x, weight, bias, stride=1, padding=0):
    out = 0
    for c in range(len(x)):
        out = out + torch_channels(x[c : c + 1], weight[:, c : c + 1], bias, stride, padding)
    return out


@mistake("conv2d_channels", "bias added once per product")
def bias_inside_all_loops(x, weight, bias, stride=1, padding=0):
    return torch_channels(x, weight, bias * weight[0].size, stride, padding)


@mistake("conv2d_channels", "one bias for all output channels")
def sum_of_biases(x, weight, bias, stride=1, padding=0):
    return torch_channels(x, weight, np.full_like(bias, bias.sum()), stride, padding)


@mistake("conv2d_channels", "bias of the input channel")
def bias_by_input_channel(x, weight, bias, stride=1, padding=0):
    out = torch_channels(x, weight, None, stride, padding)
    for c in range(len(x)):
        out += bias[c]
    return out


@mistake("conv2d_channels", "kernel flipped")
def flipped_in_channels(x, weight, bias, stride=1, padding=0):
    return torch_channels(x, weight[..., ::-1, ::-1], bias, stride, padding)


@mistake("conv2d_channels", "kernel flipped")
def scipy_convolve_in_channels(x, weight, bias, stride=1, padding=0):
    (sy, sx), x = two(stride), np.array([padded(c, padding) for c in x])
    return np.array(
        [
            sum(signal.convolve(c, k, "valid") for c, k in zip(x, ks, strict=True))[::sy, ::sx] + b
            for ks, b in zip(weight, bias, strict=True)
        ]
    )


@mistake("conv2d_channels", "kernel flipped")
def scipy_convolve_in_three_dimensions(x, weight, bias, stride=1, padding=0):
    (sy, sx), x = two(stride), np.array([padded(c, padding) for c in x])
    maps = [signal.convolve(x, kernels, "valid")[0, ::sy, ::sx] for kernels in weight]
    return np.stack(maps) + bias[:, None, None]


@mistake("conv2d_channels", "padding forgotten")
def channels_without_padding(x, weight, bias, stride=1, padding=0):
    return torch_channels(x, weight, bias, stride)


@mistake("conv2d_channels", "stride ignored")
def channels_without_stride(x, weight, bias, stride=1, padding=0):
    return torch_channels(x, weight, bias, 1, padding)


@mistake("conv2d_channels", "height and width swapped")
def channels_with_swapped_stride(x, weight, bias, stride=1, padding=0):
    return torch_channels(x, weight, bias, two(stride)[::-1], padding)
