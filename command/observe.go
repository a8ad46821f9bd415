package command

import "github.com/gotandem/tandem"

// seen returns what ends an attempt and shows it, nil when nobody observes. An
// attempt whose program was not started is not shown: its error says so.
func (e *Executor) seen(o *Output) *tandem.Observation {
	if e.config.Observe == nil {
		return nil
	}
	return &tandem.Observation{
		Observe: e.config.Observe,
		Attempt: tandem.Attempt{
			Slot: o.Slot, PID: o.PID, Start: o.Start, Wall: o.Duration,
			CPU: o.UserTime + o.SystemTime, PeakRSS: o.MaxRSS,
		},
	}
}
