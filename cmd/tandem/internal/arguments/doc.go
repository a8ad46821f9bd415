// Package arguments understands what stands after the flags of "tandem map":
//
//	TASK [::: INPUT...]
//	-- COMMAND [ARGUMENT...] [::: INPUT...]
//
// # Promises
//
// The first ":::" ends the task, and what follows it are inputs, taken as they
// are. A command's arguments are taken as they are, also those that look like
// flags. Without ":::" the inputs come from standard input.
//
// # Concurrency
//
// All functions are pure.
//
// # Failure
//
// What does not fit is a [*UsageError], whose text names the argument and says
// what to write instead.
package arguments
