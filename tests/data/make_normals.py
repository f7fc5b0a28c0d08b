#!/usr/bin/env python3
"""Writes normals.csv: pairs of words and their two normals in 50-digit arithmetic.

    python3 tests/data/make_normals.py > tests/data/normals.csv      (needs mpmath)

True values of largek/stream.h: u = (w0 + 1/2) 2^-32, angle = 2 pi (w1 + 1/2) 2^-32,
sqrt(-2 log u) times sine and cosine.
"""
import random
from mpmath import mp, mpf, log, sin, cos, pi, sqrt, nstr

mp.dps = 50
random.seed(20)
top = 2**32
edges = [0, 1, 2, 3, 255, 65535, 65536, 2**24 - 1, 2**24, 2**31 - 1, 2**31, 2**31 + 1]
edges += [0xB504F332, 0xB504F333, 0xB504F334, 0x5A827999, top - 65536, top - 256]
edges += [top - 129, top - 128, top - 3, top - 2, top - 1]
turns = [q * 2**29 + d for q in range(8) for d in (-2, -1, 0, 1, 127)]
pairs = [(a, b % top) for a in edges for b in random.sample(turns, 6)]
pairs += [(random.getrandbits(32), b % top) for b in turns]
for exponent in range(1, 33):  # every binade of u and of 1 - u
    for _ in range(4):
        w = random.randrange(2**exponent) if exponent < 32 else random.getrandbits(32)
        pairs += [(w, random.getrandbits(32)), (top - 1 - w, random.getrandbits(32))]
        pairs += [(random.getrandbits(32), w)]
print("word_radius,word_angle,sine,cosine")
for a, b in pairs:
    r = sqrt(-2 * log((mpf(a) + mpf(1) / 2) / top))
    t = 2 * pi * (mpf(b) + mpf(1) / 2) / top
    print(f"{a},{b},{nstr(r * sin(t), 22)},{nstr(r * cos(t), 22)}")
