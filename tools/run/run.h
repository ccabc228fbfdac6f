/* forkexec-run: any attribute of the library as an option of a command. A section of the library is a file here too,
 * with its rows of the option table; the other files read them, run the command and tell what became of it. */
#ifndef RUN_H
#define RUN_H
#include <forkexec.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the command line asks for. */
struct run {
    struct forkexec_attr *attr;
    char **env;            /* owned, and what it points to */
    const char *argv0;     /* NULL: the command as it was typed */
    bool has_exec_fd;
    bool searches;         /* --search-path was given */
    uint64_t defaults;     /* all that --signal-default named */
    bool stops, traced;    /* --stop-before-exec, --stop-at-entry */
    bool terminal;         /* --terminal */
    int foreground;        /* the terminal that comes back to us at the end, or -1 */
    int64_t timeout_ns;    /* FORKEXEC_FOREVER: none */
    int64_t grace_ns;      /* between SIGTERM and SIGKILL when the time is up; 0: SIGKILL at once */
    bool has_idle_timeout;
    bool describes;
    uint32_t create;       /* the namespaces that --unshare named */
    uint32_t all, share;   /* those that "--unshare all" stands for, and what --share takes away from them */
    bool init, as_pid_1;
    bool names_cgroup;     /* --cgroup */
    bool gives_output;     /* an option says what the command's descriptor 1 or 2 is */
    /* What decides about the capabilities of the program; -1: not said. */
    int64_t uid, uid_inside;    /* to become, and what ours is in the new user namespace */
    bool drops_caps, has_bounding, has_ambient, joins_user;
    uint64_t bounding, ambient;
    uint32_t securebits;
};

/* A row of the option table. Options are applied in the order in which they stand on the command line. */
struct option_row {
    const char *name;
    const char *argument;  /* its form, for people; NULL: it takes none; with "[" before: it may be left out */
    const char *help;
    void (*apply)(struct run *run, char *argument);
};

struct section {
    const char *title;
    const struct option_row *rows;
    size_t count;
};
#define SECTION(name, title) \
    const struct section name##_section = { title, rows, sizeof rows / sizeof *rows }

extern const struct section tool_section, config_section, exec_section, fds_section, session_section, signals_section, limits_section,
    cgroup_section, ids_section, caps_section, ns_section, mounts_section, security_section, filters_section,
    seccomp_json_section, output_section, learn_section;

/* options.c */
/* Where words come from: the command line, a file, or a descriptor. */
struct source {
    const char *name;           /* NULL: the command line */
    int line;                   /* of a file, from 1 on; 0: it has no lines */
    char **words;               /* ends with a NULL */
    size_t at;                  /* of the next word */
    const struct source *from;  /* what named it; NULL: nothing */
};
int read_options(struct run *run, char **argv);
/* All of source's words, which have to be options with their arguments. A bare word is an option's name where is_bare. */
void apply_words(struct run *run, struct source *source, bool is_bare);
const struct source *current_source(void);
void reading(const struct source *source);  /* for messages, until words of it are applied */
/* For options that take more than one argument: the next one. */
char *next_argument(void);
const struct option_row *row_at(size_t place);
void print_help(void);
/* A setter that the library refused is an error of the command line, with the library's reason. */
extern const struct forkexec_attr *asked_attr;
void accept(int result);

/* suggest.c: the option that was probably meant; "" where there is none that is like it. */
const char *suggestion(const char *name);

/* translate.c: a sentence of the library, in the words of the options. */
void translate(const char *sentence, char *text, size_t size);

/* ns.c: what can only be decided when all options are read. */
void finish_namespaces(struct run *run);

/* parse.c: each is an error of the command line, naming the option, where the text is not what it should be. */
int64_t parse_integer(const char *text, int64_t least, int64_t most);
uint64_t parse_unsigned(const char *text, uint64_t most);
uint64_t parse_octal(const char *text, uint64_t most);
uint64_t parse_size(const char *text);      /* with K, M, G or T; "unlimited" is UINT64_MAX */
int64_t parse_seconds(const char *text);    /* with ms, s, m or h; in nanoseconds */
int32_t parse_fd(const char *text);
/* Cuts text at the first c, and returns what follows; an error where there must be one and is not. */
char *cut(char *text, char c);
char *cut_required(char *text, char c);
/* A word with a number. Case does not matter, and "_" is "-". Lists of them end with a NULL. */
struct word {
    const char *name;
    uint64_t value;
};
uint64_t parse_word(const char *text, const struct word *words, const char *what);
/* Words with commas between, or'ed. */
uint64_t parse_words(char *text, const struct word *words, const char *what);
bool find_word(const char *text, const struct word *words, uint64_t *value);
/* "0-3,5": the numbers, in memory that is to be freed. */
uint32_t *parse_numbers(const char *text, uint32_t most, size_t *count);

/* names.c */
int32_t parse_signal(const char *text);
uint64_t parse_signals(char *text);
uint64_t parse_capabilities(char *text);
uint64_t all_capabilities(void);            /* that this kernel knows */
const char *signal_name(int number);        /* "SIGTERM"; "SIGRTMIN+1" in static memory */
const char *errno_name(int number);         /* "ENOENT", or NULL */

/* report.c: what is told, and with what exit code. */
enum own_code { CODE_TIMEOUT = 124, CODE_TOOL = 125, CODE_NOT_EXECUTABLE = 126, CODE_NOT_FOUND = 127 };
extern int json_fd, failure_code;           /* -1: not asked for */
extern const char *current_option;          /* in messages, while there is one */
extern const char *message_prefix;          /* before each of them */
_Noreturn void usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail(int error_number, const char *what);
_Noreturn void report_failure(const struct forkexec_error *error);
_Noreturn void report_interrupted(int signal);
_Noreturn void report_timeout_before_start(void);
void report_event(const char *event, int pid);
/* Why this program ended the command. */
enum end_reason { OF_ITSELF, BY_TIMEOUT, BY_IDLE, BY_OUTPUT, BY_INTERRUPT };
_Noreturn void report_end(const struct forkexec_status *status, enum end_reason reason, int64_t wall_ns);
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* json.c: one object a line. */
struct json;
struct json *json_begin(const char *event);
void json_text(struct json *json, const char *key, const char *value);  /* NULL is null */
void json_integer(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
void json_end(struct json *json, int fd);

/* bwrap.c: this program as bubblewrap; words are the options and the command. */
_Noreturn void bwrap_main(const char *name, char **words);
/* seccomp_json.c */
void add_profiles(struct run *run);

/* caps.c: those that the program will be permitted, as far as the options say. */
uint64_t capabilities_of_program(const struct run *run);

/* cgroup.c */
void make_cgroup(struct run *run);
int64_t cgroup_processor_ns(void);          /* of all that ever ran in it; -1: there is none, or that is not known */
void remove_cgroup(void);

/* mounts.c: after the last option */
void check_mounts(void);
/* output.c */
enum { OUTPUT_FDS = 4 };
bool make_pipes(const struct run *run);     /* false: none are asked for */
void begin_output(void);                    /* the command has its ends */
void poll_output(struct pollfd fds[OUTPUT_FDS]);
void move_output(const struct pollfd fds[OUTPUT_FDS]);
bool is_output_too_much(void);
bool is_output_at_end(void);
bool is_output_held(void);                  /* somebody may still write */
int64_t last_output(void);                  /* when something was read or written */
bool has_output_text(void);                 /* that is read and not yet written */
int64_t idle_deadline(void);                /* INT64_MAX: none */
int64_t output_bytes(void);                 /* -1: not counted */
int output_error(void);                     /* why some of it was lost, other than for want of a reader; 0: none was */

/* learn.c */
void prepare_learning(struct run *run);
void begin_learning(const struct forkexec_child *child, const char *path);
int learning_fd(void);                      /* to be polled; -1: nothing is learnt */
bool learn_next(void);                      /* false: nobody is left */
void end_learning(void);
/* terminal.c */
void make_terminal(struct run *run, char *none);
void begin_relay(struct forkexec_child *child);
void pass_size_on(void);
enum { TERMINAL_FDS = 2 };
void poll_terminal(struct pollfd fds[TERMINAL_FDS], int64_t *ns);  /* ns: the longest to sleep */
void relay(const struct pollfd fds[TERMINAL_FDS]);
void end_relay(void);

/* supervise.c, tree.c, probe.c */
_Noreturn void supervise(const struct run *run, const char *path, char *const argv[]);
int64_t now_ns(void);
void remember_children(int32_t child);      /* those of ours that are not the command's; child is */
void reap_orphans(int32_t child);
bool kill_descendants(int64_t within_ns);
void signal_descendants(int number);
void print_probe(void);
#endif
