/*
 * DATA/control.sock as a file descriptor: listening, connecting, and moving bytes with patience.
 */
#ifndef PORCHLIGHT_API_CONTROL_SOCKET_H
#define PORCHLIGHT_API_CONTROL_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Removes an old socket, binds, mode 0600, listens. Errors leave the cause in errno. ERR_INVALID, ERR_STORAGE. */
enum err control_socket_listen(const char *data, int *fd);

/* ERR_NOT_FOUND when nobody listens there, ERR_STORAGE for other reasons (in errno). */
enum err control_socket_connect(const char *data, int *fd);

void control_socket_remove(const char *data);

/*
 * Waits until `fd` can be read (or written). false: `patience_ms` are over, or `stop_fd` (-1: none) became readable,
 * or the other side is gone.
 */
bool control_socket_wait(int fd, bool write, int stop_fd, int64_t patience_ms);

/* Sends all, waiting at most `patience_ms` each time the other side is slow. Never raises SIGPIPE. */
bool control_socket_send(int fd, const char *bytes, size_t len, int stop_fd, int64_t patience_ms);

/* One send with a descriptor beside its first byte (-1: none); returns the bytes taken or -1. */
long control_socket_send_with(int fd, const char *bytes, size_t len, int passed_fd);

/*
 * One receive. A descriptor that came along is put into *passed_fd if that is -1, and closed otherwise. 0: end; -1:
 * error.
 */
long control_socket_receive(int fd, char *bytes, size_t len, int *passed_fd);

#endif
