/* What the command writes, through pipes of ours: to count it, and to see when it falls silent. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A write of this size to a pipe that is ready does not wait. */
enum { PIECE = 4096 };

/* From the command's end of a pipe to a descriptor of ours. */
struct stream {
    int in, out;    /* in below 0: it is at its end, or there is none */
    size_t at, length;
    char text[65536];
};
static struct stream streams[2] = { { .in = -1 }, { .in = -1 } };
static int theirs[2] = { -1, -1 };

static uint64_t limit = UINT64_MAX, total;
static int64_t idle_ns = FORKEXEC_FOREVER, last_ns;
static bool is_piped, is_too_much;
static int write_error;

static void output_limit(struct run *run, char *size)
{
    (void)run;
    limit = parse_size(size);
    is_piped = true;
}

static void idle_timeout(struct run *run, char *time)
{
    run->has_idle_timeout = true;
    idle_ns = parse_seconds(time);
    is_piped = true;
}

/* Where both go to one file, one pipe keeps their order. */
static bool is_same(int one, int other)
{
    struct stat a, b;
    return !fstat(one, &a) && !fstat(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_rdev == b.st_rdev;
}

static int open_pipe(struct stream *stream, int out)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        fail(errno, "a pipe for the command's output");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    stream->in = ends[0];
    stream->out = out;
    return ends[1];
}

bool make_pipes(const struct run *run)
{
    if (!is_piped)
        return false;
    current_option = limit == UINT64_MAX ? "idle-timeout" : "output-limit";
    if (run->gives_output)
        usage("another option says where the command's descriptors 1 and 2 lead to");
    theirs[0] = open_pipe(&streams[0], STDOUT_FILENO);
    theirs[1] = is_same(STDOUT_FILENO, STDERR_FILENO) ? -1 : open_pipe(&streams[1], STDERR_FILENO);
    accept(forkexec_attr_map_fd(run->attr, theirs[0], STDOUT_FILENO));
    accept(forkexec_attr_map_fd(run->attr, theirs[theirs[1] < 0 ? 0 : 1], STDERR_FILENO));
    current_option = NULL;
    return true;
}

void begin_output(void)
{
    for (size_t i = 0; i < 2; i++)
        if (theirs[i] >= 0)
            close(theirs[i]);
    last_ns = now_ns();
}

static void end_stream(struct stream *stream)
{
    if (stream->in >= 0)
        close(stream->in);
    stream->in = -1;
    stream->length = stream->at = 0;
}

void poll_output(struct pollfd fds[OUTPUT_FDS])
{
    for (size_t i = 0; i < 2; i++) {
        const struct stream *stream = &streams[i];
        bool has_text = stream->at < stream->length;
        fds[2 * i] = (struct pollfd){ has_text || is_too_much ? -1 : stream->in, POLLIN, 0 };
        fds[2 * i + 1] = (struct pollfd){ stream->in < 0 ? -1 : stream->out, has_text ? POLLOUT : 0, 0 };
    }
}

/* What is within the limit passes; the first byte beyond it is the end. */
static void read_stream(struct stream *stream)
{
    ssize_t n = read(stream->in, stream->text, sizeof stream->text);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end_stream(stream);
        return;
    }
    last_ns = now_ns();
    uint64_t allowed = limit - total;
    is_too_much = (uint64_t)n > allowed;
    stream->at = 0;
    stream->length = is_too_much ? (size_t)allowed : (size_t)n;
    total += stream->length;
}

/* Who does not read any more is told to the command as it would be without us: its pipe is closed. */
static void write_stream(struct stream *stream)
{
    size_t left = stream->length - stream->at;
    ssize_t n = write(stream->out, stream->text + stream->at, left < PIECE ? left : PIECE);
    if (n > 0)
        stream->at += (size_t)n;
    else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        write_error = errno == EPIPE ? write_error : errno;
        end_stream(stream);
    }
    /* While somebody reads slowly, the command cannot write. */
    last_ns = now_ns();
}

void move_output(const struct pollfd fds[OUTPUT_FDS])
{
    for (size_t i = 0; i < 2; i++) {
        struct stream *stream = &streams[i];
        bool has_text = stream->at < stream->length;
        if (stream->in < 0)
            continue;
        if (has_text && fds[2 * i + 1].revents)
            write_stream(stream);
        else if (!has_text && fds[2 * i + 1].revents & POLLERR)
            end_stream(stream);
        else if (!has_text && fds[2 * i].revents)
            read_stream(stream);
    }
}

bool is_output_too_much(void)
{
    return is_too_much;
}

bool is_output_at_end(void)
{
    return streams[0].in < 0 && streams[1].in < 0;
}

/* Once all ends of the others are closed a pipe is hung up, whatever is left in it. */
bool is_output_held(void)
{
    struct pollfd fds[2] = { { streams[0].in, 0, 0 }, { streams[1].in, 0, 0 } };
    poll(fds, 2, 0);
    return (fds[0].fd >= 0 && !(fds[0].revents & POLLHUP)) || (fds[1].fd >= 0 && !(fds[1].revents & POLLHUP));
}

int64_t last_output(void)
{
    return last_ns;
}

bool has_output_text(void)
{
    return streams[0].at < streams[0].length || streams[1].at < streams[1].length;
}

int64_t idle_deadline(void)
{
    return idle_ns == FORKEXEC_FOREVER || is_output_at_end() ? INT64_MAX : last_ns + idle_ns;
}

int output_error(void)
{
    return write_error;
}

int64_t output_bytes(void)
{
    return is_piped ? (int64_t)total : -1;
}

static const struct option_row rows[] = {
    { "output-limit", "BYTES", "kill the command and all that it started when they write more to both outputs together, as "
        "16M", output_limit },
    { "idle-timeout", "SECONDS", "the time for which both outputs may be silent, before it is up", idle_timeout },
};
SECTION(output, "Output: through pipes, which forkexec-run copies");
