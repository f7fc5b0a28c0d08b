/* fibres.cpp - the threads of a block, as fibres. */
#include <csetjmp>
#include <cstdlib>
#include <memory>
#include <vector>

#include <ucontext.h>

#include "emulator/emulator.h"

namespace
{

enum { STACK = 64 << 10 };

/* A fibre lives on from block to block: making one asks the system, changing to one by
 * longjmp does not. */
struct fibre {
    jmp_buf place;
    std::unique_ptr<char[]> stack;
    bool started, finished;
};

/* The block that runs now.  One at a time: tests are single-threaded here. */
lk_emulated_thread current;
std::vector<fibre> fibres;
std::vector<float> exchanged;
jmp_buf scheduler;
unsigned running;
const std::function<void()> *body;

void leave(unsigned me)
{
    if (_setjmp(fibres[me].place) == 0) _longjmp(scheduler, 1);
}

void live()
{
    for (;;) {
        (*body)();
        fibres[running].finished = true;
        leave(running);
    }
}

void start(fibre &f)
{
    static ucontext_t context;

    f.started = true;
    getcontext(&context);
    context.uc_stack.ss_sp = f.stack.get();
    context.uc_stack.ss_size = STACK;
    context.uc_link = nullptr;
    makecontext(&context, live, 0);
    setcontext(&context);
}

void enter(fibre &f)
{
    if (_setjmp(scheduler) != 0) return;
    if (!f.started) start(f);
    _longjmp(f.place, 1);
}

/* Every fibre up to its next barrier or its end; false once all have ended. */
bool run_phase(unsigned threads)
{
    bool any = false;

    for (running = 0; running < threads; running++) {
        if (fibres[running].finished) continue;
        current.thread = make_uint3(running, 0, 0);
        enter(fibres[running]);
        any = true;
    }
    return any;
}

} // namespace

const lk_emulated_thread &lk_emulated()
{
    return current;
}

void lk_emulated_barrier()
{
    leave(running);
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
        fibres.push_back(
            fibre{{}, std::unique_ptr<char[]>(new char[STACK]), false, false});
    }
    exchanged.resize(threads);
    body = &kernel;
    current.threads = dim3(threads);
    current.blocks = dim3(blocks);
    for (unsigned b = 0; b < blocks; b++) {
        current.block = make_uint3(b, 0, 0);
        for (unsigned t = 0; t < threads; t++) fibres[t].finished = false;
        while (run_phase(threads)) {
        }
    }
}
