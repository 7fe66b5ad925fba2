"""Which panels a figure target makes: those of ``panels.yaml`` that the networks and options under `make` allow.

No Snakemake in here: the rules and the tests import it alike.
"""

import itertools
import re
from pathlib import Path

import yaml

TABLE = Path(__file__).resolve().parent / "panels.yaml"
NOT_MADE = "not_made"
FIELD = re.compile(r"\{(\w+)\}")


def load_panels(path=TABLE):
    """The table of panels (dict)."""
    return yaml.safe_load(Path(path).read_text())


def figure_names(table):
    """Names of the figure targets."""
    return [name for name in table if name != NOT_MADE]


def chosen_panels(table, figures, make, pools, groups, lacking):
    """Panels to make, and what is left out.

    Parameters
    ----------
    table : dict
        From :func:`load_panels`.
    figures : sequence of str
        Names of figures in it.
    make : dict
        Section ``make`` of the config: ``networks`` (pools), ``options``, ``perturbation_groups``.
    pools : dict of str to list of str
        Networks of each pool.
    groups : dict of str to list of str
        Perturbations of each group.
    lacking : callable
        Of a network and an option: what the option needs there and does not have, or an empty text.

    Returns
    -------
    paths : list of str
    skipped : list of str
        A line for each kind of panel that is left out, and what it needs.
    """
    paths, skipped = [], []
    for pool in make["networks"]:
        usable = []
        for option in make["options"]:
            reasons = list(filter(None, (lacking(network, option) for network in pools[pool])))
            if reasons:
                others = f" (and the same in {len(reasons) - 1} more networks)" if len(reasons) > 1 else ""
                skipped.append(f"{pool}, all panels of option {option}: {reasons[0]}{others}")
            else:
                usable.append(option)
        perturbations = [name for group in make["perturbation_groups"] for name in groups[group]]
        values = {
            "pool": [pool],
            "network": pools[pool],
            "option": usable,
            "options": ["_vs_".join(usable)] if usable else [],
            "pair": ["_vs_".join(pair) for pair in itertools.combinations(usable, 2)],
            "group": make["perturbation_groups"],
            "perturbation": list(dict.fromkeys(perturbations)),
        }
        for pattern in itertools.chain.from_iterable(table[figure] for figure in figures):
            found = _filled(pattern, values)
            paths += found
            if not found:
                skipped.append(f"{pool}, {Path(pattern).stem}: {_needs(pattern, values)}")
    skipped += [
        f"{figure}: {table[NOT_MADE][figure]}" for figure in table[NOT_MADE] if _concerns(figure, figures, table)
    ]
    return list(dict.fromkeys(paths)), list(dict.fromkeys(skipped))


def _filled(pattern, values):
    """A pattern with all combinations of the values of its fields."""
    fields = list(dict.fromkeys(FIELD.findall(pattern)))
    return [
        pattern.format(**dict(zip(fields, chosen, strict=True)))
        for chosen in itertools.product(*(values[field] for field in fields))
    ]


def _needs(pattern, values):
    """What is missing for a pattern that has no panel."""
    wanted = {
        "option": "an option under make.options whose files are there",
        "options": "an option under make.options whose files are there",
        "pair": "two options under make.options whose files are there",
        "group": "a group under make.perturbation_groups",
        "perturbation": "a group under make.perturbation_groups",
    }
    return "needs " + " and ".join(wanted[field] for field in FIELD.findall(pattern) if not values[field])


def _concerns(figure, figures, table):
    """Whether a figure that is not made, or not whole, belongs to what is asked for."""
    return figure in figures or (figure not in table and list(figures) == figure_names(table))
