"""Pictures and data sets to learn on."""

from .photographs import PHOTOGRAPHS, photograph

__all__ = ["PHOTOGRAPHS", "photograph"]
