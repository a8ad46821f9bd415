// Tandem runs one task over many inputs: a Python function on threads and on
// processes, or a command. It measures on this machine what the choice between
// them is worth.
//
// Exit status: 0 all fine, 1 some calls failed, 2 the command line is wrong or
// the task cannot be loaded, 125 tandem itself failed, 126 and 127 the command
// cannot run or does not exist, 128 and the number of a signal after that
// signal: 129 for SIGHUP, 130 for Ctrl-C, 141 when nobody reads the output any
// more, 143 for SIGTERM.
package main

import (
	"os"

	"github.com/gotandem/tandem/cmd/tandem/internal/demo"
	"github.com/gotandem/tandem/worker"
)

func main() {
	worker.Main(demo.Tasks()...)
	os.Exit(execute(os.Args[1:]))
}
