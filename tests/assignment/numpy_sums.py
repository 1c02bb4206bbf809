# NumPy's sums over lists of tensors, and of one tensor, which is what it was.
from nst_utils import *

values = np.random.RandomState(3).uniform(1, 2, (3, 2)).astype('float32')
with tf.Session():
    costs = [tf.reduce_sum(tf.constant(row)) for row in values]
    print("sum = " + str(np.sum(costs).eval()))
    print("weighted = " + str(np.dot([0.5, 0.3, 0.2], costs).eval()))
    print("product = " + str(np.prod(costs).eval()))
    print("one = " + str(np.sum(tf.constant(values)).eval().tolist()))
    print("total = " + str(np.add(np.multiply(10, costs[0]), np.multiply(40, costs[1])).eval()))
    print("size = " + str(np.prod(tf.constant(values).get_shape().as_list())))
    print("negative = " + str(np.negative(np.abs(costs[2])).eval()))
    print("each = " + str([tensor.eval().tolist() for tensor in np.multiply(costs[0], values[1])]))
