"""The networks that are compared, at widths that two CPU cores train in about a minute."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from ..models import FCN8s, FCN16s, FCN32s
from ..models.fcn import BilinearUpsampling


def _fcn(kind: type[nn.Module], num_classes: int) -> nn.Module:
    """Return a narrow FCN whose enlarging kernels stay bilinear, as in the authors' released networks."""
    model = kind(num_classes, width=16, hidden=128, batch_norm=True, dropout=0.1)
    for module in model.modules():
        if isinstance(module, BilinearUpsampling):
            module.requires_grad_(False)
    return model


# From the number of classes to a network. The encoders are the same: what differs is the way back up.
NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "FCN-32s": partial(_fcn, FCN32s),
    "FCN-16s": partial(_fcn, FCN16s),
    "FCN-8s": partial(_fcn, FCN8s),
}
