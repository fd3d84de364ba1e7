/*
 * Cursors. Whatever is accepted is written back byte for byte; whatever is written is accepted and means the same.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "db/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void bytes_as_text(const uint8_t *data, size_t size)
{
    struct cursor c;
    if (cursor_parse((const char *)data, size, &c) != ERR_OK)
        return;
    char text[CURSOR_BYTES_MAX];
    require(size < CURSOR_BYTES_MAX && c.seq >= 0);
    require(strlen(c.epoch) == 16 && strspn(c.epoch, "0123456789abcdef") == 16);
    require(cursor_format(&c, text) == size);
    require(memcmp(text, data, size) == 0 && text[size] == '\0');
}

static void bytes_as_value(const uint8_t *data, size_t size)
{
    uint64_t numbers[4] = {0}; /* epoch, seq, boot, likes */
    memcpy(numbers, data, size < sizeof numbers ? size : sizeof numbers);
    struct cursor c = {.seq = (int64_t)(numbers[1] >> 1), .boot = (uint32_t)numbers[2], .likes = numbers[3]};
    for (int i = 0; i < 16; i++)
        c.epoch[i] = "0123456789abcdef"[numbers[0] >> (4 * i) & 15];

    char text[CURSOR_BYTES_MAX];
    struct cursor again;
    size_t len = cursor_format(&c, text);
    require(len == strlen(text) && len <= 66);
    require(cursor_parse(text, len, &again) == ERR_OK);
    require(strcmp(c.epoch, again.epoch) == 0 && c.seq == again.seq && c.boot == again.boot && c.likes == again.likes);
    require(cursor_parse(text, len + 1, &again) == ERR_MALFORMED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bytes_as_text(data, size);
    bytes_as_value(data, size);
    return 0;
}
