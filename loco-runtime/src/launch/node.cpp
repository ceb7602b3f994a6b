// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// node.cpp - the life of one process of a job: libloco's constructor joins the
// others and opens the layers from the bottom up; main runs on node 0 alone,
// the other nodes serve spans; all leave through exit().

#include "abi/operators.h"
#include "base/export.h"
#include "base/fatal.h"
#include "base/private_scope.h"
#include "base/settings.h"
#include "base/stats.h"
#include "fabric/fabric.h"
#include "launch/bootstrap.h"
#include "launch/same_program.h"
#include "loco/abi.h"
#include "memory/coherence/coherence.h"
#include "memory/coherence/wide_lock.h"
#include "memory/heap/heap.h"
#include "memory/heap/objects.h"
#include "memory/process/fault_thread.h"
#include "memory/process/fork.h"
#include "memory/process/globals.h"
#include "memory/process/signals.h"
#include "memory/process/threads.h"
#include "memory/races/race_detector.h"
#include "memory/space/address_space.h"
#include "memory/space/page_table.h"
#include "omp/locks.h"
#include "omp/spans.h"
#include "omp/words.h"
#include "system_calls/dispatch.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <iostream>
#include <optional>
#include <thread>
#include <unistd.h>

namespace loco {

namespace {

// The program's own object of this kind is constructed on node 0 only.
std::ios_base::Init make_streams_ready_on_every_node;

/// All that lives as long as the process; never destroyed, as exit handlers of
/// the program may still use it.
struct Node {
  std::unique_ptr<Bootstrap> bootstrap;
  memory::AddressSpace space;
  memory::PageTable pages;
  std::unique_ptr<fabric::Fabric> fabric;

  std::atomic<bool> leaving{false}; ///< node 0 has said so, or is node 0
  std::atomic<int> asked_status{-1};
};
Node *node = nullptr;

template <typename T> T must(Result<T> result) {
  if (!result.ok())
    fatal(result.error().message);
  return std::move(result.value());
}
void must(Result<void> result) {
  if (!result.ok())
    fatal(result.error().message);
}

/// Whether the program, or a library of it, was linked with
/// -floco-mode=kvstore: the driver has the linker export this symbol. What
/// modules register comes later than the first object of the heap.
bool has_kvstore_mode() {
  return dlsym(RTLD_DEFAULT, "__loco_kvstore") != nullptr;
}

/// Bytes of Control that the layers reserve, with room for the fabric's own.
std::uint64_t control_bytes(const memory::AddressSpace &space) {
  static constexpr std::uint64_t Fixed = 8 << 20;
  // A fingerprint, marks, and the size of objects, of each block.
  std::uint64_t bytes = Fixed + (8 + 2 + 8) * std::uint64_t{space.num_blocks()};
  if (has_kvstore_mode())
    bytes += memory::Objects::control_bytes(settings().objects_per_node);
  return bytes;
}

void receive_shutdown(int source, std::span<const std::byte> payload) {
  int status = 0;
  if (payload.size() == sizeof status)
    std::memcpy(&status, payload.data(), sizeof status);
  if (node->fabric->node() == 0) {
    // The program called exit() on another node: as from one process, it runs
    // here, on a thread that may wait.
    (void)source;
    node->asked_status = status;
    start_internal_thread(
        "loco-exit", [](void *) { std::exit(node->asked_status); }, nullptr);
    return;
  }
  node->leaving = true;
  if (!omp::stop_serving()) {
    // exit() was called while a parallel region runs: its threads end with the
    // process, as they would in one.
    std::fflush(nullptr);
    node->bootstrap->report_stats(stats.json());
    _exit(0);
  }
}

void send_shutdown(int to, int status) {
  node->fabric->send(to, fabric::Message::Shutdown,
                     std::as_bytes(std::span(&status, 1)));
}

/// The first exit handler to be registered, so the last to run.
void leave_job(int status, void *) {
  if (node == nullptr || node->bootstrap == nullptr)
    return;
  // Before any node is told to leave: the launcher takes a node that ends
  // earlier for lost.
  if (node->bootstrap->node() == 0) {
    if (memory::race_detector != nullptr)
      memory::race_detector->reports().finish();
    node->bootstrap->report_exit(status);
  }
  if (node->fabric != nullptr) {
    PrivateScope scope;
    if (node->fabric->node() == 0) {
      for (int peer = 1; peer < node->fabric->num_nodes(); ++peer)
        send_shutdown(peer, 0);
    } else if (!node->leaving) {
      send_shutdown(0, status);
      node->fabric->wait_here([] { return node->leaving.load(); });
    }
  }
  if (!settings().stats)
    return;
  if (node->bootstrap->is_memory_node()) // nobody has counted
    stats.ExtentsClaimed =
        node->space.resident_bytes() / memory::ExtentBytes;
  node->bootstrap->report_stats(stats.json());
}

/// A forked child has no part in the job, nor in how it ends.
void leave_as_child() {
  memory::coherence = nullptr;
  memory::race_detector = nullptr;
  node = nullptr;
}

void join_job() {
  using namespace memory;
  set_failure_context(node->bootstrap->node(), [](std::string_view message) {
    node->bootstrap->report_failure(std::string(message));
  });
  check_same_program(*node->bootstrap);
  must(node->space.open(settings().window_bytes));
  if (!node->bootstrap->is_memory_node()) {
    must(node->pages.open());
    must(node->pages.watch(reinterpret_cast<void *>(WindowBase),
                           node->space.window_bytes()));
  }
  node->fabric = must(fabric::make_fabric(
      {.memory_bytes = node->space.memory_bytes(),
       .control_bytes = control_bytes(node->space),
       .memory_fd = node->space.memfd(),
       .memory = node->space.runtime_view()},
      *node->bootstrap));
  fabric::Fabric &fabric = *node->fabric;
  auto *protocol =
      new Coherence(fabric, node->bootstrap->num_compute_nodes(), node->space,
                    node->pages, settings().cache_bytes);
  if (settings().race != RaceMode::Off)
    race_detector =
        new RaceDetector(*protocol, settings().race == RaceMode::Abort);
  WideLock::open(fabric);
  omp::open_words(fabric);
  omp::open_locks(fabric);
  omp::open_spans(fabric, settings().threads > 0
                              ? settings().threads
                              : static_cast<int>(
                                    std::thread::hardware_concurrency()));
  if (has_kvstore_mode() && settings().race != RaceMode::Off)
    warn_once("race", "LOCO_RACE finds no races of code that was compiled with "
                      "-floco-mode=kvstore");
  if (has_kvstore_mode())
    objects = new Objects(fabric, node->space.num_blocks(),
                          settings().objects_per_node);
  heap::set_handlers(fabric);
  fabric.set_handler(fabric::Message::Shutdown, receive_shutdown);
  fabric.start();
  heap::open(*protocol);
  *LOCO_FLAG_WORKER = fabric.node() != 0;
  if (node->bootstrap->is_memory_node()) {
    open_globals(node->space, nullptr);
  } else {
    coherence = protocol;
    start_fault_thread(*coherence, node->pages);
    start_internal_thread(
        "loco-releases", [](void *) { memory::coherence->serve_releases(); },
        nullptr);
    open_globals(node->space, &node->pages);
    open_fork(node->space, leave_as_child);
    if (!node->pages.serves_kernel()) {
      must(system_calls::open());
      set_thread_start(system_calls::enter_thread);
      system_calls::enter_thread();
    }
    heap::enter_user_thread(); // static constructors allocate what main uses
    *LOCO_NEST_EPOCH = 1; // no nest has decided yet
    *LOCO_FLAG_MULTI = 1;
  }
  // Nobody's messages or gets come before everybody is ready.
  must(node->bootstrap->all_gather(""));
}

void open_one_node() {
  memory::heap::open_one_node();
  if (settings().race != RaceMode::Off)
    warn_once("race", "LOCO_RACE finds races between nodes, and this job has "
                      "one node (races of its threads: ThreadSanitizer)");
}

__attribute__((constructor)) void start_node() {
  node = new Node;
  must(memory::AddressSpace::map_shadow());
  find_replaced_operators();
  node->bootstrap = must(make_bootstrap());
  if (node->bootstrap->num_nodes() > 1)
    join_job();
  else
    open_one_node();
  on_exit(leave_job, nullptr);
}

// ------------------------------------------------------------------- main

using MainFn = int(int, char **, char **);

struct MainCall {
  MainFn *main;
  int argc;
  char **argv, **envp;
};

void *run_main(void *argument) {
  auto *call = static_cast<MainCall *>(argument);
  memory::close_globals();
  memory::handle_signals_here();
  if (node->fabric->node() == 0)
    std::exit(call->main(call->argc, call->argv, call->envp));
  omp::serve_spans();
  std::exit(0);
}

MainFn *user_main = nullptr;

/// A memory node is there for what its peers do with its memory.
int serve_memory(int, char **, char **) {
  memory::close_globals();
  omp::serve_spans(); // none comes; returns when node 0 says that all is over
  return 0;
}

int run_main_on_window_stack(int argc, char **argv, char **envp) {
  MainCall call{user_main, argc, argv, envp};
  memory::run_as_user_thread(run_main, &call);
  return 0; // main ended by pthread_exit: the last thread ends the process
}

} // namespace
} // namespace loco

extern "C" {

using StartMainFn = int(loco::MainFn *, int, char **, void (*)(), void (*)(),
                        void (*)(), void *);

LOCO_EXPORT int __libc_start_main(loco::MainFn *main, int argc, char **argv,
                                  void (*init)(), void (*fini)(),
                                  void (*rtld_fini)(), void *stack_end) {
  auto *next =
      reinterpret_cast<StartMainFn *>(dlsym(RTLD_NEXT, "__libc_start_main"));
  if (next == nullptr)
    loco::fatal("libc has no __libc_start_main");
  if (loco::node == nullptr || loco::node->fabric == nullptr)
    return next(main, argc, argv, init, fini, rtld_fini, stack_end);
  if (loco::node->bootstrap->is_memory_node())
    return next(loco::serve_memory, argc, argv, init, fini, rtld_fini,
                stack_end);
  loco::user_main = main;
  return next(loco::run_main_on_window_stack, argc, argv, init, fini,
              rtld_fini, stack_end);
}

} // extern "C"
