#!/bin/bash
# forkexec-run: limits on the output, and what it observes while the command runs.
#
# usage: run_tool_watch.sh [FORKEXEC-RUN REPORTER PRESETS]
. "$(dirname "$0")/run_tool_base.sh"

# --- the output

is "--output-limit: within it" "both 3" "$("$run" --output-limit 100 sh -c 'printf "both "; exit 3'; echo $?)"
is "--output-limit: just so much" "124 12345" "$("$run" --output-limit 5 sh -c 'printf 123456; exec sleep 60' >"$dir/out" 2>/dev/null
    echo "$? $(<"$dir/out")")"
is "--output-limit: and not one more" "0 12345" "$("$run" --output-limit 5 sh -c 'printf 12345' >"$dir/out" 2>/dev/null
    echo "$? $(<"$dir/out")")"
is "--output-limit: both outputs" "124 8 2" "$("$run" --output-limit 10 sh -c 'printf 12345678; sleep 0.3; printf abcdef >&2; exec sleep 60' \
    >"$dir/out" 2>"$dir/said"; echo "$? $(wc -c <"$dir/out") $(head -c 2 "$dir/said" | grep -c ab)2" | sed 's/ 12$/ 2/')"
like "--output-limit: is told" "*wrote more than its limit*" "$(<"$dir/said")"
is "--output-limit: an endless one" "124 100000" "$("$run" --output-limit 100000 yes >"$dir/out" 2>/dev/null
    echo "$? $(wc -c <"$dir/out")")"
is "--output-limit: unlimited" "1000000" "$("$run" --output-limit unlimited head -c 1000000 /dev/zero | wc -c)"
is "--output-limit: a reader that goes away" 0 "$("$run" --output-limit 1G --timeout 60 yes 2>/dev/null | head -n 1 >/dev/null
    echo $?)"
cp "$reporter" "$dir/tree"
code "--output-limit: a grandchild that holds the output" 4 \
    "$run" --output-limit 1M --timeout 60 sh -c "'$dir/tree' fork daemon sleep & sleep 0.1; exit 4"
holds "is killed" until_true dead tree
"$run" --output-limit 1M sh -c "exec >/dev/null 2>&1; '$dir/tree' daemon sleep & exit 0"
holds "--output-limit: one that does not hold it stays" until_true lives tree
pkill -f "^$dir/tree "
is "--output-limit: the order of both outputs" "1 2 3 4" "$("$run" --output-limit 1M sh -c 'echo 1; echo 2 >&2; echo 3; echo 4 >&2' 2>&1 |
    xargs)"
code "--idle-timeout" 124 "$run" --idle-timeout 0.3 sh -c 'echo begun; exec sleep 60'
like "--idle-timeout: is told" "*wrote nothing for too long*" "$said"
is "--idle-timeout: what was written" begun "$(<"$dir/out")"
code "--idle-timeout: something in time" 7 "$run" --idle-timeout 10 sh -c 'for i in 1 2 3; do echo $i; sleep 0.1; done; exit 7'
code "--idle-timeout: closed outputs are no silence" 0 "$run" --idle-timeout 0.2 sh -c 'exec >&- 2>&-; sleep 0.6'
is "--idle-timeout: a slow reader is no silence" "100000" "$("$run" --idle-timeout 0.5 head -c 100000 /dev/zero | { sleep 1; wc -c; })"
if [ "$have_python" ]; then
    "$run" --json-status-fd 7 --output-limit 5 yes 7>"$dir/json" >/dev/null 2>&1
    is "JSON: too much output" '"output" 5 false' "$(for key in ended output_bytes timed_out; do
        json exited $key "$dir/json"; done | xargs -d '\n')"
    "$run" --json-status-fd 7 --idle-timeout 0.2 sleep 60 7>"$dir/json" 2>/dev/null
    is "JSON: silence" '"idle" 0' "$(for key in ended output_bytes; do json exited $key "$dir/json"; done | xargs -d '\n')"
fi
code "--output-limit: output that cannot be written" 125 sh -c '"$@" >/dev/full' - "$run" --output-limit 100 sh -c "printf text; exit 0"
like "--output-limit: output that cannot be written, is told" "*could not be written: No space left on device" "$said"
code "--output-limit: output that cannot be written, of a command that fails" 7 sh -c '"$@" >/dev/full' - "$run" \
    --output-limit 100 sh -c "printf text; exit 7"
for way in "--fd 1" "--open-fd 2=w:/dev/null" "--dup-fd 1=2"; do
    # shellcheck disable=SC2086
    code "--output-limit with $way" 125 "$run" --output-limit 5 $way true
done

# asked GRACE ACTION OPTION...: the exit code, and what the command's handler of SIGTERM has written
asked() {
    rm -f "$dir/asked" "$dir/up"
    sh -c '"$@"; echo $? >"$0.code"' "$dir/asked" "$run" --timeout 1 --grace "$1" "${@:3}" \
        sh -c "trap 'echo asked >>$dir/asked; $2' TERM; : >$dir/up; while :; do sleep 0.01; done" 2>"$dir/said"
    echo "$(<"$dir/asked.code") $(cat "$dir/asked" 2>/dev/null)"
}
is "--grace: it is asked to end, and does" "124 asked" "$(asked 60s "exit 0")"
is "--grace: it does not, and is killed" "124 asked" "$(asked 200ms ":")"
like "--grace: it is told" "*the time was up; the command was killed" "$(<"$dir/said")"
is "--grace: it ends by itself" "124 asked" "$(asked 60s "exit 0")"
like "--grace: it ends by itself, is told" "*the time was up; the command ended without SIGKILL" "$(<"$dir/said")"
is "--grace, of silence" "124 asked" "$(asked 1m "exit 0" --timeout 60 --idle-timeout 0.5)"
code "--grace without a time" 125 "$run" --grace 5 true
is "--grace, a session" "124 asked" "$(asked 1m "exit 0" --new-session)"
[ "$namespaces" ] || is "--grace, through an init" "124 asked" "$(asked 1m "exit 0" --map-root --unshare pid)"

# --- learning

echo hello >"$dir/hello"
mkdir "$dir/conf"
echo other >"$dir/conf/main"
mkdir -p "$dir/learnt"
# learnt FORM COMMAND...: the observations, in a file of that name
learnt() {
    "$run" --learn="$1" "$dir/learnt/$1" "${@:2}" 2>&1
}
if "$run" --learn "$dir/learnt/first" true 2>"$dir/said"; then
    is "--learn: the command runs" hello "$(learnt landlock cat "$dir/hello")"
    code "--learn: its exit code" 7 "$run" --learn "$dir/learnt/first" "$reporter" exit 7
    like "--learn: it says what it is worth" "*no boundary*" "$(<"$dir/learnt/landlock")"
    if "$run" --probe | grep -q '^yes  Landlock, all of it'; then
        is "--learn: with what is learnt it runs" hello "$("$run" --config "$dir/learnt/landlock" cat "$dir/hello" 2>&1)"
        like "--learn: and nothing else is allowed" "*Permission denied" \
            "$("$run" --config "$dir/learnt/landlock" cat "$dir/conf/main" 2>&1)"
        work='cd "$1" && echo text >new && cat new && mkdir d && mv d e && rmdir e && ln -s new link && rm link && mv new newer'
        is "--learn: what changes files" text "$(learnt landlock sh -c "$work" - "$dir/learnt")"
        rm -f "$dir/learnt/newer"
        is "--learn: can do it again" text "$("$run" --config "$dir/learnt/landlock" sh -c "$work" - "$dir/learnt" 2>&1)"
        like "--learn: in no other place" "*Permission denied*" \
            "$("$run" --config "$dir/learnt/landlock" sh -c "$work" - "$dir/conf" 2>&1)"
        printf '#!/bin/sh\necho script\n' >"$dir/script"
        chmod 755 "$dir/script"
        is "--learn: a script and what starts it" "script script" "$(learnt landlock sh -c "'$dir/script'; '$dir/script' & wait" | xargs)"
        is "--learn: runs again" "script script" "$("$run" --config "$dir/learnt/landlock" sh -c "'$dir/script'; '$dir/script' & wait" 2>&1 | xargs)"
        learnt landlock bash -c ': </dev/tcp/127.0.0.1/9' >/dev/null
        is "--learn: a port" "landlock-port connect-tcp:9" "$(grep port "$dir/learnt/landlock")"
    fi
    if [ ! "$namespaces" ]; then
        is "--learn=bind" hello "$(cd "$dir" && learnt bind cat hello)"
        is "--learn=bind: with what is learnt it runs" hello "$("$run" --config "$dir/learnt/bind" cat hello 2>&1)"
        like "--learn=bind: and nothing else is there" "*No such file*" "$("$run" --config "$dir/learnt/bind" cat "$dir/conf/main" 2>&1)"
        is "--learn, through an init" hello "$("$run" --map-root --unshare pid --learn "$dir/learnt/first" cat "$dir/hello" 2>&1)"
    fi
    if learnt seccomp "$reporter" print written >"$dir/said"; then
        is "--learn=seccomp: with what is learnt it runs" written \
            "$("$run" --no-new-privs --seccomp-json "$dir/learnt/seccomp" "$reporter" print written 2>&1)"
        code "--learn=seccomp: and no other call" 1 "$run" --no-new-privs --seccomp-json "$dir/learnt/seccomp" \
            "$reporter" touch "$dir/never"
    else
        skip "--learn=seccomp" "$(<"$dir/said")"
    fi
    is "--learn: one that stays behind is watched on" "late" "$(learnt landlock sh -c "(sleep 0.3; cat $dir/hello >/dev/null; echo late) &")"
    code "--learn: the time of all" 124 "$run" --timeout 0.5 --learn "$dir/learnt/first" sh -c 'sleep 60 &'
else
    skip "--learn" "$(<"$dir/said")"
fi
code "--learn: a file that cannot be written" 125 "$run" --learn /nowhere/at/all true

finish
