// Package forkexec starts programs on Linux with everything that is done between fork and exec: limits, ids, namespaces,
// mounts, seccomp, Landlock. It is libforkexec for Go: every name is the C name without its prefix, every error the library's.
//
// Cmd has the face of os/exec.Cmd, StartProcess that of os.StartProcess, ForkExec that of syscall.ForkExec; each takes an
// Attr as well. Spawn, Start and Hold are the library's own.
//
// What differs from syscall.SysProcAttr's behaviour under Go:
//
//   - Descriptors that are not close-on-exec and not asked for are closed in the program; Attr.InheritFDs keeps them. Under Go
//     such a descriptor reaches whatever child is started next, by accident.
//   - Cloneflags that are no namespaces, such as CLONE_PARENT and CLONE_IO, are refused: what they do to a child that shares
//     memory is nobody's intention.
//   - Maps of ids without CLONE_NEWUSER are refused. Go waits for ever.
//   - Chroot without Dir starts in the new root. Under Go the working directory stays outside.
//   - A child that is killed before it is the program is an error (ECANCELED). Go takes it for a success.
//   - A closed *os.File in Files is an error (os.ErrClosed). Go closes the number in the child.
//   - A Dir that cannot be entered is always the error "chdir DIR". Go names the program where there is a SysProcAttr.
//   - An error has a stage and a sentence: Failure has them. What errors.Is, os.IsNotExist and os.IsPermission say is the same.
//   - The child never shares its memory with the caller after its user has changed.
package forkexec
