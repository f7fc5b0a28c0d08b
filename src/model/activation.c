/* activation.c - the names of the activations, as files and options spell them. */
#include "largek/canonical.h"

#include <string.h>

static const char *const names[LK_ACTIVATIONS] = {
    [LK_IDENTITY] = "identity", [LK_RELU] = "relu", [LK_TANH] = "tanh",
    [LK_SIGMOID] = "sigmoid",   [LK_SILU] = "silu", [LK_GELU] = "gelu",
};

const char *lk_activation_name(lk_activation activation)
{
    const size_t i = (size_t)activation;

    return i < LK_ACTIVATIONS ? names[i] : "unknown";
}

lk_activation lk_activation_find(const char *name)
{
    int i = 0;

    while (i < LK_ACTIVATIONS && strcmp(name, names[i]) != 0) i++;
    return (lk_activation)i;
}
