/* utf8.h - one place that knows what UTF-8 is. */
#ifndef LK_IO_UTF8_H
#define LK_IO_UTF8_H

#include <stddef.h>

/* The bytes of the character that starts at s, of which `bytes` > 0 may be read; 0 where
 * none does: overlong forms, surrogates, code points above 10FFFF, cut or stray bytes. */
static inline size_t lk_utf8_bytes(const char *s, size_t bytes)
{
    const unsigned char *u = (const unsigned char *)s;
    unsigned char lowest = 0x80, highest = 0xbf; /* of the second byte */
    size_t length;

    if (u[0] < 0x80) return 1;
    if (u[0] >= 0xc2 && u[0] <= 0xdf)
        length = 2;
    else if (u[0] >= 0xe0 && u[0] <= 0xef)
        length = 3;
    else if (u[0] >= 0xf0 && u[0] <= 0xf4)
        length = 4;
    else
        return 0;

    if (u[0] == 0xe0) lowest = 0xa0;
    if (u[0] == 0xed) highest = 0x9f;
    if (u[0] == 0xf0) lowest = 0x90;
    if (u[0] == 0xf4) highest = 0x8f;
    if (bytes < length || u[1] < lowest || u[1] > highest) return 0;
    for (size_t i = 2; i < length; i++) {
        if ((u[i] & 0xc0) != 0x80) return 0;
    }
    return length;
}

#endif /* LK_IO_UTF8_H */
