// Package calling tells before the first call whether inputs fit the function that
// is to take them.
//
// # Promises
//
// [Check] refuses what Python would refuse at each call, for what is known of
// inputs before they are read, and nothing else.
//
// # Concurrency
//
// All functions are pure.
//
// # Failure
//
// The text of an error names the function and its parameters, and says what to
// write instead.
package calling
