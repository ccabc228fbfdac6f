/* Facts about the host, from /proc and /sys and by harmless calls. */
#ifndef HOST_H
#define HOST_H
#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>

/* Newer than the oldest headers; the same everywhere but on alpha. */
#define SYS_OPEN_TREE 428
#define SYS_OPENAT2 437
#define SYS_MOUNT_SETATTR 442

/* The first line, without its end. False: it cannot be read. */
bool read_line(const char *path, char *text, size_t size);
bool read_in(const char *dir, const char *name, char *text, size_t size);
bool read_number(const char *path, long long *value);
/* What /proc/self/status says after "key:". */
bool read_status(const char *key, char *text, size_t size);
bool is_writable(const char *dir, const char *name);
unsigned long long effective_capabilities(void);
bool has_capability(int capability);
/* /proc is there, and shows this process. */
bool has_proc(void);
/* The number, or -errno. */
int landlock_abi(void);
/* The errno of a system call that is given nothing it could take. */
int try_call(long number);
/* Where cgroup v2 is mounted, and the directory of our own cgroup there. */
bool find_cgroup2(char *path, size_t size);
bool own_cgroup(const char *top, char *path, size_t size);
#endif
