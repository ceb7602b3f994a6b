# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Clang's libraries with one precompiled header. CMake reads this file at Clang's
# own project() (CMAKE_PROJECT_Clang_INCLUDE), so that upstream's lists stay as
# they are. It halves the time that most files take to compile.

set(CMAKE_PCH_INSTANTIATE_TEMPLATES ON)

function(loco_precompile_clang)
  # The header's owner; all the others are compiled with the same flags.
  set(owner obj.clangAST)
  target_precompile_headers(${owner} PRIVATE
    "$<$<COMPILE_LANGUAGE:CXX>:${CMAKE_CURRENT_FUNCTION_LIST_DIR}/clang-pch.h>")
  # Without a time stamp in it the header has the same bytes each time, and
  # ccache knows the objects that use it.
  target_compile_options(${owner} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")

  get_property(libs GLOBAL PROPERTY CLANG_EXPORTS)
  # clangSupport comes before the tables that the header includes.
  list(REMOVE_ITEM libs clangAST clangSupport)
  foreach(lib IN LISTS libs)
    if(TARGET obj.${lib})
      target_precompile_headers(obj.${lib} REUSE_FROM ${owner})
    endif()
  endforeach()
endfunction()

cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL loco_precompile_clang)
