"""Random numbers that are a function of (seed, purpose, ids) alone.

Nothing here has state, so a draw does not depend on the thread, block or process that makes it. Bulk draws inside
numba kernels use :func:`uniform_at` (SplitMix64, Steele et al. 2014, doi:10.1145/2660193.2660195); everything else uses
a numpy generator on a Philox stream from :func:`generator`.
"""

import hashlib

import numpy as np
from numba import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2**-53


def _digest(seed, keys, size):
    words = [f"i{int(key)}" if isinstance(key, (int, np.integer)) else f"s{key}" for key in keys]
    text = "\x1f".join([str(int(seed)), *words])
    return hashlib.blake2b(text.encode(), digest_size=size).digest()


def generator(seed, *keys):
    """Numpy generator of the stream named by a seed and any number of strings and integers.

    >>> generator(153, "lgn_spikes", "angle45", 0).random() == generator(153, "lgn_spikes", "angle45", 0).random()
    True
    """
    words = np.frombuffer(_digest(seed, keys, 16), dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=words))


def stream_key(seed, *keys):
    """64-bit key of a stream, for the kernels (numpy.uint64)."""
    return np.frombuffer(_digest(seed, keys, 8), dtype=np.uint64)[0]


@njit(inline="always")
def mix(z):
    """SplitMix64's finaliser: a bijection of the 64-bit integers that spreads every bit."""
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


@njit(inline="always")
def fork(key, index):
    """Key of the stream that belongs to one id under a key."""
    return mix(np.uint64(key) + (np.uint64(index) + np.uint64(1)) * _GOLDEN)


@njit(inline="always")
def uniform_at(key, counter):
    """The counter-th number of a stream, uniform on the open interval (0, 1)."""
    bits = mix(np.uint64(key) + (np.uint64(counter) + np.uint64(1)) * _GOLDEN)
    return (np.float64(bits >> np.uint64(11)) + 0.5) * _TO_UNIT


@njit(nogil=True, cache=True)
def uniforms(key, ids, count):
    """Uniform numbers of several ids.

    Parameters
    ----------
    key : numpy.uint64
        From :func:`stream_key`.
    ids : array of int, shape (n,)
    count : int
        Draws for each id.

    Returns
    -------
    array of float, shape (n, count), in (0, 1)
    """
    out = np.empty((len(ids), count))
    for i in range(len(ids)):
        own = fork(key, ids[i])
        for j in range(count):
            out[i, j] = uniform_at(own, j)
    return out
