"""Write time, read time and size of the recurrent edges under HDF5's filters: why the edge files are not compressed.

python benchmarks/storage.py results/small/network/v1_v1_edges.h5
"""

import argparse
import tempfile
import time
from pathlib import Path

import h5py

COLUMNS = ["source_node_id", "target_node_id", "edge_type_id", "0/syn_weight"]
FILTERS = {
    "none": {},
    "lzf": {"compression": "lzf"},
    "shuffle + lzf": {"compression": "lzf", "shuffle": True},
    "shuffle + gzip 1": {"compression": "gzip", "compression_opts": 1, "shuffle": True},
}


def measure(columns, folder, chunk, options):
    """Write and read the columns once.

    Returns
    -------
    write_s, read_s, size_mb : float
    """
    path = Path(folder) / "columns.h5"
    begin = time.perf_counter()
    with h5py.File(path, "w") as h5:
        for name, values in columns.items():
            h5.create_dataset(name, data=values, chunks=(min(chunk, len(values)),), **options)
    written = time.perf_counter()
    with h5py.File(path) as h5:
        for name in columns:
            h5[name][:]
    return written - begin, time.perf_counter() - written, path.stat().st_size / 1e6


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edges", help="a v1_v1_edges.h5")
    args = parser.parse_args(argv)
    with h5py.File(args.edges) as h5:
        columns = {name: h5[f"edges/v1_to_v1/{name}"][:] for name in COLUMNS}
    print(f"{len(columns[COLUMNS[0]]):,} edges; write s, read s, MB")
    with tempfile.TemporaryDirectory() as folder:
        for chunk in (1 << 14, 1 << 16, 1 << 18, 1 << 20):
            for name, options in FILTERS.items():
                write_s, read_s, size_mb = measure(columns, folder, chunk, options)
                print(f"chunk {chunk:>9,}  {name:<17} {write_s:6.2f} {read_s:6.2f} {size_mb:7.1f}")


if __name__ == "__main__":
    main()
