//go:build unix && !aix && !solaris

package python

import (
	"testing"

	"github.com/gotandem/tandem/internal/wire"
)

// BenchmarkWorker measures one worker: trivial calls, sent in frames of 256, as
// many ahead as the engine allows.
func BenchmarkWorker(b *testing.B) {
	anyInterpreter(b)
	for _, version := range versions {
		interpreter, ok := interpreters()[version]
		if !ok {
			continue
		}
		b.Run(version, func(b *testing.B) {
			p := start(b, cases(interpreter))
			p.task("cases.py:double")
			p.wantValue("cases.py:double", "1", "2")
			const batch, ahead = 256, 4
			numbers := inputs(batch)
			sent, received := 0, 0
			for b.Loop() {
				for sent < received+ahead*batch {
					p.send("cases.py:double", wire.FlagArray, numbers...)
					sent += batch
				}
				p.countAnswers(1)
				received++
			}
			p.countAnswers(sent - received)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
			p.reportCPU(b, sent)
		})
	}
}

// BenchmarkWorkerRoundTrip measures one call at a time.
func BenchmarkWorkerRoundTrip(b *testing.B) {
	p := start(b, cases(anyInterpreter(b)))
	p.wantValue("cases.py:double", "1", "2")
	for b.Loop() {
		p.send("cases.py:double", 0, "1")
		p.countAnswers(1)
	}
	p.reportCPU(b, b.N)
}

// reportCPU ends the worker and reports its processor time for each call, its
// start included, which depends less on what else the machine does.
func (p *parent) reportCPU(b *testing.B, calls int) {
	p.control(wire.TypeStop, 0, 0)
	exit := p.process.Reap()
	b.ReportMetric(float64((exit.UserTime+exit.SystemTime).Nanoseconds())/float64(calls), "cpu-ns/call")
}

// countAnswers waits until n more calls were answered; more that come with them
// count for the next time.
func (p *parent) countAnswers(n int) {
	for p.answered < n {
		h, _, err := p.reader.Next()
		if err != nil || h.Type != wire.TypeResult && h.Type != wire.TypeRun {
			p.t.Fatalf("%v, %v", h, err)
		}
		p.answered += int(h.Count)
	}
	p.answered -= n
}
