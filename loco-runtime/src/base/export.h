// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// export.h - marks what libloco.so shows; all else is hidden.
#pragma once

#define LOCO_EXPORT __attribute__((visibility("default")))
