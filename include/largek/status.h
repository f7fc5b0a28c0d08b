/* largek/status.h - how every fallible call reports failure.
 *
 * A call that can fail returns lk_status and takes, last, an `lk_error *err`
 * that the caller owns; pass NULL where the code alone will do.
 *
 *   success   outputs are written, *err is untouched
 *   failure   *err says what failed and where, no output is written
 *
 * There is no global and no thread-local error state.  A formula that can only
 * fail by being asked outside its domain returns a double, and NaN there.
 */
#ifndef LK_STATUS_H
#define LK_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    LK_OK = 0,
    LK_E_ARG,      /* the caller broke a documented precondition            */
    LK_E_MEMORY,   /* an allocation failed, on the host or the device       */
    LK_E_IO,       /* the system refused; the text ends in its reason       */
    LK_E_FORMAT,   /* the file was read, and is not what it claims          */
    LK_E_MISMATCH, /* a sound file, but damaged or of another run; or busy  */
    LK_E_NUMERIC,  /* no convergence, or a value that is not finite         */
    LK_E_DEVICE,   /* a device failed; the text names the call              */
    LK_E_MISSING,  /* not compiled in, or not on this machine               */
    LK_E_STOPPED,  /* asked to stop; what was done so far is saved          */
    LK_E_INTERNAL  /* an invariant of this library does not hold            */
} lk_status;

typedef struct {
    lk_status status;
    const char *where; /* "src/io/idx.c:41", a static string        */
    char text[480];    /* one line, NUL-terminated, without newline */
} lk_error;

/* Returns the code's short name, "format" for LK_E_FORMAT; never NULL. */
const char *lk_status_name(lk_status status);

/* Fills *err unless it is NULL, and returns `status`.  Call it through LK_FAIL. */
lk_status lk_error_set(lk_error *err, lk_status status, const char *where,
                       const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

#define LK_STR_(x) #x
#define LK_STR(x)  LK_STR_(x)

/* st = LK_FAIL(err, LK_E_FORMAT, "%s: magic %08x", path, magic); */
#define LK_FAIL(err, status, ...) \
    lk_error_set((err), (status), __FILE__ ":" LK_STR(__LINE__), __VA_ARGS__)

/* Runs a call; where it fails, leaves through `out:` with its status in `st`. */
#define LK_TRY(call)               \
    do {                           \
        st = (call);               \
        if (st != LK_OK) goto out; \
    } while (0)

#ifdef __cplusplus
}
#endif

#endif /* LK_STATUS_H */
