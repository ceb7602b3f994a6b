# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Precompiled headers for Clang's larger libraries. CMake reads this file at
# Clang's own project() (CMAKE_PROJECT_Clang_INCLUDE), so that upstream's lists
# stay as they are. It halves the time that most files take to compile.

set(CMAKE_PCH_INSTANTIATE_TEMPLATES ON)

# loco_precompile(LIB HEADER USER...): the library's objects, and those of the
# users, which are compiled with the same flags, share the precompiled HEADER.
function(loco_precompile lib header)
  target_precompile_headers(obj.${lib} PRIVATE
    "$<$<COMPILE_LANGUAGE:CXX>:${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${header}>")
  # Without a time stamp in it the header has the same bytes each time, and
  # ccache knows the objects that use it.
  target_compile_options(obj.${lib} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
  foreach(user IN LISTS ARGN)
    target_precompile_headers(obj.${user} REUSE_FROM obj.${lib})
  endforeach()
endfunction()

function(loco_precompile_clang)
  loco_precompile(clangAST ast.h clangAnalysis clangASTMatchers clangFrontend
    clangIndex clangRewriteFrontend clangSerialization)
  # It has a name of its own for what the header calls CommentColor.
  set_source_files_properties(${CMAKE_SOURCE_DIR}/lib/Frontend/TextDiagnostic.cpp
    TARGET_DIRECTORY obj.clangFrontend PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  loco_precompile(clangSema sema.h clangParse)
  loco_precompile(clangCodeGen codegen.h)
  loco_precompile(clangDriver driver.h)
endfunction()

# When all of Clang's targets are there.
cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL loco_precompile_clang)
