/*
 * kmp_loco_worksharing.cpp -- loops and sections over the nodes of a span.
 */

//===----------------------------------------------------------------------===//
//
// Part of the LOCO project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Static schedules are arithmetic on the thread's number in the span. For the
// others, and for ordered, a ring of records in the shared words stands beside
// a ring of this node's own; a loop uses record (its number % length) of both.
// A node takes several chunks at a time from the shared record and its threads
// share them; the more is left, the more it takes.
//
// A record is free for loop n + length when all threads, of all nodes, are
// through with loop n. Until then threads that are ahead wait. So a record is
// always in the state its owner expects, without a barrier.
//
//===----------------------------------------------------------------------===//

#include "kmp_dispatch.h"
#include "kmp_loco.h"

namespace {

typedef kmp_loco_loop_t loop_t;

// This node's side of a loop record.
//
// `head` is the batch that the node's threads share: its generation, and how
// many of its chunks are left. ends[generation % 4] is where the batch would
// end if its last chunk were whole, so that n chunks from the end begins n *
// chunk before it. A thread takes a chunk by compare-and-swap of head; that
// fails if the batch has changed since, and only then may `ends` have.
struct alignas(64) local_record_t {
  std::atomic<kmp_uint64> head;
  std::atomic<kmp_uint64> ends[4];
  std::atomic<kmp_uint64> seen; // shared `next` after this node's last take
  std::atomic<bool> exhausted;
  std::atomic<bool> shared_is_ours;
  std::atomic<bool> locked; // held to refill, and to get the shared record
  std::atomic<int> done;
  std::atomic<kmp_uint64> owner; // the loop that may use it
};
local_record_t local_records[loco_loop_ring];

constexpr int generation_shift = 40;
constexpr kmp_uint64 count_mask = ((kmp_uint64)1 << generation_shift) - 1;
constexpr kmp_uint64 max_batch = (kmp_uint64)1 << 30;

struct guard_t {
  local_record_t &record;
  guard_t(local_record_t &record) : record(record) {
    unsigned spins = 0;
    while (record.locked.exchange(true, std::memory_order_acquire))
      __loco_omp_wait_step(&spins);
  }
  ~guard_t() { record.locked.store(false, std::memory_order_release); }
};

void clear(local_record_t &record) {
  record.head.store(0);
  record.seen.store(0);
  record.exhausted.store(false);
  record.shared_is_ours.store(false);
  record.done.store(0);
}

unsigned word(kmp_uint64 sequence, kmp_loco_loop_word_t field) {
  return loco_word_loops +
         (unsigned)(sequence % loco_loop_ring) * loco_loop_words + field;
}

local_record_t &local_record(const loop_t &loop) {
  return local_records[loop.sequence % loco_loop_ring];
}

// Waits until the shared record belongs to this loop. One thread asks.
void own_shared_record(local_record_t &record, const loop_t &loop) {
  if (record.shared_is_ours.load())
    return;
  guard_t guard(record);
  unsigned spins = 0;
  while (!record.shared_is_ours.load()) {
    if (__loco_omp_word_load(word(loop.sequence, loco_loop_owner)) ==
        loop.sequence)
      record.shared_is_ours.store(true);
    else
      __loco_omp_wait_step(&spins);
  }
}

kmp_uint64 at_least(kmp_uint64 value, kmp_uint64 least) {
  return value < least ? least : value;
}

kmp_uint64 left_to_hand_out(const loop_t &loop, local_record_t &record) {
  kmp_uint64 seen = record.seen.load();
  return loop.trip_count > seen ? loop.trip_count - seen : 0;
}

// Takes `size` iterations of the shared record; false where none are left.
bool take_shared(loop_t &loop, local_record_t &record, kmp_uint64 size,
                 kmp_uint64 *begin) {
  *begin = __loco_omp_word_add(word(loop.sequence, loco_loop_next), size);
  record.seen.store(*begin + size);
  if (*begin < loop.trip_count)
    return true;
  record.exhausted.store(true);
  return false;
}

kmp_uint64 clip(const loop_t &loop, kmp_uint64 begin, kmp_uint64 size) {
  return loop.trip_count - begin < size ? loop.trip_count : begin + size;
}

// Gets the node its next batch, if that is still to be done.
void refill(loop_t &loop, local_record_t &record) {
  guard_t guard(record);
  kmp_uint64 head = record.head.load();
  if ((head & count_mask) || record.exhausted.load())
    return;
  kmp_uint64 chunks = at_least(left_to_hand_out(loop, record) / loop.chunk /
                                   (4 * (kmp_uint64)__kmp_loco_span.nodes),
                               1);
  if (chunks > max_batch)
    chunks = max_batch;
  kmp_uint64 begin;
  if (!take_shared(loop, record, chunks * loop.chunk, &begin))
    return;
  kmp_uint64 got = clip(loop, begin, chunks * loop.chunk) - begin;
  chunks = (got - 1) / loop.chunk + 1;
  kmp_uint64 generation = (head >> generation_shift) + 1;
  record.ends[generation % 4].store(begin + chunks * loop.chunk);
  record.head.store(generation << generation_shift | chunks);
}

// Gives this thread its next iterations of a dynamic or guided loop.
bool take(loop_t &loop, kmp_uint64 *begin, kmp_uint64 *end) {
  local_record_t &record = local_record(loop);
  own_shared_record(record, loop);
  if (loop.kind == loop_t::guided || loop.ordered) {
    // Guided chunks are batches already; of an ordered loop a node's second
    // chunk would wait for the other nodes' first.
    kmp_uint64 size = loop.chunk;
    if (loop.kind == loop_t::guided)
      size = at_least(left_to_hand_out(loop, record) /
                          (2 * (kmp_uint64)__kmp_loco_span.nproc),
                      loop.chunk);
    if (record.exhausted.load() || !take_shared(loop, record, size, begin))
      return false;
    *end = clip(loop, *begin, size);
    return true;
  }
  for (;;) {
    kmp_uint64 head = record.head.load();
    kmp_uint64 count = head & count_mask;
    if (count) {
      kmp_uint64 batch_end = record.ends[(head >> generation_shift) % 4].load();
      if (!record.head.compare_exchange_weak(head, head - 1))
        continue;
      *begin = batch_end - count * loop.chunk;
      *end = clip(loop, *begin, loop.chunk);
      return true;
    }
    if (record.exhausted.load())
      return false;
    refill(loop, record);
  }
}

// Next iterations of a static loop.
bool step(loop_t &loop, int tid, kmp_uint64 *begin, kmp_uint64 *end) {
  kmp_uint64 nproc = __kmp_loco_span.nproc;
  kmp_uint64 trips = loop.trip_count;
  if (trips == 0)
    return false;
  if (loop.kind == loop_t::block) {
    if (loop.position)
      return false;
    loop.position = 1;
    kmp_uint64 small = trips / nproc, extra = trips % nproc, id = tid;
    *begin = id * small + (id < extra ? id : extra);
    *end = *begin + small + (id < extra);
    return *begin < *end;
  }
  if (loop.position > (trips - 1) / loop.chunk)
    return false;
  *begin = loop.position * loop.chunk;
  *end = trips - *begin < loop.chunk ? trips : *begin + loop.chunk;
  loop.position += nproc;
  return true;
}

// Ordered: waits until all iterations before this thread's chunk are through.
void wait_for_turn(loop_t &loop) {
  if (loop.my_turn)
    return;
  unsigned spins = 0;
  while (__loco_omp_word_load(word(loop.sequence, loco_loop_ordered)) <
         loop.chunk_begin)
    __loco_omp_wait_step(&spins);
  __loco_acquire();
  loop.my_turn = true;
}

// Ordered: the chunk is through; the next one's thread may go.
void pass_turn(loop_t &loop) {
  if (!loop.chunk_open)
    return;
  wait_for_turn(loop);
  loop.chunk_open = false;
  __loco_release();
  __loco_omp_word_store(word(loop.sequence, loco_loop_ordered), loop.chunk_end);
}

// This thread is through with its loop.
void leave(kmp_loco_thread_t *me) {
  loop_t &loop = me->loop;
  if (!loop.active)
    return;
  loop.active = false;
  if (!loop.uses_record)
    return;
  const kmp_loco_span_t &span = __kmp_loco_span;
  local_record_t &record = local_record(loop);
  kmp_uint64 sequence = loop.sequence;
  if (record.done.fetch_add(1) + 1 != span.local_nproc)
    return;
  own_shared_record(record, loop);
  if (__loco_omp_word_add(word(sequence, loco_loop_done), 1) + 1 ==
      (kmp_uint64)span.nodes) {
    __loco_omp_word_store(word(sequence, loco_loop_next), 0);
    __loco_omp_word_store(word(sequence, loco_loop_ordered), 0);
    __loco_omp_word_store(word(sequence, loco_loop_done), 0);
    __loco_omp_word_store(word(sequence, loco_loop_owner),
                          sequence + loco_loop_ring);
  }
  clear(record);
  record.owner.store(sequence + loco_loop_ring);
}

// Makes `loop` this thread's; waits for a free local record if it needs one.
void enter(kmp_loco_thread_t *me) {
  loop_t &loop = me->loop;
  loop.active = true;
  loop.position = 0;
  loop.chunk_open = loop.my_turn = false;
  if (!loop.uses_record)
    return;
  loop.sequence = me->loops++;
  local_record_t &record = local_record(loop);
  unsigned spins = 0;
  while (record.owner.load() != loop.sequence)
    __loco_omp_wait_step(&spins);
  if (loop.ordered)
    own_shared_record(record, loop);
}

int thread_number(int gtid) {
  return __kmp_loco_span.base + __kmp_threads[gtid]->th.th_info.ds.ds_tid;
}

void ordered_begin(int *gtid, int *, ident_t *) {
  wait_for_turn(__kmp_loco_thread(*gtid)->loop);
}

// The last iteration's ordered region passes the turn at once; the rest of the
// iteration may run beside the next chunk.
void ordered_end(int *gtid, int *, ident_t *) {
  loop_t &loop = __kmp_loco_thread(*gtid)->loop;
  if (loop.chunk_iteration + 1 == loop.chunk_end - loop.chunk_begin)
    pass_turn(loop);
}

template <typename T>
kmp_uint64 count_trips(T lb, T ub, typename traits_t<T>::signed_t st) {
  typedef typename traits_t<T>::unsigned_t UT;
  if (st > 0)
    return ub < lb ? 0 : (kmp_uint64)(UT)((UT)((UT)ub - (UT)lb) / (UT)st) + 1;
  return lb < ub
             ? 0
             : (kmp_uint64)(UT)((UT)((UT)lb - (UT)ub) / (UT)((UT)0 - (UT)st)) +
                   1;
}

// The kind of a schedule without modifiers. `chunk` is the clause's, or the
// run-sched ICV's.
template <typename ST>
loop_t::kind_t kind_of(kmp_team_t *team, int schedule, ST *chunk) {
  if (schedule >= kmp_nm_lower && schedule < kmp_nm_upper)
    schedule -= kmp_nm_lower - kmp_sch_lower;
  if (schedule >= kmp_ord_lower && schedule < kmp_ord_upper)
    schedule -= kmp_ord_lower - kmp_sch_lower;
  if (schedule == kmp_sch_runtime || schedule == kmp_sch_runtime_simd) {
    schedule = SCHEDULE_WITHOUT_MODIFIERS(team->t.t_sched.r_sched_type);
    *chunk = team->t.t_sched.chunk;
  }
  switch (schedule) {
  case kmp_sch_static_chunked:
  case kmp_sch_static_balanced_chunked:
    return loop_t::chunked;
  case kmp_sch_dynamic_chunked:
  case kmp_sch_static_steal:
    return loop_t::dynamic;
  case kmp_sch_guided_chunked:
  case kmp_sch_guided_iterative_chunked:
  case kmp_sch_guided_analytical_chunked:
  case kmp_sch_guided_simd:
  case kmp_sch_trapezoidal:
    return loop_t::guided;
  default: // static, and auto: data stays where it was touched
    return loop_t::block;
  }
}

} // namespace

// A new span begins: `shared` resets the shared words (node 0, before the
// others start), else this node's records.
void __kmp_loco_reset_loops(bool shared) {
  for (unsigned i = 0; i < loco_loop_ring; ++i) {
    if (shared) {
      __loco_omp_word_store(word(i, loco_loop_owner), i);
      __loco_omp_word_store(word(i, loco_loop_next), 0);
      __loco_omp_word_store(word(i, loco_loop_ordered), 0);
      __loco_omp_word_store(word(i, loco_loop_done), 0);
      continue;
    }
    local_record_t &record = local_records[i];
    clear(record);
    record.owner.store(i);
  }
  if (!shared)
    return;
  for (unsigned i = 0; i < loco_doacross_ring; ++i) {
    unsigned first = loco_word_doacross + i * loco_doacross_words;
    __loco_omp_word_store(first + loco_doacross_owner, i);
    __loco_omp_word_store(first + loco_doacross_flags, 0);
    __loco_omp_word_store(first + loco_doacross_done, 0);
  }
}

void __kmp_loco_leave_loop(kmp_loco_thread_t *me) { leave(me); }

// Upstream has handled zero-trip loops and `distribute`.
template <typename T>
bool __kmp_loco_for_static_init(int gtid, kmp_int32 schedule,
                                kmp_int32 *plastiter, T *plower, T *pupper,
                                typename traits_t<T>::signed_t *pstride,
                                typename traits_t<T>::signed_t incr,
                                typename traits_t<T>::signed_t chunk) {
  typedef typename traits_t<T>::unsigned_t UT;
  typedef typename traits_t<T>::signed_t ST;
  if (!__kmp_loco_thread(gtid))
    return false;
  UT tid = (UT)thread_number(gtid);
  UT nth = (UT)__kmp_loco_span.nproc;
  UT trips = (UT)count_trips(*plower, *pupper, incr);
  UT lower = (UT)*plower;
  kmp_int32 last;
  if (schedule == kmp_sch_static_chunked ||
      schedule == kmp_sch_static_balanced_chunked) {
    UT size = chunk < 1 ? 1 : (UT)chunk;
    bool balanced = schedule == kmp_sch_static_balanced_chunked;
    if (balanced) { // simd: one block each, a multiple of chunk, a power of two
      UT share = trips / nth + (trips % nth != 0);
      size = (share + size - 1) & ~(size - 1);
    } else if (size > trips) {
      size = trips;
    }
    UT chunks = trips / size + (trips % size != 0);
    UT width = size * (UT)incr;
    *pstride =
        (ST)(balanced ? width * nth : width * (chunks < nth ? chunks : nth));
    if (tid < chunks) {
      T upper = *pupper;
      *plower = (T)(lower + width * tid);
      *pupper = (T)(lower + width * tid + width - (UT)incr);
      // Generated code clamps the bound of a chunked loop, not of a balanced
      // one.
      if (balanced && tid == chunks - 1)
        *pupper = upper;
    } else {
      *plower = (T)((UT)*pupper + (incr > 0 ? (UT)1 : (UT)-1));
    }
    last = tid == (chunks - 1) % nth;
  } else { // one block each; upstream's balanced rule
    UT small = trips / nth, extra = trips % nth;
    UT begin = tid * small + (tid < extra ? tid : extra);
    UT count = small + (tid < extra ? 1 : 0);
    if (count) {
      *plower = (T)(lower + begin * (UT)incr);
      *pupper = (T)(lower + (begin + count - 1) * (UT)incr);
    } else {
      *plower = (T)((UT)*pupper + (incr > 0 ? (UT)1 : (UT)-1));
    }
    *pstride = (ST)trips;
    last = count && begin + count == trips;
  }
  if (plastiter)
    *plastiter = last;
  return true;
}

template <typename T>
bool __kmp_loco_dispatch_init(int gtid, enum sched_type schedule, T lb, T ub,
                              typename traits_t<T>::signed_t st,
                              typename traits_t<T>::signed_t chunk) {
  kmp_loco_thread_t *me = __kmp_loco_thread(gtid);
  if (!me)
    return false;
  kmp_info_t *th = __kmp_threads[gtid];
  loop_t &loop = me->loop;
  int plain = SCHEDULE_WITHOUT_MODIFIERS(schedule);
  loop.ordered = (plain >= kmp_ord_lower && plain < kmp_ord_upper) ||
                 (plain >= kmp_nm_ord_static_chunked && plain < kmp_nm_upper);
  loop.kind = kind_of(th->th.th_team, plain, &chunk);
  loop.trip_count = count_trips(lb, ub, st);
  loop.chunk = chunk < 1 ? 1 : (kmp_uint64)chunk;
  if (loop.chunk > loop.trip_count)
    loop.chunk = at_least(loop.trip_count, 1);
  loop.uses_record = loop.ordered || loop.kind == loop_t::dynamic ||
                     loop.kind == loop_t::guided;
  loop.first = (kmp_uint64)lb;
  loop.stride = st;
  enter(me);
  if (loop.kind == loop_t::chunked)
    loop.position = thread_number(gtid);
  th->th.th_dispatch->th_deo_fcn =
      loop.ordered ? ordered_begin : __kmp_dispatch_deo_error;
  th->th.th_dispatch->th_dxo_fcn =
      loop.ordered ? ordered_end : __kmp_dispatch_dxo_error;
  return true;
}

template <typename T>
bool __kmp_loco_dispatch_next(int gtid, kmp_int32 *p_last, T *p_lb, T *p_ub,
                              typename traits_t<T>::signed_t *p_st,
                              int *status) {
  kmp_loco_thread_t *me = __kmp_loco_thread(gtid);
  if (!me)
    return false;
  loop_t &loop = me->loop;
  kmp_uint64 begin, end;
  pass_turn(loop);
  *status =
      loop.active && (loop.uses_record && loop.kind >= loop_t::dynamic
                          ? take(loop, &begin, &end)
                          : step(loop, thread_number(gtid), &begin, &end));
  if (!*status) {
    leave(me);
    kmp_disp_t *dispatch = __kmp_threads[gtid]->th.th_dispatch;
    dispatch->th_deo_fcn = NULL;
    dispatch->th_dxo_fcn = NULL;
    return true;
  }
  loop.chunk_begin = begin;
  loop.chunk_end = end;
  loop.chunk_iteration = 0;
  loop.chunk_open = loop.ordered;
  loop.my_turn = false;
  *p_lb = (T)(loop.first + begin * (kmp_uint64)loop.stride);
  *p_ub = (T)(loop.first + (end - 1) * (kmp_uint64)loop.stride);
  if (p_st)
    *p_st = (typename traits_t<T>::signed_t)loop.stride;
  if (p_last)
    *p_last = end == loop.trip_count;
  return true;
}

// Called at the end of each iteration of an ordered loop.
bool __kmp_loco_dispatch_fini(int gtid) {
  kmp_loco_thread_t *me = __kmp_loco_thread(gtid);
  if (!me)
    return false;
  loop_t &loop = me->loop;
  if (loop.ordered && loop.active &&
      ++loop.chunk_iteration == loop.chunk_end - loop.chunk_begin)
    pass_turn(loop);
  return true;
}

// __kmpc_sections_init and __kmpc_next_section, of other compilers than Clang
// (which makes a static loop of sections): a dynamic loop of unknown length.
bool __kmp_loco_sections_init(int gtid) {
  kmp_loco_thread_t *me = __kmp_loco_thread(gtid);
  if (!me)
    return false;
  loop_t &loop = me->loop;
  loop.ordered = false;
  loop.uses_record = true;
  loop.kind = loop_t::dynamic;
  loop.chunk = 1;
  enter(me);
  return true;
}

bool __kmp_loco_next_section(int gtid, kmp_int32 count, kmp_int32 *section) {
  kmp_loco_thread_t *me = __kmp_loco_thread(gtid);
  if (!me)
    return false;
  me->loop.trip_count = count;
  kmp_uint64 begin, end;
  if (take(me->loop, &begin, &end)) {
    *section = (kmp_int32)begin;
  } else {
    leave(me);
    *section = count;
  }
  return true;
}

#define INSTANTIATE(T)                                                         \
  template bool __kmp_loco_for_static_init<T>(                                 \
      int, kmp_int32, kmp_int32 *, T *, T *, traits_t<T>::signed_t *,          \
      traits_t<T>::signed_t, traits_t<T>::signed_t);                           \
  template bool __kmp_loco_dispatch_init<T>(int, enum sched_type, T, T,        \
                                            traits_t<T>::signed_t,             \
                                            traits_t<T>::signed_t);            \
  template bool __kmp_loco_dispatch_next<T>(int, kmp_int32 *, T *, T *,        \
                                            traits_t<T>::signed_t *, int *);
INSTANTIATE(kmp_int32)
INSTANTIATE(kmp_uint32)
INSTANTIATE(kmp_int64)
INSTANTIATE(kmp_uint64)
#undef INSTANTIATE
