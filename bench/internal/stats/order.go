package stats

import (
	"math"
	"slices"
)

// Quantile returns the value below which the part q, from 0 to 1, of xs lies.
// Between two values it interpolates. It returns NaN if xs is empty.
func Quantile(xs []float64, q float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(xs))
	place := min(max(q, 0), 1) * float64(len(sorted)-1)
	low := int(math.Floor(place))
	high := min(low+1, len(sorted)-1)
	part := place - float64(low)
	return sorted[low]*(1-part) + sorted[high]*part
}

// Median returns the value in the middle of xs, or NaN if xs is empty.
func Median(xs []float64) float64 { return Quantile(xs, 0.5) }

// Min returns the least of xs, or NaN if xs is empty.
func Min(xs []float64) float64 { return Quantile(xs, 0) }

// Max returns the greatest of xs, or NaN if xs is empty.
func Max(xs []float64) float64 { return Quantile(xs, 1) }

// Ratios divides xs by ys, pair by pair, up to the end of the shorter one.
// Pairs with a zero divisor are left out.
func Ratios(xs, ys []float64) []float64 {
	var ratios []float64
	for i := range min(len(xs), len(ys)) {
		if ys[i] != 0 {
			ratios = append(ratios, xs[i]/ys[i])
		}
	}
	return ratios
}
