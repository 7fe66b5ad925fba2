"""The seed tables: every figure the model is made of, as people edit them in ``base_props/``.

:func:`load_seed_tables` reads the workbook and the tables beside it, checks them against
``workflow/schemas/seed_tables.yaml`` and against each other, and gives what belongs to the populations that the
workbook lists. Deleting rows of the workbook gives a smaller model.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from v1_model.seeds import rules as seed_rules
from v1_model.seeds.files import read_table
from v1_model.seeds.schema import schema


class SeedTableError(ValueError):
    """The seed tables are at fault; the text has one line for each fault."""


@dataclass(frozen=True, eq=False)
class SeedTables:
    """Seed tables of the populations that the workbook lists, without excluded cell models.

    Columns, units and sources are those of ``base_props/README.md``.

    Attributes
    ----------
    folder : pathlib.Path
        Where they were read.
    populations : pandas.DataFrame, index ``population``
        In the order of the sheet.
    layers : pandas.DataFrame, index ``layer``
        All layers.
    cell_types : pandas.DataFrame, index ``pop_name``
        Naming scheme, in the order of ``populations``.
    cell_models : pandas.DataFrame, index ``specimen_id``
        In the order of ``populations``, within one by ascending specimen id.
    connection_probability : pandas.DataFrame, columns ``pre``, ``post`` (cell types), ``p_max``
    connection_sigma : pandas.DataFrame, columns ``pre``, ``post`` (e, i), ``sigma_um``
    orientation_ratio : pandas.DataFrame, columns ``pre``, ``post`` (e, i), ``orientation_ratio_90_to_0``
    psp_statistics : pandas.DataFrame, index ``connection_class``
        All classes.
    psp_class : pandas.DataFrame, columns ``pre``, ``post`` (populations), ``connection_class``
    synapse_kinetics : pandas.DataFrame, index (``pre``, ``post``)
        Synaptic types; ``exc`` among the sources.
    unitary_psp : pandas.DataFrame, index ``specimen_id``
        Of models in ``cell_models``, one column a presynaptic synaptic type, mV per pA; NaN for what is to be computed.
    lgn_models : pandas.DataFrame, index ``model_id``
    lgn_temporal_filters : pandas.DataFrame, index ``model_id``
    lgn_to_v1 : pandas.DataFrame, index ``population``
        In the order of ``populations``.
    lgn_weight_exceptions : pandas.DataFrame, index ``specimen_id``
        Of models in ``cell_models``; the others have the factor 1.
    background : pandas.DataFrame, index ``population``
        In the order of ``populations``.
    background_fitted : pandas.DataFrame, index ``specimen_id``
        In the order of ``cell_models``.
    """

    folder: Path
    populations: pd.DataFrame
    layers: pd.DataFrame
    cell_types: pd.DataFrame
    cell_models: pd.DataFrame
    connection_probability: pd.DataFrame
    connection_sigma: pd.DataFrame
    orientation_ratio: pd.DataFrame
    psp_statistics: pd.DataFrame
    psp_class: pd.DataFrame
    synapse_kinetics: pd.DataFrame
    unitary_psp: pd.DataFrame
    lgn_models: pd.DataFrame
    lgn_temporal_filters: pd.DataFrame
    lgn_to_v1: pd.DataFrame
    lgn_weight_exceptions: pd.DataFrame
    background: pd.DataFrame
    background_fitted: pd.DataFrame


def load_seed_tables(folder):
    """Read and check the seed tables.

    Parameters
    ----------
    folder : path
        With the workbook and the space-separated tables.

    Returns
    -------
    SeedTables

    Raises
    ------
    SeedTableError
        With all faults of all tables, one a line: file, sheet, row, column, what was found, what was expected.
    """
    folder, workbooks = Path(folder), {}
    names = [name for name, rule in schema().items() if rule.get("built_from", True)]
    if not folder.is_dir():
        raise SeedTableError(f"{folder}: no such folder of seed tables")
    tables = {name: read_table(name, folder, workbooks) for name in names}
    # A table's own faults come first: those between tables often follow from them.
    own = [fault for table in tables.values() for fault in table.faults]
    seed_rules.check(tables)
    faults = list(dict.fromkeys(own + [fault for table in tables.values() for fault in table.faults]))
    if faults:
        raise SeedTableError("\n".join(faults))
    return _assemble(folder, tables)


def _frame(table):
    """All rows of a table; text as str, whole numbers as int64, numbers and whole numbers with gaps as float64."""
    rules = table.rule["columns"]
    frame = pd.DataFrame([row.cells for row in table.rows], columns=list(rules))
    for column, rule in rules.items():
        whole = rule["type"] == "integer" and rule.get("required", True)
        frame[column] = frame[column].astype("str" if rule["type"] == "text" else "int64" if whole else "float64")
    return frame


def _assemble(folder, tables):
    """The tables of the populations and models that are left."""
    frames = {name: _frame(table) for name, table in tables.items()}
    populations = frames["populations"].set_index("population")
    cell_types = frames["cell_type_naming_scheme"].set_index("pop_name").loc[populations.index]
    models = _models(frames["cell_models"], list(populations.index), seed_rules.excluded(tables))
    exceptions = frames["lgn_weight_exceptions"].set_index("specimen_id")
    unitary_psp = frames["unitary_psp"].set_index("specimen_id")
    synaptic = set(cell_types["cell_type_synaptic"])
    kinetics = _among(frames["synapse_kinetics"], synaptic | {seed_rules.EXTERNAL}, synaptic)
    return SeedTables(
        folder=folder,
        populations=populations,
        layers=frames["layers"].set_index("layer"),
        cell_types=cell_types,
        cell_models=models,
        connection_probability=_among(frames["connection_probability"], set(cell_types["cell_type"])),
        connection_sigma=frames["connection_sigma"],
        orientation_ratio=frames["orientation_ratio"],
        psp_statistics=frames["psp_statistics"].set_index("connection_class"),
        psp_class=_among(frames["psp_class_by_population"], set(populations.index)),
        synapse_kinetics=kinetics.set_index(["pre", "post"]),
        unitary_psp=unitary_psp.loc[unitary_psp.index.intersection(models.index)],
        lgn_models=frames["lgn_models"].set_index("model_id"),
        lgn_temporal_filters=frames["lgn_temporal_filters"].set_index("model_id"),
        lgn_to_v1=frames["lgn_to_v1"].set_index("population").loc[populations.index],
        lgn_weight_exceptions=exceptions.loc[exceptions.index.intersection(models.index)],
        background=frames["background"].set_index("population").loc[populations.index],
        background_fitted=frames["background_fitted"].set_index("specimen_id").loc[models.index],
    )


def _models(frame, populations, left_out):
    """Cell models of these populations, in their order and by ascending specimen id."""
    kept = frame[frame["population"].isin(populations) & ~frame["specimen_id"].isin(left_out)]
    order = kept["population"].map(populations.index)
    kept = kept.assign(order=order).sort_values(["order", "specimen_id"])
    return kept.drop(columns="order").set_index("specimen_id")


def _among(frame, sources, targets=None):
    """Rows of a pair table whose source and target are among these."""
    targets = sources if targets is None else targets
    return frame[frame["pre"].isin(sources) & frame["post"].isin(targets)].reset_index(drop=True)
