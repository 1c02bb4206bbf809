# Cells of a notebook, run by IPython as a kernel runs them: the import's cell is run again after the student's.
import sys

from IPython.core.interactiveshell import InteractiveShell

argv, sys.argv = sys.argv, sys.argv[:1]
shell = InteractiveShell()
cells = [
    "from nst_utils import *",
    "theirs = compute_content_cost.__module__",
    "def compute_content_cost(a_C, a_G):\n    return 'my content cost'",
    "from nst_utils import *\nimport nst_utils",
    "mine, offered = compute_content_cost(1, 2), nst_utils.compute_content_cost.__module__",
    "session = tf.Session.__name__",
]
for cell in cells:
    shell.run_cell(cell).raise_error()
for name in ('theirs', 'mine', 'offered', 'session'):
    print(name + " = " + shell.user_ns[name])
sys.argv = argv
