"""Mistakes written as learners write them, unlike the versions in `wrong=`."""

from tests.checks.wrong import channels, conv2d, edge_kernel, output_size, small, windows  # noqa: F401  they fill it
from tests.checks.wrong.bank import WRONG

__all__ = ["WRONG"]
