#!/bin/bash
# forkexec-run: every option has its effect, every end its exit code, and the JSON is valid. Writes TAP; runs
# as root and as an ordinary user.
#
# usage: run_tool.sh [FORKEXEC-RUN REPORTER PRESETS]
. "$(dirname "$0")/run_tool_base.sh"

# --- the command

sees "--cwd" cwd "$dir" --cwd "$dir"
sees "--cwd-fd" cwd "$dir" --cwd-fd 5 5<"$dir"
for whose in program caller either; do
    sees "--cwd-rights $whose" cwd "$dir" --cwd-rights $whose --cwd "$dir"
done
like "--cwd-rights caller comes first" "*600 cwd before ids: $dir*" \
    "$("$run" --cwd-rights caller --cwd "$dir" --describe true)"
sees "--env sets" env.FOO "a=b" --env FOO=a=b
sees "--env replaces" env.HOME /x --env HOME=/x
sees "--unset-env" env.HOME "" --unset-env HOME
is "--clear-env, then --env" "env.A 1" "$("$run" --clear-env --env A=1 "$reporter" | grep '^env')"
sees "--argv0" arg.0 other --argv0 other
is "PATH is searched" found "$(PATH=$dir:$PATH "$run" reporter print found)"
is "--search-path" found "$("$run" --search-path "/nowhere:$dir" reporter print found)"
is "--exec-fd" found "$("$run" --exec-fd 7 name print found 7<"$reporter")"
sees "--memory-mode copied" arg.0 "$reporter" --memory-mode copied
like "--memory-mode fresh" "*image*" "$("$run" --memory-mode fresh --describe true)"
is "--pid-variable" same "$("$run" --pid-variable ME sh -c '[ $$ = $ME ] && echo same')"

cp "$reporter" "$dir/busy"
{
    sleep 0.2
    exec 8>&-
} 8>>"$dir/busy" &
is "--busy-retry" ran "$("$run" --busy-retry 20000 "$dir/busy" print ran 2>&1)"
wait

# --- descriptors

is "nothing but 0 to 2 is passed on" "0 1 2" "$(saw fds 5</dev/null)"
is "--fd FD=OURS" /dev/null "$(saw 'fd\.9' --fd 9=5 5</dev/null)"
is "--fd FD" "0 1 2 5" "$(saw fds --fd 5 5</dev/null)"
like "--inherit-fds" "*5*" " $(saw fds --inherit-fds 5</dev/null) "
is "--json-status-fd is not inherited" /dev/null "$(saw 'fd\.6' --inherit-fds --json-status-fd 5 5>/dev/null 6</dev/null)$(
    saw 'fd\.5' --inherit-fds --json-status-fd 5 5>/dev/null)"
"$run" --open-fd "1=w,0640:$dir/file" --umask 0 echo one
"$run" --open-fd "1=a:$dir/file" echo two
is "--open-fd w, a" "one two" "$(xargs <"$dir/file")"
is "--open-fd's mode" 640 "$(stat -c %a "$dir/file")"
is "--open-fd r" one "$("$run" --open-fd "0=r:$dir/file" head -n 1)"
is "--open-fd rw" "one two" "$("$run" --open-fd "0=rw:$dir/file" xargs)"
is "--dup-fd" both "$("$run" --dup-fd 5=1 sh -c 'echo both >&5')"
is "--close-fd" "1 2" "$(saw fds --close-fd 0)"
is "--close-fds-from" "0 1 2" "$(saw fds --fd 5 --fd 9=5 --close-fds-from 3 5</dev/null)"
sees "--enter-directory" cwd "$dir" --enter-directory "$dir"
sees "--enter-directory-fd" cwd "$dir" --fd 9=5 --enter-directory-fd 9 5<"$dir"

# --- session and terminal

# own KEY: whether the value is the program's pid
own() {
    awk -v key="$1" '$1 == "pid" { pid = $2 } $1 == key { it = $2 } END { print pid && pid == it ? "own" : "other" }'
}
printf 'one\ntwo' | "$run" --terminal sh -c "cat >$dir/typed" >"$dir/out"
is "--terminal: without one of ours, the end of the input" $'one\ntwo' "$(cat "$dir/typed")"
is "--terminal: output" "yes" "$("$run" --terminal sh -c '[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo yes' </dev/null | tr -d '\r')"
code "--terminal: the command's end" 4 "$run" --terminal sh -c 'exit 4'
code "--terminal: a signal" 143 "$run" --terminal sh -c 'kill $$'
code "--terminal: the time is up" 124 "$run" --terminal --timeout 0.1 sleep 100
is "--new-session" own "$("$run" --new-session "$reporter" | own sid)"
is "--process-group" own "$("$run" --process-group 0 "$reporter" | own pgid)"
is "by default the group is ours" same "$(bash -c '
    [ "$("$@" | sed -n "s/^pgid //p")" = "$(ps -o pgid= $$ | tr -d " ")" ] && echo same' - "$run" "$reporter")"

# in_terminal COMMAND...: runs it with a controlling terminal as its standard descriptors
in_terminal() {
    python3 -c 'import pty, sys; pty.spawn(sys.argv[1:], lambda fd: __import__("os").read(fd, 65536))' "$@" </dev/null |
        tr -d '\r'
}
if [ "$have_python" ]; then
    is "--foreground" own "$(in_terminal "$run" --process-group 0 --foreground 0 "$reporter" | own foreground)"
    like "--foreground: the terminal comes back" yes "$(in_terminal bash -c '
        set +m
        "$@" >/dev/null
        [ "$(ps -o tpgid= $$)" -eq "$(ps -o pgid= $$)" ] && echo yes' - "$run" --foreground 0 "$reporter")"
    # relayed INPUT COMMAND...: types INPUT at a terminal of 30 rows and 99 columns; prints what is read there
    relayed() {
        python3 -c '
import os, pty, struct, sys, fcntl, termios
pid, ours = pty.fork()
if pid == 0:
    os.read(0, 1)
    os.execv(sys.argv[2], sys.argv[2:])
fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("4H", 30, 99, 0, 0))
os.write(ours, b"\n")
said, begun = b"", False
while True:
    try:
        piece = os.read(ours, 65536)
    except OSError:
        break
    said += piece
    if not begun and b"ready" in said:
        begun = True
        os.write(ours, sys.argv[1].encode())
status = os.waitpid(pid, 0)[1]
sys.stdout.buffer.write(said.replace(b"\r", b""))
print("signal", os.WTERMSIG(status)) if os.WIFSIGNALED(status) else print("exit", os.WEXITSTATUS(status))' "$@"
    }
    is "--terminal: a session of its own" "own yes" "$(relayed '' "$run" --terminal "$reporter" print ready see |
        awk '$1 == "pid" { pid = $2 } $1 == "sid" { sid = $2 } $1 == "tty" { tty = $2 == "none" ? "no" : "yes" }
            END { print pid && pid == sid ? "own" : "other", tty }')"
    like "--terminal: its size" "*30 99*" "$(relayed '' "$run" --terminal sh -c 'stty size; echo ready')"
    like "--terminal: what is typed" "*got one two*exit 3" \
        "$(relayed $'one two\n' "$run" --terminal sh -c 'echo ready; read line; echo got $line; exit 3')"
    like "--terminal: Ctrl-C is the command's" "*caught*exit 5" \
        "$(relayed $'\3' "$run" --terminal sh -c 'trap "echo caught; exit 5" INT; echo ready; while :; do sleep 0.01; done')"
    like "--terminal: a change of the size" "*changed 40 100*" "$(python3 -c '
import fcntl, os, pty, signal, struct, sys, termios
pid, ours = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
while b"ready" not in said:
    said += os.read(ours, 4096)
fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("4H", 40, 100, 0, 0))
try:
    while True:
        said += os.read(ours, 4096)
except OSError:
    pass
sys.stdout.buffer.write(said)' "$run" --terminal sh -c '
        trap "echo changed $(:); stty size; exit" WINCH; trap "stty size | sed s/^/changed\ /; exit" WINCH
        echo ready; while :; do sleep 0.01; done')"
    is "--terminal: ours is as it was before" same "$(in_terminal bash -c '
        before=$(stty -g); "$@" >/dev/null; [ "$(stty -g)" = "$before" ] && echo same' - "$run" --terminal true)"
    is "--detach-terminal" none "$(in_terminal "$run" --detach-terminal "$reporter" | sed -n 's/^tty //p')"
    is "--controlling-terminal" yes "$(python3 -c '
import pty, subprocess, sys
ours, theirs = pty.openpty()
sys.stdout.buffer.write(subprocess.run(sys.argv[1:], stdin=theirs, stdout=subprocess.PIPE).stdout)' \
        "$run" --new-session --controlling-terminal 0 "$reporter" | sed -n 's/^tty //p')"
else
    skip "terminals" "no python3"
fi

# --- signals

sees "--signal-mask" mask 0000000000004002 --signal-mask INT,SIGTERM
if [ "$have_python" ]; then
    is "the mask is passed on" 0000000000004200 "$(python3 -c '
import os, signal, sys
signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR1, signal.SIGTERM])
os.execv(sys.argv[1], sys.argv[1:])' "$run" "$reporter" | sed -n 's/^mask //p')"
fi
# If this script runs in the background of a shell, INT and QUIT are ignored.
sees "--signal-ignore" ignored 0000000000000001 --signal-default INT,QUIT --signal-ignore HUP
is "--signal-default" 0000000000000000 "$(trap '' HUP; saw ignored --signal-default HUP,INT,QUIT)"
is "an ignored SIGCHLD stays one, and is waited for" "0000000000010000 0" "$(trap '' CHLD
    saw ignored --signal-default INT,QUIT | tr '\n' ' '; "$run" true; echo $?)"
sees "--parent-death" parent_death 15 --parent-death TERM
sees "--parent-death of the thread" parent_death 9 --parent-death kill,thread
"$run" --parent-death KILL "$reporter" print up sleep >"$dir/up" &
until_true grep -q up "$dir/up"
child=$(ps -o pid= --ppid $! | tr -d ' ')
kill -KILL $!
wait $! 2>/dev/null
gone() { ! kill -0 "$1" 2>/dev/null; }
killed() { [ "$child" ] && until_true gone "$child"; }
holds "--parent-death kills" killed

# --- limits

sees "--rlimit" rlimit.CPU "10 20" --rlimit cpu=10:20
sees "--rlimit with one number and a unit" rlimit.FSIZE "1073741824 1073741824" --rlimit fsize=1G
sees "--rlimit keep" rlimit.CORE "0 $(saw rlimit.CORE | cut -d' ' -f2)" --rlimit core=0:keep
like "--restore-nofile" "*770 nofile*" "$("$run" --restore-nofile --describe true)"
like "--restore-nofile of what it is" "*770 nofile*" "$("$run" --restore-nofile="$(ulimit -Sn)" --describe true)"
case $("$run" --restore-nofile=3 --describe true) in
*"770 nofile"*) not_ok "--restore-nofile of what it is not" ;;
*) ok "--restore-nofile of what it is not" ;;
esac
sees "--nice" nice 5 --nice 5
cpu=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)
sees "--affinity" affinity "$cpu" --affinity "$cpu"
sees "--scheduler" scheduler "3 0" --scheduler batch
sees "--io-priority" io_priority "2 7" --io-priority best-effort:7
sees "--umask" umask 077 --umask 077
sees "--personality" personality 0x40000 --personality addr-no-randomize
sees "--oom-score-adj" oom_score_adj 500 --oom-score-adj 500
sees "--timer-slack" timer_slack 12345 --timer-slack 12345
code "a limit that cannot be had" 125 "$run" --uid "$uid" --nice 19 --rlimit nofile=unlimited true
if [ "$uid" != 0 ]; then
    code "a nice value that cannot be had" 125 "$run" --nice -5 true
    sees "--allow-failure" nice "$(saw nice)" --nice -5 --allow-failure nice
else
    sees "--allow-failure" scheduler "0 0" --affinity 8000 --allow-failure affinity
fi

group=
own=$(sed -n 's/^0:://p' /proc/self/cgroup)
# The last two: a part of the tree that belongs to this user.
for top in /sys/fs/cgroup/unified /sys/fs/cgroup "/sys/fs/cgroup/unified${own%/*}" "/sys/fs/cgroup${own%/*}"; do
    [ -f "$top/cgroup.procs" ] && mkdir "$top/run_tool.$$" 2>/dev/null && group=$top/run_tool.$$ && break
done
if [ "$group" ]; then
    trap 'rmdir "$group" 2>/dev/null; rm -rf "$dir"' EXIT
    inside=${group#/sys/fs/cgroup}
    sees "--cgroup" "cgroup\.0" ":${inside#/unified}" --cgroup "$group"
    until_true rmdir "$group"
    # A cgroup for the command, which is removed afterwards, however the command ends.
    sees "--cgroup-new" "cgroup\.0" ":${inside#/unified}" --cgroup-new "$group"
    code "its exit code" 3 "$run" --cgroup-new "$group/" "$reporter" exit 3
    code "its signal" 137 "$run" --cgroup-new "$group" "$reporter" kill 9
    code "a program that there is not" 127 "$run" --cgroup-new "$group" /nowhere
    code "a step that fails" 125 "$run" --cgroup-new "$group" --cwd /nowhere true
    code "a cgroup twice" 125 "$run" --cgroup "${group%/*}" --cgroup "${group%/*}" true
    code "two cgroups" 125 "$run" --cgroup-new "$group" --cgroup "${group%/*}" true
    like "two cgroups, is told" "*--cgroup-new: *not in that of --cgroup" "$said"
    code "the time" 124 "$run" --cgroup-new "$group" --timeout 0.2 "$reporter" sleep
    "$run" --cgroup-new "$group" --describe true >"$dir/said"
    like "--describe" "*born in fd*" "$(grep cgroup "$dir/said")"
    is "nothing is left" "" "$(ls -d "$group" 2>/dev/null)"
    # Processes that the command leaves in it.
    "$run" --cgroup-new "$group" sh -c "$reporter sleep & echo \$!" >"$dir/said"
    holds "what is left in it dies" until_true gone "$(<"$dir/said")"
    # A signal that ends forkexec-run before the command runs, and one after that.
    "$run" --cgroup-new "$group" "$reporter" sleep & pid=$!
    until_true grep -q . "$group/cgroup.procs"
    code "one that is in use" 125 "$run" --cgroup-new "$group" true
    kill -TERM $pid
    wait $pid
    is "the signal that ends it" 143 $?
    is "nothing is left after a signal" "" "$(ls -d "$group" 2>/dev/null)"
    # If forkexec-run is killed, the cgroup stays, and the next run removes it.
    "$run" --cgroup-new "$group" "$reporter" sleep & pid=$!
    until_true grep -q . "$group/cgroup.procs"
    child=$(cat "$group/cgroup.procs")
    kill -KILL $pid
    wait $pid 2>/dev/null
    if "$run" --cgroup-new "$group" true 2>"$dir/said"; then
        holds "what was left is killed" until_true gone "$child"
        is "what was left" "" "$(ls -d "$group" 2>/dev/null)"
    else
        like "what was left, without attributes" "*remove it, or take another name*" "$(<"$dir/said")"
        echo 1 >"$group/cgroup.kill"
        until_true rmdir "$group"
    fi
    mkdir "$group"
    code "one that others made" 125 "$run" --cgroup-new "$group" true
    until_true rmdir "$group"
    for limit in "--memory 64M" "--pids 20" "--cpu 0.5"; do
        if "$run" --cgroup-new "$group" $limit true 2>"$dir/said"; then
            ok "$limit"
        else
            like "${limit% *}, where there is no controller" "*the controller * cannot be enabled*" "$(<"$dir/said")"
        fi
    done
    if "$run" --cgroup-new "$group" --memory 16M true 2>/dev/null; then
        "$run" --json-status-fd 7 --cgroup-new "$group" --memory 16M "$reporter" eat 64 7>"$dir/json" 2>"$dir/said"
        is "--memory kills" 137 $?
        like "--memory says so" "*its cgroup was out of memory" "$(<"$dir/said")"
    fi
    is "nothing is left after limits" "" "$(ls -d "$group" 2>/dev/null)"
    # Without DIR, in a cgroup that was made for this, and entered.
    mkdir "$group"
    for limit in "--memory 64M" "--pids 20" "--cpu 0.5"; do
        # shellcheck disable=SC2016
        if sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$run" $limit "$reporter" exit 4 >"$dir/said" 2>&1; then
            not_ok "$limit in our own cgroup" "exit code 0"
        elif [ $? = 4 ]; then
            ok "$limit in our own cgroup"
        else
            like "$limit in our own cgroup, where there is no controller" \
                "*${limit% *}: the controller * cannot be enabled in $group: *systemd-run --user --scope*" "$(<"$dir/said")"
        fi
        is "$limit leaves no cgroup" "" "$(ls -d "$group"/*/ 2>/dev/null)"
    done
    until_true rmdir "$group"
else
    skip "--cgroup" "no cgroup can be made here"
    code "--cgroup-new" 125 "$run" --cgroup-new /nowhere/at/all true
    if "$run" --pids 20 true 2>"$dir/said"; then
        ok "--pids in a delegated cgroup"
    elif grep -q "of version 2 is not in sight" "$dir/said"; then
        skip "--pids" "no cgroup of version 2"
    else
        like "--pids in a cgroup that is not delegated" "forkexec-run: --pids: */*: *systemd-run --user --scope*" "$(<"$dir/said")"
    fi
fi

# --- ids and privileges

if [ "$uid" = 0 ]; then
    is "--uid, --gid" "uid 1234 1234 1234 1234,gid 777 777 777 777,groups " \
        "$("$run" --uid 1234 --gid 777 "$reporter" | grep -E '^(uid|gid|groups) ' | paste -sd,)"
    sees "--uid with a name" uid "$(id -u nobody) $(id -u nobody) $(id -u nobody) $(id -u nobody)" --uid nobody
    sees "--groups" groups "5 6" --gid 777 --groups 5,6
    is "--keep-groups" "4" "$("$run" --groups 4 "$run" --gid 9 --keep-groups "$reporter" | sed -n 's/^groups //p')"
    sees "--ambient" cap.ambient 0000000000000400 --uid 1234 --ambient cap_net_bind_service
    sees "--caps" cap.bounding 0000000000000021 --caps bounding=chown,5
    sees "--caps with a mask, several sets" cap.inheritable 0000000000000001 --caps permitted,effective,inheritable=0x1
    sees "--caps none" cap.bounding 0000000000000000 --caps bounding=none
    sees "--drop-caps" cap.effective 0000000000000000 --drop-caps
    sees "--securebits" securebits 0x3 --securebits noroot,noroot-locked
else
    code "--uid without the right to" 125 "$run" --uid 1234 true
    like "--uid says so" "forkexec-run: *" "$said"
    code "--gid without the right to" 125 "$run" --gid 777 true
    code "--groups without the right to" 125 "$run" --groups 5 true
    sees "--drop-caps, --no-new-privs" cap.effective 0000000000000000 --drop-caps --no-new-privs
    code "--ambient without the right to" 125 "$run" --ambient chown true
    code "--caps without the right to" 125 "$run" --caps permitted=chown true
    code "--securebits without the right to" 125 "$run" --securebits noroot true
    code "--keep-groups and --groups contradict each other" 125 "$run" --keep-groups --groups 5 true
fi
sees "--no-new-privs" no_new_privs 1 --no-new-privs

# --- namespaces

if [ ! "$namespaces" ]; then
    sees "--unshare user, --map-uid, --map-gid" uid "0 0 0 0" "${userns[@]}"
    sees "--map-uid" uid "7 7 7 7" --unshare user --map-uid "7:$uid:1"
    sees "--unshare pid: there is an init" pid 2 "${userns[@]}" --unshare pid
    sees "--init" pid 2 "${userns[@]}" --unshare pid --init
    sees "--as-pid-1" pid 1 "${userns[@]}" --unshare pid --as-pid-1
    code "--as-pid-1 and --init contradict each other" 125 "$run" "${userns[@]}" --unshare pid --init --as-pid-1 true
    for end in "exit 200" "kill 15" "kill 11"; do
        "$run" --json-status-fd 7 "${userns[@]}" --unshare pid "$reporter" $end 7>"$dir/json" 2>/dev/null
        is "through the init: $end" "$(( ${end#* } + 0 ))" \
            "$(sed -n "2s/.*\"$( [ "${end% *}" = exit ] && echo exit_code || echo signal )\":\([0-9]*\),.*/\1/p" "$dir/json")"
    done
    begin --signal-default INT,QUIT "${userns[@]}" --unshare pid sh -c "trap 'exit 42' TERM; : >$dir/up; while :; do sleep 0.01; done"
    kill -TERM $runner
    wait $runner
    is "through the init: a signal is passed on" 42 $?
    sees "--map-root" uid "0 0 0 0" --map-root
    sees "--map-root, the group" gid "0 0 0 0" --map-root
    sees "--map-current" uid "$uid $uid $uid $uid" --map-current
    sees "--map-current, the group" gid "$gid $gid $gid $gid" --map-current
    "$run" "${userns[@]}" --unshare all --share net,time "$reporter" >"$dir/out" 2>&1
    for type in user pid mnt net ipc uts cgroup time; do
        there=new
        [ "$(sed -n "s/^ns.$type //p" "$dir/out")" = "$(readlink /proc/self/ns/$type)" ] && there=ours
        case $type in net | time) wanted=ours ;; *) wanted=new ;; esac
        is "--unshare all --share net,time: $type" $wanted $there
    done
    code "--share without --unshare all" 125 "$run" --share net true
    like "which is said" "forkexec-run: --share: *--unshare all*" "$said"
    sees "--map-helpers" uid "0 0 0 0" "${userns[@]}" --map-helpers /nope:/nope
    if ! grep -q "^\($(id -un)\|$(id -u)\):" /etc/subuid /etc/subgid 2>/dev/null; then
        code "--map-subids without any" 125 "$run" --unshare user --map-subids true
    fi
    "$run" "${userns[@]}" --userns-owner "$uid" true
    is "--userns-owner" 0 $?
    sees "--hostname" hostname box "${userns[@]}" --unshare uts,ipc --hostname box
    sees "--domainname" domainname realm "${userns[@]}" --unshare uts --domainname realm
    sees "--loopback" net.lo up "${userns[@]}" --unshare net --loopback
    "$run" "${userns[@]}" --unshare-late pid "$reporter" >"$dir/out" 2>&1
    is "--unshare-late: not for the command" "$(readlink /proc/self/ns/pid)" "$(sed -n 's/^ns.pid //p' "$dir/out")"
    like "--unshare-late: for its children" "[p?]*" \
        "$(sed -n 's/^ns.pid_for_children //p' "$dir/out" | grep -vxF "$(readlink /proc/self/ns/pid)")"
    for type in cgroup time mnt; do
        like "--unshare $type" "$type:*" "$(saw ns.$type "${userns[@]}" --unshare cgroup,time,mount |
            grep -vxF "$(readlink /proc/self/ns/$type)")"
    done
    like "--mount-propagation" "shared:*" "$(saw propagation "${userns[@]}" --unshare mount --mount-propagation shared)"
    like "--time-offset" "clock.1 900000[0-9]*" \
        "$("$run" "${userns[@]}" --unshare time --time-offset "monotonic=$((9000000 - $(cut -d. -f1 /proc/uptime)))" \
            "$reporter" clock 1 2>&1)"
    rm -f "$dir/up"
    "$run" "${userns[@]}" --unshare uts,pid --hostname joined "$reporter" touch "$dir/up" sleep &
    runner=$!
    until_true test -e "$dir/up"
    holder=$(ps -o pid= --ppid $runner | tr -d ' ')
    sees "--join" hostname joined --join "user=/proc/$holder/ns/user" --join "uts=/proc/$holder/ns/uts"
    is "--join-process" "pid 3,hostname joined" \
        "$("$run" --join-process "user,uts,pid:$holder" "$reporter" 2>&1 | grep -E '^(pid|hostname|forkexec-run:) ' | paste -sd,)"
    sees "--second-userns" ns.user "$(readlink "/proc/$holder/ns/user")" --second-userns "/proc/$holder/ns/user"
    like "--second-userns of a new one" "forkexec-run: validate (--second-userns): Invalid argument: a new user namespace has none below it yet: *" \
        "$("$run" "${userns[@]}" --second-userns "/proc/$holder/ns/user" "$reporter" see 2>&1)"
    "$run" --json-status-fd 7 --join-process "user,pid:$holder" "$reporter" kill 9 7>"$dir/json" 2>/dev/null
    is "a command in a pid namespace that was joined" '{"event":"exited","exit_code":null,"signal":9' \
        "$(sed -n '2s/,"signal_name".*//p' "$dir/json")"
    kill -KILL "$holder"
    wait $runner 2>/dev/null
    mkdir "$dir/root"
    cp "$reporter" "$dir/root/w"
    is "--chroot" inside "$("$run" "${userns[@]}" --chroot "$dir/root" /w print inside 2>&1)"
    box=("${userns[@]}" --unshare mount,pid --empty-root --bind=readonly,create "$reporter" /w)
    # looks NAME KEY WANTED PATH OPTION...: compares what is at PATH of an empty root
    looks() {
        local name=$1 key=$2 wanted=$3 path=$4
        shift 4
        is "$name" "$wanted" "$("$run" "${box[@]}" "$@" /w look "$path" 2>&1 | sed -n "s|^$key\\.$path ||p; /^forkexec-run: /p")"
    }
    is "--root" "inside root" "$("$run" "${userns[@]}" --unshare mount --root "$dir/root" /w print inside see 2>&1 |
        sed -n 's/^root .*/root/p; /^inside/p' | xargs)"
    like "--root=readonly" "ro*" "$("$run" "${userns[@]}" --unshare mount --root=readonly "$dir/root" /w look / | sed -n 's|^flags./ ||p')"
    looks "--empty-root" kind "No such file or directory" /etc
    looks "--bind" kind directory /etc --bind=create,nosuid /etc /etc
    looks "--bind=optional" kind "No such file or directory" /n --bind=create,optional /nope /n
    looks "--bind-try" kind "No such file or directory" /n --bind-try=create /nope /n
    looks "--bind-try of what is there" kind directory /etc --bind-try=create /etc /etc
    looks "--ro-bind" flags "ro" /n --tmpfs=create /m --ro-bind=create /etc /n
    looks "--ro-bind-try" kind "No such file or directory" /n --ro-bind-try=create /nope /n
    code "--ro-bind-try" 30 "$run" "${box[@]}" --ro-bind-try=create "$dir" /d /w touch /d/file
    code "--bind-try of what is no directory" 125 "$run" "${box[@]}" --bind-try=create "$reporter/x" /n /w
    mkdir -p "$dir/held"
    looks "--bind-fd" kind directory /d --bind-fd=create 7 /d 7<"$dir/held"
    code "--bind-fd" 0 "$run" "${box[@]}" --bind-fd=create 7 /d /w touch /d/file 7<"$dir/held"
    code "--ro-bind-fd" 30 "$run" "${box[@]}" --ro-bind-fd=create 7 /d /w touch /d/file2 7<"$dir/held"
    code "--bind-fd of what is not open" 125 "$run" "${box[@]}" --bind-fd=create 77 /d /w
    looks "--tmpfs" mode 1700 /t --dir /t --tmpfs=size=64K,mode=1700,nodev /t
    mkdir -p "$dir/over/1" "$dir/over/2" "$dir/over/up" "$dir/over/work"
    printf 1 >"$dir/over/1/f"; printf 2 >"$dir/over/2/f"
    layers=(--overlay-src "$dir/over/1" --overlay-src "$dir/over/2")
    if "$run" "${box[@]}" "${layers[@]}" --tmp-overlay=create /o /w exit 0 2>"$dir/said"; then
        looks "--overlay-src" text 2 /o/f "${layers[@]}" --tmp-overlay=create /o
        looks "--overlay" text 2 /o/f "${layers[@]}" --overlay=create "$dir/over/up" "$dir/over/work" /o
        code "--overlay" 0 "$run" "${box[@]}" "${layers[@]}" --overlay=create "$dir/over/up" "$dir/over/work" /o /w touch /o/made
        is "--overlay" made "$(ls "$dir/over/up")"
        code "--tmp-overlay" 0 "$run" "${box[@]}" "${layers[@]}" --tmp-overlay=create /o /w touch /o/made2
        is "--tmp-overlay" "made" "$(ls "$dir/over/up")"
        code "--ro-overlay" 30 "$run" "${box[@]}" "${layers[@]}" --ro-overlay=create /o /w touch /o/made3
    else
        skip "--overlay, --tmp-overlay, --ro-overlay" "$(cat "$dir/said")"
    fi
    rm -rf "$dir/over/work/work" 2>/dev/null || rmdir "$dir/over/work/work"
    code "--ro-overlay of one" 125 "$run" "${box[@]}" --overlay-src /etc --ro-overlay=create /o /w
    code "--overlay-src alone" 125 "$run" "${box[@]}" --overlay-src /etc /w
    looks "--proc" fs proc /p --proc=create /p
    looks "--proc=kernel-readonly" flags "ro nosuid nodev noexec" /p/sys --proc=create,kernel-readonly /p
    looks "--proc=kernel-hidden" kind "device 1:3" /p/interrupts --proc=create,kernel-hidden /p
    looks "--dev" kind "device 1:3" /d/null --dev=create /d
    looks "--mount" fs tmpfs /t --dir /t --mount=nosuid,nodev none /t tmpfs size=4K
    looks "--dir" mode 0750 /a/b --dir=750 /a/b
    looks "--symlink" text there /s --symlink there /s
    looks "--file" text hello /f --file=600 7 /f 7< <(printf hello)
    is "--file of many bytes" 200000 \
        "$("$run" "${box[@]}" --file 7 /f --open-fd 5=r:/f /w cat 5 7< <(head -c 200000 /dev/zero) 2>&1 | wc -c)"
    looks "--bind-data" text hello /f --file 8 /f --bind-data 7 /f 7< <(printf hello) 8<<<other
    looks "--bind-data" mode 0640 /f --bind-data=create,mode=640 7 /f 7< <(printf hello)
    code "--ro-bind-data" 30 "$run" "${box[@]}" --ro-bind-data=create,mode=666 7 /f /w touch /f 7<<<hello
    looks "--mask" text "" /f --file 7 /f --mask /f 7<<<hello
    looks "--readonly" mode 0755 /t --tmpfs=create /t --readonly /t
    looks "--remount" flags "nosuid nodev" /t --tmpfs=create,nodev /t --remount nosuid /t
    looks "--remount-ro" flags "ro" /t --tmpfs=create /t --remount-ro /t
    code "--remount-ro of what is not mounted" 125 "$run" "${box[@]}" --dir /t --remount-ro /t /w
    looks "--chmod" mode 0711 /t --dir /t --chmod 711 /t
    looks "--chmod of a file" mode 4711 /w2 --file 7 /w2 --chmod 4711 /w2 7<<<hello
    code "--readonly" 30 "$run" "${box[@]}" --tmpfs=create /t --readonly /t /w touch /t/file
    if [ "$uid" = 0 ]; then
        rm -f "$dir/up"
        "$run" --unshare user --map-uid 0:0:10 --map-gid 0:0:10 "$reporter" touch "$dir/up" sleep &
        runner=$!
        until_true test -e "$dir/up"
        holder=$(ps -o pid= --ppid $runner | tr -d ' ')
        code "--bind-idmapped" 0 "$run" --unshare mount --bind-idmapped=create "/proc/$holder/ns/user" "$dir" "$dir/ids" \
            "$reporter" exit 0
        [ -s "$dir/said" ] && sed 's/^/# /' "$dir/said"
        kill $runner
        wait $runner 2>/dev/null
    else
        code "--bind-idmapped without the right to" 125 "$run" "${box[@]}" --bind-idmapped=create /proc/self/ns/user /etc /etc /w
    fi
    rm -f "$dir/up"
    if [ "$uid" = 0 ]; then
        sees "--allow-setgroups" groups "3" --unshare user --map-uid 0:0:10 --map-gid 0:0:10 --allow-setgroups --groups 3
    else
        code "--allow-setgroups without the right to" 125 "$run" "${userns[@]}" --allow-setgroups true
    fi
else
    skip "namespaces" "$namespaces"
fi

# --- keys and labels

if "$run" --session-keyring true 2>/dev/null; then
    like "--session-keyring" "keyring * _ses*" "$("$run" --session-keyring "$reporter" keyring)"
    like "--session-keyring with a name" "keyring * of-a-test*" "$("$run" --session-keyring=of-a-test "$reporter" keyring)"
    like "--keyring-permissions" "*keyring_permissions 0x3f090000" \
        "$("$run" --session-keyring --keyring-permissions 0x3f090000 "$reporter" keyring)"
else
    skip "keyrings" "$("$run" --session-keyring true 2>&1)"
fi
like "--keyring-label" "*604 keyring label: a label*" "$("$run" --session-keyring --keyring-label "a label" --describe true)"
like "--apparmor-profile" "*602 exec label: a:b:c
603 apparmor profile: exec a profile*" "$("$run" --exec-label a:b:c --apparmor-profile "a profile" --describe true)"
like "--exec-label" "*exec label*" "$("$run" --exec-label no-such-label true 2>&1)"

# --- filters

printf '\006\000\000\000\000\000\377\177' >"$dir/allow"
like "--seccomp-filter" "2*" "$(saw seccomp --no-new-privs --seccomp-filter "$dir/allow")"
like "--seccomp-filter with a flag" "2*" "$(saw seccomp --no-new-privs --seccomp-filter=log "$dir/allow")"
printf '1234567' >"$dir/short"
code "no filter" 125 "$run" --no-new-privs --seccomp-filter "$dir/short" true
if [ "$have_python" ]; then
    like "--deny-terminal-injection" "*PermissionError*" "$("$run" --no-new-privs --deny-terminal-injection python3 -c '
import fcntl
fcntl.ioctl(0, 0x5412, b"x")' 2>&1 </dev/null)"
fi
echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28},
{"names": ["unlink", "unlinkat", "rmdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 30, "excludes": {"caps": ["CAP_SYS_ADMIN"]}}]}' \
    >"$dir/profile"
if "$run" --no-new-privs --seccomp-json "$dir/profile" true 2>"$dir/said"; then
    like "--seccomp-json" "*No space left*" "$("$run" --no-new-privs --seccomp-json "$dir/profile" mkdir "$dir/never" 2>&1)"
    touch "$dir/unlinked"
    if [ "$uid" = 0 ] && grep -q '^CapBnd:.*f$' /proc/self/status; then
        code "--seccomp-json: by the capabilities" 0 "$run" --no-new-privs --seccomp-json "$dir/profile" rm "$dir/unlinked"
        touch "$dir/unlinked"
        code "--seccomp-json: another user has none" 1 "$run" --no-new-privs --seccomp-json "$dir/profile" --uid 1234 \
            --gid 1234 rm -f "$dir/unlinked"
    fi
    for way in "--drop-caps" "--caps bounding=chown" "--securebits noroot" "--map-current"; do
        case $way in
        --map*) [ "$uid" != 0 ] && [ ! "$namespaces" ] || continue ;;
        --caps* | --sec*) [ "$uid" = 0 ] || continue ;;
        esac
        # shellcheck disable=SC2086
        like "--seccomp-json: none with $way" "*Read-only file system*" \
            "$("$run" --no-new-privs --seccomp-json "$dir/profile" $way rm "$dir/unlinked" 2>&1)"
    done
    [ "$namespaces" ] || code "--seccomp-json: root of a new user namespace has all" 0 \
        "$run" --no-new-privs --seccomp-json "$dir/profile" --map-root rm -f "$dir/unlinked"
    echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_FLY"}]}' >"$dir/profile"
    code "--seccomp-json: what is wrong with it" 125 "$run" --no-new-privs --seccomp-json "$dir/profile" true
    like "is named" "forkexec-run: --seccomp-json: syscalls[[]0[]].action: there is no action \"SCMP_ACT_FLY\"" "$said"
    code "--seccomp-json: no file" 125 "$run" --no-new-privs --seccomp-json /nowhere true
else
    skip "--seccomp-json" "$(<"$dir/said")"
fi
sees "--process-flags" thp_disabled 1 --process-flags no-thp,subreaper
sees "--process-flags" reset_on_fork 1 --process-flags reset-on-fork
sees "--coredump-filter" coredump_filter 00000021 --coredump-filter 0x21
like "--speculation" "*748 speculation 0: feature 0, control 8*" "$("$run" --speculation store-bypass=force-disable --describe true)"
like "--pid" "* 50 clone: pid \[4711\]*" "$("$run" --pid 4711 --describe true)"
like "--deadline" "*530 scheduler: deadline, 1000000 ns in the first 2000000 of every 3000000*" \
    "$("$run" --deadline 1000000:2000000:3000000 --describe true)"
like "--utilization" "*535 utilization: 10 to 500 of 1024*" "$("$run" --utilization 10:500 --describe true)"
like "--numa-policy" "*515 numa policy: mode 3, nodes \[0, 1, 5\]*" \
    "$("$run" --numa-policy interleave:0-1,5 --describe true)"
like "--numa-policy without nodes" "*515 numa policy: mode 4, nodes \[\]*" "$("$run" --numa-policy local --describe true)"
code "--deny-user-namespaces" 1 "$run" --no-new-privs --deny-user-namespaces unshare -U true
locked=(--no-new-privs --landlock-path "execute,read-file:$reporter" --landlock-path "all:$dir/root")
mkdir -p "$dir/root"
if "$run" --probe | grep -q '^yes  Landlock: files, TCP, scopes'; then
    code "--landlock-path grants" 0 "$run" "${locked[@]}" "$reporter" touch "$dir/root/file"
    code "--landlock-path, and nothing else" 13 "$run" "${locked[@]}" "$reporter" touch "$dir/file"
    code "--landlock-handled" 13 "$run" --no-new-privs --landlock-handled write-file "$reporter" touch "$dir/file"
    connects() { "$run" --no-new-privs "$@" bash -c ': </dev/tcp/127.0.0.1/9' 2>&1; }
    like "--landlock-port of UDP" "*0x8*" "$("$run" --no-new-privs --allow-partial-landlock --landlock-port \
        connect-send-udp:53 --landlock-handled connect-send-udp --describe true)"
    like "--landlock-port grants" "*Connection refused*" "$(connects --landlock-port connect-tcp:9)"
    like "--landlock-port, and nothing else" "*Permission denied*" "$(connects --landlock-port connect-tcp,bind-tcp:10)"
    code "--landlock-scopes" 1 "$run" --no-new-privs --landlock-scopes signal sh -c 'kill -0 $PPID'
    like "--landlock-flags" "*landlock: fs 0x2, net 0x0, scopes 0x0*flags 0x6*" "$("$run" --describe --no-new-privs \
        --landlock-handled write-file --landlock-flags log-new-exec-on,log-subdomains-off --allow-partial-landlock true 2>&1)"
    code "--allow-partial-landlock" 13 "$run" --no-new-privs --landlock-handled write-file --allow-partial-landlock \
        "$reporter" touch "$dir/file"
    if [ "$have_python" ]; then
        code "--landlock-ruleset" 13 python3 -c '
import ctypes, os, sys
fd = ctypes.CDLL(None).syscall(444, ctypes.byref(ctypes.c_uint64(2)), ctypes.c_size_t(8), 0)
os.set_inheritable(fd, True)
os.execv(sys.argv[1], [sys.argv[1], "--no-new-privs", "--landlock-ruleset", str(fd)] + sys.argv[2:])' \
            "$run" "$reporter" touch "$dir/file"
    fi
else
    skip "Landlock" "this kernel has none, or an older one"
fi

# --- exit codes

code "the command's exit code" 7 "$run" "$reporter" exit 7
code "and 125, without a word" 125 "$run" "$reporter" exit 125
is "which tells it from ours" "" "$said"
code "not found" 127 "$run" /no/such/program
like "with a sentence" "forkexec-run: exec*No such file*" "$said"
code "not found in PATH" 127 env PATH=/bin:/usr/bin "$run" no-such-program
code "not executable" 126 "$run" /etc/passwd
code "a step that failed" 125 "$run" --cwd /no/such/directory true
like "is named" "forkexec-run: cwd (/no/such/directory): No such file*" "$said"
# tells PATTERN OPTION...: the library's message, with the names of the options
tells() {
    like "${*:2}: $1" "forkexec-run: *$1*" "$("$run" "${@:2}" true 2>&1)"
}
tells "add --unshare pid" --init
tells "add --no-new-privs" --landlock-port connect-tcp:80
tells "contradicts --groups" --keep-groups --groups 5
tells "add --unshare uts" --hostname x
tells "(--process-group): Invalid argument: a session leader" --new-session --process-group 0
tells "--rlimit: Invalid argument: the soft limit is above the hard limit" --rlimit nofile=5:3
tells "--umask: \"99\" is not an octal number up to 777" --umask 99
tells "(/tmp/set_groups/no_new): No such file" --cwd /tmp/set_groups/no_new
[ "$namespaces" ] || tells "the flag create makes it" "${userns[@]}" --unshare mount --bind /etc "$dir/missing"
code "an option that there is not" 125 "$run" --no-such-option true
like "and the one that is like it is named" "*--no-such-option: there is no such option*" "$said"
for typo in "unsahre pid:--unshare" "bindmount-ro / /:--bind=readonly" "bnid / /:--bind" "die-with-parent:--parent-death KILL" \
    "enviroment A=b:--env" "disable-userns:--deny-user-namespaces"; do
    # shellcheck disable=SC2086
    like "--${typo%%:*} is not known, ${typo#*:} is" "*did you mean ${typo#*:}?" "$("$run" --${typo%%:*} true 2>&1)"
done
like "an option that may be several" "*--map may be any of *--map-uid*" "$("$run" --map 1:1 true 2>&1)"
like "an option cut short" "*520 nice: 3*" "$("$run" --nic 3 --descr true)"
like "an argument with =" "*520 nice: 3*" "$("$run" --nice=3 --describe true)"
like "no argument with =" "*--new-session takes no argument" "$("$run" --new-session=1 true 2>&1)"
code "-h" 0 "$run" -h
like "-h is --help" "usage: forkexec-run*" "$(<"$dir/out")"
code "another letter" 125 "$run" -x true
code "an argument that is missing" 125 "$run" --cwd
like "with a sentence of its own" "forkexec-run: --cwd needs an argument" "$said"
code "a second argument that is missing" 125 "$run" --bind /etc
like "with a sentence too" "forkexec-run: --bind: an argument is missing*" "$said"
code "an argument too much" 125 "$run" --new-session=yes true
code "no command" 125 "$run"
for bad in "--uid -1" "--uid nobody-at-all" "--rlimit cpu" "--rlimit cpu=x" "--rlimit nope=1" "--rlimit as=1Q" \
    "--fd x" "--fd 3=" "--nice 20" "--nice 1x" "--args x" "--args 99" "--config /nowhere" "--config nothing-such" "--config /etc" "--learn=fly /f" "--grace 0" "--output-limit x" "--idle-timeout 0" "--grace 5x" "--timeout 1e99" "--affinity 1-" "--affinity 3-1" "--open-fd 1=x:/f" \
    "--env novalue" "--env =x" "--caps permitted" "--caps what=all" "--caps permitted=cap_nothing" \
    "--unshare what" "--share what" "--share net" "--map-uid 1" "--map-uid 0:0:0" "--signal-ignore KILL" "--signal-mask NOPE" "--timeout 0" \
    "--timeout x" "--memory-mode shared" "--umask 8" "--json-status-fd 99" "--cgroup /nope" "--cgroup-new /nope/a" "--memory x" "--pids -1" "--cpu 0" "--cpu x" "--failure-code 0" \
    "--failure-code 137" "--hostname $(printf 'x%.0s' {1..65})" "--mount-propagation up" "--personality what" \
    "--securebits 256" "--scheduler fifo:0" "--deadline 5:9" "--utilization 3:2" "--keyring-permissions 0xffffffff" "--speculation x=disable" "--coredump-filter 512" "--numa-policy none" "--numa-policy bind:9999" \
    "--io-priority idle:9" "--allow-failure exec" \
    "--parent-death TERM,nobody" "--cwd ''" "--bind=what /etc /etc" "--bind /etc relative" "--overlay /a /b /c" "--overlay=what /b /c /d" "--proc=what /p" "--proc=nosuid /p" "--chmod 9 /p" "--remount what /p" "--remount create /p" "--bind-data 99 /f" "--bind-data=optional 0 /f" "--bind-fd x /etc" "--bind-fd=optional 0 /etc" "--tmpfs=size=x /t" \
    "--tmpfs=mode=9 /t" "--dir=8 /t" "--file 99 /f" "--root=what /" "--mount=what '' /t tmpfs ''" \
    "--userns-owner nobody" "--map-helpers /usr/bin/newuidmap" "--time-offset realtime=1" "--time-offset monotonic=x" \
    "--bind-idmapped /nope /etc /etc" "--symlink a" "--join net" "--join net=/nope" "--second-userns /nope" \
    "--join what=/proc/self/ns/net" "--join-process net" "--join-process net:0" "--landlock-path /usr" \
    "--landlock-path fly:/usr" "--landlock-port connect-tcp:65536" "--landlock-port read:1" \
    "--landlock-handled fly" "--landlock-flags fly" "--landlock-flags 4294967296" "--landlock-scopes fly" "--seccomp-filter=fly /" "--seccomp-filter /nope"; do
    eval "set -- $bad"
    "$run" "$@" touch "$dir/ran" 2>"$dir/said" </dev/null
    if [ $? != 125 ] || [ -e "$dir/ran" ] || ! grep -q "^forkexec-run: ${1%%=*}: " "$dir/said"; then
        not_ok "refused, and named: $bad" "$(<"$dir/said")"
    fi
done
ok "what is not understood is refused, and named"

bash -c '"$@"; exit $?' - "$run" "$reporter" kill 9 2>/dev/null
is "the command's signal, to a shell" 137 $?
if [ "$have_python" ]; then
    is "the command's signal, to wait(2)" -15 "$(python3 -c '
import subprocess, sys
print(subprocess.run(sys.argv[1:]).returncode)' "$run" "$reporter" kill 15)"
fi
code "--failure-code" 99 "$run" --failure-code 99 /no/such/program
code "--failure-code is never the command's" 1 "$run" --failure-code 99 "$reporter" exit 99
like "which is said" "forkexec-run: the command itself exited with 99*" "$said"
code "--failure-code leaves others alone" 98 "$run" --failure-code 99 "$reporter" exit 98
code "--failure-code for a time that is up" 99 "$run" --failure-code 99 --timeout 0.05 "$reporter" sleep

# --- JSON

if [ "$have_python" ]; then
    "$run" --json-status-fd 7 "$reporter" exit 3 7>"$dir/json"
    is "JSON: the exit code" 3 "$(json exited exit_code "$dir/json")"
    is "JSON: no signal" null "$(json exited signal "$dir/json")"
    is "JSON: it ran" '"yes"' "$(json exited ran "$dir/json")"
    like "JSON: the pid" "[1-9]*" "$(json started pid "$dir/json")"
    is "JSON: figures" "True True True" "$(python3 -c '
import json, sys
end = [json.loads(line) for line in open(sys.argv[1])][-1]
print(end["wall_ns"] > 0, end["user_ns"] + end["system_ns"] >= 0, end["max_rss_bytes"] > 0)' "$dir/json")"
    is "JSON: why it ended" '"exit"' "$(json exited ended "$dir/json")"
    is "JSON: memory that is not measured" false "$(json exited own_memory "$dir/json")"
    "$run" --json-status-fd 7 --measure-memory "$reporter" exit 3 7>"$dir/json"
    is "JSON: memory of its own" "true 0" "$(for key in own_memory max_rss_floor_bytes; do
        json exited $key "$dir/json"; done | xargs)"
    "$run" --json-status-fd 7 "$reporter" kill 9 7>"$dir/json" 2>/dev/null
    is "JSON: a signal is why" '"signal"' "$(json exited ended "$dir/json")"
    is "JSON: the signal" '9 "SIGKILL" null "yes"' "$(for key in signal signal_name exit_code ran; do
        json exited $key "$dir/json"; done | xargs -d '\n')"
    "$run" --json-status-fd 7 --cwd /nowhere true 7>"$dir/json" 2>/dev/null
    is "JSON: a failure" '"cwd" 690 2 "ENOENT" null' "$(for key in stage stage_number errno errno_name index; do
        json failed $key "$dir/json"; done | xargs -d '\n')"
    "$run" --json-status-fd 7 --env $'n"\\\n\x7f\xff\xc3\xa9\xed\xa0\x80\xf0\x9f\x98\x80\xc3' true 7>"$dir/json" 2>/dev/null
    is "JSON: whatever a message holds" \
        '"--env: \"n\"\\\n\u007f\ufffd\u00e9\ufffd\ufffd\ufffd\ud83d\ude00\ufffd\" is not NAME=VALUE"' \
        "$(json failed message "$dir/json")"
    "$run" --json-status-fd 7 --env "$(printf '"\001%.0s' {1..4000})" true 7>"$dir/json" 2>/dev/null
    like "JSON: however long" '"--env: *' "$(json failed message "$dir/json")"
    "$run" --json-status-fd 7 --open-fd 0=r:/dev/null --open-fd 1=r:/nowhere true 7>"$dir/json" 2>/dev/null
    is "JSON: which item" 1 "$(json failed index "$dir/json")"
    "$run" --json-status-fd 7 --nice x true 7>"$dir/json" 2>/dev/null
    is "JSON: a command line" '"EINVAL"' "$(json failed errno_name "$dir/json")"
    "$run" --json-status-fd 7 --timeout 2 "$reporter" sleep 7>"$dir/json" 2>/dev/null
    is "JSON: the time was up" 'true "SIGKILL" "yes"' "$(for key in timed_out signal_name ran; do
        json exited $key "$dir/json"; done | xargs -d '\n')"
    "$run" --json-status-fd 1 "$reporter" exit 0 | :
    ok "JSON: nobody reads it"
    code "JSON that cannot be written" 0 sh -c '"$@" 7>/dev/full' - "$run" --json-status-fd 7 "$reporter" exit 0
    like "JSON that cannot be written, is told" "*--json-status-fd: descriptor 7: No space left on device" "$said"
    code "JSON to what is not open for writing" 125 sh -c '"$@" 7</dev/null' - "$run" --json-status-fd 7 "$reporter" exit 0
else
    skip "JSON" "no python3"
fi

# --- timeouts

for way in "" "--new-session" "--unshare pid"; do
    # shellcheck disable=SC2086
    if [ "$way" = "--unshare pid" ]; then
        [ ! "$namespaces" ] || { skip "--timeout $way" "$namespaces"; continue; }
        way="${userns[*]} --unshare pid"
    fi
    rm -f "$dir/tree"
    cp "$reporter" "$dir/tree"
    # shellcheck disable=SC2086
    code "--timeout $way" 124 "$run" --timeout 0.5 $way "$dir/tree" fork daemon sleep
    holds "kills the whole tree" until_true dead tree
done
cp "$reporter" "$dir/stranger"
bash -c '"$1" sleep & echo $! >"$1.pid"; exec "${@:2}"' - "$dir/stranger" \
    "$run" --timeout 0.5 "$dir/tree" daemon sleep 2>/dev/null
holds "and nobody else" lives stranger
holds "but all of it" dead tree
kill "$(<"$dir/stranger.pid")"
code "a command that is in time" 4 "$run" --timeout 60 "$reporter" exit 4
mkfifo "$dir/fifo"
code "a time that is up before the start" 124 "$run" --timeout 0.2 --open-fd "0=r:$dir/fifo" "$reporter"
like "which is said" "*before the command had started*" "$said"

# --- signals to forkexec-run

for sig in HUP INT QUIT TERM USR1 USR2; do
    # A shell's background commands ignore INT and QUIT.
    begin --signal-default INT,QUIT --new-session sh -c "trap 'exit 42' $sig; : >$dir/up; while :; do sleep 0.01; done"
    kill -$sig $runner
    wait $runner
    is "SIG$sig is passed on" 42 $?
done
if [ "$have_python" ]; then
    # forkexec-run is stopped meanwhile, so that two signals are not merged into one.
    is "a terminal's SIGINT comes once" 1 "$(python3 -c '
import os, pty, signal, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
def read_until(what):
    global said
    while what not in said:
        said += os.read(fd, 100)
read_until(b"up")
os.kill(pid, signal.SIGSTOP)
os.write(fd, b"\3")
read_until(b"n=1")
os.kill(pid, signal.SIGCONT)
read_until(b"end")
print(said.decode().split("n=")[-1].split()[0])
os.waitpid(pid, 0)' "$run" python3 -c '
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("up", flush=True)
n = 0
while signal.sigtimedwait([signal.SIGINT], 1 if n else 20):
    n += 1
    print("n=%d" % n, flush=True)
print("end", flush=True)')"
fi
for way in "" "--timeout 60" "--new-session"; do
    rm -f "$dir/tree.up"
    # shellcheck disable=SC2086
    begin --signal-default INT,QUIT $way sh -c "trap 'echo >$dir/tree.up' INT
        '$dir/tree' fork sleep & : >$dir/up; while :; do sleep 0.01; done" 2>"$dir/said"
    until_true lives tree
    kill -INT $runner
    until_true test -e "$dir/tree.up"
    # Again if the machine was so busy that the second signal came too late.
    interrupted() { sleep 0.1; kill -INT $runner 2>/dev/null; ! kill -0 $runner 2>/dev/null; }
    until_true interrupted
    wait $runner 2>/dev/null
    is "a second SIGINT ends it${way:+, $way}" 130 $?
    like "and says so" "*second SIGINT*" "$(<"$dir/said")"
    holds "and all of it" until_true dead tree
done
if [ "$have_python" ]; then
    is "a second Ctrl-C ends it, which a terminal sends to both" "True 2" "$(python3 -c '
import os, pty, select, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
def read_until(what, key=b""):
    global said
    while what not in said:
        if key and not select.select([fd], [], [], 0.2)[0]:
            os.write(fd, key)
        else:
            said += os.read(fd, 100)
read_until(b"up")
os.write(fd, b"\3")
read_until(b"once")
os.write(fd, b"\3")
read_until(b"killed", b"\3")
status = os.waitpid(pid, 0)[1]
print(os.WIFSIGNALED(status), os.WTERMSIG(status))' "$run" sh -c 'trap "echo once" INT; echo up; while :; do sleep 0.05; done' 2>&1)"
fi
if [ "$have_python" ]; then
    typed_ctrl_z() {
        timeout 60 python3 -c '
import os, pty, signal, sys
pid, fd = pty.fork()
if pid == 0:
    # As a shell with job control.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(sys.argv[1], sys.argv[1:])
    status = os.waitpid(job, os.WUNTRACED)[1]
    print("stopped" if os.WIFSTOPPED(status) else status, flush=True)
    os.tcsetpgrp(0, job)
    os.killpg(job, signal.SIGCONT)
    print("ended", os.waitpid(job, 0)[1], flush=True)
    os._exit(0)
said = b""
def read_until(what):
    global said
    while what not in said:
        said += os.read(fd, 100)
read_until(b"up")
os.write(fd, b"\x1a")
read_until(b"on")
read_until(b"ended 0")
print(*said.decode().replace("^Z", " ").split()[1:])' "$run" "$@" --foreground 0 --process-group 0 python3 -c '
import os, signal, sys
def go_on(*_):
    # The init passes on what its group gets, so it may come twice.
    signal.signal(signal.SIGCONT, signal.SIG_IGN)
    os.write(1, b"on\n")
    os._exit(0)
signal.signal(signal.SIGCONT, go_on)
print("up", flush=True)
while True:
    signal.pause()'
    }
    is "Ctrl-Z in a foreground of the command's own stops us too" "stopped on ended 0" "$(typed_ctrl_z)"
    [ "$namespaces" ] || is "Ctrl-Z in such a foreground, through the init" "stopped on ended 0" \
        "$(typed_ctrl_z "${userns[@]}" --unshare pid)"
    # The leader of a session alone hears of it.
    is "the command hears that a terminal is gone" "True 1" "$(timeout 60 python3 -c '
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
while b"up" not in said:
    said += os.read(fd, 100)
os.close(fd)
status = os.waitpid(pid, 0)[1]
print(os.WIFSIGNALED(status), os.WTERMSIG(status))' "$run" sh -c 'echo up; exec sleep 100')"
fi
begin --signal-default INT,QUIT "$reporter" touch "$dir/up" sleep
kill -TERM $runner
wait $runner 2>/dev/null
is "and ends us as it ends the command" 143 $?
"$run" --open-fd "0=r:$dir/fifo" "$dir/reporter" print ran >"$dir/out" 2>"$dir/said" &
runner=$!
held() { ps -o pid= --ppid $runner | grep -q .; }
until_true held
kill -TERM $runner
wait $runner 2>/dev/null
is "before the start it ends all" "143 " "$? $(<"$dir/out")"

# --- stops

stopped() { child=$(ps -o pid= -o stat= --ppid $runner | awk '$2 ~ /^T/ {print $1}') && [ "$child" ]; }
for way in --stop-before-exec --stop-at-entry; do
    "$run" $way "$reporter" print ran >"$dir/out" 2>"$dir/said" &
    runner=$!
    until_true stopped
    is "$way: it has not begun" "" "$(<"$dir/out")"
    like "$way: how to go on is said" "forkexec-run: process $child stops*kill -CONT $child" "$(<"$dir/said")"
    case $way in
    --stop-at-entry) is "$way: it is the program" "$reporter" "$(readlink "/proc/$child/exe")" ;;
    esac
    kill -CONT "$child"
    wait $runner
    is "$way: it goes on" "0 ran" "$? $(<"$dir/out")"
done

# --- options that only print

like "--describe" "*520 nice: 3*799 exec*" "$("$run" --nice 3 --describe touch "$dir/ran")"
holds "--describe runs nothing" test ! -e "$dir/ran"
code "--describe of a contradiction" 125 "$run" --describe --new-session --process-group 0 true
code "--probe" 0 "$run" --probe
like "--probe speaks of user namespaces" "*user namespaces*" "$(<"$dir/out")"
like "--probe: every answer is yes, no or a fact" 0 "$(sed 1,2d "$dir/out" | grep -vcE '^(yes|no |   ) +[^ ]|^$')"
if [ ! "$namespaces" ]; then
    like "--probe says why not" "*no   user namespaces: *; raise the sysctl user.max_user_namespaces*" \
        "$("$run" "${userns[@]}" sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' - "$run" --probe 2>&1)"
fi
code "--help" 0 "$run" --help
code "--version" 0 "$run" --version
like "--version" "forkexec-run*libforkexec 1.*" "$(<"$dir/out")"
code "output that cannot be written" 125 sh -c '"$@" >/dev/full' - "$run" --help

finish
