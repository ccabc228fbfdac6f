//go:build cgo && linux

package forkexec

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestAPreparedRootIsForManyPrograms(t *testing.T) {
	if has, why, err := Probe(FeatureUserNamespace); err != nil || !has {
		t.Skip(why)
	}
	attr := &Attr{
		CreateNamespaces: NamespaceUser | NamespaceMount,
		UIDMap:           []IDMap{{Inside: 0, Outside: os.Geteuid(), Count: 1}},
		GIDMap:           []IDMap{{Inside: 0, Outside: os.Getegid(), Count: 1}},
		Root:             &Root{Flags: RootReadonly},
		Mounts:           []MountItem{Tmpfs{Target: "/tmp", Mode: 0o777, Flags: MountCreate}, Directory{"/place", 0o755}},
	}
	for _, path := range []string{"/bin", "/lib", "/lib64", "/usr"} {
		if _, err := os.Stat(path); err == nil {
			attr.Mounts = append(attr.Mounts, BindMount{Source: path, Target: path, Flags: MountReadonly | MountCreate})
		}
	}
	root, err := attr.PrepareRoot()
	if err != nil {
		t.Fatal(err)
	}
	both := *attr
	both.PreparedRoot = root
	if _, err := Spawn("/bin/true", nil, nil, &both); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("Root and PreparedRoot: %v", err)
	}
	inside := &Attr{CreateNamespaces: attr.CreateNamespaces, UIDMap: attr.UIDMap, GIDMap: attr.GIDMap, PreparedRoot: root}
	for range 2 {
		equal(t, sh(t, inside, "touch /tmp/x; ls /tmp /place; touch /x 2>&- || echo readonly"), "/place:\n\n/tmp:\nx\nreadonly")
	}
	if err := inside.Prepare(); err != nil {
		t.Fatal(err)
	}
	if err := root.Close(); err != nil {
		t.Error(err)
	}
	equal(t, sh(t, inside, "ls /tmp; echo lives"), "lives")
	if err := root.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := Spawn("/bin/true", nil, nil, &Attr{PreparedRoot: root}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	attr.Root.Flags = 0
	if _, err := attr.PrepareRoot(); err == nil || !strings.Contains(err.Error(), "READONLY") {
		t.Errorf("a root that can be written to: %v", err)
	}
}
