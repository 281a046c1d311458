// The three system calls of a relayed packet, without the C library's wrappers: in a process with
// threads those make every call a cancellation point (115 instructions each, where we cancel no
// threads), and even syscall(2) shuffles seven registers. A negative result is -errno; errno itself
// is not touched. Other machines than x86-64 use syscall(2), and sanitizers the wrappers, because
// they watch those.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "base/machine.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DRAWBRIDGE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DRAWBRIDGE_SANITIZED 1
#endif
#endif

namespace drawbridge::net::sys {

namespace detail {

inline ssize_t negative_errno(ssize_t result) {
  return result < 0 ? -errno : result;
}

// What machines other than x86-64 do.
inline ssize_t call_through_libc(long number, int fd, const void* memory, std::size_t size,
                                 int flag) {
  return negative_errno(syscall(number, fd, memory, size, flag, nullptr, 0));
}

#if defined(DRAWBRIDGE_X86_64) && !defined(DRAWBRIDGE_SANITIZED)
inline ssize_t call(long number, int fd, const void* memory, std::size_t size, int flag) {
  ssize_t result = 0;
  register long fourth asm("r10") = flag;
  register long fifth asm("r8") = 0;
  register long sixth asm("r9") = 0;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(fd), "S"(memory), "d"(size), "r"(fourth), "r"(fifth), "r"(sixth)
               : "rcx", "r11", "memory");
  return result;
}
#else
inline ssize_t call(long number, int fd, const void* memory, std::size_t size, int flag) {
  return call_through_libc(number, fd, memory, size, flag);
}
#endif

}  // namespace detail

#ifdef DRAWBRIDGE_SANITIZED

inline ssize_t receive(int fd, void* into, std::size_t bytes) {
  return detail::negative_errno(recv(fd, into, bytes, 0));
}
inline ssize_t transmit(int fd, const void* from, std::size_t bytes) {
  return detail::negative_errno(send(fd, from, bytes, MSG_NOSIGNAL));
}
inline int wait(int epoll, epoll_event* events, int most, int timeout) {
  return static_cast<int>(detail::negative_errno(epoll_wait(epoll, events, most, timeout)));
}

#else

inline ssize_t receive(int fd, void* into, std::size_t bytes) {
  return detail::call(SYS_recvfrom, fd, into, bytes, 0);
}
inline ssize_t transmit(int fd, const void* from, std::size_t bytes) {
  return detail::call(SYS_sendto, fd, from, bytes, MSG_NOSIGNAL);
}
// epoll_pwait that leaves the signal mask alone: arm64 has no epoll_wait.
inline int wait(int epoll, epoll_event* events, int most, int timeout) {
  return static_cast<int>(
      detail::call(SYS_epoll_pwait, epoll, events, static_cast<std::size_t>(most), timeout));
}

#endif

}  // namespace drawbridge::net::sys
