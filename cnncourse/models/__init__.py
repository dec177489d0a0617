"""Networks, one paper a file: ordinary torch modules that take and return tensors [N, C, H, W].

Names are loaded when they are first used, so that ``import cnncourse.models`` brings in no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .classifiers import classic_cnn, simple_cnn
    from .conversion import to_fcn
    from .fcn import FCN8s, FCN16s, FCN32s
    from .pretrained import load_torchvision_vgg16
    from .segnet import SegNet, SegNetBasic
    from .sharing import linear_to_conv
    from .unet import UNet, center_crop, unet_output_size
    from .vgg import vgg16

_HOMES = {
    "FCN16s": "fcn",
    "FCN32s": "fcn",
    "FCN8s": "fcn",
    "SegNet": "segnet",
    "SegNetBasic": "segnet",
    "UNet": "unet",
    "center_crop": "unet",
    "classic_cnn": "classifiers",
    "linear_to_conv": "sharing",
    "load_torchvision_vgg16": "pretrained",
    "simple_cnn": "classifiers",
    "to_fcn": "conversion",
    "unet_output_size": "unet",
    "vgg16": "vgg",
}

__all__ = [
    "FCN8s",
    "FCN16s",
    "FCN32s",
    "SegNet",
    "SegNetBasic",
    "UNet",
    "center_crop",
    "classic_cnn",
    "linear_to_conv",
    "load_torchvision_vgg16",
    "simple_cnn",
    "to_fcn",
    "unet_output_size",
    "vgg16",
]


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module 'cnncourse.models' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return sorted([*globals(), *__all__])
