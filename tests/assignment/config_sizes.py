# Pictures of another size than CONFIG says.
from nst_utils import *

CONFIG.IMAGE_WIDTH, CONFIG.IMAGE_HEIGHT = 24, 18
large = reshape_and_normalize_image(np.zeros((30, 40, 3), 'uint8'))
model = load_vgg_model('pretrained-model/imagenet-vgg-verydeep-19.mat')
sess = tf.InteractiveSession()
sess.run(tf.global_variables_initializer())
known = tf.placeholder(tf.float32, [1, None, 40, 3])


def refused(name, call):
    try:
        call()
        print(name + " = accepted")
    except ValueError as error:
        print(name + " = " + str(error))


refused("noise", lambda: generate_noise_image(large))
refused("too wide", lambda: generate_noise_image(np.zeros((1, 18, 40, 3))))
refused("too high", lambda: generate_noise_image(np.zeros((1, 30, 24, 3))))
refused("assign", lambda: sess.run(model['input'].assign(large)))
refused("tf.assign", lambda: sess.run(tf.assign(model['input'], large)))
refused("tensor", lambda: model['input'].assign(known))
refused("fed", lambda: sess.run(model['conv1_1'], feed_dict={model['input']: large}))
CONFIG.IMAGE_WIDTH, CONFIG.IMAGE_HEIGHT = 40, 30
refused("changed too late", lambda: model['input'].assign(large))
refused("noise afterwards", lambda: generate_noise_image(large))
refused("no batch", lambda: generate_noise_image(large[0]))
refused("grey", lambda: reshape_and_normalize_image(np.zeros((30, 40), 'uint8')))
refused("with opacity", lambda: reshape_and_normalize_image(np.zeros((30, 40, 4), 'uint8')))
sess.close()
