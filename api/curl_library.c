/* libcurl when it is needed. See curl_library.h. */
#include "api/curl_library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

/* The interface that <curl/curl.h> describes; it has had this name since 2006. */
#define CURL_LIBRARY_NAME "libcurl.so.4"

static bool find(void *library, const char *name, void *function, size_t bytes)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, bytes); /* ISO C has no cast from an object's address to a function's */
    return symbol != NULL;
}

enum err curl_library_load(struct curl_library *out)
{
    void *library = dlopen(CURL_LIBRARY_NAME, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return ERR_NOT_FOUND;
#define CURL_LIBRARY_FIND(name) find(library, "curl_" #name, &out->name, sizeof out->name) &&
    bool complete = CURL_LIBRARY_FUNCTIONS(CURL_LIBRARY_FIND) true;
#undef CURL_LIBRARY_FIND
    if (!complete)
        return ERR_NOT_FOUND;
    return out->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? ERR_OK : ERR_NO_MEMORY;
}
