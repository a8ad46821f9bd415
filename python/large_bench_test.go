//go:build unix && !aix && !solaris

package python_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/python"
)

// BenchmarkLarge measures calls with 10 MB of bytes as input: to a function that
// takes bytes, to one that takes a memoryview, and to one that returns them.
func BenchmarkLarge(b *testing.B) {
	data := pattern(10 << 20)
	for _, processes := range []int{1, 2} {
		ex := newExecutor(b, python.Config{Processes: processes})
		measure(b, ex, fmt.Sprintf("bytes/%d", processes), tandem.Declare[[]byte, int]("forms.py:size"), data)
		measure(b, ex, fmt.Sprintf("view/%d", processes), tandem.Declare[[]byte, int]("forms.py:size_of_view"), data)
		measure(b, ex, fmt.Sprintf("read view/%d", processes), tandem.Declare[[]byte, int]("forms.py:checksum"), data)
		measure(b, ex, fmt.Sprintf("echo/%d", processes), tandem.Declare[[]byte, []byte]("forms.py:copy"), data)
		measure(b, ex, fmt.Sprintf("64 KiB/%d", processes), tandem.Declare[[]byte, int]("forms.py:size"), data[:64<<10])
		measure(b, ex, fmt.Sprintf("63 KiB/%d", processes), tandem.Declare[[]byte, int]("forms.py:size"), data[:63<<10])
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		if err := ex.Close(ctx); err != nil {
			b.Error(err)
		}
		cancel()
	}
}

func measure[Out any](b *testing.B, ex tandem.Executor, name string, task tandem.Task[[]byte, Out], data []byte) {
	b.Run(name, func(b *testing.B) {
		if _, err := tandem.Run(b.Context(), ex, task, data); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(data)))
		inputs := func(yield func([]byte) bool) {
			for b.Loop() && yield(data) {
			}
		}
		for _, err := range tandem.Map(b.Context(), ex, task, inputs) {
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
