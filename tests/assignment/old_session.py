# An older script: one star import, a `with` session, placeholders for the targets, names of early TensorFlow 1.
from nst_utils import *

CONFIG.IMAGE_WIDTH = 48
CONFIG.IMAGE_HEIGHT = 36
ALPHA, BETA = 10, 40
LAYERS = ['conv1_1', 'conv2_1', 'conv3_1', 'conv4_1', 'conv5_1']


def read(path):
    image = scipy.misc.imread(path)
    image = scipy.misc.imresize(image, (CONFIG.IMAGE_HEIGHT, CONFIG.IMAGE_WIDTH, 3))
    return reshape_and_normalize_image(image)


def gram(a):
    channels = a.get_shape()[3].value
    rows = tf.reshape(a, [-1, channels])
    return tf.matmul(rows, rows, transpose_a=True)


def paint(num_iterations=6):
    tf.set_random_seed(1)
    content, style = read('images/louvre_small.jpg'), read('images/monet.jpg')
    with tf.Session() as sess:
        net = load_vgg_model('pretrained-model/imagenet-vgg-verydeep-19.mat')
        sess.run(tf.initialize_all_variables())

        shape = net['conv4_2'].get_shape().as_list()
        wanted = tf.placeholder(tf.float32, shape)
        content_cost = tf.reduce_sum(tf.pow(net['conv4_2'] - wanted, 2)) / (4 * shape[1] * shape[2] * shape[3])
        grams = [tf.placeholder(tf.float32, gram(net[name]).get_shape()) for name in LAYERS]
        style_cost = 0.0
        for name, target in zip(LAYERS, grams):
            count = tf.to_float(tf.size(net[name]))
            style_cost += 0.2 * tf.reduce_sum(tf.square(gram(net[name]) - target)) / (4 * count * count)
        cost = ALPHA * content_cost + BETA * style_cost

        sess.run(net['input'].assign(content))
        feed = {wanted: sess.run(net['conv4_2'])}
        sess.run(net['input'].assign(style))
        feed.update(zip(grams, sess.run([gram(net[name]) for name in LAYERS])))

        rate = tf.train.exponential_decay(2.0, 0, 100, 0.96)
        step = tf.train.AdamOptimizer(rate).minimize(cost, var_list=[net['input']])
        saver = tf.train.Saver(tf.global_variables())
        sess.run(tf.initialize_all_variables())
        np.random.seed(0)
        sess.run(net['input'].assign(generate_noise_image(content, 0.4)))
        for i in range(num_iterations):
            sess.run(step, feed_dict=feed)
            print('Iteration %d :' % i)
            for title, tensor in [('total', cost), ('content', content_cost), ('style', style_cost)]:
                print('%s cost = %r' % (title, float(sess.run(tensor, feed_dict=feed))))
        image = sess.run(net['input'])
        saver.save(sess, os.path.join('output', 'picture.ckpt'))
    image = np.clip(image[0] + CONFIG.MEANS[0], 0, 255).astype('uint8')
    scipy.misc.imsave(os.path.join('output', 'painted.png'), image)
    plt.imshow(image)
    plt.savefig('output/figure.png')


def main(argv):
    paint()


if __name__ == '__main__':
    tf.app.run()
