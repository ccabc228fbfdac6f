//go:build cgo

package nsexec

// extern void nsexec(void);
//
// static void __attribute__((constructor)) forkexec_call_nsexec(void) { nsexec(); }
import "C"
