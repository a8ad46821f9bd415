package tandem

// An Observation ends attempts as the methods of [Call] do, and shows each to
// Observe before its outcome is visible. Executors use it. A nil one shows
// nothing.
//
// An attempt that certainly did not begin, because its error is a [*CallError]
// with fate [NotStarted], is not shown.
type Observation struct {
	// Attempt is what the executor knows. Index, Label, Number, Err and Again are
	// filled in.
	Attempt Attempt

	// Observe is called once for each attempt that is ended. It must not block.
	Observe func(Attempt)
}

// Deliver is [Call.Deliver].
func (o *Observation) Deliver(c Call, codec Codec, value []byte) Ending {
	return c.deliver(codec, value, o)
}

// Succeed is [Call.Succeed].
func (o *Observation) Succeed(c Call, value any) Ending { return c.succeed(value, o) }

// Fail is [Call.Fail].
func (o *Observation) Fail(c Call, err error) Ending { return c.settle(err, false, o) }

// number returns which attempt of c is being ended, if that is to be shown.
func (o *Observation) number(c Call) int {
	if o == nil {
		return 0
	}
	return c.Attempt()
}

// show shows the attempt of c with that number, which ended with err.
func (o *Observation) show(c Call, number int, err error, again bool) {
	if e, engine := err.(*CallError); engine && e.Fate == NotStarted {
		return
	}
	a := o.Attempt
	a.Index, a.Label, a.Number, a.Err, a.Again = c.Index(), c.Label(), number, err, again
	o.Observe(a)
}
