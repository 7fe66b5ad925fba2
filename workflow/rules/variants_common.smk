"""Input functions of variants: the cells and the window of a perturbation, the edges of an option."""

from config_perturbations import perturbation_window

# --- perturbations -------------------------------------------------------------------------------------------------


def window_of(perturbation, paradigm):
    """When a perturbation's current flows in a paradigm's trials, which it must not outlast: [begin, end] in ms."""
    begin, end = perturbation_window(PERTURBATIONS[perturbation], PARADIGMS[paradigm])
    duration = PARADIGMS[paradigm]["duration_ms"]
    if end > duration:
        found = f"perturbations.{perturbation}.window_ms: found [{begin}, {end}]"
        raise WorkflowError(f"{found}, which ends after the {duration} ms of paradigm {paradigm}")
    return [begin, end]


def node_set(paradigm):
    """Input function: cells of a variant's perturbation, a list of one file or none."""

    def found(wildcards):
        perturbation = perturbation_of(wildcards.variant)
        if perturbation is None:
            return []
        window_of(perturbation, paradigm)
        name = PERTURBATIONS[perturbation]["node_set"]
        return [f"{wildcards.network}/node_sets/{option_of(wildcards.variant)}/{name}.json"]

    return found


def perturbation_section(perturbation, paradigm):
    """A perturbation as it is run in a paradigm's trials, from the config."""
    return {**PERTURBATIONS[perturbation], "window_ms": window_of(perturbation, paradigm)}


def perturbation_arguments(paradigm):
    """Arguments of a variant's perturbation for render_configs.py; without `input`, or Snakemake would not compare them."""

    def arguments(wildcards):
        perturbation = perturbation_of(wildcards.variant)
        if perturbation is None:
            return []
        definition = as_json(perturbation_section(perturbation, paradigm), without=["node_set"])
        return ["--perturbation", definition, "--node-set", *node_set(paradigm)(wildcards)]

    return arguments


# --- edges of an option -------------------------------------------------------------------------------------------

EDGE_KEYS = {"v1": "v1_edges", "bkg": "background_edges"}


def options_with(kind, origin):
    """Options whose edges come from there; kind is `v1` (recurrent) or `bkg` (background)."""
    return [name for name, option in OPTIONS.items() if option[EDGE_KEYS[kind]] == origin]


def edge_name(kind, option):
    """File name of an option's edges; kind is `v1` (recurrent) or `bkg` (background)."""
    return f"{kind}_v1_edges.h5" if option in options_with(kind, "built") else f"{kind}_v1_edges_{option}.h5"


# Files that edges are imported from, by name of the edge file that is made of them, without suffix.
IMPORTS = {
    Path(edge_name(kind, option)).stem: OPTIONS[option]["import_from"][key]
    for kind, key in EDGE_KEYS.items()
    for option in options_with(kind, "imported")
}


def edge_file(network, kind, option):
    """An option's edge file."""
    return f"{network}/network/{edge_name(kind, option)}"


def missing_edges(network, option, kinds=EDGE_KEYS):
    """Edge files of an option that the user has to place and that are not there."""
    placed = [kind for kind in kinds if option in options_with(kind, "placed")]
    return [path for path in (edge_file(network, kind, option) for kind in placed) if not Path(path).exists()]


def require_placed(network, option, kinds=EDGE_KEYS):
    """Refuse an option whose edges the user has to place and has not placed."""
    if missing := missing_edges(network, option, kinds):
        raise WorkflowError(
            f"{' and '.join(missing)}: missing. Option {option} needs such files among the results: SONATA edge files with "
            "the same edges as the built ones, whose names lack the option (source_node_id, target_node_id, "
            "edge_type_id), and the option's weights (pA, signed) in 0/syn_weight. Build the network first "
            f"(snakemake {network}/network/network.json), then place them there."
        )


def option_edges(wildcards):
    """Input function: the edge files that the option, or that of the variant, has of its own."""
    network, option = wildcards.network, option_of(getattr(wildcards, "variant", None) or wildcards.option)
    require_placed(network, option)
    return [edge_file(network, kind, option) for kind in EDGE_KEYS if option not in options_with(kind, "built")]
