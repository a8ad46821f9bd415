//go:build unix && !aix && !solaris

package python

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"os/exec"
	"strings"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
)

// BenchmarkMap measures short calls through the whole engine, beside the plain
// loop that decodes a line, calls the function and encodes its value.
func BenchmarkMap(b *testing.B) {
	interpreter := anyInterpreter(b)
	b.Run("plain loop", func(b *testing.B) { plainLoop(b, interpreter) })
	for _, shape := range []struct{ processes, threads int }{{2, 1}, {1, 1}, {2, 4}} {
		b.Run(fmt.Sprintf("%dx%d", shape.processes, shape.threads), func(b *testing.B) {
			mapCalls[int](b, interpreter, shape.processes, shape.threads, "cases.py:double")
		})
	}
	b.Run("2x1 dict", func(b *testing.B) {
		mapCalls[json.RawMessage](b, interpreter, 2, 1, "cases.py:record")
	})
}

// plainLoop is the program one would write without this one.
func plainLoop(b *testing.B, interpreter string) {
	const loop = `
import json, sys
from cases import double
out = sys.stdout
for line in sys.stdin:
    out.write(json.dumps(double(json.loads(line))) + "\n")
`
	var lines bytes.Buffer
	for i := range b.N {
		fmt.Fprintln(&lines, i)
	}
	command := exec.Command(interpreter, "-c", loop)
	command.Dir, command.Stdin = "testdata", &lines
	b.ResetTimer()
	if out, err := command.Output(); err != nil || bytes.Count(out, []byte{'\n'}) != b.N {
		b.Fatalf("%d bytes, %v", len(out), err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

func mapCalls[Out any](b *testing.B, interpreter string, processes, threads int, task string) {
	ex, err := New(Config{
		Interpreter: interpreter, Processes: processes, Threads: threads, Dir: "testdata", Preload: []string{task},
		Output: func(l process.Line) {},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer ex.Close(b.Context())
	warm := tandem.Declare[int, Out](task)
	for _, err := range tandem.Map(b.Context(), ex, warm, count(1000)) {
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	n := 0
	for value, err := range tandem.Map(b.Context(), ex, warm, count(b.N)) {
		if err != nil || strings.HasSuffix(task, ":double") && any(value) != any(2*n) {
			b.Fatalf("call %d: %v, %v", n, value, err)
		}
		n++
	}
	if n != b.N {
		b.Fatalf("%d outcomes, want %d", n, b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < n && yield(i); i++ {
		}
	}
}
