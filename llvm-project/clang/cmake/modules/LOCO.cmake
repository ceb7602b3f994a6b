# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Gives clangCodeGen the LOCO passes. Included by lib/CodeGen/CMakeLists.txt.
#
# In-tree, they are a component of LLVM. Standalone, the LLVM that is built
# against does not have them: they are built here, from the same source.

if(CLANG_BUILT_STANDALONE)
  set(LOCO_LLVM_SOURCE_DIR ${CLANG_SOURCE_DIR}/../llvm)
  # For CGLOCO.cpp alone, so that no other file's command depends on it.
  set_source_files_properties(CGLOCO.cpp PROPERTIES
    INCLUDE_DIRECTORIES ${LOCO_LLVM_SOURCE_DIR}/include)
  if(NOT TARGET LLVMLOCO)
    add_subdirectory(${LOCO_LLVM_SOURCE_DIR}/lib/Transforms/LOCO
      ${CMAKE_BINARY_DIR}/lib/Transforms/LOCO)
  endif()
  set(LOCO_LINK_LIBS LLVMLOCO)
else()
  list(APPEND LLVM_LINK_COMPONENTS LOCO)
  set(LOCO_LINK_LIBS)
endif()
