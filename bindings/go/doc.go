// Package forkexec starts programs on Linux with every step that there can be between fork and exec: limits, ids, namespaces,
// mounts, seccomp, Landlock. It is libforkexec for Go: each name is the C name without its prefix, each error one of the library.
//
// Cmd has the interface of os/exec.Cmd, StartProcess that of os.StartProcess, ForkExec that of syscall.ForkExec; each also
// takes an Attr. Spawn, Start and Hold are the functions of the library.
//
// What differs from syscall.SysProcAttr's behaviour under Go:
//
//   - Descriptors that are not close-on-exec and not asked for are closed in the program; Attr.InheritFDs keeps them. Under Go
//     such a descriptor reaches every child that is started while it is open.
//   - Cloneflags that are no namespaces, such as CLONE_PARENT and CLONE_IO, are refused: the child shares the caller's memory
//     for a moment, and they would do harm there.
//   - Maps of ids without CLONE_NEWUSER are refused. Go waits for ever.
//   - Chroot without Dir starts in the new root. Under Go the working directory stays outside.
//   - A child that is killed before the exec is an error (ECANCELED). Go reports a success.
//   - A closed *os.File in Files is an error (os.ErrClosed). Go closes the number in the child.
//   - A Dir that cannot be entered is always the error "chdir DIR". Go names the program where there is a SysProcAttr.
//   - An error has a stage and a message: Failure returns them. errors.Is, os.IsNotExist and os.IsPermission answer the same.
//   - The child never shares its memory with the caller after its user has changed.
package forkexec
