"""Photographs that come with scikit-image, so that no lesson needs the network for a real picture."""

from __future__ import annotations

import numpy as np
import skimage

from cnncourse.ops.sizes import pair

PHOTOGRAPHS = ("astronaut", "brick", "camera", "chelsea", "coffee", "coins", "rocket")


def photograph(
    name: str = "camera", *, size: int | tuple[int, int] | None = None, gray: bool = False
) -> np.ndarray:
    """Return a photograph as float32 in 0 (black) to 1 (white).

    Parameters
    ----------
    name
        One of :data:`PHOTOGRAPHS`. "brick", "camera" and "coins" are gray, the others in color.
    size
        (height, width) to rescale to, or an int for a square, smoothed first where it gets smaller so that
        fine texture does not turn into false patterns. The whole picture is kept, so another aspect ratio
        distorts it. None keeps the picture's own size.
    gray
        Turn color into luminance: 0.2125 red + 0.7154 green + 0.0721 blue.

    Returns
    -------
    numpy.ndarray
        [H, W], or [H, W, 3] in color; a new array each time.

    Raises
    ------
    ValueError
        When there is no photograph of that name, or a size is smaller than 1.
    TypeError
        When a size is not an integer.

    Notes
    -----
    The pictures are files in scikit-image's ``skimage/data`` folder. What its documentation
    (``skimage.data``) says of each:

    - astronaut: Eileen Collins, NASA; no known copyright restrictions, released into the public domain
    - brick: from CC0Textures (Bricks25), CC0, warped, rotated, cropped and rescaled
    - camera: by Lav Varshney, CC0
    - chelsea: by Stéfan van der Walt, CC0
    - coffee: by Rachel Michetti, courtesy of Pikolo Espresso Bar, CC0
    - coins: Greek coins from Pompeii, Brooklyn Museum Collection; no known copyright restrictions
    - rocket: DSCOVR on a Falcon 9, SpaceX; released into the public domain

    Source: van der Walt et al. 2014, *scikit-image: image processing in Python*.

    Examples
    --------
    >>> photograph("chelsea", size=(60, 90)).shape
    (60, 90, 3)
    >>> photograph("chelsea", gray=True).shape
    (300, 451)
    """
    if name not in PHOTOGRAPHS:
        raise ValueError(
            f"there is no photograph {name!r}; expected one of {', '.join(PHOTOGRAPHS)}: pick a name"
        )
    shape = None if size is None else pair(size, "size")
    picture = skimage.util.img_as_float32(getattr(skimage.data, name)())
    if gray and picture.ndim == 3:
        picture = skimage.color.rgb2gray(picture)
    if shape is not None:
        picture = skimage.transform.resize(picture, shape, anti_aliasing=True)
    return picture
