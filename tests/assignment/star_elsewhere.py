# The star import in a text of `exec`, in a module of the script's own, and what tools see of the names.
import importlib
import sys
import types
import nst_utils

text = """
def save_image(path, image):
    return 'my save_image'
from nst_utils import *
answer = save_image('', None), load_vgg_model.__module__
"""
space = {}
exec(text, space)
print("exec = " + str(space['answer']))
space, local = {'__name__': 'space'}, {}
exec(text, space, local)
print("locals = " + str(local['answer']))
with open('star_module.py', 'w') as file:
    file.write(text)
sys.path.insert(0, '.')
print("module = " + str(importlib.import_module('star_module').answer))
sys.path.remove('.')


def total_cost():
    pass


names = nst_utils.__all__
print("names here = " + str('total_cost' in names))
print("names = " + str(len(names)))
exec("found = __import__('nst_utils').__all__", {'__name__': 'tool'}, local)
print("names for tools = " + str([len(local['found']), 'total_cost' in local['found']]))
print("all there = " + str(all(hasattr(nst_utils, name) for name in local['found'])))
print("no such name = " + str(hasattr(nst_utils, 'no_such_name')))
again = importlib.reload(nst_utils)
print("reloaded = " + str(len(again.__all__)))
