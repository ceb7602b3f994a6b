//===- Sections.h - What memory a loop nest uses ----------------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which bytes an access uses while a nest of loops runs, as far as that is
// known before the nest: a range, or rows of equal length at a stride.
//
// A section only says what to make ready. One that is too large or too small
// costs time and nothing else, so what is merely very likely may be assumed.
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_LIB_TRANSFORMS_LOCO_SECTIONS_H
#define LLVM_LIB_TRANSFORMS_LOCO_SECTIONS_H

#include "Accesses.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/SmallVector.h"

namespace llvm {

class BasicBlock;
class DominatorTree;
class IntegerType;
class LoadInst;
class Loop;
class LoopInfo;
class SCEV;
class SCEVAddRecExpr;
class ScalarEvolution;
class Type;
class LLVMContext;

namespace loco {

/// The bounds of an inner loop that are loaded in the outer one, as the rows of
/// a compressed sparse matrix: `for (j = p[i]; j < p[i + 1]; ++j)`. Taken to be
/// ascending, so that what all rows use lies between the first bound of the
/// first row and the last of the last.
struct RowBounds {
  Value *Any = nullptr; ///< Stands for a bound in a section's expressions.
  Value *First =
      nullptr; ///< The first one where a value before the loop is it,
  const SCEV *FirstAddress = nullptr; ///< or else where it is loaded from.
  const SCEV *LastAddress = nullptr;

  explicit operator bool() const { return Any; }
};

/// Rows * RowBytes, the first at Low. SCEVs of 64 bits, as of before the loop.
struct Section {
  const SCEV *Low = nullptr;    ///< Of the first row: its lowest access,
  const SCEV *High = nullptr;   ///< and where its highest access starts.
  uint64_t Bytes = 0;           ///< Of that access.
  const SCEV *Stride = nullptr; ///< Signed. Null where there is one row.
  const SCEV *Rows = nullptr;
  bool IsWhole = false; ///< Comprises what other loops did of the same rows.
  /// A store that may not happen: nothing is to be fetched for it alone.
  bool IsConditional = false;
  RowBounds Bounds;     ///< If set, Low and High hold for a loop at Bounds.Any.
  abi::TouchKind Kind = abi::TouchLoad;
  SmallVector<Marked, 4> Covers;
};

class SectionFinder {
public:
  SectionFinder(DominatorTree &DT, LoopInfo &LI, ScalarEvolution &SE,
                LLVMContext &Context);

  /// What \p M uses while \p Outermost, a loop around it, runs. Where nothing
  /// is known, why() says why.
  std::optional<Section> find(const Marked &M, Loop &Outermost);
  const char *why() const { return Why; }

  /// Has \p Into comprise \p From, if it is near enough.
  bool merge(Section &Into, const Section &From);

  /// Whether making \p Whole ready makes \p Part ready too.
  bool covers(const Section &Whole, const Section &Part);

  /// Takes back what find() added before loops and nothing came to use.
  void removeUnusedCopies();

  /// From the first byte of a row to behind its last.
  const SCEV *rowBytes(const Section &S);

private:
  bool extend(Section &S, Loop &L, bool IsOutermost);
  bool extendRow(Section &S, Loop &L, const SCEV *Count, bool Down);
  bool assumeAscendingRows(Section &S, Loop &L);
  using ValueSet = SmallPtrSet<Value *, 4>;
  bool isGuardedByBounds(const Section &S, Loop &Inner, Loop &Outer);
  bool followsFromPosition(Value *V, Loop &L, const ValueSet &Bounds);
  /// Which values in the addresses of \p S vary in \p L; whether it also moves
  /// steadily with L.
  bool collectVarying(const Section &S, Loop &L, ValueSet &Unknowns);
  void startEarly(Section &S, Loop &L);
  const SCEVAddRecExpr *getBoundAddress(const LoadInst &Load, Loop &L);
  const SCEV *getCount(Loop &L);
  const SCEV *getCountByComparison(Loop &L, BasicBlock *BB);
  const SCEV *withSteadyLoads(const SCEV *S, Loop &L);
  LoadInst *getSteadyCopy(LoadInst &Load, Loop &L);
  bool mayChangeIn(Loop &L, const Value *Ptr);
  const SCEV *getSmallCount(Loop &L, const SCEV *Step);
  const SCEV *atLast(const SCEV *S, Loop &L, const SCEV *Count);
  const SCEVAddRecExpr *asAffine(const SCEV *S, Loop &L) const;
  bool fail(const char *Reason) {
    Why = Reason;
    return false;
  }

  DominatorTree &DT;
  LoopInfo &LI;
  ScalarEvolution &SE;
  IntegerType *I64;
  DenseMap<const Loop *, const SCEV *> Counts;
  /// By place, type and loop; null where there can be none.
  DenseMap<std::pair<std::pair<Value *, Type *>, Loop *>, LoadInst *> Copies;
  const char *Why = nullptr;
};

} // namespace loco
} // namespace llvm

#endif // LLVM_LIB_TRANSFORMS_LOCO_SECTIONS_H
