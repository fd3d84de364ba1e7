/*
 * The table of commands: what `porchlight --help` lists and what cli.c and control.c run. See operator.h.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/cmd.h"
#include "api/operator.h"
#include "api/suggest.h"

const struct command commands[COMMAND_COUNT_] = {
    [COMMAND_SERVE] =
        {.name = "serve",
         .arguments = "",
         .summary = "Serve the community, in the foreground",
         .details = "Answers HTTP until SIGTERM or SIGINT, then finishes what was begun and ends with 0. The first\n"
                    "start makes the data directory. One server at a time works on a data directory; commands such\n"
                    "as `porchlight flag` reach it through a socket inside.",
         .examples = "porchlight serve\n"
                     "porchlight serve --listen 127.0.0.1:8080 --data /var/lib/porchlight \\\n"
                     "    --public-url https://walkers.example --trust-proxy 127.0.0.1",
         .writes_from = COMMAND_NEVER_WRITES},
    [COMMAND_CHECK] =
        {.name = "check",
         .arguments = "",
         .summary = "Look over configuration, database and schema without serving",
         .details = "Takes the options of serve and changes nothing. Ends with 0 when all is well, 1 when the data\n"
                    "has a fault, 2 when the configuration has one.",
         .examples = "porchlight check --config /etc/porchlight.conf",
         .writes_from = COMMAND_NEVER_WRITES},
    [COMMAND_MIGRATE] =
        {.name = "migrate",
         .arguments = "",
         .summary = "Bring the database to this version's schema",
         .details = "serve does so by itself; this is for those who want to see it happen first, or who want a new\n"
                    "and empty community to import into. A database that is newer than this program, or whose schema\n"
                    "was altered, is refused and left as it is.",
         .examples = "porchlight migrate --data /var/lib/porchlight",
         .makes_data = true,
         .run = cmd_migrate},
    [COMMAND_DEMO] =
        {.name = "demo",
         .arguments = "",
         .summary = "Fill an empty database with a community to look at",
         .details = "Two teams, thirty members, and what they wrote in the last five weeks. Prints how to sign in.\n"
                    "A database that has members is left as it is.",
         .examples = "porchlight demo --data data",
         .makes_data = true,
         .run = cmd_demo},
    [COMMAND_IMPORT] =
        {.name = "import",
         .arguments = "FILE",
         .summary = "Read a community from JSON Lines, all or nothing",
         .details = "FILE is UTF-8 with one JSON object a line; - is stdin. A record refers only to what stands above\n"
                    "it or is in the database. Of each type, what a record needs [and what it may have]:\n"
                    "\n"
                    "  user        id username name [role externalId password appearOffline disabled createdAt]\n"
                    "  team        id name [createdAt]; its id is its coach's\n"
                    "  membership  teamId userId [joinedAt]\n"
                    "  post        id teamId authorId body [topics pinnedAt createdAt editedAt]\n"
                    "  like        postId userId [createdAt]\n"
                    "  notice      id kind authorId title [teamId body link createdAt]\n"
                    "  mute        teamId userId until [authorId createdAt]\n"
                    "  word        word\n"
                    "\n"
                    "  {\"type\":\"user\",\"id\":\"7\",\"username\":\"mary\",\"name\":\"Mary Jones\"}\n"
                    "\n"
                    "Ids are numbers in quotes, times RFC 3339, a password is an argon2id string. What is there\n"
                    "already is skipped, what differs is updated, so repeating an import changes nothing. An id that\n"
                    "belongs to somebody else here is refused, unless the externalId is the same. On a bad line\n"
                    "nothing is changed, and the file, the line and the reason are named.",
         .examples = "porchlight import members.jsonl --dry-run\n"
                     "porchlight import members.jsonl\n"
                     "zcat old-site.jsonl.gz | porchlight import -",
         .words_min = 1,
         .words_max = 1,
         .wants_input = true,
         .wants_likes = true,
         .run = cmd_import},
    [COMMAND_EXPORT] =
        {.name = "export",
         .arguments = "FILE",
         .summary = "Write the community as JSON Lines that import reads",
         .details = "One moment of the community, also while a server runs; - is stdout. The same community always\n"
                    "gives the same bytes. The file holds password hashes: it is made readable for its owner only.",
         .examples = "porchlight export community.jsonl",
         .words_min = 1,
         .words_max = 1,
         .writes_from = COMMAND_NEVER_WRITES,
         .wants_likes = true,
         .run = cmd_export},
    [COMMAND_BACKUP] =
        {.name = "backup",
         .arguments = "[FILE]",
         .summary = "Save the whole community in one file, also while a server runs",
         .details = "FILE, a .tar.gz, holds both databases as they were at one moment, and backup.json, which says\n"
                    "what it is. It is checked before it gets its name. Without FILE it is called\n"
                    "porchlight-TIME.tar.gz and put into the folder of --backup-to, where the newest\n"
                    "--backup-keep are kept; `serve --backup-every 1d` does this by itself.\n"
                    "\n"
                    "Everything is in it: the keys that sign tokens, hashes of passwords, what members wrote. Keep\n"
                    "it as you keep the data directory. While it is made, copies of both are in --data.",
         .examples = "porchlight backup\n"
                     "porchlight backup /mnt/usb/community.tar.gz",
         .words_max = 1,
         .writes_from = COMMAND_NEVER_WRITES,
         .at_server = true,
         .wants_output = true,
         .own_files = true,
         .run = cmd_backup},
    [COMMAND_BACKUPS] =
        {.name = "backups",
         .arguments = "",
         .summary = "List the backups in the folder, and say when the next is made",
         .details = "The newest first. Each was opened, checked and counted before it got its name.",
         .examples = "porchlight backups\n"
                     "porchlight backups --json | jq -r '.[0].name'",
         .writes_from = COMMAND_NEVER_WRITES,
         .at_server = true,
         .own_files = true,
         .run = cmd_backups},
    [COMMAND_RESTORE] =
        {.name = "restore",
         .arguments = "FILE",
         .summary = "Put a backup in the place of the community; no server may run",
         .details = "The backup is unpacked and checked first. What is there now is kept aside, in a folder of --data\n"
                    "that is named at the end. Everybody stays signed in who was when it was made, and clients load\n"
                    "everything again. An older schema is brought up to date; a backup of a newer porchlight is\n"
                    "refused. Cut off at any moment, it leaves the old community or the new one.\n"
                    "\n"
                    "What happened since the backup is undone, also that somebody was shut out or signed out.\n"
                    "Only who deleted their account stays away: their ids are in deleted-members in --data.",
         .examples = "porchlight restore community.tar.gz --dry-run\n"
                     "porchlight restore /var/lib/porchlight/backups/porchlight-20260131T083000Z.tar.gz",
         .words_min = 1,
         .words_max = 1,
         .makes_data = true,
         .wants_input = true,
         .own_files = true,
         .run = cmd_restore},
    [COMMAND_DOCTOR] =
        {.name = "doctor",
         .arguments = "",
         .summary = "Look for damage in the databases, and repair it",
         .details = "Checks the pages and references of both files, and figures against what they count. Without\n"
                    "--repair it changes nothing, and a server may run. With it, none may: a backup is made first,\n"
                    "then all is repaired in one transaction. Damaged pages cannot be repaired; `porchlight\n"
                    "restore` puts a backup in their place.\n"
                    "\n"
                    "Ends with 0 when nothing is wrong (any more), 3 when something is, 1 when it could not look.",
         .examples = "porchlight doctor\n"
                     "porchlight doctor --repair",
         .writes_from = COMMAND_NEVER_WRITES,
         .own_files = true,
         .run = cmd_doctor},
    [COMMAND_USER_ADD] =
        {.name = "user add",
         .arguments = "NAME",
         .summary = "Add a member, a coach or an admin",
         .details = "NAME is what they type to sign in. The password is asked for on a terminal, or read from stdin\n"
                    "with --password-stdin; otherwise a random one is made and printed.",
         .examples = "porchlight user add mary --name \"Mary Jones\" --team sarah\n"
                     "porchlight user add ruth --name Ruth --role admin --password-stdin < password.txt",
         .words_min = 1,
         .words_max = 1,
         .wants_secret = true,
         .run = cmd_user_add},
    [COMMAND_USER_PASSWD] = {.name = "user passwd",
                             .arguments = "NAME",
                             .summary = "Set a member's password and sign them out everywhere",
                             .examples = "porchlight user passwd mary",
                             .words_min = 1,
                             .words_max = 1,
                             .wants_secret = true,
                             .run = cmd_user_passwd},
    [COMMAND_USER_DISABLE] = {.name = "user disable",
                              .arguments = "NAME",
                              .summary = "Shut a member out at once; what they wrote stays",
                              .examples = "porchlight user disable mary",
                              .words_min = 1,
                              .words_max = 1,
                              .run = cmd_user_disable},
    [COMMAND_USER_ENABLE] = {.name = "user enable",
                             .arguments = "NAME",
                             .summary = "Let a disabled member sign in again",
                             .examples = "porchlight user enable mary",
                             .words_min = 1,
                             .words_max = 1,
                             .run = cmd_user_enable},
    [COMMAND_USER_LIST] = {.name = "user list",
                           .arguments = "",
                           .summary = "List everybody, by user name",
                           .examples = "porchlight user list\n"
                                       "porchlight user list --json | jq -r '.[] | select(.disabled) | .username'",
                           .writes_from = COMMAND_NEVER_WRITES,
                           .run = cmd_user_list},
    [COMMAND_USER_DELETE] =
        {.name = "user delete",
         .arguments = "NAME",
         .summary = "Take a member's account away for good, with all that is personal",
         .details = "Name, sign-in, posts, messages, preferences and digests go at once, and their tokens and sockets\n"
                    "end. Likes and counts stay as numbers without a person. There is no way back: a restore of an\n"
                    "older backup takes them away again.",
         .examples = "porchlight user delete mary",
         .words_min = 1,
         .words_max = 1,
         .run = cmd_user_delete},
    [COMMAND_TEAM_REMOVE] = {.name = "team remove",
                             .arguments = "COACH NAME",
                             .summary = "Take a member out of a coach's team at once; what they wrote stays",
                             .examples = "porchlight team remove sarah mary",
                             .words_min = 2,
                             .words_max = 2,
                             .run = cmd_team_remove},
    [COMMAND_MUTE] = {.name = "mute",
                      .arguments = "COACH [NAME MINUTES]",
                      .summary = "List who pauses from writing, or ask a member for a pause; 0 ends it",
                      .examples = "porchlight mute sarah\n"
                                  "porchlight mute sarah mary 60",
                      .words_min = 1,
                      .words_max = 3,
                      .writes_from = 2,
                      .run = cmd_mute},
    [COMMAND_HIDE] = {.name = "hide",
                      .arguments = "post|message ID",
                      .summary = "Hide a post or a message from all but its author and the coach",
                      .examples = "porchlight hide post 12",
                      .words_min = 2,
                      .words_max = 2,
                      .run = cmd_hide},
    [COMMAND_SHOW] = {.name = "show",
                      .arguments = "post|message ID",
                      .summary = "Show a hidden post or message again",
                      .examples = "porchlight show post 12",
                      .words_min = 2,
                      .words_max = 2,
                      .run = cmd_show},
    [COMMAND_REPORT] = {.name = "report",
                        .arguments = "[ID hide|restore|dismiss]",
                        .summary = "List what was reported and is open, or decide about it",
                        .examples = "porchlight report\n"
                                    "porchlight report 7 hide",
                        .words_max = 2,
                        .writes_from = 1,
                        .run = cmd_report},
    [COMMAND_WORDS] = {.name = "words",
                       .arguments = "[add|remove WORD]",
                       .summary = "Show or change the list of words that wait for a coach",
                       .examples = "porchlight words\n"
                                   "porchlight words add scam",
                       .words_max = 2,
                       .writes_from = 1,
                       .run = cmd_words},
    [COMMAND_AUDIT] = {.name = "audit",
                       .arguments = "",
                       .summary = "Print who did what, the oldest first, by id",
                       .examples = "porchlight audit\n"
                                   "porchlight audit --csv > audit.csv",
                       .writes_from = COMMAND_NEVER_WRITES,
                       .run = cmd_audit},
    [COMMAND_TEAM_ADD] = {.name = "team add",
                          .arguments = "COACH",
                          .summary = "Make a team for a coach",
                          .details = "COACH is the user name of a member, who becomes a coach.",
                          .examples = "porchlight team add sarah --name \"Morning Walkers\"",
                          .words_min = 1,
                          .words_max = 1,
                          .run = cmd_team_add},
    [COMMAND_TEAM_LIST] = {.name = "team list",
                           .arguments = "",
                           .summary = "List all teams, by their coach's user name",
                           .examples = "porchlight team list",
                           .writes_from = COMMAND_NEVER_WRITES,
                           .run = cmd_team_list},
    [COMMAND_INVITE] = {.name = "invite",
                        .arguments = "COACH",
                        .summary = "Print a link that lets people join a coach's team",
                        .details = "The link is shown once: only a hash of its code is kept.",
                        .examples = "porchlight invite sarah\n"
                                    "porchlight invite sarah --uses 20 --expires 14d",
                        .words_min = 1,
                        .words_max = 1,
                        .run = cmd_invite},
    [COMMAND_INVITES] = {.name = "invites",
                         .arguments = "[revoke ID]",
                         .summary = "List the invites that are open, or take one back",
                         .examples = "porchlight invites\n"
                                     "porchlight invites revoke 7",
                         .words_max = 2,
                         .writes_from = 1,
                         .run = cmd_invites},
    [COMMAND_TOKEN_ISSUE] = {.name = "token issue",
                             .arguments = "",
                             .summary = "Print a token for a member or a trusted server",
                             .details =
                                 "A service's token lets a trusted server read /metrics and publish to the sockets of\n"
                                 "the feed (POST /api/feed/live), and nothing else: it is no member. Its NAME is free\n"
                                 "to choose and only tells services apart; nothing is registered. The token is shown\n"
                                 "this once and holds for --ttl; `porchlight token revoke TOKEN` ends it before.",
                             .examples = "porchlight token issue --user mary --ttl 1h\n"
                                         "porchlight token issue --service newsletter --ttl 90d",
                             .run = cmd_token_issue},
    [COMMAND_TOKEN_VERIFY] = {.name = "token verify",
                              .arguments = "TOKEN",
                              .summary = "Say whether a token holds, and what it says",
                              .details = "- reads the token from stdin.",
                              .examples = "porchlight token issue --user mary | porchlight token verify -",
                              .words_min = 1,
                              .words_max = 1,
                              .writes_from = COMMAND_NEVER_WRITES,
                              .at_server = true,
                              .word_or_stdin = true,
                              .run = cmd_token_verify},
    [COMMAND_TOKEN_REVOKE] = {.name = "token revoke",
                              .arguments = "[TOKEN]",
                              .summary = "End one token, or all of a member's",
                              .details = "- reads the token from stdin.",
                              .examples = "porchlight token revoke v4.public.eyJ...\n"
                                          "porchlight token revoke --user mary",
                              .words_max = 1,
                              .word_or_stdin = true,
                              .run = cmd_token_revoke},
    [COMMAND_TOKEN_KEYS] =
        {.name = "token keys",
         .arguments = "[rotate]",
         .summary = "List the signing keys, or sign with a new one from now on",
         .details = "The old key keeps verifying what it signed; of more than 16 keys the oldest is dropped, and what\n"
                    "it signed holds no more, also on a running server. Another site that is to accept this\n"
                    "server's tokens is given the public key, k4.public.…",
         .examples = "porchlight token keys\n"
                     "porchlight token keys rotate",
         .words_max = 1,
         .writes_from = 1,
         .run = cmd_token_keys},
    [COMMAND_NUMBERS] =
        {.name = "numbers",
         .arguments = "",
         .summary = "Show the last hour of the running server, and members by day",
         .details = "Each row is five minutes: the most members here, open sockets and polls a second; how long half\n"
                    "of the requests, and all but one in a hundred, took at most; the likes that were brought into\n"
                    "the database; and the stage of load (0: nothing was left undone). --json has a sample every\n"
                    "ten seconds, as GET /admin/numbers. The hour is held in memory: a restart begins anew. The\n"
                    "days, 30 of them, tell how many members were seen, and are there without a server too.",
         .examples = "porchlight numbers\n"
                     "porchlight numbers --json | jq .items[-1]",
         .writes_from = COMMAND_NEVER_WRITES,
         .at_server = true,
         .run = cmd_numbers},
    [COMMAND_FLAG] = {.name = "flag",
                      .arguments = "[NAME [on|off]]",
                      .summary = "Show or set a flag, such as realtime",
                      .examples = "porchlight flag\n"
                                  "porchlight flag realtime off",
                      .words_max = 2,
                      .writes_from = 2,
                      .run = cmd_flag},
    [COMMAND_RELOAD] = {.name = "reload",
                        .arguments = "",
                        .summary = "Put the program on disk in the running one's place; no socket is closed",
                        .details =
                            "The new program is checked first. Same process, same options; a configuration file is\n"
                            "read again. A program that cannot start leaves everything to the one that runs.",
                        .examples = "porchlight reload",
                        .writes_from = COMMAND_NEVER_WRITES,
                        .at_server = true,
                        .run = cmd_reload},
    [COMMAND_CLOCK] = {.name = "clock",
                       .arguments = "advance|back|forth DURATION",
                       .summary = "Move the time of a server that runs with --test-clock on",
                       .details = "advance lets time pass; back and forth set its wall clock alone, as somebody does "
                                  "whose clock\nwas wrong.",
                       .examples = "porchlight clock advance 90s",
                       .words_min = 2,
                       .words_max = 2,
                       .hidden = true,
                       .run = cmd_clock},
    [COMMAND_SETTLE] = {.name = "settle",
                        .arguments = "",
                        .summary = "Move the likes that a running server holds in its buffer into the database",
                        .examples = "porchlight settle",
                        .writes_from = COMMAND_NEVER_WRITES,
                        .hidden = true,
                        .at_server = true,
                        .run = cmd_settle},
    [COMMAND_LOAD] = {.name = "load",
                      .arguments = "JOBS",
                      .summary = "Let a server that runs with --test-clock on believe that so many jobs wait",
                      .examples = "porchlight load 600",
                      .words_min = 1,
                      .words_max = 1,
                      .writes_from = COMMAND_NEVER_WRITES,
                      .hidden = true,
                      .at_server = true,
                      .run = cmd_load},
};

enum command_id command_id(const struct command *command)
{
    return (enum command_id)(command - commands);
}

bool command_writes(const struct command *command, const struct options *options)
{
    return options->words_count >= command->writes_from;
}

bool command_at_server(const struct command *command, const struct options *options)
{
    return command->at_server || command_writes(command, options);
}

/* How many of the arguments are the command's own words: 0 when they are not. */
static size_t match(const struct command *command, size_t count, const char *const *arguments)
{
    const char *name = command->name;
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(arguments[i]);
        if (strncmp(name, arguments[i], len) != 0)
            return 0;
        name += len;
        if (*name == '\0')
            return i + 1;
        if (*name++ != ' ')
            return 0;
    }
    return 0;
}

static bool in_group(const struct command *command, const char *word)
{
    size_t len = strlen(word);
    return strncmp(command->name, word, len) == 0 && command->name[len] == ' ';
}

bool command_is_group(const char *word)
{
    for (size_t i = 0; i < COMMAND_COUNT_; i++)
        if (in_group(&commands[i], word))
            return true;
    return false;
}

/* "user" alone, or "user ad". */
static void explain_group(const char *group, const char *word, struct problem *problem)
{
    char all[160] = "";
    struct suggestion s = {.typed = word != NULL ? word : ""};
    for (size_t i = 0; i < COMMAND_COUNT_; i++) {
        if (!in_group(&commands[i], group))
            continue;
        const char *rest = commands[i].name + strlen(group) + 1;
        size_t used = strlen(all);
        (void)snprintf(all + used, sizeof all - used, "%s%s", used > 0 ? ", " : "", rest);
        suggest_offer(&s, rest);
    }
    if (word == NULL || word[0] == '-')
        (void)problem_set(problem, ERR_INVALID, "%s needs one of: %s", group, all);
    else if (s.best != NULL)
        (void)problem_set(problem, ERR_INVALID, "unknown command \"%s %.60s\"; did you mean \"%s %s\"?", group, word,
                          group, s.best);
    else
        (void)problem_set(problem, ERR_INVALID, "unknown command \"%s %.60s\"; there is: %s", group, word, all);
}

static void explain_unknown(const char *word, struct problem *problem)
{
    struct suggestion s = {.typed = word};
    for (size_t i = 0; i < COMMAND_COUNT_; i++) {
        char first[SUGGEST_NAME_BYTES_MAX];
        (void)snprintf(first, sizeof first, "%.*s", (int)strcspn(commands[i].name, " "), commands[i].name);
        const char *before = s.best;
        if (!commands[i].hidden)
            suggest_offer(&s, first);
        if (s.best != before)
            s.best = commands[i].name;
    }
    if (s.best != NULL)
        (void)problem_set(problem, ERR_INVALID, "unknown command \"%.60s\"; did you mean \"%.*s\"?", word,
                          (int)strcspn(s.best, " "), s.best);
    else
        (void)problem_set(problem, ERR_INVALID, "unknown command \"%.60s\"; `porchlight --help` lists them", word);
}

const struct command *command_find(size_t count, const char *const *arguments, size_t *used, struct problem *problem)
{
    for (size_t i = 0; i < COMMAND_COUNT_; i++) {
        *used = match(&commands[i], count, arguments);
        if (*used > 0)
            return &commands[i];
    }
    if (count == 0)
        (void)problem_set(problem, ERR_INVALID, "no command; `porchlight --help` lists them");
    else if (arguments[0][0] == '-')
        (void)problem_set(problem, ERR_INVALID, "the command comes first: porchlight COMMAND %.60s", arguments[0]);
    else if (command_is_group(arguments[0]))
        explain_group(arguments[0], count > 1 ? arguments[1] : NULL, problem);
    else
        explain_unknown(arguments[0], problem);
    return NULL;
}

enum err command_check_words(const struct command *command, const struct options *options, struct problem *problem)
{
    if (options->words_count > command->words_max)
        return problem_set(problem, ERR_INVALID, "%s: unexpected argument \"%.60s\"", command->name,
                           options->words[command->words_max]);
    if (options->words_count < command->words_min)
        return problem_set(problem, ERR_INVALID, "%s needs %s", command->name, command->arguments);
    return ERR_OK;
}
