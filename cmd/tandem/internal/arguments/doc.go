// Package arguments understands what stands after the flags of "tandem map":
//
//	TASK [SOURCE...]
//	-- COMMAND [ARGUMENT...] [SOURCE...]
//
// where SOURCE is one of
//
//	:::   INPUT...   a list of inputs
//	::::  FILE...    files whose lines are inputs, each a source; - is standard input
//	:::+  INPUT...   as :::, linked to the source before
//	::::+ FILE...    as ::::, each linked to the source before it
//
// # Promises
//
// The first separator ends the task, and what follows it are sources. Inputs are
// taken as they are, apart from separators, which no quoting makes inputs: they
// can be lines of a file. A command's arguments are taken as they are, also those
// that look like flags. Without a source the inputs come from standard input.
//
// The meanings are those of GNU parallel, also that several files after one ::::
// are several sources.
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
