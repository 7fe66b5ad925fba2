"""All targets of the fuzzer."""

from fuzz.hdf5_targets import HDF5
from fuzz.other_targets import JSON_FILES, NPZ, SEED_TABLES, WORKBOOKS, YAML_FILES
from fuzz.table_targets import TABLES

TARGETS = [*HDF5, *TABLES, *SEED_TABLES, *WORKBOOKS, *NPZ, *JSON_FILES, *YAML_FILES]
