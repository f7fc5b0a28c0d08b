/* spec_json.h - a spec as the JSON text that files carry. */
#ifndef LK_ENGINE_SPEC_JSON_H
#define LK_ENGINE_SPEC_JSON_H

#include "largek/result.h"

/* Ownership  the text is the caller's; free it.  NULL where memory is out */
char *lk_spec_json(const lk_spec *spec);

/* Errors  LK_E_MISMATCH where it is no spec; LK_E_MEMORY */
lk_status lk_spec_parse(lk_spec *spec, const char *text);

/* A whole number that JSON holds as a text; false where it is none, or NULL. */
bool lk_json_u64(uint64_t *out, const char *text);

#endif /* LK_ENGINE_SPEC_JSON_H */
