// C11's threads by way of POSIX's, for ThreadSanitizer, whose runtime knows the latter alone: a thread that librdkafka
// makes by thrd_create() would be none to it and end the program at its first call that is watched, and what its
// mutexes order would look like races. glibc's types are the same memory under both names.
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "C11's mutex is POSIX's");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "C11's condition is POSIX's");

// What is left: it counts references by atomics that are not watched, so that what the last one frees looks like a race.
const char* __tsan_default_suppressions(void);
const char* __tsan_default_suppressions(void) { return "race:librdkafka\n"; }

static int result_of(int error) {
  switch (error) {
    case 0: return thrd_success;
    case EBUSY: return thrd_busy;
    case ENOMEM: return thrd_nomem;
    case ETIMEDOUT: return thrd_timedout;
    default: return thrd_error;
  }
}

struct start {
  thrd_start_t run;
  void* of;
};

static void* begin(void* given) {
  const struct start start = *(struct start*)given;
  free(given);
  return (void*)(intptr_t)start.run(start.of);
}

int thrd_create(thrd_t* thread, thrd_start_t run, void* of) {
  struct start* const start = malloc(sizeof *start);
  if (start == NULL) return thrd_nomem;
  *start = (struct start){run, of};
  const int result = result_of(pthread_create(thread, NULL, begin, start));
  if (result != thrd_success) free(start);
  return result;
}

int thrd_join(thrd_t thread, int* result) {
  void* returned = NULL;
  const int error = pthread_join(thread, &returned);
  if (error == 0 && result != NULL) *result = (int)(intptr_t)returned;
  return result_of(error);
}

int thrd_detach(thrd_t thread) { return result_of(pthread_detach(thread)); }

int mtx_init(mtx_t* mutex, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  const int error = pthread_mutex_init((pthread_mutex_t*)mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  return result_of(error);
}
void mtx_destroy(mtx_t* mutex) { pthread_mutex_destroy((pthread_mutex_t*)mutex); }
int mtx_lock(mtx_t* mutex) { return result_of(pthread_mutex_lock((pthread_mutex_t*)mutex)); }
int mtx_trylock(mtx_t* mutex) { return result_of(pthread_mutex_trylock((pthread_mutex_t*)mutex)); }
int mtx_unlock(mtx_t* mutex) { return result_of(pthread_mutex_unlock((pthread_mutex_t*)mutex)); }

int cnd_init(cnd_t* condition) { return result_of(pthread_cond_init((pthread_cond_t*)condition, NULL)); }
void cnd_destroy(cnd_t* condition) { pthread_cond_destroy((pthread_cond_t*)condition); }
int cnd_signal(cnd_t* condition) { return result_of(pthread_cond_signal((pthread_cond_t*)condition)); }
int cnd_broadcast(cnd_t* condition) { return result_of(pthread_cond_broadcast((pthread_cond_t*)condition)); }
int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return result_of(pthread_cond_wait((pthread_cond_t*)condition, (pthread_mutex_t*)mutex));
}
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const struct timespec* until) {
  return result_of(pthread_cond_timedwait((pthread_cond_t*)condition, (pthread_mutex_t*)mutex, until));
}
