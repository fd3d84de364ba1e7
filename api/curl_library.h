/*
 * libcurl, loaded when it is first needed. It brings some twenty libraries with it, which an idle server would hold in
 * memory for pushes that perhaps nobody wants.
 *
 * Used as `curl->multi_perform(…)` where libcurl's manual says curl_multi_perform. Any thread.
 */
#ifndef PORCHLIGHT_API_CURL_LIBRARY_H
#define PORCHLIGHT_API_CURL_LIBRARY_H

#include <curl/curl.h>

#include "base/err.h"

#define CURL_LIBRARY_FUNCTIONS(X)                                                                                      \
    X(easy_cleanup)                                                                                                    \
    X(easy_getinfo)                                                                                                    \
    X(easy_init)                                                                                                       \
    X(easy_setopt)                                                                                                     \
    X(easy_strerror)                                                                                                   \
    X(global_init)                                                                                                     \
    X(multi_add_handle)                                                                                                \
    X(multi_cleanup)                                                                                                   \
    X(multi_info_read)                                                                                                 \
    X(multi_init)                                                                                                      \
    X(multi_perform)                                                                                                   \
    X(multi_poll)                                                                                                      \
    X(multi_remove_handle)                                                                                             \
    X(slist_append)                                                                                                    \
    X(slist_free_all)

struct curl_library {
#define CURL_LIBRARY_MEMBER(name) __typeof__(curl_##name) *name;
    CURL_LIBRARY_FUNCTIONS(CURL_LIBRARY_MEMBER)
#undef CURL_LIBRARY_MEMBER
};

/* It stays loaded as long as the process lives. ERR_NOT_FOUND: this system has none, or one that is too old.
 * ERR_NO_MEMORY. */
enum err curl_library_load(struct curl_library *out);

#endif
