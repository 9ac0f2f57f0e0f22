// tools/demo_data/portable_math.h: logarithm and exponential that give the same bits on every
// machine.
//
// The C library's log and exp differ in the last bit between versions and processors. These use
// only IEEE-754 addition, multiplication and division, which do not. All functions are pure and
// thread-safe.
#ifndef CLV_TOOLS_DEMO_DATA_PORTABLE_MATH_H_
#define CLV_TOOLS_DEMO_DATA_PORTABLE_MATH_H_

namespace clv::demo_data {

// Natural logarithm of `x`, which must be a normal positive number. Relative error below 1e-15 away
// from 1.
double Log(double x);

// e to the power `x`. 0 below -708; `x` must be at most 709. Relative error below 1e-15.
double Exp(double x);

// (1 - e^-x) / x for `x` >= 0, with its limit 1 at 0; no cancellation near 0.
double OneMinusExpOverX(double x);

}  // namespace clv::demo_data

#endif  // CLV_TOOLS_DEMO_DATA_PORTABLE_MATH_H_
