/* One JSON object in one line and one write, valid whatever the strings hold. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct json {
    size_t length;
    char text[8192];
};

static void put(struct json *json, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(json->text + json->length, sizeof json->text - json->length, format, list);
    va_end(list);
    if (n > 0)
        json->length += (size_t)n;
}

/* The length of the UTF-8 sequence that text begins with, or 0: it is none that JSON may hold. */
static size_t sequence(const unsigned char *text)
{
    size_t length = *text < 0x80 ? 1 : *text >= 0xc2 && *text < 0xe0 ? 2 : *text >= 0xe0 && *text < 0xf0 ? 3
        : *text >= 0xf0 && *text < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (*text == 0xe0 && text[1] < 0xa0) || (*text == 0xf0 && text[1] < 0x90);
    bool surrogate = *text == 0xed && text[1] >= 0xa0;
    bool beyond = *text == 0xf4 && text[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : length;
}

static void put_string(struct json *json, const char *value)
{
    put(json, "\"");
    for (const unsigned char *at = (const unsigned char *)value; *at;) {
        size_t length = sequence(at);
        /* The longest text is a message of the library's, far below this. */
        if (json->length + 64 > sizeof json->text / 2)
            break;
        if (length == 0)
            put(json, "\\ufffd");
        else if (*at == '"' || *at == '\\')
            put(json, "\\%c", *at);
        else if (*at < ' ' || *at == 0x7f)
            put(json, "\\u%04x", *at);
        else
            put(json, "%.*s", (int)length, (const char *)at);
        at += length ? length : 1;
    }
    put(json, "\"");
}

struct json *json_begin(const char *event)
{
    static struct json json;
    json.length = 0;
    put(&json, "{\"event\":");
    put_string(&json, event);
    return &json;
}

void json_text(struct json *json, const char *key, const char *value)
{
    put(json, ",\"%s\":", key);
    if (value)
        put_string(json, value);
    else
        put(json, "null");
}

void json_integer(struct json *json, const char *key, int64_t value)
{
    put(json, ",\"%s\":%" PRId64, key, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    put(json, ",\"%s\":%s", key, value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
    put(json, ",\"%s\":null", key);
}

/* For a reader that is slow, where the descriptor does not wait by itself. */
static bool can_wait(int fd)
{
    struct pollfd ready = { fd, POLLOUT, 0 };
    return poll(&ready, 1, 1000) > 0;
}

void json_end(struct json *json, int fd)
{
    put(json, "}\n");
    for (size_t at = 0; at < json->length;) {
        ssize_t n = write(fd, json->text + at, json->length - at);
        if (n < 0 && errno == EAGAIN && can_wait(fd))
            continue;
        if (n < 0 && errno != EINTR) {
            if (errno != EPIPE) /* The reader has closed its end. */
                complain("--json-status-fd: descriptor %d: %s", fd, strerror(errno));
            return;
        }
        at += n > 0 ? (size_t)n : 0;
    }
}
