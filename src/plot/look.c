/* look.c - colours, dashes and markers of curves. */
#include "plot/look.h"

unsigned lk_look_colour(size_t i, size_t count)
{
    static const double anchor[][3] = {
        {62, 18, 92}, {52, 86, 140}, {32, 140, 141}, {84, 172, 84}, {214, 160, 28}};
    const double at = count < 2 ? 1.0 : 4.0 * (double)i / (double)(count - 1);
    const size_t low = at >= 4.0 ? 3 : (size_t)at;
    unsigned rgb = 0;

    for (size_t j = 0; j < 3; j++) {
        const double part = at - (double)low;
        const double value =
            anchor[low][j] + part * (anchor[low + 1][j] - anchor[low][j]);

        rgb = rgb << 8 | (unsigned)(value + 0.5);
    }
    return rgb;
}

const char *lk_look_dash(size_t i)
{
    static const char *const patterns[] = {"solid", "(14,5)", "(5,4)", "(14,5,3,5)",
                                           "(10,4,3,4,3,4)"};

    return patterns[i % 5];
}

unsigned lk_look_marker(size_t i)
{
    static const unsigned shapes[] = {7, 5, 9, 11, 13, 6, 4, 8, 10, 12};

    return shapes[i % 10];
}
