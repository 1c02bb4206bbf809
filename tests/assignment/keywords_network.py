# A small network of its own, in the keywords of TensorFlow 1.
from nst_utils import *

random = np.random.RandomState(5)
picture = random.uniform(-1, 1, (1, 6, 8, 3)).astype('float32')
W = random.uniform(-1, 1, (3, 3, 3, 2)).astype('float32')
b = random.uniform(-1, 1, 2).astype('float32')


def _conv2d_relu(prev_layer):
    conv = tf.nn.conv2d(prev_layer, filter=tf.constant(W), strides=[1, 1, 1, 1], padding='SAME')
    return tf.nn.relu(conv + tf.constant(np.reshape(b, (b.size))))


def _avgpool(prev_layer):
    return tf.nn.avg_pool(value=prev_layer, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='SAME')


with tf.Session() as sess:
    image = tf.Variable(picture, dtype=tf.float32)
    sess.run(tf.global_variables_initializer())
    conv = _conv2d_relu(image)
    pool = _avgpool(conv)
    kept = tf.nn.dropout(pool, keep_prob=1.0)
    half = tf.nn.dropout(tf.ones([400]), keep_prob=0.25, seed=3)
    print("conv = " + str(sess.run(conv).tolist()))
    print("pool = " + str(sess.run(kept).tolist()))
    print("dropout = " + str(sorted(set(sess.run(half).tolist()))))
    print("share = " + str(float(np.mean(sess.run(half) > 0))))
