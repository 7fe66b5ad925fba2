"""The settings of a cluster in ``profiles/slurm/site.yaml``, checked; read by the profile beside it."""

from pathlib import Path

import yaml

from config_values import nearest

DEFAULTS = {
    "partition": "",
    "account": "",
    "qos": "",
    "log_folder": "results/logs/slurm",
    "job_cpus": 8,
    "status_command": "squeue",
}
STATUS_COMMANDS = ("squeue", "sacct")
CONFIG = Path(__file__).resolve().parents[1] / "config" / "config.yaml"


def trial_rules(config=CONFIG):
    """Names of the rules that simulate a config file's paradigms, with commas between, for ``--slurm-array-jobs``."""
    paradigms = yaml.safe_load(Path(config).read_text())["paradigms"]
    return ",".join(f"run_v1_{paradigm}{suffix}" for paradigm in paradigms for suffix in ("", "_blank"))


def ask_only(status_command):
    """Keep the executor (2.8) to the status command of the site.

    Where ``scontrol`` does not answer at once, as while the controller restarts, it would ask ``sacct`` in place of
    ``squeue``; on a cluster without accounts that knows no job, and the executor gives all its jobs up.
    """
    import snakemake_executor_plugin_slurm as executor

    executor.is_query_tool_available = lambda tool: tool == status_command


def read_site(path):
    """The site file's settings, with defaults for what is left out or empty.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        With the keys of ``DEFAULTS``.

    Raises
    ------
    ValueError
        Naming the file, every faulty key, what was found and what was expected.
    """
    try:
        found = yaml.safe_load(Path(path).read_text()) or {}
    except FileNotFoundError:
        raise ValueError(f"{path} is missing; snakemake has to be called in the repository's folder") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: found {found!r}, expected lines of `key: value`")
    site = DEFAULTS | {key: value for key, value in found.items() if value not in (None, "")}
    faults = [f"unknown key {key!r}, {nearest(key, DEFAULTS)}" for key in found if key not in DEFAULTS]
    for key in ("partition", "account", "qos", "log_folder"):
        if not isinstance(site[key], str | int) or isinstance(site[key], bool):
            faults.append(f"{key}: found {site[key]!r}, expected a name")
    if not isinstance(site["job_cpus"], int) or site["job_cpus"] < 1:
        faults.append(f"job_cpus: found {site['job_cpus']!r}, expected a positive whole number")
    if site["status_command"] not in STATUS_COMMANDS:
        faults.append(f"status_command: found {site['status_command']!r}, expected {' or '.join(STATUS_COMMANDS)}")
    if faults:
        raise ValueError("\n".join(f"{path}: {fault}" for fault in faults))
    return site
