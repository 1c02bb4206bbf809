"""What `nst_utils` stands on besides the engine: TensorFlow 1's names, and the functions that the notebooks call."""
