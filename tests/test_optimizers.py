import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from nst import optimizers


def test_adam_equals_its_definition():
    """Kingma, Ba 2014, algorithm 1, on a quadratic with a known minimum."""
    start, minimum = np.array([3.0, -4.0], np.float32), np.array([1.0, 2.0], np.float32)
    with tf.Graph().as_default() as graph:
        variable = tf.Variable(start, use_resource=True)
        (gradient,) = tf.gradients(tf.reduce_sum((variable - minimum) ** 2), [variable])
        update = optimizers.adam(variable, gradient, 0.5)
        initialize = tf.global_variables_initializer()
    expected, first, second = start.astype(float), np.zeros(2), np.zeros(2)
    with tf.Session(graph=graph) as session:
        session.run(initialize)
        for step in range(1, 200):
            slope = 2 * (expected - minimum)
            first = 0.9 * first + 0.1 * slope
            second = 0.999 * second + 0.001 * slope**2
            expected = expected - 0.5 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
            session.run(update)
            if step in (1, 2, 10):
                np.testing.assert_allclose(session.run(variable), expected, rtol=1e-4)
        assert session.run(variable) == pytest.approx(minimum, abs=0.05)
