/*
 * The demo community's chats. See demo_chat.h.
 *
 * Each line says how many minutes ago it was written; an answer in a thread names the line (counted from 1) that it
 * answers.
 */
#include "api/demo_chat.h"

#include "db/transfer.h"

#define MINUTE_MS INT64_C(60000)
#define OLDER_MS (60 * 24 * 60 * MINUTE_MS) /* the teams, and their channels with them */

enum { WALKERS_CHANNEL = 1, STRONG_CHANNEL, NEWS_CHANNEL };

struct line {
    int minutes_ago;
    int author; /* 0: the team's coach; else the number of a member */
    int answers;
    const char *words;
};

static const struct line walkers[] = {
    {1630, 0, 0, "Good morning, walkers! Dry until noon, they say. Who is coming round the lake today?"},
    {1622, 1, 0, "Me! I will bring the blue thermos."},
    {1618, 4, 0, "Count me in. My knee says slowly, please."},
    {1615, 7, 3, "Slowly is our speed, James. I will walk with you."},
    {1611, 4, 3, "Thank you, Barbara. Then I have no excuse left."},
    {1600, 9, 0, "I have the grandchildren until eleven. Would you wave when you pass the playground?"},
    {1596, 2, 6, "We will wave with both arms."},
    {1594, 12, 6, "And with the thermos."},
    {1420, 5, 0, "That was lovely. 4.2 km, two herons, one very muddy dog."},
    {1416, 15, 9, "The dog was a herd of his own."},
    {1412, 9, 9, "The children are still talking about the wave!"},
    {1405, 3, 0, "First time all the way round for me. I sat down after, but I was round."},
    {1402, 0, 12, "Linda, that is the whole lake! I am so glad you came."},
    {1399, 1, 12, "Hurray, Linda!"},
    {1397, 11, 12, "Tomorrow you show me how. I always turn back at the bridge."},
    {890, 14, 0, "Does anybody know the name of the yellow flower by the weir? I took a picture, it is in my post."},
    {884, 18, 16, "Marsh marigold, I think. My mother called them kingcups."},
    {880, 14, 16, "Kingcups! Yes. Thank you, Charles."},
    {310, 8, 0, "Found a left glove on bench three. Green, hand-knitted. Whose is it?"},
    {301, 13, 19, "Mine! I knitted the right one too, it misses its friend."},
    {298, 8, 19, "I have it safe, Nancy. See you on Saturday."},
    {150, 10, 0, "Slept badly, so I only did the short round. Still counts?"},
    {147, 0, 22, "It counts double, Thomas."},
    {144, 16, 22, "The short round is my favourite. It has the bakery."},
    {55, 20, 0, "Saturday, half past eight, at the fountain: I bring rolls. Who is in?"},
    {52, 6, 25, "In!"},
    {50, 17, 25, "In, and I bring the plum jam."},
    {47, 19, 25, "In. I will be the one in the red hat."},
    {12, 0, 0, "You are a fine lot. See you all on Saturday, and drink a glass of water now, please."},
    {9, 2, 0, "Done. Cheers, Coach!"},
};

static const struct line strong[] = {
    {2900, 0, 0, "Chairs, wall, towel: that is all we need tomorrow. Ten o'clock as always."},
    {2880, 21, 0, "I found the sheet in large print. Thank you, Dave, I can finally read number six."},
    {2875, 30, 2, "Number six is the one I pretend not to see."},
    {2871, 21, 2, "Not any more, Frank. I read it out loud for you."},
    {1500, 24, 0, "Twelve stands from the chair without hands. In March it was three."},
    {1496, 0, 5, "Twelve! George, that is strength."},
    {1492, 27, 5, "I counted along from the kitchen."},
    {700, 28, 0, "Is the hall warm again? Last week I kept my coat on."},
    {690, 25, 8, "It is. I asked the caretaker this morning."},
    {40, 29, 0,
     "I will be five minutes late on Wednesday. Please start without me, and leave me the chair by the door."},
    {35, 0, 10, "Your chair, Joyce, is reserved."},
};

static const struct line news[] = {
    {2000, 0, 0, "Here I write what everybody should find again: dates, places, and what to bring."},
    {1980, 0, 0, "Saturday: half past eight, the fountain. Good shoes. We are back by half past ten."},
};

struct chat {
    int64_t channel_id;
    int64_t team_id;
    const struct line *lines;
    size_t count;
    int readers_first; /* numbers of members who have read, and the last few of whom not all of it */
    int readers_last;
};

static enum err put_channel(struct tx *tx, const struct demo_chat *demo, int64_t id, int64_t team_id, const char *name,
                            enum posting posting)
{
    const struct transfer_channel channel = {
        .given = TRANSFER_POSTING | TRANSFER_CREATED_AT,
        .id = id,
        .team_id = team_id,
        .name = name,
        .posting = posting,
        .created_ms = demo->now_ms - OLDER_MS + id * MINUTE_MS,
    };
    enum transfer_result result;
    return transfer_put_channel(tx, &channel, &result);
}

static enum err put_lines(struct tx *tx, const struct demo_chat *demo, const struct chat *chat, int64_t first_id)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < chat->count && err == ERR_OK; i++) {
        const struct line *line = &chat->lines[i];
        const struct transfer_message message = {
            .given = TRANSFER_THREAD | TRANSFER_CREATED_AT,
            .id = first_id + (int64_t)i,
            .channel_id = chat->channel_id,
            .author_id = line->author == 0 ? chat->team_id : demo->first_member + line->author - 1,
            .content = line->words,
            .thread_id = line->answers == 0 ? 0 : first_id + line->answers - 1,
            .created_ms = demo->now_ms - line->minutes_ago * MINUTE_MS,
        };
        enum transfer_result result;
        err = transfer_put_message(tx, &message, &result);
    }
    return err;
}

/* Everybody has all of it, and has read to the end, but for every fourth, who stopped some lines before. */
static enum err put_receipts(struct tx *tx, const struct demo_chat *demo, const struct chat *chat, int64_t first_id)
{
    enum err err = ERR_OK;
    int64_t last_id = first_id + (int64_t)chat->count - 1;
    for (int number = chat->readers_first - 1; number <= chat->readers_last && err == ERR_OK; number++) {
        bool coach = number == chat->readers_first - 1;
        const struct transfer_receipt receipt = {
            .channel_id = chat->channel_id,
            .user_id = coach ? chat->team_id : demo->first_member + number - 1,
            .delivered_id = last_id,
            .read_id = !coach && number % 4 == 1 ? last_id - (int64_t)chat->count / 5 : last_id,
        };
        enum transfer_result result;
        err = transfer_put_receipt(tx, &receipt, &result);
    }
    return err;
}

enum err demo_chat_put(struct tx *tx, const struct demo_chat *demo)
{
#define LINES(list) (list), sizeof(list) / sizeof(list)[0]
    const struct chat chats[] = {
        {WALKERS_CHANNEL, demo->walkers, LINES(walkers), 1, 20},
        {STRONG_CHANNEL, demo->strong, LINES(strong), 21, 30},
        {NEWS_CHANNEL, demo->walkers, LINES(news), 1, 20},
    };
    int64_t next_id = 1;
    enum err err = put_channel(tx, demo, WALKERS_CHANNEL, demo->walkers, "Team chat", POSTING_EVERYONE);
    if (err == ERR_OK)
        err = put_channel(tx, demo, STRONG_CHANNEL, demo->strong, "Team chat", POSTING_EVERYONE);
    if (err == ERR_OK)
        err = put_channel(tx, demo, NEWS_CHANNEL, demo->walkers, "From Sarah", POSTING_COACHES);
    for (size_t i = 0; i < sizeof chats / sizeof chats[0] && err == ERR_OK; i++) {
        err = put_lines(tx, demo, &chats[i], next_id);
        if (err == ERR_OK)
            err = put_receipts(tx, demo, &chats[i], next_id);
        next_id += (int64_t)chats[i].count;
    }
    return err;
}
