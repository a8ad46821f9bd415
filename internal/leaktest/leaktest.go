package leaktest

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Grace is how long a check waits for what is still ending. Longer delays the
// report of every real leak; shorter reports exits that a busy machine has not
// got round to.
const Grace = 5 * time.Second

// Main runs the tests of m, checks that nothing is left, and returns the exit
// code for [os.Exit]: that of the tests, or 1 when they passed and left
// something. The findings go to standard error.
//
// It is the last statement of TestMain; a test binary that is also a worker
// serves before it. Main sets the environment variable that names the directory
// for temporary files and restores nothing, because the process is about to end.
func Main(m *testing.M) int {
	if isFuzzWorker() {
		return m.Run()
	}
	return mainWith(m.Run, Grace, os.Stderr)
}

// mainWith is Main with its surroundings as parameters.
func mainWith(run func() int, grace time.Duration, out io.Writer) int {
	dir, err := os.MkdirTemp("", "leak") // short: paths of Unix sockets end at 104 bytes
	if err != nil {
		fmt.Fprintf(out, "leaktest: %v\n", err)
		return 1
	}
	defer os.RemoveAll(dir)
	for _, name := range tempVariables() {
		if err := os.Setenv(name, dir); err != nil {
			fmt.Fprintf(out, "leaktest: %v\n", err)
			return 1
		}
	}

	before := take(dir)
	code := run()
	left := before.await(grace)
	if len(left) == 0 {
		return code
	}
	fmt.Fprintf(out, "leaktest: left %v after the tests:\n%s", grace, report(left))
	return max(code, 1)
}

// Check fails t when something that did not exist at the call is left after t
// and its subtests have ended. Call it first, so that it looks after every
// other cleanup of the test.
//
// It panics in a parallel test, whose neighbours come and go meanwhile. Until
// the test ends, [os.TempDir] is a directory of its own.
func Check(t testing.TB) {
	t.Helper()
	checkWith(t, Grace)
}

// checkWith is Check with the grace as a parameter.
func checkWith(t testing.TB, grace time.Duration) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range tempVariables() {
		t.Setenv(name, dir) // panics when t is parallel
	}
	before := take(dir)
	t.Cleanup(func() {
		if left := before.await(grace); len(left) > 0 {
			t.Errorf("left %v after the test:\n%s", grace, report(left))
		}
	})
}

// tempVariables returns the environment variables that [os.TempDir] obeys.
func tempVariables() []string {
	if runtime.GOOS == "windows" {
		return []string{"TMP", "TEMP"}
	}
	return []string{"TMPDIR"}
}

// isFuzzWorker reports whether package testing runs this process as a fuzzing
// worker.
func isFuzzWorker() bool {
	if !flag.Parsed() {
		flag.Parse()
	}
	f := flag.Lookup("test.fuzzworker")
	return f != nil && f.Value.String() == "true"
}

// report prints findings, one paragraph each.
func report(left []string) string {
	var b strings.Builder
	for _, finding := range left {
		for line := range strings.Lines(strings.TrimRight(finding, "\n") + "\n") {
			b.WriteString("    " + line)
		}
	}
	return b.String()
}
