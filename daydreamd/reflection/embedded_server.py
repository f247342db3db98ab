"""The embedded engine: llama.cpp's own OpenAI-compatible server, in this process.

Run as `python -m daydreamd.reflection.embedded_server WEIGHTS CONTEXT_TOKENS` with the key in the
environment, it prints its address and serves on loopback until it is ended. It makes no connections
of its own, and does not know what it is asked.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Final, NoReturn

KEY_VARIABLE: Final = "DAYDREAMD_ENGINE_KEY"
_MOST_THREADS: Final = 8


def main(weights: str, context_tokens: int) -> NoReturn:
    """Load the weights, print the address, and serve."""
    import xllamacpp  # noqa: PLC0415 - only this process may pay for it, and it may be missing

    threads = min(_MOST_THREADS, len(os.sched_getaffinity(0)))
    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.n_ctx = context_tokens
    params.n_parallel = 1
    # Writing waits for memory, and for each other's threads: on a busy machine with two processors
    # two threads wrote 4 tokens a second, one 18.
    params.cpuparams.n_threads = max(1, threads // 2)
    params.cpuparams_batch.n_threads = threads
    params.n_ubatch = 128  # no slower than 512 on a processor, and 11 MiB less
    params.cache_ram_mib = 0  # its default of 8 GiB grew to 729 MB with this small model
    params.no_extra_bufts = True  # a repacked copy of the weights: 25 MB, and no quicker
    params.sampling.penalty_repeat = 1.1  # small models loop: "1.1.1.1.1"
    params.sampling.dry_multiplier = 0.8
    params.warmup = False
    params.offline = True
    params.ui = False
    params.endpoint_slots = False  # it would show the prompt
    params.cors_origins = "http://127.0.0.1"
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [os.environ.pop(KEY_VARIABLE)]
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    os.dup2(2, 1)  # nobody reads what llama.cpp may print there from now on: it would fill the pipe
    while True:  # the server's own threads do the work
        time.sleep(3600)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
