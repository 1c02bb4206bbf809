# NumPy's names of that time, and a clock.
import time
from nst_utils import *

start = time.clock()
image = np.zeros((2, 3), dtype=np.float)
image += np.array([1.5, 2.5, 3.5]).astype(np.float_)
labels = np.arange(3, dtype=np.int).astype(np.bool)
names = np.array(['a', None], dtype=np.object)
print("types = " + str([str(image.dtype), labels.dtype.kind, names.dtype.kind, np.unicode('x'), np.complex(1).real]))
print("image = " + str(np.round_(image, 0).tolist()))
print("size = " + str(int(np.product(image.shape))))
print("scalar = " + str(np.asscalar(np.array([7]))))
print("rank = " + str(np.ndim(image)))
print("not = " + str([bool(np.isnan(np.NaN)), np.Inf > 1e300, bool(np.alltrue(labels)), bool(np.sometrue(labels))]))
sum(i * i for i in range(300000))
print("seconds = " + str(0 < time.clock() - start < 60))
