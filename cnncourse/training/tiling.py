"""The overlap-tile strategy: images of any size through a U-Net, tile by tile, without a seam."""

from __future__ import annotations

import torch
from torch import Tensor

from ..models.modes import evaluating
from ..models.unet import UNet, lost_border
from ..ops.sizes import pair
from .evaluation import where
from .hardware import Hardware


@torch.no_grad()
def predict_tiled(
    model: UNet, images: Tensor, tile: int | tuple[int, int], *, hardware: Hardware | None = None
) -> Tensor:
    """Return the logits of a U-Net for images of any size, from overlapping tiles: memory for one at a time.

    Around each tile's result lies a margin that the convolutions need to see: 92 pixels at depth 4, which an
    unpadded network loses anyway and of a padded one is thrown away. Beyond its border the image is mirrored.
    Results touch, margins overlap, and tiles begin at multiples of 2^depth, so that every pool forms the same
    windows as in the whole image. Therefore there is no seam: the logits are those of the whole, mirrored
    image at once, whatever the tile.

    Parameters
    ----------
    model : UNet
        Put in eval mode meanwhile.
    images : Tensor
        [N, C, H, W] with values in 0..1.
    tile : int or (int, int)
        Height and width of what goes through the network at a time, such as 572. Larger tiles waste a smaller
        share on margins.
    hardware : Hardware, optional
        By default where the model lies, in float32.

    Returns
    -------
    Tensor
        float32 [N, K, H, W].

    Raises
    ------
    ValueError
        When the network takes no tile of that size, or nothing but margin is left of it.

    Source: Ronneberger, Fischer & Brox 2015, *U-Net*, section 2 and figure 2. A tile of 572 gives 388 rows of
    logits, no multiple of 16: here the next tile begins after 384, so that the pools meet the same pixels.

    Examples
    --------
    >>> model = UNet(1, 2, width=2, depth=2)
    >>> predict_tiled(model, torch.rand(1, 1, 70, 33), tile=60).shape
    torch.Size([1, 2, 70, 33])
    """
    hardware = hardware or where(model)
    tile_height, tile_width = pair(tile, "tile")
    grid = 2**model.depth
    # a padded network must not see where its tile ends, and its tiles begin on the grid
    margin = lost_border(model.depth)
    if model.padded:
        margin += grid - margin % grid
    steps = [(size - 2 * margin) // grid * grid for size in (tile_height, tile_width)]
    if min(steps) < grid:
        raise ValueError(
            f"a tile of {tile_height}×{tile_width} leaves {steps[0]}×{steps[1]} between margins of {margin} "
            f"at each side; expected at least {grid}: take one of at least {2 * margin + grid}"
        )
    height, width = images.shape[-2:]
    logits = None
    with evaluating(model):
        for top in range(0, height, steps[0]):
            for left in range(0, width, steps[1]):
                rows = mirrored(top - margin, tile_height, height)
                columns = mirrored(left - margin, tile_width, width)
                with hardware.precision():
                    part = model(hardware.put(images[..., rows[:, None], columns]))
                part = part.float().cpu()
                if model.padded:
                    part = part[..., margin:, margin:]
                part = part[..., : min(steps[0], height - top), : min(steps[1], width - left)]
                if logits is None:
                    logits = part.new_empty((*part.shape[:2], height, width))
                logits[..., top : top + part.shape[-2], left : left + part.shape[-1]] = part
    assert logits is not None
    return logits


def mirrored(start: int, count: int, size: int) -> Tensor:
    """Return the rows to read for rows ``start``, ``start`` + 1, … of an image mirrored without end.

    The outermost row itself is the mirror: it does not come twice.

    Examples
    --------
    >>> mirrored(-2, 7, size=4)
    tensor([2, 1, 0, 1, 2, 3, 2])
    """
    period = max(2 * (size - 1), 1)
    position = torch.arange(start, start + count) % period
    return torch.minimum(position, period - position) if size > 1 else torch.zeros_like(position)
