# A picture in a variable, painted down a cost that NumPy's functions make of it.
from nst_utils import *

target = np.random.RandomState(4).uniform(-1, 1, (2, 3)).astype('float32')
image = tf.Variable(np.zeros((2, 3), 'float32'))
J = tf.reduce_mean(np.power(np.multiply(image, 1) - target, 2))
train_step = tf.train.GradientDescentOptimizer(0.6).minimize(J)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for i in range(4):
        sess.run(train_step)
        print("cost %d = %r" % (i, float(sess.run(J))))
    print("image = " + str(sess.run(image).tolist()))
    try:
        np.sqrt(image)
    except (AttributeError, TypeError) as error:
        print("sqrt = " + type(error).__name__)
