"""Video stylisation: footage, scenes, optical flow, and the painting of frames."""
