# The cost of the style in a `with` session, which is the default one there.
from nst_utils import *

CONFIG.IMAGE_WIDTH, CONFIG.IMAGE_HEIGHT = 24, 18
STYLE_LAYERS = [('conv1_1', 0.5), ('conv3_1', 0.3), ('conv5_1', 0.2)]
random = np.random.RandomState(15)
style, image = (random.uniform(-100, 100, (1, 18, 24, 3)).astype('float32') for _ in range(2))


def gram(activations):
    rows = activations.reshape(-1, activations.shape[-1]).astype('float64')
    return rows.T.dot(rows)


def by_hand(of_style, of_image):
    total = 0
    for (_, weight), a_S, a_G in zip(STYLE_LAYERS, of_style, of_image):
        total += weight * ((gram(a_S) - gram(a_G)) ** 2).sum() / (4. * a_S.size ** 2)
    return total


model = load_vgg_model('pretrained-model/imagenet-vgg-verydeep-19.mat')
layers = [model[name] for name, _ in STYLE_LAYERS]
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run(model['input'].assign(style))
    of_style = sess.run(layers)
    J_style = compute_style_cost(model, STYLE_LAYERS)
    sess.run(model['input'].assign(image))
    print("J_style = " + str(float(sess.run(J_style))))
    print("by hand = " + str(by_hand(of_style, sess.run(layers))))
