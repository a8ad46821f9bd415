package mapping_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/gate"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
)

// BenchmarkRun is what the way of an input from the source to the output costs, with
// calls on goroutines that do next to nothing.
func BenchmarkRun(b *testing.B) {
	c := console.New(io.Discard, nil)
	session := mapping.NewSession(c, nil)
	defer session.End()
	ex := tandem.NewLocal(tandem.LocalConfig{Threads: 2})
	defer ex.Close(context.Background())
	b.ReportAllocs()
	_, err := mapping.Run(mapping.Job[int, int]{
		Kind: numbers{}, Executor: ex, Task: tandem.Func(square),
		Source: inputs.NewLines(bytes.NewReader(bytes.Repeat([]byte("7000\n"), b.N)), '\n'),
		Gate:   gate.Config{Places: func(time.Time) (int, time.Duration) { return 2, 0 }},
		Output: io.Discard, Console: c, Session: session, Progress: progress.None,
	})
	if err != nil {
		b.Fatal(err)
	}
}
