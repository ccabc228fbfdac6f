package forkexec

// A PreparedRoot is a root that was built once, with the mounts in it, for many programs; an Attr of it gives each program a
// clone. Close frees it; programs and prepared Attrs that have it keep it. Its methods may be called from any goroutine.
type PreparedRoot struct{ nativeRoot }
