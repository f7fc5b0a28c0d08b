/* hoard.c - takes a GPU's memory by cudaMalloc, half of what may go at a time. */
#include "hoard.h"

#include <cuda_runtime_api.h>

enum { GRAIN = 1 << 20 };

size_t hoard_free_bytes(void)
{
    size_t free_bytes = 0, total = 0;

    return cudaMemGetInfo(&free_bytes, &total) == cudaSuccess ? free_bytes : 0;
}

int hoard_take(lk_hoard *hoard, size_t leave)
{
    size_t step = (size_t)1 << 62;

    *hoard = (lk_hoard){0};
    while (hoard->blocks < HOARD_BLOCKS) {
        const size_t left = hoard_free_bytes();

        if (left <= leave) return 1;
        if (step > left - leave) step = left - leave;
        if (step < GRAIN) return 1; /* as near as allocations come */
        if (cudaMalloc(&hoard->block[hoard->blocks], step) == cudaSuccess) {
            hoard->blocks++;
        } else {
            cudaGetLastError();
            step /= 2;
            if (step < GRAIN) return 1;
        }
    }
    return 0;
}

void hoard_release(lk_hoard *hoard)
{
    for (size_t i = 0; i < hoard->blocks; i++) cudaFree(hoard->block[i]);
    *hoard = (lk_hoard){0};
}
