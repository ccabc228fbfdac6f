#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SYS_LANDLOCK_CREATE_RULESET 444

bool read_line(const char *path, char *text, size_t size)
{
    FILE *in = fopen(path, "re");
    if (!in)
        return false;
    bool got = fgets(text, (int)size, in);
    /* An empty file has an empty line; one that cannot be read has none. */
    if (!got && feof(in) && !ferror(in))
        *text = 0, got = true;
    fclose(in);
    text[got ? strcspn(text, "\n") : 0] = 0;
    return got;
}

bool read_in(const char *dir, const char *name, char *text, size_t size)
{
    char path[8192 + 64];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return read_line(path, text, size);
}

bool read_number(const char *path, long long *value)
{
    char text[64], *end;
    if (!read_line(path, text, sizeof text))
        return false;
    *value = strtoll(text, &end, 10);
    return end != text;
}

bool read_status(const char *key, char *text, size_t size)
{
    char line[1024];
    size_t length = strlen(key);
    bool found = false;
    FILE *in = fopen("/proc/self/status", "re");
    while (in && !found && fgets(line, sizeof line, in))
        if (!strncmp(line, key, length) && line[length] == ':') {
            const char *value = line + length + 1 + strspn(line + length + 1, " \t");
            snprintf(text, size, "%.*s", (int)strcspn(value, "\n"), value);
            found = true;
        }
    if (in)
        fclose(in);
    return found;
}

bool is_writable(const char *dir, const char *name)
{
    char path[8192 + 64];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return !access(path, W_OK);
}

/* Not from /proc, which may be missing. */
unsigned long long effective_capabilities(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct set[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    return syscall(SYS_capget, &header, set) ? 0 : set[0].effective | (unsigned long long)set[1].effective << 32;
}

bool has_capability(int capability)
{
    return effective_capabilities() >> capability & 1;
}

bool has_proc(void)
{
    return !access("/proc/self/mountinfo", R_OK);
}

int landlock_abi(void)
{
    long abi = syscall(SYS_LANDLOCK_CREATE_RULESET, NULL, (size_t)0, 1);
    return abi < 0 ? -errno : (int)abi;
}

int try_call(long number)
{
    return syscall(number, -1, NULL, 0, NULL, 0) < 0 ? errno : 0;
}

/* mountinfo escapes what could be taken for its own as three octal digits. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++)
        if (*from == '\\' && strspn(from + 1, "01234567") >= 3) {
            *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    *to = 0;
}

/* A line is: id parent device root mount-point options tags... - type source options */
bool find_cgroup2(char *path, size_t size)
{
    char line[8192], root[4096], point[4096];
    bool found = false;
    FILE *in = fopen("/proc/self/mountinfo", "re");
    while (in && !found && fgets(line, sizeof line, in)) {
        const char *type = strstr(line, " - ");
        if (!type || strncmp(type, " - cgroup2 ", 11) ||
            sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) != 2 || strcmp(root, "/"))
            continue;
        unescape(point);
        snprintf(path, size, "%s", point);
        found = true;
    }
    if (in)
        fclose(in);
    return found;
}

bool own_cgroup(const char *top, char *path, size_t size)
{
    char line[4096];
    bool found = false;
    FILE *in = fopen("/proc/self/cgroup", "re");
    while (in && !found && fgets(line, sizeof line, in)) {
        if (strncmp(line, "0::", 3))
            continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(path, size, "%s%s", top, strcmp(line + 3, "/") ? line + 3 : "");
        found = true;
    }
    if (in)
        fclose(in);
    return found && !access(path, X_OK);
}
