// Package userns is containerd's UnshareAfterEnterUserns over libforkexec: a process that holds namespaces in a user
// namespace, for as long as a function looks at them. No program is executed, nothing is traced, and no thread of the
// caller's changes its user.
package userns
