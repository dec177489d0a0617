"""Wrong centered crops."""

import numpy as np
import torch
import torchvision.transforms.functional as vision

from tests.checks.wrong.bank import mistake


@mistake("center_crop", "cut from the top left")
def first_rows(x, height, width):
    if height > x.size(2) or width > x.size(3):
        raise ValueError
    return x.narrow(2, 0, height).narrow(3, 0, width)


@mistake("center_crop", "cut from the bottom right")
def last_rows(x, height, width):
    if height > x.size(2) or width > x.size(3):
        raise ValueError
    return x[:, :, -height:, -width:]


@mistake("center_crop", "rounded up")
def ceiling(x, height, width):
    top, left = np.ceil((np.array(x.shape[2:]) - (height, width)) / 2).astype(int)
    if height > x.size(2) or width > x.size(3):
        raise ValueError
    return x[:, :, top : top + height, left : left + width]


@mistake("center_crop", "rounded to the nearest")
def as_torchvision_does(x, height, width):
    if height > x.size(2) or width > x.size(3):
        raise ValueError
    return vision.center_crop(x, [height, width])


@mistake("center_crop", "no error for a crop that is larger")
def plain_slices(x, height, width):
    top = (x.size(2) - height) // 2
    left = (x.size(3) - width) // 2
    return x[:, :, top : top + height, left : left + width]


@mistake("center_crop", "resized instead of cropped")
def resized(x, height, width):
    if height > x.size(2) or width > x.size(3):
        raise ValueError
    return torch.nn.functional.interpolate(x, size=(height, width), mode="nearest")
