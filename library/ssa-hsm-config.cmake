# find_package(ssa-hsm) gives the target ssa-hsm::ssa-hsm, the shared library.
include(${CMAKE_CURRENT_LIST_DIR}/ssa-hsm-targets.cmake)
