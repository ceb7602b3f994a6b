# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Clang from the distribution's static archives, as far as the fork leaves their
# objects valid. CMake reads this file at Clang's own project()
# (CMAKE_PROJECT_Clang_INCLUDE), so that upstream's lists stay as they are: when
# all targets are there, plan.py says which files have to be compiled; the other
# sources are taken out of the targets, and the archives are linked behind what
# is left.

# loco_static_libraries(TARGET OUT): Clang's libraries that TARGET is linked
# from, in the order of a depth-first search.
function(loco_static_libraries target out)
  set(found ${${out}})
  get_target_property(libraries ${target} LINK_LIBRARIES)
  foreach(library IN LISTS libraries)
    if(TARGET obj.${library} AND NOT library IN_LIST found)
      list(APPEND found ${library})
      set(${out} ${found})
      loco_static_libraries(${library} ${out})
      set(found ${${out}})
    endif()
  endforeach()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

function(loco_link_distribution)
  set(others)
  set(lines)
  loco_static_libraries(clang libraries)
  foreach(library IN LISTS libraries)
    set(archive ${LLVM_LIBRARY_DIR}/lib${library}.a)
    if(NOT EXISTS ${archive})
      list(APPEND others ${library})
      continue()
    endif()
    get_target_property(folder obj.${library} SOURCE_DIR)
    get_target_property(sources obj.${library} SOURCES)
    list(FILTER sources INCLUDE REGEX "\\.cpp$")
    list(TRANSFORM sources PREPEND ${folder}/ REGEX "^[^/]")
    get_target_property(includes obj.${library} INCLUDE_DIRECTORIES)
    list(JOIN sources " " sources)
    list(PREPEND includes ${folder}) # CMAKE_INCLUDE_CURRENT_DIR
    list(JOIN includes " " includes)
    string(APPEND lines "${library}\t${archive}\t${includes}\t${sources}\n")
  endforeach()
  file(WRITE ${CMAKE_BINARY_DIR}/loco-libraries.tsv "${lines}")

  separate_arguments(flags NATIVE_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_RELEASE}")
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plan.py ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/same_layout.py
    ${LLVM_LIBRARY_DIR}/libclangBasic.a)
  execute_process(
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plan.py
      --source ${CMAKE_SOURCE_DIR} --build ${CMAKE_BINARY_DIR}
      --llvm ${LLVM_TOOLS_BINARY_DIR}/..
      -- ${CMAKE_CXX_COMPILER} ${flags} -std=c++${CMAKE_CXX_STANDARD}
    RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "the distribution's archives do not fit")
  endif()

  include(${CMAKE_BINARY_DIR}/loco-plan.cmake)
  set(objects)
  foreach(library IN LISTS libraries)
    if(LOCO_COMPILED_${library})
      get_target_property(sources obj.${library} SOURCES)
      list(FILTER sources EXCLUDE REGEX "\\.cpp$") # generated headers stay
      set_target_properties(obj.${library} PROPERTIES
        SOURCES "${sources};${LOCO_COMPILED_${library}}")
      list(APPEND objects $<TARGET_OBJECTS:obj.${library}>)
    endif()
  endforeach()
  target_sources(clang PRIVATE ${objects})
  set_target_properties(clang PROPERTIES LINK_LIBRARIES "${others};${LOCO_ARCHIVES};LLVM")
endfunction()

cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL loco_link_distribution)
