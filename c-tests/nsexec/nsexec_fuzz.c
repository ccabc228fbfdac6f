/* Random bytes on the init socket: the bootstrap reaches its program or fails soon, without a crash, with a log that is
 * valid JSON, and leaves no process. Everything depends on the seed, which a failure prints.
 * NSEXEC_FUZZ_SECONDS: run that long, with new seeds. */
#include "nsexec_driver.h"

static uint64_t state;

static uint64_t below(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state * 0x2545f4914f6cdd1d >> 16) % n;
}

#define ONE_OF(list) (list)[below(sizeof(list) / sizeof *(list))]

static void add_something(struct message *message)
{
    static const char *const paths[] = { "net:/proc/self/ns/net", "pid:/proc/self/ns/pid,uts:/proc/self/ns/uts", "",
        "user:/proc/self/ns/user", "mnt:/dev/null", ":", ",", "ipc:/proc/self/ns/ipc,", "time:/nonexistent", "cgroup",
        "uts:/proc/1/ns/uts,ipc:/proc/1/ns/ipc" };
    static const char *const maps[] = { "0 0 1\n", "0 65534 1\n", "0 100000 65536\n", "0 1000 1\n1 100000 65536\n", "", " ",
        "0", "nonsense\n", "4294967295 0 1\n", "0 0 4294967295\n", "0 0 1\n0 0 1\n" };
    static const char *const helpers[] = { "/bin/true", "/bin/false", "", "/", "/nonexistent", "true" };
    static const char *const scores[] = { "500", "0", "-1000", "1000", "", "x", "99999999999" };
    static const char *const offsets[] = { "monotonic 1 1\n", "boottime 7881 2718281\nmonotonic 1 0\n", "boottime", "",
        "monotonic -9999999999 0\n" };
    static const uint32_t flags[] = { 0, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWUTS,
        CLONE_NEWIPC, CLONE_NEWCGROUP, CLONE_NEWTIME, 0x100, 0x10, UINT32_MAX };
    switch (below(9)) {
    case 0: return add_number(message, CLONE_FLAGS, ONE_OF(flags) | ONE_OF(flags) | ONE_OF(flags));
    case 1: return add_text(message, PATHS, ONE_OF(paths));
    case 2: return add_text(message, UID_MAP, ONE_OF(maps));
    case 3: return add_text(message, GID_MAP, ONE_OF(maps));
    case 4: return add_number(message, (uint16_t)(below(2) ? SETGROUP : ROOTLESS), (uint32_t)below(3));
    case 5: return add_text(message, OOM_SCORE_ADJ, ONE_OF(scores));
    case 6: return add_text(message, (uint16_t)(below(2) ? UID_HELPER : GID_HELPER), ONE_OF(helpers));
    case 7: return add_text(message, OFFSETS, ONE_OF(offsets));
    default: return add_number(message, (uint16_t)(CLONE_FLAGS - 2 + below(15)), (uint32_t)below(5));
    }
}

/* A message that mostly succeeds. */
static void add_valid(struct message *message)
{
    static const uint32_t others[] = { 0, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUTS | CLONE_NEWIPC };
    add_number(message, CLONE_FLAGS, (uint32_t)(CLONE_NEWUSER | ONE_OF(others) | ONE_OF(others)));
    add_number(message, ROOTLESS, 1);
    add_text(message, UID_MAP, text("0 %u 1\n", getuid()));
    add_text(message, GID_MAP, text("0 %u 1\n", getgid()));
    if (below(2))
        add_text(message, OOM_SCORE_ADJ, "500");
    if (!getuid() && !below(4))
        add_text(message, PATHS, "uts:/proc/self/ns/uts");
}

static void mutate(struct message *message)
{
    static const uint16_t lengths[] = { 0, 1, 3, 4, 5, 7, 8, 9, 12, 255, 256, 32767, 32768, 65535 };
    size_t at = below(message->size), n = below(16) + 1;
    switch (below(7)) {
    case 0:
        message->bytes[at] ^= (uint8_t)(1 << below(8));
        break;
    case 1:
        message->bytes[at] = (uint8_t)below(256);
        break;
    case 2:
        put_u16(message->bytes + (at & ~(size_t)3), ONE_OF(lengths));
        break;
    case 3: /* the writer closes early, or sends more than the header says */
        message->size = below(2) ? at : message->size + n;
        break;
    case 4:
        put_u32(message->bytes, (uint32_t)(below(2) ? message->size - 8 + n : below(UINT32_MAX)));
        break;
    case 5: /* a piece is sent twice */
        memmove(message->bytes + at + n, message->bytes + at, message->size - at);
        message->size += n;
        put_u32(message->bytes, (uint32_t)message->size);
        break;
    default: /* a piece is missing */
        n = n < message->size - at ? n : message->size - at;
        memmove(message->bytes + at, message->bytes + at + n, message->size - at - n);
        message->size -= n;
        put_u32(message->bytes, (uint32_t)message->size);
    }
}

/* Every line of the log is one JSON object. */
static bool is_json(const char *said)
{
    for (const char *line = said; *line; line += strcspn(line, "\n") + 1) {
        size_t length = strcspn(line, "\n");
        bool closed = false;
        if (strncmp(line, "{\"level\":\"", 10) || length > 4095 || line[length] != '\n' || strncmp(line + length - 2, "\"}", 2))
            return false;
        const char *at = strstr(line, "\", \"msg\": \"nsexec");
        for (at = at ? at + 11 : line; !closed && (uint8_t)*at >= ' ' && *at != 0x7f; at++) {
            if (*at == '\\' && !strchr("\"\\bfnrtu", *++at))
                return false;
            closed = *at == '"' && at[-1] != '\\';
        }
        if (at != line + length - 1)
            return false;
    }
    return true;
}

/* True if the bootstrap has reached its program. */
static bool is_survived(uint64_t seed)
{
    state = seed * 0x9e3779b97f4a7c15 + 1;
    struct message *message = new_message();
    if (below(2))
        add_valid(message);
    for (uint64_t n = below(4); n; n--)
        add_something(message);
    for (uint64_t n = below(4); n && message->size; n--)
        mutate(message);
    struct boot *boot = boot(NULL, .level = below(4) ? "5" : "1");
    close(boot->in);
    boot->in = -1;
    send_all(boot->socket, message->bytes, message->size);
    shutdown(boot->socket, SHUT_WR);
    bool ended = read_until(boot->log, boot->said, sizeof boot->said, "")
        && read_until(boot->out, boot->seen, sizeof boot->seen, "")
        && read_until(boot->err, boot->complained, sizeof boot->complained, "");
    if (ended)
        reap(boot);
    bool ran = strstr(boot->seen, "ready\n");
    if (!ended || boot->odd || (boot->status && boot->status != FAILED) || ran != (boot->status == 0)
        || !is_json(boot->said) || (!ran && !lines(boot, "fatal"))) {
        show_log(boot);
        fail_msg("seed %llu: ended %d, odd 0x%x, status 0x%x, seen \"%s\"", (unsigned long long)seed, ended, boot->odd,
            boot->status, boot->seen);
    }
    close_boot(boot);
    return ran;
}

TEST(any_bytes)
{
    need_native();
    need_user_namespaces();
    const char *time = getenv("NSEXEC_FUZZ_SECONDS");
    double end = seconds() + (time ? atof(time) : 0);
    uint64_t seed = time ? (uint64_t)(end * 1e6) : 1;
    int rounds = 0, ran = 0;
    for (; rounds < 500 || seconds() < end; rounds++)
        ran += is_survived(seed++);
    printf("# %d of %d came to their program\n", ran, rounds);
    /* Otherwise too few messages were valid. */
    assert_in_range(ran, rounds / 50, rounds);
}

/* Stage 0 is killed at a random moment. The others reach their program if stage 0 had done its part, or end, too. */
TEST(killed)
{
    need_native();
    need_user_namespaces();
    int rounds = 0, ran = 0;
    for (state = 4711; rounds < 200; rounds++) {
        struct message *message = new_message();
        add_valid(message);
        struct boot *boot = boot(message);
        close(boot->in);
        boot->in = -1;
        usleep((useconds_t)below(4000));
        kill(boot->pid, SIGKILL);
        assert_true(read_until(boot->log, boot->said, sizeof boot->said, ""));
        read_until(boot->out, boot->seen, sizeof boot->seen, "");
        shutdown(boot->socket, SHUT_WR);
        reap(boot);
        assert_true(is_json(boot->said));
        assert_int_equal(boot->odd, 0);
        ran += strstr(boot->seen, "ready\n") != NULL;
        close_boot(boot);
    }
    printf("# %d of %d came to their program\n", ran, rounds);
}
