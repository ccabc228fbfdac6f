//go:build linux

package gosandbox

import (
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// terminal unlocks the other end of a pseudo-terminal and gives its name.
func terminal(master *os.File) (string, error) {
	var number, unlocked uint32
	for request, place := range map[uintptr]*uint32{syscall.TIOCSPTLCK: &unlocked, syscall.TIOCGPTN: &number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(place))); errno != 0 {
			return "", errno
		}
	}
	return "/dev/pts/" + strconv.Itoa(int(number)), nil
}
