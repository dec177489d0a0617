"""NumPy users pay for NumPy only."""

import subprocess
import sys

PROGRAM = """
import sys
import numpy as np
from cnncourse import ops

x = np.ones((2, 5, 7))
ops.conv2d_channels(x, np.ones((3, 2, 2, 2)), np.zeros(3), padding=1)
ops.relu(ops.conv2d(x, np.ones((2, 3))))
ops.max_pool2d(x, 2), ops.avg_pool2d(x, 2), ops.receptive_field([(3, 1)])
list(ops.conv2d_steps(x, x)), list(ops.max_pool2d_steps(x[0], 2))
print([name for name in ("torch", "scipy", "matplotlib", "anywidget") if name in sys.modules])
"""


def test_arrays_are_computed_without_torch_or_scipy():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
