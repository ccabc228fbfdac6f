#!/bin/bash
# Tests forkexec-run as bubblewrap: each option of bubblewrap does what it does in bubblewrap. Prints TAP. Runs as root and as
# an ordinary user, and skips all tests where no sandbox can be made.
#
# usage: run_bwrap.sh [FORKEXEC-RUN REPORTER]
set -u
run=$(realpath "${1:-./forkexec-run}") reporter=$(realpath "${2:-./reporter}")
dir=$(mktemp -d) tests=0 failures=0
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$dir"
cp "$reporter" "$dir/reporter"
ln -s "$run" "$dir/bwrap"
bwrap=$dir/bwrap uid=$(id -u) gid=$(id -g)
export LC_ALL=C
cd "$dir" || exit 1

ok() {
    echo "ok $((++tests)) - $1"
}

not_ok() {
    echo "not ok $((++tests)) - $1"
    shift
    printf '#   %s\n' "$@"
    failures=$((failures + 1))
}

# is NAME WANTED GOT: the two texts are equal
is() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted: $2" "got:    $3"; fi
}

# like NAME PATTERN GOT: the text matches the pattern of the shell
like() {
    # shellcheck disable=SC2254
    case $3 in $2) ok "$1" ;; *) not_ok "$1" "wanted: $2" "got:    $3" ;; esac
}

# code NAME WANTED COMMAND...: COMMAND exits with this status; "$dir/out" then has its output
code() {
    local name=$1 wanted=$2 got
    shift 2
    "$@" >"$dir/out" 2>&1
    got=$?
    if [ $got = "$wanted" ]; then ok "$name"; else not_ok "$name" "wanted: $wanted" "got:    $got, $(tr '\n' ' ' <"$dir/out")"; fi
}

# inside OPTION... SCRIPT: what a shell prints that runs SCRIPT in a sandbox. The host is read-only in there, "$dir" is not, and
# /tmp is empty.
inside() {
    "$bwrap" --ro-bind / / --tmpfs /tmp --bind "$dir" "$dir" "${@:1:$#-1}" sh -c "${!#}" 2>&1
}

if ! "$bwrap" --ro-bind / / true 2>"$dir/why"; then
    echo "1..0 # SKIP $(<"$dir/why")"
    echo "# SKIP bwrap: $(<"$dir/why")"
    exit 77
fi

# --- how it is called

code "--as bwrap" 0 "$run" --as bwrap --ro-bind / / true
like "--version" "bubblewrap 0.12.0 (forkexec-run 1.*)" "$("$bwrap" --version)"
like "--help" "usage: $bwrap *--bind SRC DEST*" "$("$bwrap" --help)"
cp -L "$bwrap" "$dir/copy-of-bwrap" && mkdir -p "$dir/bin" && mv "$dir/copy-of-bwrap" "$dir/bin/bwrap"
is "a sandbox in a sandbox" nested "$("$dir/bin/bwrap" --unshare-user --uid 0 --gid 0 --cap-add ALL --bind / / \
    /proc/self/exe --unshare-all --bind / / --bind /proc /proc echo nested 2>&1)"

# --- exit codes and messages

code "an exit code" 7 "$bwrap" --ro-bind / / sh -c 'exit 7'
code "a signal" 143 "$bwrap" --ro-bind / / sh -c 'kill $$'
code "a signal, in a pid namespace" 137 "$bwrap" --ro-bind / / --unshare-pid sh -c 'kill -KILL $$'
code "a missing program" 1 "$bwrap" --ro-bind / / /none
like "a missing program is named" "bwrap: execvp /none: No such file or directory" "$(<"$dir/out")"
code "a missing source" 1 "$bwrap" --bind /none /mnt true
like "a missing source is named" "bwrap: Can't find source path /none: *" "$(<"$dir/out")"
code "an unknown option" 1 "$bwrap" --binds / / true
is "an unknown option is named" "bwrap: Unknown option --binds" "$(<"$dir/out")"
is "--level-prefix" "<3>bwrap: Unknown option --binds" "$("$bwrap" --level-prefix --binds 2>&1)"
code "an argument is missing" 1 "$bwrap" --ro-bind /
code "no command" 1 "$bwrap" --ro-bind / /
is "-- ends the options" --help "$("$bwrap" --ro-bind / / -- sh -c 'printf %s "$1"' - --help)"

# --- namespaces and ids

is "ids stay" "$uid $gid" "$(inside 'echo $(id -u) $(id -g)')"
is "--uid, --gid, with a /dev" "7 8" "$(inside --unshare-user --uid 7 --gid 8 --dev /dev 'echo $(id -u) $(id -g)')"
code "--uid needs a user namespace, which root has to ask for" $((uid == 0)) "$bwrap" --uid 7 --ro-bind / / true
is "--unshare-pid" 2 "$(inside --unshare-pid --proc /proc 'echo $$')"
is "--as-pid-1" 1 "$(inside --unshare-pid --as-pid-1 --proc /proc 'echo $$')"
code "--as-pid-1 needs --unshare-pid" 1 "$bwrap" --as-pid-1 --ro-bind / / true
is "--hostname" box "$(inside --unshare-uts --hostname box 'uname -n')"
code "--hostname needs --unshare-uts" 1 "$bwrap" --hostname box --ro-bind / / true
is "--unshare-net" "lo" "$(inside --unshare-net --proc /proc 'sed -n "s/^ *\([^ ]*\):.*/\1/p" /proc/net/dev')"
is "--share-net" "$(readlink /proc/self/ns/net)" "$(inside --unshare-all --share-net --proc /proc 'readlink /proc/self/ns/net')"
is "nobody else is seen with --unshare-all" 0 "$(inside --unshare-all --proc /proc "ls -d /proc/[0-9]* | grep -cv '/[0-9]$'")"
code "--disable-userns" 1 "$bwrap" --unshare-user --disable-userns --dev-bind / / "$bwrap" --unshare-user --dev-bind / / true
code "--disable-userns needs --unshare-user" 1 "$bwrap" --disable-userns --ro-bind / / true
code "--assert-userns-disabled" 1 "$bwrap" --assert-userns-disabled --ro-bind / / true
code "--assert-userns-disabled, and they are" 0 "$bwrap" --unshare-user --disable-userns --assert-userns-disabled --ro-bind / / true

code "--not-a-security-boundary" 0 "$bwrap" --not-a-security-boundary --ro-bind / / true
for name in user-try cgroup cgroup-try; do
    kind=${name%-try}
    [ -e "/proc/self/ns/$kind" ] || continue
    like "--unshare-$name" "$kind:*" "$(inside --unshare-$name --proc /proc "readlink /proc/self/ns/$kind" |
        grep -vxF "$(readlink "/proc/self/ns/$kind")")"
done
# A second sandbox joins the namespaces of the first one, which waits for a line from the FIFO.
mkfifo "$dir/hold"
"$bwrap" --unshare-user --unshare-pid --dev-bind / / --proc /proc --info-fd 8 sh -c \
    'readlink /proc/self/ns/user /proc/self/ns/pid >"$0/its"; echo >"$0/ready"; read line <"$0/hold"' "$dir" 8>"$dir/info" &
until [ -e "$dir/ready" ]; do sleep 0.01; done
first=$(sed -n 's/.*"child-pid": \([0-9]*\).*/\1/p' "$dir/info")
is "--userns, --pidns" "$(<"$dir/its")" "$("$bwrap" --userns 8 --pidns 9 --dev-bind / / \
    readlink /proc/self/ns/user /proc/self/ns/pid 8<"/proc/$first/ns/user" 9<"/proc/$first/ns/pid" 2>&1)"
code "--userns and --unshare-user" 1 "$bwrap" --userns 8 --unshare-user --ro-bind / / true 8<"/proc/$first/ns/user"
echo >"$dir/hold"
wait $!
rm "$dir/ready" "$dir/its" "$dir/info"
# This script writes the maps while bwrap waits for it.
mkfifo "$dir/go"
"$bwrap" --unshare-user --userns-block-fd 9 --info-fd 8 --unshare-pid --ro-bind / / --bind "$dir" "$dir" --proc /proc \
    sh -c 'echo $(id -u) $(id -g); [ -e "$0/told" ] && echo told' "$dir" 9<>"$dir/go" 8>"$dir/info" >"$dir/out" 2>&1 &
until [ -s "$dir/info" ]; do sleep 0.01; done
first=$(sed -n 's/.*"child-pid": \([0-9]*\).*/\1/p' "$dir/info")
echo deny >"/proc/$first/setgroups"
echo "7 $uid 1" >"/proc/$first/uid_map"
echo "8 $gid 1" >"/proc/$first/gid_map"
: >"$dir/told"
echo >"$dir/go"
wait $!
is "--userns-block-fd" "0 7 8 told" "$? $(paste -sd' ' "$dir/out")"
rm "$dir/go" "$dir/told" "$dir/info"
# The process that --info-fd names is a process of the host. COMMAND, with capabilities in the same user namespace, could trace
# it, and so reach the host. It must have ended: it is a zombie.
"$bwrap" --unshare-user --userns-block-fd 9 --info-fd 8 --dev-bind / / --cap-add ALL sh -c \
    'cat /proc/$(sed -n "s/.*\"child-pid\": \([0-9]*\).*/\1/p" "$0/info")/stat | cut -d" " -f3' "$dir" \
    9</dev/null 8>"$dir/info" >"$dir/out" 2>&1
is "--userns-block-fd: nothing of the host is in the user namespace of COMMAND" Z "$(<"$dir/out")"
# A caller reads --info-fd to its end, and only then writes the maps.
by_others='import json, os, subprocess, sys
info, told = os.pipe()
block, go = os.pipe()
sandbox = subprocess.Popen([sys.argv[1], "--unshare-user", "--userns-block-fd", str(block), "--info-fd", str(told),
    "--dev-bind", "/", "/", "cat", "/proc/self/uid_map"], pass_fds=(block, told), stdout=subprocess.PIPE)
os.close(told)
pid = json.load(os.fdopen(info))["child-pid"]
open(f"/proc/{pid}/uid_map", "w").write(f"0 {os.getuid()} 1")
os.write(go, b"1")
print(*sandbox.communicate()[0].split()[::2])'
is "--info-fd has an end before the maps are written" "b'0' b'1'" "$(timeout 20 python3 -c "$by_others" "$bwrap" 2>&1)"
code "--userns-block-fd needs --info-fd" 1 "$bwrap" --unshare-user --userns-block-fd 9 --ro-bind / / true 9</dev/null
code "--userns-block-fd and --disable-userns" 1 "$bwrap" --unshare-user --userns-block-fd 9 --info-fd 8 --disable-userns \
    --ro-bind / / true 9</dev/null 8>/dev/null

# The first sandbox has two user namespaces, one below the other. The second sandbox makes its mounts in the outer one, and runs
# COMMAND in the inner one.
"$bwrap" --unshare-user --uid 7 --gid 8 --dev-bind / / --dev /dev --info-fd 8 sh -c \
    'readlink /proc/self/ns/user >"$0/its"; echo >"$0/ready"; read line <"$0/hold"' "$dir" 8>"$dir/info" &
until [ -e "$dir/ready" ]; do sleep 0.01; done
first=$(sed -n 's/.*"child-pid": \([0-9]*\).*/\1/p' "$dir/info")
# Runs a program with the outer user namespace as descriptor 8 and the inner one as descriptor 9. 0xb702 is NS_GET_PARENT.
both='import fcntl, os, sys
inner = os.open(f"/proc/{sys.argv[1]}/ns/user", os.O_RDONLY)
os.dup2(fcntl.ioctl(inner, 0xb702), 8)
os.dup2(inner, 9)
os.execvp(sys.argv[2], sys.argv[2:])'
in_both() {
    python3 -c "$both" "$first" "$bwrap" --userns 8 --userns2 9 "$@" 2>&1
}
is "--userns2 is where COMMAND is" "$(<"$dir/its") 7 8" \
    "$(in_both --dev-bind / / sh -c 'echo $(readlink /proc/self/ns/user) $(id -u) $(id -g)')"
is "--uid and --gid are of --userns" "7 8" "$(in_both --uid 0 --gid 0 --dev-bind / / sh -c 'echo $(id -u) $(id -g)')"
like "--uid that --userns does not have" "bwrap: --uid and --gid cannot be had *: Invalid argument" \
    "$(in_both --uid 5 --dev-bind / / true)"
# Tries to make the root writable again, with all capabilities. Exit status 1 is EPERM.
undo='"$0" remount / 0x1000; echo "it exited with $?"'
is "--userns2: no mount is undone" "it exited with 1" "$(in_both --cap-add ALL --ro-bind / / sh -c "$undo" "$dir/reporter")"
is "--userns alone: the same mount is undone" "it exited with 0" "$(python3 -c "$both" "$first" "$bwrap" --userns 8 --cap-add ALL \
    --ro-bind / / sh -c "$undo" "$dir/reporter" 2>&1)"
is "--userns2 has its capabilities" 0000000000000080 "$(in_both --cap-drop ALL --cap-add CAP_SETUID --dev-bind / / \
    sed -n "s/^CapEff:.//p" /proc/self/status)"
like "--userns2 that is above --userns" "bwrap: second user namespace*" "$("$bwrap" --userns 8 --userns2 9 --dev-bind / / true \
    8<"/proc/$first/ns/user" 9</proc/self/ns/user 2>&1)"
like "--userns2 without --userns" "bwrap: --userns2 requires --userns: *" \
    "$("$bwrap" --unshare-user --userns2 9 --dev-bind / / true 9<"/proc/$first/ns/user" 2>&1)"
echo >"$dir/hold"
wait $!
rm "$dir/hold" "$dir/ready" "$dir/its" "$dir/info"
for option in --exec-label --file-label; do
    if [ -e /sys/fs/selinux/enforce ]; then
        code "$option of nothing" 1 "$bwrap" $option "" --ro-bind / / true
    else
        is "$option without SELinux" "bwrap: labeling not supported on this system" \
            "$("$bwrap" $option a:b:c --ro-bind / / true 2>&1)"
    fi
done

# --- rights

like "nothing is gained by an exec" "NoNewPrivs:*1" "$(inside --proc /proc 'grep NoNewPrivs /proc/self/status')"
[ "$uid" = 0 ] || is "no capabilities" 0000000000000000 "$(inside --proc /proc 'sed -n "s/^CapEff:.//p" /proc/self/status')"
is "--cap-drop ALL" 0000000000000000 "$(inside --proc /proc --cap-drop ALL 'sed -n "s/^CapEff:.//p" /proc/self/status')"
is "--cap-add" 0000000000000080 "$(inside --proc /proc --unshare-user --cap-drop ALL --cap-add CAP_SETUID \
    'sed -n "s/^CapEff:.//p" /proc/self/status')"
# One filter allows every call. Another answers mkdir(2) and mkdirat(2) with EBUSY.
printf '\x06\0\0\0\0\0\xff\x7f' >"$dir/all"
case $(uname -m) in
x86_64)
    mkdirs='\x15\0\x01\0\x53\0\0\0\x15\0\0\x01\x02\x01\0\0'
    mask_and_seccomp='\x15\0\x01\0\x0e\0\0\0\x15\0\0\x01\x3d\x01\0\0' prctl='\x15\0\0\x01\x9d\0\0\0' ;;
*)
    mkdirs='\x15\0\x01\0\x22\0\0\0\x15\0\0\x01\x22\0\0\0'
    mask_and_seccomp='\x15\0\x01\0\x87\0\0\0\x15\0\0\x01\x15\x01\0\0' prctl='\x15\0\0\x01\xa7\0\0\0' ;;
esac
load='\x20\0\0\0\0\0\0\0' allow='\x06\0\0\0\0\0\xff\x7f'
printf "$load$mkdirs"'\x06\0\0\0\x10\0\x05\0'"$allow" >"$dir/no-mkdir"
# A filter as an allow list would be: it answers the calls that set the signal mask and load filters with ENOSYS. And a filter
# that refuses prctl(2).
printf "$load$mask_and_seccomp"'\x06\0\0\0\x26\0\x05\0'"$allow" >"$dir/no-mask"
printf "$load$prctl"'\x06\0\0\0\x26\0\x05\0'"$allow" >"$dir/no-prctl"
like "--seccomp" "*busy" "$(inside --seccomp 9 'mkdir /tmp/made' 9<"$dir/no-mkdir")"
like "--add-seccomp-fd" "*busy" "$(inside --add-seccomp-fd 8 --add-seccomp-fd 9 'mkdir /tmp/made' 8<"$dir/all" 9<"$dir/no-mkdir")"
code "--seccomp, without the calls that bwrap makes" 0 "$bwrap" --seccomp 9 --ro-bind / / "$dir/reporter" exit 0 9<"$dir/no-mask"
like "--add-seccomp-fd behind one that lets nobody use seccomp(2)" "*busy" \
    "$(inside --add-seccomp-fd 7 --add-seccomp-fd 8 --add-seccomp-fd 9 'mkdir /tmp/made' 7<"$dir/no-mask" 8<"$dir/no-mkdir" 9<"$dir/no-prctl")"
code "a filter of no instructions" 1 "$bwrap" --add-seccomp-fd 9 --ro-bind / / true 9</dev/null
code "a descriptor that was read before" 1 "$bwrap" --add-seccomp-fd 9 --add-seccomp-fd 9 --ro-bind / / true 9<"$dir/all"
like "a descriptor that was read before" "bwrap: Can't read seccomp data: Bad file descriptor" "$(<"$dir/out")"
code "one excludes the other" 1 "$bwrap" --seccomp 9 --add-seccomp-fd 9 --ro-bind / / true 9<"$dir/all"
code "half an instruction" 1 "$bwrap" --seccomp 9 --ro-bind / / true 9<<<"abc"
is "--new-session" same "$(inside --new-session --unshare-pid --as-pid-1 --proc /proc 'set -- $(cat /proc/$$/stat); [ $6 = $$ ] && echo same')"

# COMMAND leaves a process in the background. It goes on after COMMAND has ended.
mkfifo "$dir/begin" "$dir/end"
code "COMMAND's end is reported while others go on" 3 "$bwrap" --unshare-pid --dev-bind / / sh -c \
    '(read line <"$0/begin"; echo on >"$0/end") >/dev/null 2>&1 & exit 3' "$dir"
timeout 20 sh -c 'echo go >"$0"' "$dir/begin"
is "a process in the background goes on" on "$(timeout 20 cat "$dir/end")"
rm "$dir/begin" "$dir/end"

# --- the file system

is "--dev-bind-try" "char missing" "$(inside --dev-bind-try /dev/null /tmp/null --dev-bind-try /nowhere /tmp/nowhere \
    '[ -c /tmp/null ] && echo >/tmp/null && echo char; [ -e /tmp/nowhere ] || echo missing' | paste -sd' ')"

echo data >"$dir/file"
mkdir -p "$dir/sub"
echo below >"$dir/sub/file"
like "--ro-bind" "*Read-only file system" "$(inside 'mkdir /made')"
is "--bind" made "$(inside --bind "$dir/sub" /mnt 'echo made >/mnt/made; cat /mnt/made')"
is "--bind writes outside" made "$(<"$dir/sub/made")"
is "--bind-try, and there is nothing" "" "$(inside --bind-try /none /mnt true)"
is "--ro-bind-try, and there is" below "$(inside --ro-bind-try "$dir/sub" /mnt 'cat /mnt/file')"
like "device nodes of a bind are none" "*Permission denied" "$(inside --bind /dev /mnt 'echo >/mnt/null')"
is "--dev-bind" "" "$(inside --dev-bind /dev /mnt 'echo >/mnt/null')"
is "--bind-fd" below "$(inside --bind-fd 9 /mnt 'cat /mnt/file' 9<"$dir/sub")"
like "--ro-bind-fd" "*Read-only file system" "$(inside --ro-bind-fd 9 /mnt 'echo >/mnt/file' 9<"$dir/sub")"
is "--bind-fd FD /" below "$("$bwrap" --bind-fd 9 / --ro-bind /usr /usr --ro-bind /lib /lib --ro-bind-try /lib64 /lib64 \
    /usr/bin/cat /file 9<"$dir/sub")"
mkdir "$dir/gone"
code "--bind-fd FD /, which was removed" 1 sh -c 'rmdir "$1" && mkdir "$1" && exec "$2" --bind-fd 9 / --ro-bind /usr /usr true' - \
    "$dir/gone" "$bwrap" 9<"$dir/gone"
like "--bind-fd FD /, which was removed, is told" "*Can't find source path /proc/self/fd/9*" "$(<"$dir/out")"
like "--bind-fd FD /, where another directory stands" "*another directory stands at the path of descriptor 9" \
    "$("$bwrap" --dev-bind / / --tmpfs "$dir/gone" "$bwrap" --bind-fd 9 / --ro-bind /usr /usr --ro-bind /lib /lib \
    --ro-bind-try /lib64 /lib64 /usr/bin/true 9<"$dir/gone" 2>&1)"
is "a descriptor of an option is not the command's" 0 "$(inside --proc /proc --bind-fd 9 /mnt 'ls /proc/self/fd | grep -c 9' 9<"$dir/sub")"
is "other descriptors are" data "$(inside 'cat <&9' 9<"$dir/file")"
is "a root of parts" "a b bin lib lib64 usr" "$("$bwrap" --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib \
    --symlink usr/lib64 /lib64 --dir /a --dir /b ls / | tr '\n' ' ' | sed 's/ $//')"
like "--remount-ro" "*Read-only file system" "$(inside --tmpfs /mnt --tmpfs /mnt --remount-ro /mnt 'mkdir /mnt/made')"
is "--remount-ro, and not what is below" "" "$(inside --tmpfs /mnt --tmpfs /mnt/below --remount-ro /mnt 'mkdir /mnt/below/made')"
like "--remount-ro / of parts" "*Read-only file system" "$("$bwrap" --ro-bind /usr /usr --symlink usr/bin /bin --symlink \
    usr/lib /lib --symlink usr/lib64 /lib64 --remount-ro / mkdir /made 2>&1)"
is "--tmpfs" 755 "$(inside --tmpfs /mnt 'stat -c %a /mnt')"
is "--perms" 1777 "$(inside --perms 1777 --tmpfs /mnt 'stat -c %a /mnt')"
is "--perms of parents" 700 "$(inside --tmpfs /mnt --perms 0700 --dir /mnt/a/b 'stat -c %a /mnt/a')"
is "--size" 1024 "$(inside --size 1048576 --tmpfs /mnt 'df --output=size --block-size=1K /mnt | tail -n 1 | tr -d " "')"
code "--size for something else" 1 "$bwrap" --size 1048576 --dir /mnt --ro-bind / / true
for option in "--bind / /mnt" "--symlink a /mnt/b" "--proc /mnt" "--chmod 0700 /mnt" "--remount-ro /mnt" "--unshare-ipc"; do
    # shellcheck disable=SC2086
    code "--perms for something else: $option" 1 "$bwrap" --ro-bind / / --tmpfs /mnt --perms 0700 $option true
done
code "--perms twice" 1 "$bwrap" --perms 0700 --perms 0700 --tmpfs /mnt true
is "--dir" 755 "$(inside --tmpfs /mnt --dir /mnt/a/b 'stat -c %a /mnt/a/b')"
is "--chmod" 700 "$(inside --tmpfs /mnt --dir /mnt/a --chmod 0700 /mnt/a 'stat -c %a /mnt/a')"
mkdir -m 711 "$dir/host"
code "--chmod of what is read-only" 1 "$bwrap" --ro-bind / / --chmod 0700 "$dir/host" true
code "--dir in what is read-only" 1 "$bwrap" --ro-bind / / --dir "$dir/host/made" true
is "nothing of the host is changed" "711 " "$(stat -c %a "$dir/host") $(ls "$dir/host")"
mkdir -m 711 "$dir/mode"
is "--chmod of what was there" 700 "$(inside --chmod 0700 "$dir/mode" "stat -c %a $dir/mode")"
is "--file" "data 666" "$(inside --tmpfs /mnt --file 9 /mnt/a 'echo $(cat /mnt/a) $(stat -c %a /mnt/a)' 9<"$dir/file")"
is "--bind-data over a file" "data 600" "$(inside --bind-data 9 "$dir/sub/file" "echo \$(cat $dir/sub/file) \$(stat -c %a $dir/sub/file)" 9<"$dir/file")"
is "--bind-data changes nothing outside" below "$(<"$dir/sub/file")"
like "--ro-bind-data" "*Read-only file system" "$(inside --tmpfs /mnt --ro-bind-data 9 /mnt/a 'echo >/mnt/a' 9<"$dir/file")"
is "large data" 1000000 "$(inside --tmpfs /mnt --ro-bind-data 9 /mnt/a 'wc -c </mnt/a' 9< <(head -c 1000000 /dev/zero))"
is "large data as a file" 1000000 "$(inside --tmpfs /mnt --file 9 /mnt/a 'wc -c </mnt/a' 9< <(head -c 1000000 /dev/zero))"
is "--symlink" /x "$(inside --tmpfs /mnt --symlink /x /mnt/l --symlink /x /mnt/l 'readlink /mnt/l')"
ln -s /elsewhere "$dir/link"
code "--symlink where another is" 1 "$bwrap" --ro-bind / / --bind "$dir" "$dir" --symlink /x "$dir/link" true
like "--symlink where another is, which is shown" "bwrap: Can't make symlink at *: existing destination is /elsewhere" "$(<"$dir/out")"
is "--dev" "core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero" \
    "$(inside --dev /dev 'ls /dev | grep -v console' | tr '\n' ' ' | sed 's/ $//')"
is "a terminal can be made" "character special file" "$(inside --dev /dev 'stat -L -c %F /dev/ptmx')"
like "--proc: what is the kernel's is read-only" "*Read-only file system" \
    "$(inside --unshare-user --unshare-pid --uid 0 --gid 0 --proc /proc 'echo 1 >/proc/sys/kernel/ns_last_pid')"
mkdir -p low1 low2 upper work
echo 1 >low1/a
echo 2 >low1/b
echo 3 >low2/b
if "$bwrap" --ro-bind / / --tmpfs /mnt --overlay-src low1 --tmp-overlay /mnt/o true 2>"$dir/why"; then
    is "--tmp-overlay" "1 3" "$(inside --overlay-src low1 --overlay-src low2 --tmp-overlay /mnt 'echo new >/mnt/c; cat /mnt/a /mnt/b' | tr '\n' ' ' | sed 's/ $//')"
    like "--ro-overlay" "*Read-only file system" "$(inside --overlay-src low1 --overlay-src low2 --ro-overlay /mnt 'echo >/mnt/a')"
    is "--overlay" "" "$(inside --overlay-src low1 --overlay upper work /mnt 'echo new >/mnt/c')"
    is "--overlay writes outside" new "$(cat upper/c)"
    is "lower directories stay" "a b" "$(ls low1 | tr '\n' ' ' | sed 's/ $//')"
else
    echo "# SKIP overlays: $(<"$dir/why")"
fi
code "--overlay without --overlay-src" 1 "$bwrap" --ro-bind / / --overlay upper work /mnt true
code "--overlay-src alone" 1 "$bwrap" --ro-bind / / --overlay-src low1 true
is "--mqueue" mqueue "$(inside --tmpfs /mnt --unshare-ipc --mqueue /mnt/q 'stat -f -c %T /mnt/q')"
is "the last bind of the root counts" "" "$("$bwrap" --dir /none --tmpfs /mnt --ro-bind / / ls -d /none 2>/dev/null)"

# --- working directory, environment and arguments

is "the working directory stays" "$dir" "$(inside pwd)"
is "or it is HOME" /usr "$(cd "$dir/sub" && HOME=/usr "$bwrap" --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib \
    --symlink usr/lib64 /lib64 sh -c 'echo $PWD; pwd' | uniq)"
is "or the root" / "$(cd "$dir/sub" && HOME=/none "$bwrap" --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib \
    --symlink usr/lib64 /lib64 pwd)"
is "--chdir" /usr "$(inside --chdir /usr 'echo $PWD')"
code "--chdir to nowhere" 1 "$bwrap" --ro-bind / / --chdir /none true
is "--setenv, --unsetenv" "b " "$(X=a Y=a inside --setenv X b --unsetenv Y 'echo $X $Y.' | tr . ' ' | sed 's/  $/ /')"
is "--clearenv" "PWD=$dir" "$("$bwrap" --ro-bind / / --bind "$dir" "$dir" --clearenv /usr/bin/env)"
is "--argv0" name "$("$bwrap" --ro-bind / / --argv0 name sh -c 'echo $0')"
is "--args" /usr "$("$bwrap" --args 9 pwd 9< <(printf '%s\0' --ro-bind / / --chdir /usr))"
code "--args in --args" 1 "$bwrap" --args 9 true 9< <(printf '%s\0' --args 8)

# --- --info-fd, --json-status-fd, --block-fd, --lock-file, --die-with-parent

code "--info-fd, --json-status-fd" 5 "$bwrap" --ro-bind / / --unshare-all --proc /proc --info-fd 8 --json-status-fd 9 \
    sh -c 'stat -L -c %i /proc/self/ns/net; exit 5' 8>"$dir/info" 9>"$dir/status"
like "--info-fd" "{*\"child-pid\": [1-9]*\"net-namespace\": $(<"$dir/out")*}" "$(tr -d '\n' <"$dir/info")"
like "--json-status-fd" "{ \"child-pid\": [1-9]* }{ \"exit-code\": 5 }" "$(tr -d '\n' <"$dir/status")"
code "--json-status-fd of what did not run" 1 "$bwrap" --ro-bind / / --json-status-fd 9 /none 9>"$dir/status"
is "it has no exit code" 0 "$(grep -c exit-code "$dir/status")"
mkfifo "$dir/go"
rm "$dir/info"
"$bwrap" --ro-bind / / --bind "$dir" "$dir" --block-fd 9 --info-fd 8 touch "$dir/begun" 9<>"$dir/go" 8>"$dir/info" &
until [ -s "$dir/info" ]; do sleep 0.01; done
is "--block-fd: it has not begun" no "$([ -e "$dir/begun" ] && echo yes || echo no)"
echo >"$dir/go"
wait $!
is "--block-fd: it has begun" yes "$([ -e "$dir/begun" ] && echo yes || echo no)"
: >"$dir/lock"
"$bwrap" --ro-bind / / --bind "$dir" "$dir" --proc /proc --lock-file "$dir/lock" --sync-fd 9 \
    sh -c "[ -e /proc/\$\$/fd/9 ] && echo inside; echo >$dir/held; cat $dir/go" >"$dir/out" 9>"$dir/sync" &
until [ -e "$dir/held" ]; do sleep 0.01; done
is "--sync-fd is open while COMMAND runs" yes "$([ -e /proc/$!/fd/9 ] && echo yes)"
is "--sync-fd is not COMMAND's" "" "$(<"$dir/out")"
try_lock='import fcntl, sys
try: fcntl.lockf(open(sys.argv[1], "a"), fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError: print("locked")'
is "--lock-file" locked "$(python3 -c "$try_lock" "$dir/lock")"
echo >"$dir/go"
wait $!
is "--lock-file is let go" "" "$(python3 -c "$try_lock" "$dir/lock")"
# shellcheck disable=SC2016
bash -c '"$0" --die-with-parent --ro-bind / / --bind "$1" "$1" sh -c "echo \$\$ >$1/pid; exec sleep 3600" & until [ -s "$1/pid" ]; do sleep 0.01; done; kill -KILL $$' \
    "$bwrap" "$dir" &
{ wait $!; } 2>/dev/null
for _ in $(seq 2000); do kill -0 "$(<"$dir/pid")" 2>/dev/null || break; sleep 0.01; done
is "--die-with-parent" gone "$(kill -0 "$(<"$dir/pid")" 2>/dev/null || echo gone)"

echo "1..$tests"
[ $failures = 0 ]
