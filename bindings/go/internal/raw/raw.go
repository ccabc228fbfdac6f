// Package raw is how the adapters ask for a start in the words that they are asked in: descriptors by number, and a
// syscall.SysProcAttr. Package forkexec fills Launch in.
package raw

import "syscall"

// A Request is a start. Files are the program's descriptors from 0 on; -1 is closed there. 0 to 2 that are not listed stay.
type Request struct {
	Held      bool // Start, not Spawn
	Path      string
	Argv, Env []string
	Files     []int
	ExecFD    int // instead of Path; 0: none
	Sys       *syscall.SysProcAttr
	Attr      any // a *forkexec.Attr
}

// Launch gives a *forkexec.Child.
var Launch func(*Request) (any, error)
