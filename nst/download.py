"""`python -m nst.download`: the command `nst-weights` in a checkout."""

from nst.cli.weights import run

if __name__ == "__main__":
    run()
