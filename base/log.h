/*
 * Structured logs: logfmt for people, JSON for machines. One line is one write(2), so lines never mix.
 *
 * An event is a fixed word ("request", "writer.commit") and typed fields. Secrets have no field type: do not log them.
 * Any thread.
 */
#ifndef PORCHLIGHT_BASE_LOG_H
#define PORCHLIGHT_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

struct log {
    int fd;
    enum log_level level;
    enum log_format format;
};

struct log_field {
    const char *key;
    bool is_text;
    const char *text; /* NULL is written as an empty text */
    int64_t number;
};

#define LOG_S(key_, text_) ((struct log_field){.key = (key_), .is_text = true, .text = (text_)})
#define LOG_I(key_, number_) ((struct log_field){.key = (key_), .number = (int64_t)(number_)})

void log_write(const struct log *log, enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

#define LOG_FIELDS_(...)                                                                                               \
    (const struct log_field[]){__VA_ARGS__}, sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field)
#define log_debug(log, event, ...) log_write((log), LOG_DEBUG, (event), LOG_FIELDS_(__VA_ARGS__))
#define log_info(log, event, ...) log_write((log), LOG_INFO, (event), LOG_FIELDS_(__VA_ARGS__))
#define log_warn(log, event, ...) log_write((log), LOG_WARN, (event), LOG_FIELDS_(__VA_ARGS__))
#define log_error(log, event, ...) log_write((log), LOG_ERROR, (event), LOG_FIELDS_(__VA_ARGS__))

#endif
