"""How people get a centered crop wrong."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ...models import center_crop
from ..exercise import Misconception
from ..results import changed
from . import cropping_ways as ways
from .cropping_ways import both, fitting, middle, or_else, refusing, start


def _cut_off(h: int, w: int, height: int, width: int) -> bool:
    return int((h - height) / 2) < 0 or int((w - width) / 2) < 0


MISTAKES = (
    Misconception(
        "cut from the top left",
        "The crop must come from the middle: rows start at (H − height) // 2 and columns at "
        "(W − width) // 2, not at 0.",
        both(start(lambda size, crop: 0)),
    ),
    Misconception(
        "cut from the bottom right",
        "Only half of what is too much lies above the middle and left of it: divide H − height and "
        "W − width by 2.",
        both(start(lambda size, crop: size - crop)),
    ),
    Misconception(
        "one axis not centered",
        "Both axes are centered: rows start at (H − height) // 2 and columns at (W − width) // 2.",
        both(
            start(middle, lambda size, crop: 0),
            start(lambda size, crop: 0, middle),
            start(middle, lambda size, crop: size - crop),
            start(lambda size, crop: size - crop, middle),
            start(lambda size, crop: 0, lambda size, crop: size - crop),
            start(lambda size, crop: size - crop, lambda size, crop: 0),
        ),
    ),
    Misconception(
        "rounded up",
        "When an odd number of rows is too many, the smaller part of them lies above: (H − height) // 2 "
        "rounds down. Yours starts one row or column later.",
        both(start(ways.rounded_up), start(ways.rounded_up, middle), start(middle, ways.rounded_up)),
    ),
    Misconception(
        "rounded to the nearest",
        "Half a row is no row: (H − height) // 2 rounds down. round() goes to the even neighbor, up as often "
        "as down.",
        both(start(lambda size, crop: round((size - crop) / 2))),
    ),
    Misconception(
        "both halves rounded",
        "Subtract first and divide then, (H − height) // 2. Two halves, such as H // 2 and height // 2, are "
        "rounded each for itself.",
        both(
            start(lambda size, crop: size // 2 - crop // 2),
            ways.around_the_middle,
            start(lambda size, crop: size // 2 - (crop + 1) // 2),
            start(lambda size, crop: (size + 1) // 2 - crop // 2),
            start(lambda size, crop: (size + 1) // 2 - (crop + 1) // 2),
            start(lambda size, crop: (size - 1) // 2 - crop // 2),
            start(lambda size, crop: max(size // 2 - (crop + 1) // 2, 0)),
            start(lambda size, crop: max((size - 1) // 2 - crop // 2, 0)),
        ),
    ),
    Misconception(
        "one row too late or too early",
        "Rows are counted from 0: when 2 are too many, the crop starts at row 1. Neither + 1 nor − 1 is "
        "needed.",
        both(
            start(lambda size, crop: (size - crop) // 2 + 1),
            start(lambda size, crop: max((size - crop) // 2 - 1, 0)),
            start(lambda size, crop: (size - crop) // 2 - 1),
        ),
    ),
    Misconception(
        "starts at the center",
        "The crop's own middle must lie on that of the maps, so it starts half a crop earlier: at "
        "(H − height) // 2.",
        both(
            start(lambda size, crop: size // 2),
            start(lambda size, crop: crop // 2),
            lambda x, height, width: x[
                ...,
                max(x.shape[-2] // 2 - height, 0) : x.shape[-2] // 2 + height,
                max(x.shape[-1] // 2 - width, 0) : x.shape[-1] // 2 + width,
            ],
        ),
    ),
    Misconception(
        "height and width swapped",
        "Height counts rows, the axis before the last. Width counts columns, the last axis. Yours takes one "
        "for the other.",
        (
            *both(ways.swapped, ways.columns_first, ways.starts_swapped, ways.shape_swapped),
            changed(center_crop, lambda out: out.transpose(2, 3)),
        ),
    ),
    Misconception(
        "one number for both axes",
        "Rows and columns have sizes of their own: reckon top from H and height, left from W and width.",
        both(ways.one_start(-2), ways.one_start(-1), ways.square(True), ways.square(False)),
    ),
    Misconception(
        "the wrong axes cropped",
        "The axes are images, channels, rows, columns. Keep all images and channels, x[:, :, …, …], and cut "
        "the last two.",
        both(
            ways.first_axes,
            ways.first_axes_by_last,
            ways.channels_last,
            ways.channels_last_by_last,
        ),
    ),
    Misconception(
        "one axis cropped",
        "Cut rows and columns, both: the result has the shape [N, C, height, width].",
        both(
            lambda x, height, width: center_crop(x, min(height, x.shape[-2]), x.shape[-1]),
            lambda x, height, width: center_crop(x, x.shape[-2], min(width, x.shape[-1])),
        ),
    ),
    Misconception(
        "the same margin at both ends",
        "When an odd number of rows is too many, the margin below is one larger than the one above; and a "
        "slice to −0 is empty. Let the crop end at top + height.",
        both(
            ways.ending(lambda first, size, crop: size - first),
            ways.ending(lambda first, size, crop: -first),
            ways.ending(lambda first, size, crop: size - max(first, 0)),
        ),
    ),
    Misconception(
        "size taken as end",
        "A slice is start:end, and its end is a position: the crop ends at top + height.",
        both(
            ways.ending(lambda first, size, crop: crop),
            ways.ending(lambda first, size, crop: size - crop),
            ways.ending(lambda first, size, crop: size),
        ),
    ),
    Misconception(
        "one row and column too many or too few",
        "A slice leaves out its end: top : top + height has exactly `height` rows.",
        both(ways.longer(1), ways.longer(-1)),
    ),
    Misconception(
        "margins instead of a size",
        "The arguments height and width are those of the crop, not what is cut off at each end.",
        both(
            lambda x, height, width: x[..., height:-height, width:-width],
            lambda x, height, width: x[..., height // 2 : -(height // 2), width // 2 : -(width // 2)],
        ),
    ),
    Misconception(
        "resized instead of cropped",
        "A crop keeps the numbers of the middle as they are. Resizing squeezes the whole map into the size.",
        both(
            lambda x, height, width: F.interpolate(x, (height, width), mode="bilinear"),
            lambda x, height, width: F.interpolate(x, (height, width), mode="bilinear", align_corners=True),
            lambda x, height, width: F.interpolate(x, (height, width), mode="bicubic"),
            lambda x, height, width: F.interpolate(x, (height, width)),
            lambda x, height, width: F.interpolate(x, (height, width), mode="nearest-exact"),
            lambda x, height, width: F.interpolate(x, (height, width), mode="area"),
            lambda x, height, width: F.adaptive_max_pool2d(x, (height, width)),
            lambda x, height, width: F.interpolate(
                x, (height, width), mode="bilinear", antialias=True, align_corners=False
            ),
        ),
    ),
    Misconception(
        "not cropped",
        "A crop is smaller than the maps: return the middle alone, neither all of them nor 0 around it.",
        (*both(ways.blanked), *both(lambda x, height, width: x)),
    ),
    Misconception(
        "no error for a crop that is larger",
        "A crop larger than the maps cannot be cut: raise ValueError. In a slice a negative start counts "
        "from the end, and what comes out is wrong without a word.",
        (
            start(middle),
            ways.padded,
            start(lambda size, crop: max((size - crop) // 2, 0)),
            start(lambda size, crop: abs(size - crop) // 2),
            start(lambda size, crop: int((size - crop) / 2)),
            lambda x, height, width: center_crop(x, min(height, x.shape[-2]), min(width, x.shape[-1])),
            or_else(lambda x, height, width: x),
            or_else(lambda x, height, width: None),
            or_else(lambda x, height, width: F.interpolate(x, (height, width))),
            or_else(lambda x, height, width: F.interpolate(x, (height, width), mode="bilinear")),
            or_else(lambda x, height, width: x.new_zeros(*x.shape[:2], height, width)),
            or_else(lambda x, height, width: x[..., :0, :0]),
        ),
    ),
    Misconception(
        "one axis not checked",
        "A crop may be too tall or too wide: compare height with H and width with W, and raise ValueError if "
        "either is larger.",
        (
            refusing(lambda h, w, height, width: height > h),
            refusing(lambda h, w, height, width: width > w),
            refusing(lambda h, w, height, width: height > h and width > w),
            refusing(lambda h, w, height, width: height * width > h * w),
            refusing(lambda h, w, height, width: height + width > h + w),
            refusing(lambda h, w, height, width: (h - height) * (w - width) < 0),
            refusing(lambda h, w, height, width: max(height, width) > max(h, w)),
        ),
    ),
    Misconception(
        "compared with the other axis",
        "Compare height with the rows of the maps and width with their columns: x.shape[-2] and x.shape[-1].",
        (
            refusing(lambda h, w, height, width: height > w or width > h),
            refusing(lambda h, w, height, width: height > min(h, w) or width > min(h, w)),
            refusing(lambda h, w, height, width: max(height, width) > min(h, w)),
        ),
    ),
    Misconception(
        "one row too many not noticed",
        "A crop one row or column larger than the maps does not fit either: compare the sizes themselves. "
        "Half of −1, cut off, is 0.",
        (
            refusing(_cut_off),
            refusing(_cut_off, lambda size, crop: int((size - crop) / 2)),
            refusing(_cut_off, lambda size, crop: max((size - crop) // 2, 0)),
            refusing(lambda h, w, height, width: height > h + 1 or width > w + 1),
        ),
    ),
    Misconception(
        "ValueError for a crop as large as the maps",
        "A crop as tall or as wide as the maps fits: only a larger one is an error.",
        (
            refusing(lambda h, w, height, width: height >= h or width >= w),
            refusing(lambda h, w, height, width: (height, width) == (h, w) or height > h or width > w),
        ),
    ),
    Misconception(
        "ValueError for an odd difference",
        "A crop fits also when an odd number of rows is too many: (H − height) // 2 rounds down.",
        (refusing(lambda h, w, height, width: height > h or width > w or (h - height + w - width) % 2 == 1),),
    ),
    Misconception(
        "another error than ValueError",
        "A value that makes no sense is a ValueError: `raise ValueError(…)`. An assert raises "
        "AssertionError, which Python leaves out when it is asked to optimize.",
        tuple(
            fitting(center_crop, error)
            for error in (AssertionError, IndexError, TypeError, RuntimeError, ArithmeticError, Exception)
        ),
    ),
    Misconception(
        "one image or channel only",
        "Keep all images and all channels of the batch: the result has the shape [N, C, height, width].",
        tuple(
            changed(center_crop, change)
            for change in (
                lambda out: out[:1],
                lambda out: out[0],
                lambda out: out[:, :1],
                lambda out: out[:, 0],
                lambda out: out[0, 0],
                lambda out: out[-1],
                torch.squeeze,
            )
        ),
    ),
    Misconception(
        "not a tensor",
        "The result is a torch tensor, a part of x: no array, no list.",
        (changed(center_crop, Tensor.numpy), changed(center_crop, Tensor.tolist)),
    ),
)
