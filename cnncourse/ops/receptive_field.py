"""The receptive field: how much of the input one output cell can see."""

from __future__ import annotations

from collections.abc import Iterable

from .sizes import whole


def receptive_field(layers: Iterable[tuple[int, int]]) -> int:
    """Return how many input cells, along one axis, one output cell depends on.

    Parameters
    ----------
    layers
        (kernel, stride) of each layer, the first layer first; convolutions and pools alike. A kernel with
        dilation d counts with its span, d · (kernel − 1) + 1. With no layer at all, a cell sees itself: 1.

    Raises
    ------
    ValueError
        When a layer is not a pair, or a number is smaller than 1.
    TypeError
        When a number is not an integer.

    Source: Araujo et al. 2019, *Computing receptive fields of convolutional neural networks*, Distill, eq. 2.

    Examples
    --------
    Two 3×3 convolutions see 5×5; with a 2×2 pool of stride 2 between them, 8×8.

    >>> receptive_field([(3, 1), (3, 1)])
    5
    >>> receptive_field([(3, 1), (2, 2), (3, 1)])
    8
    """
    fields = receptive_fields(layers)
    return fields[-1][0] if fields else 1


def receptive_fields(layers: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return (field, jump) after each layer.

    The jump is the distance, in input cells, between the fields of neighboring cells. A layer with kernel k
    looks at k cells of the layer before, which lie one jump apart, so that the field grows by (k − 1) jumps;
    its stride then multiplies the jump.

    Parameters
    ----------
    layers
        As in :func:`receptive_field`.

    Raises
    ------
    ValueError, TypeError
        As :func:`receptive_field`.

    Source: as :func:`receptive_field`.

    Examples
    --------
    >>> receptive_fields([(3, 1), (2, 2), (3, 1)])
    [(3, 1), (4, 2), (8, 2)]
    """
    if not isinstance(layers, Iterable):
        raise TypeError(
            f"layers is {layers!r}; expected a list of (kernel, stride): one layer alone is [(3, 1)], say"
        )
    field, jump = 1, 1
    fields = []
    for number, layer in enumerate(layers):
        if not isinstance(layer, (tuple, list)) or len(layer) != 2:
            raise ValueError(
                f"layer {number} is {layer!r}; expected (kernel, stride): "
                f"write a layer without a stride of its own as (kernel, 1)"
            )
        kernel, stride = (
            whole(layer[0], f"kernel of layer {number}"),
            whole(layer[1], f"stride of layer {number}"),
        )
        field += (kernel - 1) * jump
        jump *= stride
        fields.append((field, jump))
    return fields
