/*
 * kmp_loco.h -- parallel regions that span the nodes of a LOCO job.
 */

//===----------------------------------------------------------------------===//
//
// Part of the LOCO project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An outermost parallel region that node 0 forks is a *span*: every node runs
// a local team of upstream's kind, and the local teams together are the team
// that the program sees. Thread numbers are global, contiguous by node, node 0
// first; gtids stay local.
//
// An upstream entry point asks one question: "is this thread at the span's own
// level?" (__kmp_loco_thread), or, for what names shared memory, "has the job
// several nodes?" (__kmp_loco_multi). If not, upstream's code runs. All else is
// in kmp_loco_*.cpp, a construct a file.
//
// A node whose share is one thread runs it in upstream's serialised team, so
// the hooks come before upstream's tests of t_serialized.
//
//===----------------------------------------------------------------------===//

#ifndef KMP_LOCO_H
#define KMP_LOCO_H

#include "kmp.h"
#include "kmp_loco_abi.h"

// A loop that this thread is in; positions count iterations from 0.
struct kmp_loco_loop_t {
  enum kind_t { block, chunked, dynamic, guided };
  bool active;
  bool ordered;
  bool uses_record; // takes part in the ring of shared loop records
  kind_t kind;
  kmp_uint64 trip_count;
  kmp_uint64 chunk;
  kmp_uint64 position; // static: next chunk of this thread
  kmp_uint64 sequence; // number of the record
  kmp_uint64 first;    // lower bound, as bits
  kmp_int64 stride;
  // ordered: the chunk in hand
  bool chunk_open;
  bool my_turn;
  kmp_uint64 chunk_begin;
  kmp_uint64 chunk_end;
  kmp_uint64 chunk_iteration; // iterations of it that are finished
};

// A doacross loop nest that this thread is in.
struct kmp_loco_doacross_t {
  int num_dims;
  struct dim_t {
    kmp_int64 lo, up, st;
    kmp_uint64 length;
  } * dims;
  kmp_uint32 *flags; // one bit an iteration, in shared memory
  kmp_uint64 sequence;
};

// What a span knows of one of its node's threads. Only that thread uses it.
struct alignas(64) kmp_loco_thread_t {
  kmp_uint64 singles;    // `single` constructs met
  kmp_uint64 single_won; // from 1 on; 0: not in the body of one
  kmp_uint64 single_awaited;
  kmp_uint64 loops;      // loops met that use a record
  kmp_uint64 doacrosses; // doacross loops met
  kmp_loco_loop_t loop;
  kmp_loco_doacross_t doacross;
};

// This node's part of the span. One at a time.
struct kmp_loco_span_t {
  kmp_team_t *volatile team; // local team, null where there is no span
  kmp_root_t *root;
  int level;              // of its regions: 1 and the serialised ones around it
  int nodes;              // that take part
  int nproc;              // all threads
  int local_nproc;        // threads of this node
  int base;               // this node's first thread number
  bool split;             // the primary thread is inside a split barrier
  kmp_uint64 cancel_seen; // last word read by a cancel barrier
  kmp_loco_thread_t *threads;
};

extern int __kmp_loco_nodes; // 1 without libloco
extern int __kmp_loco_node;
extern kmp_loco_span_t __kmp_loco_span;

static inline bool __kmp_loco_multi() {
  return __builtin_expect(__kmp_loco_nodes > 1, 0);
}

// This thread's part of the span if it is at the span's own level, else null.
static inline kmp_loco_thread_t *__kmp_loco_thread(int gtid) {
  kmp_team_t *team = __kmp_loco_span.team;
  if (__builtin_expect(team == nullptr, 1))
    return nullptr;
  kmp_info_t *th = __kmp_threads[gtid];
  if (th->th.th_team != team || team->t.t_level != __kmp_loco_span.level)
    return nullptr;
  return &__kmp_loco_span.threads[th->th.th_info.ds.ds_tid];
}

// The thread number that the program sees; tid is the one of the local team.
static inline int __kmp_loco_tid(int gtid, int tid) {
  return __kmp_loco_thread(gtid) ? __kmp_loco_span.base + tid : tid;
}

// The thread is in the span, but not its primary thread.
static inline bool __kmp_loco_not_primary(int gtid) {
  return __kmp_loco_node != 0 && __kmp_loco_thread(gtid);
}

// True where `level` is the span's for thread gtid, which may be in a region
// nested in the span.
static inline bool __kmp_loco_is_span_level(int gtid, int level) {
  return __kmp_loco_span.team && level == __kmp_loco_span.level &&
         __kmp_threads[gtid]->th.th_team->t.t_level >= level &&
         __kmp_threads[gtid]->th.th_root == __kmp_loco_span.root;
}

// The shared words (see __loco_omp_word_load). Node 0 clears them before it
// starts a span, but for the lock, which outlives spans.
enum kmp_loco_word_t : unsigned {
  loco_word_atomic_next = 0, // ticket lock of the __kmpc_atomic_* entry points
  loco_word_atomic_serving = 1,
  loco_word_singles = 8, // `single` constructs that have been won
  loco_word_copyprivate = 9,
  loco_word_cancel = 10,   // kmp_cancel_kind_t
  loco_word_singles_left = 11, // the last whose body is over, from 1 on
  loco_word_loops = 64,    // ring of loop records
  loco_word_doacross = 256 // ring of doacross records
};

// A loop record; a thread may be ahead of others by the length of the ring.
enum { loco_loop_ring = 16, loco_loop_words = 4 };
enum kmp_loco_loop_word_t {
  loco_loop_owner,   // the loop that may use it
  loco_loop_next,    // first iteration not yet handed out
  loco_loop_ordered, // first iteration whose ordered region has not run
  loco_loop_done     // nodes that are through
};
enum { loco_doacross_ring = 8, loco_doacross_words = 4 };
enum kmp_loco_doacross_word_t {
  loco_doacross_owner,
  loco_doacross_flags, // 0: none yet, 1: being made, else their address
  loco_doacross_done   // threads that are through
};

// kmp_loco_span.cpp
void __kmp_loco_initialize();
void __kmp_loco_silence_workers();
void __kmp_loco_check_threadprivate();
int __kmp_loco_default_threads();
int __kmp_loco_num_procs();
int __kmp_loco_ancestor_thread_num(int gtid);
bool __kmp_loco_fork_call(ident_t *loc, int gtid, kmp_int32 argc,
                          microtask_t microtask, kmp_va_list ap);
enum kmp_loco_local_t {
  loco_other_compilation,
  loco_second_root,
  loco_teams,
  loco_gomp
};
void __kmp_loco_runs_locally(kmp_loco_local_t reason, const ident_t *loc,
                             void *code);
void __kmp_loco_atfork_child();
void __kmp_loco_no_thread();

// kmp_loco_sync.cpp
int __kmp_loco_barrier(enum barrier_type bt, int gtid, int is_split,
                       size_t reduce_size, void *reduce_data,
                       void (*reduce)(void *, void *));
void __kmp_loco_end_split_barrier(int gtid);
int __kmp_loco_single(int gtid, int local_winner);
void __kmp_loco_copyprivate(int gtid, void *data, void (*copy)(void *, void *),
                            int didit);
void *__kmp_loco_copyprivate_light(int gtid, void *data);
void __kmp_loco_end_construct(int gtid);
void __kmp_loco_await_single(int gtid);
void __kmp_loco_flush();
void __kmp_loco_atomic_start();
void __kmp_loco_atomic_end();
// upstream's barrier of the local team alone (kmp_barrier.cpp)
int __kmp_loco_local_barrier(enum barrier_type bt, int gtid, int is_split,
                             size_t reduce_size, void *reduce_data,
                             void (*reduce)(void *, void *));

// kmp_loco_lock.cpp
void __kmp_loco_critical(kmp_critical_name *lock);
void __kmp_loco_init_lock(void **lock);
void __kmp_loco_destroy_lock(void **lock);
void __kmp_loco_set_lock(void **lock);
void __kmp_loco_unset_lock(void **lock);
int __kmp_loco_test_lock(void **lock);
void __kmp_loco_init_nest_lock(void **lock);
void __kmp_loco_destroy_nest_lock(void **lock);
void __kmp_loco_set_nest_lock(int gtid, void **lock);
void __kmp_loco_unset_nest_lock(void **lock);
int __kmp_loco_test_nest_lock(int gtid, void **lock);

// kmp_loco_reduction.cpp
kmp_int32 __kmp_loco_reduce(int gtid, size_t size, void *data,
                            void (*reduce)(void *, void *),
                            kmp_critical_name *lock, bool blocking);
void __kmp_loco_end_reduce(int gtid, kmp_critical_name *lock, bool blocking);

// kmp_loco_cancel.cpp
kmp_int32 __kmp_loco_cancel(int gtid, kmp_int32 kind);
bool __kmp_loco_cancellation_requested(int gtid, kmp_int32 kind);
kmp_int32 __kmp_loco_cancel_barrier(int gtid);

// kmp_loco_worksharing.cpp. The bool ones return false where the thread is not
// at the span's level: upstream's code goes on.
template <typename T>
bool __kmp_loco_for_static_init(int gtid, kmp_int32 schedule,
                                kmp_int32 *plastiter, T *plower, T *pupper,
                                typename traits_t<T>::signed_t *pstride,
                                typename traits_t<T>::signed_t incr,
                                typename traits_t<T>::signed_t chunk);
template <typename T>
bool __kmp_loco_dispatch_init(int gtid, enum sched_type schedule, T lb, T ub,
                              typename traits_t<T>::signed_t st,
                              typename traits_t<T>::signed_t chunk);
template <typename T>
bool __kmp_loco_dispatch_next(int gtid, kmp_int32 *p_last, T *p_lb, T *p_ub,
                              typename traits_t<T>::signed_t *p_st,
                              int *status);
bool __kmp_loco_dispatch_fini(int gtid);
bool __kmp_loco_sections_init(int gtid);
bool __kmp_loco_next_section(int gtid, kmp_int32 count, kmp_int32 *section);
void __kmp_loco_reset_loops(bool shared);
void __kmp_loco_leave_loop(kmp_loco_thread_t *me);

// kmp_loco_doacross.cpp
void __kmp_loco_doacross_init(kmp_loco_thread_t *me, int num_dims,
                              const struct kmp_dim *dims);
void __kmp_loco_doacross_wait(kmp_loco_thread_t *me, const kmp_int64 *vec);
void __kmp_loco_doacross_post(kmp_loco_thread_t *me, const kmp_int64 *vec);
void __kmp_loco_doacross_fini(kmp_loco_thread_t *me);

// kmp_loco_alloc.cpp
omp_allocator_handle_t __kmp_loco_init_allocator(int ntraits,
                                                 omp_alloctrait_t traits[]);
void *__kmp_loco_alloc(int gtid, size_t align, size_t size,
                       omp_allocator_handle_t allocator);
void __kmp_loco_free(void *ptr);

// Holds the lock of the __kmpc_atomic_* entry points while one of them runs.
struct kmp_loco_atomic_guard_t {
  bool held;
  kmp_loco_atomic_guard_t() : held(__kmp_loco_multi()) {
    if (held)
      __kmp_loco_atomic_start();
  }
  ~kmp_loco_atomic_guard_t() {
    if (held)
      __kmp_loco_atomic_end();
  }
};

#endif // KMP_LOCO_H
