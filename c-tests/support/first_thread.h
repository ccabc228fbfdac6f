/* Starts one thread before the tests begin. The C library installs its internal signal handler with the first thread of a
 * process; without this, the harness would report that handler as a change of the caller. To include it is enough. */
#ifndef FIRST_THREAD_H
#define FIRST_THREAD_H
#include <pthread.h>
#include <stddef.h>

static inline void *be_a_thread(void *unused)
{
    return unused;
}

__attribute__((constructor)) static inline void have_had_a_thread(void)
{
    pthread_t thread;
    if (!pthread_create(&thread, NULL, be_a_thread, NULL))
        pthread_join(thread, NULL);
}

#endif
