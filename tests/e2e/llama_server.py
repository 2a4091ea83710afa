"""Serves one GGUF file over llama.cpp's OpenAI-compatible API on 127.0.0.1, until it is told to stop."""

import argparse
import os
import signal
import threading

import xllamacpp


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--model", required=True, help="the GGUF file")
    options.add_argument("--name", required=True, help="the model's name at the endpoint")
    options.add_argument("--port", type=int, required=True)
    given = options.parse_args()

    params = xllamacpp.CommonParams()
    params.model.path = given.model
    params.model_alias = {given.name}
    params.hostnames = ["127.0.0.1"]
    params.port = given.port
    params.ui = False
    params.offline = True
    params.n_ctx = 8192
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.use_jinja = True
    threads = os.cpu_count() or 1
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = xllamacpp.Server(params)
    print("listening on", server.listening_address, flush=True)
    stop.wait()
    # The server's own threads would keep the interpreter alive.
    os._exit(0)


main()
