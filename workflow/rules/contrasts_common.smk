"""Input functions of the contrast responses."""

CONTRAST_PARADIGMS = sorted({network["contrast_paradigm"] for network in NETWORKS.values()})


def contrast_paradigm_name(wildcards):
    """Name of the network's, or pool's, contrast paradigm."""
    network = wildcards.network if hasattr(wildcards, "network") else members(wildcards.pool)[0]
    return NETWORKS[network]["contrast_paradigm"]


def contrast_paradigm(wildcards):
    """Input function: definition of the contrast paradigm."""
    return f"paradigms/{contrast_paradigm_name(wildcards)}.json"


def contrast_spikes(wildcards):
    """Input function: V1 spikes of every condition and trial of the contrast paradigm."""
    paradigm = contrast_paradigm_name(wildcards)
    return all_trials(paradigm, f"{{network}}/{run_folder(paradigm)}/spikes.h5")


def contrast_provenance(wildcards):
    """Input function: page about the run of the contrast paradigm."""
    return provenance_page(contrast_paradigm_name(wildcards)).format(**wildcards)


def contrast_counts(wildcards):
    """Input function: spike counts of the network's contrast paradigm."""
    return f"{wildcards.network}/{contrast_paradigm_name(wildcards)}_{wildcards.variant}/spike_counts.npz"


def contrast_resource(request, rule):
    """Input function: memory or run time of a job, which grows with the trials of the contrast paradigm."""
    return lambda wildcards, threads, attempt: request(rule, contrast_paradigm_name(wildcards))(
        wildcards, threads, attempt
    )


def contrast_raster_conditions(wildcards):
    """Conditions that rasters show: blanks, and each contrast at 45 deg, or the first direction if that is not there."""
    conditions = PARADIGMS[contrast_paradigm_name(wildcards)]["conditions"]
    shown = [condition for condition in conditions if condition["name"] != BLANK]
    directions = [condition["parameters"]["direction_deg"] for condition in shown]
    chosen = 45 if 45 in directions else directions[0]
    blanks = [condition["name"] for condition in conditions if condition["name"] == BLANK]
    return blanks + [condition["name"] for condition, angle in zip(shown, directions) if angle == chosen]


def contrast_raster_spikes(wildcards):
    """Input function: V1 spikes of the first trial of each condition that rasters show."""
    folder = f"{wildcards.network}/{contrast_paradigm_name(wildcards)}_{wildcards.variant}"
    return [f"{folder}/{condition}_trial0/spikes.h5" for condition in contrast_raster_conditions(wildcards)]
