/* What the caller finds out after a failed mount, or after a program that exists does not start. */
#ifndef SENTENCES_FOUND_H
#define SENTENCES_FOUND_H
#include "sentences_steps.h"

/* A step in an empty root that fails. */
#define MOUNT_FAILS(NAME, code, step, ...) \
    SITUATION(NAME, need_roots(); scratch()) \
    { \
        struct forkexec_attr *attr = rooted(); \
        __VA_ARGS__; \
        says(spawned(attr), "%s: %s: %s", step, strerror(code), sentence); \
    }

static inline const char *link_to(const char *name, const char *text)
{
    const char *path = scratch_path(name);
    assert_false(symlink(text, path) && errno != EEXIST);
    return path;
}

MOUNT_FAILS(SOURCE_MISSING, ENOENT, "bind 0 (/nonexistent on /a)",
    SET(bind_mount, "/nonexistent", "/a", FORKEXEC_MOUNT_CREATE))
MOUNT_FAILS(SOURCE_DANGLES, ENOENT, text("bind 0 (%s on /a)", link),
    const char *link = link_to("dangling", "nowhere"); SET(bind_mount, link, "/a", FORKEXEC_MOUNT_CREATE))
MOUNT_FAILS(SOURCE_IS_ANOTHER, ESTALE, text("bind 0 (fd %d, %s (deleted), on /a)", fd, scratch_path("gone")),
    int fd = open(new_file("gone"), O_PATH | O_CLOEXEC); assert_false(unlink(scratch_path("gone")));
    SET(bind_mount_fd, fd, "/a", FORKEXEC_MOUNT_CREATE))
MOUNT_FAILS(FILE_NOT_READABLE, EBADF, text("file 0 (/a, a copy of fd %d)", fd),
    int fd = open(scratch_path("written"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644); SET(make_file_fd, "/a", fd, 0644))
MOUNT_FAILS(NOTHING_MOUNTED, EINVAL, "remount 1 (/a with 0x1)", SET(make_directory, "/a", 0755);
    SET(remount, "/a", FORKEXEC_MOUNT_READONLY))

/* The kernel's answer to the mount of an overlay. */
#define OVERLAY_FAILS(NAME, code, user) OVERLAY_FAILS_WHERE(need_roots(), NAME, code, user)
#define OVERLAY_FAILS_WHERE(needs, NAME, code, user) \
    SITUATION(NAME, needs; if (user) need_user_namespaces()) \
    { \
        struct forkexec_attr *attr = mount_attr(FORKEXEC_MEMORY_AUTO, user); \
        SET(set_root, NULL, 0); \
        SET(mount_overlay, LOWERS("/", "/etc"), 2, NULL, NULL, "/o", FORKEXEC_MOUNT_CREATE | OVERLAY_FLAGS); \
        DENY(mount, code, IF(3, OVERLAY_FLAGS)); \
        says(spawned(attr), "overlay 0 (/o of lowerdir=/:/etc%s): %s: %s", (user) || geteuid() ? ",userxattr" : of_users(), strerror(code), \
            sentence); \
    }
#define OVERLAY_FLAGS (FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV | FORKEXEC_MOUNT_NOEXEC)

OVERLAY_FAILS(NO_OVERLAY, ENODEV, false)
OVERLAY_FAILS(OVERLAY_FORBIDDEN, EPERM, true)
OVERLAY_FAILS(OVERLAY_MISSING, ENOENT, false)
OVERLAY_FAILS(OVERLAY_NO_DIRECTORY, ENOTDIR, false)
OVERLAY_FAILS(OVERLAY_WITHIN, ELOOP, false)
OVERLAY_FAILS_WHERE(need_root(); need_roots(), OVERLAY_REFUSED, EINVAL, false)
OVERLAY_FAILS(OVERLAY_UNCOVERS, EINVAL, true)
MOUNT_FAILS(SOURCE_NO_DIRECTORY, ENOTDIR, text("bind 0 (%s on /a)", below),
    const char *below = text("%s/x", new_file("file")); SET(bind_mount, below, "/a", FORKEXEC_MOUNT_CREATE))
MOUNT_FAILS(SOURCE_LOOPS, ELOOP, text("bind 0 (%s on /a)", loop),
    const char *loop = link_to("loop", "loop"); SET(bind_mount, loop, "/a", FORKEXEC_MOUNT_CREATE))
MOUNT_FAILS(TARGET_MISSING, ENOENT, "mount 0 (/dev on /a)", SET(add_mount, "/dev", "/a", NULL, MS_BIND | MS_REC, NULL))
MOUNT_FAILS(TARGET_MISSING_MAY_CREATE, ENOENT, "bind 0 (/dev on /a)", SET(bind_mount, "/dev", "/a", 0))
MOUNT_FAILS(TARGET_OUT_OF_REACH, EACCES, "directory 0 (/a)", SET(make_directory, "/a", 0755); DENY(mkdirat, EACCES))
MOUNT_FAILS(TARGET_NO_DIRECTORY, ENOTDIR, "bind 1 (/dev on /f/a)", SET(make_file, "/f", NULL, 0, 0644);
    SET(bind_mount, "/dev", "/f/a", FORKEXEC_MOUNT_CREATE))
MOUNT_FAILS(LINK_ON_THE_WAY, ELOOP, "mount 2 (/dev on /b)", SET(make_directory, "/a", 0755); SET(make_symlink, "a", "/b");
    SET(add_mount, "/dev", "/b", NULL, MS_BIND | MS_REC, NULL))
MOUNT_FAILS(LINK_MAY_BE_FOLLOWED, ELOOP, "tmpfs 2 (/b)", SET(make_directory, "/a", 0755); SET(make_symlink, "a", "/b");
    SET(mount_tmpfs, "/b", 0, 0755, 0))
MOUNT_FAILS(TARGET_LOOPS, ELOOP, "tmpfs 1 (/b)", SET(make_symlink, "b", "/b");
    SET(mount_tmpfs, "/b", 0, 0755, FORKEXEC_MOUNT_FOLLOW))
MOUNT_FAILS(ONE_IS_A_DIRECTORY, ENOTDIR, "bind 1 (/dev on /f)", SET(make_file, "/f", NULL, 0, 0644);
    SET(bind_mount, "/dev", "/f", 0))
MOUNT_FAILS(MAYBE_UNMAPPED, EOVERFLOW, "directory 0 (/a)", SET(make_directory, "/a", 0755); DENY(mkdirat, EOVERFLOW);
    sentence = filled(sentence, text("%u", geteuid()), text("%u", getegid())))

SITUATION(SOURCE_OUT_OF_REACH, need_root(); need_user_namespaces(); need_roots(); scratch())
{
    const char *closed = scratch_path("closed"), *source = text("%s/in", closed);
    assert_false(mkdir(closed, 0700) && errno != EEXIST);
    become_nobody();
    struct forkexec_attr *attr = rooted();
    SET(bind_mount, source, "/a", FORKEXEC_MOUNT_CREATE);
    says(spawned(attr), "bind 0 (%s on /a): %s: %s", source, strerror(EACCES), sentence);
}

/* The request itself mounts something over the caller's devices. */
static inline struct forkexec_attr *without_devices(void)
{
    struct forkexec_attr *attr = mount_attr(FORKEXEC_MEMORY_AUTO, false);
    SET(mount_tmpfs, "/dev", 0, 0755, 0);
    return attr;
}

SITUATION(DEVICE_MISSING, need_roots(); scratch())
{
    struct forkexec_attr *attr = without_devices();
    const char *target = new_directory("target");
    SET(mount_dev, target, 0);
    says(spawned(attr), "dev 1 (%s): %s: %s", target, strerror(ENOENT), sentence);
}

SITUATION(NULL_MISSING, need_roots(); scratch())
{
    struct forkexec_attr *attr = without_devices();
    const char *file = new_file("file");
    SET(mask_path, file);
    says(spawned(attr), "mask 1 (%s): %s: %s", file, strerror(ENOENT), sentence);
}

/* A directory is created in a root where the creating user may not be mapped. */
static inline struct forkexec_attr *making(void)
{
    struct forkexec_attr *attr = new_attr();
    SET(create_namespaces, FORKEXEC_NS_USER | FORKEXEC_NS_MOUNT);
    SET(set_root, NULL, 0);
    SET(make_directory, "/a", 0755);
    return attr;
}

static inline void need_unmapped(void)
{
    need_roots();
    need_user_namespaces();
}

SITUATION(UNMAPPED, need_unmapped())
{
    struct forkexec_attr *attr = making();
    unsigned gid = getegid();
    SET(map_uid, 0, geteuid(), 1);
    says(spawned(attr), "directory 0 (/a): %s: %s", strerror(EOVERFLOW),
        filled(sentence, text("gid %u", gid), text("map_gid(0, %u, 1)", gid)));
}

SITUATION(UNMAPPED_BOTH, need_unmapped())
{
    unsigned uid = geteuid(), gid = getegid();
    says(spawned(making()), "directory 0 (/a): %s: %s", strerror(EOVERFLOW), filled(sentence, text("uid %u", uid),
        text("gid %u", gid), text("map_uid(0, %u, 1)", uid), text("map_gid(0, %u, 1)", gid)));
}

SITUATION(OUTSIDE_ID, need_root(); need_unmapped())
{
    struct forkexec_attr *attr = making();
    SET(map_uid, 0, 100000, 65536);
    SET(map_gid, 0, 0, 1);
    says(spawned(attr), "directory 0 (/a): %s: the child's uid 0 is not mapped in its user namespace: add %s",
        strerror(EOVERFLOW), filled(sentence, "0", "uid"));
}

SITUATION(NOT_FOUND)
{
    struct forkexec_attr *attr = new_attr();
    SET(set_search_path, "/nonexistent:/none");
    says(spawned_by(attr, "none"), "exec 1 (/none/none): %s: %s", strerror(ENOENT), filled(sentence, "/nonexistent:/none"));
}

SITUATION(NOTHING_TO_RUN, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_search_path, "/bin");
    DENY(execve, ENOENT);
    says(spawned_by(attr, "sh"), "exec 0 (/bin/sh): %s: %s", strerror(ENOENT), filled(sentence, "/bin"));
}

SITUATION(ONLY_OUTSIDE, need_roots())
{
    says(spawned(rooted()), "exec (%s): %s: %s", reporter, strerror(ENOENT), sentence);
}

/* A script in the caller's root, and the message. */
#define SCRIPT_FAILS(NAME, first_line, ...) \
    SITUATION(NAME, need_native(); scratch()) \
    { \
        const char *other = file_of("other", "#!/nonexistent\n", 0755), *script = file_of("script", first_line, 0755); \
        says(spawned_by(new_attr(), script), "exec (%s): %s: %s", script, strerror(ENOENT), filled(sentence, __VA_ARGS__)); \
        (void)other; \
    }

SCRIPT_FAILS(STARTER_MISSING, "#!/nonexistent x\n", "interpreter", "/nonexistent")
SCRIPT_FAILS(STARTER_OF_MISSING, text("#!%s\n", other), "interpreter", "/nonexistent", other)
SCRIPT_FAILS(CARRIAGE_RETURN, "#!/bin/sh\r\n", NULL)

/* It is not known which mounts lie below a bind that is not recursive. */
static inline struct forkexec_attr *with_scripts(void)
{
    static const char first[] = "#!/a/nothing\n", second[] = "#!/first\n";
    struct forkexec_attr *attr = rooted();
    SET(make_directory, "/a", 0755);
    SET(add_mount, scratch(), "/a", NULL, MS_BIND, NULL);
    SET(make_file, "/first", (const uint8_t *)first, strlen(first), 0755);
    SET(make_file, "/second", (const uint8_t *)second, strlen(second), 0755);
    return attr;
}

SITUATION(STARTER_UNKNOWN, need_roots(); scratch())
{
    says(spawned_by(with_scripts(), "/first"), "exec (/first): %s: %s", strerror(ENOENT),
        filled(sentence, "interpreter", "/a/nothing"));
}

SITUATION(STARTER_OF_UNKNOWN, need_roots(); scratch())
{
    says(spawned_by(with_scripts(), "/second"), "exec (/second): %s: %s", strerror(ENOENT),
        filled(sentence, "interpreter", "/a/nothing", "/first"));
}

SITUATION(SCRIPT_BY_FD, need_native(); scratch())
{
    struct forkexec_attr *attr = new_attr();
    int script = open(file_of("script", "#!/bin/sh\n", 0755), O_RDONLY | O_CLOEXEC);
    SET(set_exec_fd, script);
    says(spawned_by(attr, NULL), "exec (fd %d): %s: %s", script, strerror(ENOENT), sentence);
}

/* The descriptor leads to another file when the child is released, so the caller cannot look. */
static inline const char *released_by_fd(bool mapped)
{
    struct forkexec_attr *attr = new_attr();
    int script = open(file_of("script", "#!/nonexistent\n", 0755), O_RDONLY | O_CLOEXEC);
    SET(set_exec_fd, script);
    if (mapped)
        SET(map_fd, script, script);
    struct forkexec_child *child = a_held_child(attr, NULL);
    close(script);
    const char *said = released(child, FORKEXEC_FOREVER), *begins = text("exec (fd %d): %s: ", script, strerror(ENOENT));
    forkexec_close(child);
    assert_memory_equal(said, begins, strlen(begins));
    return said + strlen(begins);
}

SITUATION(MAYBE_SCRIPT_BY_FD, need_native(); scratch())
{
    says(released_by_fd(false), "%s", sentence);
}

SITUATION(NO_INTERPRETER, need_native(); scratch())
{
    says(released_by_fd(true), "%s", sentence);
}

#endif
