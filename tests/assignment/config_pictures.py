# The module's own pictures, opened from a folder that does not have them, in all the ways that scripts do.
import imageio
from nst_utils import *

for name in (CONFIG.CONTENT_IMAGE, CONFIG.STYLE_IMAGE):
    pictures = [scipy.misc.imread(name), plt.imread(name), np.array(Image.open(name)), imageio.imread(name)]
    print(os.path.basename(name) + " = " + str([list(picture.shape) for picture in pictures]))
    print("same " + os.path.basename(name) + " = " + str(all((p == pictures[2]).all() for p in pictures)))
print("there = " + str(os.path.isdir('images')))
