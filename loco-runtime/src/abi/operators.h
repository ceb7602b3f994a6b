// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// operators.h - operator new and delete that a program has of its own.
#pragma once

namespace loco {

/// Lets __loco_new and __loco_delete call the program's replacements, if any.
/// Once, by libloco's constructor.
void find_replaced_operators();

} // namespace loco
