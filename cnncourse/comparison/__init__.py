"""The networks of lessons 06 on, trained on the same scenes with the same budget: one table.

``python -m cnncourse compare`` makes it; `load` reads what was measured for the lessons.
"""

from .networks import ABLATIONS, FULL_SIZE, NETWORKS
from .table import Run, columns, load, read, scores, summary, write
from .trials import THIN, scenes, train_once

__all__ = [
    "ABLATIONS",
    "FULL_SIZE",
    "NETWORKS",
    "THIN",
    "Run",
    "columns",
    "load",
    "read",
    "scenes",
    "scores",
    "summary",
    "train_once",
    "write",
]
