// Package leaktest fails tests that leave something behind.
//
// # Promises
//
// [Main] checks a whole test binary, [Check] one test. Both compare what exists
// at their start with what exists at the end:
//
//   - goroutines, other than those of the runtime and of package testing;
//   - child processes, zombies included, and processes that run the file of the
//     test binary and have lost their parent (Linux);
//   - open descriptors (Linux);
//   - shared memory mappings (Linux);
//   - files in a temporary directory that is private to the check, to which
//     [os.TempDir] points while the tests run.
//
// What is still on its way out has [Grace] to go. What then remains is printed:
// stacks, command lines, the targets of descriptors, paths.
//
// # Limits
//
// Systems other than Linux check goroutines and files only. A process that is
// not a child and does not run the test binary is not seen, nor is a thread
// that only a C library knows. In a fuzzing worker process Main checks nothing:
// that process is ended by its coordinator.
//
// # Concurrency
//
// Goroutines, descriptors and children belong to the whole process, so nothing
// else may start or end any while a check compares. Main runs when all tests
// are over. Check refuses parallel tests.
//
// # Failure
//
// A check that cannot read what it compares reports that as a failure. It never
// passes because it could not look.
package leaktest
