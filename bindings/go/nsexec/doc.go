// Package nsexec is imported for its effect: a constructor calls nsexec() of libforkexec-nsexec, in C, before the Go runtime starts. It
// takes the place of the C files of runc's libcontainer/nsenter: the same environment, message, processes and answer. Without
// _LIBCONTAINER_INITPIPE in the environment it does nothing. Without cgo, and on other systems, there is no constructor.
//
//	import _ "forkexec/nsexec"
//
// The archive is linked by its name and is no part of libforkexec. docs/replace-nsexec.md has the steps for runc.
package nsexec
