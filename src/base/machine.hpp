// Whether code for x86-64 alone (assembly, intrinsics) is compiled in. Each such place has a second
// form that every machine runs; DRAWBRIDGE_PORTABLE takes that one on x86-64 too, so that it is
// compiled and tested where we build (the preset tsan does).
#pragma once

#if defined(__x86_64__) && !defined(DRAWBRIDGE_PORTABLE)
#define DRAWBRIDGE_X86_64 1
#endif
