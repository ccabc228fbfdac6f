// Package nsexec is imported for what it does before the Go runtime starts: in a process that runc has started as
// `runc init`, which _LIBCONTAINER_INITPIPE in the environment tells, it makes and joins the namespaces, and Go starts in the
// third process. In every other process it does nothing.
//
//	import _ "forkexec/nsexec"
//
// It replaces the C code of runc's libcontainer/nsenter: docs/replace-nsexec.md. A constructor of C calls nsexec() of
// libforkexec-nsexec.a, which is linked from the module's lib folder, with the tag forkexec_system by way of pkg-config.
// The rest of libforkexec is not needed for it, and not linked. Without cgo, and off Linux, nothing happens.
package nsexec
