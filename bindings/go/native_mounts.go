//go:build cgo && linux

package forkexec

// #include <stdlib.h>
// #include "forkexec.h"
import "C"

import (
	"errors"
	"math"
	"syscall"
	"unsafe"
)

func (b *builder) mounts(a *Attr) {
	if a.PreparedRoot != nil {
		b.alone("PreparedRoot", a.Root == nil, "Root")
		b.preparedRoot("PreparedRoot", a.PreparedRoot)
	}
	for _, item := range a.Mounts {
		b.mount(item)
	}
	if a.Root != nil {
		var path *C.char
		if a.Root.Path != "" {
			path = b.text("Root", a.Root.Path)
		}
		b.did("Root", C.forkexec_attr_set_root(b.c, path, C.uint32_t(a.Root.Flags)))
		C.free(unsafe.Pointer(path))
	}
	if a.Chroot != "" {
		b.string("Chroot", a.Chroot, func(s *C.char) C.int { return C.forkexec_attr_set_chroot(b.c, s) })
	}
}

// mount adds an item to the list of mounts.
func (b *builder) mount(item MountItem) {
	const field = "Mounts"
	switch m := item.(type) {
	case Mount:
		b.rawMount(m)
	case BindMount:
		if m.File != nil && (m.Source != "" || m.UserNamespace != nil) {
			b.refuse(field, syscall.EINVAL, nil, "invalid argument: a File with a Source or a UserNamespace")
			return
		}
		source := b.text(field, m.Source)
		b.string(field, m.Target, func(s *C.char) C.int {
			if m.File != nil {
				return C.forkexec_attr_bind_mount_fd(b.c, b.file(field, m.File), s, C.uint32_t(m.Flags))
			}
			if m.UserNamespace == nil {
				return C.forkexec_attr_bind_mount(b.c, source, s, C.uint32_t(m.Flags))
			}
			userns := b.file(field, m.UserNamespace)
			return C.forkexec_attr_bind_mount_idmapped(b.c, source, s, userns, C.uint32_t(m.Flags))
		})
		C.free(unsafe.Pointer(source))
	case Tmpfs:
		b.string(field, m.Target, func(s *C.char) C.int {
			return C.forkexec_attr_mount_tmpfs(b.c, s, C.uint64_t(m.Size), C.uint32_t(m.Mode), C.uint32_t(m.Flags))
		})
	case Overlay:
		b.overlay(m)
	case Proc:
		b.string(field, m.Target, func(s *C.char) C.int { return C.forkexec_attr_mount_proc(b.c, s, C.uint32_t(m.Flags)) })
	case Dev:
		b.string(field, m.Target, func(s *C.char) C.int { return C.forkexec_attr_mount_dev(b.c, s, C.uint32_t(m.Flags)) })
	case Directory:
		b.string(field, m.Path, func(s *C.char) C.int { return C.forkexec_attr_make_directory(b.c, s, C.uint32_t(m.Mode)) })
	case Symlink:
		contents := b.text(field, m.Contents)
		b.string(field, m.Path, func(s *C.char) C.int { return C.forkexec_attr_make_symlink(b.c, contents, s) })
		C.free(unsafe.Pointer(contents))
	case File:
		b.string(field, m.Path, func(s *C.char) C.int {
			bytes := (*C.uint8_t)(unsafe.SliceData(m.Bytes))
			return C.forkexec_attr_make_file(b.c, s, bytes, C.size_t(len(m.Bytes)), C.uint32_t(m.Mode))
		})
	case CopyFile:
		b.string(field, m.Path, func(s *C.char) C.int {
			return C.forkexec_attr_make_file_fd(b.c, s, b.file(field, m.From), C.uint32_t(m.Mode))
		})
	case MountFile:
		b.string(field, m.Target, func(s *C.char) C.int {
			return C.forkexec_attr_mount_file_fd(b.c, b.file(field, m.From), s, C.uint32_t(m.Mode), C.uint32_t(m.Flags))
		})
	case MaskPath:
		b.string(field, string(m), func(s *C.char) C.int { return C.forkexec_attr_mask_path(b.c, s) })
	case ReadonlyPath:
		b.string(field, string(m), func(s *C.char) C.int { return C.forkexec_attr_make_readonly(b.c, s) })
	case Remount:
		b.string(field, m.Path, func(s *C.char) C.int { return C.forkexec_attr_remount(b.c, s, C.uint32_t(m.Flags)) })
	case ChangeMode:
		b.string(field, m.Path, func(s *C.char) C.int { return C.forkexec_attr_change_mode(b.c, s, C.uint32_t(m.Mode)) })
	default:
		b.refuse(field, syscall.EINVAL, errors.ErrUnsupported, "invalid argument: an item of the type %T", item)
	}
}

// overlay adds an overlay; without Upper and Work it is read-only.
func (b *builder) overlay(m Overlay) {
	const field = "Mounts"
	pointer := C.size_t(unsafe.Sizeof(uintptr(0)))
	lowers := (**C.char)(C.calloc(C.size_t(len(m.Lowers)+1), pointer))
	list := unsafe.Slice(lowers, len(m.Lowers))
	for i, lower := range m.Lowers {
		list[i] = b.text(field, lower)
	}
	var upper, work *C.char
	if m.Upper != "" {
		upper = b.text(field, m.Upper)
	}
	if m.Work != "" {
		work = b.text(field, m.Work)
	}
	b.string(field, m.Target, func(s *C.char) C.int {
		return C.forkexec_attr_mount_overlay(b.c, lowers, C.size_t(len(list)), upper, work, s, C.uint32_t(m.Flags))
	})
	for _, text := range append([]*C.char{upper, work}, list...) {
		C.free(unsafe.Pointer(text))
	}
	C.free(unsafe.Pointer(lowers))
}

// rawMount adds a mount(2), in which an empty string stands for NULL.
func (b *builder) rawMount(m Mount) {
	var texts [3]*C.char
	for i, text := range []string{m.Source, m.Type, m.Data} {
		if text != "" {
			texts[i] = b.text("Mounts", text)
		}
	}
	b.string("Mounts", m.Target, func(s *C.char) C.int {
		return C.forkexec_attr_add_mount(b.c, texts[0], s, texts[1], C.uint64_t(m.Flags), texts[2])
	})
	for _, text := range texts {
		C.free(unsafe.Pointer(text))
	}
}

func (b *builder) security(a *Attr) {
	if a.SessionKeyring != nil {
		if *a.SessionKeyring == "" {
			b.did("SessionKeyring", C.forkexec_attr_set_session_keyring(b.c, nil))
		} else {
			b.string("SessionKeyring", *a.SessionKeyring, func(s *C.char) C.int {
				return C.forkexec_attr_set_session_keyring(b.c, s)
			})
		}
	}
	if a.KeyringPermissions != nil {
		b.did("KeyringPermissions", C.forkexec_attr_set_keyring_permissions(b.c, C.uint32_t(*a.KeyringPermissions)))
	}
	if a.KeyringLabel != "" {
		b.string("KeyringLabel", a.KeyringLabel, func(s *C.char) C.int { return C.forkexec_attr_set_keyring_label(b.c, s) })
	}
	if a.AppArmorProfile != "" {
		b.string("AppArmorProfile", a.AppArmorProfile, func(s *C.char) C.int { return C.forkexec_attr_set_apparmor_profile(b.c, s) })
	}
	if a.ExecLabel != "" {
		b.string("ExecLabel", a.ExecLabel, func(s *C.char) C.int { return C.forkexec_attr_set_exec_label(b.c, s) })
	}
	for _, filter := range a.Seccomp {
		if len(filter.Program) > math.MaxUint32 {
			b.refuse("Seccomp", syscall.EINVAL, nil, "invalid argument: %d instructions", len(filter.Program))
			return
		}
		program := (*C.struct_sock_filter)(unsafe.Pointer(unsafe.SliceData(filter.Program)))
		count := C.uint32_t(len(filter.Program))
		b.did("Seccomp", C.forkexec_attr_add_seccomp_filter(b.c, program, count, C.uint32_t(filter.Flags)))
	}
	if a.DenyTerminalInjection {
		b.did("DenyTerminalInjection", C.forkexec_attr_deny_terminal_injection(b.c))
	}
	if a.DenyUserNamespaces {
		b.did("DenyUserNamespaces", C.forkexec_attr_deny_user_namespaces(b.c))
	}
	b.landlock(a)
}

func (b *builder) landlock(a *Attr) {
	if a.LandlockRuleset != nil {
		b.did("LandlockRuleset", C.forkexec_attr_set_landlock_ruleset(b.c, b.file("LandlockRuleset", a.LandlockRuleset)))
	}
	for _, rule := range a.LandlockPaths {
		b.string("LandlockPaths", rule.Path, func(s *C.char) C.int {
			return C.forkexec_attr_add_landlock_path(b.c, s, C.uint64_t(rule.Access))
		})
	}
	for _, rule := range a.LandlockPorts {
		b.did("LandlockPorts", C.forkexec_attr_add_landlock_port(b.c, C.uint16_t(rule.Port), C.uint64_t(rule.Access)))
	}
	if h := a.LandlockHandled; h != nil {
		b.did("LandlockHandled", C.forkexec_attr_set_landlock_handled(b.c, C.uint64_t(h.FS), C.uint64_t(h.Net)))
	}
	if a.LandlockScopes != 0 {
		b.did("LandlockScopes", C.forkexec_attr_set_landlock_scopes(b.c, C.uint64_t(a.LandlockScopes)))
	}
	if a.LandlockFlags != 0 {
		b.did("LandlockFlags", C.forkexec_attr_set_landlock_flags(b.c, C.uint32_t(a.LandlockFlags)))
	}
	if a.AllowPartialLandlock {
		b.did("AllowPartialLandlock", C.forkexec_attr_allow_partial_landlock(b.c))
	}
}
