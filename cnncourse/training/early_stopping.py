"""When to stop training, and what to keep."""

from __future__ import annotations

from torch import Tensor, nn


class EarlyStopping:
    """Stops after ``patience`` epochs in a row without a new lowest validation loss.

    Parameters
    ----------
    patience : int
        At least 1.

    Raises
    ------
    ValueError
        When ``patience`` is below 1.

    Notes
    -----
    Source: Goodfellow, Bengio & Courville 2016, *Deep Learning*, algorithm 7.1.

    Examples
    --------
    >>> stopping = EarlyStopping(patience=2)
    >>> [stopping.step(loss) for loss in (0.9, 0.5, 0.6, 0.7)]
    [False, False, False, True]
    """

    def __init__(self, patience: int):
        """Start before the first epoch."""
        if patience < 1:
            raise ValueError(f"got patience={patience}, expected at least 1 epoch")
        self.patience = patience
        self.best = float("inf")
        self.waited = 0

    def step(self, validation_loss: float) -> bool:
        """Take the validation loss of one epoch; return whether to stop now."""
        if validation_loss < self.best:
            self.best, self.waited = validation_loss, 0
        else:
            self.waited += 1
        return self.waited >= self.patience


class BestWeights:
    """Keeps a copy of a model's weights from the epoch with the lowest validation loss."""

    def __init__(self, model: nn.Module):
        """Keep nothing yet."""
        self._model = model
        self._lowest = float("inf")
        self._weights: dict[str, Tensor] | None = None

    def offer(self, validation_loss: float) -> None:
        """Take the weights as they are now, if the validation loss is the lowest so far."""
        if validation_loss < self._lowest:
            weights = {name: value.clone() for name, value in self._model.state_dict().items()}
            self._lowest, self._weights = validation_loss, weights

    def restore(self) -> None:
        """Put the best weights back into the model; before the first epoch there are none to put back."""
        if self._weights is not None:
            self._model.load_state_dict(self._weights)
