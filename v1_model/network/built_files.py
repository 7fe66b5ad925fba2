"""Which files of a network's folder the builder wrote: it never builds over those of somebody else."""

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path

from v1_files.files import whole_file

DESCRIPTION = "network.json"
BUILT = (
    *(f"{population}_{part}" for population in ("v1", "lgn", "bkg") for part in ("nodes.h5", "node_types.csv")),
    *(f"{source}_v1_{part}" for source in ("v1", "lgn", "bkg") for part in ("edges.h5", "edge_types.csv")),
    "unitary_psp.csv",
    "connection_summary.csv",
)
"""Files that a build writes into ``network/``, beside its description and the record of its provenance."""
UNFINISHED = ".unfinished_build"
"""In ``network/`` while a build lasts, and after one that was killed."""
SAMPLES, SAMPLE_BYTES = 16, 1 << 16


def fingerprint(path):
    """Digest of a file's size and of parts evenly spread over it; of the whole where it is small.

    Edge files have gigabytes, and this is asked for whenever a network is planned.
    """
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        digest = hashlib.sha256(str(size).encode())
        last = max(size - SAMPLE_BYTES, 0)
        for start in sorted({last * i // (SAMPLES - 1) for i in range(SAMPLES)}):
            file.seek(start)
            digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()[:16]


def fingerprints(network):
    """Fingerprint of each built file that is in a folder, by name."""
    return {name: fingerprint(network / name) for name in BUILT if (network / name).is_file()}


def foreign_files(folder):
    """Files in the place of built ones that no build of this project wrote, or that were changed since.

    Parameters
    ----------
    folder : path
        With ``network/`` and ``components/``, where there are any.

    Returns
    -------
    list of str
        Paths below ``folder``. A network whose description has no fingerprints is taken for whole.
    """
    folder, network = Path(folder), Path(folder) / "network"
    if (network / UNFINISHED).exists():
        return []
    there = fingerprints(network)
    try:
        written = json.loads((network / DESCRIPTION).read_text(encoding="utf-8")).get("files")
    except (OSError, ValueError, AttributeError):
        # Components alone are what is left where somebody deleted a network to have it built again.
        others = ["components/"] if there and (folder / "components").is_dir() else []
        return [*(f"network/{name}" for name in there), *others]
    return [f"network/{name}" for name, found in there.items() if written and written.get(name) != found]


def refuse_foreign_files(folder):
    """Refuse to build where network files lie that this project did not write.

    Raises
    ------
    ValueError
        Naming the files, and what to do.
    """
    found = foreign_files(folder)
    if found:
        raise ValueError(
            f"{folder}: found {', '.join(found)}, which this project did not write or which changed since; expected "
            "nothing in their place, for a network is built from the seed tables, which would replace them. Move them "
            "elsewhere (or delete them). Weights of your own are those of an option: v1_v1_edges_{option}.h5 or "
            "bkg_v1_edges_{option}.h5 beside the built files, or import_from in the config"
        )


@contextlib.contextmanager
def building(folder):
    """A build of a network: foreign files are refused, and what it wrote is removed where it fails.

    Parameters
    ----------
    folder : path
        Receives ``network/`` and ``components/``.

    Raises
    ------
    ValueError
        As :func:`refuse_foreign_files`.
    """
    refuse_foreign_files(folder)
    network = Path(folder) / "network"
    with whole_file(network / UNFINISHED) as part:
        part.write_text("A build began here and has not ended.\n", encoding="utf-8")
    # The description comes last, and none stands beside files of which some are new and some old.
    (network / DESCRIPTION).unlink(missing_ok=True)
    try:
        yield
    except BaseException:
        for name in BUILT:
            (network / name).unlink(missing_ok=True)
        shutil.rmtree(Path(folder) / "components", ignore_errors=True)
        raise
    finally:
        (network / UNFINISHED).unlink(missing_ok=True)
