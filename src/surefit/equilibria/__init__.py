"""The equilibria inside of any network: where they are, their states, whether they exist."""

from surefit.equilibria.checks import well_posedness
from surefit.equilibria.places import equilibrium_places
from surefit.equilibria.walk import Located, equilibria

__all__ = ["Located", "equilibria", "equilibrium_places", "well_posedness"]
