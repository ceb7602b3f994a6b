// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Open addressing with linear probing inside a section of 1024 slots, which has
// a ticket lock for those who change it. A reader never waits for a lock: each
// slot carries a check word over key and value, so that a read which met a
// change, and holds a mixture, is noticed and done again.
//
// Sources: one-sided lookups that a checksum validates: Mitchell, Geng, Li,
// USENIX ATC 2013 (Pilaf); emptying erased slots where no search can want to go
// on: Knuth, TAOCP 3, section 6.4.
#include "fabric/fabric.h"
#include "loco/channels.h"

#include <cstddef>
#include <mutex>

namespace loco {

static std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t KVStore::check_of(Key key, const Value &value) {
  return mix(mix(mix(key) + value.first) + value.second);
}

std::size_t KVStore::num_sections(std::size_t slots_per_node) {
  return (slots_per_node + SlotsPerSection - 1) / SlotsPerSection;
}

std::size_t KVStore::control_bytes(std::size_t slots_per_node) {
  static constexpr std::size_t Alignment = 64; // of two regions
  return num_sections(slots_per_node) *
             (sizeof(std::uint64_t) + SlotsPerSection * sizeof(Slot)) +
         2 * Alignment;
}

KVStore::KVStore(fabric::Fabric &fabric, std::size_t slots_per_node)
    : Net(&fabric), Sections(num_sections(slots_per_node)),
      Locks(fabric, Sections * sizeof(std::uint64_t)),
      Slots(fabric, Sections * SlotsPerSection * sizeof(Slot)) {
  static_assert(sizeof(Slot) * SlotsPerLine == 64);
}

KVStore::Start KVStore::place_of(Key key) const {
  const std::uint64_t hash = mix(key);
  const auto nodes = static_cast<std::uint64_t>(Net->num_nodes());
  // Three numbers of three parts of the hash.
  const std::uint64_t high = hash >> 48, middle = (hash >> 16) & 0xffffffff;
  return {static_cast<int>(high * nodes >> 16),
          static_cast<std::size_t>(middle * Sections >> 32),
          hash % SlotsPerSection / SlotsPerLine * SlotsPerLine};
}

TicketLock KVStore::lock_of(const Start &at) const {
  return {*Net, Locks.place(at.node, at.section * sizeof(std::uint64_t))};
}

std::size_t KVStore::offset_of(const Start &at, std::size_t slot) const {
  return (at.section * SlotsPerSection + slot) * sizeof(Slot);
}

KVStore::Slot KVStore::read_slot(const Start &at, std::size_t slot) const {
  Slot read;
  Slots.read(at.node, offset_of(at, slot), &read, sizeof read);
  return read;
}

void KVStore::write_value(const Start &at, std::size_t slot,
                          const Slot &from) const {
  static constexpr std::size_t Behind = offsetof(Slot, value);
  Slots.write(at.node, offset_of(at, slot) + Behind, &from.value,
              sizeof from - Behind);
  Slots.flush();
}

void KVStore::write_key(const Start &at, std::size_t slot, Key key) const {
  const Place place = Slots.place(at.node, offset_of(at, slot));
  Net->atomic_store(place.node, place.segment, place.offset, &key, sizeof key);
}

std::optional<KVStore::Value> KVStore::find(Key key) const {
  const Start at = place_of(key);
  for (std::size_t probed = 0; probed < SlotsPerSection;) {
    const std::size_t first = (at.slot + probed) % SlotsPerSection;
    Slot line[SlotsPerLine];
    Slots.read(at.node, offset_of(at, first), line, sizeof line);
    bool is_changing = false;
    for (const Slot &slot : line) {
      if (slot.key == Empty)
        return std::nullopt;
      if (slot.key != key)
        continue;
      if (slot.check == check_of(key, slot.value))
        return slot.value;
      is_changing = true;
    }
    if (!is_changing)
      probed += SlotsPerLine;
  }
  return std::nullopt;
}

KVStore::Found KVStore::search(const Start &at, Key key) const {
  std::size_t free = SlotsPerSection;
  for (std::size_t probed = 0; probed < SlotsPerSection; ++probed) {
    const std::size_t slot = (at.slot + probed) % SlotsPerSection;
    const Slot read = read_slot(at, slot);
    if (read.key == key)
      return {slot, true, read.value};
    if ((read.key == Empty || read.key == Erased) && free == SlotsPerSection)
      free = slot;
    if (read.key == Empty)
      break;
  }
  return {free, false, {}};
}

KVStore::Insertion KVStore::insert(Key key, Value value) {
  const Start at = place_of(key);
  TicketLock section_lock = lock_of(at);
  std::lock_guard lock(section_lock);
  const Found found = search(at, key);
  if (found.is_there)
    return Insertion::KeyExists;
  if (found.slot == SlotsPerSection)
    return Insertion::Full;
  const Slot slot{key, value, check_of(key, value)};
  write_value(at, found.slot, slot);
  write_key(at, found.slot, key);
  return Insertion::Done;
}

bool KVStore::update(Key key, Value value) {
  const Start at = place_of(key);
  TicketLock section_lock = lock_of(at);
  std::lock_guard lock(section_lock);
  const Found found = search(at, key);
  if (!found.is_there)
    return false;
  const Slot slot{key, value, check_of(key, value)};
  write_value(at, found.slot, slot);
  return true;
}

std::optional<KVStore::Value> KVStore::erase(Key key) {
  const Start at = place_of(key);
  TicketLock section_lock = lock_of(at);
  std::lock_guard lock(section_lock);
  const Found found = search(at, key);
  if (!found.is_there)
    return std::nullopt;
  auto neighbour = [](std::size_t slot, std::size_t distance) {
    return (slot + distance) % SlotsPerSection;
  };
  // Should the key come back, no read takes the old value with the new key.
  write_value(at, found.slot, Slot{});
  if (read_slot(at, neighbour(found.slot, 1)).key != Empty) {
    write_key(at, found.slot, Erased);
    return found.value;
  }
  // No search has to go on behind it, nor behind erased ones before it.
  std::size_t slot = found.slot;
  do {
    write_key(at, slot, Empty);
    slot = neighbour(slot, SlotsPerSection - 1);
  } while (read_slot(at, slot).key == Erased);
  return found.value;
}

} // namespace loco
