/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * loco/abi.h - the ABI between code compiled with -floco and libloco.so.
 *
 * This header is the one description of it. The compiler mirrors it in
 * llvm-project/llvm/include/llvm/Transforms/LOCO/ABI.h; the test
 * loco-runtime/test/base/abi_mirror_test.cpp fails where they differ.
 * docs/abi.md tells the story; the contracts stand here.
 *
 * Unless said otherwise a function may be called from any thread, at any time
 * after libloco's constructor has run, and does not fail: what can go wrong
 * below it (a lost peer, no memory) ends the job with a `loco: error:` line.
 */
#ifndef LOCO_ABI_H
#define LOCO_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LOCO_ABI_VERSION 2

/* ------------------------------------------------------------- the shadow */

/* Every 4 KiB block of the 47-bit address space has one shadow byte, at
 * LOCO_SHADOW_BASE + (address >> LOCO_BLOCK_SHIFT). The base fits a signed
 * 32-bit displacement, so that a check is `shr; cmp byte ptr [r + disp32], k`. */
#define LOCO_BLOCK_SHIFT 12
#define LOCO_BLOCK_BYTES 4096
#define LOCO_SHADOW_BASE 0x7fff8000UL
#define LOCO_SHADOW_BYTES (1UL << (47 - LOCO_BLOCK_SHIFT))

/* What a shadow byte says of its block. A load goes ahead unless the byte is
 * above LOCO_SHADOW_CLEAN, a store unless it is above LOCO_SHADOW_READY. */
enum loco_shadow {
  LOCO_SHADOW_READY = 0, /* at home, private, or cached and writable */
  LOCO_SHADOW_CLEAN = 1, /* cached clean, or at home and exported clean */
  LOCO_SHADOW_ABSENT = 2 /* not on this node */
};

/* The shadow bytes of the lowest blocks (never mapped: mmap_min_addr) hold
 * flags that compiled code reads at a constant address. */
#define LOCO_FLAG_MULTI ((volatile unsigned char *)(LOCO_SHADOW_BASE + 0))
#define LOCO_FLAG_WORKER ((volatile unsigned char *)(LOCO_SHADOW_BASE + 1))
#define LOCO_NEST_EPOCH ((volatile uint32_t *)(LOCO_SHADOW_BASE + 4))
/* LOCO_FLAG_MULTI:  1 where the job has more than one node, else 0.
 * LOCO_FLAG_WORKER: 1 on every node but node 0, else 0.
 * LOCO_NEST_EPOCH:  what a struct loco_nest is compared with, see there. */

/* ------------------------------------------------------------ slow paths */

/* They keep all general-purpose registers but r11. The dynamic linker's lazy
 * binding does not, so whatever calls them is linked with -z now (loco-clang and
 * the CMake package do that). */
#if defined(__clang__)
#define LOCO_PRESERVE_MOST __attribute__((preserve_most))
#else
#define LOCO_PRESERVE_MOST
#endif

/* Makes [p, p+n) readable in place; n is at most LOCO_BLOCK_BYTES. p may be any
 * address; one that LOCO does not manage is left alone. The caller accesses
 * the memory afterwards: should another thread's acquire drop the block in
 * between, the access faults and is served by the page-fault net. */
LOCO_PRESERVE_MOST void __loco_load(const void *p, size_t n);

/* As __loco_load, for a store: the block becomes writable, with a twin. */
LOCO_PRESERVE_MOST void __loco_store(void *p, size_t n);

/* As __loco_store, for the store behind the return address pc: crtloco.o's part
 * in a check knows where in the program that is, LOCO_RACE wants to. */
LOCO_PRESERVE_MOST void __loco_store_from(void *p, size_t n, const void *pc);

enum loco_touch_kind { LOCO_TOUCH_LOAD = 0, LOCO_TOUCH_STORE = 1 };

/* A range computed from a loop's bounds may be the overflow of a loop that does
 * not run. A kind with 1 + log2(bytes of an element) << LOCO_TOUCH_LIMIT_SHIFT
 * leaves ranges of more than 2^31 elements, and more rows, alone. */
#define LOCO_TOUCH_LIMIT_SHIFT 8

/* Makes [p, p+n) ready for loads or stores, n bytes of any size; what is
 * missing is fetched in bulk. Cheap when all is ready, and cheapest where the
 * range lies in one or two blocks. */
LOCO_PRESERVE_MOST void __loco_touch(const void *p, size_t n, int kind);

/* As __loco_touch for `rows` pieces of row_bytes each, the first at p, the next
 * `stride` bytes (which may be negative) from it, and so on. Where a stride is
 * no more than twice a row and a block, what lies between is made ready too.
 * Ends at the first row that LOCO does not manage. */
LOCO_PRESERVE_MOST void __loco_touch_rows(const void *p, size_t row_bytes,
                                          ptrdiff_t stride, size_t rows,
                                          int kind);

/* ------------------------------------------------------------- loop nests */

/* A loop nest that calls nothing and has many checks also exists without them.
 * This is what a node notes of it; compiled code keeps one a nest, zero at
 * first, in memory that is no shared global. Nothing but libloco writes it. */
struct loco_nest {
  uint32_t epoch;    /* where equal to LOCO_NEST_EPOCH: run without checks,
                        and do not ask */
  uint16_t skip;     /* runs with checks before it is looked at again */
  uint16_t backoff;  /* how long it was left alone the last time */
  uint64_t asked_at; /* when it ran without checks, in time-stamp cycles, or 0 */
  union {
    uint64_t faults; /* page faults of the node until then */
    int64_t gain;    /* with checks: cycles that short runs would have gained */
  };
};

/* Called before the nest where LOCO_FLAG_MULTI is set and `epoch` is not
 * LOCO_NEST_EPOCH, which changes with every few page faults. 1: the copy without
 * checks shall run, as few blocks are expected to be missing; 0: that with, and
 * __loco_leave_nest is called behind it. A hint: what the copy finds missing,
 * page faults serve. */
LOCO_PRESERVE_MOST int __loco_enter_nest(struct loco_nest *nest);
LOCO_PRESERVE_MOST void __loco_leave_nest(struct loco_nest *nest);

/* ------------------------------------------------------ places for checks */

/* Where few checks are expected to matter, compiled code has none, but a nop of
 * five bytes (0f 1f 44 00 00), and an entry for it in section `loco_checks`. The
 * entry names a function of crtloco.o, `__loco_check_load_REG` or
 * `__loco_check_store_REG`: it checks the block of the address in register REG,
 * calls the slow path if need be, and keeps all registers but the flags. Code
 * with such places has no red zone. */
struct loco_check_site {
  int32_t site; /* the nop's address, less that of this member */
  int32_t stub; /* the function's address, less that of this member */
};

/* Where the job has several nodes, makes each nop from `first` up to `last` a
 * call of its function. Called by crtloco.o's constructor. */
void __loco_register_checks(const struct loco_check_site *first,
                            const struct loco_check_site *last);

/* ---------------------------------------------------------------- atomics */

/* Called only where LOCO_FLAG_MULTI is set (with one node the plain
 * instruction is right). They act on the home of the address, whatever the
 * cache holds. `order` and `failure_order` are __ATOMIC_* values; an order
 * above relaxed implies __loco_release before and/or __loco_acquire after.
 * An address that LOCO does not manage gets the plain CPU instruction. */
enum loco_rmw {
  LOCO_RMW_XCHG,
  LOCO_RMW_ADD,
  LOCO_RMW_SUB,
  LOCO_RMW_AND,
  LOCO_RMW_NAND,
  LOCO_RMW_OR,
  LOCO_RMW_XOR,
  LOCO_RMW_MAX,  /* signed */
  LOCO_RMW_MIN,  /* signed */
  LOCO_RMW_UMAX,
  LOCO_RMW_UMIN,
  LOCO_RMW_FADD, /* the float of that width: 4 or 8 bytes */
  LOCO_RMW_FSUB,
  LOCO_RMW_FMAX,
  LOCO_RMW_FMIN
};

#define LOCO_DECLARE_ATOMICS(bytes, type)                                      \
  type __loco_atomic_load_##bytes(const void *p, int order);                   \
  void __loco_atomic_store_##bytes(void *p, type value, int order);            \
  type __loco_atomic_rmw_##bytes(void *p, type value, int op, int order);      \
  /* Returns the old value; it was exchanged if that equals `expected`. */     \
  type __loco_atomic_cas_##bytes(void *p, type expected, type desired,         \
                                 int order, int failure_order);
LOCO_DECLARE_ATOMICS(1, uint8_t)
LOCO_DECLARE_ATOMICS(2, uint16_t)
LOCO_DECLARE_ATOMICS(4, uint32_t)
LOCO_DECLARE_ATOMICS(8, uint64_t)
LOCO_DECLARE_ATOMICS(16, unsigned __int128)
#undef LOCO_DECLARE_ATOMICS

/* A fence of the given __ATOMIC_* order. */
void __loco_fence(int order);

/* Volatile accesses of n bytes, at the home, past the cache. Called only where
 * LOCO_FLAG_MULTI is set. */
void __loco_volatile_load(const void *p, void *out, size_t n);
void __loco_volatile_store(void *p, const void *in, size_t n);

/* ---------------------------------------------------------- kvstore mode */

/* All loads and stores of code compiled with -floco-mode=kvstore, and its
 * volatile ones. Called only where LOCO_FLAG_MULTI is set. They act at the home
 * and leave nothing on this node; other accesses to the same memory are
 * coherent with them as with the volatile ones above. p may be any address; one
 * that LOCO does not manage is accessed in place.
 *
 * In a program that was linked for kvstore mode each object of the heap is an
 * entry of a hash table, which these functions look up: an access that is not
 * inside one object ends the job with an error. Globals, and memory of threads,
 * have no entry. */
void __loco_kv_get(const void *p, void *out, size_t n);
void __loco_kv_put(void *p, const void *in, size_t n);
/* As memmove and memset, by bytes or larger pieces. */
void __loco_kv_move(void *to, const void *from, size_t n);
void __loco_kv_fill(void *p, int byte, size_t n);

/* -------------------------------------------------------------- statics */

/* Function-local statics: as __cxa_guard_*, over all nodes. */
int __loco_guard_acquire(uint64_t *guard);
void __loco_guard_release(uint64_t *guard);
void __loco_guard_abort(uint64_t *guard);

/* ------------------------------------------------------------------- heap */

/* As the C and C++ functions of the same names, on the LOCO heap. Memory may be
 * freed on any node. The new functions throw std::bad_alloc, the _nothrow ones
 * return null. __loco_delete takes null. */
void *__loco_malloc(size_t n);
void *__loco_calloc(size_t count, size_t n);
void *__loco_realloc(void *p, size_t n);
void __loco_free(void *p);
void *__loco_aligned_alloc(size_t align, size_t n);
int __loco_posix_memalign(void **out, size_t align, size_t n);
char *__loco_strdup(const char *s);
char *__loco_strndup(const char *s, size_t n);
void *__loco_new(size_t n);
void *__loco_new_aligned(size_t n, size_t align);
void *__loco_new_nothrow(size_t n);
void *__loco_new_aligned_nothrow(size_t n, size_t align);
void __loco_delete(void *p);

/* ------------------------------------------- where memory is; the protocol */

/* The node that is home to p, or -1 where LOCO does not manage p or no node has
 * touched it yet. */
int __loco_home(const void *p);
/* 1 where a load from p would go ahead without leaving this node. */
int __loco_is_local(const void *p);
/* Fetches [p, p+n) in bulk; a hint, as __builtin_prefetch. */
void __loco_prefetch(const void *p, size_t n);
/* This node's writes are at their homes, and noticed, when it returns. */
void __loco_release(void);
/* Drops what other nodes modified (and released) since the last acquire. */
void __loco_acquire(void);
/* As __loco_acquire, but of all that other nodes have stored by now, for which they
 * release: behind a loop that waited for a flag without an order (loco-flush). */
void __loco_acquire_from_all(void);
int __loco_node(void);
int __loco_num_nodes(void);
/* This node's counter of that name, as the report of loco-run --stats has it
 * ("bytes_in"): what was counted since the start. -1 where no counter has that name.
 * Needs no --stats. */
int64_t __loco_counter(const char *name);

/* ---------------------------------------------------------------- modules */

/* The mutable globals of one executable or shared library, as its linker
 * script's symbols tell. Page-aligned. */
struct loco_globals {
  uint32_t abi_version; /* LOCO_ABI_VERSION of the object's compiler */
  uint32_t mode;        /* 0 cache, 1 kvstore; the runtime must know before
                           the first constructor that allocates, and looks for
                           the symbol __loco_kvstore, which the driver defines */
  char *data_start, *data_end;
  char *bss_start, *bss_end;
};

/* Called by crtloco.o's constructor, before any other of that module. */
void __loco_register_globals(const struct loco_globals *globals);

#ifdef __cplusplus
}
#endif

#endif /* LOCO_ABI_H */
