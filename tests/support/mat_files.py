"""MATLAB files with the layers of a test, and the sentence with which one is refused."""

import pytest
import scipy.io

from nst.weights import matconvnet
from nst.weights.network import WeightsError
from tests.support import fake_vgg


def save(path, structs=None, *, compress=False, **variables):
    """A .mat file with these layers, which may be anything, and other variables."""
    if structs is not None:
        variables["layers"] = fake_vgg.cell(structs)
    scipy.io.savemat(path, variables, do_compression=compress)
    return path


def structs(change=(), **made):
    """Structs of a tiny network; `change` replaces the (kernel, bias) of layers, None takes a layer out."""
    pairs = {**fake_vgg.layers(**made), **dict(change)}
    return [fake_vgg.conv_struct(name, *pair) for name, pair in pairs.items() if pair is not None]


def refusal(path):
    """The sentence with which a file is refused: one line with the file's name."""
    with pytest.raises(WeightsError) as caught:
        matconvnet.read(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence
