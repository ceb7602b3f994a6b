/*
 * kmp_loco_span.cpp -- start and end of parallel regions that span the nodes.
 */

//===----------------------------------------------------------------------===//
//
// Part of the LOCO project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "kmp_loco.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>

int __kmp_loco_nodes = 1;
int __kmp_loco_node = 0;
kmp_loco_span_t __kmp_loco_span;

namespace {

// What node 0 tells the others of a region. Arguments are plain addresses and
// values; they follow the descriptor, or lie in the heap if they are many.
struct descriptor_t {
  microtask_t microtask;
  ident_t *loc;
  void **far_args; // null where the arguments follow
  kmp_int32 argc;
  kmp_int32 nodes;
  kmp_int32 nproc;
  kmp_int32 outer_levels; // serialised regions around this one
  // ICVs of the encountering task, which every implicit task inherits
  kmp_int32 nproc_icv;
  kmp_int32 thread_limit;
  kmp_int32 max_active_levels;
  kmp_int32 default_device;
  kmp_int32 dynamic;
  kmp_int32 proc_bind_icv;
  kmp_int32 proc_bind;
  kmp_int64 schedule;
  omp_allocator_handle_t allocator;
  // floating point environment
  kmp_uint32 mxcsr;
  kmp_int16 x87_control;
};

constexpr int max_near_args =
    (LOCO_OMP_MAX_DESCRIPTOR - sizeof(descriptor_t)) / sizeof(void *);

// The region that this node is in.
const descriptor_t *current;
void **current_args;

// Node 0: 1 while a span exists.
std::atomic<int> span_exists;

// ident_t::reserved_2 of code compiled with -floco
constexpr kmp_int32 loco_ident = 0x4c4f;

void start_local_team(ident_t *loc, int gtid, microtask_t task, ...) {
  va_list ap;
  va_start(ap, task);
  __kmp_fork_call(loc, gtid, fork_context_intel, 0, task,
                  VOLATILE_CAST(launch_t) __kmp_invoke_task_func,
                  kmp_va_addr_of(ap));
  __kmp_join_call(loc, gtid
#if OMPT_SUPPORT
                  ,
                  fork_context_intel
#endif
  );
  va_end(ap);
}

[[noreturn]] void too_few_threads(int started) {
  fprintf(stderr,
          "loco: error: node %d could start only %d of its %d threads; use "
          "fewer (--threads, OMP_NUM_THREADS) or raise the limit that stops it "
          "(OMP_THREAD_LIMIT, KMP_DEVICE_THREAD_LIMIT, ulimit -u)\n",
          __kmp_loco_node, started, __kmp_loco_span.local_nproc);
  abort();
}

// What each thread of a local team runs instead of the program's microtask.
void run_microtask(kmp_int32 *gtid_ptr, kmp_int32 *, ...) {
  int gtid = *gtid_ptr;
  kmp_info_t *th = __kmp_threads[gtid];
  kmp_team_t *team = th->th.th_team;
  kmp_loco_span_t &span = __kmp_loco_span;
  int tid = th->th.th_info.ds.ds_tid;

  if (team->t.t_nproc != span.local_nproc)
    too_few_threads(team->t.t_nproc);
  // A share of one thread runs serialised, but its level is active.
  bool serialized = team->t.t_serialized != 0;
  if (serialized) {
    team->t.t_active_level++;
    KMP_ATOMIC_INC(&span.root->r.r_in_parallel);
  }
  // Every thread of the team stores the same, before it needs it.
  span.team = team;
  // start_local_team turned it off so as to get all threads.
  th->th.th_current_task->td_icvs.dynamic = current->dynamic;

#if OMPT_SUPPORT
  void *frame = nullptr;
#endif
  __kmp_invoke_microtask(current->microtask, gtid, span.base + tid,
                         current->argc, current_args
#if OMPT_SUPPORT
                         ,
                         &frame
#endif
  );

  if (serialized) {
    KMP_ATOMIC_DEC(&span.root->r.r_in_parallel);
    team->t.t_active_level--;
  }
}

void clear_shared_words() {
  __loco_omp_word_store(loco_word_singles, 0);
  __loco_omp_word_store(loco_word_singles_left, 0);
  __loco_omp_word_store(loco_word_cancel, cancel_noreq);
  __kmp_loco_reset_loops(/*shared=*/true);
}

// Runs this node's share of the region, then meets the other nodes.
void run_share(const descriptor_t *region, void **args, int gtid) {
  kmp_info_t *th = __kmp_threads[gtid];
  kmp_loco_span_t &span = __kmp_loco_span;
  int whole = region->nproc / region->nodes;
  int extra = region->nproc % region->nodes;
  int node = __kmp_loco_node;

  current = region;
  current_args = args;
  span.root = th->th.th_root;
  span.level = region->outer_levels + 1;
  span.nodes = region->nodes;
  span.nproc = region->nproc;
  span.base = node * whole + (node < extra ? node : extra);
  span.split = false;
  span.cancel_seen = cancel_noreq;
  int local = whole + (node < extra);
  static int capacity;
  if (local > capacity) {
    if (span.threads)
      __kmp_free(span.threads);
    span.threads =
        (kmp_loco_thread_t *)__kmp_allocate(local * sizeof(kmp_loco_thread_t));
    capacity = local;
  } else {
    memset((void *)span.threads, 0, local * sizeof(kmp_loco_thread_t));
  }
  span.local_nproc = local;
  __kmp_loco_reset_loops(/*shared=*/false);

  th->th.th_set_nproc = local;
  start_local_team(region->loc, gtid, (microtask_t)run_microtask);

  span.team = nullptr;
  __loco_omp_end_span(region->nodes);
}

// Runs on the main thread of nodes 1, 2, ...
void handle_span(const void *bytes, size_t) {
  const descriptor_t *region = (const descriptor_t *)bytes;
  int gtid = __kmp_entry_gtid();
  if (!TCR_4(__kmp_init_parallel))
    __kmp_parallel_initialize();
  __kmp_assign_root_init_mask();
  // Levels are the same on all nodes.
  for (int i = 0; i < region->outer_levels; ++i)
    __kmpc_serialized_parallel(region->loc, gtid);
  kmp_info_t *th = __kmp_threads[gtid];
  kmp_internal_control_t &icvs = th->th.th_current_task->td_icvs;
  icvs.nproc = region->nproc_icv;
  icvs.thread_limit = region->thread_limit;
  icvs.max_active_levels = region->max_active_levels;
  icvs.default_device = region->default_device;
  icvs.dynamic = FALSE;
  icvs.proc_bind = (kmp_proc_bind_t)region->proc_bind_icv;
  icvs.sched.sched = region->schedule;
  // schedule(runtime) of a team of one looks here
  th->th.th_team->t.t_sched.sched = region->schedule;
  th->th.th_set_proc_bind = (kmp_proc_bind_t)region->proc_bind;
  th->th.th_def_allocator = region->allocator;
#if KMP_ARCH_X86 || KMP_ARCH_X86_64
  if (__kmp_inherit_fp_control) {
    __kmp_load_x87_fpu_control_word(&region->x87_control);
    __kmp_load_mxcsr(&region->mxcsr);
  }
#endif
  run_share(region, region->far_args ? region->far_args : (void **)(region + 1),
            gtid);
  for (int i = 0; i < region->outer_levels; ++i)
    __kmpc_end_serialized_parallel(region->loc, gtid);
}

// libloco calls the handler on worker nodes, where nothing of libomp may have
// been used yet. Number of nodes and node are read later: libloco's own
// constructor may run after this one.
__attribute__((constructor)) void set_handler() {
  if (__loco_omp_set_span_handler)
    __loco_omp_set_span_handler(handle_span);
}

// Where a region is: "file:line", or what is known of its code where the
// program was compiled without -g. psource is ";file;function;line;column;;".
void print_source(char *out, size_t size, const ident_t *loc, void *code) {
  const char *source = loc && loc->psource ? loc->psource : "";
  const char *file = source + (*source == ';');
  const char *file_end = strchr(file, ';');
  const char *line = file_end ? strchr(file_end + 1, ';') : nullptr;
  if (line && atoi(line + 1) > 0) {
    snprintf(out, size, "%.*s:%d", (int)(file_end - file), file,
             atoi(line + 1));
    return;
  }
  Dl_info info;
  snprintf(out, size, "address %p of %s (-g gives the line)", code,
           dladdr(code, &info) ? info.dli_fname : "the program");
}

} // namespace

// What runs on one node although the job has several says so, once a reason.
static void warn_local(kmp_loco_local_t reason, const ident_t *loc,
                       void *code) {
  static const char *const texts[] = {
      "parallel region at %s was compiled without -floco; it runs on node 0 "
      "alone",
      "parallel region at %s starts while another thread's region spans the "
      "nodes; it runs on node 0 alone",
      "teams construct at %s runs on the node that meets it",
      "parallel region at %s was compiled by GCC; it runs on the node that "
      "meets it"};
  static volatile kmp_int32 warned[sizeof(texts) / sizeof(texts[0])];
  if (KMP_XCHG_FIXED32(&warned[reason], 1))
    return;
  char source[300], text[512];
  print_source(source, sizeof(source), loc, code);
  snprintf(text, sizeof(text), texts[reason], source);
  fprintf(stderr, "loco: warning: %s\n", text);
}

// A construct that upstream runs on this node; in a job of one node that is
// all there is.
void __kmp_loco_runs_locally(kmp_loco_local_t reason, const ident_t *loc,
                             void *code) {
  if (__kmp_loco_multi())
    warn_local(reason, loc, code);
}

// The system refuses a thread. One of a nested region is upstream's to report.
void __kmp_loco_no_thread() {
  int started = TCR_4(__kmp_all_nth) - 1; // the refused one is counted
  if (__kmp_loco_multi() && started < __kmp_loco_span.local_nproc)
    too_few_threads(started);
}

// A forked child is no node of the job: it starts no spans. Locks stay as they
// are; they may be held.
void __kmp_loco_atfork_child() {
  __kmp_loco_node = -1;
  __kmp_loco_span.team = nullptr;
}

// Called by the serial initialisation, before the environment is read.
void __kmp_loco_initialize() {
  if (!__loco_omp_num_nodes || __kmp_loco_node < 0)
    return;
  __kmp_loco_nodes = __loco_omp_num_nodes();
  if (__kmp_loco_nodes <= 1) {
    __kmp_loco_nodes = 1;
    return;
  }
  __kmp_loco_node = __loco_omp_node();
  if (__kmp_loco_node > 0)
    __kmp_generate_warnings = kmp_warnings_off; // node 0 says it
  // Nodes may share cores: a thread that waits must not take one from another
  // process, of which this process knows nothing. KMP_BLOCKTIME and
  // OMP_WAIT_POLICY still override.
  __kmp_dflt_blocktime = 0;
  if (__kmp_dflt_team_nth_ub < __kmp_loco_num_procs())
    __kmp_dflt_team_nth_ub = __kmp_loco_num_procs();
}

// Without TLS, copies of a threadprivate variable start from the variable
// itself at its first use, which other nodes may have changed by then.
void __kmp_loco_check_threadprivate() {
  if (__kmp_loco_node <= 0)
    return;
  fprintf(stderr, "loco: error: threadprivate variables over several nodes "
                  "need thread-local storage; compile without "
                  "-fnoopenmp-use-tls\n");
  abort();
}

// OMP_DISPLAY_ENV and the like print once, on node 0.
void __kmp_loco_silence_workers() {
  if (__kmp_loco_node > 0)
    __kmp_version = __kmp_settings = __kmp_display_env =
        __kmp_display_env_verbose = FALSE;
}

// Threads of an outermost region where nothing else is said; 0: as upstream.
int __kmp_loco_default_threads() {
  return __kmp_loco_multi() ? __kmp_loco_num_procs() : 0;
}

int __kmp_loco_num_procs() {
  return __kmp_loco_nodes * __loco_omp_threads_per_node();
}

// The number in the span of the thread that thread gtid descends from.
int __kmp_loco_ancestor_thread_num(int gtid) {
  kmp_info_t *th = __kmp_threads[gtid];
  kmp_team_t *team = th->th.th_team;
  int tid = th->th.th_info.ds.ds_tid;
  for (; team != __kmp_loco_span.team; team = team->t.t_parent)
    tid = team->t.t_master_tid;
  return __kmp_loco_span.base + tid;
}

// Starts a span if this fork is one, runs it and returns true; or returns
// false, and the region runs on this node.
bool __kmp_loco_fork_call(ident_t *loc, int gtid, kmp_int32 argc,
                          microtask_t microtask, kmp_va_list ap) {
  if (__kmp_loco_node != 0)
    return false; // nested in a span, or a forked child
  if (!TCR_4(__kmp_init_parallel))
    __kmp_parallel_initialize();
  __kmp_resume_if_soft_paused();
  kmp_info_t *th = __kmp_threads[gtid];
  kmp_team_t *team = th->th.th_team;
  kmp_internal_control_t &icvs = th->th.th_current_task->td_icvs;
  if (team->t.t_active_level != 0 || th->th.th_teams_microtask ||
      __kmp_library == library_serial || icvs.max_active_levels < 1)
    return false;

  int nproc = th->th.th_set_nproc ? th->th.th_set_nproc : icvs.nproc;
  if (icvs.thread_limit > 0 && nproc > icvs.thread_limit)
    nproc = icvs.thread_limit;
  if (icvs.task_thread_limit > 0 && nproc > icvs.task_thread_limit)
    nproc = icvs.task_thread_limit;
  if (nproc / __kmp_loco_nodes >= __kmp_max_nth) // KMP_DEVICE_THREAD_LIMIT
    nproc = __kmp_loco_nodes * __kmp_max_nth;
  if (nproc <= 1)
    return false;

  if (!loc || loc->reserved_2 != loco_ident) {
    warn_local(loco_other_compilation, loc, (void *)microtask);
    return false;
  }
  int none = 0;
  if (!span_exists.compare_exchange_strong(none, 1)) {
    warn_local(loco_second_root, loc, (void *)microtask);
    return false;
  }

  union {
    descriptor_t region;
    char bytes[LOCO_OMP_MAX_DESCRIPTOR];
  } message;
  descriptor_t &region = message.region;
  memset(&region, 0, sizeof(region));
  region.microtask = microtask;
  region.loc = loc;
  region.argc = argc;
  region.nodes = nproc < __kmp_loco_nodes ? nproc : __kmp_loco_nodes;
  region.nproc = nproc;
  region.outer_levels = team->t.t_level;
  region.nproc_icv = icvs.nproc;
  region.thread_limit = icvs.thread_limit;
  region.max_active_levels = icvs.max_active_levels;
  region.default_device = icvs.default_device;
  region.dynamic = icvs.dynamic;
  region.proc_bind_icv = icvs.proc_bind;
  region.proc_bind = th->th.th_set_proc_bind;
  region.schedule = icvs.sched.sched;
  region.allocator = th->th.th_def_allocator;
#if KMP_ARCH_X86 || KMP_ARCH_X86_64
  __kmp_store_x87_fpu_control_word(&region.x87_control);
  __kmp_store_mxcsr(&region.mxcsr);
  region.mxcsr &= KMP_X86_MXCSR_MASK;
#endif
  void **args = (void **)(&region + 1);
  if (argc > max_near_args) // malloc is libloco's: every node can read it
    args = region.far_args = (void **)malloc(argc * sizeof(void *));
  for (int i = 0; i < argc; ++i)
    args[i] = va_arg(kmp_va_deref(ap), void *);
  size_t near_args = region.far_args ? 0 : argc * sizeof(void *);

  clear_shared_words();
  __loco_omp_start_span(region.nodes, &region, sizeof(region) + near_args);

  kmp_int64 team_schedule = team->t.t_sched.sched;
  team->t.t_sched.sched = icvs.sched.sched;
  icvs.dynamic = FALSE;
  run_share(&region, args, gtid);
  icvs.dynamic = region.dynamic;
  team->t.t_sched.sched = team_schedule;

  free(region.far_args);
  span_exists.store(0);
  return true;
}
