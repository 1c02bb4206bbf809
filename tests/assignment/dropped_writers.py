# Pictures of floating-point numbers written by imageio, and filters of Pillow by their old names.
import warnings
import imageio
from nst_utils import *

random = np.random.RandomState(12)
unit = random.uniform(0, 1, (4, 5, 3))
image = random.uniform(-20, 300, (4, 5, 3)).astype('float32')
with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    imageio.imwrite('output/unit.png', unit)
    imageio.imsave('output/image.png', image)
    imageio.imwrite('output/whole.bmp', (unit * 1000).astype(int))
    imageio.imwrite('output/grey', unit[:, :, 0], format='png')
    imageio.imwrite('output/bytes.png', (unit * 255).astype('uint8'))
    imageio.imwrite('output/float.tif', image)
    print("float.tif = " + str(float(np.abs(imageio.imread('output/float.tif') - image).max())))
for name in ('unit.png', 'image.png', 'whole.bmp', 'grey', 'bytes.png'):
    print(name + " = " + str(np.array(Image.open('output/' + name)).tolist()))
picture = Image.open('output/bytes.png')
for old, new in [('ANTIALIAS', Image.LANCZOS), ('CUBIC', Image.BICUBIC), ('LINEAR', Image.BILINEAR)]:
    small = picture.resize((3, 2), getattr(Image, old))
    print(old + " = " + str(np.array(small).tolist() == np.array(picture.resize((3, 2), new)).tolist()))
