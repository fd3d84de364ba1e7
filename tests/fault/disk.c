/*
 * A disk that fills up, for tests: a SQLite VFS over the usual one, linked into a program of its own
 * (build/porchlight-fault), where it takes the usual one's place before main() begins.
 *
 * FAULT_FILE names a file of two numbers of 64 bits, which the test writes and this reads, mapped into memory:
 *
 *      [ countdown | writes ]
 *
 * countdown 0: all is well. n: n - 1 more writes, truncations or fsyncs succeed, and from the next one on each fails,
 * as on a disk that is full, until the test sets it again. `writes` counts them all.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FAILING (-1)

struct control {
    _Atomic int64_t countdown;
    _Atomic int64_t writes;
};

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

static bool is_full(void)
{
    (void)atomic_fetch_add(&control->writes, 1);
    int64_t left = atomic_load(&control->countdown);
    while (left > 0 && !atomic_compare_exchange_weak(&control->countdown, &left, left == 1 ? FAILING : left - 1))
        ;
    return left == 1 || left == FAILING;
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
    const char *path = getenv("FAULT_FILE");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return; /* a command of the test, which needs no faults */
    void *at = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (at == MAP_FAILED)
        abort();
    control = at;
    usual = sqlite3_vfs_find(NULL);
    faulty = *usual;
    faulty.zName = "faulty";
    faulty.szOsFile = (int)sizeof(struct file) + usual->szOsFile;
    faulty.xOpen = open_it;
    faulty.pNext = NULL;
    (void)sqlite3_vfs_register(&faulty, 1);
}
