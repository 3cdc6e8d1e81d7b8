"""The process that walled methods are forked from: it has imported what they need, and runs none of them."""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
import traceback

from suite.isolation import compiled, kernel, tree
from suite.isolation.inside import Lines, ward
from suite.isolation.limits import Limits
from suite.isolation.trial import become_harmless

_MOST_REQUEST = 4_096


def main(control: int) -> None:
    """Serve requests from the other end of the socket ``control`` until that is closed."""
    kernel.die_with_parent()
    become_harmless()
    _import_early()
    with socket.socket(fileno=control) as line:
        line.send(json.dumps({"ready": True, "memory_kib": tree.own_kib(os.getpid())}).encode())
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # wardens that ended
        while _serve(line):
            pass


def _serve(control: socket.socket) -> bool:
    request, descriptors, _, _ = socket.recv_fds(control, _MOST_REQUEST, 3)
    if not request:
        return False
    lines = Lines(*descriptors)
    told = json.loads(request)
    sys.stdout.flush()
    if os.fork() == 0:
        control.close()
        _be_walled(lines, Limits(**told["limits"]), bool(told["gpu"]))
    lines.close()
    return True


def _be_walled(lines: Lines, limits: Limits, gpu: bool) -> None:
    """Never returns."""
    from suite.isolation.serving import serve

    try:
        line = ward(lines, limits, gpu)
    except BaseException:  # noqa: BLE001 the walls did not go up: say so, and let nothing run
        os.write(lines.output, traceback.format_exc().encode())
        os._exit(70)
    try:
        compiled.borrow()
        code = serve(socket.socket(fileno=line))
    except BaseException:  # noqa: BLE001 a process that ends must say why, whatever it was
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _import_early() -> None:
    """All that methods usually import, once for all of them. None of it may start a thread."""
    import suite.isolation.serving
    import suite.methods
    from suite.isolation.conditions import import_optimisers

    for found in pkgutil.iter_modules(suite.methods.__path__, "suite.methods."):
        importlib.import_module(found.name)
    compiled.import_compiler()
    compiled.borrow()
    if not os.environ.get("CUDA_VISIBLE_DEVICES"):
        _warm_up()
    import_optimisers()
    _keep_memory()
    gc.collect()
    gc.freeze()  # forks then share these objects for longer


def _warm_up() -> None:
    """Adapt a network once: libraries set themselves up, and compile or load kernels, at their first call.

    With one thread, so that none is left at a fork, and not where there is a GPU, whose threads would be.
    """
    import torch

    from suite.methods.adaptations import adapt_all
    from suite.methods.family import MetaArguments
    from tasks import Support

    torch.set_num_threads(1)
    images, labels = torch.zeros(2, 1, 28, 28, dtype=torch.uint8), torch.arange(2)
    arguments = MetaArguments()
    predict = adapt_all(arguments.build((1, 28, 28), 2), Support(images, labels), steps=1, lr=0.1)
    predict(images)


def _keep_memory() -> None:
    """Have glibc keep up to 60 MiB of freed memory, as it does in any process that once held a benchmark.

    It raises its thresholds when a large block is freed; below them each step of a training would give its
    memory back to the kernel, and take it anew, page by page.
    """
    import torch

    torch.empty(31 * 2**20, dtype=torch.uint8)
