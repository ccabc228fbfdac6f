/* Descriptors that the library keeps open in the caller for later children: the image and the shared pages. Their numbers
 * never change, however long children live, and there are never more of them. */
#define _GNU_SOURCE
#include "caller_process.h"
#include "deny_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#define SECOND 1000000000LL

/* The numbers, each followed by a blank. */
static const char *kept(void)
{
    const char *numbers = "";
    for (int fd = 0; fd < 256; fd++)
        if (!strcmp(link_of(text("/proc/self/fd/%d", fd)), "/memfd:forkexec (deleted)"))
            numbers = text("%s%d ", numbers, fd);
    return numbers;
}

static struct forkexec_attr *fresh(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_FRESH));
    return attr;
}

/* A child whose maps the caller writes uses the other page. */
static struct forkexec_attr *fresh_user(void)
{
    struct forkexec_attr *attr = fresh();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    map_own_ids(attr, 0, 0);
    return attr;
}

/* Runs before the harness makes any child. */
static const char *kept_at_first;
static int spawned_at_first;

__attribute__((constructor)) static void ask_for_fresh(void)
{
    struct forkexec_attr *attr = forkexec_attr_new();
    struct forkexec_child *child = NULL;
    spawned_at_first = forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_FRESH);
    kept_at_first = strdup(kept());
    char *argv[] = { "true", NULL };
    if (!spawned_at_first)
        spawned_at_first = forkexec_spawn(attr, "/bin/true", argv, NULL, &child, NULL);
    if (!spawned_at_first)
        spawned_at_first = forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0);
    forkexec_close(child);
    forkexec_attr_free(attr);
    if (strcmp(kept(), kept_at_first))
        spawned_at_first = -EALREADY;
}

TEST(an_image_is_opened_when_a_fresh_child_is_requested)
{
    need_native();
    assert_int_equal(spawned_at_first, 0);
    int spaces = 0;
    for (const char *at = kept_at_first; (at = strchr(at, ' ')); at++)
        spaces++;
    assert_int_equal(spaces, 2);
}

static void spawn_beside(struct forkexec_attr *held, struct forkexec_attr *spawned)
{
    assert_int_equal(reporter_exits(spawned, "exit", "3"), 3);
    const char *before = kept();
    struct forkexec_child *child = start_held(held, REPORTER("exit", "4"));
    assert_non_null(child);
    assert_string_equal(kept(), before);
    for (int i = 0; i < 3; i++)
        assert_int_equal(reporter_exits(spawned, "exit", "3"), 3);
    assert_string_equal(kept(), before);
    OK(forkexec_release(child, 10 * SECOND, NULL));
    assert_int_equal(finish(child).exit_code, 4);
    forkexec_close(child);
    assert_int_equal(reporter_exits(spawned, "exit", "3"), 3);
    assert_string_equal(kept(), before);
}

TEST(a_held_child_does_not_change_the_numbers)
{
    need_native();
    spawn_beside(fresh(), fresh());
}

TEST(a_held_child_in_a_user_namespace_does_not_change_the_numbers)
{
    need_native();
    need_user_namespaces();
    spawn_beside(fresh_user(), fresh_user());
}

TEST(a_program_with_an_init_does_not_change_the_numbers)
{
    need_native();
    need_user_namespaces();
    struct forkexec_attr *attr = fresh_user();
    assert_int_equal(reporter_exits(attr, "exit", "3"), 3);
    const char *before = kept();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
    OK(forkexec_attr_set_init(attr));
    struct forkexec_child *child = start(attr, reporter, REPORTER("sleep"), NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(reporter_exits(fresh_user(), "exit", "3"), 3);
    assert_string_equal(kept(), before);
    OK(forkexec_signal(child, SIGKILL));
    struct forkexec_status status = finish(child);
    assert_int_equal(status.signal, SIGKILL);
    assert_string_equal(kept(), before);
}

/* The number stays reserved until pages can be made again. */
static void spawn_without_memfd(const void *unused)
{
    (void)unused;
    assert_int_equal(reporter_exits(fresh(), "exit", "3"), 3);
    const char *before = kept();
    struct forkexec_child *child = start_held(fresh(), REPORTER("exit", "4"));
    assert_non_null(child);
    deny(&(struct denial){ SYS_memfd_create, EPERM, { { 0 } } }, 1);
    assert_spawn_fails(fresh(), NULL, FORKEXEC_STAGE_IMAGE, EPERM, -1);
    assert_string_equal(kept(), before);
    forkexec_close(child);
    assert_string_equal(kept(), before);
}

TEST(the_number_stays_while_no_page_can_be_made)
{
    need_native();
    in_copy(spawn_without_memfd, NULL);
}
