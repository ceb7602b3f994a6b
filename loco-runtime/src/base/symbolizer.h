// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// symbolizer.h - what addresses of the program are in its source, by
// llvm-symbolizer, which is run only when somebody asks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace loco {

struct SourceQuery {
  enum Kind { Code, Data } kind;
  std::uint64_t address;
};

/// One inlined function, innermost first, or the function itself; or a
/// variable.
struct SourceFrame {
  std::string name;  ///< of the function or the variable; may be empty
  std::string place; ///< "file:line:column", or where that is not known
                     ///< "object+0xoffset"
  std::uint64_t start = 0, bytes = 0; ///< of a variable
  bool is_program = true;             ///< not LOCO's or the system's own code
};

/// The frames of each query, at least one for code; none for data that is no
/// variable. Not for threads that may not wait: it runs a process.
std::vector<std::vector<SourceFrame>>
symbolize(std::span<const SourceQuery> queries);

} // namespace loco
