# drawbridge_layer(NAME DEPS layer... LIBS library... [MAIN program])
#   Makes the static library drawbridge_NAME from every *.cpp below this folder and, from every *_test.cpp, the
#   executable NAME_test. Files are found by globbing: adding one needs no edit here. With MAIN, main.cpp becomes
#   that program, at the top of the build folder.
function(drawbridge_layer name)
  cmake_parse_arguments(ARG "" "MAIN" "DEPS;LIBS;TEST_LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(NOT sources)
    message(FATAL_ERROR "Layer ${name} has no sources")
  endif()

  add_library(drawbridge_${name} STATIC ${sources})
  target_include_directories(drawbridge_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM ARG_DEPS PREPEND drawbridge_)
  target_link_libraries(drawbridge_${name} PUBLIC ${ARG_DEPS} ${ARG_LIBS})

  if(ARG_MAIN)
    add_executable(${ARG_MAIN} main.cpp)
    target_link_libraries(${ARG_MAIN} PRIVATE drawbridge_${name})
    set_target_properties(${ARG_MAIN} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  endif()

  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE drawbridge_${name} GTest::gtest GTest::gmock GTest::gtest_main
                                               ${ARG_TEST_LIBS})
    set_property(GLOBAL APPEND PROPERTY drawbridge_unit_tests ${name}_test)
  endif()
endfunction()
