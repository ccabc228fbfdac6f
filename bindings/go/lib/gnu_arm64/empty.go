// Package gnu_arm64 holds libforkexec.a for linux/arm64 with the C library gnu, which tools/go-lib puts here. It is a package so
// that go mod vendor takes the folder along.
package gnu_arm64
