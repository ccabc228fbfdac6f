/* Without close_range, close_fds_from closes the number below one of the library's own descriptors, too. */
#define _GNU_SOURCE
#include "deny_calls.h"

#define NO_CLOSE_RANGE "no close_range"

static const uint32_t modes[] = { FORKEXEC_MEMORY_AUTO, FORKEXEC_MEMORY_FRESH, FORKEXEC_MEMORY_COPIED };

TEST_BOTH(all_numbers_are_closed)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        for (int target = 3; target < 20; target++) {
            struct forkexec_attr *attr = new_attr();
            OK(forkexec_attr_set_memory_mode(attr, modes[i]));
            OK(forkexec_attr_map_fd(attr, 1, target));
            OK(forkexec_attr_close_fds_from(attr, 3));
            assert_saw(run_reporter(attr), "fds", "0 1 2");
        }
}

TEST(all_numbers_are_closed_without_close_range)
{
    need_native();
    need(!denied_as(), "it is denied already");
    assert_true(succeeds_again(NO_CLOSE_RANGE, &(struct denial){ SYS_close_range, ENOSYS, { { 0 } } }, 1, NULL));
}
