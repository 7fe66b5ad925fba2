"""Spikes to tables."""


rule calculate_odsi:
    """Measure rates, orientation and direction selectivity of every cell."""
    input:
        script=script("scripts/calculate_odsi.py"),
        paradigm=selectivity_paradigm,
        nodes=rules.build_network.output.v1_nodes,
        node_types=rules.build_network.output.v1_node_types,
        metadata=rules.build_network.output.metadata,
        spikes=selectivity_spikes,
        provenance=ancient(selectivity_provenance),
    output:
        rates="{network}/metrics/Rates_DF_{variant}.csv",
        selectivity="{network}/metrics/OSI_DSI_DF_{variant}.csv",
    log:
        "logs/calculate_odsi/{network}/{variant}.log",
    benchmark:
        "benchmarks/calculate_odsi/{network}/{variant}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("calculate_odsi"),
        runtime=runtime_min("calculate_odsi"),
    params:
        code=code("scripts/calculate_odsi.py"),
        spikes_dir=lambda wildcards: (
            f"{wildcards.network}/{NETWORKS[wildcards.network]['selectivity_paradigm']}_{wildcards.variant}"
        ),
        perturbation=[],
        seed=of_network("seed"),
    message:
        "Measure rates and selectivity: {wildcards}"
    shell:
        "python {input.script:q} --paradigm {input.paradigm:q} --network-dir {wildcards.network}/network "
        "--spikes-dir {params.spikes_dir:q} --seed {params.seed} --rates {output.rates:q} "
        "--selectivity {output.selectivity:q} {params.perturbation:q} > {log} 2>&1"


rule calculate_tuning_by_type:
    """Measure the selectivity of each cell type without the bias of few spikes, beside what shuffled trials give."""
    input:
        script=script("scripts/calculate_tuning_by_type.py"),
        paradigm=selectivity_paradigm,
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        nodes=rules.build_network.output.v1_nodes,
        node_types=rules.build_network.output.v1_node_types,
        metadata=rules.build_network.output.metadata,
        spikes=selectivity_spikes,
    output:
        "{network}/metrics/tuning_types_{variant}.csv",
    log:
        "logs/calculate_tuning_by_type/{network}/{variant}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("calculate_tuning_by_type"),
        runtime=runtime_min("calculate_tuning_by_type"),
    params:
        code=code("scripts/calculate_tuning_by_type.py"),
        spikes_dir=lambda wildcards: (
            f"{wildcards.network}/{NETWORKS[wildcards.network]['selectivity_paradigm']}_{wildcards.variant}"
        ),
        seed=of_network("seed"),
    message:
        "Measure selectivity by cell type: {wildcards}"
    shell:
        "python {input.script:q} --paradigm {input.paradigm:q} --network-dir {wildcards.network}/network "
        "--spikes-dir {params.spikes_dir:q} --naming-scheme {input.naming_scheme:q} --seed {params.seed} "
        "--output {output:q} > {log} 2>&1"


rule calculate_similarity:
    """Compare each cell type's responses with the recordings."""
    input:
        script=script("scripts/calculate_similarity.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        percentiles=seed_table("neuropixels_percentiles.csv"),
        networks=of_members(rules.build_network.output.metadata),
        selectivity=of_members(rules.calculate_odsi.output.selectivity),
    output:
        "{pool}/metrics/similarity_{variant}.csv",
    log:
        "logs/calculate_similarity/{pool}/{variant}.log",
    benchmark:
        "benchmarks/calculate_similarity/{pool}/{variant}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("calculate_similarity"),
        runtime=runtime_min("calculate_similarity"),
    params:
        code=code("scripts/calculate_similarity.py"),
        network_dirs=of_members("{network}/network"),
        seed=lambda wildcards: NETWORKS[members(wildcards.pool)[0]]["seed"],
    message:
        "Compare with the recordings: {wildcards}"
    shell:
        "python {input.script:q} --network-dir {params.network_dirs:q} --selectivity {input.selectivity:q} "
        "--naming-scheme {input.naming_scheme:q} --percentiles {input.percentiles:q} --seed {params.seed} "
        "--output {output:q} > {log} 2>&1"
