"""Background spikes, condition by condition."""

for paradigm in PARADIGMS:

    rule:
        """Draw the background spikes of one condition's trials."""
        name:
            f"generate_background_{paradigm}"
        input:
            script=repo("scripts/generate_background.py"),
            library=library("scripts/generate_background.py"),
            paradigm=f"paradigms/{paradigm}.json",
        output:
            trials(paradigm, "{network}/bkg_{paradigm}/{condition}_trial{trial}/spikes.h5"),
        log:
            within(paradigm, "logs/generate_background/{network}/{paradigm}_{condition}.log"),
        benchmark:
            within(paradigm, "benchmarks/generate_background/{network}/{paradigm}_{condition}.tsv")
        wildcard_constraints:
            condition=one_of(CONDITIONS[paradigm]),
        conda:
            ENVIRONMENT
        resources:
            mem_mb=mem_mb("generate_background", paradigm),
            runtime=runtime_min("generate_background", paradigm),
        params:
            folder=within(paradigm, "{network}/bkg_{paradigm}"),
            condition=within(paradigm, "{condition}"),
            seed=of_network("seed"),
            rate_hz=CONFIG["background"]["rate_hz"],
        message:
            "Draw background spikes: {wildcards}"
        shell:
            "python {input.script:q} --paradigm {input.paradigm:q} --condition {params.condition} --seed {params.seed} "
            "--rate-hz {params.rate_hz} --output-dir {params.folder:q} > {log} 2>&1"
