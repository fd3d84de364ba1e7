/*
 * Telling systemd how we are (sd_notify(3)): one datagram to the socket that $NOTIFY_SOCKET names; nothing without it.
 */
#ifndef PORCHLIGHT_API_NOTIFY_H
#define PORCHLIGHT_API_NOTIFY_H

/* "READY=1", "STOPPING=1". Any thread. */
void notify_state(const char *state);

#endif
