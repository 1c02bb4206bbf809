"""Neural style transfer as an optimisation, in TF1 graph style: the library behind `nst_main.py`.

Importing this package imports no TensorFlow and changes no global state; see `nst.run.stylize` for the one
call that the command, notebooks and servers share.
"""

__version__ = "0.1.0"
