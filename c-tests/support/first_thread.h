/* The C library's own signal handler comes with a process's first thread: a test has had one before it begins, so that
 * the handler is no change of the caller's. */
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
