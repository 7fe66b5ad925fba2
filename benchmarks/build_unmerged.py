"""Build a network whose cells have one receptor port for each synaptic pair, as stock networks have."""

import argparse
import json
from pathlib import Path

from v1_model.network.builder import NetworkSpec, build_network
from v1_model.seeds.tables import load_seed_tables


def main(argv=None):
    """Parse, build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", type=json.loads, required=True, help="fields of NetworkSpec, as JSON")
    parser.add_argument("--base-props", type=Path, required=True, help="folder of the seed tables")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    a = parser.parse_args(argv)
    tables = load_seed_tables(a.base_props)
    build_network(NetworkSpec(**a.spec), tables, a.output, threads=a.threads, merge_ports=False)


if __name__ == "__main__":
    main()
