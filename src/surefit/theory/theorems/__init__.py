"""One file per theorem; a new file here is a new entry of `surefit.theory.THEOREMS`."""
