/* A terminal of the command's own: what is typed at ours goes there, and what the command writes comes here. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { END_OF_FILE = 4 /* Ctrl-D, by default */ };

static int master = -1;
static bool is_raw, input_ended;
/* Nobody has the other end at the moment; to close ours would hang up a command that may open it again. */
static bool is_left;
static struct termios before;
/* What the command has not read yet. */
static char typed[4096];
static size_t typed_from, typed_to;
static char last_typed = '\n';

static struct winsize own_size(void)
{
    struct winsize size = { 0 };
    for (int fd = 0; fd <= 2; fd++)
        if (!ioctl(fd, TIOCGWINSZ, &size))
            break;
    return size;
}

void make_terminal(struct run *run, char *none)
{
    (void)none;
    struct winsize size = own_size();
    run->terminal = true;
    accept(forkexec_attr_set_terminal(run->attr, size.ws_row, size.ws_col));
}

void pass_size_on(void)
{
    struct winsize size = own_size();
    if (master >= 0 && (size.ws_row || size.ws_col))
        ioctl(master, TIOCSWINSZ, &size);
}

void begin_relay(struct forkexec_child *child)
{
    int fd = forkexec_child_terminal_fd(child);
    if (fd < 0)
        fail(-fd, "the command's terminal cannot be had");
    fcntl(fd, F_SETFL, O_NONBLOCK | O_RDWR);
    master = fd;
    pass_size_on();
    /* Each key is the command's, Ctrl-C too. */
    if (!tcgetattr(0, &before)) {
        struct termios raw = before;
        cfmakeraw(&raw);
        is_raw = !tcsetattr(0, TCSADRAIN, &raw);
    }
}

/* Output that nobody takes is lost, as it is where it is written to a terminal that is gone. */
static bool copy_output(void)
{
    char bytes[4096];
    ssize_t n = read(master, bytes, sizeof bytes);
    for (ssize_t at = 0, m; at < n; at += m)
        if ((m = write(1, bytes + at, (size_t)(n - at))) <= 0) {
            struct pollfd ready = { 1, POLLOUT, 0 };
            if (m < 0 && errno != EAGAIN && errno != EINTR)
                break;
            m = 0;
            poll(&ready, 1, -1);
        }
    return n > 0;
}

/* The end of our input is what Ctrl-D says: once at the beginning of a line, twice in the middle of one. */
static void take_input(void)
{
    ssize_t n = read(0, typed, sizeof typed);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        input_ended = true;
        memset(typed, END_OF_FILE, 2);
        n = last_typed == '\n' ? 1 : 2;
    }
    last_typed = typed[n - 1];
    typed_from = 0, typed_to = (size_t)n;
}

static void pass_input_on(void)
{
    ssize_t n = write(master, typed + typed_from, typed_to - typed_from);
    if (n > 0)
        typed_from += (size_t)n;
    else if (errno != EAGAIN && errno != EINTR)
        typed_from = typed_to;
}

/* Nobody has the terminal open, as it may be for a moment: it is looked at again and not slept on. */
void poll_terminal(struct pollfd fds[TERMINAL_FDS], int64_t *ns)
{
    bool waits = typed_from < typed_to;
    fds[0] = (struct pollfd){ is_left ? -1 : master, (short)(POLLIN | (waits ? POLLOUT : 0)), 0 };
    fds[1] = (struct pollfd){ master < 0 || is_left || waits || input_ended ? -1 : 0, POLLIN, 0 };
    if (is_left && *ns > 50000000)
        *ns = 50000000;
    is_left = false;
}

void relay(const struct pollfd fds[TERMINAL_FDS])
{
    if (fds[0].revents & POLLOUT)
        pass_input_on();
    is_left = fds[0].revents & (POLLIN | POLLHUP | POLLERR) && !copy_output() && errno == EIO;
    if (fds[1].revents)
        take_input();
}

/* What the command has written before its end; what descendants of it write later is lost. */
void end_relay(void)
{
    while (master >= 0 && copy_output())
        ;
    if (is_raw)
        tcsetattr(0, TCSADRAIN, &before);
    is_raw = false;
}
