#pragma once
#include "fabric/fabric.h"
namespace loco {
class Barrier {
public:
  explicit Barrier(fabric::Fabric &f) : F(f) { Off = f.reserve_control(64 * 8); }
  void wait(int n) {
    ++Epoch;
    for (int i = 0; i < n; ++i) {
      F.put(i, fabric::Segment::Control, Off + F.node() * 8, &Epoch, 8);
      F.notify(i);
    }
    auto *slots = reinterpret_cast<std::atomic<uint64_t> *>(F.control() + Off);
    F.wait_until([&] { for (int i = 0; i < n; ++i) if (slots[i].load() < Epoch) return false; return true; });
  }
private:
  fabric::Fabric &F; uint64_t Off; uint64_t Epoch = 0;
};
}
