"""Image, truth, prediction and errors of a segmentation, side by side in a page that answers the pointer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..hosting import Frozen
from .scenes import describe, segmentation_scene


def segmentation(
    image: Any,
    truth: Any,
    prediction: Any,
    classes: Sequence[str],
    *,
    palette: Any = None,
    ignore_index: int | None = 255,
) -> Frozen:
    """Show image, truth, prediction and errors, with a table of scores for each class.

    In the page: opacity of the overlay, outlines and labels, classes switched on and off or shown alone, and
    the names under the pointer or the arrow keys. Nothing is told by color alone: classes carry the number
    that the masks hold, missed pixels and false alarms are hatched in two directions, ignored ones dotted.

    Parameters
    ----------
    image : array or tensor [H, W, 3], [3, H, W] or [H, W]
        0..1, or 0..255 as integers.
    truth, prediction : integer array or tensor [H, W], or None
        One class number a pixel; one of the two may be None.
    classes : sequence of K names
        At most 255.
    palette : sequence of K colors, optional
        "#rrggbb", or numbers [K, 3] in 0..1 or 0..255 as integers; the course's palette when None.
    ignore_index : int, optional
        Pixels with this value in the truth do not count.

    Returns
    -------
    Frozen
        Displays itself; ``alt`` says mean IoU and the largest confusion.

    Raises
    ------
    ValueError
        For sizes that differ, colors or scores where class numbers are expected, a value that is no class.

    Examples
    --------
    >>> import numpy as np
    >>> truth = [[0, 0, 1], [0, 255, 1]]
    >>> segmentation(np.zeros((2, 3)), truth, [[0, 1, 1], [0, 1, 1]], ["road", "pole"])
    <segmentation: 2 × 3, 2 classes, mean IoU 0.67>
    """
    scene, masks, picture = segmentation_scene(image, truth, prediction, classes, palette, ignore_index)
    rows, columns = scene["size"]
    name = f"segmentation: {rows} × {columns}, {len(classes)} classes"
    if "mean" in scene:
        name += f", mean IoU {scene['mean']}"

    def draw() -> bytes:
        from .still import still  # matplotlib, only where a picture is wanted

        return still(scene, masks, picture)

    return Frozen("segmentation", {"scene": scene}, name=name, alt=describe(scene), draw=draw)
