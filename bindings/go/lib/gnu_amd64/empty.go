// Package gnu_amd64 holds libforkexec.a for linux/amd64 with the C library gnu, which tools/go-lib puts here. It is a package so
// that go mod vendor takes the folder along.
package gnu_amd64
