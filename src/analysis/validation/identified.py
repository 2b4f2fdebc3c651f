"""What is true of the identities given: the departments' records beside the customers they really are."""

import pandas as pd


def identity_facts(mapping: pd.DataFrame, truth: pd.DataFrame) -> dict[str, dict]:
    """Facts of identity.precision, identity.recall and identity.customers from the mapping and the truth, both with source,
    source_id, customer_id: shares of pairs of records, and the customers that there are."""
    both = mapping.merge(truth, on=["source", "source_id"], suffixes=("", "_true"))
    joined, true, right = (
        _pairs(both, keys) for keys in (["customer_id"], ["customer_id_true"], ["customer_id", "customer_id_true"])
    )
    return {
        "identity.precision": {"value": right / joined if joined else None},
        "identity.recall": {"value": right / true if true else None},
        "identity.customers": {"value": both["customer_id_true"].nunique()},
    }


def _pairs(records: pd.DataFrame, keys: list[str]) -> int:
    sizes = records.groupby(keys).size()
    return int((sizes * (sizes - 1) // 2).sum())
