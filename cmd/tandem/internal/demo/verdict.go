package demo

import (
	"fmt"
	"strings"
)

// Mode is one way to run work.
type Mode int

const (
	Sequential Mode = iota
	Threads
	Processes
	Hybrid
	modes
)

var modeNames = [modes]string{"sequential", "threads", "processes", "hybrid"}

func (m Mode) String() string { return modeNames[m] }

// Row is what was measured of one workload in one language.
type Row struct {
	Workload string
	Language string
	Calls    int
	Seconds  [modes]float64 // by Mode
}

// SpeedUp returns how many times as fast as the plain loop a mode was.
func (r Row) SpeedUp(m Mode) float64 { return r.Seconds[Sequential] / r.Seconds[m] }

const (
	// noise is how much two times of one machine may differ without meaning
	// anything: single runs on a machine that does other things too.
	noise = 1.15

	// worth is the speed-up below which parallel work is not worth its trouble.
	worth = 1.25
)

// Choice returns the mode to use: the fastest, or one that is as fast within the
// noise and simpler. Modes are ordered by that.
func (r Row) Choice() Mode {
	best := 0.0
	for m := Threads; m < modes; m++ {
		best = max(best, r.SpeedUp(m))
	}
	if best < worth {
		return Sequential
	}
	for m := Threads; m < Hybrid; m++ {
		if r.SpeedUp(m)*noise >= best {
			return m
		}
	}
	return Hybrid
}

// Verdict returns one sentence about the rows of one workload.
func Verdict(rows []Row) string {
	var clauses []string
	for _, r := range rows {
		clauses = append(clauses, r.Language+" "+r.clause())
	}
	if len(rows) == 0 {
		return ""
	}
	return rows[0].Workload + ": " + strings.Join(clauses, "; ") + "."
}

// clause says what the numbers of a row mean.
func (r Row) clause() string {
	t, p, h := r.SpeedUp(Threads), r.SpeedUp(Processes), r.SpeedUp(Hybrid)
	switch r.Choice() {
	case Threads:
		if r.SpeedUp(Threads) > p*noise {
			return fmt.Sprintf("gains most from threads (%s, processes %s)", times(t), times(p))
		}
		return fmt.Sprintf("does with threads (%s, processes %s)", times(t), times(p))
	case Processes:
		if t < worth {
			return fmt.Sprintf("needs processes (%s): threads gain nothing (%s)", times(p), times(t))
		}
		return fmt.Sprintf("gains most from processes (%s, threads %s)", times(p), times(t))
	case Hybrid:
		return fmt.Sprintf("gains most from threads in several processes (%s, threads alone %s, processes alone %s)", times(h), times(t), times(p))
	}
	return fmt.Sprintf("gains from none of them (threads %s, processes %s, both %s)", times(t), times(p), times(h))
}

func times(x float64) string {
	if x < 9.95 {
		return fmt.Sprintf("%.1f×", x)
	}
	return fmt.Sprintf("%.0f×", x)
}
