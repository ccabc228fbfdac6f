// Package musl_amd64 holds libforkexec.a for linux/amd64 with the C library musl, which tools/go-lib puts here. It is a package so
// that go mod vendor takes the folder along.
package musl_amd64
