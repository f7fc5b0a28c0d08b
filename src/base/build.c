/* build.c - which sources this library was made from. */
#include "largek/largek.h"

const char *lk_build_id(void)
{
    return LK_BUILD_ID;
}
