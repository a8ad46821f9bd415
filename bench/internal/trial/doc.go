// Package trial runs contenders side by side.
//
// All contenders of a [Trial] are opened, warmed up once, and then measured in
// rounds: each round measures every contender once, in a new random order, so
// that a disturbance of the machine falls on all of them. Before each
// measurement the garbage of the one before is collected. Nothing runs
// concurrently with a measurement but what the contender itself has started.
//
// A contender that fails is not measured again; what it did until then and the
// reason are part of the [Result]. One that is not there says so with
// [Unavailable]. A measurement that exceeds its limit fails its contender:
// sessions end their work when their context does.
package trial
