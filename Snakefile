"""Builds networks of mouse V1, simulates them in NEST, measures their responses and draws the figures."""

from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.basedir}/config/config.yaml"


workdir: f"{workflow.basedir}/results"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/variants_common.smk"
include: "workflow/rules/provenance.smk"
include: "workflow/rules/build_common.smk"
include: "workflow/rules/build.smk"
include: "workflow/rules/adjusted.smk"
include: "workflow/rules/import.smk"
include: "workflow/rules/lgn.smk"
include: "workflow/rules/background.smk"
include: "workflow/rules/v1.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/suppression_common.smk"
include: "workflow/rules/suppression.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/suppression_figures.smk"
include: "workflow/rules/contrasts_common.smk"
include: "workflow/rules/contrasts.smk"
include: "workflow/rules/figures.smk"


if "grey_10s" in PARADIGMS:

    include: "workflow/rules/background_tuning.smk"


include: "workflow/rules/targets.smk"


rule all:
    """The figures of the networks and options under `make` in the config."""
    default_target: True
    input:
        figures_to_make(),


rule demo:
    """From seed tables to figures with the smallest network."""
    input:
        figures("tiny", "plain"),
        "tiny/figures/contrast_curves_plain.png",
        "tiny/figures/suppression_cascade_sst_plain.png",


rule made:
    """The figures that exist already: what the report shows."""
    input:
        figures_made(),


# These read the names of all rules, so they come last.
include: "workflow/rules/cluster.smk"
include: "workflow/rules/checks.smk"
