//go:build cgo && linux && arm64 && musl && !forkexec_system

package nsexec

// #cgo LDFLAGS: ${SRCDIR}/../lib/musl_arm64/libforkexec-nsexec.a
import "C"

import _ "forkexec/lib/musl_arm64" // go mod vendor takes only folders of packages
