/* Reads a seccomp profile as Docker and OCI have it: "linux.seccomp" of the runtime specification, alone or in a whole
 * config.json, with Docker's archMap, includes and excludes. What is not understood is an error that names it: a rule
 * that was left out protects nobody. */
#define _GNU_SOURCE
/* A type there, and a function in run.h. */
#define json_bool json_c_bool
#include <json-c/json.h>
#undef json_bool

#include "run.h"

#include "profile.h"

#include <ctype.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { MOST_BYTES = 4 << 20, MOST_RULES = 16384 };

/* What of the program, the machine and the kernel decides about rules. */
struct surroundings {
    uint64_t capabilities;
    const char *arch;           /* as Docker calls the native one */
    unsigned long kernel[2];
};

/* Where we are in the document, for messages: "syscalls[3].args". */
static char path[256];

static size_t enter(const char *key)
{
    size_t length = strlen(path);
    snprintf(path + length, sizeof path - length, "%s%s", length ? "." : "", key);
    return length;
}

static size_t enter_item(const char *key, size_t at)
{
    size_t before = enter(key), length = strlen(path);
    snprintf(path + length, sizeof path - length, "[%zu]", at);
    return before;
}

static void leave(size_t length)
{
    path[length] = 0;
}

static _Noreturn void refuse(const char *name, const char *why)
{
    usage("%s%s%s: %s", path, *path && *name ? "." : "", name, why);
}

static void check_type(struct json_object *is, enum json_type type, const char *name)
{
    static const char *const words[] = { [json_type_object] = "an object", [json_type_array] = "a list",
        [json_type_string] = "a text", [json_type_int] = "a whole number" };
    char why[64];
    snprintf(why, sizeof why, "it should be %s", words[type]);
    if (!json_object_is_type(is, type))
        refuse(name, why);
    if (type == json_type_string && strlen(json_object_get_string(is)) != (size_t)json_object_get_string_len(is))
        refuse(name, "it holds a NUL");
}

/* NULL: there is none, or it is null. */
static struct json_object *get(struct json_object *object, const char *name, enum json_type type)
{
    struct json_object *is = NULL;
    if (json_object_object_get_ex(object, name, &is) && is)
        check_type(is, type, name);
    return is;
}

static const char *get_text(struct json_object *object, const char *name)
{
    struct json_object *is = get(object, name, json_type_string);
    return is ? json_object_get_string(is) : NULL;
}

static uint64_t get_number(struct json_object *object, const char *name, uint64_t otherwise, uint64_t most)
{
    struct json_object *is = get(object, name, json_type_int);
    if (!is)
        return otherwise;
    if (json_object_get_int64(is) < 0)
        refuse(name, "it is below 0");
    uint64_t value = json_object_get_uint64(is);
    char why[64];
    snprintf(why, sizeof why, "it is above %llu", (unsigned long long)most);
    if (value > most)
        refuse(name, why);
    return value;
}

static size_t length_of(struct json_object *list)
{
    return list ? json_object_array_length(list) : 0;
}

static struct json_object *item(struct json_object *list, const char *name, size_t at, enum json_type type)
{
    struct json_object *is = json_object_array_get_idx(list, at);
    char text[64];
    snprintf(text, sizeof text, "%s[%zu]", name, at);
    check_type(is, type, text);
    return is;
}

static const char *text_item(struct json_object *list, const char *name, size_t at)
{
    return json_object_get_string(item(list, name, at, json_type_string));
}

/* names ends with a NULL. */
static void check_keys(struct json_object *object, const char *const *names)
{
    json_object_object_foreach(object, key, value) {
        (void)value;
        const char *const *name = names;
        while (*name && strcmp(*name, key))
            name++;
        if (!*name)
            refuse(key, "there is no such key in a profile");
    }
}

/* errno_ret above 65535: there is none. */
static uint32_t answer_of(const char *action, const char *name, uint64_t errno_ret)
{
    static const struct word words[] = { { "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
        { "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD }, { "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
        { "SCMP_ACT_TRAP", SECCOMP_RET_TRAP }, { "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO },
        { "SCMP_ACT_TRACE", SECCOMP_RET_TRACE }, { "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
        { "SCMP_ACT_LOG", SECCOMP_RET_LOG }, { NULL, 0 } };
    if (!action)
        refuse(name, "it is missing");
    if (!strcmp(action, "SCMP_ACT_NOTIFY"))
        refuse(name, "SCMP_ACT_NOTIFY needs somebody who answers, whom this command does not have");
    for (const struct word *word = words; word->name; word++)
        if (!strcmp(word->name, action)) {
            uint32_t answer = (uint32_t)word->value;
            bool has_data = answer == SECCOMP_RET_ERRNO || answer == SECCOMP_RET_TRACE;
            return has_data ? answer | (uint32_t)(errno_ret > 65535 ? EPERM : errno_ret) : answer;
        }
    usage("%s%s%s: there is no action \"%s\"", path, *path ? "." : "", name, action);
}

static uint32_t arch_of(const char *name)
{
    char lower[32] = "";
    if (!strncmp(name, "SCMP_ARCH_", 10))
        for (size_t i = 0; name[10 + i] && i + 1 < sizeof lower; i++)
            lower[i] = (char)tolower((unsigned char)name[10 + i]);
    return *lower ? seccomp_arch_resolve_name(lower) : 0;
}

static void add_arch(struct profile *profile, const char *where, const char *name)
{
    uint32_t arch = arch_of(name);
    if (!arch)
        usage("%s%s%s: there is no architecture \"%s\", as far as libseccomp knows", path, *path ? "." : "", where, name);
    for (size_t i = 0; i < profile->arch_count; i++)
        if (profile->arches[i] == arch)
            return;
    if (profile->arch_count == sizeof profile->arches / sizeof *profile->arches)
        refuse(where, "these are too many");
    profile->arches[profile->arch_count++] = arch;
}

static void add_arches(struct profile *profile, struct json_object *list, const char *name)
{
    for (size_t i = 0; i < length_of(list); i++)
        add_arch(profile, name, text_item(list, name, i));
}

/* Of the entries only that of the native architecture counts; of others libseccomp need not have heard. */
static void read_arches(struct profile *profile, struct json_object *object)
{
    static const char *const keys[] = { "architecture", "subArchitectures", NULL };
    struct json_object *arches = get(object, "architectures", json_type_array);
    struct json_object *map = get(object, "archMap", json_type_array);
    if (length_of(arches) && length_of(map))
        refuse("archMap", "there are \"architectures\", too");
    add_arches(profile, arches, "architectures");
    for (size_t i = 0; i < length_of(map); i++) {
        struct json_object *entry = item(map, "archMap", i, json_type_object);
        size_t length = enter_item("archMap", i);
        check_keys(entry, keys);
        const char *name = get_text(entry, "architecture");
        struct json_object *below = get(entry, "subArchitectures", json_type_array);
        if (!name || strncmp(name, "SCMP_ARCH_", 10))
            refuse("architecture", "it should be a name that begins with SCMP_ARCH_");
        if (arch_of(name) == profile->arches[0])
            add_arches(profile, below, "subArchitectures");
        leave(length);
    }
}

static void read_flags(struct profile *profile, struct json_object *object)
{
    struct json_object *list = get(object, "flags", json_type_array);
    /* As runc has it where a profile does not say. */
    if (!list)
        profile->flags = FORKEXEC_SECCOMP_SPEC_ALLOW;
    for (size_t i = 0; i < length_of(list); i++) {
        const char *flag = text_item(list, "flags", i);
        if (!strcmp(flag, "SECCOMP_FILTER_FLAG_LOG"))
            profile->flags |= FORKEXEC_SECCOMP_LOG;
        else if (!strcmp(flag, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"))
            profile->flags |= FORKEXEC_SECCOMP_SPEC_ALLOW;
        else if (strcmp(flag, "SECCOMP_FILTER_FLAG_TSYNC") && strcmp(flag, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"))
            usage("flags[%zu]: there is no flag \"%s\"", i, flag);
        /* The program has one thread when it begins, and nobody is notified: these two change nothing. */
    }
}

static uint64_t capability_of(const char *name, const char *where)
{
    char text[64];
    if (strncmp(name, "CAP_", 4) || strlen(name) >= sizeof text || strchr(name, ','))
        refuse(where, "it should be the name of a capability, as CAP_SYS_ADMIN");
    return parse_capabilities(strcpy(text, name));
}

static bool is_at_least(const struct surroundings *host, const char *text)
{
    char *end;
    unsigned long first = strtoul(text, &end, 10), second = 0;
    bool is_right = isdigit((unsigned char)*text) && *end == '.' && isdigit((unsigned char)end[1]);
    if (is_right)
        second = strtoul(end + 1, &end, 10);
    if (!is_right || *end)
        refuse("minKernel", "it should be two numbers, as 4.8");
    return host->kernel[0] != first ? host->kernel[0] > first : host->kernel[1] >= second;
}

/* How much of a filter is true here. Docker takes a rule whose "includes" are all true and whose "excludes" are not: of
 * the latter one suffices. */
struct found {
    bool any, all;
};

static struct found look(struct json_object *object, const char *name, const struct surroundings *host)
{
    static const char *const keys[] = { "caps", "arches", "minKernel", NULL };
    struct found found = { false, true };
    struct json_object *filter = get(object, name, json_type_object);
    if (!filter)
        return found;
    size_t length = enter(name);
    check_keys(filter, keys);
    struct json_object *caps = get(filter, "caps", json_type_array), *arches = get(filter, "arches", json_type_array);
    const char *kernel = get_text(filter, "minKernel");
    for (size_t i = 0; i < length_of(caps); i++) {
        bool is = host->capabilities & capability_of(text_item(caps, "caps", i), "caps");
        found.any = found.any || is;
        found.all = found.all && is;
    }
    bool has = false;
    for (size_t i = 0; i < length_of(arches); i++)
        has = has || !strcmp(text_item(arches, "arches", i), host->arch);
    found.any = found.any || has;
    found.all = found.all && (has || !length_of(arches));
    if (kernel && *kernel) {
        bool is = is_at_least(host, kernel);
        found.any = found.any || is;
        found.all = found.all && is;
    }
    leave(length);
    return found;
}

static void read_conditions(struct rule *rule, struct json_object *object)
{
    static const struct word words[] = { { "SCMP_CMP_EQ", EQUAL }, { "SCMP_CMP_NE", NOT_EQUAL }, { "SCMP_CMP_GT", GREATER },
        { "SCMP_CMP_GE", GREATER_EQUAL }, { "SCMP_CMP_LT", LESS }, { "SCMP_CMP_LE", LESS_EQUAL },
        { "SCMP_CMP_MASKED_EQ", MASKED_EQUAL }, { NULL, 0 } };
    static const char *const keys[] = { "index", "value", "valueTwo", "op", NULL };
    struct json_object *list = get(object, "args", json_type_array);
    if (length_of(list) > 6)
        refuse("args", "these are more than 6");
    for (rule->count = 0; rule->count < length_of(list); rule->count++) {
        struct json_object *entry = item(list, "args", rule->count, json_type_object);
        size_t length = enter_item("args", rule->count);
        check_keys(entry, keys);
        const char *op = get_text(entry, "op");
        uint64_t comparison;
        if (!get(entry, "index", json_type_int))
            refuse("index", "it is missing");
        if (!op || !find_word(op, words, &comparison))
            refuse("op", "it should be SCMP_CMP_ and one of EQ, NE, GT, GE, LT, LE and MASKED_EQ");
        rule->conditions[rule->count] = (struct condition){ (unsigned)get_number(entry, "index", 0, 5),
            (enum comparison)comparison, get_number(entry, "value", 0, UINT64_MAX),
            get_number(entry, "valueTwo", 0, UINT64_MAX) };
        leave(length);
    }
}

static void add_rule(struct profile *profile, const struct rule *rule)
{
    if (profile->rule_count == MOST_RULES)
        usage("there are more than %d rules", MOST_RULES);
    /* Room for twice as many whenever a power of two is reached. */
    if (!(profile->rule_count & (profile->rule_count - 1))) {
        size_t room = profile->rule_count ? 2 * profile->rule_count : 1;
        profile->rules = realloc(profile->rules, room * sizeof *rule);
    }
    if (!profile->rules || !(profile->rules[profile->rule_count] = *rule).name)
        usage("no memory");
    profile->rule_count++;
}

/* Two conditions on one argument are two rules, of which one suffices: so runc has it, and profiles rely on it. */
static void add_rules(struct profile *profile, const struct rule *rule, const char *name)
{
    bool is_split = false;
    for (size_t i = 0; i < rule->count; i++)
        for (size_t j = 0; j < i; j++)
            is_split = is_split || rule->conditions[i].index == rule->conditions[j].index;
    for (size_t i = 0; i < (is_split ? rule->count : 1); i++) {
        struct rule one = *rule;
        one.name = strdup(name);
        if (is_split) {
            one.conditions[0] = rule->conditions[i];
            one.count = 1;
        }
        add_rule(profile, &one);
    }
}

static void read_rule(struct profile *profile, struct json_object *object, int place, const struct surroundings *host)
{
    static const char *const keys[] = { "names", "name", "action", "errnoRet", "args", "comment", "includes", "excludes",
        NULL };
    check_keys(object, keys);
    struct json_object *names = get(object, "names", json_type_array);
    const char *name = get_text(object, "name");
    struct rule rule = { .place = place };
    rule.answer = answer_of(get_text(object, "action"), "action", get_number(object, "errnoRet", UINT64_MAX, 4095));
    read_conditions(&rule, object);
    bool is_included = look(object, "includes", host).all, is_excluded = look(object, "excludes", host).any;
    if ((name && length_of(names)) || (!name && !length_of(names)))
        refuse("names", name ? "there is a \"name\", too" : "they are missing");
    for (size_t i = 0; i < length_of(names); i++)
        if (!*text_item(names, "names", i))
            refuse("names", "one of them is empty");
    /* What is answered as without the rule is left out: so runc has it. */
    if (!is_included || is_excluded || rule.answer == profile->answer)
        return;
    if (name)
        add_rules(profile, &rule, name);
    for (size_t i = 0; i < length_of(names); i++)
        add_rules(profile, &rule, text_item(names, "names", i));
}

static struct json_object *parse(const char *text, size_t length)
{
    struct json_tokener *tokener = json_tokener_new();
    if (!tokener)
        usage("no memory");
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    struct json_object *document = json_tokener_parse_ex(tokener, text, (int)length + 1);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    size_t end = json_tokener_get_parse_end(tokener);
    size_t line = 1;
    for (size_t i = 0; i < end && i < length; i++)
        line += text[i] == '\n';
    if (error == json_tokener_success && end < length && strspn(text + end, " \t\r\n") != length - end)
        error = json_tokener_error_parse_unexpected;
    json_tokener_free(tokener);
    if (error != json_tokener_success)
        usage("line %zu: this is no JSON: %s", line, error == json_tokener_continue ? "it ends too early"
            : json_tokener_error_desc(error));
    return document;
}

/* json-c takes a number that is too large for the largest. */
static bool has_larger_number(const char *text)
{
    static const char largest[] = "18446744073709551615";
    for (bool is_string = false; *text; text++) {
        size_t digits = is_string ? 0 : strspn(text, "0123456789");
        if (is_string && *text == '\\' && text[1])
            text++;
        else if (*text == '"')
            is_string = !is_string;
        if (digits > strlen(largest) || (digits == strlen(largest) && strncmp(text, largest, digits) > 0))
            return true;
        text += digits ? digits - 1 : 0;
    }
    return false;
}

static struct json_object *read_document(int fd)
{
    char *text = malloc(MOST_BYTES + 2);
    size_t length = 0;
    ssize_t n = text ? 1 : -1;
    while (n > 0 && length <= MOST_BYTES) {
        n = read(fd, text + length, MOST_BYTES + 1 - length);
        length += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        usage("it cannot be read: %s", strerror(errno));
    close(fd);
    if (length > MOST_BYTES)
        usage("there is more than 4 MiB of it");
    text[length] = 0;
    struct json_object *document = parse(text, length);
    if (has_larger_number(text))
        usage("a number is above 18446744073709551615");
    free(text);
    if (!document || !json_object_is_type(document, json_type_object))
        usage("it should be an object");
    return document;
}

static void look_around(struct surroundings *host, uint32_t arch)
{
    static const struct {
        uint32_t arch;
        const char *name;
    } names[] = { { SCMP_ARCH_X86, "x86" }, { SCMP_ARCH_X86_64, "amd64" }, { SCMP_ARCH_X32, "x32" },
        { SCMP_ARCH_ARM, "arm" }, { SCMP_ARCH_AARCH64, "arm64" }, { SCMP_ARCH_PPC, "ppc" }, { SCMP_ARCH_PPC64, "ppc64" },
        { SCMP_ARCH_PPC64LE, "ppc64le" }, { SCMP_ARCH_RISCV64, "riscv64" }, { SCMP_ARCH_S390, "s390" },
        { SCMP_ARCH_S390X, "s390x" }, { SCMP_ARCH_MIPS, "mips" }, { SCMP_ARCH_MIPSEL, "mipsel" },
        { SCMP_ARCH_MIPS64, "mips64" }, { SCMP_ARCH_MIPSEL64, "mipsel64" } };
    struct utsname is;
    host->arch = "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].arch == arch)
            host->arch = names[i].name;
    if (uname(&is) || sscanf(is.release, "%lu.%lu", &host->kernel[0], &host->kernel[1]) != 2)
        usage("the version of this kernel cannot be found out");
}

/* From a whole config.json only this part is taken. */
static struct json_object *find_profile(struct json_object *document)
{
    static const char *const keys[] = { "defaultAction", "defaultErrnoRet", "architectures", "archMap", "flags",
        "listenerPath", "listenerMetadata", "syscalls", NULL };
    struct json_object *within = get(document, "linux", json_type_object), *profile = document;
    if (within) {
        enter("linux");
        profile = get(within, "seccomp", json_type_object);
        if (!profile)
            refuse("seccomp", "it is missing");
        enter("seccomp");
    }
    check_keys(profile, keys);
    const char *const listener[] = { "listenerPath", "listenerMetadata" };
    for (size_t i = 0; i < 2; i++)
        if (get_text(profile, listener[i]))
            refuse(listener[i], "this command has nobody who would answer for a listener");
    return profile;
}

void read_profile(struct profile *profile, int fd, uint64_t capabilities)
{
    struct surroundings host = { .capabilities = capabilities };
    *profile = (struct profile){ .arches = { seccomp_arch_native() }, .arch_count = 1 };
    path[0] = 0;
    struct json_object *document = read_document(fd), *from = find_profile(document);
    look_around(&host, profile->arches[0]);
    profile->answer = answer_of(get_text(from, "defaultAction"), "defaultAction",
        get_number(from, "defaultErrnoRet", UINT64_MAX, 4095));
    read_flags(profile, from);
    read_arches(profile, from);
    struct json_object *list = get(from, "syscalls", json_type_array);
    for (size_t i = 0; i < length_of(list); i++) {
        struct json_object *entry = item(list, "syscalls", i, json_type_object);
        size_t length = enter_item("syscalls", i);
        read_rule(profile, entry, (int)i, &host);
        leave(length);
    }
    json_object_put(document);
}

void free_profile(struct profile *profile)
{
    for (size_t i = 0; i < profile->rule_count; i++)
        free(profile->rules[i].name);
    free(profile->rules);
}
