"""Recurrent weights adjusted to the recorded rates: f–I curves, currents, factors, edges."""


rule calculate_if_curves:
    """Calculate the f–I curve of every cell model."""
    input:
        script=script("scripts/calculate_if_curves.py"),
        tables=seed_tables("populations", "cell_models", "exclude_list"),
        checked=ancient(seed_tables()),
    output:
        "cell_models/if_curves.csv",
    log:
        "logs/calculate_if_curves.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("calculate_if_curves"),
        runtime=runtime_min("calculate_if_curves"),
    params:
        code=code("scripts/calculate_if_curves.py"),
        base_props=lambda wildcards, input: Path(input.tables[0]).parent,
    shell:
        "python {input.script:q} --base-props {params.base_props:q} --output {output:q} > {log} 2>&1"


rule calculate_target_currents:
    """Calculate the current at which each cell type fires as recorded."""
    input:
        script=script("scripts/calculate_target_currents.py"),
        tables=seed_tables("populations", "cell_type_naming_scheme", "cell_models", "exclude_list"),
        checked=ancient(seed_tables()),
        percentiles=seed_table("neuropixels_percentiles.csv"),
        if_curves=rules.calculate_if_curves.output,
    output:
        "cell_models/target_currents.csv",
    log:
        "logs/calculate_target_currents.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("calculate_target_currents"),
        runtime=runtime_min("calculate_target_currents"),
    params:
        code=code("scripts/calculate_target_currents.py"),
        base_props=lambda wildcards, input: Path(input.tables[0]).parent,
    shell:
        "python {input.script:q} --base-props {params.base_props:q} --if-curves {input.if_curves:q} "
        "--percentiles {input.percentiles:q} --output {output:q} > {log} 2>&1"


rule calculate_lgn_rates:
    """Measure the mean rates of each class of LGN cells, at rest and during the stimuli of the selectivity paradigm."""
    input:
        script=script("scripts/calculate_lgn_rates.py"),
        nodes=rules.build_network.output.lgn_nodes,
        node_types=rules.build_network.output.lgn_node_types,
        # Without analysis windows, so that other windows do not change weights.
        paradigm=lambda wildcards: f"paradigms/simulated/{NETWORKS[wildcards.network]['selectivity_paradigm']}.json",
        spikes=lambda wildcards: all_trials(
            NETWORKS[wildcards.network]["selectivity_paradigm"],
            "{network}/filternet_{paradigm}/{condition}_trial{trial}/spikes.h5",
        ),
    output:
        "{network}/metrics/lgn_rates.csv",
    log:
        "logs/calculate_lgn_rates/{network}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("calculate_lgn_rates"),
        runtime=runtime_min("calculate_lgn_rates"),
    params:
        code=code("scripts/calculate_lgn_rates.py"),
        spikes_dir=lambda wildcards: (
            f"{wildcards.network}/filternet_{NETWORKS[wildcards.network]['selectivity_paradigm']}"
        ),
    message:
        "Measure LGN rates: {wildcards}"
    shell:
        "python {input.script:q} --paradigm {input.paradigm:q} --network-dir {wildcards.network}/network "
        "--spikes-dir {params.spikes_dir:q} --output {output:q} > {log} 2>&1"


rule calculate_actuation:
    """Calculate the mean current from each source into each cell type, with the built weights."""
    input:
        script=script("scripts/calculate_actuation.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        network=rules.build_network.output,
        target_currents=rules.calculate_target_currents.output,
        lgn_rates=rules.calculate_lgn_rates.output,
    output:
        matrix="{network}/metrics/actuation_matrix.csv",
        lgn_currents="{network}/metrics/lgn_currents.csv",
    log:
        "logs/calculate_actuation/{network}/built.log",
    benchmark:
        "benchmarks/calculate_actuation/{network}/built.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("calculate_actuation"),
        runtime=runtime_min("calculate_actuation"),
    params:
        code=code("scripts/calculate_actuation.py"),
        background_rate_hz=CONFIG["background"]["rate_hz"],
        more="--lgn-currents {network}/metrics/lgn_currents.csv",
    message:
        "Calculate currents by source and target: {wildcards}"
    shell:
        "python {input.script:q} --network-dir {wildcards.network}/network --components {wildcards.network}/components "
        "{params.more} --naming-scheme {input.naming_scheme:q} --target-currents {input.target_currents:q} "
        "--lgn-rates {input.lgn_rates:q} --background-rate-hz {params.background_rate_hz} --output {output.matrix:q} "
        "> {log} 2>&1"


use rule calculate_actuation as calculate_option_actuation with:
    input:
        script=script("scripts/calculate_actuation.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        network=rules.build_network.output,
        target_currents=rules.calculate_target_currents.output,
        lgn_rates=rules.calculate_lgn_rates.output,
        option_edges=option_edges,
    output:
        matrix="{network}/metrics/actuation_matrix_{option}.csv",
    log:
        "logs/calculate_option_actuation/{network}/{option}.log",
    benchmark:
        "benchmarks/calculate_option_actuation/{network}/{option}.tsv"
    params:
        code=code("scripts/calculate_actuation.py"),
        background_rate_hz=CONFIG["background"]["rate_hz"],
        more=lambda wildcards: (
            f"--v1-edges {wildcards.network}/network/{edge_name('v1', wildcards.option)} "
            f"--background-edges {wildcards.network}/network/{edge_name('bkg', wildcards.option)}"
        ),


rule calculate_adjustment:
    """Calculate the factors that give every cell type the current at which it fires as recorded."""
    input:
        script=script("scripts/calculate_adjustment.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        node_types=rules.build_network.output.v1_node_types,
        actuation=rules.calculate_actuation.output.matrix,
        lgn_currents=rules.calculate_actuation.output.lgn_currents,
        target_currents=rules.calculate_target_currents.output,
    output:
        factors="{network}/metrics/adjustment_factors.csv",
        modulation="{network}/metrics/modulation.csv",
    log:
        "logs/calculate_adjustment/{network}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("calculate_adjustment"),
        runtime=runtime_min("calculate_adjustment"),
    params:
        code=code("scripts/calculate_adjustment.py"),
    shell:
        "python {input.script:q} --actuation {input.actuation:q} --lgn-currents {input.lgn_currents:q} "
        "--target-currents {input.target_currents:q} --node-types {input.node_types:q} --naming-scheme {input.naming_scheme:q} --factors {output.factors:q} "
        "--modulation {output.modulation:q} > {log} 2>&1"


rule make_adjusted_edges:
    """Write the recurrent edges with adjusted weights."""
    input:
        script=script("scripts/make_adjusted_edges.py"),
        nodes=rules.build_network.output.v1_nodes,
        node_types=rules.build_network.output.v1_node_types,
        edges=rules.build_network.output.v1_v1_edges,
        modulation=rules.calculate_adjustment.output.modulation,
    output:
        "{network}/network/v1_v1_edges_{option}.h5",
    log:
        "logs/make_adjusted_edges/{network}/{option}.log",
    benchmark:
        "benchmarks/make_adjusted_edges/{network}/{option}.tsv"
    wildcard_constraints:
        option=one_of(options_with("v1", "adjusted")),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("make_adjusted_edges"),
        runtime=runtime_min("make_adjusted_edges"),
    params:
        code=code("scripts/make_adjusted_edges.py"),
    message:
        "Adjust recurrent weights: {wildcards}"
    shell:
        "python {input.script:q} --network-dir {wildcards.network}/network --modulation {input.modulation:q} "
        "--output {output:q} > {log} 2>&1"


rule plot_actuation_matrix:
    """Draw the mean current from each source into each cell type beside what the type needs."""
    input:
        script=script("figure_scripts/weights/plot_actuation_matrix.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        target_currents=rules.calculate_target_currents.output,
        nodes=lambda wildcards: [
            f"{network}/network/{name}"
            for network in members(wildcards.pool)
            for name in ("v1_nodes.h5", "v1_node_types.csv", "network.json")
        ],
        tables=lambda wildcards: [
            f"{network}/metrics/actuation_matrix_{wildcards.option}.csv" for network in members(wildcards.pool)
        ],
    output:
        png=report(
            "{pool}/figures/actuation_matrix_{option}.png",
            caption="../report/actuation_matrix.rst",
            category="{pool}",
            labels={"figure": "Currents by source and target", "option": "{option}"},
        ),
        pdf="{pool}/figures/actuation_matrix_{option}.pdf",
        data="{pool}/figures/actuation_matrix_{option}.csv",
    log:
        "logs/plot_actuation_matrix/{pool}/{option}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_actuation_matrix"),
        runtime=runtime_min("plot_actuation_matrix"),
    params:
        code=code("figure_scripts/weights/plot_actuation_matrix.py"),
        networks=lambda wildcards: " ".join(
            f"--network {network} {network}/network {network}/metrics/actuation_matrix_{wildcards.option}.csv"
            for network in members(wildcards.pool)
        ),
        output_stem=lambda wildcards: f"{wildcards.pool}/figures/actuation_matrix_{wildcards.option}",
    message:
        "Draw currents by source and target: {wildcards}"
    shell:
        "python {input.script:q} {params.networks} --option {wildcards.option} --naming-scheme {input.naming_scheme:q} "
        "--target-currents {input.target_currents:q} --output-stem {params.output_stem:q} > {log} 2>&1"
