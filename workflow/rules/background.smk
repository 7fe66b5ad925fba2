"""Background spikes, condition by condition."""

for block in BLOCKS:

    rule:
        """Draw the background spikes of one condition's trials."""
        name:
            f"generate_background_{block.name}"
        input:
            script=script("scripts/generate_background.py"),
            paradigm=f"paradigms/simulated/{block.paradigm}.json",
        output:
            spikes=trials(block, "{network}/bkg_{paradigm}/{condition}_trial{trial}/spikes.h5"),
            provenance=record(block.paradigm, "{network}/bkg_{paradigm}"),
        log:
            within(block.paradigm, "logs/generate_background/{network}/{paradigm}_{condition}.log"),
        benchmark:
            within(block.paradigm, "benchmarks/generate_background/{network}/{paradigm}_{condition}.tsv")
        wildcard_constraints:
            condition=one_of(block.conditions),
        group:
            "generate_background_{network}"
        conda:
            ENVIRONMENT
        resources:
            mem_mb=mem_mb("generate_background", block.paradigm),
            runtime=runtime_min("generate_background", block.paradigm),
        params:
            code=code("scripts/generate_background.py"),
            folder=within(block.paradigm, "{network}/bkg_{paradigm}"),
            condition=within(block.paradigm, "{condition}"),
            seed=of_network("seed"),
            rate_hz=CONFIG["background"]["rate_hz"],
            provenance=recording(
                lambda wildcards, paradigm=block.paradigm: {
                    "background": {"rate_hz": CONFIG["background"]["rate_hz"]},
                    "paradigm": paradigm_section(paradigm),
                },
                streams={"background_spikes": TRIAL_IDS},
            ),
        message:
            "Draw background spikes: {wildcards}"
        shell:
            "python {input.script:q} --paradigm {input.paradigm:q} --condition {params.condition} --seed {params.seed} "
            "--rate-hz {params.rate_hz} --output-dir {params.folder:q} {params.provenance:q} > {log} 2>&1"
