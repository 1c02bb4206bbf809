# A script that paints small: Pillow scales the pictures, CONFIG is changed to fit, and nst_utils has the costs.
import nst_utils
from nst_utils import CONFIG, load_vgg_model, reshape_and_normalize_image, generate_noise_image, save_image
from nst_utils import compute_content_cost, compute_style_cost, total_cost
import numpy as np
import tensorflow as tf
from PIL import Image

tf.logging.set_verbosity(tf.logging.ERROR)

CONFIG.IMAGE_WIDTH, CONFIG.IMAGE_HEIGHT = 48, 36
CONFIG.NOISE_RATIO = 0.25


def load(path):
    picture = Image.open(path).convert('RGB').resize((CONFIG.IMAGE_WIDTH, CONFIG.IMAGE_HEIGHT))
    return reshape_and_normalize_image(np.array(picture))


content = load('images/louvre_small.jpg')
style = load('images/monet.jpg')
np.random.seed(7)
start = generate_noise_image(content)

config = tf.ConfigProto(gpu_options=tf.GPUOptions(allow_growth=True))
sess = tf.InteractiveSession(config=config)
model = load_vgg_model(CONFIG.VGG_MODEL)

sess.run(model['input'].assign(content))
J_content = compute_content_cost(sess.run(model['conv4_2']), model['conv4_2'])
sess.run(model['input'].assign(style))
J_style = compute_style_cost(model, [('conv1_1', 0.5), ('conv2_1', 0.3), ('conv4_1', 0.2)])
J = total_cost(J_content, J_style, alpha=5, beta=100)

global_step = tf.train.get_or_create_global_step()
step = tf.train.AdamOptimizer(learning_rate=1.5).minimize(J, global_step=global_step)

tf.global_variables_initializer().run()
model['input'].assign(start).eval()
for i in range(1, 11):
    sess.run(step)
    if i % 5 == 0:
        print('Iteration', i - 1, ':')
        print('total cost =', J.eval())
        print('content cost =', J_content.eval())
        print('style cost =', J_style.eval())
        save_image(CONFIG.OUTPUT_DIR + '%03d.png' % i, model['input'].eval())
print('steps made =', tf.train.global_step(sess, global_step))
