package gosandbox

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"

	"forkexec"
)

// An item of the library's list of mounts is for one of Mounts, and fails as that location.
type item struct {
	mount    int
	location ErrorLocation
}

const (
	noSymfollow = 0x100 // MS_NOSYMFOLLOW
	// What a bind mount can be given. The kernel ignores the rest.
	bindFlags = syscall.MS_RDONLY | syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC | syscall.MS_NOATIME |
		syscall.MS_NODIRATIME | noSymfollow
)

func (p *plan) mounts(r *Runner) error {
	if r.PivotRoot != "" {
		if err := syscall.Access(r.PivotRoot, 0); err != nil {
			return ChildError{Err: err.(syscall.Errno), Location: LocMountTmpfs}
		}
		p.attr.Root = &forkexec.Root{Flags: forkexec.RootReadonly}
	}
	for i := range r.Mounts {
		if err := p.mount(r, i); err != nil {
			return err
		}
	}
	return nil
}

// mount makes what leads to a target, and mounts there.
func (p *plan) mount(r *Runner, i int) error {
	m := &r.Mounts[i]
	binds := m.Flags&syscall.MS_BIND != 0 && m.Flags&syscall.MS_REMOUNT == 0
	prefixes := make([]string, 0, len(m.Prefixes))
	for _, prefix := range m.Prefixes {
		place, errno := r.place(text(prefix))
		if errno != 0 {
			return ChildError{Err: errno, Location: LocMountMkdir, Index: i}
		}
		prefixes = append(prefixes, place)
	}
	target, errno := r.place(text(m.Target))
	source := text(m.Source)
	if errno == 0 && r.PivotRoot != "" && (binds || m.Flags&syscall.MS_MOVE != 0) && !path.IsAbs(source) {
		errno = syscall.EINVAL
	}
	if errno != 0 {
		return ChildError{Err: errno, Location: LocMount, Index: i}
	}
	file := m.MakeNod && len(prefixes) > 0
	for j, prefix := range prefixes {
		// A directory is made with what leads to it.
		leads := j+1 < len(prefixes) && strings.HasPrefix(prefixes[j+1], prefix+"/")
		switch last := j == len(prefixes)-1; {
		case last && file && binds && prefix == target: // the bind makes it
		case last && file:
			p.add(i, LocMountMkdir, forkexec.File{Path: prefix, Mode: 0o755})
		case !leads && prefix != "/":
			p.add(i, LocMountMkdir, forkexec.Directory{Path: prefix, Mode: 0o755})
		}
	}
	mount := forkexec.Mount{Source: source, Target: target, Type: text(m.FsType), Flags: uint64(m.Flags), Data: text(m.Data)}
	if binds {
		mount.Flags &= bindFlags | syscall.MS_BIND | syscall.MS_REC
		mount.Type, mount.Data = "", ""
		if file {
			p.bindFile(i, mount)
			return nil
		}
	}
	p.add(i, LocMount, mount)
	return nil
}

// bindFile binds a file to a place that need not be there.
func (p *plan) bindFile(i int, mount forkexec.Mount) {
	flags := forkexec.MountCreate
	for _, same := range []struct {
		theirs uint64
		ours   forkexec.MountFlags
	}{{syscall.MS_RDONLY, forkexec.MountReadonly}, {syscall.MS_NOSUID, forkexec.MountNosuid},
		{syscall.MS_NODEV, forkexec.MountNodev}, {syscall.MS_NOEXEC, forkexec.MountNoexec}} {
		if mount.Flags&same.theirs != 0 {
			flags |= same.ours
		}
	}
	p.add(i, LocMount, forkexec.BindMount{Source: mount.Source, Target: mount.Target, Flags: flags})
	if mount.Flags&(syscall.MS_NOATIME|syscall.MS_NODIRATIME|noSymfollow) != 0 {
		again := syscall.MS_REMOUNT | syscall.MS_BIND | mount.Flags&bindFlags
		p.add(i, LocMount, forkexec.Mount{Target: mount.Target, Flags: again})
	}
}

func (p *plan) add(mount int, location ErrorLocation, what forkexec.MountItem) {
	p.attr.Mounts = append(p.attr.Mounts, what)
	p.items = append(p.items, item{mount, location})
}

// place is where in the program's root a target lies.
func (r *Runner) place(target string) (string, syscall.Errno) {
	if target == "" {
		return "", syscall.ENOENT
	}
	if r.PivotRoot == "" {
		return resolved(target)
	}
	if path.IsAbs(target) {
		// As a path of the caller's, which go-sandbox takes too: the tmpfs is mounted there.
		below, found := strings.CutPrefix(path.Clean(target), path.Clean(r.PivotRoot))
		if !found || below != "" && below[0] != '/' {
			return "", syscall.EINVAL
		}
		target = below
	}
	for _, name := range strings.Split(target, "/") {
		if name == ".." {
			return "", syscall.EINVAL
		}
	}
	return path.Clean("/" + target), 0
}

// resolved is a path of the caller's, which is also the program's, without links in what is there of it.
func resolved(target string) (string, syscall.Errno) {
	place, err := filepath.Abs(target)
	if err != nil {
		return "", syscall.ENOENT
	}
	rest := ""
	for {
		real, err := filepath.EvalSymlinks(place)
		if err == nil {
			return path.Join(real, rest), 0
		}
		if place == "/" || !errors.Is(err, fs.ErrNotExist) {
			return path.Join(place, rest), 0 // the kernel says why
		}
		rest = path.Join(path.Base(place), rest)
		place = path.Dir(place)
	}
}

// text is a string of C; nil is "".
func text(c *byte) string {
	if c == nil {
		return ""
	}
	length := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(c), length)) != 0 {
		length++
	}
	return string(unsafe.Slice(c, length))
}
