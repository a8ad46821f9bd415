package fault

// Point is a place in a worker's life.
type Point string

// The points, in the order in which a worker comes by.
const (
	Spawn    Point = "spawn"     // started, nothing taken over yet
	Hello    Point = "hello"     // about to say hello
	Idle     Point = "idle"      // a thread has nothing to do
	Decode   Point = "decode"    // calls have arrived, none of them can start yet
	Run      Point = "run"       // a call is noted as running, its function not called yet
	Encode   Point = "encode"    // the function has returned, its outcome is not in the black box yet
	MidFrame Point = "mid-frame" // half of what is being sent is sent
	Drain    Point = "drain"     // told to stop
)

// Points lists all points.
var Points = []Point{Spawn, Hello, Idle, Decode, Run, Encode, MidFrame, Drain}

// armed is what points do; nil in every program but a test binary.
var armed func(Point)

// Arm makes every point call f. It is for TestMain, before worker.Main.
func Arm(f func(Point)) { armed = f }

// Armed reports whether points do anything, for a place that has to act
// differently to have a point at all.
func Armed() bool { return armed != nil }

// At marks a point.
func At(p Point) {
	if armed != nil {
		armed(p)
	}
}
