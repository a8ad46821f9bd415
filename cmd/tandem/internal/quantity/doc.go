// Package quantity reads and writes the amounts of the command line: how long,
// how much memory.
//
// # Promises
//
// Durations are seconds or numbers with a unit, which may be strung together:
// 2, 1.5, 90s, 1h30m, 200ms, 1d. Sizes are bytes or a number with a unit: K, M,
// G, T are powers of 1024, k, m, g, t powers of 1000.
//
// # Concurrency
//
// The functions are pure; a value for a flag belongs to its flag set.
//
// # Failure
//
// An amount that cannot be read is an error that shows what can.
package quantity
