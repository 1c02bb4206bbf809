# Variables of the script's own are fed.
from nst_utils import *

a = tf.Variable([1., 2., 3.])
b = tf.get_variable('b', shape=[3], initializer=tf.constant_initializer(10.))
with tf.variable_scope('scope'):
    c = tf.get_variable('c', [3], initializer=tf.zeros_initializer(), trainable=False)
total = a * 2 + b + c[1] + tf.identity(a)
doubled = tf.add(a, a)
counted = a.assign_add([1., 1., 1.])
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print("as it is = " + str(sess.run(total).tolist()))
    print("fed = " + str(sess.run(total, feed_dict={a: [0., 0., 1.], c: np.array([5, 6, 7])}).tolist()))
    print("both = " + str([x.tolist() for x in sess.run([doubled, total], {a: [4, 4, 4], b: [0, 0, 0]})]))
    print("eval = " + str(doubled.eval({a: [7., 8., 9.]}).tolist()))
    print("fetched = " + str(sess.run(a, feed_dict={a: [7., 8., 9.]}).tolist()))
    handle = sess.partial_run_setup([doubled, total], [a])
    print("partial = " + str(sess.partial_run(handle, doubled, {a: [1., 1., 1.]}).tolist()))
    print("after = " + str(sess.run([a, b])[0].tolist()))
    sess.run(counted)
    print("counted = " + str(sess.run(a).tolist()))
    try:
        sess.run(total, feed_dict={a: [1., 2.]})
    except ValueError as error:
        print("refused = " + str(error)[:31])
