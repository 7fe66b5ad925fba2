"""Figures of cohorts and of what silencing them changes."""

from analysis_shared.cells.node_set_names import GROUPS, MEASURES, REGIONS
from analysis_shared.figures.labels import option_label, variant_label
from analysis_shared.metrics.target_fractions import TARGET_REGIONS

CELL_WEIGHTS = rules.calculate_cell_weights.output[0]


rule plot_silencing_heatmap:
    """Draw what silencing changes in each cell type: rate, OSI, DSI, sparsity."""
    input:
        script=script("figure_scripts/suppression/plot_silencing_heatmap.py"),
        tables=group_tables,
    output:
        png=report(
            "{pool}/figures/silencing_heatmap_{group}_{option}.png",
            caption="../report/silencing_heatmap.rst",
            category="{pool}",
            labels={"figure": "Silencing of {group}", "option": "{option}"},
        ),
        pdf="{pool}/figures/silencing_heatmap_{group}_{option}.pdf",
        table="{pool}/figures/silencing_heatmap_{group}_{option}.csv",
    log:
        "logs/plot_silencing_heatmap/{pool}/{group}_{option}.log",
    benchmark:
        "benchmarks/plot_silencing_heatmap/{pool}/{group}_{option}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_silencing_heatmap"),
        runtime=runtime_min("plot_silencing_heatmap"),
    params:
        code=code("figure_scripts/suppression/plot_silencing_heatmap.py"),
        perturbations=group_arguments,
        title=pool_and_option,
        output_stem=lambda wildcards, output: output.pdf.removesuffix(".pdf"),
    message:
        "Draw what silencing changes: {wildcards}"
    shell:
        "python {input.script:q} {params.perturbations:q} --title {params.title:q} "
        "--output-stem {params.output_stem:q} > {log} 2>&1"


use rule plot_silencing_heatmap as plot_suppression_cascade with:
    input:
        script=script("figure_scripts/suppression/plot_suppression_cascade.py"),
        tables=group_tables,
    output:
        png=report(
            "{pool}/figures/suppression_cascade_{group}_{option}.png",
            caption="../report/suppression_cascade.rst",
            category="{pool}",
            labels={"figure": "Rates under silencing of {group}", "option": "{option}"},
        ),
        pdf="{pool}/figures/suppression_cascade_{group}_{option}.pdf",
        table="{pool}/figures/suppression_cascade_{group}_{option}.csv",
    log:
        "logs/plot_suppression_cascade/{pool}/{group}_{option}.log",
    benchmark:
        "benchmarks/plot_suppression_cascade/{pool}/{group}_{option}.tsv"


rule plot_cohort_boxplots:
    """Draw rate, OSI, DSI and sparsity of the low, mid and high third of each class."""
    input:
        script=script("figure_scripts/suppression/plot_cohort_boxplots.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        networks=of_members(rules.build_network.output.metadata),
        cell_weights=of_members(CELL_WEIGHTS),
        selectivity=of_members(rules.calculate_odsi.output.selectivity),
    output:
        png=report(
            "{pool}/figures/cohort_boxplots_{measure}_by_{by}_{region}_{variants}.png",
            caption="../report/cohort_boxplots.rst",
            category="{pool}",
            labels={"figure": "Thirds by {measure}", "option": "{variants}"},
        ),
        pdf="{pool}/figures/cohort_boxplots_{measure}_by_{by}_{region}_{variants}.pdf",
        boxes="{pool}/figures/cohort_boxplots_{measure}_by_{by}_{region}_{variants}_boxes.csv",
    log:
        "logs/plot_cohort_boxplots/{pool}/{measure}_by_{by}_{region}_{variants}.log",
    benchmark:
        "benchmarks/plot_cohort_boxplots/{pool}/{measure}_by_{by}_{region}_{variants}.tsv"
    wildcard_constraints:
        measure=one_of(MEASURES),
        by=one_of(GROUPS),
        region=one_of(REGIONS),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_cohort_boxplots"),
        runtime=runtime_min("plot_cohort_boxplots"),
    params:
        code=code("figure_scripts/suppression/plot_cohort_boxplots.py"),
        cells=repeated(
            "--cells", "{variant}", "{network}/network", CELL_WEIGHTS, rules.calculate_odsi.output.selectivity
        ),
        output_stem=lambda wildcards, output: output.pdf.removesuffix(".pdf"),
    message:
        "Draw the cohorts' responses: {wildcards}"
    shell:
        "python {input.script:q} {params.cells:q} --naming-scheme {input.naming_scheme:q} "
        "--measure {wildcards.measure} --group {wildcards.by} --region {wildcards.region} --title {wildcards.pool} "
        "--output-stem {params.output_stem:q} > {log} 2>&1"


rule plot_outgoing_weight_distribution:
    """Draw the distribution of outgoing weight (incoming weight, out-degree) over L2/3 cells, by third."""
    input:
        script=script("figure_scripts/weights/plot_outgoing_weight_distribution.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        networks=of_members(rules.build_network.output.metadata),
        cell_weights=of_members(CELL_WEIGHTS),
    output:
        png=report(
            "{pool}/figures/{measure}_distribution_{variants}.png",
            caption="../report/outgoing_weight_distribution.rst",
            category="{pool}",
            labels={"figure": "Distribution of {measure}", "option": "{variants}"},
        ),
        pdf="{pool}/figures/{measure}_distribution_{variants}.pdf",
        table="{pool}/figures/{measure}_distribution_{variants}.csv",
    log:
        "logs/plot_outgoing_weight_distribution/{pool}/{measure}_{variants}.log",
    benchmark:
        "benchmarks/plot_outgoing_weight_distribution/{pool}/{measure}_{variants}.tsv"
    wildcard_constraints:
        measure=one_of(MEASURES),
        variants=one_of(OPTIONS),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_outgoing_weight_distribution"),
        runtime=runtime_min("plot_outgoing_weight_distribution"),
    params:
        code=code("figure_scripts/weights/plot_outgoing_weight_distribution.py"),
        networks=repeated("--network", "{network}/network", CELL_WEIGHTS),
        title=lambda wildcards: f"{wildcards.pool}, {option_label(wildcards.variants)}",
        output_stem=lambda wildcards, output: output.pdf.removesuffix(".pdf"),
    message:
        "Draw the distribution: {wildcards}"
    shell:
        "python {input.script:q} {params.networks:q} --naming-scheme {input.naming_scheme:q} "
        "--measure {wildcards.measure} --title {params.title:q} --output-stem {params.output_stem:q} > {log} 2>&1"


rule plot_target_fractions:
    """Draw where the outgoing weight of each cohort goes."""
    input:
        script=script("figure_scripts/weights/plot_target_fractions.py"),
        tables=of_members(rules.calculate_target_fractions.output[0]),
    output:
        png=report(
            "{pool}/figures/target_fractions_{target_region}_{variants}.png",
            caption="../report/target_fractions.rst",
            category="{pool}",
            labels={"figure": "Targets of outgoing weight ({target_region})", "option": "{variants}"},
        ),
        pdf="{pool}/figures/target_fractions_{target_region}_{variants}.pdf",
        table="{pool}/figures/target_fractions_{target_region}_{variants}.csv",
    log:
        "logs/plot_target_fractions/{pool}/{target_region}_{variants}.log",
    benchmark:
        "benchmarks/plot_target_fractions/{pool}/{target_region}_{variants}.tsv"
    wildcard_constraints:
        target_region=one_of(TARGET_REGIONS),
        variants=OPTIONS_SHOWN,
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_target_fractions"),
        runtime=runtime_min("plot_target_fractions"),
    params:
        code=code("figure_scripts/weights/plot_target_fractions.py"),
        fractions=repeated("--fractions", "{option}", rules.calculate_target_fractions.output[0]),
        output_stem=lambda wildcards, output: output.pdf.removesuffix(".pdf"),
    message:
        "Draw the targets of outgoing weight: {wildcards}"
    shell:
        "python {input.script:q} {params.fractions:q} --target-region {wildcards.target_region} "
        "--title {wildcards.pool} --output-stem {params.output_stem:q} > {log} 2>&1"


rule plot_suppression_rasters:
    """Draw one trial's spikes with and without the perturbation, side by side."""
    input:
        script=script("figure_scripts/suppression/plot_suppression_rasters.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        paradigm=selectivity_paradigm,
        nodes=rules.build_network.output.v1_nodes,
        node_types=rules.build_network.output.v1_node_types,
        metadata=rules.build_network.output.metadata,
        node_set=perturbed_cells,
        spikes=raster_spikes,
    output:
        png=report(
            "{network}/figures/suppression_raster_{option}__{perturbation}.png",
            caption="../report/suppression_raster.rst",
            category="{network}",
            labels={"figure": "Raster under {perturbation}", "option": "{option}"},
        ),
        pdf="{network}/figures/suppression_raster_{option}__{perturbation}.pdf",
        rates="{network}/figures/suppression_raster_{option}__{perturbation}_rates.csv",
    log:
        "logs/plot_suppression_rasters/{network}/{option}__{perturbation}.log",
    benchmark:
        "benchmarks/plot_suppression_rasters/{network}/{option}__{perturbation}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_suppression_rasters"),
        runtime=runtime_min("plot_suppression_rasters"),
    params:
        code=code("figure_scripts/suppression/plot_suppression_rasters.py"),
        condition=raster_condition,
        window_ms=perturbation_window_ms,
        title=lambda wildcards: f"{wildcards.network}, {variant_label(f'{wildcards.option}__{wildcards.perturbation}')}",
        output_stem=lambda wildcards, output: output.pdf.removesuffix(".pdf"),
    message:
        "Draw the rasters: {wildcards}"
    shell:
        "python {input.script:q} --baseline-spikes {input.spikes[0]:q} --perturbed-spikes {input.spikes[1]:q} "
        "--node-set {input.node_set:q} --window-ms {params.window_ms} --network-dir {wildcards.network}/network "
        "--naming-scheme {input.naming_scheme:q} --paradigm {input.paradigm:q} --condition {params.condition} "
        "--title {params.title:q} --output-stem {params.output_stem:q} > {log} 2>&1"
