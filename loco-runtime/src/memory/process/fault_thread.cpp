// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fault_thread.cpp - serving page faults without ever waiting for a block: the
// thread that holds it may be waiting for a fault on its own stack.

#include "memory/process/fault_thread.h"

#include "loco/abi.h"

namespace loco::memory {

namespace {

class FaultServer {
public:
  FaultServer(Coherence &coherence, PageTable &pages)
      : Protocol(coherence), Pages(pages) {}

  [[noreturn]] void run() {
    for (;;) {
      // Faults whose block is held are tried again once a millisecond.
      NumPending += Pages.wait_for_faults(Pending + NumPending,
                                          Capacity - NumPending,
                                          NumPending ? 1 : -1);
      unsigned kept = 0;
      for (unsigned i = 0; i < NumPending; ++i)
        if (!serve(Pending[i]))
          Pending[kept++] = Pending[i];
      NumPending = kept;
    }
  }

private:
  bool serve(const PageTable::Fault &fault) {
    auto page = reinterpret_cast<std::uintptr_t>(fault.address) &
                ~std::uintptr_t{BlockBytes - 1};
    auto *address = reinterpret_cast<void *>(page);
    auto offset = Protocol.space().find(address);
    if (offset && !Protocol.try_prepare(block_at(*offset),
                                        fault.is_store ? Access::Store
                                                       : Access::Load))
      return false;
    // Another thread may have served it meanwhile, unseen by this one.
    Pages.wake(address, BlockBytes);
    count(stats.PageFaults);
    if (++Served % FaultsPerEpoch == 0)
      *LOCO_NEST_EPOCH = *LOCO_NEST_EPOCH + 1;
    return true;
  }

  static constexpr unsigned Capacity = 4096; // a fault a thread at most
  /// So often loop nests that run without checks ask whether they still should.
  static constexpr unsigned FaultsPerEpoch = 8;
  Coherence &Protocol;
  PageTable &Pages;
  PageTable::Fault Pending[Capacity];
  unsigned NumPending = 0;
  unsigned Served = 0;
};

} // namespace

void start_fault_thread(Coherence &coherence, PageTable &pages) {
  static FaultServer server(coherence, pages);
  start_internal_thread(
      "loco-faults", [](void *s) { static_cast<FaultServer *>(s)->run(); },
      &server);
}

} // namespace loco::memory
