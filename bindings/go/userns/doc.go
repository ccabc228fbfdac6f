// Package userns is containerd's UnshareAfterEnterUserns over libforkexec: a process keeps new namespaces in a user namespace
// while a function uses them. No program is executed, nothing is traced, and no thread of the caller changes its user.
package userns
