// Package stats holds the arithmetic of the comparisons: order statistics and
// the straight line through measured points. Its functions are pure; they do
// not change their arguments.
package stats
