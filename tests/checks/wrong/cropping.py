"""Wrong centered crops."""

import math

import numpy as np
import torch
import torchvision.transforms.functional as vision
from torch import nn

from tests.checks.wrong.bank import mistake


def check_size(x, height, width):
    """A learner's check, right by itself."""
    if height > x.size(2) or width > x.size(3):
        raise ValueError(f"{height}×{width} does not fit into {tuple(x.shape)}")


@mistake("center_crop", "cut from the top left")
def first_rows(x, height, width):
    check_size(x, height, width)
    return x.narrow(2, 0, height).narrow(3, 0, width)


@mistake("center_crop", "cut from the top left")
def first_rows_unchecked(x, height, width):
    return x[:, :, :height, :width]


@mistake("center_crop", "cut from the bottom right")
def last_rows(x, height, width):
    check_size(x, height, width)
    return x[:, :, -height:, -width:]


@mistake("center_crop", "cut from the bottom right")
def half_forgotten(x, height, width):
    top, left = x.shape[2] - height, x.shape[3] - width
    if top < 0 or left < 0:
        raise ValueError("too large")
    return x[:, :, top : top + height, left : left + width]


@mistake("center_crop", "one axis not centered")
def rows_only_centered(x, height, width):
    check_size(x, height, width)
    top = (x.size(2) - height) // 2
    return x[:, :, top : top + height, :width]


@mistake("center_crop", "rounded up")
def ceiling(x, height, width):
    top, left = np.ceil((np.array(x.shape[2:]) - (height, width)) / 2).astype(int)
    check_size(x, height, width)
    return x[:, :, top : top + height, left : left + width]


@mistake("center_crop", "rounded up")
def plus_one_first(x, height, width):
    check_size(x, height, width)
    top, left = (x.size(2) - height + 1) // 2, (x.size(3) - width + 1) // 2
    return x[:, :, top : top + height, left : left + width]


@mistake("center_crop", "rounded up")
def larger_margin_first(x, height, width):
    check_size(x, height, width)
    bottom, right = (x.size(2) - height) // 2, (x.size(3) - width) // 2
    return x[:, :, x.size(2) - bottom - height : x.size(2) - bottom, x.size(3) - right - width :][..., :width]


@mistake("center_crop", "rounded to the nearest")
def as_torchvision_does(x, height, width):
    check_size(x, height, width)
    return vision.center_crop(x, [height, width])


@mistake("center_crop", "both halves rounded")
def around_the_middle_pixel(x, height, width):
    check_size(x, height, width)
    cy, cx = x.size(2) // 2, x.size(3) // 2
    return x[:, :, cy - height // 2 : cy - height // 2 + height, cx - width // 2 : cx - width // 2 + width]


@mistake("center_crop", "one row too late or too early")
def counted_from_one(x, height, width):
    check_size(x, height, width)
    top, left = (x.size(2) - height) // 2 + 1, (x.size(3) - width) // 2 + 1
    return x[:, :, top : top + height, left : left + width]


@mistake("center_crop", "height and width swapped")
def x_before_y(x, height, width):
    check_size(x, height, width)
    left, top = (x.size(3) - width) // 2, (x.size(2) - height) // 2
    return x[:, :, left : left + width, top : top + height]


@mistake("center_crop", "one number for both axes")
def square_margins(x, height, width):
    check_size(x, height, width)
    margin = (x.size(2) - height) // 2
    return x[:, :, margin : margin + height, margin : margin + width]


@mistake("center_crop", "the wrong axes cropped")
def as_an_array_of_one_image(x, height, width):
    top, left = (x.shape[0] - height) // 2, (x.shape[1] - width) // 2
    return x[top : top + height, left : left + width]


@mistake("center_crop", "the wrong axes cropped")
def channels_forgotten(x, height, width):
    check_size(x, height, width)
    top, left = (x.size(2) - height) // 2, (x.size(3) - width) // 2
    return x[:, top : top + height, left : left + width]


@mistake("center_crop", "the same margin at both ends")
def cut_at_both_ends(x, height, width):
    check_size(x, height, width)
    dy, dx = (x.size(2) - height) // 2, (x.size(3) - width) // 2
    return x[:, :, dy : x.size(2) - dy, dx : x.size(3) - dx]


@mistake("center_crop", "the same margin at both ends")
def padded_by_a_negative_number(x, height, width):
    check_size(x, height, width)
    dy, dx = (x.size(2) - height) // 2, (x.size(3) - width) // 2
    return nn.functional.pad(x, (-dx, -dx, -dy, -dy))


@mistake("center_crop", "the same margin at both ends")
def sliced_to_minus_zero(x, height, width):
    check_size(x, height, width)
    dy, dx = (x.size(2) - height) // 2, (x.size(3) - width) // 2
    return x[:, :, dy:-dy, dx:-dx]


@mistake("center_crop", "size taken as end")
def ends_at_height(x, height, width):
    check_size(x, height, width)
    top, left = (x.size(2) - height) // 2, (x.size(3) - width) // 2
    return x[:, :, top:height, left:width]


@mistake("center_crop", "one row and column too many or too few")
def inclusive_ends(x, height, width):
    check_size(x, height, width)
    top, left = (x.size(2) - height) // 2, (x.size(3) - width) // 2
    return x[:, :, top : top + height - 1, left : left + width - 1]


@mistake("center_crop", "resized instead of cropped")
def resized(x, height, width):
    check_size(x, height, width)
    return torch.nn.functional.interpolate(x, size=(height, width), mode="nearest")


@mistake("center_crop", "resized instead of cropped")
def pooled(x, height, width):
    check_size(x, height, width)
    return nn.AdaptiveAvgPool2d((height, width))(x)


@mistake("center_crop", "no error for a crop that is larger")
def plain_slices(x, height, width):
    top = (x.size(2) - height) // 2
    left = (x.size(3) - width) // 2
    return x[:, :, top : top + height, left : left + width]


@mistake("center_crop", "no error for a crop that is larger")
def as_much_as_there_is(x, height, width):
    top, left = max(0, (x.size(2) - height) // 2), max(0, (x.size(3) - width) // 2)
    return x[:, :, top : top + height, left : left + width]


@mistake("center_crop", "no error for a crop that is larger")
def padded_where_too_small(x, height, width):
    dy, dx = x.size(2) - height, x.size(3) - width
    return nn.functional.pad(x, [-(dx // 2), dx // 2 - dx, -(dy // 2), dy // 2 - dy])


@mistake("center_crop", "no error for a crop that is larger")
def unchanged_if_too_small(x, height, width):
    if x.size(2) < height or x.size(3) < width:
        return x
    top, left = (x.size(2) - height) // 2, (x.size(3) - width) // 2
    return x[:, :, top : top + height, left : left + width]


@mistake("center_crop", "one axis not checked")
def rows_checked(x, height, width):
    if x.size(2) < height:
        raise ValueError("too tall")
    return plain_slices(x, height, width)


@mistake("center_crop", "one axis not checked")
def only_if_both_are_larger(x, height, width):
    if x.size(2) < height and x.size(3) < width:
        raise ValueError("too large")
    return plain_slices(x, height, width)


@mistake("center_crop", "ValueError for a crop as large as the maps")
def nothing_to_crop(x, height, width):
    top, left = (x.size(2) - height) / 2, (x.size(3) - width) / 2
    if top <= 0 or left <= 0:
        raise ValueError("nothing to crop")
    top, left = math.floor(top), math.floor(left)
    return x[:, :, top : top + height, left : left + width]


@mistake("center_crop", "another error than ValueError")
def asserted(x, height, width):
    assert height <= x.size(2)
    assert width <= x.size(3)
    return plain_slices(x, height, width)


@mistake("center_crop", "one row too many not noticed")
def margins_cut_off(x, height, width):
    top, left = int((x.size(2) - height) / 2), int((x.size(3) - width) / 2)
    if top < 0 or left < 0:
        raise ValueError("too large")
    return x[:, :, top : top + height, left : left + width]


@mistake("center_crop", "one image or channel only")
def image_by_image(x, height, width):
    check_size(x, height, width)
    for image in x:
        top, left = (image.size(1) - height) // 2, (image.size(2) - width) // 2
        return image[:, top : top + height, left : left + width]


@mistake("center_crop", "not cropped")
def masked(x, height, width):
    check_size(x, height, width)
    out = torch.zeros_like(x)
    top, left = (x.size(2) - height) // 2, (x.size(3) - width) // 2
    out[:, :, top : top + height, left : left + width] = x[:, :, top : top + height, left : left + width]
    return out


@mistake("center_crop", "not cropped")
def crop_forgotten(x, height, width):
    check_size(x, height, width)
    return x
