"""What a sweep is, resolved from defaults < file < environment < command line.

>>> from suite.config import load_sweep
>>> sweep = load_sweep("demo", ["budget.images=300", "methods=[maml,transfer]"])

``load_sweep`` reads a shipped sweep or a YAML file, ``single_run`` makes a sweep of one method; both give
frozen dataclasses that are checked to the last argument, or raise ``ConfigError`` in one or two sentences.
"""

from suite.config.dump import to_dict, to_yaml
from suite.config.load import load_sweep, shipped, single_run, submitted_run
from suite.config.schema import (
    BenchmarkConfig,
    ConfigError,
    DiversityConfig,
    MethodConfig,
    ModelConfig,
    PriorityConfig,
    ProbeConfig,
    ProtocolConfig,
    Resources,
    SweepConfig,
    Tracking,
)

__all__ = [
    "BenchmarkConfig",
    "ConfigError",
    "DiversityConfig",
    "MethodConfig",
    "ModelConfig",
    "PriorityConfig",
    "ProbeConfig",
    "ProtocolConfig",
    "Resources",
    "SweepConfig",
    "Tracking",
    "load_sweep",
    "shipped",
    "single_run",
    "submitted_run",
    "to_dict",
    "to_yaml",
]
