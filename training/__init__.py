"""How the preview network is distilled from VGG-19: its pictures, the fit layer by layer, and the training of all."""
