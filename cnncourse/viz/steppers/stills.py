"""The picture of a stepper for viewers that run no script: all results, one step outlined."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from ..grids import draw_grids


def still(scene: dict) -> bytes:
    """Draw one step of a scene over the finished output and return it as PNG.

    It is the middle step; where results build up over several steps, the last, when they are finished.
    """
    at = len(scene["steps"]) - 1 if "writes" in scene["steps"][0] else len(scene["steps"]) // 2
    step = scene["steps"][at]
    panels, outlined, hatched = [], [], []
    for n, plane in enumerate(scene["planes"]):
        panels.append(
            np.reshape([float(t.replace("−", "-")) for t in plane["text"]], (plane["rows"], plane["columns"]))
        )
        flat = []
        if n in scene["inputs"]:
            flat = step["cells"][scene["inputs"].index(n)]
        elif n in scene["outputs"]:
            flat = [write[0] for write in step["writes"]] if "writes" in step else [at]
        top, left = plane.get("padding", (0, 0))
        rows, columns = range(top, plane["rows"] - top), range(left, plane["columns"] - left)
        hatched.append([(i, j) for i, j in np.ndindex(panels[-1].shape) if i not in rows or j not in columns])
        outlined.append([divmod(k, plane["columns"]) for k in flat])
    figure = draw_grids(
        panels,
        [plane["caption"] for plane in scene["planes"]],
        scene["title"],
        signed=[n not in scene["inputs"] for n in range(len(panels))],
        outlined=outlined,
        hatched=hatched,
        note=f"Step {at + 1} of {len(scene['steps'])}. {step['sentence']}",
        ratio=1,
    )
    buffer = io.BytesIO()
    image = Image.open(io.BytesIO(figure.png())).convert("RGB")
    # A quarter of the bytes: a few tints and the grays of the letters' edges are all there is.
    image.quantize(64, dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return buffer.getvalue()
