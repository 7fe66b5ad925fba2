"""Simulate V1 in NEST through BMTK PointNet.

Each CONFIG is a SONATA simulation config, one a trial. Several are trials that share one network, which is loaded once;
with one thread they are simulated side by side in forks of the loaded process, with more threads one after the other.
"""

import argparse

from v1_files import command_line
from v1_model.engines.nest.pointnet import run_pointnet


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="+", metavar="CONFIG", help="SONATA simulation config of a trial")
    parser.add_argument("-n", "--threads", type=positive, default=1, help="NEST threads of each simulation (default 1)")
    parser.add_argument("-m", "--modulation", metavar="MODFILE", help="rules that change connection weights on loading")
    parser.add_argument("-o", "--output-dir", help="write outputs here; with several configs, in a subfolder for each")
    parser.add_argument(
        "--copies", type=positive, help="trials side by side, with one thread only (default: processors)"
    )
    args = parser.parse_args(argv)
    run_pointnet(
        args.config,
        threads=args.threads,
        modulation_file=args.modulation,
        output_dir=args.output_dir,
        copies=args.copies,
        progress=True,
    )


if __name__ == "__main__":
    command_line.run(main)
