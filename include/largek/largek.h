/* largek/largek.h - everything at once.
 *
 *   status.h       how calls report failure
 *   stream.h       random numbers by address          canonical.h  functions of the score
 *   mlp.h          perceptrons                        model.h      the generator
 *   problems.h     targets and their latents          train.h      training the VAE
 *   guard.h        what a fast score decides
 *   backend.h      what a device does                 tally.h      what it accumulates
 *   run.h          sampling, from spec to result      result.h     the result file
 *   counts.h       successes from files               passk.h      pass@k
 *   interval.h     intervals                          metric.h     pass^k, G-Pass@k
 *   law.h          laws of pass@k                     fit.h        laws fitted to counts
 *   forecast.h     fitted laws beyond the data        cost.h       of attempts
 *   rare.h         estimates of small p               agreement.h  counts against them
 *   tail.h         pass@k and laws of such p
 *   outcomes.h     attempts in their order            independence.h  of each other?
 *   safetensors.h  idx.h  npy.h                       files
 */
#ifndef LK_LARGEK_H
#define LK_LARGEK_H

#include "largek/agreement.h"
#include "largek/backend.h"
#include "largek/canonical.h"
#include "largek/cost.h"
#include "largek/counts.h"
#include "largek/fit.h"
#include "largek/forecast.h"
#include "largek/guard.h"
#include "largek/idx.h"
#include "largek/independence.h"
#include "largek/interval.h"
#include "largek/law.h"
#include "largek/merge.h"
#include "largek/metric.h"
#include "largek/mlp.h"
#include "largek/model.h"
#include "largek/npy.h"
#include "largek/outcomes.h"
#include "largek/passk.h"
#include "largek/problems.h"
#include "largek/rare.h"
#include "largek/result.h"
#include "largek/run.h"
#include "largek/safetensors.h"
#include "largek/shared.h"
#include "largek/status.h"
#include "largek/stream.h"
#include "largek/sweep.h"
#include "largek/tail.h"
#include "largek/tally.h"
#include "largek/train.h"
#include "largek/until.h"
#include "largek/verify.h"

#define LK_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0+<commit>"; never NULL. */
const char *lk_build_id(void);

#ifdef __cplusplus
}
#endif

#endif /* LK_LARGEK_H */
