// A callable that can only be moved, so that it may own descriptors and buffers on its way to
// another thread. (libstdc++ 12 has no std::move_only_function.) Callables of up to 48 bytes live
// inside, larger ones on the heap.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace drawbridge::net {

template <class Signature>
class UniqueFunction;

template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;

  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> &&
             std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
  UniqueFunction(
      F&& f) {  // NOLINT(google-explicit-constructor): a callable is what it converts from
    using Held = std::remove_cvref_t<F>;
    if constexpr (fits<Held>) {
      ::new (static_cast<void*>(space_)) Held(std::forward<F>(f));
      ops_ = &inline_ops<Held>;
    } else {
      *reinterpret_cast<Held**>(space_) = new Held(std::forward<F>(f));
      ops_ = &heap_ops<Held>;
    }
  }

  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      clear();
      take(other);
    }
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { clear(); }

  explicit operator bool() const { return ops_ != nullptr; }
  // Must not be called when empty or moved from.
  R operator()(Args... args) { return ops_->call(space_, std::forward<Args>(args)...); }

 private:
  struct Ops {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to) noexcept;  // leaves `from` destroyed
    void (*destroy)(void*) noexcept;
  };
  static constexpr std::size_t room = 48;

  template <class Held>
  static constexpr bool fits = sizeof(Held) <= room && alignof(Held) <= alignof(std::max_align_t) &&
                               std::is_nothrow_move_constructible_v<Held>;

  template <class Held>
  static constexpr Ops inline_ops = {
      [](void* p, Args&&... args) -> R {
        return static_cast<R>((*static_cast<Held*>(p))(std::forward<Args>(args)...));
      },
      [](void* from, void* to) noexcept {
        ::new (to) Held(std::move(*static_cast<Held*>(from)));
        static_cast<Held*>(from)->~Held();
      },
      [](void* p) noexcept { static_cast<Held*>(p)->~Held(); }};

  template <class Held>
  static constexpr Ops heap_ops = {
      [](void* p, Args&&... args) -> R {
        return static_cast<R>((**static_cast<Held**>(p))(std::forward<Args>(args)...));
      },
      [](void* from, void* to) noexcept { *static_cast<Held**>(to) = *static_cast<Held**>(from); },
      [](void* p) noexcept { delete *static_cast<Held**>(p); }};

  void take(UniqueFunction& other) noexcept {
    if (other.ops_ == nullptr) return;
    other.ops_->move(other.space_, space_);
    ops_ = std::exchange(other.ops_, nullptr);
  }
  void clear() noexcept {
    if (ops_ != nullptr) std::exchange(ops_, nullptr)->destroy(space_);
  }

  alignas(std::max_align_t) std::byte space_[room];
  const Ops* ops_ = nullptr;
};

}  // namespace drawbridge::net
