"""Changes of an image that leave its target true, or change both alike."""

from __future__ import annotations

from torch import Tensor


def flip_pair(image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mirror an image and its mask left–right, together: the pixel and its class move to the same place.

    Parameters
    ----------
    image : Tensor [C, H, W]
    mask : Tensor [H, W]
        The class of each pixel.

    Returns
    -------
    (Tensor, Tensor)
        Of the same shapes; new tensors.

    Raises
    ------
    ValueError
        When the mask does not lie on the image pixel by pixel.

    Examples
    --------
    >>> import torch
    >>> image = torch.tensor([[[1.0, 2.0, 3.0]]])
    >>> flip_pair(image, torch.tensor([[0, 0, 1]]))
    (tensor([[[3., 2., 1.]]]), tensor([[1, 0, 0]]))
    """
    if image.ndim != 3 or mask.shape != image.shape[1:]:
        raise ValueError(
            f"got image {list(image.shape)} and mask {list(mask.shape)}, expected [C, H, W] and [H, W]: one "
            "class for each pixel of one image"
        )
    return image.flip(-1), mask.flip(-1)
