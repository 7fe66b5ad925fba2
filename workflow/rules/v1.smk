"""V1 simulations, condition by condition."""

for paradigm in PARADIGMS:

    rule:
        """Write the SONATA configs of V1, one a trial."""
        name:
            f"render_v1_configs_{paradigm}"
        input:
            script=script("scripts/render_configs.py"),
            template=repo("config_templates/pointnet.json"),
            schema=repo("workflow/schemas/sonata_config.schema.yaml"),
            paradigm=f"paradigms/simulated/{paradigm}.json",
            node_set=node_set(paradigm),
        output:
            all_trials(paradigm, "{network}/configs/{paradigm}_{variant}/{condition}_trial{trial}.json"),
        log:
            within(paradigm, "logs/render_v1_configs/{network}/{paradigm}_{variant}.log"),
        conda:
            ENVIRONMENT
        resources:
            mem_mb=mem_mb("render_v1_configs", paradigm),
            runtime=runtime_min("render_v1_configs", paradigm),
        params:
            code=code("scripts/render_configs.py"),
            folder=within(paradigm, "{network}/configs/{paradigm}_{variant}"),
            run_folder=lambda wildcards, paradigm=paradigm: run_folder(paradigm).replace("{variant}", wildcards.variant),
            v1_edges=lambda wildcards: edge_name("v1", option_of(wildcards.variant)),
            background_edges=lambda wildcards: edge_name("bkg", option_of(wildcards.variant)),
            perturbation=perturbation_arguments(paradigm),
        shell:
            "python {input.script:q} v1 --template {input.template:q} --schema {input.schema:q} "
            "--paradigm {input.paradigm:q} --v1-edges {params.v1_edges} --background-edges {params.background_edges} "
            "--run-folder {params.run_folder:q} --output-dir {params.folder:q} {params.perturbation:q} > {log} 2>&1"


for block in BLOCKS:

    rule:
        """Simulate V1 in NEST, all trials of one condition."""
        name:
            f"run_v1_{block.name}"
        input:
            script=script("scripts/run_pointnet.py"),
            network=rules.build_network.output,
            option_edges=option_edges,
            configs=trials(block, "{network}/configs/{paradigm}_{variant}/{condition}_trial{trial}.json"),
            lgn=trials(block, "{network}/filternet_{paradigm}/{condition}_trial{trial}/spikes.h5"),
            background=trials(block, "{network}/bkg_{paradigm}/{condition}_trial{trial}/spikes.h5"),
        output:
            spikes=trials(block, f"{{network}}/{run_folder(block.paradigm)}/spikes.h5"),
            provenance=record(block.paradigm, variant_folder(block.paradigm)),
        log:
            within(block.paradigm, "logs/run_v1/{network}/{paradigm}_{variant}_{condition}.log"),
        benchmark:
            within(block.paradigm, "benchmarks/run_v1/{network}/{paradigm}_{variant}_{condition}.tsv")
        wildcard_constraints:
            condition=one_of(block.conditions),
        conda:
            ENVIRONMENT
        threads: of_network("nest_threads")
        resources:
            mem_mb=mem_mb("run_v1", block.paradigm),
            runtime=runtime_min("run_v1", block.paradigm),
        params:
            code=code("scripts/run_pointnet.py"),
            parallel=parallel_trials(block),
            provenance=recording(
                lambda wildcards, paradigm=block.paradigm: {
                    "network": network_section(wildcards),
                    **variant_sections(wildcards, paradigm),
                    "background": {"rate_hz": CONFIG["background"]["rate_hz"]},
                    "paradigm": paradigm_section(paradigm),
                },
                streams={},
                inputs=["option_edges"],
            ),
        message:
            "Simulate V1: {wildcards}"
        shell:
            "python {input.script:q} {input.configs:q} {params.parallel} {params.provenance:q} > {log} 2>&1"
