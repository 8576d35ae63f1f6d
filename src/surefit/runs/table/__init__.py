"""What people do with a store: look for runs, list, delete and export them."""

from surefit.runs.table.choosing import choose_runs
from surefit.runs.table.deleting import Deletion, delete_runs
from surefit.runs.table.export import export_table
from surefit.runs.table.listing import list_rows, order_rows
from surefit.runs.table.where import Condition, parse_where, select_rows

__all__ = [
    "Condition",
    "Deletion",
    "choose_runs",
    "delete_runs",
    "export_table",
    "list_rows",
    "order_rows",
    "parse_where",
    "select_rows",
]
