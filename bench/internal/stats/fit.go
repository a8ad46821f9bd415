package stats

import "errors"

// Point is one measurement: Y was seen at X.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Line is the straight line y = Intercept + Slope·x.
type Line struct {
	Intercept, Slope float64
}

// ErrNoLine reports that points do not determine a line: there are fewer than
// two different X.
var ErrNoLine = errors.New("stats: fewer than two different x: no line")

// Fit returns the line with the least sum of squared vertical distances to
// points, or [ErrNoLine].
func Fit(points []Point) (Line, error) {
	n := float64(len(points))
	var meanX, meanY float64
	for _, p := range points {
		meanX += p.X / n
		meanY += p.Y / n
	}
	var xx, xy float64
	for _, p := range points {
		xx += (p.X - meanX) * (p.X - meanX)
		xy += (p.X - meanX) * (p.Y - meanY)
	}
	if xx == 0 {
		return Line{}, ErrNoLine
	}
	slope := xy / xx
	return Line{Intercept: meanY - slope*meanX, Slope: slope}, nil
}
