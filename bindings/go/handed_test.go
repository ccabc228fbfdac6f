//go:build cgo && linux

package forkexec

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inside is a network namespace whose loopback interface is up.
func inside(attr Attr) *Attr {
	attr.CreateNamespaces |= NamespaceUser | NamespaceNet
	attr.UIDMap, attr.GIDMap = []IDMap{{0, os.Getuid(), 1}}, []IDMap{{0, os.Getgid(), 1}}
	attr.Loopback = true
	return &attr
}

func TestWhatTheProgramConnectsToIsAccepted(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash, which connects by itself")
	}
	attr := inside(Attr{Listen: []ListenAddress{{"tcp", "127.0.0.1:80", 0}, {"udp", "[::1]:53", 0}, {"unixpacket", "@inside", 1}}})
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	attr.FDs = []FD{{in, 1}}
	child, err := Spawn(bash, []string{"bash", "-c", "exec cat </dev/tcp/127.0.0.1/80"}, nil, attr)
	in.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	listener, err := child.Listener(0)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	peer, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	peer.Write([]byte("by the caller"))
	peer.Close()
	said, _ := io.ReadAll(out)
	equal(t, string(said), "by the caller")
	for index, want := range map[int]int{1: syscall.SOCK_DGRAM, 2: syscall.SOCK_SEQPACKET} {
		file, err := child.ListenFile(index)
		if err != nil {
			t.Fatal(err)
		}
		kind, _ := syscall.GetsockoptInt(int(file.Fd()), syscall.SOL_SOCKET, syscall.SO_TYPE)
		equal(t, kind, want)
		file.Close()
	}
	if _, err := child.WaitTimeout(10 * time.Second); err != nil {
		t.Error(err)
	}
	for _, index := range []int{-1, 0, 3} {
		if _, err := child.ListenFile(index); !errors.Is(err, syscall.ENOENT) {
			t.Error(err)
		}
	}
}

func TestATerminal(t *testing.T) {
	child, err := Start("/bin/sh", []string{"sh", "-c", "stty size; read line; echo got $line"}, nil, &Attr{Terminal: &TerminalSize{25, 81}})
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	terminal, err := child.Terminal()
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	terminal.WriteString("word\n")
	if err := child.Release(-1); err != nil {
		t.Fatal(err)
	}
	said, _ := io.ReadAll(terminal) // to EIO
	if text := string(said); !strings.Contains(text, "25 81\r\n") || !strings.HasSuffix(text, "got word\r\n") {
		t.Errorf("%q", text)
	}
	if _, err := child.Terminal(); !errors.Is(err, syscall.ENOENT) {
		t.Error(err)
	}
	if _, err := child.WaitTimeout(10 * time.Second); err != nil {
		t.Error(err)
	}
}

func TestANetworkDevice(t *testing.T) {
	attr := inside(Attr{Tun: &TunDevice{Name: "proxy0"}})
	if has, why, err := Probe(FeatureTun); err != nil || !has {
		_, err := Spawn("/bin/true", nil, nil, attr)
		var failure *Error
		if !errors.As(err, &failure) || failure.Stage != StageTun {
			t.Error(err)
		}
		t.Skip(why, err)
	}
	if said := sh(t, attr, "cat /proc/self/net/dev"); !strings.Contains(said, "proxy0:") {
		t.Error(said)
	}
	child, err := Hold(inside(Attr{Tun: &TunDevice{Flags: syscall.IFF_TAP}}))
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	device, err := child.Tun()
	if err != nil {
		t.Fatal(err)
	}
	device.Close()
}

func TestAddressesThatAreNone(t *testing.T) {
	for _, address := range []ListenAddress{{"tcp4", "127.0.0.1:80", 1}, {"tcp", "localhost:80", 1}, {"tcp", "127.0.0.1", 1},
		{"tcp", "[fe80::1%lo]:1", 1}, {"unix", "relative", 1}, {"unix", "/a\x00b", 1}, {"unix", "@", -1},
		{"unix", "/" + strings.Repeat("x", 107), 1}, {"tcp", "127.0.0.1:80", 1 << 40}} {
		_, err := Spawn("/bin/true", nil, nil, &Attr{Listen: []ListenAddress{address}})
		var failure *Error
		if !errors.As(err, &failure) || failure.Stage != StageValidate || !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%v: %v", address, err)
		}
	}
	_, err := Spawn("/bin/true", nil, nil, &Attr{Tun: &TunDevice{Name: "sixteen letters!"}})
	if !errors.Is(err, syscall.EINVAL) {
		t.Error(err)
	}
}
