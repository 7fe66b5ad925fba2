"""Contrast responses: spikes to counts and tables, tables to figures."""

# --- tables --------------------------------------------------------------------------------------------------------


rule aggregate_contrast_spikes:
    """Count every cell's spikes in every trial of a contrast paradigm."""
    input:
        script=script("scripts/aggregate_contrast_spikes.py"),
        paradigm="paradigms/{paradigm}.json",
        nodes=rules.build_network.output.v1_nodes,
        spikes=lambda wildcards: all_trials(
            wildcards.paradigm, f"{{network}}/{run_folder(wildcards.paradigm)}/spikes.h5"
        ),
        provenance=ancient("{network}/{paradigm}_{variant}/provenance.html"),
    output:
        "{network}/{paradigm}_{variant}/spike_counts.npz",
    log:
        "logs/aggregate_contrast_spikes/{network}/{paradigm}_{variant}.log",
    benchmark:
        "benchmarks/aggregate_contrast_spikes/{network}/{paradigm}_{variant}.tsv"
    wildcard_constraints:
        paradigm=one_of(CONTRAST_PARADIGMS),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=contrast_resource(mem_mb, "aggregate_contrast_spikes"),
        runtime=contrast_resource(runtime_min, "aggregate_contrast_spikes"),
    params:
        code=code("scripts/aggregate_contrast_spikes.py"),
        spikes_dir=lambda wildcards: f"{wildcards.network}/{wildcards.paradigm}_{wildcards.variant}",
    message:
        "Count spikes by direction and contrast: {wildcards}"
    shell:
        "python {input.script:q} --paradigm {input.paradigm:q} --network-dir {wildcards.network}/network "
        "--spikes-dir {params.spikes_dir:q} --output {output:q} > {log} 2>&1"


rule calculate_contrast_responses:
    """Test who responds, and measure and fit contrast-response curves by cell type."""
    input:
        script=script("scripts/calculate_contrast_responses.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        nodes=rules.build_network.output.v1_nodes,
        node_types=rules.build_network.output.v1_node_types,
        metadata=rules.build_network.output.metadata,
        counts=contrast_counts,
    output:
        responsiveness="{network}/metrics/contrast_responsiveness_{variant}.csv",
        curves="{network}/metrics/contrast_curves_{variant}.csv",
        fits="{network}/metrics/contrast_fits_{variant}.csv",
    log:
        "logs/calculate_contrast_responses/{network}/{variant}.log",
    benchmark:
        "benchmarks/calculate_contrast_responses/{network}/{variant}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=contrast_resource(mem_mb, "calculate_contrast_responses"),
        runtime=contrast_resource(runtime_min, "calculate_contrast_responses"),
    params:
        code=code("scripts/calculate_contrast_responses.py"),
        seed=of_network("seed"),
    message:
        "Measure contrast responses: {wildcards}"
    shell:
        "python {input.script:q} --counts {input.counts:q} --network-dir {wildcards.network}/network "
        "--naming-scheme {input.naming_scheme:q} --responsiveness {output.responsiveness:q} --curves {output.curves:q} "
        "--fits {output.fits:q} --seed {params.seed} > {log} 2>&1"


rule calculate_contrast_spectra:
    """Measure the power spectra of each cell type at each contrast."""
    input:
        script=script("scripts/calculate_contrast_spectra.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        paradigm=contrast_paradigm,
        nodes=rules.build_network.output.v1_nodes,
        node_types=rules.build_network.output.v1_node_types,
        metadata=rules.build_network.output.metadata,
        spikes=contrast_spikes,
        provenance=ancient(contrast_provenance),
    output:
        "{network}/metrics/contrast_spectra_{variant}.csv",
    log:
        "logs/calculate_contrast_spectra/{network}/{variant}.log",
    benchmark:
        "benchmarks/calculate_contrast_spectra/{network}/{variant}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=contrast_resource(mem_mb, "calculate_contrast_spectra"),
        runtime=contrast_resource(runtime_min, "calculate_contrast_spectra"),
    params:
        code=code("scripts/calculate_contrast_spectra.py"),
        spikes_dir=lambda wildcards: f"{wildcards.network}/{contrast_paradigm_name(wildcards)}_{wildcards.variant}",
    message:
        "Measure spectra by contrast: {wildcards}"
    shell:
        "python {input.script:q} --paradigm {input.paradigm:q} --network-dir {wildcards.network}/network "
        "--naming-scheme {input.naming_scheme:q} --spikes-dir {params.spikes_dir:q} --output {output:q} > {log} 2>&1"


# --- figures of a pool ---------------------------------------------------------------------------------------------


rule plot_responsive_cells:
    """Draw the shares of cells that gratings drive and suppress."""
    input:
        script=script("figure_scripts/contrast/plot_responsive_cells.py"),
        paradigm=contrast_paradigm,
        tables=of_members(rules.calculate_contrast_responses.output.responsiveness),
    output:
        png=report(
            "{pool}/figures/contrast_responsive_cells_{variant}.png",
            caption="../report/contrast_responsive_cells.rst",
            category="{pool}",
            labels={"figure": "Responsive cells", "option": "{variant}"},
        ),
        pdf="{pool}/figures/contrast_responsive_cells_{variant}.pdf",
        shares="{pool}/figures/contrast_responsive_cells_{variant}.csv",
    log:
        "logs/plot_responsive_cells/{pool}/{variant}.log",
    benchmark:
        "benchmarks/plot_responsive_cells/{pool}/{variant}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_responsive_cells"),
        runtime=runtime_min("plot_responsive_cells"),
    params:
        code=code("figure_scripts/contrast/plot_responsive_cells.py"),
        tables=repeated("--network", "{network}", rules.calculate_contrast_responses.output.responsiveness),
        output_stem=lambda wildcards: f"{wildcards.pool}/figures/contrast_responsive_cells_{wildcards.variant}",
    message:
        "Draw responsive cells: {wildcards}"
    shell:
        "python {input.script:q} {params.tables:q} --variant {wildcards.variant} --paradigm {input.paradigm:q} "
        "--output-stem {params.output_stem:q} > {log} 2>&1"


rule plot_contrast_curves:
    """Draw rate, selectivity, sparsity and reliability by contrast."""
    input:
        script=script("figure_scripts/contrast/plot_contrast_curves.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        paradigm=contrast_paradigm,
        curves=of_members(rules.calculate_contrast_responses.output.curves),
        fits=of_members(rules.calculate_contrast_responses.output.fits),
    output:
        png=report(
            "{pool}/figures/contrast_curves_{variant}.png",
            caption="../report/contrast_curves.rst",
            category="{pool}",
            labels={"figure": "Contrast responses", "option": "{variant}"},
        ),
        pdf="{pool}/figures/contrast_curves_{variant}.pdf",
        curves="{pool}/figures/contrast_curves_{variant}.csv",
    log:
        "logs/plot_contrast_curves/{pool}/{variant}.log",
    benchmark:
        "benchmarks/plot_contrast_curves/{pool}/{variant}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_contrast_curves"),
        runtime=runtime_min("plot_contrast_curves"),
    params:
        code=code("figure_scripts/contrast/plot_contrast_curves.py"),
        tables=repeated(
            "--network",
            "{network}",
            rules.calculate_contrast_responses.output.curves,
            rules.calculate_contrast_responses.output.fits,
        ),
        output_stem=lambda wildcards: f"{wildcards.pool}/figures/contrast_curves_{wildcards.variant}",
    message:
        "Draw contrast responses: {wildcards}"
    shell:
        "python {input.script:q} {params.tables:q} --variant {wildcards.variant} "
        "--naming-scheme {input.naming_scheme:q} --paradigm {input.paradigm:q} "
        "--output-stem {params.output_stem:q} > {log} 2>&1"


rule plot_l5_contrast_responses:
    """Draw rate and selectivity of the layer 5 excitatory types by contrast, variants side by side."""
    input:
        script=script("figure_scripts/contrast/plot_l5_contrast_responses.py"),
        paradigm=contrast_paradigm,
        curves=of_members(rules.calculate_contrast_responses.output.curves),
    output:
        png=report(
            "{pool}/figures/contrast_L5_{variants}.png",
            caption="../report/contrast_L5.rst",
            category="{pool}",
            labels={"figure": "Contrast responses of layer 5", "option": "{variants}"},
        ),
        pdf="{pool}/figures/contrast_L5_{variants}.pdf",
        curves="{pool}/figures/contrast_L5_{variants}.csv",
    log:
        "logs/plot_l5_contrast_responses/{pool}/{variants}.log",
    benchmark:
        "benchmarks/plot_l5_contrast_responses/{pool}/{variants}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_l5_contrast_responses"),
        runtime=runtime_min("plot_l5_contrast_responses"),
    params:
        code=code("figure_scripts/contrast/plot_l5_contrast_responses.py"),
        tables=repeated("--curves", "{variant}", "{network}", rules.calculate_contrast_responses.output.curves),
        output_stem=lambda wildcards: f"{wildcards.pool}/figures/contrast_L5_{wildcards.variants}",
    message:
        "Draw contrast responses of layer 5: {wildcards}"
    shell:
        "python {input.script:q} {params.tables:q} --paradigm {input.paradigm:q} "
        "--output-stem {params.output_stem:q} > {log} 2>&1"


rule plot_contrast_spectra:
    """Draw the power spectra of each cell type by contrast."""
    input:
        script=script("figure_scripts/contrast/plot_contrast_spectra.py"),
        paradigm=contrast_paradigm,
        tables=of_members(rules.calculate_contrast_spectra.output[0]),
    output:
        png=report(
            "{pool}/figures/contrast_spectra_{variant}.png",
            caption="../report/contrast_spectra.rst",
            category="{pool}",
            labels={"figure": "Spectra by contrast", "option": "{variant}"},
        ),
        pdf="{pool}/figures/contrast_spectra_{variant}.pdf",
        spectra="{pool}/figures/contrast_spectra_{variant}.csv",
    log:
        "logs/plot_contrast_spectra/{pool}/{variant}.log",
    benchmark:
        "benchmarks/plot_contrast_spectra/{pool}/{variant}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_contrast_spectra"),
        runtime=runtime_min("plot_contrast_spectra"),
    params:
        code=code("figure_scripts/contrast/plot_contrast_spectra.py"),
        tables=repeated("--network", "{network}", rules.calculate_contrast_spectra.output[0]),
        output_stem=lambda wildcards: f"{wildcards.pool}/figures/contrast_spectra_{wildcards.variant}",
    message:
        "Draw spectra by contrast: {wildcards}"
    shell:
        "python {input.script:q} {params.tables:q} --variant {wildcards.variant} --paradigm {input.paradigm:q} "
        "--output-stem {params.output_stem:q} > {log} 2>&1"


# --- figures of one network ----------------------------------------------------------------------------------------


rule plot_contrast_heatmaps:
    """Draw every core cell's responses by direction and contrast."""
    input:
        script=script("figure_scripts/contrast/plot_contrast_heatmaps.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        nodes=rules.build_network.output.v1_nodes,
        node_types=rules.build_network.output.v1_node_types,
        metadata=rules.build_network.output.metadata,
        counts=contrast_counts,
    output:
        png=report(
            "{network}/figures/contrast_heatmap_{scale}_{variant}.png",
            caption="../report/contrast_heatmap.rst",
            category="{network}",
            labels={"figure": "Responses of every cell, {scale}", "option": "{variant}"},
        ),
        pdf="{network}/figures/contrast_heatmap_{scale}_{variant}.pdf",
        values="{network}/figures/contrast_heatmap_{scale}_{variant}.csv",
    log:
        "logs/plot_contrast_heatmaps/{network}/{scale}_{variant}.log",
    benchmark:
        "benchmarks/plot_contrast_heatmaps/{network}/{scale}_{variant}.tsv"
    wildcard_constraints:
        scale="raw|normalised",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=contrast_resource(mem_mb, "plot_contrast_heatmaps"),
        runtime=contrast_resource(runtime_min, "plot_contrast_heatmaps"),
    params:
        code=code("figure_scripts/contrast/plot_contrast_heatmaps.py"),
        output_stem=lambda wildcards: (
            f"{wildcards.network}/figures/contrast_heatmap_{wildcards.scale}_{wildcards.variant}"
        ),
    message:
        "Draw the responses of every cell: {wildcards}"
    shell:
        "python {input.script:q} --counts {input.counts:q} --scale {wildcards.scale} --variant {wildcards.variant} "
        "--network-dir {wildcards.network}/network --naming-scheme {input.naming_scheme:q} "
        "--output-stem {params.output_stem:q} > {log} 2>&1"


rule plot_contrast_rasters:
    """Draw the first trial of the blanks and of each contrast."""
    input:
        script=script("figure_scripts/contrast/plot_contrast_rasters.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        paradigm=contrast_paradigm,
        nodes=rules.build_network.output.v1_nodes,
        node_types=rules.build_network.output.v1_node_types,
        metadata=rules.build_network.output.metadata,
        spikes=contrast_raster_spikes,
        provenance=ancient(contrast_provenance),
    output:
        png=report(
            "{network}/figures/contrast_rasters_{variant}.png",
            caption="../report/contrast_rasters.rst",
            category="{network}",
            labels={"figure": "Rasters by contrast", "option": "{variant}"},
        ),
        pdf="{network}/figures/contrast_rasters_{variant}.pdf",
        numbers="{network}/figures/contrast_rasters_{variant}.csv",
    log:
        "logs/plot_contrast_rasters/{network}/{variant}.log",
    benchmark:
        "benchmarks/plot_contrast_rasters/{network}/{variant}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_contrast_rasters"),
        runtime=runtime_min("plot_contrast_rasters"),
    params:
        code=code("figure_scripts/contrast/plot_contrast_rasters.py"),
        trials=lambda wildcards, input: [
            part
            for condition, path in zip(contrast_raster_conditions(wildcards), as_list(input.spikes))
            for part in ("--trial", condition, path)
        ],
        output_stem=lambda wildcards: f"{wildcards.network}/figures/contrast_rasters_{wildcards.variant}",
    message:
        "Draw rasters by contrast: {wildcards}"
    shell:
        "python {input.script:q} {params.trials:q} --variant {wildcards.variant} "
        "--network-dir {wildcards.network}/network --naming-scheme {input.naming_scheme:q} "
        "--paradigm {input.paradigm:q} --output-stem {params.output_stem:q} > {log} 2>&1"
