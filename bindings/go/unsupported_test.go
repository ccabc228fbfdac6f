//go:build !cgo || !linux

package forkexec

import (
	"errors"
	"testing"
)

func TestEveryStartSaysThatItIsUnsupported(t *testing.T) {
	_, spawned := Spawn("/bin/true", nil, nil, nil)
	_, held := Hold(nil)
	_, process := StartProcess("/bin/true", nil, nil, nil)
	_, forked := ForkExec("/bin/true", nil, nil, nil)
	_, group := CreateCgroup(nil, "a")
	for _, err := range []error{group, spawned, held, process, forked, Command("/bin/true").Run(), new(Attr).Prepare()} {
		if !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, ErrUnsupported) {
			t.Errorf("%v", err)
		}
	}
}
