// Package gosandbox has the Runner of github.com/criyle/go-sandbox/pkg/forkexec on libforkexec: the same fields, the same Start,
// errors with the same locations and indexes. It needs nothing of go-sandbox: RLimit and SyscallParams have the fields of
// rlimit.RLimit and mount.SyscallParams, so that a value of the one converts to the other.
//
// What is different, and why:
//
//   - The namespaces are made without copying this process's memory, and nobody gains access to it by a change of ids.
//   - Descriptors of this process that are not among Files are closed in the program, 0 to 2 excepted. Under go-sandbox those that are
//     not close-on-exec reach it.
//   - A target of a mount is reached without following symbolic links inside the new root; without PivotRoot those of this process's
//     root are followed before the start. A read-only bind with MS_REC is read-only below, too.
//   - HostName and DomainName without CLONE_NEWUTS do nothing. go-sandbox renames the host.
//   - DropCaps and Credential leave no capability in any set, the bounding set included, and need no CAP_SETPCAP with no_new_privs.
//   - A filter need not allow what is called before the program's exec.
//   - Empty Args are an error, and no panic; ExecFile is never written to.
//   - A child that is killed before the program runs is an error.
//   - A ChildError unwraps to the *forkexec.Error, which has a sentence, and by it to the errno.
//   - Before the exec of a program that is stopped (StopBeforeSeccomp), and is not traced, only a wait with __WALL sees the child.
package gosandbox
