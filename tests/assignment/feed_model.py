# Pictures are fed to the network's input; the variable keeps its own.
from nst_utils import *

CONFIG.IMAGE_WIDTH, CONFIG.IMAGE_HEIGHT = 24, 18
random = np.random.RandomState(8)
content, style = (random.uniform(-100, 100, (1, 18, 24, 3)).astype('float32') for _ in range(2))
model = load_vgg_model('pretrained-model/imagenet-vgg-verydeep-19.mat')


def compute_content_cost(a_C, a_G):
    m, n_H, n_W, n_C = a_G.get_shape().as_list()
    return tf.reduce_sum(tf.square(a_C - a_G)) / (4 * n_H * n_W * n_C)


def difference(a, b):
    return str(float(np.abs(a - b).max()))


with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run(model['input'].assign(content))
    a_C = sess.run(model['conv4_2'])
    J = compute_content_cost(a_C, model['conv4_2'])
    sess.run(model['input'].assign(style))
    a_S, J_style = sess.run([model['conv4_2'], J])
    fed = sess.run(model['conv4_2'], {model['input']: content})
    print("fed = " + difference(fed, a_C))
    print("kept = " + difference(model['conv4_2'].eval(), a_S))
    print("apart = " + difference(a_C, a_S))
    print("cost of content = " + str(float(J.eval(feed_dict={model['input']: content}))))
    print("cost of style = " + str(float(sess.run(J, feed_dict={model['input']: style}) - J_style)))
    seen, deep = sess.run([model['input'], model['conv1_1']], feed_dict={model['input']: content})
    print("seen = " + difference(seen, content))
    print("held = " + difference(sess.run(model['input']), style))
    gradient, = tf.gradients(J, model['input'])
    print("slope at content = " + str(float(np.abs(sess.run(gradient, {model['input']: content})).max())))
    print("slope at style = " + str(bool(np.abs(sess.run(gradient)).max() > 0)))
