"""The figures of a whole store as data; the site and the figures for papers draw the same ones."""
