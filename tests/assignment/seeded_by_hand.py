# Seeds given by hand stay as they are, with and without a seed of the graph; a new graph begins anew.
from nst_utils import *


def draw(graph_seed, op_seed):
    with tf.Graph().as_default() as graph, tf.Session():
        if graph_seed is not None:
            tf.set_random_seed(graph_seed)
        values = tf.random_normal([3], seed=op_seed)
        random = [op for op in graph.get_operations() if op.type == "RandomStandardNormal"][0]
        return [random.get_attr("seed"), random.get_attr("seed2")], values.eval().tolist()


seeds, values = draw(1, 9)
print("both = " + str(seeds))
print("drawn = " + str(values))
print("by hand = " + str(draw(None, 9)[0]))
print("neither = " + str(draw(None, None)[0]))
print("again = " + str(draw(1, None) == draw(1, None)))
