// Package inside is the way by which the adapters start children: with descriptors by their numbers, which files that others own
// cannot be.
package inside

// A Request is what a start is asked for.
type Request struct {
	Held      bool // forkexec.Start, and not forkexec.Spawn
	Path      string
	Argv, Env []string // nil is empty
	Attr      any      // *forkexec.Attr
	Files     []int    // the program's from 0 on; -1 is closed
	ExecFD    int      // -1: none
	CgroupFD  int      // -1: none
	Terminal  int      // the controlling one; -1: none
}

// Launch gives a *forkexec.Child, or an *forkexec.Error. Package forkexec sets it.
var Launch func(*Request) (child any, err error)
