"""A network of one's own on data of one's own: `diagnose` before training, `watch` while it runs.

| file | what it does |
|---|---|
| `prepare`, `networks`, `tracing`, `losses`, `numbers` | from what users write to a `Subject` |
| `kernel`, `modes`, `curvature`, `descent`, `movement` | what is computed |
| `fit`, `stepsize`, `horizon`, `laziness`, `hardness` | one question each |
| `hard_samples` | what is said of one sample |
| `entry`, `result`, `text` | all of them together |
| `watching`, `watched` | the monitor for a loop of one's own |
"""

from surefit.diagnosis.entry import diagnose
from surefit.diagnosis.result import Diagnosis
from surefit.diagnosis.watched import Record, Watched
from surefit.diagnosis.watching import Watch, watch

__all__ = ["Diagnosis", "Record", "Watch", "Watched", "diagnose", "watch"]
