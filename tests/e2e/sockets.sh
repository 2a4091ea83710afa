# shellcheck shell=bash disable=SC2154
# Watches that a replay opens no socket, by strace or in a namespace without a network. It is sourced behind lib.sh.

traced() { (become strace -f -qq -e trace=socket,connect -o "$work/trace" "$bench" "$@"); }
isolated() { (become unshare -rn "$bench" "$@"); }

# Names in `proofs` the ways that work here. Each is first shown what it must see: a command that does ask a server.
choose_proofs() { # url of a server that answers
    command -v strace > /dev/null || install_packages strace || say 'strace could not be installed'
    local ask=(doctor --model any --max-retries 0 --max-tokens 16 --base-url)
    proofs=()
    : > "$work/trace"
    traced "${ask[@]}" http://127.0.0.1:9/v1 > /dev/null 2>&1 || true
    if grep -q 'AF_INET' "$work/trace"; then
        proofs+=(traced)
    fi
    if unshare -rn true 2> /dev/null && ! isolated "${ask[@]}" "$1" > /dev/null 2>&1; then
        proofs+=(isolated)
    fi
    [ "${#proofs[@]}" -gt 0 ] || fail 'neither strace nor unshare works here: that a replay opens no socket was not proved'
}

# Runs the program with a proof in `proofs`, and fails if it opens a socket.
without_socket() { # proof argument…
    rm -f "$work/trace"
    "$@"
    [ "$1" = traced ] || return 0
    [ -f "$work/trace" ] || fail 'strace wrote nothing'
    ! grep 'AF_INET' "$work/trace" >&2 || fail 'a replay opens sockets'
}
