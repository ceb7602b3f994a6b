// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// backends.h - the fabrics that make_fabric() chooses from; one line each here
// and in the table of fabric.cpp.
#pragma once

#include "fabric/fabric.h"

namespace loco::fabric {

Result<std::unique_ptr<Fabric>> make_shm_fabric(const Config &config,
                                                Bootstrap &bootstrap);
Result<std::unique_ptr<Fabric>> make_verbs_fabric(const Config &config,
                                                  Bootstrap &bootstrap);

/// Differs between machines, and between boots of one.
std::string machine_id();

} // namespace loco::fabric
