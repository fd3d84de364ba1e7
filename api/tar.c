/* tar headers. See tar.h. */
#include "api/tar.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { AT_MODE = 100, AT_UID = 108, AT_GID = 116, AT_SIZE = 124, AT_TIME = 136, AT_SUM = 148 };
enum { AT_TYPE = 156, AT_MAGIC = 257 };
enum { SIZE_LEN = 12, SUM_LEN = 8 };

#define OCTAL_MAX INT64_C(077777777777)

/* Digits and a NUL, over the whole field. */
static void put_octal(unsigned char *field, int len, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%0*llo", len - 1, (unsigned long long)value);
    memcpy(field, text, (size_t)len);
}

static void put_size(unsigned char *field, int64_t bytes)
{
    if (bytes <= OCTAL_MAX) {
        put_octal(field, SIZE_LEN, bytes);
        return;
    }
    memset(field, 0, SIZE_LEN);
    field[0] = 0x80;
    for (int i = 0; i < 8; i++)
        field[SIZE_LEN - 1 - i] = (unsigned char)((uint64_t)bytes >> (8 * i));
}

/* Its own field counts as blanks. */
static unsigned sum_of(const unsigned char *block)
{
    unsigned sum = 0;
    for (int i = 0; i < TAR_BLOCK_BYTES; i++)
        sum += i >= AT_SUM && i < AT_SUM + SUM_LEN ? ' ' : block[i];
    return sum;
}

void tar_write_header(const struct tar_member *member, int64_t at_s, unsigned char out[static TAR_BLOCK_BYTES])
{
    size_t len = strlen(member->name);
    assert(len > 0 && len < TAR_NAME_BYTES && member->bytes >= 0);
    memset(out, 0, TAR_BLOCK_BYTES);
    memcpy(out, member->name, len);
    put_octal(out + AT_MODE, 8, 0600);
    put_octal(out + AT_UID, 8, 0);
    put_octal(out + AT_GID, 8, 0);
    put_size(out + AT_SIZE, member->bytes);
    put_octal(out + AT_TIME, 12, at_s > 0 && at_s <= OCTAL_MAX ? at_s : 0);
    out[AT_TYPE] = '0';
    memcpy(out + AT_MAGIC, "ustar\00000", 8);
    put_octal(out + AT_SUM, SUM_LEN - 1, sum_of(out));
    out[AT_SUM + SUM_LEN - 1] = ' ';
}

/* Blanks, octal digits, then a blank or NUL, or the field's end. -1: it is not that. */
static int64_t read_octal(const unsigned char *field, int len)
{
    int64_t value = 0;
    int i = 0;
    while (i < len && field[i] == ' ')
        i++;
    if (i == len || field[i] < '0' || field[i] > '7')
        return -1;
    for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
        value = value * 8 + (field[i] - '0');
    return i == len || field[i] == ' ' || field[i] == '\0' ? value : -1;
}

static int64_t read_size(const unsigned char *field)
{
    if (field[0] != 0x80)
        return read_octal(field, SIZE_LEN);
    uint64_t value = 0;
    for (int i = 1; i < SIZE_LEN; i++) {
        if (value >> 55 != 0)
            return -1;
        value = value << 8 | field[i];
    }
    return (int64_t)value;
}

enum err tar_read_header(const unsigned char block[static TAR_BLOCK_BYTES], struct tar_member *out)
{
    static const unsigned char zeros[TAR_BLOCK_BYTES];
    *out = (struct tar_member){0};
    if (memcmp(block, zeros, TAR_BLOCK_BYTES) == 0)
        return ERR_OK;
    int64_t bytes = read_size(block + AT_SIZE);
    if (memcmp(block + AT_MAGIC, "ustar", 5) != 0 || read_octal(block + AT_SUM, SUM_LEN) != (int64_t)sum_of(block) ||
        (block[AT_TYPE] != '0' && block[AT_TYPE] != '\0') || block[0] == '\0' || bytes < 0)
        return ERR_MALFORMED;
    memcpy(out->name, block, TAR_NAME_BYTES - 1);
    out->bytes = bytes;
    return ERR_OK;
}

size_t tar_padding(int64_t bytes)
{
    return (size_t)((TAR_BLOCK_BYTES - bytes % TAR_BLOCK_BYTES) % TAR_BLOCK_BYTES);
}
