"""Moving pictures: frames, scenes, optical flow, and the painting of a video."""
