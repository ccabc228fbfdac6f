//go:build cgo && linux && amd64 && musl && !forkexec_system

package nsexec

// #cgo LDFLAGS: ${SRCDIR}/../lib/musl_amd64/libforkexec-nsexec.a
import "C"

import _ "forkexec/lib/musl_amd64" // go mod vendor takes only folders of packages
