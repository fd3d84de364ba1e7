/*
 * The table of options: between api/options.c (layers and names) and api/options_table.c (rows and values).
 */
#ifndef PORCHLIGHT_API_OPTIONS_TABLE_H
#define PORCHLIGHT_API_OPTIONS_TABLE_H

#include "api/options.h"

struct option_row;

/* How a text becomes a value. Returns ERR_INVALID with what the value must be: "must be on or off". */
typedef enum err option_read(const struct option_row *row, struct options *options, const char *text,
                             struct problem *problem);

struct option_row {
    const char *name;
    const char *argument;      /* NULL: a switch, which needs no value */
    const char *default_value; /* NULL: none */
    const char *help;
    uint64_t commands; /* bit n: the command with that id takes it */
    bool repeatable;   /* each text is a list, divided by commas or blanks; more texts add to it */
    bool local;        /* on the command line only: no twin, no key */
    bool hidden;
    option_read *read;
    size_t offset;              /* of the field in struct options */
    size_t count_offset;        /* of the list's length, when repeatable */
    int64_t min, max;           /* of a number, in the field's unit; of a text, in characters */
    const char *const *choices; /* ends with NULL */
};

extern const struct option_row option_rows[];
extern const size_t option_rows_count;

#endif
