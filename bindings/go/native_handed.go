//go:build cgo && linux

package forkexec

// #include <stdlib.h>
// #include "forkexec.h"
import "C"

import (
	"encoding/binary"
	"math"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"unsafe"
)

func (b *builder) handed(a *Attr) {
	for _, listen := range a.Listen {
		kind, address := b.sockaddr(listen)
		backlog := listen.Backlog
		if backlog == 0 {
			backlog = 128
		}
		if backlog != int(int32(backlog)) {
			b.refuse("Listen", syscall.EINVAL, nil, "invalid argument: a backlog of %d", backlog)
			return
		}
		place := unsafe.Pointer(unsafe.SliceData(address))
		b.did("Listen", C.forkexec_attr_listen(b.c, C.int32_t(kind), place, C.size_t(len(address)), C.int32_t(backlog)))
	}
	if size := a.Terminal; size != nil {
		b.did("Terminal", C.forkexec_attr_set_terminal(b.c, C.uint16_t(size.Rows), C.uint16_t(size.Columns)))
	}
	if tun := a.Tun; tun != nil {
		flags := tun.Flags
		if flags == 0 {
			flags = syscall.IFF_TUN | syscall.IFF_NO_PI
		}
		var name *C.char
		if tun.Name != "" {
			name = b.text("Tun", tun.Name)
		}
		b.did("Tun", C.forkexec_attr_open_tun(b.c, name, C.uint32_t(flags)))
		C.free(unsafe.Pointer(name))
	}
}

var socketTypes = map[string]int{"tcp": syscall.SOCK_STREAM, "udp": syscall.SOCK_DGRAM, "unix": syscall.SOCK_STREAM,
	"unixgram": syscall.SOCK_DGRAM, "unixpacket": syscall.SOCK_SEQPACKET}

// sockaddr makes the type and the sockaddr of a socket.
func (b *builder) sockaddr(listen ListenAddress) (kind int, address []byte) {
	kind, known := socketTypes[listen.Network]
	if !known {
		b.refuse("Listen", syscall.EINVAL, net.UnknownNetworkError(listen.Network), "unknown network %q", listen.Network)
		return 0, nil
	}
	if strings.HasPrefix(listen.Network, "unix") {
		name := listen.Address
		if strings.IndexByte(name, 0) >= 0 {
			b.refuse("Listen", syscall.EINVAL, nil, "invalid argument: %q has a NUL in it", name)
		}
		if strings.HasPrefix(name, "@") {
			name = "\x00" + name[1:]
		} else {
			name += "\x00"
		}
		return kind, append(binary.NativeEndian.AppendUint16(nil, syscall.AF_UNIX), name...)
	}
	to, err := netip.ParseAddrPort(listen.Address)
	if err != nil || to.Addr().Zone() != "" {
		b.refuse("Listen", syscall.EINVAL, err, "invalid argument: %q is no numeric address with a port", listen.Address)
		return 0, nil
	}
	family, ip := uint16(syscall.AF_INET6), to.Addr().AsSlice()
	if to.Addr().Is4() {
		family = syscall.AF_INET
	}
	address = binary.BigEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, family), to.Port())
	if to.Addr().Is4() {
		return kind, append(append(address, ip...), make([]byte, 8)...)
	}
	return kind, append(append(append(address, make([]byte, 4)...), ip...), make([]byte, 4)...)
}

// ListenFile returns socket number index of Listen. It is given once: forkexec_child_listen_fd.
func (n *native) ListenFile(index int) (*os.File, error) {
	if index < 0 || uint64(index) > math.MaxUint32 {
		return nil, called("child_listen_fd", -C.int(syscall.ENOENT))
	}
	return n.file("child_listen_fd", func(c *C.struct_forkexec_child) C.int32_t {
		return C.forkexec_child_listen_fd(c, C.uint32_t(index))
	})
}

// Terminal returns the caller's end of the program's terminal. It is given once: forkexec_child_terminal_fd.
func (n *native) Terminal() (*os.File, error) {
	return n.file("child_terminal_fd", func(c *C.struct_forkexec_child) C.int32_t { return C.forkexec_child_terminal_fd(c) })
}

// Tun returns the descriptor of the network device. It is given once: forkexec_child_tun_fd.
func (n *native) Tun() (*os.File, error) {
	return n.file("child_tun_fd", func(c *C.struct_forkexec_child) C.int32_t { return C.forkexec_child_tun_fd(c) })
}
