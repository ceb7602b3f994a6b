//===--- BuiltinsLOCO.td - Builtins of the LOCO toolchain -----------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Included at the end of Builtins.td. CGLOCO.cpp lowers each to the function
// of the same name in loco-runtime/include/loco/abi.h.
//
//===----------------------------------------------------------------------===//

class LOCOBuiltin<string name, string prototype> : Builtin {
  let Spellings = ["__builtin_loco_" # name];
  let Attributes = [NoThrow];
  let Prototype = prototype;
}

// Allocation: as the C and C++ functions of the same names, on the LOCO heap.
def LOCOMalloc : LOCOBuiltin<"malloc", "void*(size_t)">;
def LOCOCalloc : LOCOBuiltin<"calloc", "void*(size_t, size_t)">;
def LOCORealloc : LOCOBuiltin<"realloc", "void*(void*, size_t)">;
def LOCOFree : LOCOBuiltin<"free", "void(void*)">;
def LOCOAlignedAlloc : LOCOBuiltin<"aligned_alloc", "void*(size_t, size_t)">;
def LOCOPosixMemalign
    : LOCOBuiltin<"posix_memalign", "int(void**, size_t, size_t)">;
def LOCOStrdup : LOCOBuiltin<"strdup", "char*(char const*)">;
def LOCOStrndup : LOCOBuiltin<"strndup", "char*(char const*, size_t)">;

// Where memory is, and the protocol's own operations.
def LOCOHome : LOCOBuiltin<"home", "int(void const*)">;
def LOCOIsLocal : LOCOBuiltin<"is_local", "int(void const*)">;
def LOCOPrefetch : LOCOBuiltin<"prefetch", "void(void const*, size_t)">;
def LOCORelease : LOCOBuiltin<"release", "void()">;
def LOCOAcquire : LOCOBuiltin<"acquire", "void()">;
def LOCONode : LOCOBuiltin<"node", "int()">;
def LOCONumNodes : LOCOBuiltin<"num_nodes", "int()">;
