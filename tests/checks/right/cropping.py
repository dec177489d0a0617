"""Right centered crops: slices, narrow, indices, masks, negative padding, loops."""

import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.right_answers import answers


@answers("center_crop")
def crop_by_slices(x, height, width):
    _, _, h, w = x.shape
    if h < height or w < width:
        raise ValueError(f"cannot cut {height}×{width} out of {h}×{w}")
    top, left = (h - height) // 2, (w - width) // 2
    return x[:, :, top : top + height, left : left + width].clone()


@answers("center_crop")
def crop_by_narrow(maps, h, w):
    for axis, size in ((2, h), (3, w)):
        spare = maps.size(axis) - size
        if spare < 0:
            raise ValueError
        maps = maps.narrow(axis, spare // 2, size)
    return maps


@answers("center_crop")
def crop_by_negative_padding(x, height, width):
    dy, dx = x.shape[2] - height, x.shape[3] - width
    if min(dy, dx) < 0:
        raise ValueError("too large")
    return F.pad(x, (-(dx // 2), -(dx - dx // 2), -(dy // 2), -(dy - dy // 2)))


@answers("center_crop")
def crop_by_unequal_ends(x, height, width):
    dy, dx = x.shape[-2] - height, x.shape[-1] - width
    if dy < 0 or dx < 0:
        raise ValueError((dy, dx))
    return x[..., dy // 2 : x.shape[-2] - (dy + 1) // 2, dx // 2 : x.shape[-1] - (dx + 1) // 2].contiguous()


@answers("center_crop")
def crop_by_numpy(x, height, width):
    array = x.numpy()
    top, left = np.floor_divide(np.array(array.shape[2:]) - (height, width), 2)
    if top < 0 or left < 0:
        raise ValueError("smaller than the crop")
    return torch.from_numpy(array[:, :, top:, left:][:, :, :height, :width].astype(np.float64))


@answers("center_crop")
def crop_by_int_after_the_check(x, height, width):
    if not (height <= x.size(-2) and width <= x.size(-1)):
        raise ValueError("the crop is larger")
    top, left = int((x.size(-2) - height) / 2), int((x.size(-1) - width) / 2)
    return torch.stack([image[:, top : top + height, left : left + width] for image in x])


@answers("center_crop")
def crop_by_index_select(x, height, width):
    def middle(axis, size):
        start = (x.shape[axis] - size) // 2
        if start < 0:
            raise ValueError(f"axis {axis}")
        return torch.arange(start, start + size)

    return x.index_select(2, middle(2, height)).index_select(3, middle(3, width))


@answers("center_crop")
def crop_by_tensor_split(x, height, width):
    for axis, size in ((-2, height), (-1, width)):
        spare = x.shape[axis] - size
        if spare < 0:
            raise ValueError(f"{size} is larger than {x.shape[axis]}")
        x = x.tensor_split((spare // 2, spare // 2 + size), dim=axis)[1]
    return x


@answers("center_crop")
def crop_by_unfold(x, h, w):
    if any(have < want for have, want in zip(x.shape[2:], (h, w), strict=True)):
        raise ValueError("too large")
    windows = x.unfold(2, h, 1).unfold(3, w, 1)
    return windows[:, :, (x.shape[2] - h) // 2, (x.shape[3] - w) // 2]


@answers("center_crop")
def crop_pixel_by_pixel(x, height, width):
    n, c, rows, columns = x.shape
    top, left = divmod(rows - height, 2)[0], divmod(columns - width, 2)[0]
    if top < 0 or left < 0:
        raise ValueError("larger")
    out = torch.empty(n, c, height, width, dtype=torch.float64)
    for i in range(height):
        for j in range(width):
            out[:, :, i, j] = x[:, :, top + i, left + j]
    return out


class CropError(ValueError):
    pass


@answers("center_crop")
def crop_one_row_at_a_time(x, height, width):
    if height > x.shape[2] or width > x.shape[3]:
        raise CropError
    while x.shape[2] > height:
        x = x[:, :, :-1] if (x.shape[2] - height) % 2 else x[:, :, 1:]
    while x.shape[3] > width:
        x = x[..., :-1] if (x.shape[3] - width) % 2 else x[..., 1:]
    return x
