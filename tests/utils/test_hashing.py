"""nst.utils.hashing against hashlib and known values, which stored runs are compared with."""

import hashlib
import json

import numpy as np

from nst.utils import hashing


def blake2b(data):
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def test_arrays_are_hashed_with_their_type_and_shape():
    array = np.arange(6, dtype=np.int16).reshape(2, 3)
    assert hashing.fingerprint(array) == blake2b(b"<i2(2, 3)" + array.tobytes())
    assert hashing.fingerprint(None, array[:, ::2]) == blake2b(b"none<i2(2, 2)" + array[:, ::2].tobytes())
    others = (array.reshape(3, 2), array.astype(np.uint16), array + 1)
    assert len({hashing.fingerprint(each) for each in (array, *others)}) == 4


def test_files_are_hashed_in_the_programs_way_and_in_hashlibs(tmp_path):
    data = np.random.default_rng(0).bytes(700_001)
    (tmp_path / "file").write_bytes(data)
    assert hashing.digest(tmp_path / "file") == hashing.data_digest(data) == blake2b(data)
    for algorithm in ("md5", "sha256"):
        assert hashing.digest(tmp_path / "file", algorithm) == hashlib.new(algorithm, data).hexdigest()


def test_the_order_of_a_documents_keys_does_not_matter():
    found = hashing.data_digest({"b": [1, None], "a": "é"})
    assert found == hashing.data_digest({"a": "é", "b": [1, None]})
    assert found == blake2b(json.dumps({"a": "é", "b": [1, None]}).encode())
