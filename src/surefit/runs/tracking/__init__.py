"""Finished runs logged to the MLflow server that the user already has (extra `mlflow`)."""

from surefit.runs.tracking.logging import Logged, log_runs

__all__ = ["Logged", "log_runs"]
