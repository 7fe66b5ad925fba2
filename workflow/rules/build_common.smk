"""What the building of networks shares: the seed tables that decide, and files that must not be replaced."""

from v1_model.network.built_files import refuse_foreign_files


def no_foreign_files(wildcards):
    """Input function without inputs: refuses a network in whose place files lie that its build would replace."""
    try:
        refuse_foreign_files(wildcards.network)
    except ValueError as error:
        raise WorkflowError(str(error)) from None
    return []


def tables_of(wildcards):
    """Input function: the seed tables that decide on a network and its tuning. All are read, and checked together."""
    unread = seed_tables("unitary_psp") if NETWORKS[wildcards.network]["unitary_psp"] == "computed" else []
    return [path for path in seed_tables() if path not in unread]


def tables_built_from(wildcards):
    """Input function: the seed tables that decide on a network."""
    other = {"fitted": "background", "initial": "background_fitted"}
    unused = seed_tables(other[NETWORKS[wildcards.network]["background_weights"]])
    return [path for path in tables_of(wildcards) if path not in unused]
