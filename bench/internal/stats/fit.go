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
	return fit(points, func(Point) float64 { return 1 })
}

// FitRelative is Fit of distances in proportion to each point's Y, which must not
// be 0: small values, whose error is small, determine the intercept, which the
// error of large ones would hide.
func FitRelative(points []Point) (Line, error) {
	return fit(points, func(p Point) float64 { return 1 / (p.Y * p.Y) })
}

func fit(points []Point, weight func(Point) float64) (Line, error) {
	var sum, meanX, meanY float64
	for _, p := range points {
		w := weight(p)
		sum += w
		meanX += w * p.X
		meanY += w * p.Y
	}
	meanX, meanY = meanX/sum, meanY/sum
	var xx, xy float64
	for _, p := range points {
		w := weight(p)
		xx += w * (p.X - meanX) * (p.X - meanX)
		xy += w * (p.X - meanX) * (p.Y - meanY)
	}
	if len(points) == 0 || xx == 0 {
		return Line{}, ErrNoLine
	}
	slope := xy / xx
	return Line{Intercept: meanY - slope*meanX, Slope: slope}, nil
}
