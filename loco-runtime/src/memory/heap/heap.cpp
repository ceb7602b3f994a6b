// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// heap.cpp - jemalloc over the window.

#include "memory/heap/heap.h"

#include "base/private_scope.h"
#include "base/result.h"
#include "base/settings.h"
#include "memory/heap/objects.h"
#include "memory/races/race_detector.h"
#include "memory/space/huge_pages.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <jemalloc/jemalloc.h>
#include <mutex>
#include <sys/mman.h>
#include <vector>

namespace loco::memory::heap {

namespace {

enum class Phase : int {
  Starting, ///< before it is known how many nodes there are: private
  OneNode,
  ManyNodes
};
std::atomic<Phase> phase{Phase::Starting};

struct Window {
  Coherence *Protocol = nullptr;
  std::atomic<std::uint64_t> *Used = nullptr; ///< of this node's part, in Control
  std::uint64_t UsedOffset = 0;               ///< in Control
  std::atomic<std::uint64_t> KnownUsed[MaxNodes]; ///< at least, by node
  std::uint64_t Start = 0, Size = 0;              ///< of the part; Memory offset
  bool Left = false; ///< in a forked child
  std::atomic<std::uint64_t> *Sizes = nullptr; ///< by block; in Control
  std::uint64_t SizesOffset = 0;               ///< in Control
  unsigned SmallArena = 0, LargeArena = 0, PrivateArena = 0;
  std::mutex FreedMutex;
  /// By other nodes, not given to jemalloc yet. Never destroyed: the progress
  /// thread outlives the program's destructors.
  std::vector<void *> *Freed = nullptr;
  std::atomic<bool> AnyFreed = false;
  std::mutex ReturnsMutex;
  /// Other nodes' memory, freed here, of which they do not know yet.
  std::vector<void *> *Returns = nullptr;
};
Window window;

thread_local bool is_user_thread __attribute__((tls_model("initial-exec")));

bool in_window(const void *p) {
  return window.Protocol != nullptr &&
         reinterpret_cast<std::uintptr_t>(p) - WindowBase <
             window.Protocol->space().window_bytes();
}

/// The node whose jemalloc owns a window pointer.
int owner_of(const void *p) {
  auto offset = reinterpret_cast<std::uintptr_t>(p) - WindowBase;
  return window.Protocol->homes().owner(extent_of(block_at(offset)));
}

bool allocates_privately() {
  return phase.load(std::memory_order_relaxed) != Phase::ManyNodes ||
         !is_user_thread || PrivateScope::is_active();
}

// Private memory never goes through a thread cache: a cached private object
// would come back as a user's.
int private_flags() {
  if (phase.load(std::memory_order_relaxed) == Phase::OneNode)
    return 0;
  return MALLOCX_TCACHE_NONE | MALLOCX_ARENA(window.PrivateArena);
}

int window_flags(std::size_t bytes) {
  if (bytes >= LargeBytes)
    return MALLOCX_TCACHE_NONE | MALLOCX_ARENA(window.LargeArena);
  return 0; // the thread's arena is SmallArena
}

/// Large objects start with a block: jemalloc would shift each by a random
/// number of cache lines, and a part of an array that is a whole number of
/// blocks would then share one with its neighbours.
std::size_t window_align(std::size_t bytes, std::size_t align) {
  return bytes >= LargeBytes && align < BlockBytes ? BlockBytes : align;
}

int free_flags(const void *p) {
  if (phase.load(std::memory_order_relaxed) == Phase::OneNode)
    return 0;
  if (in_window(p) && is_user_thread)
    return 0;
  return MALLOCX_TCACHE_NONE;
}

/// What to ask jemalloc for. Programs of glibc expect 16 bytes of alignment from
/// an object of any size; jemalloc's classes below are aligned to their size.
std::size_t class_bytes(std::size_t bytes) {
  return bytes < alignof(std::max_align_t) ? alignof(std::max_align_t) : bytes;
}

void *take_window(std::size_t bytes, std::size_t align) {
  std::uint64_t used = window.Used->load(std::memory_order_relaxed);
  std::uint64_t start, end;
  do {
    start = round_up(window.Start + used, align > ExtentBytes ? align
                                                             : ExtentBytes);
    end = start + round_up(bytes, ExtentBytes);
    if (end > window.Start + window.Size) {
      warn_once("window-full",
                "this node's part of the window (" +
                    std::to_string(window.Size >> 20) +
                    " MiB) is full; raise LOCO_WINDOW");
      return nullptr;
    }
  } while (!window.Used->compare_exchange_weak(used, end - window.Start));
  return reinterpret_cast<void *>(WindowBase + start);
}

void claim_at_home(void *p, std::size_t bytes) {
  if (window.Left)
    return;
  auto offset = reinterpret_cast<std::uintptr_t>(p) - WindowBase;
  Extent first = extent_of(block_at(offset));
  for (Extent e = first; e < first + round_up(bytes, ExtentBytes) / ExtentBytes;
       ++e)
    window.Protocol->homes().claim(first_block(e));
}

// ---- extent hooks: jemalloc(3), "arena.<i>.extent_hooks"

void *hook_alloc(extent_hooks_t *hooks, void *want, std::size_t bytes,
                 std::size_t align, bool *zero, bool *commit, unsigned);

bool hook_keep(extent_hooks_t *, void *, std::size_t, bool, unsigned) {
  return true; // refused: jemalloc keeps the range for later
}
bool hook_split(extent_hooks_t *, void *, std::size_t, std::size_t,
                std::size_t, bool, unsigned) {
  return false;
}
bool hook_merge(extent_hooks_t *, void *, std::size_t, void *, std::size_t,
                bool, unsigned) {
  return false;
}

extent_hooks_t make_hooks() {
  extent_hooks_t hooks{};
  hooks.alloc = hook_alloc;
  hooks.dalloc = hook_keep;
  hooks.split = hook_split;
  hooks.merge = hook_merge;
  return hooks;
}
extent_hooks_t small_hooks = make_hooks();
extent_hooks_t large_hooks = make_hooks();

void *hook_alloc(extent_hooks_t *hooks, void *want, std::size_t bytes,
                 std::size_t align, bool *zero, bool *commit, unsigned) {
  if (want != nullptr)
    return nullptr;
  void *p = take_window(bytes, align);
  if (p == nullptr)
    return nullptr;
  if (hooks == &small_hooks)
    claim_at_home(p, bytes);
  *zero = true;
  *commit = true;
  return p;
}

unsigned make_arena(extent_hooks_t *hooks) {
  // Metadata through the default hooks: it is private and never moves.
  struct {
    extent_hooks_t *extent_hooks;
    bool metadata_use_hooks;
  } config = {hooks, false};
  unsigned arena;
  std::size_t size = sizeof arena;
  int error = hooks
                  ? mallctl("experimental.arenas_create_ext", &arena, &size,
                            &config, sizeof config)
                  : mallctl("arenas.create", &arena, &size, nullptr, 0);
  if (error != 0)
    fatal(std::string("cannot create a heap arena: ") + std::strerror(error));
  if (hooks != nullptr) {
    // Freed pages stay with the arena: their homes and contents are known.
    std::string name = "arena." + std::to_string(arena);
    for (const char *decay : {".dirty_decay_ms", ".muzzy_decay_ms"}) {
      ssize_t never = -1;
      mallctl((name + decay).c_str(), nullptr, nullptr, &never, sizeof never);
    }
  }
  return arena;
}

// ---- other nodes' allocations

template <typename T> T payload_as(std::span<const std::byte> payload) {
  T value;
  std::memcpy(&value, payload.data(), sizeof value);
  return value;
}

/// Every node can look up how much memory an object of another has: jemalloc gives the
/// objects that start in one page all the same.
void note_size(const void *p, std::size_t bytes) {
  if (window.Left)
    return; // the table is the parent's
  std::atomic<std::uint64_t> &size =
      window.Sizes[block_at(reinterpret_cast<std::uintptr_t>(p) - WindowBase)];
  if (size.load(std::memory_order_relaxed) != bytes)
    size.store(bytes, std::memory_order_relaxed);
}

std::size_t look_up_size(const void *p) {
  const Block block =
      block_at(reinterpret_cast<std::uintptr_t>(p) - WindowBase);
  std::uint64_t bytes;
  window.Protocol->network().atomic_load(
      owner_of(p), fabric::Segment::Control,
      window.SizesOffset + block * sizeof bytes, &bytes, sizeof bytes);
  return bytes;
}

bool is_foreign(const void *p) {
  return in_window(p) && owner_of(p) != window.Protocol->network().node();
}

/// In batches, as each is a release and a message; but large memory, which starts
/// with a block, at once.
void give_back_to_owner(void *p) {
  static constexpr std::size_t BatchFrees = 256;
  static_assert(BatchFrees * sizeof p <= fabric::MaxPayloadBytes);
  PrivateScope scope;
  bool is_time = reinterpret_cast<std::uintptr_t>(p) % BlockBytes == 0;
  {
    std::lock_guard lock(window.ReturnsMutex);
    window.Returns->push_back(p);
    is_time |= window.Returns->size() >= BatchFrees;
  }
  if (!is_time)
    return;
  Returns returns;
  window.Protocol->release(); // before who gets the memory next writes it (M23)
  returns.send();
}

/// What release() does with the memory itself.
void give_back(void *p) {
  if (is_foreign(p)) {
    if (!window.Left)
      give_back_to_owner(p);
    return;
  }
  if (in_window(p))
    if (race_detector != nullptr)
      race_detector->allocations().forget(p);
  dallocx(p, free_flags(p));
}

/// Gives jemalloc what other nodes have freed, once this node has acquired what they
/// wrote there (M23). Before an allocation in the window.
void take_freed() {
  if (!window.AnyFreed.load(std::memory_order_acquire) || window.Left)
    return;
  PrivateScope scope;
  std::vector<void *> freed;
  {
    std::lock_guard lock(window.FreedMutex);
    freed.swap(*window.Freed);
    window.AnyFreed = false;
  }
  window.Protocol->acquire();
  for (void *p : freed)
    give_back(p);
}

/// What a compiled check does; where it is left out a page fault serves.
void make_ready(const void *p, std::size_t bytes, Access access) {
  if (!in_window(p) || bytes == 0 || window.Left)
    return;
  const auto offset = reinterpret_cast<std::uintptr_t>(p) - WindowBase;
  const Block first = block_at(offset), end = block_at(offset + bytes - 1) + 1;
  auto needs = [&](Block b) {
    auto shadow = AddressSpace::shadow_of(window.Protocol->space().address_of(b))
                      ->load(std::memory_order_relaxed);
    return access == Access::Load ? shadow > LOCO_SHADOW_CLEAN
                                  : shadow != LOCO_SHADOW_READY;
  };
  std::uint64_t ahead_bytes = window.Protocol->ahead_bytes();
  for (Block b = first; b < end; ++b)
    if (needs(b))
      return window.Protocol->prepare(b, end - b, access, ahead_bytes);
}

/// With LOCO_RACE: an object of the window that is given out.
void note_allocation(const void *p, std::size_t bytes) {
  if (race_detector != nullptr && in_window(p) && !window.Left)
    race_detector->allocations().note(p, bytes);
}

/// With kvstore mode, whether the pointer is, or should be, an object's.
bool is_object(const void *p) { return objects != nullptr && in_window(p); }

} // namespace

void open(Coherence &protocol) {
  Homes &homes = protocol.homes();
  window.PrivateArena = make_arena(nullptr);
  window.Freed = new std::vector<void *>;
  window.Returns = new std::vector<void *>;
  fabric::Fabric &fabric = protocol.network();
  window.UsedOffset = fabric.reserve_control(sizeof(std::uint64_t));
  window.Used = reinterpret_cast<std::atomic<std::uint64_t> *>(
      fabric.control() + window.UsedOffset);
  window.SizesOffset = fabric.reserve_control(
      std::uint64_t{protocol.space().num_blocks()} * sizeof(std::uint64_t));
  window.Sizes = reinterpret_cast<std::atomic<std::uint64_t> *>(
      fabric.control() + window.SizesOffset);
  window.Start = offset_of(first_block(homes.first_owned()));
  window.Size = std::uint64_t{homes.num_owned()} * ExtentBytes;
  window.SmallArena = make_arena(&small_hooks);
  window.LargeArena = make_arena(&large_hooks);
  window.Protocol = &protocol;
  phase.store(Phase::ManyNodes);
}

void open_one_node() { phase.store(Phase::OneNode); }

void set_handlers(fabric::Fabric &fabric) {
  using fabric::Message;
  fabric.set_handler(Message::RemoteFree,
                     [](int, std::span<const std::byte> payload) {
                       std::lock_guard lock(window.FreedMutex);
                       for (; !payload.empty();
                            payload = payload.subspan(sizeof(void *)))
                         window.Freed->push_back(payload_as<void *>(payload));
                       window.AnyFreed = true;
                     });
}

void enter_user_thread() {
  if (phase.load() != Phase::ManyNodes || is_user_thread)
    return;
  unsigned arena = window.SmallArena;
  if (int error = mallctl("thread.arena", nullptr, nullptr, &arena,
                          sizeof arena))
    fatal(std::string("cannot bind a thread to the heap: ") +
          std::strerror(error));
  // What the thread cache holds from before is private.
  mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  is_user_thread = true;
}

Returns::Returns() {
  if (window.Returns == nullptr)
    return;
  std::lock_guard lock(window.ReturnsMutex);
  Freed.swap(*window.Returns);
}

void Returns::send() {
  std::sort(
      Freed.begin(), Freed.end(),
      [](void *a, void *b) { return owner_of(a) < owner_of(b); });
  std::span<void *> left = Freed;
  while (!left.empty()) {
    const int owner = owner_of(left[0]);
    std::size_t n = 1;
    while (n < left.size() && owner_of(left[n]) == owner &&
           (n + 1) * sizeof(void *) <= fabric::MaxPayloadBytes)
      ++n;
    window.Protocol->network().send(owner, fabric::Message::RemoteFree,
                                    std::as_bytes(left.first(n)));
    left = left.subspan(n);
  }
}

void leave_window() {
  static std::atomic<std::uint64_t> used;
  used = window.Used->load();
  window.Used = &used;
  window.Left = true;
  objects = nullptr;
}

/// A new object of the window goes where LOCO_PLACEMENT says.
static void place(const void *p, std::size_t bytes) {
  Homes &homes = window.Protocol->homes();
  loco_placement policy = homes.placement().policy();
  if (policy != LOCO_PLACEMENT_FIRST_TOUCH && bytes >= LargeBytes &&
      in_window(p) && !window.Left)
    homes.plan(
        extents_of(reinterpret_cast<std::uintptr_t>(p) - WindowBase, bytes),
        policy);
}

static void *no_memory() {
  errno = ENOMEM;
  return nullptr;
}

void *allocate(std::size_t bytes, std::size_t align, bool zeroed) {
  if (bytes > PTRDIFF_MAX)
    return no_memory();
  bool is_private = allocates_privately();
  bool has_entry = objects != nullptr && !is_private;
  std::size_t slot = class_bytes(bytes);
  if (has_entry) {
    slot = Objects::slot_bytes(bytes);
    align = align > slot ? align : slot;
  }
  int flags;
  if (is_private) {
    flags = private_flags();
  } else {
    take_freed();
    flags = window_flags(slot);
    align = window_align(slot, align);
  }
  if (align > alignof(std::max_align_t))
    flags |= MALLOCX_ALIGN(align);
  if (zeroed)
    flags |= MALLOCX_ZERO;
  void *p = mallocx(slot, flags);
  if (p == nullptr)
    return no_memory();
  if (phase.load(std::memory_order_relaxed) == Phase::ManyNodes) {
    place(p, bytes);
    note_allocation(p, bytes);
    if (in_window(p))
      note_size(p, nallocx(slot, flags));
  } else if (phase.load(std::memory_order_relaxed) == Phase::OneNode)
    want_huge_pages(p, bytes);
  // Inside an extent hook jemalloc gives private memory to whomever asks.
  if (has_entry && in_window(p))
    objects->insert(p, bytes);
  return p;
}

void *allocate_private(std::size_t bytes, bool zeroed) {
  void *p = mallocx(class_bytes(bytes),
                    private_flags() | (zeroed ? MALLOCX_ZERO : 0));
  return p ? p : no_memory();
}

void *reallocate_private(void *p, std::size_t bytes) {
  if (p == nullptr)
    return allocate_private(bytes, false);
  void *moved = rallocx(p, class_bytes(bytes), private_flags());
  return moved ? moved : no_memory();
}

/// Large memory that grows gets room for the next times, and is not moved again until
/// that is used up; pages that nobody stores to cost nothing.
static constexpr std::size_t GrowingBytes = 1 << 20;

static std::size_t with_room(std::size_t old_bytes, std::size_t bytes) {
  return std::max(bytes, old_bytes + old_bytes / 2);
}

/// Whether `bytes` is what the object has, or what it was given to grow.
static bool fits_in_room(std::size_t old_bytes, std::size_t bytes) {
  return old_bytes >= GrowingBytes && bytes <= old_bytes &&
         bytes > old_bytes / 2;
}

/// A copy of private memory, whose whole pages go from one place to the other.
static void move_pages(void *to, void *from, std::size_t bytes) {
  static constexpr std::size_t PageBytes = 4096;
  auto *target = static_cast<std::byte *>(to);
  auto *source = static_cast<std::byte *>(from);
  std::size_t moved = 0;
  if ((reinterpret_cast<std::uintptr_t>(to) |
       reinterpret_cast<std::uintptr_t>(from)) % PageBytes == 0) {
    const int saved_errno = errno;
    moved = bytes / PageBytes * PageBytes;
    // In two steps: where the source is not one mapping (some of it was moved before,
    // or advised) the first fails and changes nothing; with MREMAP_FIXED kernels
    // before 6.17 would have unmapped the target by then.
    void *between = mremap(from, moved, moved, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
    if (between == MAP_FAILED) // old kernels cannot at all
      moved = 0;
    else if (mremap(between, moved, moved, MREMAP_MAYMOVE | MREMAP_FIXED, to) ==
             MAP_FAILED)
      fatal_errno("cannot move an object of " + std::to_string(bytes) + " bytes");
    errno = saved_errno;
  }
  std::memcpy(target + moved, source + moved, bytes - moved);
}

/// realloc() where the window is not used.
static void *reallocate_alone(void *p, std::size_t bytes) {
  const int aligned = MALLOCX_ALIGN(BlockBytes);
  const int flags = private_flags();
  const std::size_t old_bytes = sallocx(p, 0);
  if (fits_in_room(old_bytes, bytes))
    return p;
  if (bytes <= old_bytes || old_bytes < GrowingBytes)
    return rallocx(p, class_bytes(bytes),
                   bytes < GrowingBytes ? flags : flags | aligned);
  void *moved = mallocx(with_room(old_bytes, bytes), flags | aligned);
  if (moved == nullptr)
    return rallocx(p, bytes, flags);
  move_pages(moved, p, old_bytes);
  dallocx(p, free_flags(p));
  return moved;
}

/// A copy in the window. Blocks that nobody has ever touched stay so.
static void copy_in_window(void *to, const void *from, std::size_t bytes) {
  Homes &homes = window.Protocol->homes();
  auto is_untouched = [&](const std::byte *at) {
    return in_window(at) &&
           homes.find(block_at(reinterpret_cast<std::uintptr_t>(at) -
                               WindowBase)) < 0;
  };
  auto *target = static_cast<std::byte *>(to);
  auto *source = static_cast<const std::byte *>(from);
  const bool by_block = (reinterpret_cast<std::uintptr_t>(to) |
                         reinterpret_cast<std::uintptr_t>(from)) % BlockBytes == 0;
  auto skips = [&](std::size_t at) {
    return by_block && !window.Left && is_untouched(target + at) &&
           is_untouched(source + at);
  };
  for (std::size_t at = 0; at < bytes;) {
    std::size_t end = at;
    while (end < bytes && !skips(end))
      end = by_block ? std::min(end + BlockBytes, bytes) : bytes;
    make_ready(source + at, end - at, Access::Load);
    make_ready(target + at, end - at, Access::Store);
    std::memcpy(target + at, source + at, end - at);
    at = end;
    while (at < bytes && skips(at))
      at = std::min(at + BlockBytes, bytes);
  }
}

void *reallocate(void *p, std::size_t bytes) {
  if (p == nullptr)
    return allocate(bytes, 0, false);
  if (bytes > PTRDIFF_MAX)
    return no_memory();
  if (!in_window(p) && allocates_privately()) {
    void *moved = reallocate_alone(p, bytes);
    if (moved == nullptr)
      return no_memory();
    if (phase.load(std::memory_order_relaxed) == Phase::OneNode)
      want_huge_pages(moved, bytes);
    return moved;
  }
  std::size_t old_bytes =
      is_object(p) ? objects->bytes_of(p, "realloc") : usable_size(p);
  if (is_object(p) &&
      Objects::slot_bytes(old_bytes) == Objects::slot_bytes(bytes)) {
    objects->resize(p, bytes);
    return p;
  }
  if (!is_object(p) && fits_in_room(old_bytes, bytes))
    return p;
  const bool grows = !is_object(p) && old_bytes >= GrowingBytes &&
                     bytes > old_bytes;
  bool same_arena = !grows && !is_object(p) && in_window(p) && !is_foreign(p) &&
                    !allocates_privately() &&
                    (old_bytes >= LargeBytes) == (bytes >= LargeBytes);
  if (same_arena) {
    take_freed();
    std::size_t align = window_align(bytes, alignof(std::max_align_t));
    if (race_detector != nullptr)
      race_detector->allocations().forget(p); // others may have it at once
    void *moved = rallocx(p, class_bytes(bytes),
                          window_flags(bytes) | MALLOCX_ALIGN(align));
    note_allocation(moved ? moved : p, moved ? bytes : old_bytes);
    if (moved != nullptr)
      note_size(moved, sallocx(moved, 0));
    return moved ? moved : no_memory();
  }
  void *moved =
      grows ? allocate(with_room(old_bytes, bytes), 0, false) : nullptr;
  if (moved == nullptr)
    moved = allocate(bytes, 0, false);
  if (moved == nullptr)
    return nullptr;
  copy_in_window(moved, p, std::min(old_bytes, bytes));
  release(p);
  return moved;
}

void release(void *p) {
  if (p == nullptr)
    return;
  // Before the memory can be had again, by any node.
  if (is_object(p))
    objects->erase(p, "free");
  give_back(p);
}

std::size_t usable_size(void *p) {
  if (p == nullptr)
    return 0;
  if (is_object(p))
    return objects->bytes_of(p, "malloc_usable_size");
  if (!is_foreign(p))
    return sallocx(p, 0);
  return window.Left ? 0 : look_up_size(p);
}

std::uint64_t allocated_end(std::uint64_t offset) {
  AddressSpace &space = window.Protocol->space();
  if (offset >= space.window_bytes())
    return space.memory_bytes();
  fabric::Fabric &network = window.Protocol->network();
  int owner = window.Protocol->homes().owner(extent_of(block_at(offset)));
  if (owner >= window.Protocol->compute_nodes())
    return offset; // what was left over when the window was divided
  std::uint64_t start = static_cast<std::uint64_t>(owner) * window.Size;
  auto &known = window.KnownUsed[owner];
  if (offset - start >= known.load(std::memory_order_relaxed)) {
    fabric::WaitFor cause(fabric::Cause::Claim);
    std::uint64_t used;
    network.atomic_load(owner, fabric::Segment::Control, window.UsedOffset,
                       &used, sizeof used);
    known.store(used, std::memory_order_relaxed);
  }
  return start + known.load(std::memory_order_relaxed);
}

void *take_pages(std::size_t bytes) {
  void *p = take_window(bytes, ExtentBytes);
  if (p == nullptr)
    return nullptr;
  claim_at_home(p, bytes);
  if (objects != nullptr)
    objects->insert_pages(p, bytes);
  return p;
}

} // namespace loco::memory::heap
