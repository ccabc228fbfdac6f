#!/bin/bash
# container_exec, in a container made by runc and in one made by this library: a program runs there as with `runc exec`.
#
# usage: container_exec.sh CONTAINER_EXEC REPORTER FORKEXEC-RUN
set -u
enter=$1 reporter=$2 run=$3
failed=0
[ "$(id -u)" = 0 ] || { echo "# SKIP: needs to be root"; exit 77; }
dir=$(mktemp -d)
name=forkexec-test-$$
pid= holder= container=
clean_up() {
    [ "$holder" ] && kill -TERM "$holder" && wait "$holder"
    [ "$container" ] && runc --root "$dir/runc" delete --force "$name" 2>/dev/null
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# is WHAT EXPECTED GOT
is() {
    [ "$2" = "$3" ] && { echo "ok - $1"; return; }
    printf 'not ok - %s\n#  expected: %s\n#  got: %s\n' "$1" "$2" "$3"
    failed=1
}
# like WHAT PATTERN GOT
like() {
    # shellcheck disable=SC2053
    [[ $3 == $2 ]] && { echo "ok - $1"; return; }
    printf 'not ok - %s\n#  expected: %s\n#  got: %s\n' "$1" "$2" "$3"
    failed=1
}

# check NAME: what must be true in every container
check() {
    local seen
    seen=$("$enter" "$pid" /reporter 2>&1)
    for kind in ipc uts net pid mnt user cgroup; do
        is "$1: $kind" "$(readlink "/proc/$pid/ns/$kind")" "$(sed -n "s/^ns.$kind //p" <<<"$seen")"
    done
    for line in "uid 0 0 0 0" "groups " "cap.bounding 0000000020000420" "cap.effective 0000000020000420" \
        "cap.inheritable 0000000000000000" "no_new_privs 1" "cwd /" "fds 0 1 2" "ppid 0" "seccomp 2"; do
        is "$1: ${line%% *}" "$line" "$(grep -m 1 -x -e "$line" <<<"$seen")"
    done
    is "$1: no capability" "cap.effective 0000000000000000" "$("$enter" -c 0 "$pid" /reporter | grep '^cap.effective')"
    is "$1: exit code" 7 "$("$enter" "$pid" /reporter exit 7; echo $?)"
    is "$1: killed" 137 "$("$enter" "$pid" /reporter kill 9; echo $?)"
    like "$1: no such program" "*exec*No such file*127" "$("$enter" "$pid" /nope 2>&1; echo $?)"
    is "$1: a directory" "cwd /proc" "$("$enter" -d /proc "$pid" /reporter | grep '^cwd')"
    like "$1: a directory that leads out" "*125" "$("$enter" -d /proc/self/fd/3 "$pid" /reporter 2>&1 3</; echo $?)"
}

# --- a container made by this library
"$run" --unshare user,pid,mount,net,ipc,uts,cgroup --map-uid 0:0:65536 --map-gid 0:0:65536 --uid 0 --gid 0 --empty-root \
    --bind=create "$reporter" /reporter --proc=create /proc --allow-setgroups \
    --parent-death KILL --hostname inside /reporter sleep >/dev/null &
holder=$!
for _ in {1..1000}; do
    pid=$(cat /proc/$holder/task/*/children 2>/dev/null | tr -d ' ')
    [ "$pid" ] && [ "$(readlink "/proc/$pid/exe")" = /reporter ] && break
    sleep 0.01
done
check "ours"
is "ours: hostname" inside "$("$enter" "$pid" /reporter | sed -n 's/^hostname //p')"
is "ours: ids" "uid 5 5 5 5,gid 6 6 6 6,groups 7 8" \
    "$("$enter" -u 5 -g 6 -G 7 -G 8 "$pid" /reporter | grep -E '^(uid|gid|groups) ' | paste -sd,)"
group=/sys/fs/cgroup/unified/$name
if mkdir "$group" 2>/dev/null; then
    "$enter" -r "$group" "$pid" /reporter sleep >/dev/null &
    for _ in {1..1000}; do
        member=$(cat "$group/cgroup.procs")
        [ "$member" ] && [ "$(readlink "/proc/$member/exe")" = /reporter ] && break
        sleep 0.01
    done
    like "ours: -r" "[1-9]*" "$member"
    [ "$member" ] && kill -KILL "$member"
    wait $! 2>/dev/null
    for _ in {1..100}; do rmdir "$group" 2>/dev/null && break; sleep 0.05; done
fi
kill -KILL "$pid"
wait "$holder" 2>/dev/null
holder=

# --- a container made by runc
if ! command -v runc >/dev/null; then
    echo "# SKIP runc: it is not installed"
    exit $failed
fi
mkdir -p "$dir/bundle/rootfs/proc"
cp "$reporter" "$dir/bundle/rootfs/reporter"
(cd "$dir/bundle" && runc spec && sed -i 's/"terminal": true/"terminal": false/; s/"sh"$/"\/reporter", "sleep"/' config.json)
if ! runc --root "$dir/runc" run -d --bundle "$dir/bundle" --pid-file "$dir/pid" "$name" </dev/null >"$dir/log" 2>&1; then
    echo "# SKIP runc: it cannot run here: $(tail -1 "$dir/log")"
    exit $failed
fi
container=$name
pid=$(cat "$dir/pid")
check "runc's"
# These keys differ: the pid, counters, the filter, limits, the environment and the cgroup.
same='^(uid|gid|groups|cap\.|securebits|no_new_privs|ns\.|hostname|domainname|cwd|fds|umask|mask|ppid|tty|root) *'
is "what runc exec shows" "$(runc --root "$dir/runc" exec "$name" /reporter </dev/null | grep -E "$same")" \
    "$("$enter" "$pid" /reporter </dev/null | grep -E "$same")"
[ $failed = 0 ] && echo "# ok - container_exec"
exit $failed
