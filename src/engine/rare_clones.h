/* rare_clones.h - loops that are worth compiling for the CPU at hand.
 *
 * The bits do not depend on the choice: lanes are different draws, contraction is off, and
 * explicit fma rounds once everywhere.  What they call is compiled with them (flatten). */
#ifndef LK_ENGINE_RARE_CLONES_H
#define LK_ENGINE_RARE_CLONES_H

#if defined(__x86_64__) && __GNUC__ >= 12 && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define LK_CLONES           \
    __attribute__((flatten, \
                   target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LK_CLONES
#endif

#endif /* LK_ENGINE_RARE_CLONES_H */
