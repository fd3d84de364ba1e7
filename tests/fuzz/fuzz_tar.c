/*
 * Headers of tar archives: whatever is accepted names a file, and is accepted again when it is written anew.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char block[TAR_BLOCK_BYTES] = {0};
    struct tar_member member;
    struct tar_member again;
    memcpy(block, data, size < sizeof block ? size : sizeof block);
    if (tar_read_header(block, &member) != ERR_OK || member.name[0] == '\0')
        return 0;
    require(member.bytes >= 0 && strlen(member.name) < TAR_NAME_BYTES);
    tar_write_header(&member, 0, block);
    require(tar_read_header(block, &again) == ERR_OK);
    require(again.bytes == member.bytes && strcmp(again.name, member.name) == 0);
    return 0;
}
