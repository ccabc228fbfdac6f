#!/bin/sh
# The bootstrap's library and archive: they export one name and need only libc.
#
# usage: nsexec_link.sh LIBRARY ARCHIVE
set -eu
library=$1 archive=$2
failed=0

# same WHAT IS SHOULD
same() {
    [ "$2" = "$3" ] || {
        echo "$1: '$2', not '$3'"
        failed=1
    }
}

defined() {
    nm --defined-only --format=posix "$@" | awk 'NF >= 3 && $2 != "A" && $2 ~ /[A-Zu]/ { print $1 }'
}

# dynamic ENTRY
dynamic() {
    readelf -d "$library" | sed -n "s/.*($1).*\[\(.*\)\]/\1/p" | grep -v '^ld-linux' || true
}

same "exported by the library" "$(defined -D "$library")" nsexec@@FORKEXEC_NSEXEC_1.0
same "global in the archive" "$(defined "$archive")" nsexec
same "soname" "$(dynamic SONAME)" libforkexec-nsexec.so.1
same "needed by the library" "$(dynamic NEEDED)" libc.so.6
# In a namespace that was joined no name is looked up any more.
readelf -d "$library" | grep -q '(FLAGS).*BIND_NOW' || same "binding" lazy now
exit $failed
