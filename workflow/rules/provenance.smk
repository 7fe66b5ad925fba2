"""Where results come from: what each job records of itself, and the page that shows the records of a run."""

# What makes a network what it is; the other keys of its section say how it is simulated and measured.
NETWORK_KEYS = [
    "radius_um",
    "core_radius_um",
    "seed",
    "lgn",
    "like_to_like",
    "fluctuating_counts",
    "background_weights",
    "unitary_psp",
]

# Purposes of the streams of random numbers that a job draws; a stream is a function of (seed, purpose, ids).
BUILD_STREAMS = {
    "cell_count": ["specimen_id"],
    "v1_cell": ["cell"],
    "lgn_cell": ["cell"],
    "recurrent": ["target"],
    "recurrent_weight": ["target", "source"],
    "lgn_to_v1": ["target"],
    "background_edges": ["target"],
}
TRIAL_IDS = ["paradigm", "condition", "trial"]


# --- what a job records --------------------------------------------------------------------------------------------
# Snakemake does not compare params that are functions of `output` with those of the last run: no job runs again because
# it would record something else.


def network_section(wildcards):
    """What makes a network what it is, from the config."""
    return {"name": wildcards.network} | {key: NETWORKS[wildcards.network][key] for key in NETWORK_KEYS}


def paradigm_section(paradigm):
    """What decides on a paradigm's simulations, from the config."""
    return {"name": paradigm} | {key: part for key, part in PARADIGMS[paradigm].items() if key not in NOT_SIMULATED}


def variant_sections(wildcards, paradigm):
    """Option and perturbation of a variant in a paradigm's trials, from the config."""
    option, perturbation = option_of(wildcards.variant), perturbation_of(wildcards.variant)
    sections = {"option": {"name": option} | OPTIONS[option]}
    if perturbation:
        sections["perturbation"] = {"name": perturbation} | perturbation_section(perturbation, paradigm)
    return sections


def recording(config, streams, inputs=()):
    """Params function: arguments with which a script records its provenance.

    `config` gives the sections of the config by the wildcards, `streams` the ids by purpose, `inputs` are the names of
    the inputs whose digests are recorded.
    """

    def arguments(wildcards, input, output):
        sections, what = config(wildcards), dict(wildcards.items())
        if "paradigm" in sections:
            what["paradigm"] = sections["paradigm"]["name"]
            # The only condition of a paradigm is no wildcard.
            what.setdefault("condition", next(iter(CONDITIONS[what["paradigm"]])))
        subject = {
            "subject": what,
            "config": sections,
            "seed": NETWORKS[wildcards.network]["seed"],
            "random_streams": streams,
            "inputs": [str(path) for name in inputs for path in as_list(input.get(name, []))],
        }
        return ["--provenance", output.provenance, "--provenance-of", json.dumps(subject, sort_keys=True)]

    return arguments


def as_list(paths):
    """A path or several, as a list."""
    return [paths] if isinstance(paths, str) else list(paths)


# --- where records lie ---------------------------------------------------------------------------------------------

NETWORK_RECORD = "{network}/network/provenance.json"


def record(paradigm, folder):
    """Record of the job of one condition; `folder` receives the results of the paradigm."""
    alone = folder.startswith("{network}/output_")
    return f"{folder}/provenance.json" if alone else within(paradigm, f"{folder}/provenance/{{condition}}.json")


def variant_folder(paradigm):
    """Folder of the V1 results of a paradigm."""
    return f"{{network}}/{within(paradigm, run_folder(paradigm)).partition('/')[0]}"


def provenance_page(paradigm):
    """Page about a run; inputs named `provenance` ask for it and are `ancient`, so that a new page makes nothing anew."""
    return f"{variant_folder(paradigm)}/provenance.html"


def selectivity_provenance(wildcards):
    """Input function: page about the run behind the network's selectivity tables."""
    return provenance_page(NETWORKS[wildcards.network]["selectivity_paradigm"]).format(**wildcards)


def run_records(paradigm):
    """Records of all jobs behind a run, from the network on."""
    folders = ["{network}/filternet_{paradigm}", "{network}/bkg_{paradigm}", variant_folder(paradigm)]
    return [
        NETWORK_RECORD,
        *(path for folder in folders for path in all_conditions(paradigm, record(paradigm, folder))),
    ]


class Page(NamedTuple):
    """What the page about a network or a run is made of."""

    name: str
    path: str
    results: str
    records: list


PAGES = [Page("network", "{network}/network/provenance.html", "network", [NETWORK_RECORD])]
PAGES += [Page(name, provenance_page(name), f"{name}, {{variant}}", run_records(name)) for name in PARADIGMS]

for page in PAGES:

    rule:
        """Show where a network or a run comes from."""
        name:
            f"record_provenance_{page.name}"
        input:
            script=script("scripts/record_provenance.py"),
            records=page.records,
        output:
            report(
                page.path,
                caption="../report/provenance.rst",
                category="Provenance",
                labels={"network": "{network}", "results": page.results},
            ),
        log:
            str(Path("logs", "record_provenance", page.path).parent.with_suffix(".log")),
        conda:
            ENVIRONMENT
        resources:
            mem_mb=mem_mb("record_provenance"),
            runtime=runtime_min("record_provenance"),
        params:
            code=code("scripts/record_provenance.py"),
            title=f"Network {{network}}, {page.results}",
        message:
            "Show where results come from: {output}"
        shell:
            "python {input.script:q} --title {params.title:q} --records {input.records:q} --output {output:q} > {log} 2>&1"
