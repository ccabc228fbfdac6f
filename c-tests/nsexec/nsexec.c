/* The bootstrap: the state of its three processes, and what runc receives from them. */
#include "nsexec_driver.h"

#include <grp.h>

/* For an ordinary user only these. */
#define EACH_HOST (int archive = getuid() != 0; archive < 2; archive++)

/* The smallest message with which this user's bootstrap succeeds. */
static struct message *asks_for_little(void)
{
    if (!getuid())
        return asks_for(0, false);
    struct message *message = asks_for(CLONE_NEWUSER, true);
    add_text(message, UID_MAP, text("0 %u 1\n", getuid()));
    add_text(message, GID_MAP, text("0 %u 1\n", getgid()));
    return message;
}

static void need_little(void)
{
    need_native();
    if (getuid())
        need_user_namespaces();
}

static void assert_in_namespaces(pid_t pid, pid_t other, const char *same, const char *different)
{
    const char *kinds[] = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts" };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *is = namespace_of(pid, kinds[i]), *should = namespace_of(other, kinds[i]);
        if (strstr(same, kinds[i]))
            assert_string_equal(is, should);
        if (strstr(different, kinds[i]))
            assert_string_not_equal(is, should);
    }
}

/* This process is the parent of all three, so it sees what runc would see. */
static void assert_is_init(const struct boot *boot, const char *seen)
{
    assert_seen(seen, "uid", "0 0");
    assert_seen(seen, "gid", "0 0");
    assert_seen(seen, "comm", "runc:[2:INIT]");
    assert_seen(seen, "tid", "known");
    assert_seen(seen, "sigpipe", "0 0");
    assert_seen(seen, "fds", "0 1 2 50 51");
    assert_string_equal(status_of(boot->init, "PPid"), text("%d", getpid()));
}

static const char *list_of_groups(void)
{
    gid_t groups[64];
    int count = getgroups(64, groups);
    const char *list = "";
    for (int i = 0; i < count; i++)
        list = text("%s%s%u", list, i ? " " : "", groups[i]);
    return list;
}

TEST(without_a_socket_it_returns)
{
    need_native();
    for EACH_HOST {
        struct boot *boot = boot(NULL, .path = host(archive), .init = "", .level = "5");
        assert_true(read_until(boot->out, boot->seen, sizeof boot->seen, ""));
        assert_string_equal(boot->seen, "nothing\n");
        goes_down(boot);
        assert_string_equal(boot->said, "");
    }
}

TEST(no_attributes)
{
    need_native();
    need_root();
    for EACH_HOST {
        struct boot *boot = boot(asks_for(0, false), .path = host(archive));
        const char *seen = comes_up(boot);
        assert_is_init(boot, seen);
        assert_seen(seen, "pid", text("%d", boot->init));
        assert_seen(seen, "ppid", text("%d", getpid()));
        assert_seen(seen, "sid", text("%d", boot->init));
        assert_seen(seen, "groups", list_of_groups());
        assert_seen(seen, "dumpable", "1");
        assert_in_namespaces(boot->init, getpid(), "cgroup ipc mnt net pid time user uts", "");
        goes_down(boot);
        assert_int_equal(lines(boot, "fatal"), 0);
        assert_line(boot, "debug", "nsexec", boot->pid, "=> nsexec container setup");
        assert_line(boot, "debug", "nsexec-1", boot->child, "~> nsexec stage-1");
        assert_line(boot, "debug", "nsexec-2", boot->init, "~> nsexec stage-2");
    }
}

TEST(the_affinity_is_reported)
{
    need_little();
    cpu_set_t set;
    unsigned long mask = 0;
    assert_false(sched_getaffinity(0, sizeof set, &set));
    for (int cpu = 0; cpu < 64; cpu++)
        mask |= CPU_ISSET(cpu, &set) ? 1ul << cpu : 0;
    struct boot *boot = boot(asks_for_little());
    comes_up(boot);
    goes_down(boot);
    assert_line(boot, "debug", "nsexec", boot->pid, text("affinity: 0x%lx", mask));
}

TEST(new_namespaces_and_an_oom_score)
{
    need_native();
    need_root();
    struct message *message = asks_for(CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS, false);
    add_text(message, OOM_SCORE_ADJ, "500");
    struct boot *boot = boot(message);
    const char *seen = comes_up(boot);
    assert_is_init(boot, seen);
    assert_seen(seen, "pid", "1");
    assert_seen(seen, "ppid", "0");
    assert_seen(seen, "sid", "1");
    assert_string_equal(text_of(text("/proc/%d/oom_score_adj", boot->init)), "500");
    assert_in_namespaces(boot->init, getpid(), "cgroup ipc time user uts", "net pid mnt");
    goes_down(boot);
    assert_line(boot, "debug", "nsexec-2", 1, "~> nsexec stage-2");
}

TEST(a_user_namespace_and_time_offsets)
{
    need_native();
    need_root();
    struct message *message = asks_for(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWTIME, false);
    add_text(message, UID_MAP, "0 100000 65536\n");
    add_text(message, GID_MAP, "0 200000 65536\n");
    add_number(message, SETGROUP, 1);
    add_text(message, OFFSETS, "monotonic 7881 2718281\nboottime 1337 3141519\n");
    struct boot *boot = boot(message);
    const char *seen = comes_up(boot);
    assert_is_init(boot, seen);
    assert_seen(seen, "pid", "1");
    assert_seen(seen, "groups", "");
    assert_seen(seen, "dumpable", "0");
    assert_non_null(strstr(status_of(boot->init, "Uid"), "100000"));
    assert_non_null(strstr(status_of(boot->init, "Gid"), "200000"));
    int offset = 0;
    sscanf(text_of(text("/proc/%d/timens_offsets", boot->init)), "monotonic %d", &offset);
    assert_int_equal(offset, 7881);
    assert_in_namespaces(boot->init, getpid(), "cgroup ipc mnt net uts", "user pid time");
    goes_down(boot);
}

TEST(an_ordinary_user)
{
    need_native();
    need_user_namespaces();
    uid_t uid = getuid() ? getuid() : 1000;
    struct message *message = asks_for(CLONE_NEWUSER | CLONE_NEWPID, true);
    add_text(message, UID_MAP, text("0 %u 1\n", uid));
    add_text(message, GID_MAP, text("0 %u 1\n", uid));
    struct boot *boot = boot(message, .path = public_host(), .uid = getuid() ? 0 : uid);
    const char *seen = comes_up(boot);
    assert_is_init(boot, seen);
    assert_seen(seen, "dumpable", "1");
    assert_string_equal(text_of(text("/proc/%d/setgroups", boot->init)), "deny");
    goes_down(boot);
}

/* Attributes of the largest size, written in pieces that end anywhere. */
TEST(a_long_message_in_pieces)
{
    need_native();
    need_root();
    struct message *message = asks_for(0, false);
    const uint16_t unused[] = { UID_MAP, GID_MAP, UID_HELPER, GID_HELPER };
    char *long_text = calloc(1, 65532);
    memset(long_text, 'x', 65530);
    for (int i = 0; i < 4; i++)
        add_text(message, unused[i], long_text);
    free(long_text);
    struct boot *boot = boot(NULL);
    for (size_t at = 0, n = 1; at < message->size; at += n, n = n * 5 + 1) {
        n = n < message->size - at ? n : message->size - at;
        usleep(1000);
        send_all(boot->socket, message->bytes + at, n);
    }
    usleep(1000);
    send_all(boot->socket, "config\n", 7);
    assert_is_init(boot, comes_up(boot));
    goes_down(boot);
}

/* Go also pads the last attribute. A message without that padding is accepted. */
TEST(without_the_last_padding)
{
    need_little();
    struct message *message = asks_for_little();
    add_text(message, OOM_SCORE_ADJ, "70");
    message->size -= 1;
    put_u32(message->bytes, (uint32_t)message->size);
    struct boot *boot = boot(message);
    comes_up(boot);
    assert_string_equal(text_of(text("/proc/%d/oom_score_adj", boot->init)), "70");
    goes_down(boot);
}

TEST(a_log_without_a_reader)
{
    need_little();
    struct boot *boot = boot(asks_for_little(), .deaf_log = true);
    assert_is_init(boot, comes_up(boot));
    goes_down(boot);
    boot = boot(asks_for_little(), .no_log = true);
    assert_seen(comes_up(boot), "fds", "0 1 2 50");
    assert_true(fcntl(boot->err, F_SETFL, O_NONBLOCK) == 0 && read(boot->err, boot->complained, 1) < 0);
    goes_down(boot);
}

/* A signal does not interrupt the reading of the message. */
TEST(interrupted)
{
    need_little();
    struct message *message = asks_for_little();
    struct boot *boot = boot(NULL);
    for (size_t at = 0; at < message->size; at++) {
        kill(boot->pid, SIGSTOP);
        kill(boot->pid, SIGCONT);
        send_all(boot->socket, message->bytes + at, 1);
    }
    send_all(boot->socket, "config\n", 7);
    assert_is_init(boot, comes_up(boot));
    goes_down(boot);
}
