# Functions for the tests of forkexec-run, which include this file and pass their arguments:
# . "$(dirname "$0")/run_tool_base.sh"
# shellcheck shell=bash disable=SC2034
set -u
run=$(realpath "${1:-./forkexec-run}") reporter=$(realpath "${2:-./reporter}") presets=$(realpath "${3:-.}")
dir=$(mktemp -d) tests=0 failures=0
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$dir"
cp "$reporter" "$dir/reporter"
reporter=$dir/reporter
uid=$(id -u) gid=$(id -g)
export LC_ALL=C

ok() {
    echo "ok $((++tests)) - $1"
}

not_ok() {
    echo "not ok $((++tests)) - $1"
    shift
    printf '#   %s\n' "$@"
    failures=$((failures + 1))
}

skip() {
    echo "ok $((++tests)) # SKIP $1: $2"
    echo "# SKIP $1: $2"
}

# is NAME WANTED GOT
is() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted: $2" "got:    $3"; fi
}

# like NAME PATTERN GOT
like() {
    # shellcheck disable=SC2254
    case $3 in $2) ok "$1" ;; *) not_ok "$1" "wanted: $2" "got:    $3" ;; esac
}

# saw KEY OPTION...: the value that the reporter prints, or why it did not run
saw() {
    local key=$1
    shift
    "$run" "$@" "$reporter" 2>&1 | sed -n "s/^$key //p; /^forkexec-run: /p"
}

# sees NAME KEY WANTED OPTION...
sees() {
    local name=$1 key=$2 wanted=$3
    shift 3
    is "$name" "$wanted" "$(saw "$key" "$@")"
}

# holds NAME COMMAND...
holds() {
    if "${@:2}"; then ok "$1"; else not_ok "$1" "${*:2}"; fi
}

# code NAME WANTED COMMAND...: compares its exit code; its stderr is in $said, without a shell's message about a signal.
code() {
    local name=$1 wanted=$2 got
    shift 2
    { "$@"; } >"$dir/out" 2>"$dir/said"
    got=$?
    said=$(<"$dir/said")
    is "$name" "$wanted" "$got"
}

# until_true COMMAND...: repeats it until it succeeds, at most 20 seconds
until_true() {
    local i
    for ((i = 0; i < 2000; i++)); do
        "$@" && return
        sleep 0.01
    done
    return 1
}

# The value of a key in the line of that event: json EVENT KEY FILE
json() {
    python3 -c '
import json, sys
for line in open(sys.argv[3], encoding="utf-8"):
    event = json.loads(line)
    if event["event"] == sys.argv[1]:
        print(json.dumps(event[sys.argv[2]]))' "$@"
}
# begin OPTION... -- PROGRAM: starts it in the background, and waits for the file up
begin() {
    rm -f "$dir/up"
    "$run" "$@" &
    runner=$!
    until_true test -e "$dir/up"
}

have_python=$(command -v python3)

namespaces="no user namespaces here"
"$run" --unshare user --map-uid "0:$uid" true 2>/dev/null && namespaces=
userns=(--unshare user --map-uid "0:$uid" --map-gid "0:$gid")

# Whether a copy of the reporter with that name runs.
lives() { pgrep -f "^$dir/$1 " >/dev/null; }
dead() { ! lives "$1"; }

# At the end of each test script.
finish() {
    echo "1..$tests"
    [ $failures = 0 ]
}
