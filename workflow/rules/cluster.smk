"""What is submitted where the steps go to a cluster (workflow/profiles/slurm)."""

# The other rules take seconds and run beside Snakemake, on the submit host.
SUBMITTED = (
    "build_network",
    "run_filternet_",
    "generate_background_",
    "run_v1_",
    "tune_background",
    "import_weights",
    "make_adjusted_edges",
    "calculate_suppression",
    "calculate_weight_distributions",
)

# Jobs would write to results/ all the same.
if workflow.overwrite_workdir and workflow.nodes is not None:
    raise WorkflowError("--directory does not reach the jobs on a cluster: make results/ a link to the folder instead")

workflow.localrules(*(rule.name for rule in workflow.rules if not rule.name.startswith(SUBMITTED)))
