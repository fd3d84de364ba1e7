/* Folding by two small tables; ligatures become their first letter. See fold.h. */
#include "base/fold.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define LATIN_FIRST 0xc0
#define LATIN_END 0x180
#define VIETNAMESE_FIRST 0x1ea0
#define VIETNAMESE_END 0x1f00

/* The letter of each code point from the first on; a dot is none. */
static const char latin[] = "aaaaaaaceeeeiiiidnooooo.ouuuuytsaaaaaaaceeeeiiiidnooooo.ouuuuyty"
                            "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
                            "lllnnnnnn.nnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static const char vietnamese[] = "aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooooooooooo"
                                 "oooouuuuuuuuuuuuuuyyyyyyyy......";

static_assert(sizeof latin - 1 == LATIN_END - LATIN_FIRST, "one letter a code point");
static_assert(sizeof vietnamese - 1 == VIETNAMESE_END - VIETNAMESE_FIRST, "likewise");

/* The text is valid UTF-8 (base/json.h sees to that); a byte that is none counts as itself. */
static uint32_t read_point(const char **text)
{
    const unsigned char *p = (const unsigned char *)*text;
    size_t more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
    uint32_t point = more == 0 ? *p : *p & (0x3fU >> more);
    size_t i = 1;
    for (; i <= more && (p[i] & 0xc0) == 0x80; i++)
        point = point << 6 | (p[i] & 0x3fU);
    *text += i;
    return point;
}

static size_t put_point(char *out, uint32_t point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
    for (size_t i = more; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(first[more] | point);
    return more + 1;
}

static bool is_mark(uint32_t point)
{
    return point >= 0x300 && point < 0x370; /* combining: an accent of the letter before */
}

/* 0: it ends a word. */
static uint32_t fold_point(uint32_t point)
{
    if (point < 0x80) {
        bool upper = point >= 'A' && point <= 'Z';
        bool plain = (point >= 'a' && point <= 'z') || (point >= '0' && point <= '9');
        return upper ? point - 'A' + 'a' : plain ? point : 0;
    }
    if (point < LATIN_FIRST)
        return 0;
    if (point < LATIN_END)
        return latin[point - LATIN_FIRST] == '.' ? 0 : (uint32_t)latin[point - LATIN_FIRST];
    if (point >= VIETNAMESE_FIRST && point < VIETNAMESE_END)
        return vietnamese[point - VIETNAMESE_FIRST] == '.' ? 0 : (uint32_t)vietnamese[point - VIETNAMESE_FIRST];
    if ((point >= 0x391 && point <= 0x3a9) || (point >= 0x410 && point <= 0x42f))
        return point + 32;
    if (point >= 0x400 && point <= 0x40f)
        return point + 80;
    bool punctuation = (point >= 0x2000 && point < 0x2c00) || (point >= 0x3000 && point < 0x3040) || point >= 0x1f000 ||
                       point == 0xfe0f || point == 0xfeff;
    return punctuation ? 0 : point;
}

bool fold_next(const char **text, char out[static FOLD_WORD_BYTES])
{
    size_t len = 0;
    while (**text != '\0') {
        const char *at = *text;
        uint32_t point = read_point(&at);
        uint32_t folded = is_mark(point) ? 0 : fold_point(point);
        if (folded == 0 && !is_mark(point) && len > 0)
            break;
        *text = at;
        if (folded != 0 && len + 4 < FOLD_WORD_BYTES)
            len += put_point(out + len, folded);
    }
    out[len] = '\0';
    return len > 0;
}

bool fold_one(const char *text, char out[static FOLD_WORD_BYTES])
{
    char next[FOLD_WORD_BYTES];
    const char *rest = text;
    return fold_next(&rest, out) && *rest == '\0' && !fold_next(&rest, next);
}
