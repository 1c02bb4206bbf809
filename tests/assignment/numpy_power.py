# The costs with NumPy's functions where TensorFlow's were meant.
import numpy as np
import tensorflow as tf
from nst_utils import *

random = np.random.RandomState(2)
C, G = (random.normal(1, 4, (1, 4, 5, 3)).astype('float32') for _ in range(2))


def compute_content_cost(a_C, a_G):
    m, n_H, n_W, n_C = a_G.get_shape().as_list()
    a_C_unrolled = tf.reshape(a_C, [n_H * n_W, n_C])
    a_G_unrolled = tf.reshape(a_G, [n_H * n_W, n_C])
    return (1 / (4 * n_H * n_W * n_C)) * tf.reduce_sum(np.power(a_C_unrolled - a_G_unrolled, 2))


def compute_layer_style_cost(a_S, a_G):
    m, n_H, n_W, n_C = a_G.get_shape().as_list()
    GS, GG = (tf.matmul(a, a, transpose_a=True) for a in (tf.reshape(a_S, [-1, n_C]), tf.reshape(a_G, [-1, n_C])))
    squares = np.square(np.subtract(GS, GG))
    return np.multiply(tf.reduce_sum(squares), np.divide(1, 4 * np.power(n_C, 2) * np.power(n_H * n_W, 2)))


with tf.Session() as sess:
    a_C, a_G = tf.placeholder(tf.float32, C.shape), tf.constant(G)
    print("J_content = " + str(sess.run(compute_content_cost(a_C, a_G), feed_dict={a_C: C})))
    print("J_style = " + str(sess.run(compute_layer_style_cost(a_C, a_G), feed_dict={a_C: C})))
