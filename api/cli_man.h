/*
 * Manual pages: a page written by hand (packaging/man/, mdoc(7)) in which what the tables of commands and options know
 * is left out. `porchlight man < porchlight.1.in` fills it in, so that a page never lacks an option.
 *
 *     .\" @commands@     every command with its options and examples
 *     .\" @keys@         every key of a configuration file
 *     @version@          anywhere
 */
#ifndef PORCHLIGHT_API_CLI_MAN_H
#define PORCHLIGHT_API_CLI_MAN_H

#include <stdio.h>

void cli_man_fill(FILE *from, FILE *out);

#endif
