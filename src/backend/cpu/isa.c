/* isa.c - which instruction sets this CPU has. */
#include "backend/cpu/isa.h"

#include <stdbool.h>
#include <string.h>

extern const lk_exact_kernels lk_exact_baseline;
extern const lk_fast_kernels lk_fast_baseline;

#ifdef LK_X86
extern const lk_exact_kernels lk_exact_avx2, lk_exact_avx512;
extern const lk_fast_kernels lk_fast_avx2, lk_fast_avx512;

/* What x86-64-v3 and -v4 add, as far as our kernels can meet it. */
static bool runs_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

static bool runs_avx512(void)
{
    return runs_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

static bool runs_anywhere(void)
{
    return true;
}

static const struct {
    lk_isa isa;
    bool (*runs)(void);
} table[] = {
#ifdef LK_X86
    {{"avx512", &lk_exact_avx512, &lk_fast_avx512}, runs_avx512},
    {{"avx2", &lk_exact_avx2, &lk_fast_avx2}, runs_avx2},
#endif
    {{"baseline", &lk_exact_baseline, &lk_fast_baseline}, runs_anywhere},
};

const lk_isa *lk_isa_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (name != NULL && strcmp(table[i].isa.name, name) != 0) continue;
        if (table[i].runs()) return &table[i].isa;
    }
    return NULL;
}

const char *lk_cpu_isa_name(void)
{
    return lk_isa_find(NULL)->name;
}
