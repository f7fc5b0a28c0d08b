/* fibres.cpp - the threads of a block, as fibres. */
#include <cstdlib>
#include <memory>
#include <vector>

#include <ucontext.h>

#include "emulator/emulator.h"

namespace
{

enum { STACK = 64 << 10 };

struct fibre {
    ucontext_t context;
    std::unique_ptr<char[]> stack;
    bool finished;
};

/* The block that runs now.  One at a time: tests are single-threaded here. */
lk_emulated_thread current;
std::vector<fibre> fibres;
std::vector<float> exchanged;
ucontext_t scheduler;
unsigned running;
const std::function<void()> *body;

void run_body()
{
    (*body)();
    fibres[running].finished = true;
    swapcontext(&fibres[running].context, &scheduler);
}

/* Every fibre up to its next barrier or its end; false once all have ended. */
bool run_phase(unsigned threads)
{
    bool any = false;

    for (running = 0; running < threads; running++) {
        if (fibres[running].finished) continue;
        current.thread = make_uint3(running, 0, 0);
        swapcontext(&scheduler, &fibres[running].context);
        any = true;
    }
    return any;
}

void run_block(unsigned threads)
{
    for (unsigned t = 0; t < threads; t++) {
        fibre &f = fibres[t];

        f.finished = false;
        getcontext(&f.context);
        f.context.uc_stack.ss_sp = f.stack.get();
        f.context.uc_stack.ss_size = STACK;
        f.context.uc_link = nullptr;
        makecontext(&f.context, run_body, 0);
    }
    while (run_phase(threads)) {
    }
}

} // namespace

const lk_emulated_thread &lk_emulated()
{
    return current;
}

void lk_emulated_barrier()
{
    const unsigned me = running;

    swapcontext(&fibres[me].context, &scheduler);
}

/* All lanes put, then all lanes take. */
float lk_emulated_shuffle_xor(float value, int mask)
{
    const unsigned me = running;

    exchanged[me] = value;
    lk_emulated_barrier();
    const float other = exchanged[me ^ (unsigned)mask];
    lk_emulated_barrier();
    return other;
}

void lk_emulate(unsigned blocks, unsigned threads, const std::function<void()> &kernel)
{
    while (fibres.size() < threads) {
        fibres.push_back(fibre{{}, std::unique_ptr<char[]>(new char[STACK]), false});
    }
    exchanged.resize(threads);
    body = &kernel;
    current.threads = dim3(threads);
    current.blocks = dim3(blocks);
    for (unsigned b = 0; b < blocks; b++) {
        current.block = make_uint3(b, 0, 0);
        run_block(threads);
    }
}
