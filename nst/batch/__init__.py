"""Many pictures in one run, on this machine or on a cluster: `python -m nst.batch`."""
