/* hoard.h - takes a GPU's memory, so that little is left for others. */
#ifndef LK_TESTS_GPU_HOARD_H
#define LK_TESTS_GPU_HOARD_H

#include <stddef.h>

enum { HOARD_BLOCKS = 64 };

typedef struct {
    void *block[HOARD_BLOCKS];
    size_t blocks;
} lk_hoard;

/* Bytes that are free now; 0 where that cannot be told. */
size_t hoard_free_bytes(void);

/* Takes until at most `leave` bytes are free.  Returns whether that worked. */
int hoard_take(lk_hoard *hoard, size_t leave);
void hoard_release(lk_hoard *hoard);

#endif /* LK_TESTS_GPU_HOARD_H */
