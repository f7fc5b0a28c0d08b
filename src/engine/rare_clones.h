/* rare_clones.h - loops that are worth compiling for the CPU at hand.
 *
 * The bits do not depend on the choice: lanes are different draws, contraction is off, and
 * explicit fma rounds once everywhere. */
#ifndef LK_ENGINE_RARE_CLONES_H
#define LK_ENGINE_RARE_CLONES_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define LK_CLONES \
    __attribute__((target_clones("arch=skylake-avx512", "arch=haswell", "default")))
#else
#define LK_CLONES
#endif

#endif /* LK_ENGINE_RARE_CLONES_H */
