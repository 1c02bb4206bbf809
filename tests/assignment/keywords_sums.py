# TensorFlow 1's keywords for axes.
from nst_utils import *

values = np.random.RandomState(6).uniform(-1, 1, (2, 3, 1)).astype('float32')
x = tf.constant(values)
sess = tf.InteractiveSession()
print("sum = " + str(tf.reduce_sum(x, reduction_indices=[1], keep_dims=True).eval().tolist()))
print("mean = " + str(tf.reduce_mean(x, axis=[0, 1], keep_dims=True).eval().tolist()))
print("max = " + str(tf.reduce_max(x, reduction_indices=[0]).eval().tolist()))
print("norm = " + str(tf.norm(x, axis=1, keep_dims=True).eval().tolist()))
print("squeezed = " + str(tf.squeeze(x, squeeze_dims=[2]).eval().tolist()))
print("expanded = " + str(tf.expand_dims(x, dim=0).get_shape().as_list()))
print("largest = " + str(tf.argmax(x, dimension=1).eval().tolist()))
print("smallest = " + str(tf.argmin(x, dimension=0).eval().tolist()))
print("softmax = " + str(tf.nn.softmax(x, dim=1).eval().tolist()))
mean, variance = tf.nn.moments(x, axes=[0, 1], keep_dims=True)
print("variance = " + str(variance.eval().tolist()))
sess.close()
