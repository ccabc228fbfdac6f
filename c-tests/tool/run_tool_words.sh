#!/bin/bash
# forkexec-run: options from descriptors and files, and the presets.
#
# usage: run_tool_words.sh [FORKEXEC-RUN REPORTER PRESETS]
. "$(dirname "$0")/run_tool_base.sh"

# --- options from descriptors and files

is "--args" "env.A b c,env.D " "$(printf '%s\0' --env 'A=b c' --env D= |
    "$run" --clear-env --args 0 "$reporter" | grep '^env' | paste -sd,)"
is "--args: in their place" "env.A 3" "$(printf '%s\0' --env A=2 |
    "$run" --clear-env --env A=1 --args 0 --env A=3 "$reporter" | grep '^env')"
is "--args: -- ends them" "env.A 2" "$(printf '%s\0' --env A=2 -- | "$run" --clear-env --args 0 "$reporter" | grep '^env')"
is "--args: none" ran "$("$run" --args 0 "$reporter" print ran </dev/null)"
said=$(printf '%s\0' --env A=2 "$reporter" | "$run" --args 0 touch "$dir/ran" 2>&1)
like "--args: no command" "forkexec-run: descriptor 0: \"*reporter\" is no option*" "$said"
said=$(printf '%s\0' --env A | "$run" --args 0 touch "$dir/ran" 2>&1)
like "--args: what is wrong is named" "forkexec-run: descriptor 0: --env: \"A\" is not NAME=VALUE" "$said"
said=$(printf '%s\0' --bind /a | "$run" --args 0 /b touch "$dir/ran" 2>&1)
like "--args: options are whole" "forkexec-run: descriptor 0: --bind: an argument is missing*" "$said"
said=$(head -c 1048577 /dev/zero | tr '\0' x | "$run" --args 0 true 2>&1)
like "--args: too long" "forkexec-run: --args: 0: there is more than 1 MiB of it" "$said"
said=$(yes -- --new-session | head -n 5000 | tr '\n' '\0' | "$run" --args 0 true 2>&1)
like "--args: too many" "forkexec-run: --args: there are more than 4096 words" "$said"

mkdir "$dir/conf"
cat >"$dir/conf/main" <<'END'
# A comment, and a blank line

	clear-env   # one more
env 'A=it is # "quoted" \'
env "B=a \"quoted\" one, \\"
--env C=a\ b\#c'd'"e"
env=D=#
include ./more
include sub/deep
END
printf 'env E=1\r\nnice 3' >"$dir/conf/more"
mkdir "$dir/conf/sub"
echo "include ../last" >"$dir/conf/sub/deep"
echo "env F=2" >"$dir/conf/last"
is "--config" 'nice 3,env.A it is # "quoted" \x5c,env.B a "quoted" one, \x5c,env.C a b#cde,env.D #,env.E 1,env.F 2' \
    "$("$run" --config "$dir/conf/main" "$reporter" 2>&1 | grep -E '^(env|nice|forkexec)' | paste -sd,)"
# wrong TEXT PATTERN: compares the error for a file that contains TEXT
wrong() {
    printf "$1" >"$dir/conf/wrong"
    like "--config: $1" "forkexec-run: $2" "$("$run" --config "$dir/conf/wrong" touch "$dir/ran" 2>&1)"
}
at=$dir/conf/wrong
wrong 'nice 3\n\nnice x\n' "$at:3: --nice: \"x\" is not *"
wrong 'nize 3' "$at:1: --nize: there is no such option; did you mean --nice?"
wrong 'nice' "$at:1: --nice needs an argument"
wrong 'nice 3 4' "$at:1: there is one word too much: \"4\""
wrong '#\nbind /etc' "$at:2: --bind: an argument is missing*"
wrong 'env "A=b' "$at:1: a \" is not closed"
wrong "env 'A=b" "$at:1: a ' is not closed"
wrong 'env A=b\\' "$at:1: a ? stands at the end of the line"
wrong 'env A\0=b' "--config: $at is no text*" 2>/dev/null
wrong 'include' "$at:1: include: it takes one file"
wrong 'include ./nowhere' "$at:1: *conf/./nowhere: No such file*"
wrong 'include nothing-such' "$at:1: there is no preset \"nothing-such\"*"
wrong 'include ./wrong' "$at:1: include *wrong: *includes itself"
wrong 'config ./more' "$at:1: --config: in a file it is: include ./more"
wrong 'include /etc' "$at:1: /etc: Is a directory"
ln -s wrong "$dir/conf/link"
wrong 'include ./main\ninclude ./link' "$at:2: include *link: *includes itself"
for ((i = 0; i < 20; i++)); do echo "include ./d$((i + 1))" >"$dir/conf/d$i"; done
like "--config: too deep" "*d15:1: *d16: includes are deeper than 16 in one another" \
    "$("$run" --config "$dir/conf/d0" true 2>&1)"
for ((i = 0; i < 8; i++)); do yes "include ./w$((i + 1))" | head -n 4 >"$dir/conf/w$i"; done
: >"$dir/conf/w8"
like "--config: too many" "*more than 256 files are included" "$("$run" --config "$dir/conf/w0" true 2>&1)"
holds "and nothing has run" test ! -e "$dir/ran"

mkdir -p "$dir/prefix/bin" "$dir/prefix/share/forkexec"
cp "$run" "$dir/prefix/bin"
cp "$presets"/{strict,judge,build}.conf "$dir/prefix/share/forkexec"
# preset NAME COMMAND...
preset() {
    (cd "$dir/prefix/share" && LD_LIBRARY_PATH=$(ldd "$run" | sed -n 's|.*=> \(.*\)/libforkexec.so.*|\1|p') \
        "$dir/prefix/bin/forkexec-run" --config "$1" "${@:2}" 2>&1)
}
if [ ! "$namespaces" ]; then
    for name in strict judge build; do
        is "--config $name: runs" "ran" "$(preset $name sh -c 'echo ran')"
        like "--config $name: / cannot be written" "*Read-only file system*" "$(preset $name touch /x)"
        is "--config $name: no network" 1 "$(preset $name cat /proc/net/dev | grep -c :)"
        is "--config $name: no capabilities" "0000000000000000" "$(preset $name sed -n 's/^CapEff:.//p' /proc/self/status)"
        like "--config $name: no further user namespaces" "unshare: *" "$(preset $name unshare -U true)"
    done
    is "--config strict: our ids" "$uid $gid" "$(preset strict sh -c 'echo $(id -u) $(id -g)')"
    is "--config strict: our files are not there" 4 "$(preset strict ls -d /home /root /etc "$dir" | grep -c "No such file")"
    is "--config judge: limits" "64" "$(preset judge sh -c 'ulimit -n')"
    is "--config judge: later ones count" "65" "$(preset judge --rlimit nofile=65 sh -c 'ulimit -n')"
    is "--config build: the directory" "/build forkexec" "$(preset build sh -c 'echo $(pwd) $(ls)')"
    preset build touch made
    holds "--config build: it can be written" test -e "$dir/prefix/share/made"
else
    skip "presets" "$namespaces"
fi

finish
