// Package halting decides when a run ends before its inputs do, because enough
// calls failed, succeeded or ended.
//
// # Promises
//
// A [Policy] is what --halt says, in the forms of GNU parallel. A [Counter] counts
// ends and says once that the run is to halt: it never does without a policy.
//
// # Concurrency
//
// A Policy is a value. A Counter has one owner.
//
// # Failure
//
// Only [Parse] fails. A policy in percent needs to know how many inputs there are:
// [Policy.NeedsTotal] says so.
package halting
