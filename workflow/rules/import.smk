"""Weights made elsewhere, checked and placed as those of an option."""


rule import_weights:
    """Check an edge file made elsewhere and place its weights as those of an option."""
    input:
        script=script("scripts/import_weights.py"),
        network=rules.build_network.output,
        weights=lambda wildcards: repo(IMPORTS[wildcards.edges].replace("{network}", wildcards.network)),
    output:
        "{network}/network/{edges}.h5",
    log:
        "logs/import_weights/{network}/{edges}.log",
    benchmark:
        "benchmarks/import_weights/{network}/{edges}.tsv"
    wildcard_constraints:
        edges=one_of(IMPORTS),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("import_weights"),
        runtime=runtime_min("import_weights"),
    params:
        code=code("scripts/import_weights.py"),
        source=lambda wildcards: wildcards.edges.partition("_")[0],
    message:
        "Import weights: {wildcards}"
    shell:
        "python {input.script:q} --network-dir {wildcards.network}/network --source {params.source} "
        "--weights {input.weights:q} --output {output:q} > {log} 2>&1"
