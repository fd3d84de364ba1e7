/*
 * Every limit of the program, with its reason. Bytes, characters, milliseconds or counts, as the name's end says.
 */
#ifndef PORCHLIGHT_BASE_LIMITS_H
#define PORCHLIGHT_BASE_LIMITS_H

#include <stdint.h>

/* ---- what members write ------------------------------------------------------------------------------------------ */

#define NAME_CHARS_MAX 60      /* a display name; longer ones break the layout at 320 px */
#define USERNAME_CHARS_MAX 60  /* a sign-in name, typed by hand */
#define PASSWORD_CHARS_MIN 8   /* NIST SP 800-63B's minimum */
#define PASSWORD_CHARS_MAX 200 /* a passphrase fits; argon2id's work does not depend on it */
#define POST_CHARS_MAX 5000    /* about two printed pages */
#define TOPICS_MAX 5           /* DESIGN: up to five words */
#define TOPIC_CHARS_MAX 30
#define NOTICE_TITLE_CHARS_MAX 120 /* one toast, two lines on a phone */
#define NOTICE_BODY_CHARS_MAX 500
#define NOTICE_LINK_CHARS_MAX 300
#define TEAM_NAME_CHARS_MAX 60
#define EXTERNAL_ID_CHARS_MAX 128 /* an existing site's id: a UUID or an e-mail address fits */
#define CHANNEL_NAME_CHARS_MAX 60
#define CHAT_CHARS_MAX 2000    /* about a page; whoever has more to say writes a post */
#define CLIENT_ID_CHARS_MAX 64 /* a UUID is 36 */

/* ---- what a community may have ----------------------------------------------------------------------------------- */

#define PINS_PER_TEAM_MAX 10     /* more pins than fit a screen are no pins */
#define TEAMS_PER_MEMBER_MAX 16  /* the list is held per signed-in member */
#define CHANNELS_PER_TEAM_MAX 20 /* a list that is read at once, and that a poll may carry whole */
#define UNREAD_COUNTED_MAX 1000  /* counting stops there: nobody reads "1,001" otherwise */
#define PRESENCE_DEVICES_MAX 4   /* of a member, that poll at once: phone, tablet, laptop, and the one in the kitchen */
#define COUNTERS_PER_TEAM_MAX                                                                                          \
    100                           /* steps, glasses of water, one a challenge: they are listed, and told, all at once  \
                                   */
#define COUNTER_NAME_CHARS_MAX 64 /* it stands in an address and on a button */
#define COUNTER_MEMBER_AMOUNT_MAX 1000000           /* at once, by who is no coach: three months of steps */
#define COUNTER_VALUE_MAX INT64_C(9007199254740991) /* and as far below: what JavaScript's numbers hold exactly */
#define COUNTER_HISTORY_KEPT                                                                                           \
    200000 /* a counter's newest changes: a team of 250 that adds twice a day, for a year; 15 MB */
#define ACTIVITY_KEPT_DAYS 400 /* who was here on which day: a year, and the month before it to compare with */
#define INVITE_CODE_CHARS_MAX 64                    /* a code, with whatever blanks and hyphens it was copied with */
#define INVITE_USES_MAX 500                         /* one link for one big team */
#define INVITE_HOURS_MAX 2160                       /* 90 days: a link that is found later should not open the door */
#define INVITE_HOURS_DEFAULT 168                    /* a week */

/* ---- HTTP -------------------------------------------------------------------------------------------------------- */

#define BODY_BYTES_MAX 65536 /* the longest valid body: 5,000 characters, each escaped as \uXXXX\uXXXX, and more */
#define BODY_DROPPED_BYTES_MAX                                                                                         \
    (16U << 20)            /* a body over the limit is read to its end up to here, so that the client sees the answer */
#define URI_BYTES_MAX 2048 /* longer than any path and query of ours */
#define QUERY_PARAMS_MAX 8 /* no endpoint takes more than four */
#define REQUEST_ARENA_FIRST_BYTES 4096
#define REQUEST_ARENA_BYTES_MAX (16U << 20) /* 200 of the longest posts, 20 kB each, and their rows */
#define REPLY_BYTES_MAX (8U << 20)          /* 200 of the longest posts, rendered */
#define CONNECTION_MEMORY_BYTES 16384       /* libmicrohttpd's pool: head of the request and of the reply */
#define CONNECTIONS_MAX 16384               /* per process; past it libmicrohttpd stops accepting until some close */
#define CONNECTIONS_PER_ADDRESS_MAX 2048    /* 300 browsers of one house with six each; an eighth of all */
#define DESCRIPTORS_RESERVED 256            /* that connections leave for databases, logs, commands */
#define CONNECTION_IDLE_S 75          /* a poll comes every 60 s; a connection that outlives it saves a handshake */
#define HEAD_TIMEOUT_MS 10000         /* a request line and its headers */
#define BODY_TIMEOUT_MS 30000         /* 64 KiB on a bad phone network */
#define ANSWER_TIMEOUT_MS 30000       /* of which nothing more is taken: a phone in a tunnel tries again */
#define IDEMPOTENCY_KEY_BYTES_MAX 128 /* a UUID is 36 */
#define IDEMPOTENCY_HOURS 24          /* DESIGN: kept a day */
#define PAGE_ITEMS_MAX 100
#define PAGE_ITEMS_DEFAULT 20
#define CORS_ORIGINS_MAX 16
#define TRUST_PROXY_MAX 8

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

#define JSON_DEPTH_MAX 8 /* our deepest message has three levels */
#define JSON_ARENA_FIRST_BYTES 4096 /* enough for all but long posts */
#define JSON_ARENA_BYTES_PER_BYTE 256 /* "{}," is an object with an empty table: 100 a byte; no valid body comes near */

/* ---- cursors and the change log ---------------------------------------------------------------------------------- */

#define EVENTS_KEPT_DAYS 30 /* a month away is a reload */
#define EVENTS_KEPT_MAX 1000000 /* rows, of posts and notices: 60 MB with their index */
#define CHANGES_EVENTS_MAX 200 /* one answer of /changes; `more` says that there is more */
#define CHANGES_LIKES_MAX 50   /* DESIGN: the newest 50 when the boot id differs */
#define HEAD_POSTS_MAX 1000    /* new posts counted exactly from memory; above it the count stays at the limit */
#define HEAD_LIKES_MAX 256     /* like changes remembered per team; older versions get the newest 50 */
#define CURSOR_BYTES_MAX 80
#define CHAT_POLLS_PER_INTERVAL 6 /* a chat is asked for every 10 s while it is open: an answer is waited for */
#define CHAT_FIRST_MESSAGES 50    /* DESIGN: what a chat begins with */

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

#define TOKEN_BYTES_MAX 2048 /* a foreign site's claims may be long */
#define JTI_BYTES_MAX 512    /* a foreign site's: 128 characters */
#define TOKEN_TTL_MAX_S (366 * 86400)
#define TOKEN_CACHE_ENTRIES 16384 /* per HTTP loop; beyond it a token is verified again (about 60 us) */
#define AUTH_SLOTS 4096 /* changes of members are told apart by so many; two that share one are looked at together */
#define TICKET_TTL_MS 30000
#define TICKETS_MAX 8192 /* outstanding at once */
#define TRUSTED_KEYS_MAX 8
#define SIGNING_KEYS_MAX 16

/* ---- queues ------------------------------------------------------------------------------------------------------ */

#define WRITER_QUEUE_MAX 4096 /* at 8,000 durable operations a second half a second of waiting */
#define WRITER_BATCH_MAX 1024 /* one transaction; keeps the slowest answer short */
#define HELPERS 2             /* argon2id threads: 19 MiB each while one works */
#define HELPER_QUEUE_MAX 64   /* at about 25 ms a password less than a second of waiting */

/* ---- too much to do (base/shed.h) -------------------------------------------------------------------------------- */

#define SHED_LOOK_MS 250  /* long enough for a queue to mean something, and short enough to act before it is full */
#define SHED_CALM_MS 5000 /* before a stage is left: who was told to come later comes within that */
#define SHED_ONE_OF 4     /* cheers and "types": still alive, and a quarter of the sends */

#define BUSY_RETRY_S 5    /* and up to as much again, so that not all come back at once */

/* ---- live numbers (api/samples.h) -------------------------------------------------------------------------------- */

#define SAMPLE_EVERY_MS 10000 /* a jam of a quarter of a minute shows, and taking one costs nothing */
#define SAMPLES_KEPT 360      /* an hour: what an operator looks back on after turning something; 23 kB */
#define ENGAGEMENT_DAYS 30    /* four weeks to compare, and two days more */

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

#define MESSAGE_BYTES_MAX 65536 /* from a client, as an HTTP body */
#define MESSAGE_ID_BYTES_MAX 64 /* a UUID is 36 */
#define MESSAGES_PER_MINUTE 600 /* a member, with control frames: ten a second, as for reads; then errors, 4005 */
#define MESSAGES_BURST 120
#define ACK_HOURS 24                       /* as long as an Idempotency-Key */
#define SYNC_COUNTS_FOR 10 /* messages: what it asks for may be 128 KB from the database; once a second, that is */
#define MESSAGES_REFUSED_MAX 20            /* in a row: who does not slow down after that is closed with 4005 */
#define MESSAGE_SHORT_BYTES 4096           /* AUTH, the longest of use, has 2,200: a longer one counts for several */
#define CHEER_ICON_CHARS_MAX 32            /* a word such as "heart", or an emoji with all its parts */
#define FEED_TYPE_CHARS_MAX 64             /* of what a trusted server publishes */
#define CHEERS_REMEMBERED 4096             /* ids of cheers, per loop: a resend within minutes is no second cheer */
#define LIKES_SOON_MS 100                  /* DESIGN: how long counts of one post are gathered */
#define PRESENCE_SOON_MS 250               /* likewise for who is here */
#define TYPING_MS 5000                     /* DESIGN: who has not said so again does not type any more */
#define TYPING_TOLD_MAX 16                 /* at once in a channel: beyond that nobody reads the names */
#define CHAT_TICK_MS 500                   /* how exactly that ends, and how long receipts are gathered */
#define CHAT_PEOPLE_TOLD_MAX 200           /* listed; in a larger crowd comings and goings are not told one by one */
#define CHAT_NAMED_MAX 50                  /* of who is active: many ask, and few names are shown */
#define CHAT_MISSED_BYTES_MAX (128U << 10) /* of words read for a socket at once: escaped, a part of its queue */
#define CHAT_RECEIPTS_TOLD_MAX 100         /* at once; /channels/{id}/receipts has all */
#define PRESENCE_BEAT_MS 30000             /* and told anyway while the room is awake */
#define CLOSE_SPREAD_MS 4000               /* over which 4001 reaches everybody when the flag is turned off */
#define RETURN_SPREAD_MS 5000              /* over which 1012 asks everybody to come back */
#define SEND_BUFFER_BYTES 65536   /* of the kernel, per socket: a slow reader shows before megabytes pile up there */
#define ATTACHMENT_BYTES_MAX 2048 /* DESIGN: what survives sleep, packed */
#define SOCKETS_MAX 65536         /* per process; each also needs a descriptor */
#define SOCKETS_PER_MEMBER_MAX 16 /* tablet, phone, laptop, and tabs nobody closed */
#define ROOM_SOCKETS_MAX 32768    /* the most that --room-limit and --channel-limit take */
#define HANDSHAKES_PER_S 1000     /* a storm after a restart is spread, and polls keep their time */
#define HANDSHAKES_BURST 2000
#define QUEUE_BYTES_MAX (1U << 20) /* DESIGN: a slow consumer's queue, counted in memory */
#define QUEUE_MS_MAX 5000          /* and its age */
#define PING_ADVISED_MS 30000      /* what WELCOME says as `heartbeat` */
#define PING_LATE_MS 40000         /* after which a push does not wait for a socket any more */
#define SILENCE_MS_MAX 75000       /* two pings and a half without a word */
#define ROOM_SLEEP_MS 10000        /* without a message */
#define FREEZE_BYTES_MAX                                                                                               \
    (256U << 20) /* of all sockets at a hot restart, beside two images; 65,536 at rest take 16 MiB, slow ones more */
#define CLOSE_WAIT_MS 5000  /* for the other side's close frame */
#define DESK_ASKS_MAX 256   /* a loop's questions to the database at once: likes share the writer's queue */
#define LOOP_MAIL_MAX 65536 /* notes between loops; past it a room catches up from the database */

/* ---- rooms.db ---------------------------------------------------------------------------------------------------- */

#define ROOM_NAME_BYTES_MAX 96
#define ROOM_KEY_BYTES_MAX 2048           /* as the platform of the seeds allows */
#define ROOM_VALUE_BYTES_MAX (128U << 10) /* likewise */
#define ROOM_KEYS_MAX 16384               /* a walk over all of them takes 20 ms */
#define ROOM_BYTES_MAX (16 << 20)         /* keys and values: what one room fills is nothing to a disk */
#define ALARM_TRIES_MAX 6                 /* again, after an alarm failed; then it is given up */
#define ALARM_AGAIN_MS 2000               /* before the first of them; doubled each time: two minutes in all */
#define LIKES_FLUSH_MS 60000              /* DESIGN: once a minute */
#define LIKES_PENDING_MAX 20000           /* then it is flushed early: one transaction of about 0.1 s */
#define LIKES_BUFFER_MAX 200000           /* when it cannot be flushed: then likes are refused as busy */

/* ---- a member who leaves for good (db/farewell.h) ---------------------------------------------------------------- */

#define FAREWELL_ROWS 100        /* posts or messages a transaction: some ten milliseconds of the writer */
#define FAREWELL_DIGEST_ROWS 256 /* looked at for what they quote, likewise */

/* ---- digests and what a member taught ---------------------------------------------------------------------------- */

#define MEMBER_TOPICS_MAX 20     /* that a member or a job asks for: more than anybody picks by hand */
#define MEMBER_WEIGHTS_MAX 500   /* topics with a weight; then the one that says least makes room */
#define WEIGHT_TENTHS_DEFAULT 10 /* DESIGN: 1.0, moved by 0.1 within 0.1 and 2.0 */
#define WEIGHT_TENTHS_MIN 1
#define WEIGHT_TENTHS_MAX 20
#define WEIGHT_TENTHS_SHOWN 5    /* a post all of whose topics weigh less is not in the feed of a member's own */
#define FEEDBACK_KEPT_DAYS 30    /* DESIGN */
#define FEEDBACK_TOPICS_MAX 5    /* as a post has */
#define FEEDBACK_KEPT_MAX 200    /* six a day for a month; learning from all of them takes the writer 3 ms */
#define DIGESTS_KEPT 30          /* of a member: half a year of weeks, and some asked for */
#define DIGEST_EXPIRES_MS 600000 /* DESIGN: ten minutes after its last progress */
#define DIGEST_AGAIN_MS 60000    /* a digest of our own that was not finished is begun again */
#define DIGEST_BEGINS_MAX 5      /* what five tries in five minutes cannot make, a sixth cannot either */
#define DIGEST_BEGUN_PROGRESS 10 /* of 100, with its first step */
#define DIGEST_WAITS_MS 15000    /* for a place among them: 10,000 after a Sunday without a server wait ten minutes */
#define DIGESTS_AT_ONCE 16       /* of our own, in the helpers' queue: passwords share it */
#define DIGEST_ARTICLES_MAX 50   /* of a job: nobody reads more */
#define DIGEST_ARTICLES_OWN 10   /* of a digest of our own */
#define DIGEST_DAYS 7            /* that it looks back */
#define DIGEST_POSTS_MAX 2000    /* the newest it looks at: a team that writes 280 a day */
#define DIGEST_STEP_CHARS_MAX 120
#define DIGEST_ERROR_CHARS_MAX 300
#define ARTICLE_ID_CHARS_MAX 100
#define ARTICLE_TITLE_CHARS_MAX 200
#define ARTICLE_SUMMARY_CHARS_MAX 2000
#define ARTICLE_LINK_CHARS_MAX 1000
#define ARTICLE_TOPICS_MAX 10
#define ARTICLE_SCORE_MAX 1000000

/* ---- moderation and own data ------------------------------------------------------------------------------------- */

#define WORDS_MAX 500              /* of the word list: what an admin can still read through */
#define WORD_CHARS_MAX 40          /* the longest word anybody types */
#define REPORT_WORDS_CHARS_MAX 500 /* what a reporter adds: a few sentences */
#define COPY_BYTES_MAX (64U << 20)  /* of one's own data, in memory until it is sent: 15,000 of the longest posts */
#define COPIES_AT_ONCE 1           /* each may be that long */
#define FRESH_SIGN_IN_MS 600000    /* who has no password here shows that they signed in just now */
#define MUTE_MINUTES_MAX 43200     /* 30 days; whoever should be quiet for longer leaves the team */

/* ---- web push ---------------------------------------------------------------------------------------------------- */

#define PUSH_DEVICES_MAX 10          /* of a member: two phones, a tablet, a laptop, and what was thrown away */
#define PUSH_ENDPOINT_BYTES_MAX 1000 /* the longest push services give have about 600 */
#define PUSH_DELAY_MS 10000          /* for an open app to hear of it first: then nothing has to be sent */
#define PUSH_HERE_MS 5000            /* how often it is looked whether an app that is open has */
#define PUSH_HEARD_MS 1000           /* a socket that is alive so long after a notice was told of it */
#define PUSH_TTL_S 86400             /* a notice of yesterday is read in the app */
#define PUSH_PAGE 500                /* devices a job: the writer is not held up */
#define PUSH_AT_ONCE 32              /* deliveries under way */
#define PUSH_AT_ONCE_HOST 8          /* likewise to one push service: a slow one leaves room for others */
#define PUSH_WINDOW 256              /* of what is due, looked at in a turn */
#define PUSH_TIMEOUT_MS 10000        /* for one delivery, from the name's look-up to the answer */
#define PUSH_ANSWER_BYTES_MAX 16384  /* that is read and thrown away: push services say little */
#define PUSH_AGAIN_MS 15000          /* before the second try; doubled each time */
#define PUSH_AGAIN_MAX_MS 3600000    /* within a day about thirty tries */
#define PUSH_RETRY_AFTER_MAX_S 21600 /* of what a push service asks for */
#define PUSH_FAILURES_PAUSE 4        /* of a push service in a row: then it is paused, too */
#define PUSH_PAUSE_MAX_MS 60000      /* of a whole push service after it asked for one: the device may wait longer */
#define PUSH_PAUSES 16               /* push services that pause at once: there are five in the world */
#define PUSH_FAILURES_MAX 100        /* in a row: the device is forgotten */
#define PUSH_PADDED_BYTES 512        /* notices look alike in length; one that is longer shows */
#define PUSH_BODY_CHARS 200          /* of a notice: more does not fit on a lock screen */
#define PUSH_TOKEN_S 43200           /* half of what RFC 8292 allows */
#define PUSH_STOP_MS 2000            /* for those under way when the server stops: the others stay in the queue */
#define PUSH_HELD_MS 60000           /* after a delivery could not even be begun: no memory, no libcurl */
#define REACH_SLOTS 16384            /* members by id: 640 KiB when all are used */

/* ---- rates: sustained per minute, and burst ---------------------------------------------------------------------- */

#define RATE_READ_PER_MINUTE 600 /* a member: ten a second, forty times an honest client */
#define RATE_READ_BURST 120
#define RATE_WRITE_PER_MINUTE 120 /* a member: two a second, faster than anyone likes by hand */
#define RATE_WRITE_BURST 60
#define RATE_SIGN_IN_PER_MINUTE 10 /* an address: a household at one router, not a dictionary */
#define RATE_SIGN_IN_BURST 20
#define RATE_ANONYMOUS_PER_MINUTE 600 /* an address without credentials (the web app), or with false ones */
#define RATE_ANONYMOUS_BURST 300
#define RATE_TABLE_SHARDS 64
#define RATE_SHARD_ENTRIES 4096 /* 262,144 buckets in all: 4 MiB when all are used */

/* ---- backups ----------------------------------------------------------------------------------------------------- */

#define MOMENT_HOLD_MS_MAX 25 /* a writer waits for the other one: half of what anybody may notice */
#define MOMENT_TRIES_MAX 40   /* a disk that takes 0.1 s a commit lets them meet in one try of four */
#define BACKUP_STEP_PAGES 256 /* a megabyte: then it looks whether to stop */
#define BACKUP_SYNC_BYTES (4U << 20) /* of the archive at once: one fsync of it all would hold the writers' up */
#define BACKUP_FACTS_BYTES_MAX 16384 /* backup.json: two dozen lines and a name for each table */
#define BACKUP_AGAIN_MS 300000       /* after one that failed: a full disk is not emptied within a minute */
#define BACKUP_KEEP_MAX 1000
#define BACKUPS_LISTED_MAX 100 /* for the admin's page: three months of a daily one */
#define BACKUP_EVERY_S_MAX (366 * 86400)
#define CENSUS_TABLES_MAX 96 /* of one file: three times what there is */

/* ---- import ------------------------------------------------------------------------------------------------------ */

#define IMPORT_LINE_BYTES_MAX 65536 /* one record, as an HTTP body */

#endif
