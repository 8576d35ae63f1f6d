"""Label codings: one file each."""
