"""Mutations of HDF5 files: bytes, and datasets, groups and attributes."""

import h5py
import numpy as np

from fuzz import bytes_
from fuzz.effects import BREAKS, CHANGES, KEEPS, Mutation

HUGE = 10**12


def mutate(rng, path, target):
    """Change a file in place.

    Parameters
    ----------
    rng : numpy.random.Generator
    path : pathlib.Path
    target : fuzz.targets.Target
        Its ``fields`` are the datasets that its reader needs, with what they hold.

    Returns
    -------
    Mutation
    """
    if rng.random() < 0.3:
        return _pick(rng, bytes_.ALL)(rng, path)
    with h5py.File(path, "r+") as h5:
        names = _datasets(h5)
        needed = [name for name in target.fields if name in names]
        name = _pick(rng, needed if needed and rng.random() < 0.75 else names)
        return _pick(rng, DATASETS)(rng, h5, name, target)


def _pick(rng, items):
    return items[int(rng.integers(len(items)))]


def _datasets(h5):
    found = []
    h5.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found


def _effect(target, name, effect):
    """The effect where the dataset is needed, else none."""
    if name in target.fields:
        return effect
    return CHANGES if name in target.optional or target.closed else KEEPS


def _replace(h5, name, values, **options):
    attributes = dict(h5[name].attrs)
    del h5[name]
    data = h5.create_dataset(name, data=values, **options)
    data.attrs.update(attributes)


def removed(rng, h5, name, target):
    del h5[name]
    return Mutation(f"{name} removed", _effect(target, name, BREAKS))


def group_removed(rng, h5, name, target):
    parts = name.split("/")
    group = "/".join(parts[: int(rng.integers(1, len(parts) + 1))])
    lost = [field for field in target.fields if field == group or field.startswith(f"{group}/")]
    del h5[group]
    return Mutation(f"{group} removed", BREAKS if lost else CHANGES)


def renamed(rng, h5, name, target):
    h5.move(name, f"{name}s")
    return Mutation(f"{name} renamed", _effect(target, name, BREAKS))


def a_group(rng, h5, name, target):
    del h5[name]
    h5.create_group(name)
    return Mutation(f"{name} is a group", _effect(target, name, BREAKS))


def a_link(rng, h5, name, target):
    del h5[name]
    h5[name] = h5py.SoftLink("/nowhere") if rng.random() < 0.5 else h5py.ExternalLink("nowhere.h5", "/x")
    return Mutation(f"{name} is a link to nowhere", _effect(target, name, BREAKS))


def a_scalar(rng, h5, name, target):
    _replace(h5, name, h5[name][()].ravel()[0] if h5[name].size else 0)
    return Mutation(f"{name} is one value", _effect(target, name, BREAKS))


def a_matrix(rng, h5, name, target):
    values = h5[name][()]
    _replace(h5, name, np.stack([values, values], axis=int(rng.integers(values.ndim + 1))))
    return Mutation(f"{name} has another dimension", _effect(target, name, BREAKS))


def no_values(rng, h5, name, target):
    _replace(h5, name, h5[name][:0])
    return Mutation(f"{name} has no values", _effect(target, name, BREAKS))


def null_space(rng, h5, name, target):
    data = h5[name]
    dtype = data.dtype
    del h5[name]
    h5[name] = h5py.Empty(dtype)
    return Mutation(f"{name} has a null dataspace", _effect(target, name, BREAKS))


def shorter(rng, h5, name, target):
    _replace(h5, name, np.delete(h5[name][()], int(rng.integers(len(h5[name])))))
    return Mutation(f"{name} is a value shorter", _effect(target, name, BREAKS))


def longer(rng, h5, name, target):
    values = h5[name][()]
    _replace(h5, name, np.append(values, values[-1:]))
    return Mutation(f"{name} is a value longer", _effect(target, name, BREAKS))


def never_written(rng, h5, name, target):
    data = h5[name]
    had_values = data.size and bool(np.any(data[()] != 0))
    shape, dtype, attributes = data.shape, data.dtype, dict(data.attrs)
    del h5[name]
    chunked = rng.random() < 0.5
    new = h5.create_dataset(name, shape, dtype, chunks=True if chunked and shape[0] else None)
    new.attrs.update(attributes)
    return Mutation(f"{name} was never written", _effect(target, name, BREAKS) if had_values else CHANGES)


def huge(rng, h5, name, target):
    dtype = h5[name].dtype
    del h5[name]
    h5.create_dataset(name, (HUGE,), dtype, chunks=(1 << 16,))
    return Mutation(f"{name} has {HUGE} values", _effect(target, name, BREAKS))


def another_type(rng, h5, name, target):
    values = h5[name][()]
    makers = {
        "text": lambda v: np.full(v.shape, b"x"),
        "variable text": lambda v: np.full(v.shape, "x", dtype=h5py.string_dtype()),
        "complex": lambda v: v.astype(complex),
        "truth": lambda v: v.astype(bool),
        "compound": lambda v: np.zeros(v.shape, dtype=[("a", "i4"), ("b", "f8")]),
        "opaque": lambda v: np.zeros(v.shape, dtype="V4"),
        "arrays": lambda v: np.zeros(v.shape, dtype=[("a", "i4", (2,))]),
    }
    kind = _pick(rng, list(makers))
    _replace(h5, name, makers[kind](values))
    return Mutation(f"{name} holds {kind}", _effect(target, name, BREAKS))


def another_width(rng, h5, name, target):
    """The same numbers in another type, where it holds them exactly."""
    values = h5[name][()]
    kind = _pick(rng, ["i1", "u1", "<i2", ">i4", "<u4", "i8", ">u8", "<f2", ">f4", "f8", "<f8"])
    with np.errstate(all="ignore"):
        cast = values.astype(kind)
        exact = np.array_equal(cast.astype(object), values.astype(object))
    _replace(h5, name, cast)
    return Mutation(f"{name} is {kind}", KEEPS if exact else CHANGES)


def another_layout(rng, h5, name, target):
    values = h5[name][()]
    options = _pick(
        rng, [{"compression": "gzip"}, {"chunks": (7,)}, {"shuffle": True}, {"fletcher32": True}, {"maxshape": (None,)}]
    )
    if len(values) and values.ndim == 1:
        _replace(h5, name, values, **options)
    return Mutation(f"{name} stored with {options}", KEEPS)


def one_value(rng, h5, name, target):
    values = h5[name][()]
    floats = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf, "-1": -1.0, "1e300": 1e300, "0.5": 0.5, "0": 0.0}
    whole = {"-1": -1, "0": 0, "10**6": 10**6, "2**31": 2**31, "2**62": 2**62}
    known = floats if values.dtype.kind == "f" else whole
    key = _pick(rng, list(known))
    new = known[key]
    if new == -1 and values.dtype.kind == "u":
        values = values.astype(np.int64)
    if values.dtype.kind in "iu" and abs(new) > np.iinfo(values.dtype).max:
        values = values.astype(np.int64)
    place = int(rng.integers(len(values)))
    with np.errstate(over="ignore"):
        values[place] = new
    _replace(h5, name, values)
    return Mutation(
        f"{name}[{place}] is {key}",
        _effect(target, name, BREAKS if _is_faulty(target.fields.get(name), new) else CHANGES),
    )


def _is_faulty(kind, value):
    if kind in (None, "any"):
        return False
    if kind == "natural":
        return value < 0
    if kind == "id":
        return value < 0 or value >= 10**6
    return not np.isfinite(value) or (kind == "positive" and value < 0) or (kind == "time" and value < 0)


def shuffled(rng, h5, name, target):
    _replace(h5, name, rng.permutation(h5[name][()]))
    return Mutation(f"{name} in another order", _effect(target, name, CHANGES))


def attribute_changed(rng, h5, name, target):
    """An attribute of the file, a group or the dataset: removed, or of another type."""
    places = [h5, h5[name].parent, h5[name]]
    known = [(place, key) for place in places for key in place.attrs]
    if not known:
        return attribute_added(rng, h5, name, target)
    place, key = _pick(rng, known)
    new = _pick(
        rng,
        [None, b"x", "seconds", 7, -1.0, float("nan"), [1, 2, 3], [], "x" * 3000, h5py.Empty("f8"), True, ["a", "b"]],
    )
    del place.attrs[key]
    if new is not None:
        place.attrs[key] = new
    return Mutation(f"attribute {key} of {place.name} is {str(new)[:30]}", CHANGES)


def attribute_added(rng, h5, name, target):
    _pick(rng, [h5, h5[name].parent, h5[name]]).attrs["remark"] = _pick(rng, ["mine", 3, [1.5, 2], b"\xff"])
    return Mutation("attribute remark added", KEEPS)


def something_added(rng, h5, name, target):
    parent = h5[name].parent
    if rng.random() < 0.5:
        parent.create_dataset("remark", data=[1, 2, 3])
        return Mutation(f"{parent.name}/remark added", CHANGES if parent.name.endswith("/0") else KEEPS)
    h5.create_group("remarks/mine")["x"] = [1]
    return Mutation("a group added", KEEPS)


DATASETS = (
    *(removed, group_removed, renamed, a_group, a_link, a_scalar, a_matrix, no_values, null_space, shorter, longer),
    *(never_written, never_written, huge, another_type, another_type, another_width, another_layout),
    *(
        one_value,
        one_value,
        one_value,
        shuffled,
        attribute_changed,
        attribute_changed,
        attribute_added,
        something_added,
    ),
)
