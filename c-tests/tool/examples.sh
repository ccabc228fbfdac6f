#!/bin/bash
# Runs the examples of the manual page as they are printed. Writes TAP; runs as root and as an ordinary user.
#
# usage: examples.sh [FORKEXEC-RUN MANUAL LIBRARY]
set -u
run=$(realpath "${1:-./forkexec-run}") manual=$(realpath "${2:-./forkexec-run.1}") library=$(realpath "${3:-./libforkexec.so.1}")
dir=$(mktemp -d) tests=0 failures=0
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$dir"
cd "$dir" || exit 1
# As if it were installed.
mkdir bin lib
cp "$run" bin/forkexec-run
cp "$library" lib/libforkexec.so.1
export LC_ALL=C PATH="$dir/bin:$PATH" LD_LIBRARY_PATH="$dir/lib"

# is NAME WANTED GOT
is() {
    if [ "$2" = "$3" ]; then
        echo "ok $((++tests)) - $1"
    else
        echo "not ok $((++tests)) - $1"
        printf 'wanted: %s\ngot:    %s\n' "$2" "$3" | sed 's/^/#   /'
        failures=$((failures + 1))
    fi
}

skip() {
    echo "ok $((++tests)) # SKIP $1: $2"
    echo "# SKIP $1: $2"
}

# Writes each block of the manual's EXAMPLES to a file, as a reader sees it.
awk '/^\.Sh EXAMPLES/ { on = 1 } /^\.Sh SEE/ { on = 0 } /^\.Ed/ { inside = 0 }
    inside { gsub(/\\e/, "\\"); print >("example" n) }
    on && /^\.Bd/ { inside = 1; n++ }' "$manual"
is "the manual has four examples" "example1 example2 example3 example4" "$(echo example*)"

printf '#!/bin/sh\necho "$(ulimit -v) KiB, $(sed -n s/^CapEff:.//p /proc/self/status), $(grep -c : /proc/net/dev) interface"\n' >script
printf '#!/bin/sh\nexit 7\n' >service
chmod 755 script service

namespaces=$(forkexec-run --unshare user,pid,net,ipc,uts,mount true 2>&1) && namespaces=
if [ -n "$namespaces" ]; then
    skip "a script without network" "$namespaces"
    skip "a root of its own" "$namespaces"
else
    is "a script without network" "524288 KiB, 0000000000000000, 1 interface" "$(sh ./example1 2>&1)"

    # The last line starts a shell, which reads commands from its stdin.
    is "a root of its own" "0 0 bin dev lib lib64 proc tmp usr" \
        "$(echo 'echo $(id -u) $(id -g) $(ls /); touch /here 2>/dev/null' | sh ./example2 2>&1)"
fi

# A user that may not become nobody gets an error.
if [ "$(id -u)" = 0 ]; then wanted="it ran and ended with 7"; else wanted="it did not run"; fi
is "what went wrong, for a shell" "$wanted" "$(sh ./example3 2>/dev/null)"
rm service
is "what went wrong, for a shell, with nothing to run" "it did not run" "$(sh ./example3 2>/dev/null)"

if command -v jq >/dev/null; then
    is "exactly what went wrong" "exec (./service): No such file or directory" "$(sh ./example4 2>/dev/null)"
else
    skip "exactly what went wrong" "no jq here"
fi

echo "1..$tests"
[ $failures = 0 ]
