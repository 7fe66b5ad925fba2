"""Recurrent weights of the options, by cell type."""


rule calculate_weight_distributions:
    """Summarise the recurrent weights by cell type of source and target."""
    input:
        script=script("scripts/calculate_weight_distributions.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        nodes=rules.build_network.output.v1_nodes,
        node_types=rules.build_network.output.v1_node_types,
        edges=recurrent_edges,
    output:
        "{network}/metrics/weight_distributions_{option}.csv",
    log:
        "logs/calculate_weight_distributions/{network}/{option}.log",
    benchmark:
        "benchmarks/calculate_weight_distributions/{network}/{option}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("calculate_weight_distributions"),
        runtime=runtime_min("calculate_weight_distributions"),
    params:
        code=code("scripts/calculate_weight_distributions.py"),
    message:
        "Summarise the recurrent weights: {wildcards}"
    shell:
        "python {input.script:q} --edges {input.edges:q} --network-dir {wildcards.network}/network "
        "--naming-scheme {input.naming_scheme:q} --output {output:q} > {log} 2>&1"


rule plot_weight_distributions:
    """Draw the recurrent weights by cell type of source and target, options side by side."""
    input:
        script=script("figure_scripts/weights/plot_weight_distributions.py"),
        tables=lambda wildcards: [
            f"{wildcards.network}/metrics/weight_distributions_{option}.csv"
            for option in wildcards.options.split("_vs_")
        ],
    output:
        png=report(
            "{network}/figures/weight_distributions_{options}.png",
            caption="../report/weight_distributions.rst",
            category="{network}",
            labels={"figure": "Recurrent weights", "option": "{options}"},
        ),
        pdf="{network}/figures/weight_distributions_{options}.pdf",
        table="{network}/figures/weight_distributions_{options}.csv",
    log:
        "logs/plot_weight_distributions/{network}/{options}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_weight_distributions"),
        runtime=runtime_min("plot_weight_distributions"),
    params:
        code=code("figure_scripts/weights/plot_weight_distributions.py"),
        tables=lambda wildcards, input: [
            part
            for option, table in zip(wildcards.options.split("_vs_"), input.tables, strict=True)
            for part in ("--weights", option, table)
        ],
        output_stem=lambda wildcards: f"{wildcards.network}/figures/weight_distributions_{wildcards.options}",
    message:
        "Draw the recurrent weights: {wildcards}"
    shell:
        "python {input.script:q} {params.tables:q} --network {wildcards.network} "
        "--output-stem {params.output_stem:q} > {log} 2>&1"
