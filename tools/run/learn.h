/* How a program is watched (learn.c), what its calls mean (learn_call.c), and what it was seen to need (learn_seen.c). */
#ifndef LEARN_H
#define LEARN_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct seccomp_data;

/* learn_call.c: the calls that are about files and ports; numbers has room for MOST_KNOWN. */
enum { MOST_KNOWN = 64 };
size_t known_calls(uint32_t *numbers);
void see_call(const struct seccomp_data *data, int32_t process);

/* learn_seen.c: an access to a path, absolute and as the program named it; bits as Landlock has them, 0: that it is there. */
void saw_path(const char *path, uint64_t access);
/* What the program makes, with what it may do to it; the place is what has to be granted. */
void saw_making(const char *path, uint64_t access);
/* The program file: read, executed, and what interprets it as well. */
void saw_program(const char *path);
void saw_port(uint16_t port, bool connects);
void saw_call(uint32_t number);
/* What could not be looked at, in a sentence; told once each. */
void saw_nothing(const char *why);

void print_landlock(FILE *out);
void print_binds(FILE *out, const char *cwd);
/* False: this program was built without libseccomp, which knows the names. */
bool print_calls(FILE *out);
bool knows_calls(void);
#endif
