/* HTTPS to push services. See push_sender.h. */
#include "api/push_sender.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/curl_library.h"
#include "api/ece.h"
#include "api/push_target.h"
#include "api/version.h"
#include "base/limits.h"

#define HEADER_BYTES_MAX 1024 /* Authorization: a token of about 300 and a key of 87 characters */

struct place {
    struct push_sender *sender;
    CURL *handle;
    struct curl_slist *headers;
    unsigned char body[ECE_BODY_BYTES_MAX];
    size_t answered; /* bytes of the answer's body */
    bool forbidden;
    bool busy;
};

struct push_sender {
    struct curl_library curl;
    CURLM *multi; /* NULL: there was nothing to deliver yet, and `curl` is not loaded */
    int wake_fd;  /* eventfd */
    struct push_sender_options options;
    struct place places[PUSH_AT_ONCE];
};

/* Called before each connection, with what the name was found to mean. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *target)
{
    struct place *place = arg;
    struct cidr_address address;
    bool known = purpose == CURLSOCKTYPE_IPCXN && cidr_address_of(&target->addr, &address);
    if (!known || (!place->sender->options.lenient && !push_target_is_public(&address))) {
        place->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
}

static size_t drop_answer(char *bytes, size_t size, size_t count, void *arg)
{
    struct place *place = arg;
    (void)bytes;
    place->answered += size * count;
    return place->answered <= PUSH_ANSWER_BYTES_MAX ? size * count : 0;
}

/* The same for every delivery of the place. */
static bool set_up(struct place *p)
{
    CURL *h = p->handle;
    const struct curl_library *curl = &p->sender->curl;
    const char *ca = p->sender->options.ca_file;
    return curl->easy_setopt(h, CURLOPT_PRIVATE, p) == CURLE_OK &&
           curl->easy_setopt(h, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl->easy_setopt(h, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           curl->easy_setopt(h, CURLOPT_PROXY, "") == CURLE_OK && /* whatever the environment says */
           curl->easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl->easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl->easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)PUSH_TIMEOUT_MS) == CURLE_OK &&
           curl->easy_setopt(h, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK && /* no wait for a look-up when the server stops */
           curl->easy_setopt(h, CURLOPT_USERAGENT, "Porchlight/" PORCHLIGHT_VERSION) == CURLE_OK &&
           curl->easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl->easy_setopt(h, CURLOPT_OPENSOCKETDATA, p) == CURLE_OK &&
           curl->easy_setopt(h, CURLOPT_WRITEFUNCTION, drop_answer) == CURLE_OK &&
           curl->easy_setopt(h, CURLOPT_WRITEDATA, p) == CURLE_OK &&
           (ca == NULL || curl->easy_setopt(h, CURLOPT_CAINFO, ca) == CURLE_OK);
}

enum err push_sender_create(const struct push_sender_options *options, struct push_sender **out)
{
    struct push_sender *s = calloc(1, sizeof *s);
    if (s == NULL || (s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0) {
        free(s);
        return ERR_NO_MEMORY;
    }
    s->options = *options;
    for (size_t i = 0; i < PUSH_AT_ONCE; i++)
        s->places[i].sender = s;
    *out = s;
    return ERR_OK;
}

static void clear(struct place *p)
{
    const struct curl_library *curl = &p->sender->curl;
    if (p->busy)
        (void)curl->multi_remove_handle(p->sender->multi, p->handle);
    curl->slist_free_all(p->headers);
    p->headers = NULL;
    p->busy = false;
}

void push_sender_free(struct push_sender *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < PUSH_AT_ONCE && s->multi != NULL; i++) {
        clear(&s->places[i]);
        s->curl.easy_cleanup(s->places[i].handle);
    }
    if (s->multi != NULL)
        (void)s->curl.multi_cleanup(s->multi);
    (void)close(s->wake_fd);
    free(s);
}

static enum err load(struct push_sender *s)
{
    if (s->multi != NULL)
        return ERR_OK;
    enum err err = curl_library_load(&s->curl);
    if (err == ERR_OK && (s->multi = s->curl.multi_init()) == NULL)
        err = ERR_NO_MEMORY;
    return err;
}

static bool add_header(struct place *p, const char *name, const char *value)
{
    char line[HEADER_BYTES_MAX];
    int len = snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *more = len > 0 && len < (int)sizeof line ? p->sender->curl.slist_append(p->headers, line) : NULL;
    if (more != NULL)
        p->headers = more;
    return more != NULL;
}

/* RFC 8030, section 5; RFC 8291, section 4. */
static bool add_headers(struct place *p, const struct push_sender_order *order)
{
    char ttl[24];
    (void)snprintf(ttl, sizeof ttl, "%lld", (long long)order->ttl_s);
    return add_header(p, "Content-Type", "application/octet-stream") &&
           add_header(p, "Content-Encoding", "aes128gcm") && add_header(p, "TTL", ttl) &&
           add_header(p, "Urgency", order->urgency) && add_header(p, "Topic", order->topic) &&
           add_header(p, "Authorization", order->authorization);
}

enum err push_sender_begin(struct push_sender *s, size_t place, const struct push_sender_order *order)
{
    struct place *p = &s->places[place];
    const struct curl_library *curl = &s->curl;
    enum err err = load(s);
    if (err != ERR_OK)
        return err;
    if (p->handle == NULL && ((p->handle = curl->easy_init()) == NULL || !set_up(p))) {
        curl->easy_cleanup(p->handle);
        p->handle = NULL;
        return ERR_NO_MEMORY;
    }
    p->answered = 0;
    p->forbidden = false;
    memcpy(p->body, order->body, order->body_len);
    if (!add_headers(p, order) || curl->easy_setopt(p->handle, CURLOPT_URL, order->endpoint) != CURLE_OK ||
        curl->easy_setopt(p->handle, CURLOPT_POSTFIELDSIZE, (long)order->body_len) != CURLE_OK ||
        curl->easy_setopt(p->handle, CURLOPT_POSTFIELDS, p->body) != CURLE_OK ||
        curl->easy_setopt(p->handle, CURLOPT_HTTPHEADER, p->headers) != CURLE_OK ||
        curl->multi_add_handle(s->multi, p->handle) != CURLM_OK) {
        clear(p);
        return ERR_NO_MEMORY;
    }
    p->busy = true;
    return ERR_OK;
}

void push_sender_turn(struct push_sender *s, int timeout_ms)
{
    int running;
    uint64_t wakes;
    if (s->multi == NULL) {
        struct pollfd wake = {.fd = s->wake_fd, .events = POLLIN};
        (void)poll(&wake, 1, timeout_ms);
    } else {
        struct curl_waitfd wake = {.fd = s->wake_fd, .events = CURL_WAIT_POLLIN};
        (void)s->curl.multi_perform(s->multi, &running);
        (void)s->curl.multi_poll(s->multi, &wake, 1, timeout_ms, NULL);
        (void)s->curl.multi_perform(s->multi, &running);
    }
    (void)!read(s->wake_fd, &wakes, sizeof wakes); /* none: the time was over */
}

bool push_sender_next(struct push_sender *s, struct push_sender_result *out)
{
    int left;
    CURLMsg *message;
    if (s->multi == NULL)
        return false;
    do
        message = s->curl.multi_info_read(s->multi, &left);
    while (message != NULL && message->msg != CURLMSG_DONE);
    if (message == NULL)
        return false;
    struct place *p = NULL;
    long status = 0;
    curl_off_t retry_after_s = 0;
    CURLcode code = message->data.result;
    (void)s->curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&p);
    (void)s->curl.easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
    (void)s->curl.easy_getinfo(message->easy_handle, CURLINFO_RETRY_AFTER, &retry_after_s);
    /* A status whose body was too long, or was cut off, is a status all the same. */
    bool answered = code == CURLE_OK || (status >= 200 && (code == CURLE_WRITE_ERROR || code == CURLE_PARTIAL_FILE));
    *out = (struct push_sender_result){.place = (size_t)(p - s->places),
                                       .status = answered ? (int)status : 0,
                                       .retry_after_s = answered ? (int64_t)retry_after_s : 0,
                                       .forbidden = p->forbidden && !answered, /* it may have found another address */
                                       .cause = s->curl.easy_strerror(code)};
    clear(p);
    return true;
}

void push_sender_wake(struct push_sender *s)
{
    const uint64_t one = 1;
    (void)!write(s->wake_fd, &one, sizeof one); /* full: somebody has woken it already */
}
