// Package userns has containerd's UnshareAfterEnterUserns on libforkexec: a child that holds a new user namespace and others that belong
// to it, for as long as a function runs. The child is no copy of this process, is traced by nobody and executes nothing, and no thread
// of this process changes its user.
package userns
