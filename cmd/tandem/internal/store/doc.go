// Package store keeps what calls write in files, for --results.
//
// # Promises
//
// A [Folder] has the layout of GNU parallel; whatever an input consists of, its name
// there differs from that of any other. A [Table] has the columns of GNU parallel.
// Outputs of any size are copied without being held in memory.
//
// # Concurrency
//
// A [Store] belongs to one goroutine at a time.
//
// # Failure
//
// An error names the flag and the path. After one the store is of no more use, apart
// from Close.
package store
