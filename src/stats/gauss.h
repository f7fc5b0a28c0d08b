/* gauss.h - Gauss-Legendre quadrature of ten points. */
#ifndef LK_STATS_GAUSS_H
#define LK_STATS_GAUSS_H

/* The integral of f from lo to hi: exact for polynomials of degree 19. */
static inline double lk_gauss(double (*f)(double x, const void *with), const void *with,
                              double lo, double hi)
{
    static const double node[] = {0.14887433898163121088, 0.4333953941292471908,
                                  0.67940956829902440623, 0.86506336668898451073,
                                  0.97390652851717172008};
    static const double weight[] = {0.29552422471475287017, 0.26926671930999635509,
                                    0.219086362515982044, 0.14945134915058059315,
                                    0.066671344308688137594};
    const double middle = 0.5 * (lo + hi), half = 0.5 * (hi - lo);
    double sum = 0.0;

    for (int i = 0; i < 5; i++) {
        sum += weight[i] *
               (f(middle - half * node[i], with) + f(middle + half * node[i], with));
    }
    return half * sum;
}

#endif /* LK_STATS_GAUSS_H */
