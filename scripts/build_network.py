"""Build one network from the seed tables: SONATA nodes and edges, NEST parameters, unitary PSPs."""

import argparse
from pathlib import Path

from v1_files import command_line
from v1_model.network.builder import NetworkSpec, build_network
from v1_model.seeds.tables import load_seed_tables


def parser():
    """Arguments of the script."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--name", required=True, help="name of the network")
    p.add_argument("--base-props", required=True, type=Path, help="folder of the seed workbook and tables")
    p.add_argument("--output", required=True, type=Path, help="folder that receives network/ and components/")
    p.add_argument("--radius-um", required=True, type=float)
    p.add_argument("--core-radius-um", required=True, type=float)
    p.add_argument("--seed", type=int, default=153)
    p.add_argument("--lgn", choices=["full", "small"], default="full")
    p.add_argument("--like-to-like", action=argparse.BooleanOptionalAction, default=True, help="rank weights by tuning")
    p.add_argument("--fluctuating-counts", action="store_true", help="Poisson numbers of cells")
    p.add_argument("--background-weights", choices=["fitted", "initial"], default="fitted")
    p.add_argument(
        "--unitary-psp",
        choices=["published", "computed"],
        default="published",
        help="PSPs of 1 pA from unitary_psp.csv (what is not in it is computed), or all computed",
    )
    p.add_argument("--threads", type=int, default=1)
    return p


def main(argv=None):
    """Parse, build, report each stage's time."""
    a = parser().parse_args(argv)
    spec = NetworkSpec(
        name=a.name,
        radius_um=a.radius_um,
        core_radius_um=a.core_radius_um,
        seed=a.seed,
        lgn=a.lgn,
        like_to_like=a.like_to_like,
        fluctuating_counts=a.fluctuating_counts,
        background_weights=a.background_weights,
        unitary_psp=a.unitary_psp,
    )
    edges = build_network(spec, load_seed_tables(a.base_props), a.output, threads=a.threads, report=print)
    print(", ".join(f"{name}: {n:,} edges" for name, n in edges.items()))


if __name__ == "__main__":
    command_line.run(main)
