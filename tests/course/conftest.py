import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "course"))

TINY = '''\
# %% [markdown] id="title"
# # Tiny ${LESSON}
# From ${REPOSITORY}, at $5 or ${x}_{i}$ each.

# %% id="setup" tags=["setup"]
import matplotlib.pyplot as plt

# %% [markdown] id="task"
# ## Exercise
# Average the values.

# %% id="mean" tags=["exercise"]
def mean(values):
    """Average a list."""
    ### BEGIN SOLUTION
    total = sum(values)
    return total / max(len(values), 1)
    ### END SOLUTION

# %% id="print" tags=["nbval-check-output"]
print("two and", 2)

# %% id="draw" alt="A line that rises from 0 to 3"
plt.plot([0, 1, 3]);
'''


class Course:
    """A course of one lesson in an empty folder."""

    def __init__(self, root):
        self.root = root
        self.source = root / "course" / "07_tiny.py"
        self.lesson = root / "lessons" / "07_tiny.ipynb"
        self.solution = root / "solutions" / "07_tiny.ipynb"
        self.source.parent.mkdir()
        (root / "course" / "settings.toml").write_text('repository = "someone/somewhere"\n')
        self.source.write_text(TINY)

    def edit(self, before, after):
        text = self.source.read_text()
        assert text.count(before) == 1
        self.source.write_text(text.replace(before, after))


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path)
