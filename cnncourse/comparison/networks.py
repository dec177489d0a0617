"""The networks that are compared, at widths at which about as many weights are trained in each of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from ..models import FCN8s, FCN16s, FCN32s, SegNet, UNet
from ..models.fcn import BilinearUpsampling

Build = Callable[[int], nn.Module]  # from the number of classes to a network


def _fcn(kind: type[nn.Module], num_classes: int) -> nn.Module:
    """Return a narrow FCN whose enlarging kernels stay bilinear, as in the authors' released networks."""
    model = kind(num_classes, width=16, hidden=128, batch_norm=True, dropout=0.1)
    for module in model.modules():
        if isinstance(module, BilinearUpsampling):
            module.requires_grad_(False)
    return model


def _segnet(num_classes: int, unpool: str = "indices") -> nn.Module:
    """Return a SegNet of 4 stages with one convolution each: 26 do not learn in this budget."""
    return SegNet(num_classes, width=48, convs=(1, 1, 1, 1), unpool=unpool)


def _unet(num_classes: int, skips: bool | tuple[int, ...] = True) -> nn.Module:
    return UNet(3, num_classes, width=15, padded=True, batch_norm=True, skips=skips)


# Between 1.71 and 1.75 million trained parameters with 11 classes.
NETWORKS: dict[str, Build] = {
    "FCN-32s": partial(_fcn, FCN32s),
    "FCN-16s": partial(_fcn, FCN16s),
    "FCN-8s": partial(_fcn, FCN8s),
    "SegNet, no indices": partial(_segnet, unpool="bilinear"),
    "SegNet": _segnet,
    "U-Net, no skips": partial(_unet, skips=False),
    "U-Net": _unet,
}

# What the two networks lose without one of their parts, or gain and lose by depth.
ABLATIONS: dict[str, Build] = {
    "SegNet, top-left": partial(_segnet, unpool="top_left"),
    "SegNet, shuffled": partial(_segnet, unpool="shuffled"),
    "SegNet, 26 convolutions": partial(SegNet, width=16),
    "U-Net, no skip 1": partial(_unet, skips=(2, 3, 4)),
    "U-Net, no skip 2": partial(_unet, skips=(1, 3, 4)),
    "U-Net, no skip 3": partial(_unet, skips=(1, 2, 4)),
    "U-Net, no skip 4": partial(_unet, skips=(1, 2, 3)),
}

# The papers' own sizes, for a GPU; with batch norm and padding, so that all start from random weights.
FULL_SIZE: dict[str, Build] = {
    "SegNet, full size": SegNet,
    "U-Net, full size": lambda num_classes: UNet(3, num_classes, padded=True, batch_norm=True),
}
