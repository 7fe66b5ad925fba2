"""Input functions of the suppression rules."""

from analysis_shared.figures.labels import option_label


def recurrent_edges(wildcards):
    """Input function: recurrent edges of an option."""
    require_placed(wildcards.network, wildcards.option, ["v1"])
    return edge_file(wildcards.network, "v1", wildcards.option)


def both_runs(pattern):
    """Input function: a path pattern for the option as it is, and for the option under the perturbation."""
    return lambda wildcards: [
        pattern.replace("{variant}", variant)
        for variant in (wildcards.option, f"{wildcards.option}__{wildcards.perturbation}")
    ]


def perturbation_window_ms(wildcards):
    """Params function: begin and end of a perturbation in the network's selectivity paradigm (ms)."""
    return window_of(wildcards.perturbation, NETWORKS[wildcards.network]["selectivity_paradigm"])


def selectivity_of_both_runs(wildcards):
    """Input function: selectivity tables with and without the perturbation, in the part of the windows that it lasts."""
    paradigm = PARADIGMS[NETWORKS[wildcards.network]["selectivity_paradigm"]]
    first, last = perturbation_window_ms(wildcards)
    in_part = any(begin < first < end or begin < last < end for begin, end in paradigm["windows_ms"].values())
    name = rules.calculate_odsi_while_perturbed if in_part else rules.calculate_odsi
    return both_runs(name.output.selectivity)(wildcards)


def spikes_of_both_runs(wildcards):
    """Input function: V1 spikes of every condition and trial with and without the perturbation."""
    paradigm = NETWORKS[wildcards.network]["selectivity_paradigm"]
    trial = f"{{network}}/{paradigm}_{{variant}}/{{condition}}_trial{{trial}}/spikes.h5"
    return [path for pattern in all_trials(paradigm, trial) for path in both_runs(pattern)(wildcards)]


def perturbed_cells(wildcards):
    """Input function: node set of the perturbation."""
    name = PERTURBATIONS[wildcards.perturbation]["node_set"]
    return f"{wildcards.network}/node_sets/{wildcards.option}/{name}.json"


def group_tables(wildcards):
    """Input function: tables of cell types of each perturbation of the group and each network of the pool."""
    return [path for paths in tables_by_perturbation(wildcards).values() for path in paths]


def tables_by_perturbation(wildcards):
    """Tables of cell types by name of the perturbation, one a network of the pool."""
    pattern = rules.calculate_suppression.output.types.replace("{option}", wildcards.option)
    return {
        name: [pattern.replace("{perturbation}", name).replace("{network}", n) for n in members(wildcards.pool)]
        for name in PERTURBATION_GROUPS[wildcards.group]
    }


def group_arguments(wildcards):
    """Params function: the perturbations of the group with their tables."""
    tables = tables_by_perturbation(wildcards)
    return [part for name, paths in tables.items() for part in ("--perturbation", name, *paths)]


def pool_and_option(wildcards):
    """Params function: title of a figure of one option."""
    return f"{wildcards.pool}, {option_label(wildcards.option)}"


def raster_spikes(wildcards):
    """Input function: spikes of the trial that the raster shows, unperturbed and perturbed."""
    paradigm = NETWORKS[wildcards.network]["selectivity_paradigm"]
    shown = PARADIGMS[paradigm]["raster"]
    trial = f"{shown['condition']}_trial{shown['trial']}"
    return both_runs(f"{wildcards.network}/{paradigm}_{{variant}}/{trial}/spikes.h5")(wildcards)
