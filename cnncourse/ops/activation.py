"""The activation that the course uses throughout."""

from __future__ import annotations

from .arrays import Array, as_real, namespace


def relu(x: Array) -> Array:
    """Return ``x`` with every negative value replaced by 0.

    Parameters
    ----------
    x
        NumPy array (or nested list) or torch tensor of any shape.

    Returns
    -------
    array or tensor
        Like ``x``: same shape, same type. The gradient is 1 where ``x`` > 0 and 0 elsewhere, at 0 too, as in
        torch.

    Raises
    ------
    TypeError
        When ``x`` does not hold real numbers.

    Source: Nair & Hinton 2010, *Rectified linear units improve restricted Boltzmann machines*; Glorot et al.
    2011, *Deep sparse rectifier neural networks*, section 3.1.

    Examples
    --------
    >>> relu([-1.5, 0.0, 2.0])
    array([0., 0., 2.])
    """
    x = as_real(x, "x")
    # Not x * (x > 0), which makes NaN of -inf; and NaN is not <= 0, so that it stays to be seen.
    return namespace(x).where(x <= 0, 0, x)
