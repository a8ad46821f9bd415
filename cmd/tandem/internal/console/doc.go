// Package console writes to standard error: lines that stay, and one line that
// changes.
//
// # Promises
//
// Lines are never torn and never mixed with the changing line, which is erased
// before a line is written and comes back when it is shown again. The changing
// line exists on a terminal only. Results on the same terminal go through
// [Console.Beside], so that they do not end up behind it. Control characters of text that others wrote
// are shown, not obeyed, where [Printable] is used. Colours are used where
// [Colored] says so, and never carry what the words do not.
//
// # Concurrency
//
// A Console may be used from several goroutines.
//
// # Failure
//
// Errors of standard error are dropped: there is no place to report them.
package console
