/* facts.h - a list of named values about one thing: lines for people, and one row of the
 * stable interface for programs. */
#ifndef LK_CLI_FACTS_H
#define LK_CLI_FACTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "io/table.h"
#include "largek/status.h"

enum { LK_FACTS_MAX = 48, LK_FACT_TEXT = 2048 };

typedef struct {
    lk_column column;
    char text[LK_FACT_TEXT];
    uint64_t count;
    double real;
} lk_fact;

typedef struct {
    size_t facts;
    lk_fact fact[LK_FACTS_MAX]; /* more than that are left out */
} lk_facts;

/* name: a literal, words joined by "_". */
void lk_facts_text(lk_facts *facts, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void lk_facts_count(lk_facts *facts, const char *name, uint64_t value);
void lk_facts_real(lk_facts *facts, const char *name, double value);

/* Errors  as lk_table_close */
lk_status lk_facts_print(const lk_facts *facts, FILE *to, lk_format format,
                         const char *command, lk_error *err);

#endif /* LK_CLI_FACTS_H */
