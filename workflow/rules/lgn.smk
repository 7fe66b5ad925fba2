"""LGN rates and spikes, condition by condition."""

for paradigm in PARADIGMS:

    rule:
        """Write the SONATA configs of the LGN, one a condition."""
        name:
            f"render_lgn_configs_{paradigm}"
        input:
            script=script("scripts/render_configs.py"),
            template=repo("config_templates/filternet.json"),
            schema=repo("workflow/schemas/sonata_config.schema.yaml"),
            paradigm=f"paradigms/simulated/{paradigm}.json",
        output:
            all_conditions(paradigm, "{network}/configs/{paradigm}/filternet_{condition}.json"),
        log:
            within(paradigm, "logs/render_lgn_configs/{network}/{paradigm}.log"),
        conda:
            ENVIRONMENT
        resources:
            mem_mb=mem_mb("render_lgn_configs", paradigm),
            runtime=runtime_min("render_lgn_configs", paradigm),
        params:
            code=code("scripts/render_configs.py"),
            folder=within(paradigm, "{network}/configs/{paradigm}"),
            seed=of_network("seed"),
        shell:
            "python {input.script:q} lgn --template {input.template:q} --schema {input.schema:q} "
            "--paradigm {input.paradigm:q} --seed {params.seed} --output-dir {params.folder:q} > {log} 2>&1"


for block in BLOCKS:

    rule:
        """Show one condition to the LGN: rates once, spikes for each trial."""
        name:
            f"run_filternet_{block.name}"
        input:
            script=script("scripts/run_filternet.py"),
            config=within(block.paradigm, "{network}/configs/{paradigm}/filternet_{condition}.json"),
            nodes=rules.build_network.output.lgn_nodes,
            node_types=rules.build_network.output.lgn_node_types,
        output:
            rates=rates_file(block),
            spikes=trials(block, "{network}/filternet_{paradigm}/{condition}_trial{trial}/spikes.h5"),
            provenance=record(block.paradigm, "{network}/filternet_{paradigm}"),
        log:
            within(block.paradigm, "logs/run_filternet/{network}/{paradigm}_{condition}.log"),
        benchmark:
            within(block.paradigm, "benchmarks/run_filternet/{network}/{paradigm}_{condition}.tsv")
        wildcard_constraints:
            condition=one_of(block.conditions),
        group:
            "run_filternet_{network}"
        conda:
            ENVIRONMENT
        threads: lambda wildcards: 2 if NETWORKS[wildcards.network]["lgn"] == "full" else 1
        resources:
            mem_mb=mem_mb("run_filternet", block.paradigm),
            runtime=runtime_min("run_filternet", block.paradigm),
        params:
            code=code("scripts/run_filternet.py"),
            provenance=recording(
                lambda wildcards, paradigm=block.paradigm: {
                    "network": network_section(wildcards),
                    "paradigm": paradigm_section(paradigm),
                },
                streams={"lgn_spikes": TRIAL_IDS, **({"phase": TRIAL_IDS} if random_phase(block.paradigm) else {})},
            ),
        message:
            "Show the stimulus to the LGN: {wildcards}"
        shell:
            "python {input.script:q} {input.config:q} --threads {threads} {params.provenance:q} > {log} 2>&1"
