"""Smooth random deformations of an image and its mask: the augmentation that the U-Net paper calls key."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


class ElasticDeformation:
    """Move the pixels of an image and of its mask along one smooth random field, for ``augment=``.

    A 3×3 grid lies over the image, its outer points on the corners and the middles of the edges. Each point
    gets a displacement, down and across, from a normal distribution; bicubic interpolation gives one for
    every pixel. A pixel of the result shows what lies at its own place plus its displacement: of the image
    interpolated linearly between four pixels, of the mask the nearest. What lies outside the image is
    its mirror image, so that no cell is cut by a border that is none, and no background invented.

    Where the field squeezes, a line of one pixel may break: for weighted borders deform the instances, and
    make mask and weights of what comes out.

    Random numbers are torch's: seeded by `Dataset.batches` and `training.fit`, or by ``torch.manual_seed``.

    Parameters
    ----------
    deviation : float
        Standard deviation of the displacements, in pixels; 0 changes nothing. The paper's 10 belong to
        images of 512×512: scale it with the size of yours.

    Raises
    ------
    ValueError
        When it is negative or not finite.

    Notes
    -----
    Source: Ronneberger, Fischer & Brox 2015, *U-Net*, section 3.1. torchvision's ``v2.ElasticTransform`` is
    another one: it draws a displacement for each pixel, blurs them (Simard, Steinkraus & Platt 2003), and
    fills with a constant.

    Examples
    --------
    >>> from cnncourse import datasets
    >>> data = datasets.shapes(4, size=(48, 64), target="mask")
    >>> images, masks = next(data.batches(4, augment=ElasticDeformation(3)))
    >>> images.shape, masks.shape
    (torch.Size([4, 3, 48, 64]), torch.Size([4, 48, 64]))
    """

    def __init__(self, deviation: float = 10.0) -> None:
        """Keep the deviation; nothing is drawn yet."""
        if not (math.isfinite(deviation) and deviation >= 0):
            raise ValueError(f"deviation is {deviation}; expected a number of pixels, 0 or more")
        self.deviation = deviation

    def __call__(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return both deformed by one field, in their own types.

        Parameters
        ----------
        image : Tensor [C, H, W]
            Real numbers.
        mask : Tensor [H, W]
            The class, or the object, of each pixel.

        Raises
        ------
        ValueError
            When the mask does not lie on the image pixel by pixel.
        TypeError
            When the image holds whole numbers.
        """
        if image.ndim != 3 or mask.shape != image.shape[1:]:
            raise ValueError(
                f"got image {list(image.shape)} and mask {list(mask.shape)}, expected [C, H, W] and [H, W]: "
                "one class for each pixel of one image"
            )
        if not image.is_floating_point():
            raise TypeError(
                f"the image holds {image.dtype}; expected real numbers, as `Dataset.batches` gives: "
                "use image.float() / 255"
            )
        image, mask = image.as_subclass(Tensor), mask.as_subclass(Tensor)
        vectors = self.deviation * torch.randn(1, 2, 3, 3)
        return _moved(image, mask, vectors.to(image.device))


def _moved(image: Tensor, mask: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Return what lies at each pixel's place moved by vectors [1, 2, 3, 3], down and across, in pixels."""
    height, width = mask.shape
    moves = F.interpolate(vectors, (height, width), mode="bicubic", align_corners=True)[0]
    y = torch.arange(height, device=image.device)[:, None] + moves[0]
    x = torch.arange(width, device=image.device) + moves[1]
    # grid_sample counts from −1 to 1 between the outer edges of the outer pixels, and mirrors there.
    places = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)[None]

    def sample(values: Tensor, how: str) -> Tensor:
        return F.grid_sample(values[None], places.to(values), how, "reflection", align_corners=False)[0]

    labels = sample(mask[None].double(), "nearest")[0]  # a double holds every label below 2⁵³
    return sample(image, "bilinear"), labels.to(mask.dtype)
