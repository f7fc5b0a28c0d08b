/* isa_exact.c - normals and the canonical score, the same bits whatever compiles this.
 *
 * Compiled once an instruction set (LK_ISA).  Only the width differs: lanes hold
 * different draws, and within a draw every operation and its order are those of
 * largek/stream.h and lk_mlp_forward.
 */
#include "backend/cpu/isa.h"

#include "largek/canonical.h"
#include "largek/stream.h"

/* VD: doubles of some lanes; W of them make LK_LANES. */
#if defined(LK_ISA_avx512)
#include <immintrin.h>
typedef __m512d VD;
#define VD_LANES        8
#define VD_SET(x)       _mm512_set1_pd(x)
#define VD_LOAD(p)      _mm512_load_pd(p)
#define VD_STORE(p, v)  _mm512_store_pd((p), (v))
#define VD_FMA(a, b, c) _mm512_fmadd_pd((a), (b), (c))
#elif defined(LK_ISA_avx2)
#include <immintrin.h>
typedef __m256d VD;
#define VD_LANES        4
#define VD_SET(x)       _mm256_set1_pd(x)
#define VD_LOAD(p)      _mm256_load_pd(p)
#define VD_STORE(p, v)  _mm256_store_pd((p), (v))
#define VD_FMA(a, b, c) _mm256_fmadd_pd((a), (b), (c))
#else
typedef double VD;
#define VD_LANES        1
#define VD_SET(x)       (x)
#define VD_LOAD(p)      (*(p))
#define VD_STORE(p, v)  (*(p) = (v))
#define VD_FMA(a, b, c) fma((a), (b), (c))
#endif

/* UNITS outputs share a load of the inputs; SPAN vectors of draws each.  Their product is
 * the number of independent chains, which hides the latency of an fma. */
enum {
    SPAN = VD_LANES == 1 ? 8 : LK_LANES / VD_LANES,
    UNITS = VD_LANES == 8 ? 4 : 2,
    STEP = SPAN * VD_LANES
};

#define NAME_(prefix, isa) prefix##isa
#define NAME(prefix, isa)  NAME_(prefix, isa)

/* Four normals each of LK_LANES blocks: words first, then two loops over lanes. */
static void normals(uint64_t seed, uint64_t index, const uint64_t *block,
                    float eps[4][LK_LANES])
{
    uint32_t w[4][LK_LANES];

    for (int l = 0; l < LK_LANES; l++) {
        const lk_u32x4 x = lk_words(seed, LK_PURPOSE_LATENT, index, block[l]);

        w[0][l] = x.w[0];
        w[1][l] = x.w[1];
        w[2][l] = x.w[2];
        w[3][l] = x.w[3];
    }
    for (int pair = 0; pair < 4; pair += 2) {
        for (int l = 0; l < LK_LANES; l++) {
            float z[2];

            lk_normal2(w[pair][l], w[pair + 1][l], z);
            eps[pair][l] = z[0];
            eps[pair + 1][l] = z[1];
        }
    }
}

static void latents(uint64_t seed, uint64_t index, const uint64_t *attempt,
                    size_t count, size_t latent, const float *mu, const float *scale,
                    float *z)
{
    const uint64_t blocks = lk_blocks(latent);

    for (size_t i = 0; i < count; i += LK_LANES) {
        const size_t lanes = count - i < LK_LANES ? count - i : LK_LANES;

        for (size_t b = 0; b < blocks; b++) {
            uint64_t block[LK_LANES];
            float eps[4][LK_LANES];
            const size_t rest = latent - 4 * b < 4 ? latent - 4 * b : 4;

            for (size_t l = 0; l < LK_LANES; l++) {
                block[l] = attempt[i + (l < lanes ? l : 0)] * blocks + b;
            }
            normals(seed, index, block, eps);
            for (size_t t = 0; t < rest; t++) {
                const size_t d = 4 * b + t;

                for (size_t l = 0; l < lanes; l++) {
                    z[(i + l) * latent + d] = fmaf(scale[d], eps[t][l], mu[d]);
                }
            }
        }
    }
}

/* out[o][lane] = bias[o] + sum over i of weight[o][i] h[i][lane], in order of i, for
 * UNITS outputs and STEP lanes from `lane` on.  Outputs past the last repeat it, into
 * rows of the scratch that nobody reads. */
static void dot(const lk_layer *layer, size_t o, size_t lane, const double *h,
                double *out)
{
    const float *w[UNITS];
    VD acc[UNITS][SPAN];

    for (size_t u = 0; u < UNITS; u++) {
        const size_t unit = o + u < layer->out ? o + u : layer->out - 1;

        w[u] = layer->weight + unit * layer->in;
        for (int s = 0; s < SPAN; s++) acc[u][s] = VD_SET((double)layer->bias[unit]);
    }
    for (size_t i = 0; i < layer->in; i++) {
        const double *x = h + i * LK_LANES + lane;

        for (int u = 0; u < UNITS; u++) {
            const VD weight = VD_SET((double)w[u][i]);

            for (int s = 0; s < SPAN; s++) {
                acc[u][s] = VD_FMA(weight, VD_LOAD(x + s * VD_LANES), acc[u][s]);
            }
        }
    }
    for (size_t u = 0; u < UNITS; u++) {
        for (size_t s = 0; s < SPAN; s++) {
            VD_STORE(out + (o + u) * LK_LANES + lane + s * VD_LANES, acc[u][s]);
        }
    }
}

/* A loop for each activation, so that each can be vectorised. */
static void activate(lk_activation activation, double *v, size_t n)
{
#define EACH(f) \
    for (size_t i = 0; i < n; i++) v[i] = (f)
    switch (activation) {
    case LK_RELU: EACH(v[i] < 0.0 ? 0.0 : v[i]); break;
    case LK_TANH: EACH(lk_tanh(v[i])); break;
    case LK_SIGMOID: EACH(lk_sigmoid(v[i])); break;
    case LK_SILU: EACH(v[i] * lk_sigmoid(v[i])); break;
    case LK_GELU: EACH(lk_gelu(v[i])); break;
    default: break;
    }
#undef EACH
}

static void canonical(const lk_mlp *decoder, const float *z, const float *const *target,
                      double *sse, double *scratch)
{
    const size_t latent = lk_mlp_inputs(decoder);
    const size_t outputs = lk_mlp_outputs(decoder);
    double *in = scratch;
    double *out = scratch + (lk_mlp_widest(decoder) + 4) * LK_LANES;

    for (size_t d = 0; d < latent; d++) {
        for (size_t l = 0; l < LK_LANES; l++) {
            in[d * LK_LANES + l] = (double)z[l * latent + d];
        }
    }
    for (size_t k = 0; k < decoder->layers; k++) {
        const lk_layer *layer = &decoder->layer[k];
        double *swap = in;

        for (size_t o = 0; o < layer->out; o += UNITS) {
            for (size_t l = 0; l < LK_LANES; l += STEP) dot(layer, o, l, in, out);
        }
        activate(layer->activation, out, layer->out * LK_LANES);
        in = out;
        out = swap;
    }
    for (size_t l = 0; l < LK_LANES; l++) sse[l] = 0.0;
    for (size_t o = 0; o < outputs; o++) {
        for (size_t l = 0; l < LK_LANES; l++) {
            const double d = in[o * LK_LANES + l] - (double)target[l][o];

            sse[l] = fma(d, d, sse[l]);
        }
    }
}

extern const lk_exact_kernels NAME(lk_exact_, LK_ISA);
const lk_exact_kernels NAME(lk_exact_, LK_ISA) = {latents, canonical};
