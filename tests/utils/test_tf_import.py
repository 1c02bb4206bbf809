"""Importing TensorFlow without its messages, without Keras, and without a trace."""

import os
import subprocess
import sys

from tests.conftest import ROOT

PROGRAM = """
import os, sys
from nst.utils import tf_import
with tf_import.tensorflow():
    import tensorflow as tf
print("keras" in sys.modules and tuple(map(int, tf.__version__.split(".")[:2])) >= (2, 16))
print("TF_USE_LEGACY_KERAS" in os.environ, "KERAS_HOME" in os.environ)
print(os.listdir(os.path.expanduser("~")))
print(tf.keras.layers.Dense(2)(tf.zeros((1, 3))).shape)
"""


def test_keras_is_not_imported_until_it_is_used_and_the_home_folder_stays_empty(tmp_path):
    """A user without a home folder found one called `~`, with Keras' settings, in the current one."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["False", "False False", "[]", "(1, 2)"]


def test_the_users_own_setting_is_kept(monkeypatch):
    from nst.utils import tf_import

    for value in ("0", "1"):
        monkeypatch.setenv("TF_USE_LEGACY_KERAS", value)
        with tf_import.tensorflow():
            assert tf_import.os.environ["TF_USE_LEGACY_KERAS"] == value
        assert tf_import.os.environ["TF_USE_LEGACY_KERAS"] == value
