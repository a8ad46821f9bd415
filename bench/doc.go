// Bench compares tandem with other tools on this machine, in one run, and
// prints how far it is from its goals. docs/benchmarks.md tells the method.
//
// The program plays several parts. Started by a user it measures; started by
// itself it is a tandem worker, a go-plugin plugin, or the far end of a
// ping-pong, whichever its environment says.
package main
