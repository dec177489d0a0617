"""Training: the loop, what it ran on, and what it recorded.

``loop.py`` is the part to read; lesson 03 builds it step by step.
"""

from .class_weights import median_frequency_weights
from .early_stopping import EarlyStopping
from .evaluation import Evaluation, evaluate, predict
from .hardware import Hardware, choose_hardware
from .history import History
from .loop import fit, train_epoch
from .penalty import decay_weights_only, l2_penalty
from .tiling import predict_tiled

__all__ = [
    "EarlyStopping",
    "Evaluation",
    "Hardware",
    "History",
    "choose_hardware",
    "decay_weights_only",
    "evaluate",
    "fit",
    "l2_penalty",
    "median_frequency_weights",
    "predict",
    "predict_tiled",
    "train_epoch",
]
