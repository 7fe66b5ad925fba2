"""Names of results, from the rules' patterns: which names collide, and what a misspelt target may have meant.

No Snakemake in here. A product is a pair of a rule's name and one of its output patterns, wildcards with or without
their constraints: ``("plot_raster", "{network,tiny|small}/figures/raster_{variant}.png")``.
"""

import difflib
import itertools
import re
from functools import cache

WILDCARD = re.compile(r"\{(\w+)(?:,([^{}]*))?\}")
PLACES = ("network", "pool")
# Wildcards that hold names joined by _vs_.
LISTS = ("options", "variants")
BESIDE = "_vs_"
LATER_TRIAL = re.compile(r"_trial[1-9]")


@cache
def _values(wildcard, constraint, names):
    """What a wildcard can be: names of the config, or, without any, the alternatives of its constraint."""
    if names is not None:
        return [name for name in names if not constraint or re.fullmatch(constraint, name)]
    alternatives = (constraint or "").split("|")
    return alternatives if all(re.fullmatch(r"\w+", text) for text in alternatives) else [f"{{{wildcard}}}"]


def _filled(pattern, names, bound):
    """All texts of a pattern, each with the values of its wildcards; those that are bound have one value."""
    wildcards = {found[1]: found[2] for found in WILDCARD.finditer(pattern)}
    choices = [[bound[key]] if key in bound else _values(key, wildcards[key], names.get(key)) for key in wildcards]
    for chosen in itertools.product(*choices):
        values = dict(zip(wildcards, chosen, strict=True))
        yield WILDCARD.sub(lambda found, values=values: values[found[1]], pattern), {**bound, **values}


# --- collisions ----------------------------------------------------------------------------------------------------


def reserved_names(products, logs):
    """Folders at the top of the results and inside a network's folder: no names for a network.

    >>> sorted(reserved_names([("a", "{network}/metrics/x.csv"), ("b", "paradigms/{paradigm}.json")], ["logs/a.log"]))
    ['logs', 'metrics', 'paradigms']
    """
    tops = [path.split("/")[0] for path in [*logs, *(pattern for _, pattern in products)] if "/" in path]
    inside = [pattern.split("/")[1] for _, pattern in products if pattern.startswith("{") and pattern.count("/") > 1]
    return {name for name in [*tops, *inside] if "{" not in name}


def collisions(products, names):
    """Lines about results of two meanings that would have one name.

    Parameters
    ----------
    products : iterable of tuple of str
        Rule and pattern.
    names : dict of str to tuple of str
        Values of each wildcard that stands for names of the config.

    Returns
    -------
    list of str
        One line for each pair of names that collide.
    """
    names = {**names, "condition": names["condition"][:1]}
    made, found = {}, {}
    for rule, pattern in products:
        if LATER_TRIAL.search(pattern):
            continue
        for path, values in _filled(pattern, names, dict.fromkeys(PLACES, f"{{{PLACES[0]}}}")):
            meaning = (rule, tuple((key, value) for key, value in values.items() if key not in PLACES))
            other = made.setdefault(path, meaning)
            if other != meaning:
                # A name collides under every perturbation and in every file: once is enough.
                key = frozenset(value.partition("__")[0] for _, values in (other, meaning) for _, value in values)
                found.setdefault(key, f"{path} would be two results: {_told(other)}, and {_told(meaning)}; rename one")
    return list(found.values())


def _told(meaning):
    rule, values = meaning
    told = " and ".join(f"{key} {value}" for key, value in values if key != "condition")
    return f"that of {rule} with {told}" if told else f"that of {rule}"


# --- misspelt targets ----------------------------------------------------------------------------------------------


def nearest_target(target, products, names):
    """The target that a misspelt one may have meant, or None.

    Its folders are followed from the left, and in each the nearest name is taken.

    Parameters
    ----------
    target : str
    products, names
        As for :func:`collisions`.

    Examples
    --------
    >>> products = [("plot_raster", "{network}/figures/raster_{variant}.png")]
    >>> nearest_target("tniy/figures/raster_plan.png", products, {"network": ("tiny",), "variant": ("plain",)})
    'tiny/figures/raster_plain.png'
    """
    parts = target.split("/")
    open_ends = [(pattern.split("/"), {}) for _, pattern in products]
    open_ends = [(pieces, bound) for pieces, bound in open_ends if len(pieces) == len(parts)]
    taken = []
    for place, part in enumerate(parts):
        found = {}
        for pieces, bound in open_ends:
            texts = [*_filled(pieces[place], names, bound), *_listed(part, pieces[place], names, bound)]
            for text, values in texts:
                found.setdefault(text, []).append((pieces, values))
        near = [part] if part in found else difflib.get_close_matches(part, found, n=1)
        if not near:
            return None
        taken += near
        open_ends = found[near[0]]
    return "/".join(taken)


def _listed(part, piece, names, bound):
    """A name with several variants joined by _vs_, each the nearest there is."""
    wildcards = list(WILDCARD.finditer(piece))
    if BESIDE not in part or len(wildcards) != 1 or wildcards[0][1] not in LISTS:
        return
    name, before, after = wildcards[0][1], piece[: wildcards[0].start()], piece[wildcards[0].end() :]
    chunks = part.split(BESIDE)
    ends = [(before if i == 0 else "", after if i == len(chunks) - 1 else "") for i in range(len(chunks))]
    near = [
        difflib.get_close_matches(chunk, [f"{left}{value}{right}" for value in names[name]], n=1)
        for chunk, (left, right) in zip(chunks, ends, strict=True)
    ]
    if all(near):
        text = BESIDE.join(entry for (entry,) in near)
        yield text, {**bound, name: text.removeprefix(before).removesuffix(after)}
