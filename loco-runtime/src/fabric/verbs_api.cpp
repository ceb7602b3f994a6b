// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fabric/verbs_api.h"

#include <dlfcn.h>

namespace loco::fabric {

VerbsApi verbs_api;

namespace {

Result<void *> open_library(const char *name, const char *package) {
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return Error{std::string("the fabric 'verbs' needs ") + name + ": " +
                 dlerror() + "; install it (Debian: " + package +
                 ", ibverbs-providers)"};
  return library;
}

template <typename Function>
bool find(void *library, const char *name, Function &into) {
  into = reinterpret_cast<Function>(dlsym(library, name));
  return into != nullptr;
}

} // namespace

Result<void> load_verbs_api() {
  Result<void *> ibverbs = open_library("libibverbs.so.1", "libibverbs1");
  if (!ibverbs.ok())
    return ibverbs.error();
  Result<void *> rdmacm = open_library("librdmacm.so.1", "librdmacm1");
  if (!rdmacm.ok())
    return rdmacm.error();
#define LOCO_FIND(library, name)                                               \
  if (!find(library.value(), #name, verbs_api.name))                           \
    return Error{std::string("the RDMA libraries here are too old: they lack " \
                             #name ": ") + dlerror()};
#define LOCO_FIND_RDMACM(name) LOCO_FIND(rdmacm, name)
#define LOCO_FIND_IBVERBS(name) LOCO_FIND(ibverbs, name)
  LOCO_RDMACM_FUNCTIONS(LOCO_FIND_RDMACM)
  LOCO_IBVERBS_FUNCTIONS(LOCO_FIND_IBVERBS)
#undef LOCO_FIND_IBVERBS
#undef LOCO_FIND_RDMACM
#undef LOCO_FIND
  return {};
}

} // namespace loco::fabric
