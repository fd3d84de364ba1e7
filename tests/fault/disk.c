/*
 * A disk that fills up or is slow, for tests: a SQLite VFS over the usual one, linked into a program of its own
 * (build/porchlight-fault), where it takes the usual one's place before main() begins. control.h says what it is to do.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "tests/fault/control.h"

struct file {
    sqlite3_file base; /* first */
    sqlite3_file *real; /* behind this struct, in the memory that SQLite gave */
    sqlite3_io_methods methods; /* the real ones, but for three */
};

static struct control *control;
static sqlite3_vfs *usual;
static sqlite3_vfs faulty;

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct file *)f)->real;
}

/* Which ones are late is spread evenly by their number, not drawn: a test that failed fails again. */
static void be_late(int64_t number)
{
    int64_t late_us = atomic_load(&control->late_us);
    if (late_us == 0 || number * 619 % 1000 >= atomic_load(&control->late_per_mille))
        return;
    int64_t left = atomic_load(&control->late_left);
    while (left > 0 && !atomic_compare_exchange_weak(&control->late_left, &left, left - 1))
        ;
    const struct timespec wait = {.tv_sec = late_us / 1000000, .tv_nsec = late_us % 1000000 * 1000};
    if (left != 0)
        (void)nanosleep(&wait, NULL);
}

static bool is_full(void)
{
    be_late(atomic_fetch_add(&control->writes, 1));
    int64_t left = atomic_load(&control->full_in);
    while (left > 0 && !atomic_compare_exchange_weak(&control->full_in, &left, left == 1 ? CONTROL_FAILING : left - 1))
        ;
    return left == 1 || left == CONTROL_FAILING;
}

static int write_some(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
    return is_full() ? SQLITE_FULL : real_of(f)->pMethods->xWrite(real_of(f), bytes, len, at);
}

static int cut(sqlite3_file *f, sqlite3_int64 size)
{
    return is_full() ? SQLITE_IOERR_TRUNCATE : real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int sync_it(sqlite3_file *f, int flags)
{
    return is_full() ? SQLITE_IOERR_FSYNC : real_of(f)->pMethods->xSync(real_of(f), flags);
}

/* The rest goes to the real file. */
static int close_it(sqlite3_file *f) { return real_of(f)->pMethods->xClose(real_of(f)); }
static int read_some(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), to, len, at);
}
static int size_of(sqlite3_file *f, sqlite3_int64 *out) { return real_of(f)->pMethods->xFileSize(real_of(f), out); }
static int lock(sqlite3_file *f, int how) { return real_of(f)->pMethods->xLock(real_of(f), how); }
static int unlock(sqlite3_file *f, int how) { return real_of(f)->pMethods->xUnlock(real_of(f), how); }
static int reserved(sqlite3_file *f, int *out) { return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out); }
static int tune(sqlite3_file *f, int op, void *arg) { return real_of(f)->pMethods->xFileControl(real_of(f), op, arg); }
static int sector(sqlite3_file *f) { return real_of(f)->pMethods->xSectorSize(real_of(f)); }
static int traits(sqlite3_file *f) { return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f)); }
static int shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}
static int shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}
static void shm_barrier(sqlite3_file *f) { real_of(f)->pMethods->xShmBarrier(real_of(f)); }
static int shm_unmap(sqlite3_file *f, int remove) { return real_of(f)->pMethods->xShmUnmap(real_of(f), remove); }

static int open_it(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    struct file *file = (struct file *)f;
    (void)vfs;
    memset(file, 0, sizeof *file);
    file->real = (sqlite3_file *)(file + 1);
    int rc = usual->xOpen(usual, name, file->real, flags, out_flags);
    if (file->real->pMethods == NULL)
        return rc; /* nothing to close */
    file->methods = (sqlite3_io_methods){
        2,    close_it, read_some, write_some, cut,     sync_it,  size_of,     lock,     unlock, reserved,
        tune, sector,   traits,    shm_map,    shm_lock, shm_barrier, shm_unmap, NULL, NULL};
    file->base.pMethods = &file->methods;
    return rc;
}

static void __attribute__((constructor)) take_place(void)
{
    control = control_find();
    if (control == NULL)
        return;
    usual = sqlite3_vfs_find(NULL);
    faulty = *usual;
    faulty.zName = "faulty";
    faulty.szOsFile = (int)sizeof(struct file) + usual->szOsFile;
    faulty.xOpen = open_it;
    faulty.pNext = NULL;
    (void)sqlite3_vfs_register(&faulty, 1);
}
