"""Background weights fitted to the target rate of each population, and compared with those of the seed table."""

# The screen while the weights are tuned; one condition, one trial.
TUNING = next(block for block in BLOCKS if block.paradigm == "grey_10s")
(TUNING_CONDITION,) = TUNING.conditions


rule render_background_tuning_config:
    """Write the SONATA config of V1 without recurrence, for the tuning."""
    input:
        script=script("scripts/render_configs.py"),
        template=repo("config_templates/background_tuning.json"),
        schema=repo("workflow/schemas/sonata_config.schema.yaml"),
        paradigm=f"paradigms/simulated/{TUNING.paradigm}.json",
    output:
        f"{{network}}/configs/background_tuning/{TUNING_CONDITION}_trial0.json",
    log:
        "logs/render_background_tuning_config/{network}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("render_background_tuning_config"),
        runtime=runtime_min("render_background_tuning_config"),
    params:
        code=code("scripts/render_configs.py"),
        folder="{network}/configs/background_tuning",
    shell:
        "python {input.script:q} v1 --template {input.template:q} --schema {input.schema:q} --paradigm {input.paradigm:q} "
        "--v1-edges none --background-edges bkg_v1_edges.h5 --run-folder background_tuning "
        "--output-dir {params.folder:q} > {log} 2>&1"


rule tune_background:
    """Fit the background weight of every cell model to the target rate of its population."""
    input:
        script=script("scripts/tune_background.py"),
        tables=tables_of,
        config=rules.render_background_tuning_config.output,
        network=rules.build_network.output,
        lgn=trials(TUNING, "{network}/filternet_{paradigm}/{condition}_trial{trial}/spikes.h5"),
        background=trials(TUNING, "{network}/bkg_{paradigm}/{condition}_trial{trial}/spikes.h5"),
    output:
        fitted="{network}/background_tuning/background_fitted.csv",
        tuning="{network}/background_tuning/tuning.csv",
        iterations="{network}/background_tuning/iterations.csv",
    log:
        "logs/tune_background/{network}.log",
    benchmark:
        "benchmarks/tune_background/{network}.tsv"
    conda:
        ENVIRONMENT
    threads: 4
    resources:
        mem_mb=mem_mb("tune_background", TUNING.paradigm),
        runtime=runtime_min("tune_background", TUNING.paradigm),
    params:
        code=code("scripts/tune_background.py"),
        base_props=lambda wildcards, input: Path(input.tables[0]).parent,
        target_factor=CONFIG["background"]["target_factor"],
        folder="{network}/background_tuning",
    message:
        "Tune the background weights: {wildcards.network}"
    shell:
        "python {input.script:q} --config {input.config:q} --base-props {params.base_props:q} "
        "--target-factor {params.target_factor} --copies {threads} --output-dir {params.folder:q} > {log} 2>&1"


rule compare_background_tuning:
    """Compare the fitted background weights with those of the seed table."""
    input:
        script=script("scripts/compare_background_tuning.py"),
        tuning=rules.tune_background.output.tuning,
        reference=seed_table("background_fitted.csv"),
    output:
        "{network}/background_tuning/comparison.csv",
    log:
        "logs/compare_background_tuning/{network}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("compare_background_tuning"),
        runtime=runtime_min("compare_background_tuning"),
    params:
        code=code("scripts/compare_background_tuning.py"),
    shell:
        "python {input.script:q} --tuning {input.tuning:q} --reference {input.reference:q} --output {output:q} > {log} 2>&1"


rule plot_background_tuning:
    """Draw the fitted background weights beside those of the seed table."""
    input:
        script=script("figure_scripts/weights/plot_background_tuning.py"),
        naming_scheme=seed_table("cell_type_naming_scheme.csv"),
        tuning=rules.tune_background.output.tuning,
        reference=seed_table("background_fitted.csv"),
        comparison=rules.compare_background_tuning.output,
    output:
        png=report(
            "{network}/figures/background_tuning.png",
            caption="../report/background_tuning.rst",
            category="{network}",
            labels={"figure": "Background weights", "option": "all"},
        ),
        pdf="{network}/figures/background_tuning.pdf",
        models="{network}/figures/background_tuning_models.csv",
    log:
        "logs/plot_background_tuning/{network}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("plot_background_tuning"),
        runtime=runtime_min("plot_background_tuning"),
    params:
        code=code("figure_scripts/weights/plot_background_tuning.py"),
        output_stem="{network}/figures/background_tuning",
    message:
        "Draw the background weights: {wildcards.network}"
    shell:
        "python {input.script:q} --name {wildcards.network} --tuning {input.tuning:q} --comparison {input.comparison:q} "
        "--reference {input.reference:q} --naming-scheme {input.naming_scheme:q} --output-stem {params.output_stem:q} "
        "> {log} 2>&1"
