# tf.losses and tf.metrics, and what they collect.
from nst_utils import *

random = np.random.RandomState(10)
labels, predictions = (random.uniform(-2, 2, (3, 4)).astype('float32') for _ in range(2))
tf.losses.mean_squared_error(labels=labels, predictions=predictions)
tf.losses.absolute_difference(labels, predictions, weights=0.5)
tf.losses.huber_loss(labels, predictions, delta=1.0)
total = tf.losses.get_total_loss()
mean, update = tf.metrics.mean(tf.constant(labels))
with tf.Session() as sess:
    sess.run(tf.initializers.global_variables())
    sess.run(tf.local_variables_initializer())
    print("losses = " + str([float(sess.run(loss)) for loss in tf.losses.get_losses()]))
    print("total = " + str(float(sess.run(total))))
    sess.run(update)
    print("mean = " + str(float(sess.run(mean))))
