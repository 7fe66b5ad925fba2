"""Changes that any file can suffer: bytes lost, replaced or added."""

from fuzz.effects import BREAKS, CHANGES, Mutation


def missing(rng, path):
    path.unlink()
    return Mutation("missing", BREAKS)


def folder(rng, path):
    path.unlink()
    path.mkdir()
    return Mutation("a folder", BREAKS)


def empty(rng, path):
    path.write_bytes(b"")
    return Mutation("empty", BREAKS)


def rubbish(rng, path):
    path.write_bytes(rng.bytes(int(rng.integers(1, 5000))))
    return Mutation("rubbish", BREAKS)


def truncated(rng, path):
    content = path.read_bytes()
    kept = int(rng.integers(0, len(content)))
    path.write_bytes(content[:kept])
    return Mutation(f"cut to {kept} of {len(content)} bytes", CHANGES)


def flipped(rng, path):
    content = bytearray(path.read_bytes())
    places = rng.integers(0, len(content), int(rng.integers(1, 9)))
    for place in places:
        content[place] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)
    return Mutation(f"bits flipped at {sorted(places.tolist())}", CHANGES)


def overwritten(rng, path):
    content = bytearray(path.read_bytes())
    start = int(rng.integers(0, len(content)))
    length = min(int(rng.integers(1, 600)), len(content) - start)
    content[start : start + length] = bytes(length) if rng.random() < 0.5 else rng.bytes(length)
    path.write_bytes(content)
    return Mutation(f"{length} bytes overwritten at {start}", CHANGES)


def beginning_overwritten(rng, path):
    """Where formats keep their structure."""
    content = bytearray(path.read_bytes())
    for place in rng.integers(0, min(len(content), 3000), int(rng.integers(1, 4))):
        content[place] = int(rng.integers(256))
    path.write_bytes(content)
    return Mutation("bytes near the beginning replaced", CHANGES)


def moved(rng, path):
    content = path.read_bytes()
    start, stop = sorted(rng.integers(0, len(content) + 1, 2).tolist())
    place = int(rng.integers(0, len(content) + 1))
    path.write_bytes(content[:place] + content[start:stop] + content[place:])
    return Mutation(f"bytes {start}..{stop} again at {place}", CHANGES)


def inserted(rng, path):
    content = path.read_bytes()
    place = int(rng.integers(0, len(content) + 1))
    path.write_bytes(content[:place] + rng.bytes(int(rng.integers(1, 9))) + content[place:])
    return Mutation(f"bytes inserted at {place}", CHANGES)


ALL = (missing, folder, empty, rubbish, truncated, truncated, flipped, flipped, overwritten, beginning_overwritten)
ALL += (moved, inserted)
