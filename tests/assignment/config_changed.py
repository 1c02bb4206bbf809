# CONFIG changed to the size of the pictures, one after the other, before anything is built.
from nst_utils import *

for width, height in [(40, 30), (25, 35)]:
    tf.reset_default_graph()
    CONFIG.IMAGE_WIDTH, CONFIG.IMAGE_HEIGHT = width, height
    content = reshape_and_normalize_image(np.full((height, width, 3), 100, 'uint8'))
    image = generate_noise_image(content, noise_ratio=0)
    model = load_vgg_model('pretrained-model/imagenet-vgg-verydeep-19.mat')
    with tf.Session() as sess:
        sess.run(tf.assign(model['input'], image))
        painted = sess.run(model['input'])
    print("%d x %d = %s" % (width, height, [list(painted.shape), float(np.abs(painted - content).max()) < 1e-4]))
