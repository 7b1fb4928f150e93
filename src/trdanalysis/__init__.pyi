from trdanalysis import plot as plot
from trdanalysis.errors import UserError as UserError
from trdanalysis.interface.explaining import Explanation as Explanation
from trdanalysis.interface.explaining import explain as explain
from trdanalysis.interface.labelled import Labelled as Labelled
from trdanalysis.interface.marked import PatientLevelWarning as PatientLevelWarning
from trdanalysis.interface.papers import table as table
from trdanalysis.interface.rating import attrition as attrition
from trdanalysis.interface.rating import rates as rates
from trdanalysis.interface.relabelling import relabel as relabel
from trdanalysis.interface.run import Run as Run
from trdanalysis.interface.run import open_run as open
from trdanalysis.interface.tables import show as show
from trdanalysis.interface.taking import label as label
from trdanalysis.interface.telling import say as say
from trdanalysis.interface.telling import tell as tell

__version__: str
__all__ = [
    "Explanation",
    "Labelled",
    "PatientLevelWarning",
    "Run",
    "UserError",
    "__version__",
    "attrition",
    "explain",
    "label",
    "open",
    "plot",
    "rates",
    "relabel",
    "say",
    "show",
    "table",
    "tell",
]
