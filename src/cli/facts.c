/* facts.c - prints a list of named values. */
#include "cli/facts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* The next fact, or a last one that nobody sees. */
static lk_fact *next(lk_facts *facts, const char *name, lk_cell_kind kind)
{
    lk_fact *fact = &facts->fact[facts->facts];

    if (facts->facts + 1 < LK_FACTS_MAX) facts->facts++;
    *fact = (lk_fact){.column = {name, kind}};
    return fact;
}

void lk_facts_text(lk_facts *facts, const char *name, const char *format, ...)
{
    lk_fact *fact = next(facts, name, LK_CELL_TEXT);
    va_list args;

    va_start(args, format);
    vsnprintf(fact->text, sizeof fact->text, format, args);
    va_end(args);
}

void lk_facts_count(lk_facts *facts, const char *name, uint64_t value)
{
    next(facts, name, LK_CELL_COUNT)->count = value;
}

void lk_facts_real(lk_facts *facts, const char *name, double value)
{
    next(facts, name, LK_CELL_REAL)->real = value;
}

static void print_lines(const lk_facts *facts, FILE *to)
{
    size_t width = 0;

    for (size_t i = 0; i < facts->facts; i++) {
        const size_t length = strlen(facts->fact[i].column.name);

        if (length > width) width = length;
    }
    for (size_t i = 0; i < facts->facts; i++) {
        const lk_fact *fact = &facts->fact[i];

        fprintf(to, "%-*s  ", (int)width, fact->column.name);
        switch (fact->column.kind) {
        case LK_CELL_COUNT: fprintf(to, "%" PRIu64 "\n", fact->count); break;
        case LK_CELL_REAL: fprintf(to, "%.6g\n", fact->real); break;
        default: fprintf(to, "%s\n", fact->text);
        }
    }
}

lk_status lk_facts_print(const lk_facts *facts, FILE *to, lk_format format,
                         const char *command, lk_error *err)
{
    lk_column column[LK_FACTS_MAX];
    lk_table *table = NULL;
    lk_status st = LK_OK;

    if (format == LK_FORMAT_TABLE) {
        print_lines(facts, to);
        return LK_OK;
    }
    for (size_t i = 0; i < facts->facts; i++) column[i] = facts->fact[i].column;
    LK_TRY(lk_table_open(to, format, command, column, facts->facts, &table, err));
    for (size_t i = 0; i < facts->facts; i++) {
        const lk_fact *fact = &facts->fact[i];

        switch (fact->column.kind) {
        case LK_CELL_COUNT: lk_table_count(table, fact->count); break;
        case LK_CELL_REAL: lk_table_real(table, fact->real); break;
        default: lk_table_text(table, fact->text);
        }
    }
    st = lk_table_close(table, err);
out:
    return st;
}
