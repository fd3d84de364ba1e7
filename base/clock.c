/*
 * The clock, and times as text (RFC 3339). See clock.h for the contract.
 */
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MS_PER_DAY 86400000

static int64_t read_ms(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t); /* cannot fail for these clocks */
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(const struct clock *c)
{
    return read_ms(CLOCK_REALTIME) + atomic_load_explicit(&c->offset_ms, memory_order_relaxed) +
           atomic_load_explicit(&c->wall_offset_ms, memory_order_relaxed);
}

int64_t clock_mono_ms(const struct clock *c)
{
    return read_ms(CLOCK_MONOTONIC) + atomic_load_explicit(&c->offset_ms, memory_order_relaxed);
}

void clock_advance(struct clock *c, int64_t ms)
{
    (void)atomic_fetch_add(&c->offset_ms, ms);
}

void clock_set_wall(struct clock *c, int64_t by_ms)
{
    (void)atomic_fetch_add(&c->wall_offset_ms, by_ms);
}

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar, and back (years counted from 1 March). */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

void clock_format(int64_t wall_ms, char out[static CLOCK_TEXT_BYTES])
{
    int64_t days = wall_ms / MS_PER_DAY;
    int64_t rest = wall_ms % MS_PER_DAY;
    if (rest < 0) {
        rest += MS_PER_DAY;
        days--;
    }
    int year;
    int month;
    int day;
    date_from_days(days, &year, &month, &day);
    if (year < 0 || year > 9999) { /* RFC 3339 has four digits; nothing of ours lies outside */
        memcpy(out, "9999-12-31T23:59:59.999Z", CLOCK_TEXT_BYTES);
        return;
    }
    char text[64];
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day, (int)(rest / 3600000),
                   (int)(rest / 60000 % 60), (int)(rest / 1000 % 60), (int)(rest % 1000));
    memcpy(out, text, CLOCK_TEXT_BYTES);
}

/* Exactly `digits` decimal digits; advances `*at`. */
static bool read_digits(const char **at, const char *end, int digits, int64_t *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++) {
        if (*at == end || **at < '0' || **at > '9')
            return false;
        *value = *value * 10 + (**at - '0');
        (*at)++;
    }
    return true;
}

static bool read_char(const char **at, const char *end, const char *any_of)
{
    if (*at == end || **at == '\0' || strchr(any_of, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

static bool read_offset(const char **at, const char *end, int64_t *offset_ms)
{
    *offset_ms = 0;
    if (read_char(at, end, "Zz"))
        return true;
    if (*at == end || (**at != '+' && **at != '-'))
        return false;
    int64_t sign = *(*at)++ == '-' ? -1 : 1;
    int64_t hours;
    int64_t minutes;
    if (!read_digits(at, end, 2, &hours) || !read_char(at, end, ":") || !read_digits(at, end, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *offset_ms = sign * (hours * 60 + minutes) * 60000;
    return true;
}

bool clock_parse(const char *text, size_t len, int64_t *wall_ms)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *at = text;
    const char *end = text + len;
    int64_t year, month, day, hour, minute, second, offset_ms;
    if (!read_digits(&at, end, 4, &year) || !read_char(&at, end, "-") || !read_digits(&at, end, 2, &month) ||
        !read_char(&at, end, "-") || !read_digits(&at, end, 2, &day) || !read_char(&at, end, "Tt ") ||
        !read_digits(&at, end, 2, &hour) || !read_char(&at, end, ":") || !read_digits(&at, end, 2, &minute) ||
        !read_char(&at, end, ":") || !read_digits(&at, end, 2, &second))
        return false;
    int64_t fraction_ms = 0;
    if (at < end && *at == '.') {
        at++;
        int digits = 0;
        for (; at < end && *at >= '0' && *at <= '9'; at++, digits++)
            if (digits < 3)
                fraction_ms = fraction_ms * 10 + (*at - '0');
        if (digits == 0 || digits > 9)
            return false;
        for (; digits < 3; digits++)
            fraction_ms *= 10;
    }
    if (!read_offset(&at, end, &offset_ms) || at != end)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12 || day < 1 || day > month_days[month - 1] + (month == 2 && leap ? 1 : 0) || hour > 23 ||
        minute > 59 || second > 60)
        return false;
    *wall_ms = days_from_date(year, month, day) * MS_PER_DAY + (hour * 3600 + minute * 60 + second) * 1000 +
               fraction_ms - offset_ms;
    return true;
}

bool clock_parse_duration(const char *text, int64_t *ms)
{
    char *rest;
    if (text[0] < '0' || text[0] > '9')
        return false;
    long long value = strtoll(text, &rest, 10);
    int64_t unit_ms;
    if (strcmp(rest, "ms") == 0)
        unit_ms = 1;
    else if (*rest == '\0' || strcmp(rest, "s") == 0)
        unit_ms = 1000;
    else if (strcmp(rest, "m") == 0)
        unit_ms = 60000;
    else if (strcmp(rest, "h") == 0)
        unit_ms = 3600000;
    else if (strcmp(rest, "d") == 0)
        unit_ms = MS_PER_DAY;
    else
        return false;
    if (value == INT64_MAX || value > INT64_MAX / unit_ms) /* strtoll answers its largest for all that is beyond */
        return false;
    *ms = (int64_t)value * unit_ms;
    return true;
}
