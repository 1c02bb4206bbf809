# The script's own functions come first, the star import after them; and once more.
import functools


def traced(function):
    @functools.wraps(function)
    def call(*args):
        return 'traced ' + function(*args)
    return call


def compute_style_cost(model, STYLE_LAYERS):
    return 'my style cost'


@traced
def gram_matrix(A):
    return 'my gram matrix'


total_cost = lambda J_content, J_style: 'my total cost'


class CONFIG:
    IMAGE_WIDTH = 111


np = 'no function of mine'

from nst_utils import *

print("style = " + compute_style_cost({}, []))
print("gram = " + gram_matrix(None))
print("total = " + total_cost(1, 2))
print("width = " + str(CONFIG.IMAGE_WIDTH))
print("np = " + np.__name__)
print("layer = " + compute_layer_style_cost.__module__)

from nst_utils import *

print("style again = " + compute_style_cost({}, []))
del compute_style_cost
from nst_utils import *

print("deleted = " + compute_style_cost.__module__)
