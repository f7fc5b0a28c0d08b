/* test_digest.c - XXH3 against published values, and pieces against the whole. */
#include <string.h>

#include "base/digest.h"
#include "support/check.h"

/* As `xxhsum -H3` and `xxhsum -H2` of xxHash 0.8 print them. */
static void digest_matches_known_answers(void **state)
{
    static const struct {
        const char *text, *short_hex, *long_hex;
    } known[] = {
        {"", "2d06800538d394c2", "99aa06d3014798d86001c324468d497f"},
        {"abc", "78af5f94892f3950", "06b05ab6733a618578af5f94892f3950"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char hex[LK_DIGEST64_CHARS + 1], long_hex[LK_DIGEST128_CHARS + 1];
        lk_digest digest = {0};

        lk_digest64(known[i].text, strlen(known[i].text), hex);
        assert_string_equal(hex, known[i].short_hex);
        assert_int_equal(lk_digest_start(&digest, NULL), LK_OK);
        lk_digest_add(&digest, known[i].text, strlen(known[i].text));
        lk_digest_finish(&digest, long_hex);
        assert_string_equal(long_hex, known[i].long_hex);
    }
    char hex[LK_DIGEST64_CHARS + 1];
    lk_digest64(NULL, 0, hex);
    assert_string_equal(hex, known[0].short_hex);
}

/* Cut anywhere into two, 1,000 bytes have one digest: it does not know of blocks. */
static void digest_of_pieces_is_that_of_the_whole(void **state)
{
    uint8_t bytes[1000];
    char whole[LK_DIGEST128_CHARS + 1], pieces[LK_DIGEST128_CHARS + 1];
    lk_digest digest = {0};
    (void)state;

    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7 + i / 256);
    assert_int_equal(lk_digest_start(&digest, NULL), LK_OK);
    lk_digest_add(&digest, bytes, sizeof bytes);
    lk_digest_finish(&digest, whole);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        assert_int_equal(lk_digest_start(&digest, NULL), LK_OK);
        lk_digest_add(&digest, bytes, cut);
        lk_digest_add(&digest, NULL, 0);
        lk_digest_add(&digest, bytes + cut, sizeof bytes - cut);
        lk_digest_finish(&digest, pieces);
        assert_string_equal(pieces, whole);
    }
}

static void digest_adds_integers_lowest_byte_first(void **state)
{
    const uint8_t bytes[8] = {8, 7, 6, 5, 4, 3, 2, 1};
    char a[LK_DIGEST128_CHARS + 1], b[LK_DIGEST128_CHARS + 1];
    lk_digest digest = {0};
    (void)state;

    assert_int_equal(lk_digest_start(&digest, NULL), LK_OK);
    lk_digest_add(&digest, bytes, sizeof bytes);
    lk_digest_finish(&digest, a);
    assert_int_equal(lk_digest_start(&digest, NULL), LK_OK);
    lk_digest_add_u64(&digest, UINT64_C(0x0102030405060708));
    lk_digest_finish(&digest, b);
    assert_string_equal(a, b);
}

static void digest_can_be_abandoned(void **state)
{
    lk_digest digest = {0};
    (void)state;

    lk_digest_abandon(&digest);
    assert_int_equal(lk_digest_start(&digest, NULL), LK_OK);
    lk_digest_abandon(&digest);
    lk_digest_abandon(&digest);
    assert_null(digest.state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_matches_known_answers),
        cmocka_unit_test(digest_of_pieces_is_that_of_the_whole),
        cmocka_unit_test(digest_adds_integers_lowest_byte_first),
        cmocka_unit_test(digest_can_be_abandoned),
    };
    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
