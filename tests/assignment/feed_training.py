# The cost of any picture is fed for, while the variable is trained, saved and restored.
from nst_utils import *

target = np.random.RandomState(9).uniform(-1, 1, (2, 2)).astype('float32')
picture = tf.Variable(np.zeros((2, 2), 'float32'), name='picture')
wanted = tf.placeholder(tf.float32, [2, 2])
J = tf.reduce_sum(tf.square(picture - wanted))
step = tf.train.MomentumOptimizer(0.1, 0.5).minimize(J)
saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for i in range(3):
        sess.run(step, feed_dict={wanted: target})
    trained = sess.run(picture)
    print("trained = " + str(trained.tolist()))
    print("cost of target = " + str(float(sess.run(J, {picture: target, wanted: target}))))
    print("cost of zeros = " + str(float(sess.run(J, {picture: np.zeros((2, 2)), wanted: target}))))
    saver.save(sess, os.path.join(os.getcwd(), 'fed.ckpt'))
    sess.run(picture.assign(target))
    sess.run(tf.global_variables_initializer())
    print("initialized = " + str(sess.run(picture).tolist()))
    saver.restore(sess, os.path.join(os.getcwd(), 'fed.ckpt'))
    print("restored = " + str(bool((sess.run(picture) == trained).all())))
