// Package pingpong sends a message to another process and back over a
// socketpair: the least that a call to a worker can cost. It starts no goroutine.
// The far end is a process that ends when the near end is closed, also by the
// death of its process.
package pingpong
