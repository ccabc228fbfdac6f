//go:build cgo && linux && amd64 && !musl && !forkexec_system

package nsexec

// #cgo LDFLAGS: ${SRCDIR}/../lib/gnu_amd64/libforkexec-nsexec.a
import "C"

import _ "forkexec/lib/gnu_amd64" // go mod vendor takes only folders of packages
