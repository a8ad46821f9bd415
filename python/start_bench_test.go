//go:build unix && !aix && !solaris

package python_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/python"
)

// BenchmarkReplacement measures from the kill of an idle worker until its slot has
// another that is ready.
func BenchmarkReplacement(b *testing.B) {
	for _, method := range []python.Start{python.StartTemplate, python.StartSpawn} {
		b.Run(method.String(), func(b *testing.B) {
			config, _ := laboratory(b, method)
			ex, err := python.New(config)
			if err != nil {
				b.Fatal(err)
			}
			defer ex.Close(b.Context())
			pid := tandem.Declare[int, int]("lab.py:pid")
			for b.Loop() {
				b.StopTimer()
				old, err := tandem.Run(b.Context(), ex, pid, 0) // also makes it one that worked: the next starts at once
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
					b.Fatal(err)
				}
				for w := ex.Stats().Workers[0]; w.PID == old || w.State != "idle"; w = ex.Stats().Workers[0] {
					time.Sleep(50 * time.Microsecond)
				}
			}
		})
	}
}
