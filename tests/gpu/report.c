/* report.c - a line a check for people, and JSON for the rest. */
#include "report.h"

#include <errno.h>
#include <math.h>
#include <string.h>

lk_status report_open(lk_report *r, const char *path, lk_error *err)
{
    *r = (lk_report){0};
    if (path == NULL) return LK_OK;
    r->json = fopen(path, "w");
    if (r->json == NULL) {
        return LK_FAIL(err, LK_E_IO, "%s: %s", path, strerror(errno));
    }
    fprintf(r->json, "{\"schema\":1,\"rows\":[");
    return LK_OK;
}

void report_row(lk_report *r, const char *kind)
{
    if (r->json == NULL) return;
    fprintf(r->json, "%s\n{\"kind\":\"%s\"", r->rows++ > 0 ? "," : "", kind);
}

void report_text(lk_report *r, const char *name, const char *value)
{
    if (r->json == NULL) return;
    fprintf(r->json, ",\"%s\":\"", name);
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') fputc('\\', r->json);
        fputc((unsigned char)*c < 0x20 ? ' ' : *c, r->json);
    }
    fputc('"', r->json);
}

void report_number(lk_report *r, const char *name, double value)
{
    if (r->json == NULL) return;
    if (isfinite(value)) {
        fprintf(r->json, ",\"%s\":%.9g", name, value);
    } else {
        fprintf(r->json, ",\"%s\":null", name);
    }
}

void report_row_end(lk_report *r)
{
    if (r->json == NULL) return;
    fputc('}', r->json);
    fflush(r->json);
}

void report_check(lk_report *r, const char *name, const char *precision, lk_status st,
                  const lk_error *err, double seconds, const char *note)
{
    const char *verdict = st == LK_OK ? "PASS" : "FAIL";

    r->passed += st == LK_OK;
    r->failed += st != LK_OK;
    printf("%s  %-34s %-7s %7.1f s  %s\n", verdict, name, precision, seconds,
           st == LK_OK ? note : err->text);
    if (st != LK_OK) printf("      at %s\n", err->where != NULL ? err->where : "?");
    fflush(stdout);
    report_row(r, "check");
    report_text(r, "name", name);
    report_text(r, "precision", precision);
    report_text(r, "verdict", verdict);
    report_number(r, "seconds", seconds);
    report_text(r, "note", st == LK_OK ? note : err->text);
    report_row_end(r);
}

int report_close(lk_report *r)
{
    if (r->json != NULL) {
        fprintf(r->json, "\n],\"passed\":%zu,\"failed\":%zu}\n", r->passed, r->failed);
        fclose(r->json);
    }
    return r->failed > 0 || (r->passed == 0 && r->rows == 0);
}
