# Random tensors of several kinds, with the graph's seed only.
import tensorflow as tf
from nst_utils import *

tf.reset_default_graph()
tf.set_random_seed(7)
sess = tf.InteractiveSession()
noise = tf.random_uniform([2, 3], -20, 20)
start = tf.truncated_normal([4], stddev=0.1)
order = tf.random_shuffle(tf.range(6))
print("seeds = " + str([list(tf.get_default_graph().get_operation_by_name(name).get_attr(seed)
                             for seed in ("seed", "seed2"))
                        for name in ("random_uniform/RandomUniform", "truncated_normal/TruncatedNormal",
                                     "RandomShuffle")]))
print("noise = " + str(noise.eval().tolist()))
print("start = " + str(start.eval().tolist()))
print("order = " + str(order.eval().tolist()))
sess.close()
