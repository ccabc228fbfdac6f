//go:build cgo && linux && (amd64 || arm64) && forkexec_system

package nsexec

// #cgo pkg-config: forkexec-nsexec
import "C"
