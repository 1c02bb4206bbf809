"""What `nst_utils` needs besides the engine: TensorFlow 1's behaviour, and functions that libraries have removed."""
