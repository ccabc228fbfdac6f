/* The messages of failed mounts, and of programs that do not start in another root: which of two paths is meant, and what
 * to change. */
#include "mount_requests.h"

#include <errno.h>

EACH_TEST_NEEDS(need_other_roots)

static char told[sizeof((struct forkexec_error *)0)->message];

/* The message of a spawn that fails like this. */
static const char *failing(const struct forkexec_attr *attr, const char *path, uint32_t stage, int code, int index)
{
    struct forkexec_error error;
    struct forkexec_child *child = NULL;
    int result = try_start(attr, path, (char *[]){ "w", NULL }, NULL, &child, &error);
    if (error.stage != stage || error.code != code)
        print_message("# stage %u: %s\n", error.stage, error.message);
    assert_int_equal(result, -code);
    assert_int_equal(error.stage, stage);
    assert_int_equal(error.index, index);
    assert_null(child);
    return strcpy(told, error.message);
}

#define assert_told(attr, path, stage, code, index, words) \
    do { \
        const char *said_ = failing(attr, path, stage, code, index); \
        if (!strstr(said_, words)) \
            fail_msg("\"%s\" is not in: %s", words, said_); \
    } while (0)
#define assert_not_told(words) \
    do { \
        if (strstr(told, words)) \
            fail_msg("\"%s\" is in: %s", words, told); \
    } while (0)

#define BIND FORKEXEC_STAGE_BIND

TEST_BOTH(a_bind_names_the_missing_path)
{
    need_mounts();
    const char *source = new_directory("source"), *nothing = scratch_path("nothing"), *link = scratch_path("dangling");
    if (symlink("nowhere", link))
        assert_int_equal(errno, EEXIST);
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, nothing, "/a", FORKEXEC_MOUNT_CREATE));
        assert_told(attr, "/reporter", BIND, ENOENT, 1, ": the source is missing");
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, link, "/a", FORKEXEC_MOUNT_CREATE));
        assert_told(attr, "/reporter", BIND, ENOENT, 1, "the source is a symbolic link that leads to nothing");
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, source, "/a", 0));
        assert_told(attr, "/reporter", BIND, ENOENT, 1, "the target is missing in the program's root: FORKEXEC_MOUNT_CREATE");
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_add_mount(attr, source, "/a", NULL, MS_BIND, NULL));
        assert_told(attr, "/reporter", FORKEXEC_STAGE_MOUNT, ENOENT, 1, "the target is missing in the program's root: make_");
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_add_mount(attr, nothing, "/a", NULL, MS_BIND, NULL));
        assert_told(attr, "/reporter", FORKEXEC_STAGE_MOUNT, ENOENT, 1, ": the source is missing");
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_mount_tmpfs(attr, "/a", 0, 0755, 0));
        assert_told(attr, "/reporter", FORKEXEC_STAGE_TMPFS, ENOENT, 1, "FORKEXEC_MOUNT_CREATE makes it");
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_add_mount(attr, "x", "/a", "tmpfs", 0, NULL));
        assert_told(attr, "/reporter", FORKEXEC_STAGE_MOUNT, ENOENT, 1, "make_directory or make_file");
    }
}

TEST_BOTH(a_bind_names_the_path_of_the_wrong_type)
{
    need_mounts();
    const char *directory = new_directory("source"), *file = new_file("file"), *loop = scratch_path("loop");
    if (symlink("loop", loop))
        assert_int_equal(errno, EEXIST);
    const char *below = text("%s/x", file);
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, directory, "/reporter", 0));
        assert_told(attr, "/reporter", BIND, ENOTDIR, 1, "one is a directory, the other is not");
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, below, "/a", FORKEXEC_MOUNT_CREATE));
        assert_told(attr, "/reporter", BIND, ENOTDIR, 1, "on the way to the source is no directory");
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, directory, "/reporter/a", FORKEXEC_MOUNT_CREATE));
        assert_told(attr, "/reporter", BIND, ENOTDIR, 1, "on the way to the target is no directory");
        /* A symlink loop in the source is not a problem of the target. */
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, loop, "/a", FORKEXEC_MOUNT_CREATE));
        assert_told(attr, "/reporter", BIND, ELOOP, 1, "too many symbolic links lead to the source");
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_symlink(attr, "/reporter", "/link"));
        OK(forkexec_attr_bind_mount(attr, file, "/link", 0));
        assert_told(attr, "/reporter", BIND, ELOOP, 2, "name what it leads to, or add FORKEXEC_MOUNT_FOLLOW");
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_symlink(attr, "/reporter", "/link"));
        OK(forkexec_attr_add_mount(attr, file, "/link", NULL, MS_BIND, NULL));
        assert_told(attr, "/reporter", FORKEXEC_STAGE_MOUNT, ELOOP, 2, "name what it leads to");
        assert_not_told("FOLLOW");
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_symlink(attr, "link", "/link"));
        OK(forkexec_attr_bind_mount(attr, file, "/link", FORKEXEC_MOUNT_FOLLOW));
        assert_told(attr, "/reporter", BIND, ELOOP, 2, "too many symbolic links lead to the target");
    }
}

static void cannot_reach(const void *source)
{
    become_nobody();
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = mount_attr(mode, true);
        OK(forkexec_attr_set_root(attr, NULL, 0));
        OK(forkexec_attr_bind_mount(attr, source, "/a", FORKEXEC_MOUNT_CREATE));
        assert_told(attr, "/reporter", BIND, EACCES, 0, "on the way to the source may not be searched");
    }
}

TEST_BOTH(a_source_out_of_reach)
{
    need_root();
    need_user_namespaces();
    assert_false(chmod(new_directory("closed"), 0700));
    in_fork(cannot_reach, text("%s/in", scratch_path("closed")));
}

/* The device that covers a path comes from the caller's /dev. */
TEST_BOTH(devices_that_the_caller_does_not_have)
{
    need_mounts();
    const char *target = new_directory("target"), *file = new_file("file");
    for EACH_MOUNT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_mount_tmpfs(attr, "/dev", 0, 0755, 0));
        OK(forkexec_attr_mount_dev(attr, target, 0));
        assert_told(attr, reporter, FORKEXEC_STAGE_DEV, ENOENT, 1, "the caller's /dev lacks one of null,");
        attr = mount_attr(mode, user);
        OK(forkexec_attr_mount_tmpfs(attr, "/dev", 0, 0755, 0));
        OK(forkexec_attr_mask_path(attr, file));
        assert_told(attr, reporter, FORKEXEC_STAGE_MASK, ENOENT, 1, "no /dev/null");
    }
}

/* The message says how the path must be written. */
TEST(a_relative_target_is_explained)
{
    struct forkexec_attr *attr = new_attr();
    assert_int_equal(forkexec_attr_bind_mount(attr, "/usr", "usr", 0), -EINVAL);
    assert_told(attr, reporter, FORKEXEC_STAGE_VALIDATE, EINVAL, -1, "begins with \"/\": write \"/tmp\" for \"tmp\"");
}

/* Ids that are not mapped in the namespace. */

static struct forkexec_attr *mapping(uint32_t mode, bool uid, bool gid)
{
    struct forkexec_attr *attr = attr_in(mode);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_MOUNT));
    if (uid)
        OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
    if (gid)
        OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
    OK(forkexec_attr_set_root(attr, NULL, 0));
    return attr;
}

static void ask_bind(struct forkexec_attr *attr) { OK(forkexec_attr_bind_mount(attr, "/usr", "/a", FORKEXEC_MOUNT_CREATE)); }
static void ask_tmpfs(struct forkexec_attr *attr) { OK(forkexec_attr_mount_tmpfs(attr, "/a", 0, 0755, FORKEXEC_MOUNT_CREATE)); }
static void ask_dev(struct forkexec_attr *attr) { OK(forkexec_attr_mount_dev(attr, "/a", FORKEXEC_MOUNT_CREATE)); }
static void ask_directory(struct forkexec_attr *attr) { OK(forkexec_attr_make_directory(attr, "/a", 0755)); }
static void ask_file(struct forkexec_attr *attr) { OK(forkexec_attr_make_file(attr, "/a", NULL, 0, 0644)); }
static void ask_link(struct forkexec_attr *attr) { OK(forkexec_attr_make_symlink(attr, "x", "/a")); }

TEST_BOTH(ids_that_are_not_mapped_are_named)
{
    static const struct {
        void (*ask)(struct forkexec_attr *attr);
        uint32_t stage;
    } items[] = { { ask_bind, FORKEXEC_STAGE_BIND }, { ask_tmpfs, FORKEXEC_STAGE_TMPFS }, { ask_dev, FORKEXEC_STAGE_DEV },
        { ask_directory, FORKEXEC_STAGE_DIRECTORY }, { ask_file, FORKEXEC_STAGE_FILE }, { ask_link, FORKEXEC_STAGE_SYMLINK } };
    need_user_namespaces();
    for EACH_ROOT_MEMORY(mode)
        for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
            struct forkexec_attr *attr = mapping(mode, true, false);
            items[i].ask(attr);
            assert_told(attr, "/none", items[i].stage, EOVERFLOW, 0,
                text("gid %u is not mapped in its user namespace: add map_gid(0, %u, 1)", getegid(), getegid()));
            assert_not_told("uid ");
            attr = mapping(mode, false, false);
            items[i].ask(attr);
            assert_told(attr, "/none", items[i].stage, EOVERFLOW, 0,
                text("uid %u and gid %u are not mapped in its user namespace: add map_uid(0, %u, 1) and map_gid(0, %u, 1)",
                    geteuid(), getegid(), geteuid(), getegid()));
        }
}

TEST_BOTH(a_map_without_the_childs_own_id)
{
    need_root();
    need_user_namespaces();
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = mapping(mode, false, true);
        OK(forkexec_attr_map_uid(attr, 0, 100000, 65536));
        OK(forkexec_attr_make_directory(attr, "/a", 0755));
        assert_told(attr, "/none", FORKEXEC_STAGE_DIRECTORY, EOVERFLOW, 0, "uid 0 is not mapped in its user namespace: add 0 as");
        assert_not_told("gid");
        OK(forkexec_attr_map_uid(attr, 65536, 0, 1));
        OK(forkexec_attr_bind_mount(attr, public_reporter(), "/reporter", FORKEXEC_MOUNT_CREATE));
        assert_int_equal(finish(start(attr, "/reporter", (char *[]){ "w", "exit", "0", NULL }, NULL)).exit_code, 0);
    }
}

/* Programs in another root. */

static void write_script(const char *name, const char *line)
{
    int fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
    assert_false(fchmod(fd, 0755));
    close(fd);
}

/* An ELF file that names a loader. Its header is enough for the kernel to look for the loader. */
static void write_program(const char *name, const char *loader)
{
    static const char *const self = "/proc/self/exe";
    static char bytes[1 << 22];
    int fd = open(self, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, bytes, sizeof bytes);
    close(fd);
    uint64_t headers = *(uint64_t *)(bytes + 32);
    uint16_t count = *(uint16_t *)(bytes + 56);
    bool found = false;
    for (uint16_t i = 0; i < count; i++) {
        char *header = bytes + headers + 56u * i;
        if (*(uint32_t *)header != 3)
            continue;
        uint64_t place = *(uint64_t *)(header + 8), size = *(uint64_t *)(header + 32);
        assert_true(strlen(loader) < size);
        memset(bytes + place, 0, size);
        strcpy(bytes + place, loader);
        *(uint64_t *)(header + 32) = strlen(loader) + 1;
        found = true;
    }
    if (!found)
        skip_because("this test has no loader: it is static");
    fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    assert_int_equal(write(fd, bytes, (size_t)n), n);
    assert_false(fchmod(fd, 0755));
    close(fd);
}

#define EXEC FORKEXEC_STAGE_EXEC

TEST_BOTH(files_that_a_program_lacks_in_its_root_are_named)
{
    need_mounts();
    new_directory("bin");
    public_reporter();
    write_script("bin/script", "#! /opt/interpreter touch\n");
    write_script("bin/dos", "#!/reporter\r\n");
    write_script("bin/second", "#!/bin/program\n");
    write_program("bin/program", "/opt/ld.so");
    const char *bin = scratch_path("bin");
    for EACH_ROOT_MODE(mode, user)
        for (int linked = 0; linked < 2; linked++) {
            struct forkexec_attr *attr = in_empty_root(mode, user);
            OK(forkexec_attr_bind_mount(attr, bin, linked ? "/usr/bin" : "/bin", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY));
            if (linked)
                OK(forkexec_attr_make_symlink(attr, "usr/bin", "/bin"));
            OK(forkexec_attr_make_file(attr, "/made", (const uint8_t *)"#!/opt/made\n", 12, 0755));
            assert_told(attr, "/bin/script", EXEC, ENOENT, -1, "the program is there, but not its interpreter /opt/interpreter");
            assert_told(attr, "/bin/program", EXEC, ENOENT, -1, "the program is there, but not its loader /opt/ld.so");
            assert_told(attr, "/bin/second", EXEC, ENOENT, -1, "but not the loader /opt/ld.so of /bin/program");
            assert_told(attr, "/bin/dos", EXEC, ENOENT, -1, "its first line ends with a carriage return");
            assert_told(attr, "/made", EXEC, ENOENT, -1, "but not its interpreter /opt/made");
            /* The caller has the file, the program has not. */
            assert_told(attr, scratch_path("bin/script"), EXEC, ENOENT, -1, "this path is the caller's");
            failing(attr, "/bin/nothing", EXEC, ENOENT, -1);
            assert_string_equal(told, "exec (/bin/nothing): No such file or directory");
            /* With the interpreter the program runs. */
            OK(forkexec_attr_bind_mount(attr, public_reporter(), "/opt/interpreter", FORKEXEC_MOUNT_CREATE));
            assert_int_equal(finish(start(attr, "/bin/script", (char *[]){ "w", NULL }, NULL)).exit_code != 127, 1);
        }
}

/* A root on disk, where the caller cannot know what the links of a target led to. */
TEST_BOTH(no_message_claims_what_is_not_known)
{
    need_mounts();
    new_directory("root");
    new_directory("root/etc");
    new_directory("root/opt");
    public_reporter();
    write_script("root/script", "#!/opt/interpreter\n");
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_set_root(attr, scratch_path("root"), 0));
        assert_told(attr, "/script", EXEC, ENOENT, -1, "but not its interpreter /opt/interpreter");
        OK(forkexec_attr_mount_tmpfs(attr, "/etc", 0, 0755, FORKEXEC_MOUNT_FOLLOW));
        failing(attr, "/script", EXEC, ENOENT, -1);
        assert_string_equal(told, "exec (/script): No such file or directory");
        attr = mount_attr(mode, user);
        OK(forkexec_attr_set_root(attr, scratch_path("root"), 0));
        OK(forkexec_attr_add_mount(attr, "sysfs", "/opt", "tmpfs", 0, NULL));
        assert_told(attr, "/script", EXEC, ENOENT, -1, "but not its interpreter");
    }
}

TEST_BOTH(a_search_names_the_last_directory)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_search_path(attr, "/no/where:/usr/bin::/"));
    assert_told(attr, "no-such-program", EXEC, ENOENT, 3, ": not found in /no/where:/usr/bin:.:/");
    new_directory("bin");
    write_script("bin/orphan", "#!/no/such/interpreter\n");
    OK(forkexec_attr_set_search_path(attr, text("%s:/no/where", scratch_path("bin"))));
    assert_told(attr, "orphan", EXEC, ENOENT, 1, "but not its interpreter /no/such/interpreter");
    assert_not_told("not found in");
}

static const struct {
    const char *name;
    bool mapped;
    const char *words;
    const char *released; /* when a held child is released, the descriptor may be another file's */
} by_descriptor[] = {
    { "bin/script", false, "a script cannot be opened by its interpreter when its descriptor closes on exec: map it to itself",
        "if it is a script, map it to itself; if not, its loader is missing" },
    { "bin/orphan", true, "the program is there, but not its interpreter /no/such/interpreter",
        "the program exists, its interpreter or loader does not" },
    { "bin/program", false, "the program is there, but not its loader /no/ld.so",
        "if it is a script, map it to itself; if not, its loader is missing" },
    { "bin/program", true, "the program is there, but not its loader /no/ld.so",
        "the program exists, its interpreter or loader does not" },
};

static void advise(bool held)
{
    new_directory("bin");
    write_script("bin/script", "#!/bin/sh\n");
    write_script("bin/orphan", "#!/no/such/interpreter\n");
    write_program("bin/program", "/no/ld.so");
    for EACH_MEMORY(mode)
        for (size_t i = 0; i < sizeof by_descriptor / sizeof *by_descriptor; i++)
            for (int for_paths = 0; for_paths < 2; for_paths++) {
                int fd = open(scratch_path(by_descriptor[i].name), (for_paths ? O_PATH : O_RDONLY) | O_CLOEXEC);
                struct forkexec_attr *attr = attr_in(mode);
                struct forkexec_child *child = NULL;
                struct forkexec_error error;
                OK(forkexec_attr_set_exec_fd(attr, fd));
                if (by_descriptor[i].mapped)
                    OK(forkexec_attr_map_fd(attr, fd, fd));
                char *argv[] = { "w", NULL };
                if (held) {
                    OK(forkexec_start(attr, NULL, argv, NULL, &child, &error));
                    close(fd);
                    assert_int_equal(forkexec_release(child, FORKEXEC_FOREVER, &error), -ENOENT);
                    forkexec_close(child);
                } else {
                    assert_int_equal(forkexec_spawn(attr, NULL, argv, NULL, &child, &error), -ENOENT);
                    close(fd);
                }
                assert_string_equal(error.message, text("exec (fd %d): No such file or directory: %s", fd,
                    held ? by_descriptor[i].released : by_descriptor[i].words));
            }
}

TEST(advice_about_a_descriptor_is_given_where_it_helps)
{
    need_native();
    advise(false);
}

TEST(no_advice_about_a_descriptor_that_may_be_closed)
{
    need_native();
    advise(true);
}

/* Where open_tree cannot be used, mount(2) is, and the messages are the same. */
TEST(all_of_it_on_older_hosts)
{
    need_mounts();
    run_on_older_hosts(KNOWN_HOSTS + 2);
}
