// Package nicetest looks at the niceness of processes, for tests: that of each of
// their threads. It needs Linux: elsewhere its functions skip the test.
package nicetest
