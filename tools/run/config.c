/* Options from elsewhere than the command line: from a descriptor (--args), and from files (--config). */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 20, MOST_WORDS = 4096, DEEPEST = 16, MOST_FILES = 256 };

/* Where the presets are, when they are not beside this program. */
#ifndef PRESETS
#define PRESETS "/usr/share/forkexec"
#endif

/* A file that is being read, which must not include itself. */
struct file {
    struct source source;
    dev_t device;
    ino_t inode;
    const struct file *from;
    int depth;
};
static const struct file *current;
static int files;

/* All that fd, which is called name, gives, with a NUL behind. */
static char *read_all(int fd, const char *name, size_t *length)
{
    char *text = malloc(MOST_BYTES + 2);
    ssize_t n = 1;
    *length = 0;
    while (text && n > 0 && *length <= MOST_BYTES) {
        n = read(fd, text + *length, MOST_BYTES + 1 - *length);
        *length += n > 0 ? (size_t)n : 0;
        if (n < 0 && errno == EINTR)
            n = 1;
    }
    if (!text || n < 0)
        usage("%s: %s", name, strerror(text ? errno : ENOMEM));
    if (*length > MOST_BYTES)
        usage("%s: there is more than 1 MiB of it", name);
    text[*length] = 0;
    return text;
}

static void add_word(struct source *source, size_t *count, char *word)
{
    if (!source->words && !(source->words = calloc(MOST_WORDS + 1, sizeof *source->words)))
        usage("no memory");
    if (*count == MOST_WORDS)
        usage("there are more than %d words", MOST_WORDS);
    source->words[(*count)++] = word;
    source->words[*count] = NULL;
}

static void args(struct run *run, char *text)
{
    static int depth;
    struct source source = { .name = NULL, .from = current_source() };
    size_t length, count = 0;
    int fd = parse_fd(text);
    if (++depth > DEEPEST)
        usage("%s: deeper than %d in one another", text, DEEPEST);
    char *all = read_all(fd, text, &length), name[64];
    close(fd);
    for (char *at = all; at < all + length; at += strlen(at) + 1)
        add_word(&source, &count, at);
    snprintf(name, sizeof name, "descriptor %d", fd);
    source.name = name;
    if (source.words)
        apply_words(run, &source, false);
    depth--;
}

/* Takes the next word of a line off, in place: words have blanks between; '...' is as it stands, in "..." and outside a
 * backslash takes its meaning from the next letter, # begins a comment. NULL: there is none. */
static char *take_word(char **line)
{
    char *at = *line + strspn(*line, " \t"), *start = at, *end = at, quote = 0;
    if (!*at || *at == '#')
        return NULL;
    for (; *at && (quote || (*at != ' ' && *at != '\t')); at++) {
        if (quote ? *at == quote : *at == '\'' || *at == '"') {
            quote = quote ? 0 : *at;
            continue;
        }
        if (*at == '\\' && quote != '\'' && !*++at)
            usage("a \\ stands at the end of the line");
        *end++ = *at;
    }
    if (quote)
        usage("a %c is not closed", quote);
    *line = *at ? at + 1 : at;
    *end = 0;
    return start;
}

static void include(struct run *run, const char *name);

static void apply_line(struct run *run, struct file *file, char *line)
{
    size_t count = 0;
    file->source.at = 0;
    for (char *word; (word = take_word(&line));)
        add_word(&file->source, &count, word);
    if (!count)
        return;
    char **words = file->source.words;
    if (strcmp(words[0], "include"))
        apply_words(run, &file->source, true);
    else if (count != 2)
        usage("include: it takes one file");
    else
        include(run, words[1]);
}

static void apply_file(struct run *run, struct file *file, int fd)
{
    size_t length;
    char *text = read_all(fd, file->source.name, &length);
    if (strlen(text) != length)
        usage("%s is no text: it holds a NUL", file->source.name);
    current_option = NULL;
    current = file;
    for (char *line = text; line;) {
        char *next = cut(line, '\n'), *end = line + strlen(line);
        file->source.line++;
        if (end > line && end[-1] == '\r')
            end[-1] = 0;
        reading(&file->source);
        apply_line(run, file, line);
        line = next;
    }
    reading(file->source.from);
    current = file->from;
}

/* Beside this program, as in PREFIX/bin and PREFIX/share or in a folder of its own, or where it was built for. */
static int open_preset(const char *name, char *path, size_t size)
{
    char self[PATH_MAX] = "";
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = 0;
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = 0;
    for (int place = slash ? 0 : 2; place < 3; place++) {
        static const char *const below[] = { "/../share/forkexec", "/presets", PRESETS };
        snprintf(path, size, "%s%s/%s.conf", place < 2 ? self : "", below[place], name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 || errno != ENOENT)
            return fd;
    }
    usage("there is no preset \"%s\" in %s; a file of yours needs a slash, as ./%s", name, PRESETS, name);
}

/* A name without a slash is a preset's; one that is relative is so to the file that it stands in. */
static int open_file(const char *name, char *path, size_t size)
{
    const char *slash = current ? strrchr(current->source.name, '/') : NULL;
    if (!strchr(name, '/'))
        return open_preset(name, path, size);
    if (*name == '/' || !slash)
        snprintf(path, size, "%s", name);
    else
        snprintf(path, size, "%.*s/%s", (int)(slash - current->source.name), current->source.name, name);
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static void include(struct run *run, const char *name)
{
    char path[2 * PATH_MAX];
    struct stat is;
    int fd = open_file(name, path, sizeof path);
    if (fd < 0 || fstat(fd, &is))
        usage("%s: %s", path, strerror(errno));
    if (S_ISDIR(is.st_mode))
        usage("%s: %s", path, strerror(EISDIR));
    for (const struct file *file = current; file; file = file->from)
        if (file->device == is.st_dev && file->inode == is.st_ino)
            usage("include %s: this file is being read already: it includes itself", path);
    if (++files > MOST_FILES)
        usage("%s: more than %d files are included", path, MOST_FILES);
    struct file file = { { .name = path, .from = current_source() }, is.st_dev, is.st_ino, current,
        current ? current->depth + 1 : 1 };
    if (file.depth > DEEPEST)
        usage("%s: includes are deeper than %d in one another", path, DEEPEST);
    apply_file(run, &file, fd);
    close(fd);
}

static void config(struct run *run, char *name)
{
    const char *option = current_option;
    if (current)
        usage("in a file it is: include %s", name);
    include(run, name);
    current_option = option;
}

static const struct option_row rows[] = {
    { "args", "FD", "read options from the caller's descriptor FD, each word with a NUL behind, as if they stood here", args },
    { "config", "FILE", "read options from FILE, one a line without the dashes; a name without a slash is a preset: strict, "
        "judge, build", config },
};
SECTION(config, "Options from elsewhere");
