"""Run a function over blocks of cells on several threads, results in order, few of them in memory at once."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor


def block_bounds(n, size):
    """Bounds (start, stop) of the blocks that cover ``range(n)``.

    >>> block_bounds(5, 2)
    [(0, 2), (2, 4), (4, 5)]
    """
    return [(start, min(start + size, n)) for start in range(0, n, size)]


def in_order(function, bounds, threads):
    """Yield ``function(start, stop)`` of each block in order, with at most ``threads + 1`` blocks under way.

    The functions release the GIL where the work is, so plain threads serve.
    """
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque()
        for start, stop in bounds:
            waiting.append(pool.submit(function, start, stop))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
