# A notebook of the assignment, exported as a script: every function is written by the student.

# In[1]:
import os
import sys
import scipy.io
import scipy.misc
import matplotlib.pyplot as plt
from matplotlib.pyplot import imshow
from PIL import Image
from nst_utils import *
import numpy as np
import tensorflow as tf
import pprint

# In[2]: the network
pp = pprint.PrettyPrinter(indent=4)
model = load_vgg_model("pretrained-model/imagenet-vgg-verydeep-19.mat")
pp.pprint(model)

# In[3]: look at the content
content_image = scipy.misc.imread("images/louvre_small.jpg")
imshow(content_image);


# In[4]: the content cost
def compute_content_cost(a_C, a_G):
    m, n_H, n_W, n_C = a_G.get_shape().as_list()
    difference = tf.subtract(tf.reshape(a_C, [m, n_H * n_W, n_C]), tf.reshape(a_G, [m, n_H * n_W, n_C]))
    return tf.reduce_sum(tf.square(difference)) / (4 * n_H * n_W * n_C)


# In[5]: try it, as the grader does
tf.reset_default_graph()

with tf.Session() as test:
    tf.set_random_seed(1)
    a_C = tf.random_normal([1, 4, 4, 3], mean=1, stddev=4)
    a_G = tf.random_normal([1, 4, 4, 3], mean=1, stddev=4)
    print("J_content of two random tensors = " + str(compute_content_cost(a_C, a_G).eval()))


# In[6]: the style cost
def gram_matrix(A):
    return tf.matmul(A, tf.transpose(A))


def compute_layer_style_cost(a_S, a_G):
    m, n_H, n_W, n_C = a_G.get_shape().as_list()
    rows_S = tf.transpose(tf.reshape(a_S, [n_H * n_W, n_C]))
    rows_G = tf.transpose(tf.reshape(a_G, [n_H * n_W, n_C]))
    factor = 1. / (4 * n_C**2 * (n_H * n_W)**2)
    return factor * tf.reduce_sum(tf.squared_difference(gram_matrix(rows_S), gram_matrix(rows_G)))


STYLE_LAYERS = [
    ('conv1_1', 0.2),
    ('conv2_1', 0.2),
    ('conv3_1', 0.2),
    ('conv4_1', 0.2),
    ('conv5_1', 0.2)]


def compute_style_cost(model, STYLE_LAYERS):
    J_style = 0
    for layer_name, coeff in STYLE_LAYERS:
        a_S = sess.run(model[layer_name])
        J_style += coeff * compute_layer_style_cost(a_S, model[layer_name])
    return J_style


# In[7]: the total cost
def total_cost(J_content, J_style, alpha=10, beta=40):
    return alpha * J_content + beta * J_style


np.random.seed(3)
print("J = " + str(total_cost(np.random.randn(), np.random.randn())))

# In[8]: everything together
tf.reset_default_graph()
sess = tf.InteractiveSession()

content_image = reshape_and_normalize_image(scipy.misc.imread("images/louvre_small.jpg"))
style_image = reshape_and_normalize_image(scipy.misc.imread("images/monet.jpg"))
generated_image = generate_noise_image(content_image)
imshow(generated_image[0])

model = load_vgg_model("pretrained-model/imagenet-vgg-verydeep-19.mat")

sess.run(model['input'].assign(content_image))
out = model['conv4_2']
J_content = compute_content_cost(sess.run(out), out)

sess.run(model['input'].assign(style_image))
J_style = compute_style_cost(model, STYLE_LAYERS)

J = total_cost(J_content, J_style, alpha=10, beta=40)
train_step = tf.train.AdamOptimizer(2.0).minimize(J)


# In[9]: the loop
def model_nn(sess, input_image, num_iterations=200):
    sess.run(tf.global_variables_initializer())
    sess.run(model['input'].assign(input_image))
    for i in range(num_iterations):
        sess.run(train_step)
        generated_image = sess.run(model['input'])
        if i % 20 == 0:
            Jt, Jc, Js = sess.run([J, J_content, J_style])
            print("Iteration " + str(i) + " :")
            print("total cost = " + str(Jt))
            print("content cost = " + str(Jc))
            print("style cost = " + str(Js))
            save_image("output/" + str(i) + ".png", generated_image)
    save_image('output/generated_image.jpg', generated_image)
    return generated_image


model_nn(sess, generated_image, num_iterations=21)
