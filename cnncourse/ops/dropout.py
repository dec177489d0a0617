"""Dropout: a random part of the values is set to 0 while a network trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # torch is not needed to load the operations
    from torch import Tensor


def dropout(x: Tensor, p: float, training: bool) -> Tensor:
    """Set each value to 0 with probability ``p``, independently, and divide the others by 1 − p.

    Of a value v the mean over many draws is p · 0 + (1 − p) · v / (1 − p) = v. So the layer behind gets, on
    average, what it gets without dropout, and nothing has to be scaled when the network is used.

    Parameters
    ----------
    x : Tensor
        Floats of any shape.
    p : float
        The probability to be dropped, 0..1. With 1 everything is 0.
    training : bool
        Whether to drop anything. Without training the result is ``x`` itself.

    Returns
    -------
    Tensor
        Like ``x``. The gradient is 1 / (1 − p) where a value was kept and 0 where it was dropped.

    Raises
    ------
    ValueError
        When ``p`` is not in 0..1.

    Notes
    -----
    Source: Srivastava et al. 2014, *Dropout: A simple way to prevent neural networks from overfitting*,
    section 4. They keep a value with probability p and scale the weights after training; dividing during
    training ("inverted dropout") is their section 10, and what torch does.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> dropout(torch.ones(6), p=0.5, training=True)
    tensor([0., 2., 0., 0., 0., 2.])
    >>> dropout(torch.ones(6), p=0.5, training=False)
    tensor([1., 1., 1., 1., 1., 1.])
    """
    if not 0 <= p <= 1:
        raise ValueError(f"got p={p}, expected a probability between 0 and 1")
    if not training:
        return x
    if p == 1:
        return x * 0
    kept = x.new_empty(x.shape).uniform_() >= p
    return x * kept / (1 - p)
