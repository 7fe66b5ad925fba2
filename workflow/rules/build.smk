"""Seed tables to a network, and paradigms to their definitions."""


rule build_network:
    """Build a network from the seed tables."""
    input:
        script=script("scripts/build_network.py"),
        tables=tables_built_from,
        checked=ancient(seed_tables()),
        place=no_foreign_files,
    output:
        v1_nodes="{network}/network/v1_nodes.h5",
        v1_node_types="{network}/network/v1_node_types.csv",
        lgn_nodes="{network}/network/lgn_nodes.h5",
        lgn_node_types="{network}/network/lgn_node_types.csv",
        bkg_nodes="{network}/network/bkg_nodes.h5",
        bkg_node_types="{network}/network/bkg_node_types.csv",
        v1_v1_edges="{network}/network/v1_v1_edges.h5",
        v1_v1_edge_types="{network}/network/v1_v1_edge_types.csv",
        lgn_v1_edges="{network}/network/lgn_v1_edges.h5",
        lgn_v1_edge_types="{network}/network/lgn_v1_edge_types.csv",
        bkg_v1_edges="{network}/network/bkg_v1_edges.h5",
        bkg_v1_edge_types="{network}/network/bkg_v1_edge_types.csv",
        metadata="{network}/network/network.json",
        unitary_psp="{network}/network/unitary_psp.csv",
        connection_summary="{network}/network/connection_summary.csv",
        components=directory("{network}/components"),
        provenance=NETWORK_RECORD,
    log:
        "logs/build_network/{network}.log",
    benchmark:
        "benchmarks/build_network/{network}.tsv"
    conda:
        ENVIRONMENT
    threads: 8
    resources:
        mem_mb=mem_mb("build_network"),
        runtime=runtime_min("build_network"),
    params:
        code=code("scripts/build_network.py"),
        base_props=lambda wildcards, input: Path(input.tables[0]).parent,
        radius_um=of_network("radius_um"),
        core_radius_um=of_network("core_radius_um"),
        seed=of_network("seed"),
        lgn=of_network("lgn"),
        background_weights=of_network("background_weights"),
        unitary_psp=of_network("unitary_psp"),
        like_to_like=network_flag("like_to_like", "--like-to-like", "--no-like-to-like"),
        fluctuating_counts=network_flag("fluctuating_counts", "--fluctuating-counts"),
        provenance=recording(
            lambda wildcards: {"network": network_section(wildcards), "seed_tables": CONFIG["seed_tables"]},
            streams=BUILD_STREAMS,
            inputs=["checked"],
        ),
    message:
        "Build network {wildcards.network}"
    shell:
        "python {input.script:q} --name {wildcards.network} --base-props {params.base_props:q} --output {wildcards.network} "
        "--radius-um {params.radius_um} --core-radius-um {params.core_radius_um} --seed {params.seed} --lgn {params.lgn} "
        "{params.like_to_like} {params.fluctuating_counts} --background-weights {params.background_weights} "
        "--unitary-psp {params.unitary_psp} --threads {threads} {params.provenance:q} > {log} 2>&1"


rule render_paradigm:
    """Write a paradigm's conditions, trials and analysis windows."""
    input:
        script=script("scripts/render_paradigm.py"),
    output:
        "paradigms/{paradigm}.json",
    log:
        "logs/render_paradigm/{paradigm}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("render_paradigm"),
        runtime=runtime_min("render_paradigm"),
    params:
        code=code("scripts/render_paradigm.py"),
        definition=lambda wildcards: as_json(PARADIGMS[wildcards.paradigm], without=NOT_DEFINED),
        condition_names=as_json(CONFIG["condition_names"]),
    shell:
        "python {input.script:q} --name {wildcards.paradigm} --definition {params.definition:q} "
        "--condition-names {params.condition_names:q} --output {output:q} > {log} 2>&1"


use rule render_paradigm as render_simulated_paradigm with:
    # Without the analysis windows, so that other windows simulate nothing again.
    output:
        "paradigms/simulated/{paradigm}.json",
    log:
        "logs/render_simulated_paradigm/{paradigm}.log",
    params:
        definition=lambda wildcards: as_json(PARADIGMS[wildcards.paradigm], without=NOT_SIMULATED),
        condition_names=as_json(CONFIG["condition_names"]),
