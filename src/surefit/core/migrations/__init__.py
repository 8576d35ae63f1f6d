"""Runs that an older version wrote, read as this version has them."""

from surefit.core.migrations.chain import CURRENT, schema_of, upgraded
from surefit.core.migrations.documents import DOCUMENTS, load_documents, read_documents

__all__ = ["CURRENT", "DOCUMENTS", "load_documents", "read_documents", "schema_of", "upgraded"]
