//go:build cgo && linux && forkexec_system

package nsexec

// #cgo pkg-config: forkexec-nsexec
import "C"
