# Pictures turned, resized and written by scipy.misc, as it was.
import scipy.misc
from nst_utils import *

random = np.random.RandomState(11)
grey = random.randint(0, 256, (6, 8)).astype('uint8')
colours = random.randint(0, 256, (3, 6, 8)).astype('uint8')
values = random.uniform(-3, 5, (6, 8))

print("turned = " + str(scipy.misc.imrotate(grey, 90, interp='nearest').tolist()))
print("tilted = " + str(scipy.misc.imrotate(grey, 30).tolist()))
print("resized = " + str(scipy.misc.imresize(values, (3, 4), interp='bilinear', mode='F').tolist()))
print("bicubic = " + str(scipy.misc.imresize(np.rollaxis(colours, 0, 3), 0.5, 'bicubic', mode='RGB').tolist()))
first = scipy.misc.toimage(colours, channel_axis=0)
print("first = " + str([first.mode, list(first.size), np.array(first).tolist()]))
print("guessed = " + str(np.array(scipy.misc.toimage(colours)).tolist() == np.array(first).tolist()))
low = np.rollaxis(colours, 0, 3)[:3]
print("three high = " + str(np.array(scipy.misc.toimage(low)).tolist() == np.rollaxis(low, 0, 3).tolist()))
print("luma = " + str(scipy.misc.toimage(np.rollaxis(colours, 0, 3), mode='YCbCr').mode))
print("wide = " + str(np.array(scipy.misc.toimage(values, high=1000, low=10, mode='I')).tolist()))
palette = scipy.misc.toimage(grey, pal=np.arange(768).reshape(256, 3) % 256)
print("palette = " + str([palette.mode, np.array(palette.convert('RGB'))[0, 0].tolist()]))
print("mode P = " + str(np.array(scipy.misc.toimage(grey, mode='P').convert('RGB'))[1, 2].tolist()))
scipy.misc.imsave('output/scipy_named', values, format='png')
print("named = " + str(np.array(Image.open('output/scipy_named').convert('L')).tolist()))
print("kind = " + Image.open('output/scipy_named').format)
with open('output/scipy_file.bmp', 'wb') as file:
    scipy.misc.imsave(file, np.rollaxis(colours, 0, 3), 'bmp')
print("bmp = " + str(np.array(Image.open('output/scipy_file.bmp')).tolist() == np.rollaxis(colours, 0, 3).tolist()))
for name, call in [("shape", lambda: scipy.misc.toimage(np.zeros((5, 6, 7)))),
                   ("mode", lambda: scipy.misc.toimage(grey, mode='RGB'))]:
    try:
        call()
    except ValueError as error:
        print("refused " + name + " = " + str(error))
scipy.misc.imshow(grey)
print("shown = " + str(np.array(plt.gca().images[0].get_array()).tolist() == grey.tolist()))
