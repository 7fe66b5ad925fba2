"""Tables to figures, each in PNG (in the report) and PDF, some with the numbers they show."""


rule plot_network_summary:
    """Draw the column, its connection probabilities, weights and in-degrees."""
    input:
        script=script("figure_scripts/network/plot_network_summary.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        network=rules.build_network.output,
        provenance=ancient("{network}/network/provenance.html"),
    output:
        png=report(
            "{network}/figures/network_summary.png",
            caption="../report/network_summary.rst",
            category="{network}",
            labels={"figure": "Network", "option": "all"},
        ),
        pdf="{network}/figures/network_summary.pdf",
        weights="{network}/figures/network_summary_weights.csv",
        in_degrees="{network}/figures/network_summary_in_degrees.csv",
    log:
        "logs/plot_network_summary/{network}.log",
    benchmark:
        "benchmarks/plot_network_summary/{network}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_network_summary"),
        runtime=runtime_min("plot_network_summary"),
    params:
        code=code("figure_scripts/network/plot_network_summary.py"),
        output_stem=lambda wildcards: f"{wildcards.network}/figures/network_summary",
    message:
        "Draw the network: {wildcards.network}"
    shell:
        "python {input.script:q} --network-dir {wildcards.network}/network --naming-scheme {input.naming_scheme:q} "
        "--output-stem {params.output_stem:q} > {log} 2>&1"


rule plot_raster:
    """Draw one trial's spikes by layer and type, and their spectra."""
    input:
        script=script("figure_scripts/selectivity/plot_raster.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        paradigm=selectivity_paradigm,
        nodes=rules.build_network.output.v1_nodes,
        node_types=rules.build_network.output.v1_node_types,
        metadata=rules.build_network.output.metadata,
        spikes=raster_trial,
        trials=raster_trials,
        provenance=ancient(selectivity_provenance),
    output:
        png=report(
            "{network}/figures/raster_{variant}.png",
            caption="../report/raster.rst",
            category="{network}",
            labels={"figure": "Raster and spectra", "option": "{variant}"},
        ),
        pdf="{network}/figures/raster_{variant}.pdf",
        spectra="{network}/figures/raster_{variant}_spectra.csv",
    log:
        "logs/plot_raster/{network}/{variant}.log",
    benchmark:
        "benchmarks/plot_raster/{network}/{variant}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_raster"),
        runtime=runtime_min("plot_raster"),
    params:
        code=code("figure_scripts/selectivity/plot_raster.py"),
        condition=raster_condition,
        title=network_and_variant,
        output_stem=lambda wildcards: f"{wildcards.network}/figures/raster_{wildcards.variant}",
    message:
        "Draw the raster: {wildcards}"
    shell:
        "python {input.script:q} --spikes {input.spikes:q} --trials {input.trials:q} --network-dir {wildcards.network}/network "
        "--naming-scheme {input.naming_scheme:q} --paradigm {input.paradigm:q} --condition {params.condition} "
        "--title {params.title:q} --output-stem {params.output_stem:q} > {log} 2>&1"


if "single" in PARADIGMS:

    use rule plot_raster as plot_raster_single with:
        input:
            script=script("figure_scripts/selectivity/plot_raster.py"),
            naming_scheme=seed_table("cell_type_naming_scheme.csv"),
            paradigm="paradigms/single.json",
            nodes=rules.build_network.output.v1_nodes,
            node_types=rules.build_network.output.v1_node_types,
            metadata=rules.build_network.output.metadata,
            spikes="{network}/output_{variant}/spikes.h5",
            trials="{network}/output_{variant}/spikes.h5",
            provenance=ancient(provenance_page("single")),
        output:
            png=report(
                "{network}/output_{variant}/raster.png",
                caption="../report/raster.rst",
                category="{network}",
                labels={"figure": "Raster and spectra, single run", "option": "{variant}"},
            ),
            pdf="{network}/output_{variant}/raster.pdf",
            spectra="{network}/output_{variant}/raster_spectra.csv",
        log:
            "logs/plot_raster_single/{network}/{variant}.log",
        benchmark:
            "benchmarks/plot_raster_single/{network}/{variant}.tsv"
        params:
            code=code("figure_scripts/selectivity/plot_raster.py"),
            condition=next(iter(CONDITIONS["single"])),
            title=network_and_variant,
            output_stem=lambda wildcards: f"{wildcards.network}/output_{wildcards.variant}/raster",


rule plot_odsi_boxplots:
    """Draw rates, orientation and direction selectivity by cell type beside the recordings."""
    input:
        script=script("figure_scripts/selectivity/plot_odsi_boxplots.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        percentiles=seed_table("neuropixels_percentiles.csv"),
        networks=of_members(rules.build_network.output.metadata),
        selectivity=of_members(rules.calculate_odsi.output.selectivity),
    output:
        png=report(
            "{pool}/figures/OSI_DSI_{variants}.png",
            caption="../report/odsi_boxplots.rst",
            category="{pool}",
            labels={"figure": "Rates and selectivity", "option": "{variants}"},
        ),
        pdf="{pool}/figures/OSI_DSI_{variants}.pdf",
        boxes="{pool}/figures/OSI_DSI_{variants}_boxes.csv",
        tuning="{pool}/figures/OSI_DSI_{variants}_tuning.csv",
    log:
        "logs/plot_odsi_boxplots/{pool}/{variants}.log",
    benchmark:
        "benchmarks/plot_odsi_boxplots/{pool}/{variants}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_odsi_boxplots"),
        runtime=runtime_min("plot_odsi_boxplots"),
    params:
        code=code("figure_scripts/selectivity/plot_odsi_boxplots.py"),
        models=repeated("--model", "{variant}", "{network}/network", rules.calculate_odsi.output.selectivity),
        output_stem=lambda wildcards: f"{wildcards.pool}/figures/OSI_DSI_{wildcards.variants}",
    message:
        "Draw rates and selectivity: {wildcards}"
    shell:
        "python {input.script:q} {params.models:q} "
        "--naming-scheme {input.naming_scheme:q} --percentiles {input.percentiles:q} "
        "--title {wildcards.pool} --output-stem {params.output_stem:q} > {log} 2>&1"


rule plot_similarity:
    """Draw the similarity of each cell type's responses to the recordings."""
    input:
        script=script("figure_scripts/selectivity/plot_similarity.py"),
        similarity=of_members(rules.calculate_similarity.output[0]),
    output:
        png=report(
            "{pool}/figures/similarity_{variants}.png",
            caption="../report/similarity.rst",
            category="{pool}",
            labels={"figure": "Similarity to the recordings", "option": "{variants}"},
        ),
        pdf="{pool}/figures/similarity_{variants}.pdf",
    log:
        "logs/plot_similarity/{pool}/{variants}.log",
    benchmark:
        "benchmarks/plot_similarity/{pool}/{variants}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_similarity"),
        runtime=runtime_min("plot_similarity"),
    params:
        code=code("figure_scripts/selectivity/plot_similarity.py"),
        tables=repeated("--similarity", "{variant}", rules.calculate_similarity.output[0]),
        output_stem=lambda wildcards: f"{wildcards.pool}/figures/similarity_{wildcards.variants}",
    message:
        "Draw the similarity: {wildcards}"
    shell:
        "python {input.script:q} {params.tables:q} --title {wildcards.pool} --output-stem {params.output_stem:q} > {log} 2>&1"


use rule plot_similarity as plot_similarity_summary with:
    input:
        script=script("figure_scripts/selectivity/plot_similarity_summary.py"),
        similarity=of_members(rules.calculate_similarity.output[0]),
    output:
        png=report(
            "{pool}/figures/similarity_summary_{variants}.png",
            caption="../report/similarity.rst",
            category="{pool}",
            labels={"figure": "Similarity to the recordings, summary", "option": "{variants}"},
        ),
        pdf="{pool}/figures/similarity_summary_{variants}.pdf",
        table="{pool}/figures/similarity_summary_{variants}.csv",
    log:
        "logs/plot_similarity_summary/{pool}/{variants}.log",
    benchmark:
        "benchmarks/plot_similarity_summary/{pool}/{variants}.tsv"
    params:
        code=code("figure_scripts/selectivity/plot_similarity_summary.py"),
        tables=repeated("--similarity", "{variant}", rules.calculate_similarity.output[0]),
        output_stem=lambda wildcards: f"{wildcards.pool}/figures/similarity_summary_{wildcards.variants}",
