"""A small street, drawn from a seed: image, truth with an ignored strip, and a prediction that errs."""

import numpy as np

CLASSES = [
    "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist",
]  # fmt: skip
SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, _ = range(11)
COLORS = np.array(
    [
        [0.65, 0.78, 0.92], [0.55, 0.42, 0.36], [0.3, 0.3, 0.3], [0.38, 0.38, 0.4], [0.62, 0.6, 0.58],
        [0.25, 0.42, 0.2], [0.85, 0.75, 0.2], [0.5, 0.45, 0.4], [0.7, 0.15, 0.15], [0.2, 0.25, 0.5],
        [0, 0, 0],
    ]
)  # fmt: skip


def road_scene(seed=0, height=96, width=128):
    """Return image float32 [H, W, 3], truth and prediction uint8 [H, W], 255 where the truth is ignored."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    truth = np.full((height, width), SKY)
    for _ in range(9):
        left = rng.uniform(-0.1, 1)
        roof = 0.15 + 0.5 * np.exp(-(((left - 0.45) / 0.3) ** 2)) + rng.uniform(-0.06, 0.06)
        truth[(x > left) & (x < left + 0.22) & (y > roof) & (y < 0.62)] = BUILDING
    for _ in range(4):
        cx, cy, r = rng.uniform(0, 1), rng.uniform(0.42, 0.5), rng.uniform(0.05, 0.12)
        truth[((x - cx) / 0.8) ** 2 + (y - cy) ** 2 < r**2] = TREE
    truth[y > 0.58] = PAVEMENT
    truth[(y > 0.55) & (abs(x - 0.5) < 0.06 + 1.1 * (y - 0.55))] = ROAD
    truth[(x > 0.72) & (y > 0.53) & (y < 0.63)] = FENCE
    for cx in rng.uniform(0.05, 0.95, 4):
        top = rng.uniform(0.15, 0.35)
        truth[(abs(x - cx) < 0.9 / width) & (y > top) & (y < 0.7)] = POLE
        truth[(abs(x - cx) < 0.025) & (abs(y - top) < 0.03)] = SIGN
    for cx, cy, size in ((0.36, 0.64, 0.08), (0.66, 0.72, 0.13)):
        truth[(abs(x - cx) < size) & (abs(y - cy) < 0.55 * size)] = CAR
        truth[(abs(x - cx) < 0.6 * size) & (abs(y - cy + 0.6 * size) < 0.35 * size)] = CAR
    truth[(abs(x - 0.14) < 0.018) & (y > 0.55) & (y < 0.78)] = PEDESTRIAN
    image = COLORS[truth] * (1 - 0.25 * y[..., None]) + rng.normal(0, 0.03, (height, width, 3))

    # Shifted borders, lost poles, a car that is called pavement: what a coarse network does.
    reach = 3 * height // 96
    shift = rng.integers(-reach, reach + 1, (2, height // 8 + 1, width // 8 + 1)).repeat(8, 1).repeat(8, 2)
    rows = np.clip(np.arange(height)[:, None] + shift[0, :height, :width], 0, height - 1)
    columns = np.clip(np.arange(width)[None] + shift[1, :height, :width], 0, width - 1)
    prediction = truth[rows, columns]
    prediction[(prediction == POLE) & (y < 0.45)] = BUILDING
    prediction[(prediction == FENCE) & (x < 0.9)] = PAVEMENT
    truth[y > 0.955] = 255
    return np.clip(image, 0, 1).astype(np.float32), truth.astype(np.uint8), prediction.astype(np.uint8)
