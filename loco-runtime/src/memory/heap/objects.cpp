// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// objects.cpp - entries of heap objects, and finding the one a pointer is in.

#include "memory/heap/objects.h"

#include "base/stats.h"
#include "fabric/fabric.h"
#include "memory/space/reserve.h"

#include <cstdio>
#include <string>

namespace loco::memory {

static constexpr unsigned AddressBits = 47;

Objects::Objects(fabric::Fabric &fabric, Block num_blocks,
                 std::size_t entries_per_node)
    : Network(fabric), Table(fabric, entries_per_node),
      SlotShift(reserve_array<std::atomic<std::uint8_t>>(
          num_blocks, "the sizes of heap objects")) {}

static std::string hex(std::uintptr_t address) {
  char text[20];
  std::snprintf(text, sizeof text, "0x%lx", address);
  return text;
}

static std::string sized(std::size_t bytes) {
  return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

// ---------------------------------------------------------------- changes

void Objects::insert_entry(std::uintptr_t start, std::size_t bytes,
                           std::uint64_t kind) {
  const auto node = static_cast<std::uint64_t>(Network.node());
  switch (Table.insert(start, {bytes, node | kind})) {
  case KVStore::Insertion::Done:
    return;
  case KVStore::Insertion::KeyExists:
    fatal("internal error: two objects at " + hex(start));
  case KVStore::Insertion::Full:
    fatal("the table of heap objects is full; raise LOCO_OBJECTS");
  }
}

void Objects::insert(void *start, std::size_t bytes) {
  insert_entry(key_of(start), bytes, 0);
}

void Objects::insert_pages(void *start, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes; done += ExtentBytes)
    insert_entry(key_of(start) + done, ExtentBytes, Pages);
}

void Objects::erase(void *start, const char *verb) {
  if (Table.erase(key_of(start)))
    return;
  fatal(std::string(verb) + " of " + hex(key_of(start)) +
        ", where no object starts: it was freed before, or is not from the "
        "heap");
}

std::size_t Objects::bytes_of(void *start, const char *verb) {
  if (auto entry = Table.find(key_of(start)))
    return entry->first;
  fatal(std::string(verb) + " of " + hex(key_of(start)) +
        ", where no object starts: it was freed before, or is not from the "
        "heap");
}

void Objects::resize(void *start, std::size_t bytes) {
  if (auto entry = Table.find(key_of(start)))
    Table.update(key_of(start), {bytes, entry->second});
}

// --------------------------------------------------------------- accesses

std::optional<KVStore::Value> Objects::look_up(KVStore::Key key) {
  if (Table.home(key) != Network.node())
    count(stats.EntryLookups);
  return Table.find(key);
}

Objects::Object Objects::find(std::uintptr_t address, Object &near) {
  auto covers = [&](std::uintptr_t start, const KVStore::Value &entry) {
    return address - start < entry.first;
  };
  std::atomic<std::uint8_t> &hint = SlotShift[block_at(address - WindowBase)];
  const unsigned hinted = hint.load(std::memory_order_relaxed);
  if (hinted != 0) {
    const std::uintptr_t start = address >> hinted << hinted;
    if (auto entry = look_up(start); entry && covers(start, *entry))
      return {start, *entry};
  }
  std::uintptr_t tried = 0;
  for (unsigned shift = std::countr_zero(MinSlotBytes); shift < AddressBits;
       ++shift) {
    const std::uintptr_t start = address >> shift << shift;
    if (start < WindowBase)
      break;
    if (start == tried)
      continue;
    tried = start;
    auto entry = look_up(start);
    if (!entry)
      continue;
    if (covers(start, *entry)) {
      hint.store(
          static_cast<std::uint8_t>(std::countr_zero(slot_bytes(entry->first))),
          std::memory_order_relaxed);
      return {start, *entry};
    }
    if (address - start < slot_bytes(entry->first))
      near = {start, *entry};
  }
  return {};
}

void Objects::check_access(const void *p, std::size_t bytes, const char *verb,
                           const void *code) {
  auto address = reinterpret_cast<std::uintptr_t>(p);
  for (std::size_t done = 0; done < bytes;) {
    Object near;
    const Object object = find(address + done, near);
    if (object.start != 0) {
      const std::size_t room =
          object.start + object.entry.first - (address + done);
      done += room;
      if (done >= bytes || (object.entry.second & Pages))
        continue;
      near = object;
    }
    std::string what = std::string(verb) + " of " + sized(bytes) + " at " +
                       hex(address) + " by the code at " +
                       hex(reinterpret_cast<std::uintptr_t>(code));
    if (near.start == 0)
      fatal(what + ": no object is there; it was freed, or never allocated");
    const std::uintptr_t end = near.start + near.entry.first;
    fatal(what + " ends " + sized(address + bytes - end) +
          " behind the object of " + sized(near.entry.first) + " at " +
          hex(near.start));
  }
}

} // namespace loco::memory
