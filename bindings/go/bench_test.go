//go:build cgo && linux

package forkexec

import (
	"os/exec"
	"testing"
)

// Run it with -count, and compare the medians: the machine changes meanwhile.
func BenchmarkCmdAndOsExec(b *testing.B) {
	for _, c := range []struct {
		name string
		run  func() error
	}{
		{"forkexec", func() error { return Command("/bin/true").Run() }},
		{"os-exec", func() error { return exec.Command("/bin/true").Run() }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for i := 0; i < b.N; i++ {
				if err := c.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
