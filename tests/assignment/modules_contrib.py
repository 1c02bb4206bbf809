# The little of tf.contrib that such scripts call, and tf.layers.
from nst_utils import *
from tensorflow.contrib.layers import xavier_initializer

tf.set_random_seed(2)
W1 = xavier_initializer()([3, 3, 2, 4])
W2 = tf.contrib.layers.xavier_initializer(uniform=False, seed=1)([40, 60])
W3 = tf.get_variable("W3", [2, 3], initializer=tf.constant_initializer(2.),
                     regularizer=tf.contrib.layers.l2_regularizer(scale=0.1))
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    values = sess.run(W1)
    print("seed = " + str(tf.get_default_graph().get_operations()[3].get_attr("seed2")))
    print("limit = " + str(float(np.abs(values).max())))
    print("first = " + str(values[0, 0, 0].tolist()))
    print("deviation = " + str(float(sess.run(W2).std())))
    print("penalty = " + str(float(sess.run(tf.losses.get_regularization_loss()))))
    for part in ("slim", "layers.fully_connected"):
        try:
            found = tf.contrib
            for name in part.split("."):
                found = getattr(found, name)
            print(part + " = there")
        except AttributeError as error:
            print(part + " = " + str(error))
    try:
        print("flat = " + str(tf.layers.flatten(W1).get_shape().as_list()))
    except AttributeError as error:
        print("flat = " + str(error))
