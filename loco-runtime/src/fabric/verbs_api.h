// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// verbs_api.h - librdmacm and libibverbs, loaded only where the verbs fabric is
// chosen: programs of LOCO need neither library on machines without RDMA.
#pragma once

#include "base/result.h"

#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>

// verbs.h hides a function behind a macro of its name.
#undef ibv_reg_mr

namespace loco::fabric {

#define LOCO_RDMACM_FUNCTIONS(X)                                               \
  X(rdma_accept)                                                               \
  X(rdma_bind_addr)                                                            \
  X(rdma_connect)                                                              \
  X(rdma_create_id)                                                            \
  X(rdma_create_qp)                                                            \
  X(rdma_destroy_id)                                                           \
  X(rdma_destroy_qp)                                                           \
  X(rdma_get_request)                                                          \
  X(rdma_get_src_port)                                                         \
  X(rdma_listen)                                                               \
  X(rdma_reject)                                                               \
  X(rdma_resolve_addr)                                                         \
  X(rdma_resolve_route)                                                        \
  X(rdma_set_option)

#define LOCO_IBVERBS_FUNCTIONS(X)                                              \
  X(ibv_ack_cq_events)                                                         \
  X(ibv_alloc_pd)                                                              \
  X(ibv_create_comp_channel)                                                   \
  X(ibv_create_cq)                                                             \
  X(ibv_dealloc_pd)                                                            \
  X(ibv_dereg_mr)                                                              \
  X(ibv_destroy_comp_channel)                                                  \
  X(ibv_destroy_cq)                                                            \
  X(ibv_get_cq_event)                                                          \
  X(ibv_get_device_name)                                                       \
  X(ibv_modify_qp)                                                             \
  X(ibv_query_device)                                                          \
  X(ibv_reg_mr)                                                                \
  X(ibv_wc_status_str)

/// The exported functions of both libraries; the data path is inline in verbs.h.
struct VerbsApi {
#define LOCO_MEMBER(name) decltype(&::name) name;
  LOCO_RDMACM_FUNCTIONS(LOCO_MEMBER)
  LOCO_IBVERBS_FUNCTIONS(LOCO_MEMBER)
#undef LOCO_MEMBER
};

/// Loads both libraries once. Not thread-safe.
Result<void> load_verbs_api();

/// Valid after load_verbs_api() has succeeded.
extern VerbsApi verbs_api;

} // namespace loco::fabric
