// Package gosandbox is go-sandbox's forkexec over libforkexec: a Runner with the same fields, whose Start does the same and
// fails with the same ChildError. docs/replace-go-sandbox.md shows how a program changes over.
//
// What differs from go-sandbox:
//
//   - Descriptors above 2 that Files does not list are closed in the program. Under go-sandbox those that are not
//     close-on-exec leak into it.
//   - The flags of a bind mount apply, with MS_REC also to the mounts below. Under go-sandbox MS_NOSUID, MS_NODEV and MS_NOEXEC
//     do nothing without MS_RDONLY, and nothing below.
//   - Targets of mounts are resolved in the new root, and never through a symbolic link that lies in it. With PivotRoot a
//     target is relative, or lies below PivotRoot; a relative source is refused with EINVAL, as is Mounts without CLONE_NEWNS.
//   - HostName and DomainName do nothing without CLONE_NEWUTS. Under go-sandbox a privileged caller changes its host's name.
//   - Directories are made before the ids change: they belong to user 0 of the sandbox, not to Credential's.
//   - DropCaps, and Credential, empty the bounding set as well, where go-sandbox sets securebits. A caller without CAP_SETPCAP
//     may ask for it together with NoNewPrivs or Seccomp.
//   - A child that is killed before the exec, for example by its own filter, is a ChildError with ECANCELED, and reaped.
//     go-sandbox reports a success.
//   - SyncFunc is called before the child stops for StopBeforeSeccomp. Under go-sandbox the caller has to continue it first.
//   - A child that has stopped reports no errors any more: a later failure ends it with exit status 127.
//   - Process 1 of a pid namespace cannot stop itself; with StopBeforeSeccomp and without Ptrace, Start returns as usual. Of
//     one that Ptrace traces and that stops, what fails after SyncFunc is told by exit status 127.
//   - The limit on descriptors that Go has raised at its start is put back, as os/exec does it, unless RLimits has another.
//   - The caller's memory is not copied, and not shared with a child that has other ids. ru_maxrss of a child begins at what the
//     caller has in memory, as after vfork(2).
//   - Args must not be empty: EINVAL. go-sandbox panics.
package gosandbox
