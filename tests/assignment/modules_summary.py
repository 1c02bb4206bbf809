# Summaries for TensorBoard, written and read again.
from nst_utils import *

J = tf.placeholder(tf.float32, [], name='J')
picture = tf.constant(np.zeros((1, 4, 5, 3), 'float32'))
tf.summary.scalar('total_cost', J)
tf.summary.histogram('values', tf.stack([J, 2 * J]))
tf.summary.image('generated', picture, 1)
merged = tf.summary.merge_all()
with tf.Session() as sess:
    writer = tf.summary.FileWriter('logs', sess.graph)
    for i in range(3):
        writer.add_summary(sess.run(merged, feed_dict={J: 10. - i}), i)
    writer.close()
found = {}
for name in os.listdir('logs'):
    for event in tf.train.summary_iterator(os.path.join('logs', name)):
        for value in event.summary.value:
            found.setdefault(value.tag, []).append([event.step, value.simple_value or value.histo.sum or value.image.width])
for tag in sorted(found):
    print("%s = %s" % (tag, found[tag]))
