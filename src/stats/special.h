/* special.h - Gamma functions in the combinations that statistics of counts need.
 *
 * What cancels is cancelled on paper: a difference of two log Gammas of 1e12 is good to
 * 1e-3 however good the log Gammas are.  Every function here keeps its digits for arguments
 * from 1e-300 to 1e30.
 *
 * References
 *   [1] M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions (1964):
 *       6.1.40 log Gamma, 6.3.18 psi, 6.4.12 psi'.
 *   [2] C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000).
 */
#ifndef LK_STATS_SPECIAL_H
#define LK_STATS_SPECIAL_H

/* log(1 + t) - t, to its last digits where t is near zero. */
double lk_log1p_minus(double t);

/* log(1 - e^x) of x < 0, and log(e^x + e^y). */
double lk_log1m_exp(double x);
double lk_log_add(double x, double y);

/* s(x) = log Gamma(x) - [(x - 1/2) log x - x + log(2 pi)/2], x > 0.  [1] */
double lk_gamma_tail(double x);

/* log B(a, b); a, b > 0. */
double lk_log_beta(double a, double b);

/* log of Gamma(x+a) Gamma(x+b) / (Gamma(x) Gamma(x+a+b)), x > 0 and a, b >= 0: zero or less,
 * and with all its digits however small it is.  E[(1-p)^k] of Beta(a, x) with b = k. */
double lk_log_gamma_cross(double x, double a, double b);

/* psi(x), psi(x+d) - psi(x) and psi'(x+d) - psi'(x); x > 0, d >= 0.  [1] */
double lk_psi(double x);
double lk_psi1(double x);
double lk_psi_step(double x, double d);
double lk_psi1_step(double x, double d);

/* log of C(n, x) p^x (1-p)^(n-x), from log p, log(1-p) and p itself; 0 <= x <= n whole.
 * By deviances [2]: the error is that of n p times 1e-16, relatively. */
double lk_log_binomial(double n, double x, double p, double log_p, double log_1mp);

/* Its two parts: what does not depend on p, and what does. */
double lk_log_choose_rest(double n, double x);
double lk_log_binomial_shape(double n, double x, double p, double log_p,
                             double log_1mp);

/* log of C(n, x) B(x+a, n-x+b) / B(a, b). */
double lk_log_beta_binomial(double n, double x, double a, double b);

/* Its two parts: what does not depend on the counts, and what does. */
double lk_log_beta_binomial_rest(double a, double b);
double lk_log_beta_binomial_shape(double n, double x, double a, double b);

/* log C(n, x), whole numbers. */
double lk_log_choose(double n, double x);

#endif /* LK_STATS_SPECIAL_H */
