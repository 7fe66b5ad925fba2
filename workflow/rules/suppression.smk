"""Cohorts of cells by their weights, and what silencing them changes."""

from analysis_shared.cells.node_set_names import NODE_SET


rule calculate_cell_weights:
    """Sum the weights and count the edges that leave and reach each cell."""
    input:
        script=script("scripts/calculate_cell_weights.py"),
        nodes=rules.build_network.output.v1_nodes,
        edges=recurrent_edges,
    output:
        "{network}/metrics/cell_weights_{option}.csv",
    log:
        "logs/calculate_cell_weights/{network}/{option}.log",
    benchmark:
        "benchmarks/calculate_cell_weights/{network}/{option}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("calculate_cell_weights"),
        runtime=runtime_min("calculate_cell_weights"),
    params:
        code=code("scripts/calculate_cell_weights.py"),
    message:
        "Sum the weights of each cell: {wildcards}"
    shell:
        "python {input.script:q} --edges {input.edges:q} --network-dir {wildcards.network}/network "
        "--output {output:q} > {log} 2>&1"


rule make_node_set:
    """Pick the cells of a cohort or class."""
    input:
        script=script("scripts/make_node_set.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        nodes=rules.build_network.output.v1_nodes,
        node_types=rules.build_network.output.v1_node_types,
        metadata=rules.build_network.output.metadata,
        cell_weights=rules.calculate_cell_weights.output,
    output:
        "{network}/node_sets/{option}/{node_set}.json",
    log:
        "logs/make_node_set/{network}/{option}/{node_set}.log",
    wildcard_constraints:
        node_set=NODE_SET,
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("make_node_set"),
        runtime=runtime_min("make_node_set"),
    params:
        code=code("scripts/make_node_set.py"),
    message:
        "Pick cells: {wildcards}"
    shell:
        "python {input.script:q} --node-set {wildcards.node_set} --option {wildcards.option} "
        "--network-dir {wildcards.network}/network --cell-weights {input.cell_weights:q} "
        "--naming-scheme {input.naming_scheme:q} --output {output:q} > {log} 2>&1"


use rule calculate_odsi as calculate_odsi_while_perturbed with:
    output:
        rates="{network}/metrics/while_{perturbation}/Rates_DF_{variant}.csv",
        selectivity="{network}/metrics/while_{perturbation}/OSI_DSI_DF_{variant}.csv",
    log:
        "logs/calculate_odsi/{network}/while_{perturbation}/{variant}.log",
    benchmark:
        "benchmarks/calculate_odsi/{network}/while_{perturbation}/{variant}.tsv"
    params:
        perturbation=lambda wildcards: [
            "--perturbation",
            wildcards.perturbation,
            *perturbation_window_ms(wildcards),
        ],


rule calculate_suppression:
    """Compare cells and cell types under a perturbation with the same option unperturbed."""
    input:
        script=script("scripts/calculate_suppression.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        paradigm=selectivity_paradigm,
        nodes=rules.build_network.output.v1_nodes,
        node_types=rules.build_network.output.v1_node_types,
        metadata=rules.build_network.output.metadata,
        node_set=perturbed_cells,
        selectivity=selectivity_of_both_runs,
        spikes=spikes_of_both_runs,
    output:
        cells="{network}/metrics/suppression_cells_{option}__{perturbation}.csv",
        types="{network}/metrics/suppression_types_{option}__{perturbation}.csv",
    log:
        "logs/calculate_suppression/{network}/{option}__{perturbation}.log",
    benchmark:
        "benchmarks/calculate_suppression/{network}/{option}__{perturbation}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("calculate_suppression"),
        runtime=runtime_min("calculate_suppression"),
    params:
        code=code("scripts/calculate_suppression.py"),
        run_dir=lambda wildcards: (
            f"{wildcards.network}/{NETWORKS[wildcards.network]['selectivity_paradigm']}_{wildcards.option}"
        ),
        window_ms=perturbation_window_ms,
    message:
        "Compare with the unperturbed run: {wildcards}"
    shell:
        "python {input.script:q} --paradigm {input.paradigm:q} --network-dir {wildcards.network}/network "
        "--naming-scheme {input.naming_scheme:q} --node-set {input.node_set:q} --baseline-dir {params.run_dir:q} "
        "--perturbation {wildcards.perturbation} {params.window_ms} --perturbed-dir {params.run_dir:q}__{wildcards.perturbation} "
        "--baseline-selectivity {input.selectivity[0]:q} --perturbed-selectivity {input.selectivity[1]:q} "
        "--cells {output.cells:q} --types {output.types:q} > {log} 2>&1"


rule calculate_target_fractions:
    """Share out the outgoing weight of each cohort among target classes and types."""
    input:
        script=script("scripts/calculate_target_fractions.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        nodes=rules.build_network.output.v1_nodes,
        node_types=rules.build_network.output.v1_node_types,
        metadata=rules.build_network.output.metadata,
        edges=recurrent_edges,
        cell_weights=rules.calculate_cell_weights.output,
    output:
        "{network}/metrics/target_fractions_{option}.csv",
    log:
        "logs/calculate_target_fractions/{network}/{option}.log",
    benchmark:
        "benchmarks/calculate_target_fractions/{network}/{option}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("calculate_target_fractions"),
        runtime=runtime_min("calculate_target_fractions"),
    params:
        code=code("scripts/calculate_target_fractions.py"),
    message:
        "Share out outgoing weights: {wildcards}"
    shell:
        "python {input.script:q} --edges {input.edges:q} --network-dir {wildcards.network}/network "
        "--cell-weights {input.cell_weights:q} --naming-scheme {input.naming_scheme:q} --output {output:q} "
        "> {log} 2>&1"
