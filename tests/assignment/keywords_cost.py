# Costs and variables in TensorFlow 1's keywords, beside calls in the manner of today.
from nst_utils import *

values = np.random.RandomState(7).uniform(0, 1, (1, 3, 4, 2)).astype('float32')


class Shifted(tf.constant_initializer):
    def __init__(self, shift, dtype):
        super(Shifted, self).__init__(shift + 0.5)


def gram(features):
    channels = int(features.get_shape()[3])
    rows = tf.reshape(features, [-1, channels])
    return tf.matmul(rows, rows, transpose_a=True)


with tf.name_scope(None, default_name="cost", values=[values]) as scope:
    image = tf.get_variable("image", shape=values.shape,
                            initializer=tf.constant_initializer(0.5, dtype=tf.float32))
    noise = tf.get_variable("noise", shape=[3], initializer=tf.random_normal_initializer(0.0, 0.5, dtype=tf.float32))
    shift = tf.get_variable("shift", shape=[2], initializer=Shifted(0.25, dtype=tf.float32))
    zeros = tf.zeros_like(tensor=image)
    J = tf.reduce_sum(tf.square(gram(image) - gram(tf.constant(values, verify_shape=True))), keep_dims=False)
    tv = tf.reduce_sum(tf.abs(image - values), [1, 2], keepdims=True)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    slope = tf.gradients(ys=J, xs=image, colocate_gradients_with_ops=True)[0]
    print("scope = " + scope)
    print("J = " + str(float(sess.run(J))))
    print("gradient = " + str(sess.run(slope).tolist()))
    print("tv = " + str(sess.run(tv).tolist()))
    print("zeros = " + str(float(np.abs(sess.run(zeros)).max())))
    print("drawn = " + str(bool(np.ptp(sess.run(noise)) > 0)))
    print("shift = " + str(sess.run(shift).tolist()))
