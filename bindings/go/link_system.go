//go:build cgo && linux && forkexec_system

package forkexec

// #cgo pkg-config: forkexec
import "C"
