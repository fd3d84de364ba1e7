/*
 * See cli_man.h. Texts of the tables are plain; what mdoc(7) would take for its own is escaped.
 */
#include "api/cli_man.h"

#include <ctype.h>
#include <string.h>

#include "api/operator.h"
#include "api/version.h"

#define LINE_BYTES 1024
#define TWIN_BYTES 64

/* ---- text -------------------------------------------------------------------------------------------------------- */

/* The character that begins here, and how many bytes it has. Our own texts are valid UTF-8. */
static unsigned decode(const char *at, size_t *len)
{
    unsigned char first = (unsigned char)*at;
    *len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    unsigned code = *len == 1 ? first : first & (0x7fU >> *len);
    for (size_t i = 1; i < *len; i++)
        code = code << 6 | ((unsigned char)at[i] & 0x3fU);
    return code;
}

/* Ends the line. A `word` becomes a quoted one, and a hyphen stays the one that can be typed. */
static void put_text(FILE *out, const char *text, size_t text_len)
{
    bool quoted = false;
    if (text_len > 0 && (text[0] == '.' || text[0] == '\''))
        (void)fputs("\\&", out);
    for (size_t at = 0, len; at < text_len; at += len) {
        unsigned code = decode(text + at, &len);
        if (code == '\\')
            (void)fputs("\\e", out);
        else if (code == '-')
            (void)fputs("\\-", out);
        else if (code == '\'')
            (void)fputs("\\(aq", out);
        else if (code == '`')
            (void)fputs((quoted = !quoted) ? "\\(oq" : "\\(cq", out);
        else if (code == ' ' && at > 0 && text[at - 1] == '.' && isupper((unsigned char)text[at + 1]))
            (void)fputc('\n', out); /* a new sentence begins a new line */
        else if (code > 0x7e)
            (void)fprintf(out, "\\[u%04X]", code);
        else
            (void)fputc((int)code, out);
    }
    (void)fputc('\n', out);
}

static void put_string(FILE *out, const char *text)
{
    put_text(out, text, strlen(text));
}

/* Paragraphs; what is indented stays as it is. */
static void put_paragraphs(FILE *out, const char *text)
{
    bool literal = false;
    bool fresh = true; /* what comes is the first of its paragraph */
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        if (len > 0 && literal != (text[0] == ' ')) {
            (void)fputs(literal ? ".Ed\n.Pp\n" : ".Bd -literal\n", out);
            literal = !literal;
        } else if (len > 0 && fresh) {
            (void)fputs(literal ? "\n" : ".Pp\n", out);
        }
        if (len > 0)
            put_text(out, text, len);
        fresh = len == 0;
        text += len + (text[len] == '\n');
    }
    if (literal)
        (void)fputs(".Ed\n", out);
}

static void put_literal(FILE *out, const char *text)
{
    (void)fputs(".Bd -literal -offset indent\n", out);
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        put_text(out, text, len);
        text += len + (text[len] == '\n');
    }
    (void)fputs(".Ed\n", out);
}

/* A help line has no full stop of its own. */
static void put_sentence(FILE *out, const char *text)
{
    size_t len = strlen(text);
    char line[LINE_BYTES];
    (void)snprintf(line, sizeof line, "%s%s", text, len > 0 && text[len - 1] == '.' ? "" : ".");
    put_string(out, line);
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static void put_value(FILE *out, const struct option_help *option)
{
    put_sentence(out, option->help);
    if (option->repeatable)
        (void)fputs("May be given more than once, or with several values between commas.\n", out);
    if (option->default_value != NULL)
        (void)fprintf(out, "The default is\n.Ql %s .\n", option->default_value);
}

static void put_option(void *arg, const struct option_help *option)
{
    FILE *out = arg;
    if (strcmp(option->name, "data") == 0 || strcmp(option->name, "config") == 0)
        return; /* every command takes them: the page says so once */
    (void)fprintf(out, ".It Fl \\-%s%s%s\n", option->name, option->argument != NULL ? " Ar " : "",
                  option->argument != NULL ? option->argument : "");
    put_value(out, option);
}

static void count_option(void *arg, const struct option_help *option)
{
    size_t *count = arg;
    *count += strcmp(option->name, "data") != 0 && strcmp(option->name, "config") != 0;
}

static void put_command(FILE *out, const struct command *command)
{
    size_t count = 0;
    (void)fprintf(out, ".Ss \"%s%s%s\"\n", command->name, command->arguments[0] != '\0' ? " " : "", command->arguments);
    put_sentence(out, command->summary);
    if (command->details != NULL)
        put_paragraphs(out, command->details);
    options_describe((enum command_id)(command - commands), count_option, &count);
    if (count > 0) {
        (void)fputs(".Bl -tag -width Ds\n", out);
        options_describe((enum command_id)(command - commands), put_option, out);
        (void)fputs(".El\n", out);
    }
    if (command->examples != NULL)
        put_literal(out, command->examples);
}

static void put_commands(FILE *out)
{
    for (size_t i = 0; i < COMMAND_COUNT_; i++)
        if (!commands[i].hidden)
            put_command(out, &commands[i]);
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static void put_key(void *arg, const struct option_help *option)
{
    FILE *out = arg;
    char twin[TWIN_BYTES];
    size_t len = 0;
    if (!option->has_environment || strcmp(option->name, "config") == 0)
        return; /* a file cannot name another */
    for (; option->name[len] != '\0' && len + 1 < sizeof twin; len++)
        twin[len] = option->name[len] == '-' ? '_' : (char)toupper((unsigned char)option->name[len]);
    twin[len] = '\0';
    (void)fprintf(out, ".It Ic %s No = Ar %s\n", option->name, option->argument != NULL ? option->argument : "on");
    put_value(out, option);
    (void)fprintf(out, "In the environment:\n.Ev PORCHLIGHT_%s .\n", twin);
}

/* ---- pages ------------------------------------------------------------------------------------------------------- */

void cli_man_fill(FILE *from, FILE *out)
{
    static const char version[] = "@version@";
    char line[LINE_BYTES];
    while (fgets(line, sizeof line, from) != NULL) {
        char *at = strstr(line, version);
        if (strcmp(line, ".\\\" @commands@\n") == 0)
            put_commands(out);
        else if (strcmp(line, ".\\\" @keys@\n") == 0)
            options_describe(COMMAND_SERVE, put_key, out);
        else if (at != NULL)
            (void)fprintf(out, "%.*s%s%s", (int)(at - line), line, PORCHLIGHT_VERSION, at + strlen(version));
        else
            (void)fputs(line, out);
    }
}
