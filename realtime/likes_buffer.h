/*
 * What likes.c (wishes, routes) and likes_flush.c (from one file to the other) share. Nobody else includes it.
 *
 * Who owns what: the fields below `route_lock` belong to its holder, those of `rooms` to the rooms writer's thread,
 * those of `flush` to the holder of flush_lock, which only threads take that may block. A holder of flush_lock may take
 * route_lock.
 *
 * Work on the rooms writer's thread begins with likes_begin_batch. What it would change stands in `rooms.next` and,
 * staged, in the overlay, until the batch is durable (likes_settle_batch).
 */
#ifndef PORCHLIGHT_REALTIME_LIKES_BUFFER_H
#define PORCHLIGHT_REALTIME_LIKES_BUFFER_H

#include <pthread.h>

#include "realtime/likes.h"
#include "realtime/overlay.h"

enum route { ROUTE_DIRECT, ROUTE_OPENING, ROUTE_OPEN, ROUTE_CLOSING, ROUTE_STOPPED };

/* What is in rooms.db. */
struct buffer_state {
    int64_t waiting;  /* rows; exact after a flush, else at most those of failed batches too many */
    int64_t alarm_ms; /* 0: none is stored */
};

struct likes {
    struct likes_options options;
    struct overlay *overlay;
    _Atomic bool open;
    _Atomic int64_t alarm_ms;
    _Atomic int64_t aging_ms; /* when the overlay is to be looked at though nothing waits */
    struct likes_stats stats;

    pthread_mutex_t route_lock;
    pthread_cond_t opened;
    enum route route;
    bool reopen;   /* likes_set_open came while it was closing */
    size_t direct; /* wishes that the main writer has */
    struct mail *held;
    struct mail **held_end;
    size_t held_count;

    struct {
        int64_t version; /* the newest that was given */
        int64_t round;   /* the flush that will carry what comes now */
        int64_t carried; /* the newest round that is in the posts database */
        bool in_batch;
        struct buffer_state now;
        struct buffer_state next;
    } rooms;

    pthread_mutex_t flush_lock;
    struct {
        int64_t version;  /* up to which the posts database has them */
        bool unforgotten; /* rooms.db may still have rows up to there */
    } flush;
};

/* The rooms writer's thread. */
void likes_begin_batch(struct likes *l);
void likes_settle_batch(struct likes *l, enum err err); /* what a job of the batch came to */

/* Stages the pending rows after `version`, as `rooms_db` has them, over what the posts database says now. */
enum err likes_stage_rows(struct likes *l, struct db *rooms_db, int64_t version);

/* With route_lock held: the wishes that were held go to the writer of the new route. Those that it refuses are returned
   for likes_refuse, without the lock. */
struct mail *likes_release(struct likes *l, enum route route);
void likes_refuse(struct mail *refused);

#endif
