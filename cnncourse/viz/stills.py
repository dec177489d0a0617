"""The picture of a stepper for viewers that run no script: all results, one step outlined."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from .grids import draw_grids


def still(scene: dict) -> bytes:
    """Draw the middle step of a scene over the finished output and return it as PNG."""
    at = len(scene["steps"]) // 2
    step = scene["steps"][at]
    panels, outlined = [], []
    for n, plane in enumerate(scene["planes"]):
        panels.append(
            np.reshape([float(t.replace("−", "-")) for t in plane["text"]], (plane["rows"], plane["columns"]))
        )
        flat = (
            step["cells"][scene["inputs"].index(n)]
            if n in scene["inputs"]
            else [at] * (n in scene["outputs"])
        )
        outlined.append([divmod(k, plane["columns"]) for k in flat])
    figure = draw_grids(
        panels,
        [plane["caption"] for plane in scene["planes"]],
        scene["title"],
        signed=[n not in scene["inputs"] for n in range(len(panels))],
        outlined=outlined,
        note=f"Step {at + 1} of {len(scene['steps'])}. {step['sentence']}",
        ratio=1,
    )
    buffer = io.BytesIO()
    image = Image.open(io.BytesIO(figure.png())).convert("RGB")
    # A quarter of the bytes: a few tints and the grays of the letters' edges are all there is.
    image.quantize(64, dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return buffer.getvalue()
